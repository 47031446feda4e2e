"""Few changed units -> the smallest p they allow, from every swap of the recipes.

If two recipes do not differ, a unit could as well have its two predictions the other way round, so
all 2 ** changed swaps are alike: p is the share of them with a difference as large. The smallest
such share is 2 / 2 ** changed. A normal approximation would take three changed texts for evidence.
"""

from __future__ import annotations

import numpy as np

from textkaizen.measure.intervals import METRICS

FEW_UNITS = 10  # up to so many changed units every swap of the recipes is tried


def smallest_p(changed: int) -> float:
    """Return the smallest p that so many changed units allow; 1 for none.

    Example:
        >>> smallest_p(5)
        0.0625
    """
    return min(2.0 ** (1 - changed), 1.0)


def swapped_p(
    true: np.ndarray, before: np.ndarray, after: np.ndarray, units: np.ndarray, classes: int
) -> dict[str, float]:
    """Return the smallest p of the metrics that count texts, "accuracy" and "macro_f1".

    Args:
        true: whole numbers [texts].
        before, after: the same, [seeds, texts]; at least one unit changes.
        units: numbered from 0, [texts].
        classes: how many there are.

    Source: McNemar 1947 (one seed's accuracy); Edgington and Onghena 2007, Randomization Tests.
    """
    changed = np.unique(units[(before != after).any(0)])
    if len(changed) > FEW_UNITS:
        return dict.fromkeys(METRICS, smallest_p(len(changed)))
    swaps = _swaps(len(changed))
    moving = np.isin(units, changed)
    place = np.searchsorted(changed, units[moving])
    steps = _steps(true[moving], before[:, moving], after[:, moving], place, classes)
    there = np.bincount(true, minlength=classes)
    starts = [_tables(true, predicted, classes) for predicted in (before, after)]
    shifts = [np.tensordot(swaps, step, 1) for step in steps]  # [swaps, seeds, classes]
    least = {}
    for metric, score in METRICS.items():
        one = score(*(start + shift for start, shift in zip(starts[0], shifts, strict=True)), there)
        other = score(
            *(start - shift for start, shift in zip(starts[1], shifts, strict=True)), there
        )
        least[metric] = _share((one - other).mean(-1))
    return least


def swapped_p_of_mean(moves: np.ndarray, units: np.ndarray) -> float:
    """Return the smallest p of a metric that is a mean of texts.

    Args:
        moves: after minus before of each text, [seeds, texts].
        units: numbered from 0, [texts].

    Example:
        >>> swapped_p_of_mean(np.array([[0.2, 0.1, 0.4]]), np.arange(3))
        0.25
    """
    changed = np.unique(units[(moves != 0).any(0)])
    if len(changed) > FEW_UNITS:
        return smallest_p(len(changed))
    of_units = np.bincount(units, moves.sum(0))[changed]
    return _share((1 - 2 * _swaps(len(changed))) @ of_units / moves.size)


def _swaps(changed: int) -> np.ndarray:
    """Every choice of units to swap, 0 or 1 [swaps, changed]; the last swaps all."""
    return np.arange(2**changed)[:, None] >> np.arange(changed) & 1


def _share(gaps: np.ndarray) -> float:
    """Share of swaps with a difference as large as the one found: that of the last, all swapped."""
    gaps = np.abs(gaps)
    return float(np.mean(gaps >= gaps[-1] - 1e-12))


def _tables(true: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits and predictions of each class, both [seeds, classes]."""
    every = np.arange(classes)
    is_class = predicted[:, :, None] == every
    return (is_class & (true[:, None] == every)).sum(1), is_class.sum(1)


def _steps(
    true: np.ndarray, before: np.ndarray, after: np.ndarray, place: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """How hits and predictions of each class change with each unit: [changed, seeds, classes]."""
    hits, found = [], []
    for unit in range(int(place.max()) + 1):
        own = place == unit
        tables = [_tables(true[own], rows[:, own], classes) for rows in (before, after)]
        hits.append(tables[1][0] - tables[0][0])
        found.append(tables[1][1] - tables[0][1])
    return np.stack(hits), np.stack(found)
