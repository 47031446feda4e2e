"""After the rounds: does what was adopted still earn its place, and what does the same work?

Each adopted improvement is left out of the final recipe in turn, one round more at its own error
rate. What helps when left out is taken out. Improvements that each help alone and do not add up
are called substitutes: the contrast both - first - second + start, from the same folds and seeds,
lies below zero. Most of its lanes have run anyway, since a round measures again what helped before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.compare import Answers, contrast, holm
from textkaizen.recipe import Recipe
from textkaizen.study.course import INTERRUPTED, Course, Ladder, Means
from textkaizen.study.experiment import Block, Experiment
from textkaizen.study.improvements import Improvement
from textkaizen.study.racing import Candidate
from textkaizen.study.result import (
    EARNS,
    HELPS,
    HURTS,
    IN_THE_WAY,
    NO_EVIDENCE,
    NOT_TRIED,
    Place,
    Substitutes,
    Verdict,
)
from textkaizen.study.rounds import measure_round
from textkaizen.study.verdicts import ALPHA

NEAR = (
    ("dropout", "penalty"),
    ("batch norm", "initialiser"),
    ("dropout", "early stopping"),
    ("learning rate", "batch size"),
    ("learning rate", "optimiser"),
)  # pairs of groups that are known to do each other's work
MOST_PAIRS = 3  # that get lanes of their own


@dataclass(frozen=True)
class _Pair:
    """Two improvements that helped in one round, and the recipes that tell whether they add up."""

    first: str
    second: str
    recipes: tuple[Recipe, Recipe, Recipe, Recipe]  # the start, each alone, both


def close(experiment: Experiment, ladder: Ladder, course: Course, means: Means) -> None:
    """Fill the ladder's `places` and `substitutes`; what is in the way leaves its recipe."""
    try:
        pairs = _pairs(experiment, ladder, course)
        found = [contrasted(experiment, pair, course) for pair in pairs]
        adjusted = holm(np.array([one.contrast.p for one in found if one is not None]))
        told = [one for one in found if one is not None]
        ladder.substitutes = [
            one
            for one, p in zip(told, adjusted.tolist(), strict=True)
            if p <= ALPHA and one.contrast.value < 0
        ]
        if len(ladder.adopted) > 1:
            _leave_out(experiment, ladder, course, means)
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED


def _leave_out(experiment: Experiment, ladder: Ladder, course: Course, means: Means) -> None:
    """Measure the final recipe without each adopted improvement."""
    candidates = _without_each(ladder, course)
    number = len(ladder.rounds) + 1
    # What was adopted was chosen of all improvements, on these very texts.
    family = len(course.improvements)
    course = replace(course, closing_seconds=0.0, share=1.0, family=family)
    verdicts, facts = measure_round(experiment, course, candidates, ladder.recipe, number, means)
    ladder.closing = facts
    if facts["interrupted"]:
        ladder.stopped = INTERRUPTED
    ladder.places = [_place(verdict) for verdict in verdicts]
    helping = [(v.gap.value, n) for n, v in enumerate(verdicts) if v.gap and v.verdict == HELPS]
    if helping:
        worst = max(helping)[1]
        recipe = candidates[worst].recipe
        ladder.places[worst] = replace(ladder.places[worst], removed=True)
        ladder.adopted.pop(_last(ladder.adopted, candidates[worst].improvement.name))
        ladder.recipe = recipe if isinstance(recipe, Recipe) else ladder.recipe


def _without_each(ladder: Ladder, course: Course) -> list[Candidate]:
    """The final recipe without each adopted improvement; of what was adopted twice, the last time.

    What a later one has taken the place of cannot be left out.
    """
    known = {improvement.name: improvement for improvement in course.improvements}
    candidates = []
    for name in dict.fromkeys(ladder.adopted):
        place = _last(ladder.adopted, name)
        others = [*ladder.adopted[:place], *ladder.adopted[place + 1 :]]
        recipe = reduce(lambda made, other: known[other].change(made), others, ladder.steps[0])
        if recipe != ladder.recipe:
            without = Improvement(name, known[name].group, lambda r: r, "", "")
            candidates.append(Candidate(without, recipe))
    return candidates


