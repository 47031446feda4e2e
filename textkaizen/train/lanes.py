"""A lane: one recipe, one set of bags, one seed, and the network that comes of them.

A lane is a pure function of these. Lanes share compiled programs, and what is laid out alike for
several of them (`layouts`), to the last bit: a lane in a crowd equals that lane alone, whoever runs
it and in whatever order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import jax
import numpy as np
from jax import Array
from scipy.sparse import csr_matrix

from textkaizen.data import hold_out
from textkaizen.errors import RecipeError
from textkaizen.nets.ensemble import ensemble_logits
from textkaizen.nets.plain import Network, logits
from textkaizen.recipe import Knobs, Recipe, Shape
from textkaizen.train.batches import Chosen, Room, lengths_of, room_needed, rounded, sparse
from textkaizen.train.epochs import Epochs, Piece
from textkaizen.train.inputs import (
    epoch_inputs,
    first_state,
    fixed_inputs,
    needs_plain_path,
    numbers_plan,
    rule_of,
    specification,
)
from textkaizen.train.layouts import Layouts, Same, Shelf, digest
from textkaizen.train.lazy import lazy_pays
from textkaizen.train.loop import Callback, Course, Logs, Trained, run
from textkaizen.train.losses import validation_loss
from textkaizen.train.optimise import Optimiser, optimiser
from textkaizen.train.programs import Part, Programs
from textkaizen.train.schedules import Plateau, learning_rates, update_plateau
from textkaizen.train.state import Inputs, Spec, State
from textkaizen.train.together import group_of
from textkaizen.train.viewing import network_of


@dataclass(frozen=True)
class Lane:
    """One network to train.

    Args:
        recipe: how.
        bags: [texts, features], all texts it may learn from; a validation share is drawn of them.
        labels: int [texts], from 0.
        classes: how many labels there are.
        seed: decides first weights, order of texts, dropout masks and the validation share.
        units: int [texts]; texts of one unit stay together in the validation share. None: each
            text is its own.
        table_rows: rows to give the first layer's table, at least the features; 0 decides by
            itself. Lanes with the same number share programs.
        room: sizes of its program, see `wanted_room`; None finds them out. Lanes with the same
            room share programs. It is part of the lane because sums are rounded as they are laid
            out: in another room the last bit may differ.
        lean: build its choices into its program; otherwise a program is used that switches on
            them, and serves every recipe of this shape.
        extras: use a program that reads extras (loss, mixing, noise ...) even when all are off.
        first_rows: float32 [features, embedding], what embeddings begin with; NaN is drawn.
    """

    recipe: Recipe
    bags: csr_matrix
    labels: np.ndarray
    classes: int
    seed: int
    units: np.ndarray | None = None
    table_rows: int = 0
    room: Room | None = None
    lean: bool = True
    extras: bool = False
    first_rows: np.ndarray | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """Features of its bags, and numbers of the vectors that stand beside them."""
        features = sparse(self.bags).shape[1]
        return features, self.bags.shape[1] - features


@dataclass
class TrainedLane:
    """A trained network and how it went.

    Args:
        networks: for prediction; one, or the members of an ensemble.
        history: "loss", "accuracy", "penalty" and, with a validation share, "val_loss" and
            "val_accuracy": one number an epoch; of the first member.
        best_epoch: from 1; of the first member.
        seconds: training time, compiling not included.
        compile_seconds: spent compiling, or waiting for it.
        starts: the monitor's value at the kept epoch of every start that was made.
        step_losses: loss of every step of a range test, [steps]; of the first member. Else empty.
    """

    networks: tuple[Network, ...]
    history: dict[str, list[float]]
    best_epoch: int
    seconds: float
    compile_seconds: float = 0.0
    starts: tuple[float, ...] = ()
    step_losses: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def network(self) -> Network:
        """The network, or the first member of an ensemble."""
        return self.networks[0]

    def logits(self, knobs: Knobs, bags: csr_matrix) -> np.ndarray:
        """Return logits, float32 [texts, classes], of all members and masks averaged."""
        return ensemble_logits(self.networks, knobs, bags)


class _Texts(NamedTuple):
    """The texts of a lane, parted into training and validation.

    Args:
        plan: what tells them from those of other lanes.
    """

    bags: csr_matrix | Chosen
    labels: np.ndarray
    val_bags: csr_matrix
    val_labels: np.ndarray
    plan: Hashable


@dataclass
class _Start:
    """One start of a lane: what `run` needs, as methods over what stays the same.

    Args:
        lane, texts, spec: what is trained.
        seed: of this start.
        programs, layouts: shared.
    """

    lane: Lane
    texts: _Texts
    spec: Spec
    seed: int
    programs: Programs
    layouts: Layouts | None = None
    compile_seconds: float = 0.0
    step_losses: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        recipe, spec = self.lane.recipe, self.spec
        table_rows = spec.features if spec.room.rows else 0
        self.epochs = Epochs(
            bags=self.texts.bags,
            labels=self.texts.labels,
            batch_size=spec.batch_size,
            seed=self.seed,
            table_rows=table_rows,
            room=spec.room,
            count=recipe.knobs.epochs,
            shelf=self._shelf((self.texts.plan, spec.batch_size, self.seed, table_rows)),
        )
        self.rates = learning_rates(recipe.knobs, self.epochs.steps * recipe.knobs.epochs)
        self._choose(optimiser(recipe.knobs, self.rates))
        self.plateau = Plateau()
        fixed = fixed_inputs(recipe, self.texts.labels, self.lane.classes, self.seed)
        self.group = group_of(spec, fixed)
        # Handed to the device once, not at every epoch.
        self.fixed: Inputs = jax.device_put(fixed._replace(rule=rule_of(self.optimiser)))

    def _shelf(self, plan: Hashable) -> Shelf | None:
        return self.layouts.shelf(plan) if self.layouts is not None else None

    def _choose(self, optimiser: Optimiser) -> None:
        self.optimiser = optimiser
        self.numbers = self._shelf(numbers_plan(optimiser))

    def train_epoch(self, state: State, epoch: int) -> tuple[State, Logs]:
        """Train on an epoch, piece by piece; return the state and the means."""
        done, found, steps = 0, [], self.epochs.steps
        while done < steps:
            piece = self.epochs.take()
            state, new = self._train_piece(state, piece, epoch)
            self.epochs.look_ahead()  # while the piece trains
            found.append(np.asarray(new, np.float64)[: piece.steps])
            done += piece.steps
        logs, count = np.concatenate(found), self.texts.bags.shape[0]
        if self.spec.each_step:
            begins = np.arange(steps) * self.spec.batch_size
            sizes = np.minimum(count - begins, self.spec.batch_size)
            self.step_losses.append(logs[:, 0] / sizes)
        loss, correct, penalty = logs.sum(0).tolist()
        return state, {
            "loss": loss / count,
            "accuracy": correct / count,
            "penalty": penalty / steps,
        }

    def _train_piece(self, state: State, piece: Piece, epoch: int) -> tuple[State, Array]:
        """Begin to train on a piece, compiling if need be; return what will come of it."""
        begin = (epoch - 1) * self.epochs.steps + piece.begin
        inputs = epoch_inputs(self.fixed, self.optimiser, begin, piece.room, self.numbers)
        inputs = inputs._replace(epoch=np.int32(epoch), begin=np.int32(piece.begin))
        spec = self.spec._replace(room=piece.room)
        ran = self._run(Part(spec, state, inputs, piece.batches, np.int32(piece.steps)))
        self.compile_seconds += ran.compile_seconds
        return ran.state, ran.logs

    def judge(self, state: State) -> Logs:
        """Return validation logs; empty where nothing is held back."""
        held, knobs = self.texts.val_labels, self.lane.recipe.knobs
        if not len(held):
            return {}
        with np.errstate(over="ignore", invalid="ignore"):  # the loss says that it has diverged
            found = logits(self.network(state, copy=False), self.texts.val_bags)
            loss = validation_loss(knobs.loss, found, held, knobs.focal_gamma)
        return {"val_loss": loss, "val_accuracy": float((found.argmax(1) == held).mean())}

    def watch(self, epoch: int, logs: Logs) -> None:
        """Lower the rate of later steps when the monitor is on a plateau."""
        knobs = self.lane.recipe.knobs
        if knobs.plateau_factor < 1 and knobs.monitor in logs:
            before = self.plateau.factor
            value = _sign(knobs) * logs[knobs.monitor]
            self.plateau = update_plateau(self.plateau, value, knobs)
            if self.plateau.factor != before:
                self._choose(optimiser(knobs, self.rates * self.plateau.factor))

    def network(self, state: State, copy: bool) -> Network:
        """View (or copy) a state as the network that predicts."""
        return network_of(state, self.lane.recipe.knobs, self.spec, self.lane.sizes[0], copy)

    def train(self, callbacks: Sequence[Callback]) -> Trained:
        """Run the loop."""
        knobs = self.lane.recipe.knobs
        patience = knobs.patience if len(self.texts.val_labels) else math.inf
        called = [self.watch, *callbacks]
        course = Course(knobs.epochs, knobs.monitor, knobs.min_delta, patience, called)
        first_squares, sizes = self.optimiser.first_squares, self.lane.sizes
        keep = lambda state: self.network(state, True)
        with self.programs.lane(self.group) as self._run:
            how = self.lane.recipe, self.spec, sizes, self.seed, first_squares
            state = first_state(*how, self.lane.first_rows)
            return run(self.train_epoch, state, course, self.judge, keep)


def train(
    lane: Lane,
    programs: Programs,
    callbacks: Sequence[Callback] = (),
    layouts: Layouts | None = None,
) -> TrainedLane:
    """Train one network, or as many as the recipe's starts and ensemble ask for.

    Where no text can be held back (too few, or all of one unit) there is nothing for early stopping
    to watch: such a lane trains all its epochs.

    Args:
        lane: what to train.
        programs: compiled epochs to share.
        callbacks: called in order at the end of each epoch, of every network; one that returns True
            ends the training: there are no further starts or members.
        layouts: shared by lanes that read the same batches in the same order; their bags must not
            be changed while it is there. None lays out for this lane alone.

    Raises:
        RecipeError: a batch is larger than the texts there are to train on.
    """
    with programs.on_device():
        return _trained(lane, programs, callbacks, layouts)


def _trained(
    lane: Lane, programs: Programs, callbacks: Sequence[Callback], layouts: Layouts | None
) -> TrainedLane:
    started, knobs = time.perf_counter(), lane.recipe.knobs
    texts = _parted(lane, layouts)
    lane = _with_batches_of_texts(lane, len(texts.labels))
    spec = _specification(lane, texts)
    compiling, members, values = 0.0, [], []
    for member in range(knobs.ensemble):
        tried: list[tuple[Trained, list[np.ndarray]]] = []
        for start in range(knobs.starts if len(texts.val_labels) else 1):
            seed = start_seed(lane.seed, member * knobs.starts + start)
            one = _Start(lane, texts, spec, seed, programs, layouts)
            tried.append((one.train(callbacks), one.step_losses))
            compiling += one.compile_seconds
            if tried[-1][0].asked:
                break
        worth = [_worth(done, knobs) for done, _ in tried]
        # A start that diverged has no number to be chosen by: it comes last.
        own = np.array(worth) * _sign(knobs)
        members.append(tried[int(np.where(np.isnan(own), np.inf, own).argmin())])
        values += worth
        if tried[-1][0].asked:
            break
    first, losses = members[0]
    return TrainedLane(
        networks=tuple(done.weights for done, _ in members),
        history=first.history,
        best_epoch=first.best_epoch,
        seconds=time.perf_counter() - started - compiling,
        compile_seconds=compiling,
        starts=tuple(values),
        step_losses=np.concatenate(losses) if losses else np.zeros(0),
    )


def _worth(done: Trained, knobs: Knobs) -> float:
    """The monitor's value at the kept epoch; 0 where nothing was held back."""
    values = done.history.get(knobs.monitor)
    return values[done.best_epoch - 1] if values else 0.0


