"""True and predicted positions of labels -> one number.

All metrics that count texts go through three counts a class (hits, predicted, true), so that a
score of the texts as they are and a score of texts drawn anew cannot differ in definition. Macro-F1
averages over the classes that stand in the truth: a class nobody could have found is no failure.

Rejected: calling scikit-learn's metrics (a thousand resamples of them take minutes; they are the
reference in the tests instead).
"""

from __future__ import annotations

import numpy as np

from textkaizen.errors import UsageError


def confusion(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count how often each class was predicted as each class.

    Args:
        true, predicted: whole numbers [texts], 0 <= number < classes.
        classes: how many there are, >= 1.

    Returns:
        Whole numbers [classes, classes]; rows are true, columns predicted.

    Raises:
        UsageError: no texts, different lengths, or a number that is no class.

    Example:
        >>> confusion([0, 0, 1], [0, 1, 1], classes=2).tolist()
        [[1, 1], [0, 1]]
    """
    true, predicted = checked(true, predicted, classes)
    pairs = np.bincount(true * classes + predicted, minlength=classes**2)
    return pairs.reshape(classes, classes)


def accuracy(true: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of texts whose label was found, from 0 to 1.

    Args:
        true, predicted: whole numbers [texts].

    Raises:
        UsageError: no texts, or different lengths.

    Example:
        >>> accuracy([0, 1, 1, 1], [0, 1, 1, 0])
        0.75
    """
    true, predicted = checked(true, predicted)
    return float(np.mean(true == predicted))


def macro_f1(true: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Return the mean F1 of the classes that stand in `true`, from 0 to 1.

    F1 of a class is 2 hits / (true + predicted), which is the harmonic mean of precision and
    recall, and 0 where both are 0.

    Args:
        true, predicted: whole numbers [texts], 0 <= number < classes.
        classes: how many there are, >= 1.

    Raises:
        UsageError: no texts, different lengths, or a number that is no class.

    Example:
        >>> round(macro_f1([0, 0, 1, 1], [0, 0, 0, 1], classes=3), 4)
        0.7333

    Source: Opitz and Burst 2019, Macro F1 and Macro F1, equation 2 (the mean of F1 scores).
    """
    true, predicted = checked(true, predicted, classes)
    return float(macro_f1_of_counts(*class_counts(true, predicted, classes)))


def log_loss(true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean negative natural logarithm of the true label's probability, 0 or more.

    A probability of 0 counts as the smallest step of its number format (2.2e-16 for float64,
    1.2e-7 for float32), as in scikit-learn.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        probabilities: [texts, classes], each 0 to 1.

    Raises:
        UsageError: no texts, shapes that do not fit, or a value that is no probability.

    Example:
        >>> round(log_loss([0, 1], [[0.5, 0.5], [0.25, 0.75]]), 4)
        0.4904
    """
    return float(log_losses(true, probabilities).mean())


def log_losses(true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return what each text adds to the log loss, [texts]; its mean is `log_loss`.

    Arguments and errors are those of `log_loss`.
    """
    values = np.asarray(probabilities)
    if values.ndim != 2:
        raise UsageError(
            "Probabilities must be a table of texts by classes; found an array of "
            f"{values.ndim} dimensions. Give one row a text."
        )
    values = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
    wrong = int(np.sum(~((values >= 0) & (values <= 1))))
    if wrong:
        raise UsageError(
            f"Probabilities must lie from 0 to 1; {wrong} of {values.size} values do not. "
            "Give the output of a softmax, not logits."
        )
    true, _ = checked(true, np.zeros(len(values), np.int64), values.shape[1])
    of_truth = values[np.arange(len(true)), true]
    return -np.log(np.maximum(of_truth, np.finfo(values.dtype).eps), dtype=np.float64)


def probabilities_of(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits, float32 of the same shape, each row with the sum 1.

    A text whose logits are not all finite (its network diverged) gets the same probability for
    every class: whoever knows nothing says so.

    Args:
        logits: [..., classes].

    Example:
        >>> probabilities_of(np.array([[0.0, np.log(3.0)], [np.nan, 0.0]])).tolist()
        [[0.25, 0.75], [0.5, 0.5]]
    """
    logits = np.asarray(logits, np.float64)
    known = np.isfinite(logits).all(-1, keepdims=True)
    logits = np.where(known, logits, 0.0)
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return (shifted / shifted.sum(-1, keepdims=True)).astype(np.float32)


def influence(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how much each text moves macro-F1, for a little more weight on it.

    With weights w (all 1), it is texts * d macro-F1 / d w at w = 1: to first order, macro-F1 of
    reweighted texts is macro-F1 plus the mean of (w - 1) * influence. The values sum to 0.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        predicted: the same, [texts].
        classes: how many there are, >= 1.

    Returns:
        [texts].

    Example:
        >>> influence([0, 0, 1, 1], [0, 0, 1, 0], classes=2).round(3).tolist()
        [0.16, 0.16, 0.444, -0.764]

    Source: Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans, section 6.3
    (the infinitesimal jackknife).
    """
    true, predicted = checked(true, predicted, classes)
    hits, found, there = class_counts(true, predicted, classes)
    both = np.maximum(found + there, 1)
    lost = np.where(there > 0, 2 * hits / both**2, 0.0)  # by one more text, true or predicted
    gained = np.where(true == predicted, 2 / both[true], 0.0)
    return len(true) / np.sum(there > 0) * (gained - lost[true] - lost[predicted])


def class_counts(
    true: np.ndarray, predicted: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count hits, predicted and true texts of each class: three arrays [classes]."""
    return (
        np.bincount(true[true == predicted], minlength=classes),
        np.bincount(predicted, minlength=classes),
        np.bincount(true, minlength=classes),
    )


def macro_f1_of_counts(hits: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return macro-F1 from counts [..., classes]; the classes with true texts are averaged."""
    there = true > 0
    f1 = np.where(there, 2 * hits / np.maximum(predicted + true, 1), 0.0)
    return f1.sum(-1) / np.maximum(there.sum(-1), 1)


def accuracy_of_counts(hits: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return accuracy from counts [..., classes]; `predicted` is there to fit its sibling."""
    return hits.sum(-1) / np.maximum(true.sum(-1), 1)


def checked(
    true: np.ndarray, predicted: np.ndarray, classes: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as int64 arrays, or refuse them.

    Raises:
        UsageError: no texts, different lengths, or a number that is no class.
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.ndim != 1 or true.shape != predicted.shape or not len(true):
        raise UsageError(
            "True and predicted labels must be two lists of the same length, at least 1; found "
            f"shapes {true.shape} and {predicted.shape}. Give one number a text in each."
        )
    for name, values in (("true", true), ("predicted", predicted)):
        if values.dtype.kind not in "iu":
            raise UsageError(
                f"The {name} labels must be whole numbers (positions in the list of labels); "
                f"found {values.dtype}. Give positions, not names."
            )
        if classes is not None and not (values.min() >= 0 and values.max() < classes):
            raise UsageError(
                f"The {name} labels must be from 0 to {classes - 1} ({classes} classes); found "
                f"{values.min()} to {values.max()}. Has every text been predicted?"
            )
    return true.astype(np.int64), predicted.astype(np.int64)
