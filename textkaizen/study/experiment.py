"""Recipes on the same folds with the same seeds -> out-of-fold answers, a lane each.

Every recipe meets the same partition, the same first draws, the same order of batches; only what
the recipe changes differs. A choice that the round's base recipe makes is compiled in; others are
switched on, so a round needs few programs. A lane that the store has kept is not run again.

What is learnt need not be a network: anything with `answer` may stand beside recipes (`Other`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from textkaizen.nets.plain import softmax
from textkaizen.recipe import Recipe
from textkaizen.study.material import Material
from textkaizen.study.observation import observed
from textkaizen.text.word_vectors import with_dimensions
from textkaizen.train.batches import Room
from textkaizen.train.inputs import choice_numbers, needs_plain_path, uses_extras
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.layouts import Layouts
from textkaizen.train.programs import Programs

Worker = Callable[[Callable, Iterable], Iterator]


class Answer(NamedTuple):
    """What a lane says about the texts of its fold, and how it came to it.

    Args:
        predicted: int32 [texts of the fold], positions of labels.
        probabilities: float32 [texts of the fold, classes]; None where nobody asks for them.
        seconds: training time.
        best_epoch: from 1; 0 of what knows no epochs.
        facts: what was observed of its training, by name; may be empty.
    """

    predicted: np.ndarray
    probabilities: np.ndarray | None
    seconds: float
    best_epoch: int
    facts: dict[str, float]


@runtime_checkable
class Other(Protocol):
    """What can be compared besides recipes; hashable, equal where it answers alike."""

    @property
    def name(self) -> str:
        """How people call it."""

    @property
    def key(self) -> str:
        """What tells it from all others, the same in every process."""

    def answer(self, material: Material, seed_number: int, fold: int) -> Answer:
        """Learn from the texts outside of a fold, and answer those in it."""


class Store(Protocol):
    """Keeps what lanes answered, so that a run can go on from there; safe for threads."""

    def find(self, trained: Recipe | Other, seed_number: int, fold: int) -> Answer | None:
        """Return what is kept of a lane."""

    def keep(self, trained: Recipe | Other, seed_number: int, fold: int, answer: Answer) -> None:
        """Keep what a lane answered; on return it is durable."""


class Block(NamedTuple):
    """Folds of one seed that a round runs for all its candidates before it looks."""

    seed_number: int
    folds: tuple[int, ...]


@dataclass
class Runs:
    """What a recipe answered out of fold.

    Args:
        predicted: int32 [seeds, texts]; -1 where no lane has answered yet.
        probabilities: float32 [seeds, texts, classes]; None where nobody asks for them.
        lanes: finished.
        seconds: their training time together.
        epochs: best epoch of each finished lane.
        facts: what was observed, of each lane that was; in the order of lanes.
    """

    predicted: np.ndarray
    probabilities: np.ndarray | None = None
    lanes: int = 0
    seconds: float = 0.0
    epochs: list[int] = field(default_factory=list)
    facts: list[dict[str, float]] = field(default_factory=list)

    @property
    def sweeps(self) -> int:
        """Seeds from the first on for which every text has been predicted."""
        return int((self.predicted >= 0).all(1).cumprod().sum())


class Job(NamedTuple):
    """One lane to run: a recipe on one fold of one seed; the others as in `Lane`."""

    recipe: Recipe | Other
    seed_number: int
    fold: int
    lean: bool = True
    extras: bool = False
    room: Room | None = None


@dataclass
class Experiment:
    """Runs lanes and remembers what they answered.

    Args:
        material: texts, folds, seeds.
        worker: where lanes run; `map` is one after another.
        programs: compiled epochs, shared.
        layouts: what lanes of a fold and seed share, kept from one to the next.
        stopping: callback of every lane; True ends it early (its result is then not kept).
        store: what lanes answered in an earlier run; None keeps nothing.
        probabilities: keep them too, for metrics that need more than labels.
    """

    material: Material
    worker: Worker = map
    programs: Programs = field(default_factory=Programs)
    stopping: Callable[..., bool] = lambda *_: False
    store: Store | None = None
    probabilities: bool = False
    layouts: Layouts = field(default_factory=Layouts, repr=False)
    runs: dict[Recipe | Other, Runs] = field(default_factory=dict)
    _rooms: dict[tuple, Room] = field(default_factory=dict, repr=False)

    @property
    def lanes(self) -> int:
        """Networks trained so far."""
        return sum(runs.lanes for runs in self.runs.values())

    def jobs(self, recipe: Recipe | Other, base: Recipe | Other, block: Block) -> list[Job]:
        """Return the lanes a recipe still needs for a block."""
        folds = self.lacking(recipe, block)
        if not folds or not isinstance(recipe, Recipe):
            return [Job(recipe, block.seed_number, fold) for fold in folds]
        self.material.prepare(recipe.text, block.seed_number)
        # What shares the base's choices shares its program; one that switches serves all others.
        base = base if isinstance(base, Recipe) else recipe
        extras = uses_extras(base.knobs)
        lean = choice_numbers(recipe) == choice_numbers(base)
        lean = lean and (extras or not uses_extras(recipe.knobs))
        room = self._room(recipe)
        return [Job(recipe, block.seed_number, fold, lean, extras, room) for fold in folds]

    def _has(self, recipe: Recipe | Other, seed_number: int, fold: int) -> bool:
        """Whether the texts of a fold have been predicted."""
        runs = self.runs.get(recipe)
        if runs is None:
            return False
        own = self.material.partition[seed_number] == fold
        return bool((runs.predicted[seed_number, own] >= 0).all())

    def lacking(self, recipe: Recipe | Other, block: Block) -> list[int]:
        """Folds of a block that a recipe has still to run."""
        return [fold for fold in block.folds if not self._has(recipe, block.seed_number, fold)]

    def has(self, recipe: Recipe | Other, block: Block) -> bool:
        """Whether a recipe has run through a block."""
        return not self.lacking(recipe, block)

    def sweeps(self, recipe: Recipe | Other) -> int:
        """How many seeds, from the first on, a recipe has run through."""
        runs = self.runs.get(recipe)
        return runs.sweeps if runs is not None else 0

    def run(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Train lanes; yield each job when its answers are kept, in the order of the jobs."""
        for job, answer in self.worker(self._lane, jobs):
            if self.stopping():
                return
            runs = self.runs.setdefault(job.recipe, self._no_runs())
            own = self.material.partition[job.seed_number] == job.fold
            runs.predicted[job.seed_number, own] = answer.predicted
            if runs.probabilities is not None:
                runs.probabilities[job.seed_number, own] = answer.probabilities
            runs.lanes += 1
            runs.seconds += answer.seconds
            runs.epochs.append(answer.best_epoch)
            if answer.facts:
                runs.facts.append(answer.facts)
            yield job

    def _no_runs(self) -> Runs:
        shape = self.material.partition.shape
        whole = (*shape, len(self.material.classes))
        probabilities = np.zeros(whole, np.float32) if self.probabilities else None
        return Runs(np.full(shape, -1, np.int32), probabilities)

    def _lane(self, job: Job) -> tuple[Job, Answer]:
        """Return what the store has kept of a lane, or run it and keep what it answers."""
        place = (job.recipe, job.seed_number, job.fold)
        answer = self.store.find(*place) if self.store is not None else None
        if answer is None:
            answer = self._answer(job)
            if self.store is not None and not self.stopping():
                self.store.keep(*place, answer)
        return job, answer

    def _answer(self, job: Job) -> Answer:
        """Train one network and let it predict the texts of its fold."""
        if not isinstance(job.recipe, Recipe):
            return job.recipe.answer(self.material, job.seed_number, job.fold)
        bags = self.material.fold_bags(job.recipe.text, job.seed_number, job.fold)
        # A network that diverges is a bad network, and its verdict says so: no warning beside it.
        with np.errstate(over="ignore", invalid="ignore"):
            lane = self._made(job)
            trained = train(lane, self.programs, [self.stopping], self.layouts)
            logits = trained.logits(job.recipe.knobs, bags.test_bags)
            facts = {}
            if job.fold == 0:  # one lane a seed is enough to tell what training looks like
                right = logits.argmax(1) == self.material.labels[bags.test]
                facts = observed(trained, lane, float(right.mean()))
        return Answer(
            logits.argmax(1).astype(np.int32),
            softmax(logits).astype(np.float32) if self.probabilities else None,
            trained.seconds,
            trained.best_epoch,
            facts,
        )

    def _room(self, recipe: Recipe) -> Room:
        """The room that the folds of the first seed need, for all folds and seeds.

        With the most texts to train on, so that validation shares have one room; where a batch is
        all of the texts each share has its own.
        """
        knobs, batch_size = recipe.knobs, recipe.shape.batch_size
        share = 0.0 if batch_size else knobs.validation
        key = (recipe.text, batch_size, share, needs_plain_path(knobs))
        if key not in self._rooms:
            self.material.prepare(recipe.text, 0)
            folds = range(self.material.fold_count)
            most = recipe if share else _without_validation(recipe)
            wanted = [wanted_room(self._made(Job(most, 0, fold))) for fold in folds]
            self._rooms[key] = reduce(Room.joined, wanted)
        return self._rooms[key]

    def _made(self, job: Job) -> Lane:
        """Make the lane of a job."""
        material, recipe = self.material, job.recipe
        if not isinstance(recipe, Recipe):
            raise TypeError(f"{recipe.name} is no recipe")
        bags = material.fold_bags(recipe.text, job.seed_number, job.fold)
        begins = recipe.shape.word_vectors != "none"
        return Lane(
            recipe=with_dimensions(recipe, material.word_vectors),
            bags=bags.train_bags,
            labels=material.labels[bags.train],
            classes=len(material.classes),
            seed=lane_seed(material.seeds[job.seed_number], job.fold),
            units=material.units[bags.train],
            table_rows=material.table_rows(recipe.text, job.seed_number),
            room=job.room,
            lean=job.lean,
            extras=job.extras,
            first_rows=bags.first_rows if begins else None,
        )


def _without_validation(recipe: Recipe) -> Recipe:
    """The recipe with nothing held back, and without what needs something to be."""
    return recipe.with_knobs(validation=0.0, patience=math.inf, plateau_factor=1.0, starts=1)


def lane_seed(seed: int, fold: int) -> int:
    """Give each fold first weights of its own, so that folds show the spread of seeds too."""
    return int(np.random.SeedSequence([seed, fold]).generate_state(1)[0] >> 1)
