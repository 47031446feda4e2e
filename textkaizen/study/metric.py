"""Whether a metric can decide on these texts, found out before anything is trained."""

from __future__ import annotations

import numpy as np

from textkaizen.data import Corpus
from textkaizen.measure.answers import Answers
from textkaizen.measure.compare import needs_probabilities
from textkaizen.measure.scores import score

MACRO_F1 = "macro_f1"


def require_metric(metric: str, corpus: Corpus) -> bool:
    """Return whether a metric needs probabilities; refuse one that is not defined here.

    It scores made-up answers, two of three right: a metric of two classes fails at three of them.

    Args:
        metric: "macro_f1", "accuracy", "log_loss" or one of scikit-learn's scorers.
        corpus: labelled texts, each label at least once.

    Raises:
        UsageError: there is no such metric (with the nearest one), or not for such labels.

    Example:
        >>> require_metric("macro_f1", Corpus(("a", "b"), ("x", "y")))
        False
        >>> require_metric("makro_f1", Corpus(("a", "b"), ("x", "y")))
        Traceback (most recent call last):
        textkaizen.errors.UsageError: A metric must be macro_f1, accuracy, log_loss or the name ...
    """
    needed = needs_probabilities(metric)
    number = {label: position for position, label in enumerate(corpus.classes)}
    true, classes = np.array([number[label] for label in corpus.labels]), len(number)
    wrong = np.arange(len(true)) % 3 == 2
    predicted = np.where(wrong, (true + 1) % classes, true)
    # Half for the answer and half for all labels alike: no probability is 0 or 1.
    rows = (np.eye(classes)[predicted] + 1 / classes) / 2 if needed else None
    score(metric, true, Answers(predicted[None], None if rows is None else rows[None]), classes)
    return needed
