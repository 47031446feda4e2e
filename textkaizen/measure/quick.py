"""A first-order look at a difference, for looks that decide only what is dropped.

No texts are drawn anew: a difference's error comes from what each text adds to it, by the same two
sources as in `measure/compare.py`. The value is that of `paired`; the error agrees with the
bootstrap's to first order, too small where classes have few texts. So a look may stop what is not
promising, but never says *helps*.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.answers import Answers, as_answers, part_of, require_same_shape
from textkaizen.measure.intervals import numbered
from textkaizen.measure.lanes import Runs, between_lanes
from textkaizen.measure.metrics import influence, log_losses, macro_f1
from textkaizen.measure.scores import LOG_LOSS, OWN_METRICS, Texts, require_probabilities


class Glance(NamedTuple):
    """A difference and its standard error, both of which may be read off quickly only."""

    value: float
    error: float


def quick(
    true: np.ndarray,
    before: Answers | np.ndarray,
    after: Answers | np.ndarray,
    folds: np.ndarray,
    *,
    classes: int,
    units: np.ndarray | None = None,
    metric: str = "macro_f1",
) -> Glance:
    """Compare two recipes on the texts that both have answered so far.

    Each seed counts by the number of its texts that both have answered; complete seeds alike.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        before, after: predictions [seeds, texts], -1 where there is none yet; or `Answers`.
        folds: [seeds, texts] or [texts]: which fold's network predicted the text.
        classes: how many there are, >= 1.
        units: whole numbers [texts]; texts of one unit belong together; None: each text alone.
        metric: "macro_f1", "accuracy" or "log_loss"; or a scorer of scikit-learn, which is called
            10 times for each lane and takes accordingly longer. Positive is better after.

    Raises:
        UsageError: shapes that do not fit, no text that both have answered, an unknown metric.

    Example:
        >>> truth, folds = np.zeros(100, int), np.arange(100) % 5
        >>> before = np.where(np.arange(100) % 2, 0, 1)[None]
        >>> after = np.where(folds < 3, 0, -1)[None]
        >>> [round(found, 3) for found in quick(truth, before, after, folds, classes=2)]
        [0.333, 0.058]

    Source: Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans, section 6.3.
    """
    tables = [as_answers(before), as_answers(after)]
    require_probabilities([metric], tables)
    require_same_shape(tables)
    networks = Runs(tables[0].predicted, folds).networks
    true, units = np.asarray(true), numbered(units, len(true))
    answered = np.all([np.asarray(table.predicted) >= 0 for table in tables], axis=0)
    if not answered.any():
        raise UsageError(
            "Both recipes must have answered a text in common; found none. Look again once a lane "
            "of each has finished."
        )
    if metric not in OWN_METRICS:
        units = _groups(units)
    found = []
    for seed, own in enumerate(answered):
        if own.any():
            texts = Texts(true[own], units[own], networks[seed, own], classes)
            found.append(_moves(metric, [part_of(table, seed, own) for table in tables], texts))
    of_answer = np.broadcast_to(units, answered.shape)[answered]
    return _glance(np.concatenate(found), of_answer, networks[answered])


def _glance(moves: np.ndarray, units: np.ndarray, networks: np.ndarray) -> Glance:
    """Put the two sources of error together, from one number an answer."""
    value = float(moves.mean())
    drawn = np.count_nonzero(np.bincount(units))
    totals = np.bincount(units, moves - value)
    texts = np.square(totals / len(moves)).sum() * drawn / max(drawn - 1, 1)
    lanes = between_lanes(moves, units, np.unique(networks, return_inverse=True)[1])
    return Glance(value, math.sqrt(texts + lanes.variance))


def _moves(metric: str, parts: list[Answers], texts: Texts) -> np.ndarray:
    """What each text adds to the difference of a seed, of the texts that both answered."""
    true, classes = texts.true, texts.classes
    if metric == LOG_LOSS:
        before, after = (log_losses(true, np.asarray(part.probabilities)[0]) for part in parts)
        return before - after
    if metric not in OWN_METRICS:
        from textkaizen.measure import scorers  # only here: it takes a second to import

        callers = [scorers.callers(metric, true, part, classes)[0] for part in parts]
        before, after = (scorers.added(one, true, texts.networks, texts.units) for one in callers)
        return after - before
    before, after = (part.predicted[0] for part in parts)
    if metric == "accuracy":
        return (after == true).astype(float) - (before == true)
    level = macro_f1(true, after, classes) - macro_f1(true, before, classes)
    return level + influence(true, after, classes) - influence(true, before, classes)


def _groups(units: np.ndarray) -> np.ndarray:
    """What a scorer's texts fall into instead of units."""
    from textkaizen.measure import scorers

    return scorers.grouped(units)
