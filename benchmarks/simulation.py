"""Whole studies on simulated truth: lanes answer from `truth`, the ladder is the real one.

Which improvements are on is written into a recipe as bits of its epochs, so whatever the ladder
adopts, it goes on from there as with any recipe: rounds, racing, adopting, leaving out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.truth import Truth, World
from textkaizen.measure.compare import Answers, Difference, paired
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.budget import Budget
from textkaizen.study.closing import close
from textkaizen.study.course import Course, Ladder, Means
from textkaizen.study.experiment import Answer, Block, Experiment, Job, Other
from textkaizen.study.improvements import Improvement
from textkaizen.study.result import EARNS, HELPS, NO_EVIDENCE, NOT_TRIED
from textkaizen.study.rounds import climb
from textkaizen.study.verdicts import DECIDED_EARLY as EARLY

START = Recipe(text=TextRules(words=(1, 1), characters=(0, 0), min_texts=1)).with_knobs(epochs=1)


def bits_of(recipe: Recipe | Other) -> int:
    """Which improvements a recipe has."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"{recipe.name} is no recipe")
    return recipe.knobs.epochs - 1


def improvements(count: int) -> tuple[Improvement, ...]:
    """Return improvements that switch on a bit each."""

    def switched(bit: int):
        return lambda recipe: recipe.with_knobs(epochs=1 + (bits_of(recipe) | bit))

    return tuple(
        Improvement(f"improvement {number}", f"group {number}", switched(1 << number), "", "")
        for number in range(count)
    )


@dataclass
class SimulatedExperiment(Experiment):
    """An experiment whose networks answer from `truth`, in no time."""

    truth: Truth = field(kw_only=True)

    def jobs(self, recipe: Recipe | Other, base: Recipe | Other, block: Block) -> list[Job]:
        """Return the lanes a recipe still needs for a block."""
        folds = [fold for fold in block.folds if not self._has(recipe, block.seed_number, fold)]
        return [Job(recipe, block.seed_number, fold) for fold in folds]

    def _answer(self, job: Job) -> Answer:
        predicted = self.truth.answers(bits_of(job.recipe), job.seed_number, job.fold)
        return Answer(predicted, None, 1.0, 1, {})


@dataclass(frozen=True)
class Claim:
    """Something that a study said of an improvement.

    Args:
        number: of the improvement.
        said: the verdict.
        where: "round 1", "round 1, early look", "leaving out".
        false: whether it is not so.
    """

    number: int
    said: str
    where: str
    false: bool


@dataclass(frozen=True)
class Interval:
    """An interval that a study gave, and the truth.

    Args:
        metric: "macro_f1" or "accuracy".
        race: "", "dropped as futile" or "decided early".
        held: whether it holds what the recipes are expected to differ by.
    """

    metric: str
    race: str
    held: bool


@dataclass(frozen=True)
class Outcome:
    """What a simulated study came to.

    Args:
        claims: all that it said, of rounds and of leaving out.
        intervals: two of each improvement and round.
        adopted: numbers of improvements, in order.
        rounds: how many there were.
        lanes: that ran.
        all_lanes: those of the same recipes without racing.
    """

    claims: tuple[Claim, ...]
    intervals: tuple[Interval, ...]
    adopted: tuple[int, ...]
    rounds: int
    lanes: int
    all_lanes: int


def simulate(world: World, seed: int, rounds: float = math.inf) -> Outcome:
    """Run one study, rounds and leaving out, and compare what it says with the truth.

    Args:
        world: that it is drawn from.
        seed: of the study; the same seed gives the same outcome.
        rounds: the most there may be.
    """
    truth = Truth(world, seed)
    tried = improvements(world.improvements)
    experiment = SimulatedExperiment(truth.material, truth=truth)  # type: ignore[arg-type]
    ladder = Ladder(START)
    course = Course(tried, Budget(rounds=rounds), 0.0, START, seed)
    climb(experiment, ladder, course, Means())
    close(experiment, ladder, course, Means())
    numbers = {improvement.name: number for number, improvement in enumerate(tried)}
    said = [
        (numbers[v.name], v.verdict, f"round {v.round}{', early look' if v.race == EARLY else ''}")
        for v in ladder.verdicts
    ]
    said += [(numbers[place.name], place.verdict, "leaving out") for place in ladder.places]
    claims = [
        Claim(number, verdict, where, _is_false(world, number, verdict))
        for number, verdict, where in said
        if verdict not in (NO_EVIDENCE, NOT_TRIED)
    ]
    return Outcome(
        tuple(claims),
        tuple(_intervals(truth, ladder, numbers)),
        tuple(numbers[name] for name in ladder.adopted),
        len(ladder.rounds),
        experiment.lanes,
        len(experiment.runs) * truth.material.fold_count * len(truth.material.seeds),
    )


def _is_false(world: World, number: int, verdict: str) -> bool:
    effect = world.effects[number] if number < len(world.effects) else 0.0
    return effect <= 0 if verdict in (HELPS, EARNS) else effect >= 0


def _intervals(truth: Truth, ladder: Ladder, numbers: dict[str, int]) -> Iterator[Interval]:
    for verdict in ladder.verdicts:
        before = bits_of(ladder.steps[verdict.round - 1])
        after = before | 1 << numbers[verdict.name]
        expected = [truth.expected(bits) for bits in (before, after)]
        for metric, gap in (("macro_f1", verdict.gap), ("accuracy", verdict.accuracy)):
            if gap is not None:
                effect = expected[1][metric] - expected[0][metric]
                held = gap.low - 1e-12 <= effect <= gap.high + 1e-12
                yield Interval(metric, verdict.race, held)


def compared(world: World, seed: int, count: int) -> list[dict[str, Difference]]:
    """Compare the first improvements of a study with its baseline, all lanes, nothing corrected.

    Args:
        world, seed: as in `simulate`.
        count: of improvements.
    """
    truth = Truth(world, seed)
    material = truth.material
    experiment = SimulatedExperiment(material, truth=truth)  # type: ignore[arg-type]
    recipes = [START, *(each.change(START) for each in improvements(count))]
    whole = tuple(range(material.fold_count))
    for recipe in recipes:
        for number in range(len(material.seeds)):
            for _ in experiment.run(experiment.jobs(recipe, START, Block(number, whole))):
                pass
    before, *after = (Answers(experiment.runs[recipe].predicted) for recipe in recipes)
    classes = len(material.classes)
    return [
        paired(material.labels, before, one, material.partition, classes=classes, seed=seed)
        for one in after
    ]
