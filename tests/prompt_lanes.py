"""Lanes that answer at once, on a clock that is a number: for tests of rounds and what follows.

The clock is moved on by each lane by what its recipe costs; nothing takes time.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.budget import Budget, relative_cost
from textkaizen.study.course import Course, Ladder, Means
from textkaizen.study.experiment import Answer, Experiment
from textkaizen.study.improvements import Improvement
from textkaizen.study.material import Material
from textkaizen.study.rounds import climb

TEXTS = 240
BASE = Recipe(text=TextRules(words=(1, 1), characters=(0, 0), min_texts=1)).with_shape(hidden=(4,))
CORPUS = Corpus(
    tuple(f"text {number:03}" for number in range(TEXTS)),
    tuple(f"class {number % 4}" for number in range(TEXTS)),
)


def knob(name, group, **knobs):
    """An improvement that sets knobs."""
    return Improvement(name, group, lambda recipe: recipe.with_knobs(**knobs), "", "")


DROPOUT, ELU, TANH = (
    knob("dropout", "dropout", dropout=0.5),
    knob("ELU", "activation", activation="elu"),
    knob("tanh", "activation", activation="tanh"),
)
THREE = (DROPOUT, ELU, TANH)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self):
        return self.now


@dataclass
class Prompt(Experiment):
    """Lanes know a share of their texts, the same draws for each recipe; a better one knows more.

    Args:
        skill: that share, by recipe and number of the seed.
        churn: share of the texts that each recipe draws anew, for itself.
        clock: moved on by each lane.
        begun: recipe, seed and fold of each lane, in order.
        end_at: the lane that Ctrl-C hits.
        slow: how much longer dropout takes than is guessed.
    """

    skill: Callable[[Recipe, int], float] = lambda recipe, seed: 0.5
    churn: float = 0.0
    clock: Clock = field(default_factory=Clock)
    begun: list = field(default_factory=list)
    end_at: float = math.inf
    slow: float = 1.0

    def _answer(self, job):
        if len(self.begun) >= self.end_at:
            raise KeyboardInterrupt
        self.begun.append((job.recipe, job.seed_number, job.fold))
        seconds = relative_cost(job.recipe, BASE) * (self.slow if job.recipe.knobs.dropout else 1)
        self.clock.now += seconds
        truth = self.material.labels[self.material.partition[job.seed_number] == job.fold]
        drawn = np.random.default_rng([9, job.seed_number, job.fold]).random(len(truth))
        name = zlib.crc32(repr(job.recipe).encode())
        own = np.random.default_rng([name, job.seed_number, job.fold]).random((2, len(truth)))
        drawn = np.where(own[0] < self.churn, own[1], drawn)
        right = drawn < self.skill(job.recipe, job.seed_number)
        found = np.where(right, truth, (truth + 1) % 4).astype(np.int32)
        return Answer(found, None, seconds, 1, {})


def skilled(better):
    """Skill 0.5, and what dropout, an activation, and batches smaller than the usual add to it."""
    return lambda r, seed: (
        0.5
        + better.get("dropout", 0) * (r.knobs.dropout > 0)
        + better.get("small", 0) * (r.shape.batch_size < 32)
        + better.get(r.knobs.activation, 0)
    )


def prompt(skill=None, *, folds=3, seeds=3, **how):
    """An experiment on these texts."""
    material = Material(CORPUS, folds, tuple(range(1, seeds + 1)))
    return Prompt(material, **({"skill": skill} if skill else {}), **how)


def run(better=(), improvements=THREE, *, reserve=0.0, folds=3, seeds=3, end_at=math.inf, **limits):
    """Climb, and return the experiment, the ladder and what was told on the way."""
    told: list = []
    made = prompt(skilled(dict(better)), folds=folds, seeds=seeds, end_at=end_at)
    course = Course(improvements, Budget(clock=made.clock, **limits), reserve, BASE, seed=1)
    ladder = Ladder(BASE)
    climb(made, ladder, course, Means(progress=told.append))
    return made, ladder, told


def rows(ladder, number):
    """Verdicts of a round by name."""
    return {v.name: v for v in ladder.verdicts if v.round == number}


def lanes_of(made, recipe):
    """Lanes that a recipe has begun, as seed and fold."""
    return [(seed, fold) for begun, seed, fold in made.begun if begun == recipe]
