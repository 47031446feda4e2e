"""A lane: one recipe, one set of bags, one seed, and the network that comes of them.

A lane is a pure function of these. Lanes share compiled programs and nothing else, so that a lane
in a crowd equals that lane alone, whoever runs it and in whatever order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.data import hold_out
from textkaizen.nets.initialise import first_weights
from textkaizen.nets.mlp import Choices, Layer, Moving
from textkaizen.nets.plain import Network, log_softmax, logits
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS, Knobs, Recipe
from textkaizen.train.batches import (
    Batches,
    Room,
    arrange,
    epoch_orders,
    room_needed,
    rounded,
    spacious,
)
from textkaizen.train.lazy import TERMS, lazy_pays, missed_tables
from textkaizen.train.loop import Callback, Course, Logs, Trained, run
from textkaizen.train.optimise import Optimiser, optimiser
from textkaizen.train.programs import Programs
from textkaizen.train.step import Inputs, Spec, State


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
        built_in: names of choices ("activation", "batch_norm") compiled in; the others are
            switched on at run time.
    """

    recipe: Recipe
    bags: csr_matrix
    labels: np.ndarray
    classes: int
    seed: int
    units: np.ndarray | None = None
    table_rows: int = 0
    room: Room | None = None
    built_in: tuple[str, ...] = ("activation", "batch_norm")


@dataclass
class TrainedLane:
    """A trained network and how it went.

    Args:
        network: for prediction.
        history: "loss", "accuracy", "penalty" and, with a validation share, "val_loss" and
            "val_accuracy": one number an epoch.
        best_epoch: from 1.
        seconds: training time, compiling not included.
        compile_seconds: spent compiling, or waiting for it.
    """

    network: Network
    history: dict[str, list[float]]
    best_epoch: int
    seconds: float
    compile_seconds: float = 0.0


@dataclass
class _Texts:
    """The texts of a lane, parted into training and validation."""

    bags: csr_matrix
    labels: np.ndarray
    val_bags: csr_matrix
    val_labels: np.ndarray


@dataclass
class _Timer:
    compile_seconds: float = 0.0