def start_seed(seed: int, number: int) -> int:
    """Give each start of a lane a seed of its own; the first has the lane's."""
    if number == 0:
        return seed
    return int(np.random.SeedSequence([seed, 5, number]).generate_state(1)[0] >> 1)


def wanted_room(lane: Lane) -> Room:
    """Find the sizes of a lane's program; `rows` is 0 where the plain path is the cheaper one."""
    texts = _parted(lane)
    return _wanted_room(_with_batches_of_texts(lane, len(texts.labels)), texts)


def _sign(knobs: Knobs) -> float:
    """What turns the monitor's value into one where smaller is better."""
    return -1.0 if knobs.monitor == "val_accuracy" else 1.0


def _with_batches_of_texts(lane: Lane, texts: int) -> Lane:
    """Write full batches out as so many texts, rounded up so that folds share programs."""
    # The default is not refused: nobody has asked for it, and one batch then holds all texts.
    size = lane.recipe.shape.batch_size
    if size > texts and size != Shape().batch_size:
        raise RecipeError(
            f"A batch must not be larger than the texts there are to train on; shape.batch_size is "
            f"{size}, and there are {texts} texts (those held back for "
            "validation apart). Lower it, or say 0, which is all texts."
        )
    if size:
        return lane
    return replace(lane, recipe=lane.recipe.with_shape(batch_size=rounded(texts)))