def _last(names: list[str], name: str) -> int:
    """Where a name stands for the last time."""
    return len(names) - 1 - names[::-1].index(name)


def _place(verdict: Verdict) -> Place:
    """What leaving out costs is what the improvement adds."""
    said = {HURTS: EARNS, HELPS: IN_THE_WAY, NO_EVIDENCE: NO_EVIDENCE, NOT_TRIED: NOT_TRIED}
    gap = verdict.gap
    if gap is not None:
        gap = replace(gap, value=0 - gap.value, low=0 - gap.high, high=0 - gap.low)  # never -0.0
    return Place(verdict.name, gap, said[verdict.verdict])


def _pairs(experiment: Experiment, ladder: Ladder, course: Course) -> list[_Pair]:
    """Pairs that helped in one round and of which both together have run, too.

    Near substitutes that have not run together are run now, as far as there is time.
    """
    known = {improvement.name: improvement for improvement in course.improvements}
    pairs, lacking = [], []
    for number, base in enumerate(ladder.steps, 1):
        helped = [
            known[v.name]
            for v in ladder.verdicts
            if v.round == number and v.verdict == HELPS and v.name in known
        ]
        for place, first in enumerate(helped):
            for second in helped[place + 1 :]:
                one, other = first.change(base), second.change(base)
                both = second.change(one)
                if both in (one, other) or both != first.change(other):
                    continue  # two settings of one knob
                pair = _Pair(first.name, second.name, (base, one, other, both))
                if both in experiment.runs:
                    pairs.append(pair)
                elif {(first.group, second.group), (second.group, first.group)} & set(NEAR):
                    lacking.append(pair)
    for pair in lacking[:MOST_PAIRS]:
        if _run_both(experiment, pair, ladder.recipe, course):
            pairs.append(pair)
    return pairs


def _run_both(experiment: Experiment, pair: _Pair, final: Recipe, course: Course) -> bool:
    """Run the lanes of both together that the first seed needs, if there is time.

    `final` is still to be trained then, and half of the time kept for the end is to be left.
    """
    base, one, other, both = pair.recipes
    lanes = [experiment.runs[recipe] for recipe in (one, other)]
    seconds = max(runs.seconds / max(runs.lanes, 1) for runs in lanes)
    folds = experiment.material.fold_count
    needed = seconds * folds / course.budget.cores
    fits = lambda: needed <= course.time_left(final) + course.closing_seconds / 2
    if not course.budget.decide(f"{pair.first} and {pair.second} together", fits):
        return False
    whole = Block(0, tuple(range(folds)))
    for _ in experiment.run(experiment.jobs(both, base, whole)):
        pass
    return experiment.has(both, whole)


def contrasted(experiment: Experiment, pair: _Pair, course: Course) -> Substitutes | None:
    """Compare what two improvements add together with what each adds alone; None: unknown."""
    runs = [experiment.runs[recipe] for recipe in pair.recipes]
    material = experiment.material
    seeds = max(1, min(one.sweeps for one in runs))
    answered = [(one.predicted[:seeds] >= 0).all(0) for one in runs]
    seen = np.logical_and.reduce(answered)
    if not seen.any():
        return None
    answers = [
        Answers(
            one.predicted[:seeds, seen],
            None if one.probabilities is None else one.probabilities[:seeds, seen],
        )
        for one in runs
    ]
    try:
        found = contrast(
            material.labels[seen],
            tuple(answers),
            material.partition[:seeds, seen],
            classes=len(material.classes),
            units=material.units[seen],
            seed=course.seed,
            metric=course.metric,
        )
    except UsageError:
        if seen.all():
            raise
        return None  # a scorer that needs every class, which part of the texts may lack
    alone, other, both, interaction = found
    return Substitutes(pair.first, pair.second, alone, other, both, interaction)