def train(lane: Lane, programs: Programs, callbacks: Sequence[Callback] = ()) -> TrainedLane:
    """Train one network.

    Where no text can be held back (too few, or all of one unit) there is nothing for early stopping
    to watch: such a lane trains all its epochs.

    Args:
        lane: what to train.
        programs: compiled epochs to share.
        callbacks: called in order at the end of each epoch; one that returns True ends it.
    """
    started, timer = time.perf_counter(), _Timer()
    knobs = lane.recipe.knobs
    texts = _parted(lane)
    spec = _specification(lane, texts)
    steps = -(-texts.bags.shape[0] // lane.recipe.shape.batch_size)
    rates = optimiser(knobs, steps * knobs.epochs + 2 * steps)
    tables = missed_tables(rates) if spec.room.rows else None
    key = _mask_key(lane.seed)
    spacious = spec.room
    orders = epoch_orders(texts.bags.shape[0], lane.seed)

    def train_epoch(state: State, epoch: int) -> tuple[State, Logs]:
        nonlocal spacious
        batches, spacious = _laid_out(spec, texts, next(orders), spacious)
        room = spacious
        inputs = _inputs(knobs, rates, tables, (epoch - 1) * steps, room)
        inputs = inputs._replace(key=key, epoch=np.int32(epoch))
        arguments = (state, inputs, batches, np.int32(steps))
        begun = time.perf_counter()
        program = programs.epoch(spec._replace(room=room), *arguments)
        timer.compile_seconds += time.perf_counter() - begun
        state, logs = program(*arguments)
        loss, correct, penalty = np.asarray(logs).tolist()
        count = texts.bags.shape[0]
        return state, {
            "loss": loss / count,
            "accuracy": correct / count,
            "penalty": penalty / steps,
        }

    def judge(state: State) -> Logs:
        if not len(texts.val_labels):
            return {}
        found = log_softmax(logits(_network(knobs, state, lane, copy=False), texts.val_bags))
        each = found[np.arange(len(found)), texts.val_labels]
        correct = found.argmax(1) == texts.val_labels
        return {"val_loss": -float(each.mean()), "val_accuracy": float(correct.mean())}

    patience = knobs.patience if len(texts.val_labels) else math.inf
    course = Course(knobs.epochs, knobs.monitor, knobs.min_delta, patience, callbacks)
    state = _first_state(lane, spec)
    done: Trained = run(
        train_epoch, state, course, judge, lambda state: _network(knobs, state, lane, copy=True)
    )
    seconds = time.perf_counter() - started - timer.compile_seconds
    return TrainedLane(done.weights, done.history, done.best_epoch, seconds, timer.compile_seconds)


def _parted(lane: Lane) -> _Texts:
    labels = np.asarray(lane.labels, np.int32)
    share = lane.recipe.knobs.validation
    held = np.zeros(len(labels), bool)
    if share:
        units = np.arange(len(labels)) if lane.units is None else lane.units
        held = hold_out(labels.tolist(), units, share, lane.seed)
    return _Texts(lane.bags[~held], labels[~held], lane.bags[held], labels[held])


def wanted_room(lane: Lane) -> Room:
    """Find the sizes of a lane's program; `rows` is 0 where the plain path is the cheaper one."""
    return _wanted_room(lane, _parted(lane))


def _wanted_room(lane: Lane, texts: _Texts) -> Room:
    table_rows = 0 if _is_penalised(lane) else _table_rows(lane)
    batch_size = lane.recipe.shape.batch_size
    room = room_needed(texts.bags, batch_size, lane.seed, table_rows)
    return room if lazy_pays(table_rows, room.rows) else room._replace(rows=0)


def _is_penalised(lane: Lane) -> bool:
    return lane.recipe.knobs.l1 > 0 or lane.recipe.knobs.l2 > 0


def _table_rows(lane: Lane) -> int:
    return lane.table_rows or rounded(max(lane.bags.shape[1], 1))


def _specification(lane: Lane, texts: _Texts) -> Spec:
    """Decide what to compile: lazy rows or plain, and how much room to give."""
    knobs, shape = lane.recipe.knobs, lane.recipe.shape
    return Spec(
        features=_table_rows(lane),
        widths=(*shape.hidden, lane.classes),
        batch_size=shape.batch_size,
        room=lane.room or _wanted_room(lane, texts),
        penalised=_is_penalised(lane),
        activation=ACTIVATIONS.index(knobs.activation) if "activation" in lane.built_in else None,
        batch_norm=BATCH_NORMS.index(knobs.batch_norm) if "batch_norm" in lane.built_in else None,
    )


def _laid_out(spec: Spec, texts: _Texts, order: np.ndarray, room: Room) -> tuple[Batches, Room]:
    """Lay out an epoch in the room, or in a larger one that later epochs are to use as well."""
    how = {"table_rows": spec.features if spec.room.rows else 0}
    batches, laid = arrange(texts.bags, texts.labels, spec.batch_size, order, room=room, **how)
    if laid == room:
        return batches, room
    room = spacious(room.joined(laid))
    return arrange(texts.bags, texts.labels, spec.batch_size, order, room=room, **how)


def _mask_key(seed: int) -> jax.Array:
    """Make a key for dropout masks; of a seed of any size (a key of JAX takes in 32 bits)."""
    return jax.random.key(np.random.SeedSequence([seed, 3]).generate_state(1)[0])


def _first_state(lane: Lane, spec: Spec) -> State:
    """Draw the first weights; a table's rows beyond the features stay zero."""
    generator = np.random.default_rng([lane.seed, 2])
    name, features = lane.recipe.knobs.initialiser, lane.bags.shape[1]
    table = np.zeros((spec.features, spec.widths[0]), np.float32)
    table[:features] = first_weights(name, features, spec.widths[0], generator)
    layers, moving, inputs = [], [], 0
    for number, units in enumerate(spec.widths):
        kernel = (
            np.zeros((0, units), np.float32)
            if number == 0
            else first_weights(name, inputs, units, generator)
        )
        zeros, ones = np.zeros(units, np.float32), np.ones(units, np.float32)
        # Copied one by one: the compiled epoch takes every array over.
        layers.append(Layer(*(jnp.array(part) for part in (kernel, zeros, ones, zeros))))
        moving.append(Moving(jnp.array(zeros), jnp.array(ones)))
        inputs = units
    nothing = lambda tree: jax.tree.map(lambda part: jnp.array(np.zeros(part.shape, "f")), tree)
    first, trained = jnp.array(table), tuple(layers)
    tables = (first, nothing(first), nothing(first))
    return State(tables, trained, nothing(trained), nothing(trained), tuple(moving[:-1]))


def _inputs(
    knobs: Knobs, rates: Optimiser, tables: np.ndarray | None, done: int, room: Room
) -> Inputs:
    """Cut an epoch's part out of the rates and tables, padded to the program's room."""
    span = slice(done + 1, done + 1 + room.steps)
    number: Any = np.float32  # NumPy's, since making an array of JAX' takes longer
    each: Any = np.zeros((room.steps, 2), number)
    part = np.stack([rates.rate_m[span], rates.rate_g[span]], 1)
    each[: len(part)] = part
    missed: Any = np.zeros((TERMS, room.steps + 1 if room.rows else 1), number)
    if tables is not None:
        cut = tables[:, done : done + room.steps + 1]
        missed[:, : cut.shape[1]] = cut
    whole: Any = np.int32
    choices = Choices(
        whole(ACTIVATIONS.index(knobs.activation)),
        whole(BATCH_NORMS.index(knobs.batch_norm)),
        number(knobs.slope),
        number(knobs.dropout),
    )
    rule = type(rates.rule)(*(number(value) for value in rates.rule))
    return Inputs(choices, rule, each, missed, number(knobs.l1), number(knobs.l2))


def _network(knobs: Knobs, state: State, lane: Lane, copy: bool) -> Network:
    """View (or copy) a state as the network that predicts."""
    take = np.array if copy else np.asarray
    table = take(np.asarray(state.table[0])[: lane.bags.shape[1]])
    kernels = (table, *(take(layer.kernel) for layer in state.layers[1:]))
    norms = tuple(
        np.stack([take(layer.scale), take(layer.shift), take(mean), take(variance)])
        for layer, (mean, variance) in zip(state.layers, state.moving, strict=False)
    )
    biases = tuple(take(layer.bias) for layer in state.layers)
    return Network(kernels, biases, norms, knobs.activation, knobs.batch_norm, knobs.slope)
