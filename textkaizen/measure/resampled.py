"""The corrected resampled t interval, shown beside the primary one.

Each lane gives one difference, on its own texts. Lanes share most of their training texts, so the
variance of their mean is larger than 1 / lanes of theirs: Nadeau and Bengio add test / train. That
term never goes away, however many lanes are run, and in simulations of 5 x 3 lanes the interval
was far too wide (0.5 % false findings where 5 % are allowed). It decides nothing; readers know it,
and one that agrees needs no trust in our own way.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import t as student

from textkaizen.errors import UsageError
from textkaizen.measure.answers import Answers, as_answers, part_of, require_same_shape
from textkaizen.measure.difference import NOTHING, Difference
from textkaizen.measure.lanes import Runs
from textkaizen.measure.scores import OWN_METRICS, require_probabilities, score


def lane_differences(
    true: np.ndarray,
    before: Answers | np.ndarray,
    after: Answers | np.ndarray,
    folds: np.ndarray,
    *,
    classes: int,
    metric: str = "macro_f1",
) -> np.ndarray:
    """Return the metric after minus before of each lane, on the texts of the lane alone.

    A lane counts once both recipes have answered all of its texts (-1: not yet), so that runs
    may be cut off anywhere. Macro-F1 of a lane averages over the classes in it; for scorers of
    scikit-learn, many of which need every class, a lane that lacks one is left out.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        before, after: predictions [seeds, texts], or with probabilities as `Answers`.
        folds: [seeds, texts] or [texts]: which fold's network predicted the text.
        classes: how many there are, >= 1.
        metric: as in `compare.paired`; positive is better after.

    Returns:
        [lanes], seed by seed, in the order of the folds' numbers; may be empty.

    Raises:
        UsageError: shapes that do not fit, or an unknown metric.

    Example:
        >>> truth, folds = np.zeros(4, int), np.array([0, 0, 1, 1])
        >>> before, after = np.array([[1, 0, 1, 1]]), np.array([[0, 0, 0, -1]])
        >>> lane_differences(truth, before, after, folds, classes=2, metric="accuracy")
        array([0.5])
    """
    tables = [as_answers(before), as_answers(after)]
    require_same_shape(tables)
    require_probabilities([metric], tables)
    true = np.asarray(true)
    found = []
    for seed, networks in enumerate(Runs(tables[0].predicted, folds).networks):
        for network in np.unique(networks):
            own = networks == network
            parts = [part_of(table, seed, own) for table in tables]
            whole = metric in OWN_METRICS or len(np.unique(true[own])) == len(np.unique(true))
            if whole and all((part.predicted >= 0).all() for part in parts):
                one, other = (score(metric, true[own], part, classes)[0] for part in parts)
                found.append(float(other - one))
    return np.array(found)


def resampled_t(differences: np.ndarray, test_share: float, level: float = 0.95) -> Difference:
    """Return the mean difference of lanes with its corrected resampled t interval.

    The variance of the mean is that of the lanes times 1 / lanes + test / train, and t has one
    degree of freedom less than there are lanes. Lanes that all differ by the same have no error.

    Args:
        differences: of one metric, one a lane, [lanes], 2 or more.
        test_share: share of the texts that a lane is tested on, 1 / folds; 0 < test_share < 1.
        level: of the interval, 0 < level < 1.

    Raises:
        UsageError: fewer than two lanes, or a share or level that is none.

    Example:
        >>> found = resampled_t(np.array([0.01, 0.03, 0.02, 0.02]), test_share=0.25)
        >>> round(found.value, 3), round(found.error, 4), found.freedom
        (0.02, 0.0062, 3.0)

    Source: Nadeau and Bengio 2003, Inference for the Generalization Error, section 3.
    """
    lanes = np.asarray(differences, np.float64)
    if lanes.ndim != 1 or len(lanes) < 2:
        raise UsageError(
            "The spread of lanes needs one difference for each of at least 2 lanes; found the "
            f"shape {lanes.shape}. Run one more lane first."
        )
    if not (0 < test_share < 1 and 0 < level < 1):
        raise UsageError(
            "The share of test texts and the level must lie between 0 and 1; found "
            f"{test_share} and {level}. With 5 folds the share is 0.2."
        )
    value, freedom = float(lanes.mean()), len(lanes) - 1.0
    correction = 1 / len(lanes) + test_share / (1 - test_share)
    error = math.sqrt(float(lanes.var(ddof=1)) * correction)
    if error == 0:
        return Difference(value, value, value, 0.0) if value else NOTHING
    half = float(student.ppf((1 + level) / 2, freedom)) * error
    p = float(2 * student.sf(abs(value) / error, freedom))
    return Difference(value, value - half, value + half, p, error, freedom)
