"""Out-of-fold predictions -> verdicts of one round.

Round r tests at alpha / 2**r, Holm's correction over all improvements of the round, tried or not,
so that all rounds together are meant to claim something false in at most alpha of the studies. Not
seen: the recipe a later round starts from was chosen for its results on these texts, and part of
that was luck; only the held-out texts tell what it is worth. Intervals are the plain 95 % of each
difference; a verdict asks for more than an interval that leaves zero out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from textkaizen.measure.compare import decide, holm, paired
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.experiment import Experiment
from textkaizen.study.improvements import Improvement
from textkaizen.study.result import HELPS, NOT_TRIED, Verdict

ALPHA = 0.05
DETECTABLE = 0.01  # data that cannot show one point are "too few for evidence"


@dataclass(frozen=True)
class Candidate:
    """An improvement and the recipe it makes of the round's base."""

    improvement: Improvement
    recipe: Recipe


def round_alpha(number: int) -> float:
    """Error rate that round `number`, from 1, may spend.

    Example:
        >>> round_alpha(1), round_alpha(2)
        (0.025, 0.0125)
    """
    return ALPHA / 2**number


def judge_round(
    experiment: Experiment, base: Recipe, candidates: list[Candidate], number: int, seed: int
) -> list[Verdict]:
    """Compare each candidate that ran with the base; the others are *not tried*.

    A candidate is compared on the seeds that both it and the base have run through.
    """
    verdicts = [
        _measured(experiment, base, candidate, number, seed)
        if min(experiment.sweeps(base), experiment.sweeps(candidate.recipe)) > 0
        else Verdict(
            candidate.improvement.name,
            candidate.improvement.group,
            number,
            None,
            None,
            None,
            NOT_TRIED,
            change=describe_difference(base, candidate.recipe),
        )
        for candidate in candidates
    ]
    tried = [(place, v.macro_f1) for place, v in enumerate(verdicts) if v.macro_f1 is not None]
    # What was not tried counts: later rounds try first what looked best on these very texts.
    asked = [gap.p for _, gap in tried] + [1.0] * (len(verdicts) - len(tried))
    adjusted = holm(np.array(asked))[: len(tried)]
    for (place, gap), p in zip(tried, adjusted.tolist(), strict=True):
        found = decide(gap, p, round_alpha(number))
        verdicts[place] = replace(verdicts[place], p_adjusted=p, verdict=found)
    return verdicts


def best_to_adopt(verdicts: list[Verdict]) -> tuple[int, str] | None:
    """Choose what to adopt from a round: its place and "adopted" or "adopted without evidence".

    The largest difference among those that help. Where nothing does and the data are too few to
    show one point, the largest difference that is positive in both measures and would be evidence
    had it been the only question (its p before correction is below the round's error rate).
    """
    tried = [(v.macro_f1, v, place) for place, v in enumerate(verdicts) if v.macro_f1 is not None]
    helping = [(gap.value, place) for gap, verdict, place in tried if verdict.verdict == HELPS]
    if helping:
        return max(helping)[1], "adopted"
    detectable = smallest_detectable(verdicts)
    if detectable is None or detectable <= DETECTABLE:
        return None
    hopeful = [
        (gap.value, place)
        for gap, verdict, place in tried
        if gap.p <= round_alpha(verdict.round) and gap.value > 0
        if verdict.accuracy is not None and verdict.accuracy.value > 0
    ]
    return (max(hopeful)[1], "adopted without evidence") if hopeful else None


def smallest_detectable(verdicts: list[Verdict]) -> float | None:
    """Difference a round finds in four of five cases, from the median error and freedom.

    The quantiles of t for Holm's first step and for 80 % power, times the error. Improvements that
    changed no answer have no error to go by; None when there are no others.
    """
    tried = [v.macro_f1 for v in verdicts if v.macro_f1 is not None]
    changing = [gap for gap in tried if gap.error > 0]
    if not changing:
        return None
    error = np.median([gap.error for gap in changing])
    freedom = np.median([gap.freedom for gap in changing])
    alpha = round_alpha(verdicts[0].round) / len(verdicts)
    return float(error * (student.ppf(1 - alpha / 2, freedom) + student.ppf(0.8, freedom)))


def _measured(
    experiment: Experiment, base: Recipe, candidate: Candidate, number: int, seed: int
) -> Verdict:
    material, runs = experiment.material, experiment.runs[candidate.recipe]
    seeds = slice(min(experiment.sweeps(base), runs.sweeps))
    differences = paired(
        material.labels,
        experiment.runs[base].predicted[seeds],
        runs.predicted[seeds],
        material.partition[seeds],
        classes=len(material.classes),
        units=material.units,
        seed=seed,
    )
    return Verdict(
        candidate.improvement.name,
        candidate.improvement.group,
        number,
        differences["macro_f1"],
        differences["accuracy"],
        None,
        "",
        change=describe_difference(base, candidate.recipe),
        lanes=runs.lanes,
        seconds=runs.seconds,
    )
