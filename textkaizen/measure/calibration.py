"""Probabilities that mean what they say: one temperature, and what is left to be said against it.

Rejected: isotonic regression or a matrix of weights (they need far more texts than a fallback is
set with, and can change which label is best).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

COLDEST, HOTTEST = 0.05, 20.0  # the ends of the search; logits of no error at all would have no end
STEPS = 40  # each halves what is left of the search, if Newton's does not do better
MOST_VALUES = 5_000_000  # logits that are read; more would change no digit that matters


class Bin(NamedTuple):
    """Texts whose best labels have about the same probability.

    Args:
        low, high: ends of the bin, from 0 to 1.
        texts: in it.
        probability: their mean probability; 0 of no text.
        right: the share of them that were labelled rightly; 0 of no text.
    """

    low: float
    high: float
    texts: int
    probability: float
    right: float


def temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return the number that logits are divided by to make the true labels most likely.

    The likelihood has one maximum, for its logarithm is concave in 1 / temperature.

    Args:
        logits: [texts, classes] of texts that their network was not trained on.
        truth: whole numbers [texts], 0 <= number < classes.

    Returns:
        From 0.05 to 20; 1 if there is no text.

    Example:
        >>> sure = np.array([[2.0, 0.0]] * 4)  # 88 % for the first, which is right in 3 of 4
        >>> round(temperature(sure, np.array([0, 0, 0, 1])), 3)  # 2 / log(3)
        1.82

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks (temperature scaling).
    """
    if not len(truth):
        return 1.0
    every = -(-logits.size // MOST_VALUES)
    logits, truth = np.asarray(logits[::every], np.float64), truth[::every]
    logits = logits - logits.max(1, keepdims=True)
    own = logits[np.arange(len(truth)), truth].mean()
    low, high, sharpness = 1 / HOTTEST, 1 / COLDEST, 1.0
    for _ in range(STEPS):
        weights = np.exp(sharpness * logits)
        weights /= weights.sum(1, keepdims=True)
        mean = (weights * logits).sum(1)
        slope = mean.mean() - own  # of the loss, over sharpness = 1 / temperature
        low, high = (low, sharpness) if slope > 0 else (sharpness, high)
        curvature = ((weights * logits**2).sum(1) - mean**2).mean()
        step = sharpness - slope / curvature if curvature > 0 else low
        before, sharpness = sharpness, step if low < step < high else (low + high) / 2
        if abs(sharpness - before) < 1e-9 * sharpness:
            break
    return float(1 / sharpness)


def reliability(probability: np.ndarray, right: np.ndarray, bins: int = 10) -> list[Bin]:
    """Return bins of equal width with what was promised and what was kept: a reliability diagram.

    Args:
        probability: of each text's best label, [texts], 0 to 1.
        right: whether it was the true one, [texts].
        bins: how many, >= 1.

    Example:
        >>> reliability(np.array([0.9, 0.7]), np.array([True, False]), bins=2)[1]
        Bin(low=0.5, high=1.0, texts=2, probability=0.8, right=0.5)
    """
    place = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    texts = np.bincount(place, minlength=bins)
    divisor = np.maximum(texts, 1)
    promised = np.bincount(place, probability, bins) / divisor
    kept = np.bincount(place, np.asarray(right, float), bins) / divisor
    return [
        Bin(n / bins, (n + 1) / bins, int(texts[n]), float(promised[n]), float(kept[n]))
        for n in range(bins)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Return the expected calibration error, 0 to 1: how far promised and kept are apart.

    Example:
        >>> round(calibration_error([Bin(0, 0.5, 1, 0.4, 0.5), Bin(0.5, 1, 3, 0.8, 1.0)]), 3)
        0.175

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks (ECE).
    """
    texts = sum(each.texts for each in bins)
    apart = sum(each.texts * abs(each.probability - each.right) for each in bins)
    return apart / max(texts, 1)
