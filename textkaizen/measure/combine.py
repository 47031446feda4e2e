"""Tables of answers, each with a sign -> differences with their errors.

What is compared is a sum of tables with signs: after minus before, or the interaction of four. All
sums of a call are scored once, on the same draws of the same units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.answers import Answers, checked_answers
from textkaizen.measure.difference import NOTHING, Difference, Sources, difference_of
from textkaizen.measure.intervals import METRICS, numbered
from textkaizen.measure.lanes import Runs, between_lanes
from textkaizen.measure.scores import (
    LOG_LOSS,
    Draws,
    Scored,
    Texts,
    needs_probabilities,
    require_probabilities,
    scored,
)
from textkaizen.measure.swaps import smallest_p, swapped_p, swapped_p_of_mean


class Given(NamedTuple):
    """What was answered: as the arguments of `compare.paired`, with any number of tables."""

    true: np.ndarray
    tables: tuple[Answers, ...]
    folds: np.ndarray
    classes: int
    units: np.ndarray | None


class Asked(NamedTuple):
    """By which metrics, from how many draws, how sure."""

    metrics: tuple[str, ...]
    draws: Draws
    level: float


def differences(
    given: Given, asked: Asked, sums: Sequence[tuple[int, ...]]
) -> list[dict[str, Difference]]:
    """Return for each sum and metric the difference, in the order of both.

    Args:
        given: answers of some recipes to the same texts.
        asked: metrics, draws and level.
        sums: signs of the tables, 1, -1 or 0 each; two tables or four are not 0.

    Raises:
        UsageError: as `compare.paired`.
    """
    networks = Runs(given.tables[0].predicted, given.folds).networks
    true, tables = checked_answers(given.true, given.tables, given.classes)
    if not 0 < asked.level < 1:
        raise UsageError(
            f"A level must lie between 0 and 1; found {asked.level}. The usual one is 0.95."
        )
    require_probabilities(asked.metrics, tables)
    texts = Texts(true, numbered(given.units, len(true)), networks, given.classes)
    changed = [
        {metric: _changed(metric, tables, signs) for metric in asked.metrics} for signs in sums
    ]
    differing = [m for m in asked.metrics if any(own[m].any() for own in changed)]
    every = scored(differing, tables, texts, asked.draws)
    found = []
    for signs, own in zip(sums, changed, strict=True):
        floors = _floors(
            {m: every[m] for m in differing if own[m].any()}, own, tables, texts, signs
        )
        found.append(
            {
                metric: _difference(every[metric], texts, signs, floors[metric], asked.level)
                if metric in floors
                else NOTHING
                for metric in asked.metrics
            }
        )
    return found


def _difference(
    scored: Scored, texts: Texts, signs: tuple[int, ...], least_p: float, level: float
) -> Difference:
    """Put the two sources of error together."""
    units = int(texts.units.max()) + 1
    drawn, lost = _gaps(scored.drawn, signs), units / max(units - 1, 1)
    together, alone = drawn.mean(-1).var(ddof=1) * lost, drawn.var(0, ddof=1).mean() * lost
    seeds = drawn.shape[-1]
    # A seed alone has the variance P + R, the mean of S seeds P + R / S: P is what lasts.
    lasting = together if seeds == 1 else max((seeds * together - alone) / (seeds - 1), 0.0)
    moves = np.tensordot(np.asarray(signs, float), scored.moves, 1)
    lanes = between_lanes(moves, scored.groups, texts.networks)
    sources = Sources(
        texts=float(together),
        lasting=float(lasting),
        units=units,
        spread=float(lanes.spread),
        noise=float(lanes.noise),
        freedom=lanes.freedom,
        least_p=least_p,
        level=level,
        reach=scored.reach * sum(map(abs, signs)) / 2,
    )
    return difference_of(float(_gaps(scored.values, signs).mean(-1)), sources)


def _gaps(values: np.ndarray, signs: tuple[int, ...]) -> np.ndarray:
    """Sum tables with their signs, [..., tables, seeds] -> [..., seeds]."""
    return (values * np.asarray(signs, float)[:, None]).sum(-2)


def _changed(metric: str, tables: list[Answers], signs: tuple[int, ...]) -> np.ndarray:
    """Which texts' answers leave something in a sum, bool [texts].

    Of four recipes: those that both improvements touch, each with or without the other.
    """
    used = [table for table, sign in zip(tables, signs, strict=True) if sign]
    parts = [table.predicted[..., None] for table in used]
    if needs_probabilities(metric):
        parts = [np.asarray(table.probabilities) for table in used]
    differ = lambda one, other: (parts[one] != parts[other]).any(-1)
    if len(used) == 2:
        return differ(0, 1).any(0)
    first, second = differ(0, 1) | differ(2, 3), differ(0, 2) | differ(1, 3)
    return (first & second).any(0)


def _floors(
    every: dict[str, Scored],
    changed: dict[str, np.ndarray],
    tables: list[Answers],
    texts: Texts,
    signs: tuple[int, ...],
) -> dict[str, float]:
    """Smallest p that the changed units allow, for each metric."""
    floors = {metric: smallest_p(len(np.unique(texts.units[changed[metric]]))) for metric in every}
    used = np.flatnonzero(signs)
    if len(used) > 2:
        return floors
    if LOG_LOSS in every:
        one, other = every[LOG_LOSS].moves[used]
        floors[LOG_LOSS] = swapped_p_of_mean(other - one, texts.units)
    counted = [metric for metric in every if metric in METRICS]
    if counted:
        one, other = (tables[place].predicted for place in used)
        by_counts = swapped_p(texts.true, one, other, texts.units, texts.classes)
        floors |= {metric: by_counts[metric] for metric in counted}
    return floors
