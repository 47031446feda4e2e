"""Logits -> how sure it is that the best label is right: one number a text, higher is surer.

All read logits that were divided by the temperature. Distances are between logits and not between
hidden values: linear models and ensembles have no hidden layer that all of them share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SCORES = ("probability", "margin", "energy", "distance")


def answerability(score: str, logits: np.ndarray, means: np.ndarray | None = None) -> np.ndarray:
    """Return one score, float [texts].

    Args:
        score: one of SCORES. "probability" is that of the best label, "margin" how much it is above
            that of the second, "energy" the logarithm of the sum of exponentials, "distance" minus
            the distance to the mean of the class that is best.
        logits: [texts, classes], divided by the temperature.
        means: of "distance", as `class_means` returns them.

    Example:
        >>> answerability("margin", np.log([[0.7, 0.2, 0.1]])).round(3)
        array([0.5])

    Source: Hendrycks and Gimpel 2017, A Baseline for Detecting Misclassified and
    Out-of-Distribution Examples (probability); Liu et al. 2020, Energy-based Out-of-distribution
    Detection; Lee et al. 2018, A Simple Unified Framework for Detecting Out-of-Distribution
    Samples (distance, there with a covariance).
    """
    logits = np.asarray(logits, np.float64)  # near 1 float32 knows few probabilities
    if score == "distance":
        if means is None:
            raise ValueError("the distance needs the means of the classes")
        return distances(logits, means)
    return _BY_LOGITS[score](logits)


def class_means(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return each class's mean of centred logits, float32 [classes, classes].

    Args:
        logits: [texts, classes], divided by the temperature.
        truth: whole numbers [texts]; a class without a text has zeros.
    """
    classes = logits.shape[1]
    centred, sums = _centred(logits), np.zeros((classes, classes))
    np.add.at(sums, truth, centred)
    counts = np.bincount(truth, minlength=classes)
    return (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)


def distances(logits: np.ndarray, means: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:
    """Return minus the distance to the mean of the class that is best, [texts].

    Args:
        logits: [texts, classes], divided by the temperature.
        means: of the classes.
        truth: where the means were made of these very texts: a text's own share in the mean is
            then taken out again. -1 is a text that no mean was made of.
    """
    best = logits.argmax(1)
    apart = np.sqrt(((_centred(logits) - means[best]) ** 2).mean(1))
    if truth is not None:
        counts = np.bincount(truth[truth >= 0], minlength=logits.shape[1])[best]
        # Without x the mean m of n becomes m', and x - m' = n / (n - 1) (x - m).
        without = apart * counts / np.maximum(counts - 1, 1)
        # A text that was all there was of its class leaves the mean of no text: zeros.
        without = np.where(counts == 1, np.sqrt((_centred(logits) ** 2).mean(1)), without)
        apart = np.where(best == truth, without, apart)
    return -apart


def auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """Return how often a text of a class has a higher score than one of none; ties count half.

    Example:
        >>> auroc(np.array([0.9, 0.8, 0.3]), np.array([0.5, 0.3]))
        0.75
    """
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, "left")
    ties = np.searchsorted(ordered, inside, "right") - below
    return float((below + ties / 2).mean() / len(outside))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities, [texts, classes]; the parts of this line know nothing of `nets`."""
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def _probability(logits: np.ndarray) -> np.ndarray:
    return softmax(logits).max(1)


def _margin(logits: np.ndarray) -> np.ndarray:
    found = softmax(logits)
    if found.shape[1] == 1:
        return found[:, 0]
    best = np.partition(found, found.shape[1] - 2, axis=1)
    return best[:, -1] - best[:, -2]


def _energy(logits: np.ndarray) -> np.ndarray:
    most = logits.max(1)
    return most + np.log(np.exp(logits - most[:, None]).sum(1))


_BY_LOGITS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "probability": _probability,
    "margin": _margin,
    "energy": _energy,
}


def _centred(logits: np.ndarray) -> np.ndarray:
    return logits - logits.mean(1, keepdims=True)
