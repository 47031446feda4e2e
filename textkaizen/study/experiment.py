"""Recipes on the same folds with the same seeds -> out-of-fold predictions, a lane each.

Every recipe meets the same partition, the same first draws, the same order of batches; only what
the recipe changes differs. A choice that the round's base recipe makes is compiled in; others are
switched on, so a round needs few programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

import numpy as np

from textkaizen.recipe import Recipe
from textkaizen.study.material import Material
from textkaizen.train.batches import Room
from textkaizen.train.inputs import choice_numbers, needs_plain_path, uses_extras
from textkaizen.train.lanes import Lane, TrainedLane, train, wanted_room
from textkaizen.train.programs import Programs

Worker = Callable[[Callable, Iterable], Iterator]


@dataclass
class Runs:
    """What a recipe predicted out of fold.

    Args:
        predicted: int32 [seeds, texts]; -1 where no lane has answered yet.
        lanes: finished.
        seconds: their training time together.
        epochs: best epoch of each finished lane.
    """

    predicted: np.ndarray
    lanes: int = 0
    seconds: float = 0.0
    epochs: list[int] = field(default_factory=list)

    @property
    def sweeps(self) -> int:
        """Seeds from the first on for which every text has been predicted."""
        return int((self.predicted >= 0).all(1).cumprod().sum())


class Job(NamedTuple):
    """One lane to run: a recipe on one fold of one seed; the others as in `Lane`."""

    recipe: Recipe
    seed_number: int
    fold: int
    lean: bool
    extras: bool
    room: Room | None


@dataclass
class Experiment:
    """Runs lanes and remembers what they predicted.

    Args:
        material: texts, folds, seeds.
        worker: where lanes run; `map` is one after another.
        programs: compiled epochs, shared.
        stopping: callback of every lane; True ends it early (its result is then not kept).
    """

    material: Material
    worker: Worker = map
    programs: Programs = field(default_factory=Programs)
    stopping: Callable[..., bool] = lambda *_: False
    runs: dict[Recipe, Runs] = field(default_factory=dict)
    _rooms: dict[tuple, Room] = field(default_factory=dict, repr=False)

    @property
    def lanes(self) -> int:
        """Networks trained so far."""
        return sum(runs.lanes for runs in self.runs.values())

    def jobs(self, recipe: Recipe, base: Recipe, seed_number: int) -> list[Job]:
        """Return the lanes a recipe needs for a seed: every fold, or none if it has been run."""
        if self.sweeps(recipe) > seed_number:
            return []
        self.material.prepare(recipe.text, seed_number)
        # What shares the base's choices shares its program; one that switches serves all others.
        extras = uses_extras(base.knobs)
        lean = choice_numbers(recipe) == choice_numbers(base)
        lean = lean and (extras or not uses_extras(recipe.knobs))
        room = self._room(recipe)
        return [
            Job(recipe, seed_number, fold, lean, extras, room)
            for fold in range(self.material.fold_count)
        ]

    def _room(self, recipe: Recipe) -> Room:
        """The room that the folds of the first seed need, for all folds and seeds."""
        knobs, batch_size = recipe.knobs, recipe.shape.batch_size
        key = (recipe.text, batch_size, knobs.validation, needs_plain_path(knobs))
        if key not in self._rooms:
            self.material.prepare(recipe.text, 0)
            folds = range(self.material.fold_count)
            wanted = [
                wanted_room(self._made(Job(recipe, 0, fold, True, False, None))) for fold in folds
            ]
            self._rooms[key] = reduce(Room.joined, wanted)
        return self._rooms[key]

    def sweeps(self, recipe: Recipe) -> int:
        """How many seeds, from the first on, a recipe has run through."""
        runs = self.runs.get(recipe)
        return runs.sweeps if runs is not None else 0

    def run(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Train lanes; yield each job when its predictions are kept, in the order of the jobs."""
        for job, trained, predicted in self.worker(self._lane, jobs):
            if self.stopping():
                return
            empty = np.full(self.material.partition.shape, -1, np.int32)
            runs = self.runs.setdefault(job.recipe, Runs(empty))
            bags = self.material.fold_bags(job.recipe.text, job.seed_number, job.fold)
            runs.predicted[job.seed_number, bags.test] = predicted
            runs.lanes += 1
            runs.seconds += trained.seconds
            runs.epochs.append(trained.best_epoch)
            yield job

    def _lane(self, job: Job) -> tuple[Job, TrainedLane, np.ndarray]:
        """Train one network and let it predict the texts of its fold."""
        bags = self.material.fold_bags(job.recipe.text, job.seed_number, job.fold)
        # A network that diverges is a bad network, and its verdict says so: no warning beside it.
        with np.errstate(over="ignore", invalid="ignore"):
            trained = train(self._made(job), self.programs, [self.stopping])
            return job, trained, trained.logits(job.recipe.knobs, bags.test_bags).argmax(1)

    def _made(self, job: Job) -> Lane:
        """Make the lane of a job."""
        material, rules = self.material, job.recipe.text
        bags = material.fold_bags(rules, job.seed_number, job.fold)
        return Lane(
            recipe=job.recipe,
            bags=bags.train_bags,
            labels=material.labels[bags.train],
            classes=len(material.classes),
            seed=lane_seed(material.seeds[job.seed_number], job.fold),
            units=material.units[bags.train],
            table_rows=material.table_rows(rules, job.seed_number),
            room=job.room,
            lean=job.lean,
            extras=job.extras,
        )


def lane_seed(seed: int, fold: int) -> int:
    """Give each fold first weights of its own, so that folds show the spread of seeds too."""
    return int(np.random.SeedSequence([seed, fold]).generate_state(1)[0] >> 1)