def _parted(lane: Lane, layouts: Layouts | None = None) -> _Texts:
    """Part a lane's texts, or find them parted for another lane."""
    labels, share = np.asarray(lane.labels, np.int32), lane.recipe.knobs.validation
    plan: Hashable
    if not share:
        plan = Same(lane.bags), digest(labels)
        return _Texts(lane.bags, labels, lane.bags[:0], labels[:0], plan)
    units = np.arange(len(labels)) if lane.units is None else lane.units
    plan = Same(lane.bags), digest(labels, units), share, lane.seed

    def parted() -> _Texts:
        held = hold_out(labels.tolist(), units, share, lane.seed)
        own = Chosen(lane.bags, np.flatnonzero(~held))
        return _Texts(own, labels[~held], lane.bags[held], labels[held], plan)

    return layouts.shelf(plan)("texts", parted) if layouts is not None else parted()


def _wanted_room(lane: Lane, texts: _Texts) -> Room:
    table_rows = 0 if needs_plain_path(lane.recipe.knobs) else _table_rows(lane)
    batch_size = lane.recipe.shape.batch_size
    in_order = lane.recipe.shape.reads_in_order
    room = room_needed(texts.bags, batch_size, lane.seed, table_rows, in_order)
    return room if lazy_pays(table_rows, room.rows) else room._replace(rows=0)


def _table_rows(lane: Lane) -> int:
    return lane.table_rows or rounded(max(lane.sizes[0], 1))


def _specification(lane: Lane, texts: _Texts) -> Spec:
    """Decide what to compile: lazy rows or plain, and how much room to give."""
    room = lane.room or _wanted_room(lane, texts)
    longest = int(lengths_of(texts.bags).max(initial=0)) if room.length else 0
    if longest > room.length:  # folds of other seeds may read more of their texts
        length = rounded(longest)
        entries = lane.recipe.shape.batch_size * length
        room = room._replace(length=length, entries=entries)
    how = (lane.lean, lane.extras)
    spec = specification(lane.recipe, lane.classes, _table_rows(lane), room, *how)
    return spec._replace(vectors=lane.sizes[1])
