"""One metric of several sets of answers: as they are, on texts drawn anew, and text by text.

Three kinds of metrics, and what is exact in each:

counts   accuracy and macro-F1 come from counts a class (`measure/intervals.py`): draws are exact,
         what a text adds is exact for accuracy and to first order (its influence) for macro-F1;
means    log loss is a mean of texts: all is exact. Less is better, so that its score here is its
         negative, and a difference is positive where it is better after, as for every metric;
scorers  any other of scikit-learn's is called as it is (`measure/scorers.py`): approximate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.answers import Answers
from textkaizen.measure.intervals import METRICS, Counts, drawn_weights
from textkaizen.measure.metrics import influence, log_losses

LOG_LOSS = "log_loss"
OWN_METRICS = ("macro_f1", "accuracy", LOG_LOSS)


@dataclass(frozen=True)
class Texts:
    """The texts that were answered.

    Args:
        true: whole numbers [texts].
        units: numbered from 0 without gaps, [texts].
        networks: which network answered, numbered from 0 without gaps, [seeds, texts].
        classes: how many there are.
    """

    true: np.ndarray
    units: np.ndarray
    networks: np.ndarray
    classes: int


@dataclass(frozen=True)
class Draws:
    """How texts are drawn anew: which seed, how often."""

    seed: int
    draws: int


@dataclass(frozen=True)
class Scored:
    """One metric of several tables of answers; more is better.

    Args:
        values: [tables, seeds].
        drawn: of units drawn anew, the same for all tables and seeds, [draws, tables, seeds].
        moves: what each text adds, [tables, seeds, texts]; the mean over texts is `values`.
        groups: [texts]; texts of one group may move together: units, or groups of units.
        reach: largest value the metric can have, and its negative the smallest.
    """

    values: np.ndarray
    drawn: np.ndarray
    moves: np.ndarray
    groups: np.ndarray
    reach: float


def needs_probabilities(metric: str) -> bool:
    """Whether a metric reads probabilities, or predicted labels alone.

    Raises:
        UsageError: an unknown metric, or one that does not judge labels.

    Example:
        >>> needs_probabilities("macro_f1"), needs_probabilities("log_loss")
        (False, True)
        >>> needs_probabilities("balanced_accuracy"), needs_probabilities("roc_auc_ovr")
        (False, True)
    """
    if metric in OWN_METRICS:
        return metric == LOG_LOSS
    # Only here: scikit-learn takes a second to import, and most comparisons never ask for it.
    from textkaizen.measure import scorers

    return scorers.needs_probabilities(metric)


def require_probabilities(metrics: Sequence[str], tables: Sequence[Answers]) -> None:
    """Refuse metrics that nobody knows, and answers without the probabilities a metric needs."""
    wanting = [metric for metric in metrics if needs_probabilities(metric)]
    if wanting and any(table.probabilities is None for table in tables):
        raise UsageError(
            f"{wanting[0]} needs the probability of every class for each text; found predictions "
            "alone. Keep probabilities when predicting, or choose a metric of labels, such as "
            "macro_f1."
        )


def score(metric: str, true: np.ndarray, answers: Answers, classes: int) -> np.ndarray:
    """Return one score a seed, more is better, [seeds].

    Args:
        metric: one of OWN_METRICS or the name of one of scikit-learn's scorers.
        true: whole numbers [texts].
        answers: to these texts.
        classes: how many there are.
    """
    if metric in METRICS:
        predicted = np.asarray(answers.predicted)
        return Counts(true, predicted, np.arange(len(true)), classes).scores()[metric]
    if metric == LOG_LOSS:
        return _log_scores(true, answers).mean(-1)
    from textkaizen.measure import scorers

    every = np.arange(len(true))
    return np.array([one(every) for one in scorers.callers(metric, true, answers, classes)])


def scored(
    metrics: Sequence[str], tables: Sequence[Answers], texts: Texts, draws: Draws
) -> dict[str, Scored]:
    """Score several recipes' answers to the same texts by each metric.

    Args:
        metrics: names.
        tables: one of each recipe, checked.
        texts: that were answered.
        draws: how they are drawn anew.
    """
    found: dict[str, Scored] = {}
    if any(metric in METRICS for metric in metrics):
        found |= _counted(tables, texts, draws)
    if LOG_LOSS in metrics:
        found[LOG_LOSS] = _averaged(tables, texts, draws)
    for metric in metrics:
        if metric not in OWN_METRICS:
            from textkaizen.measure import scorers

            found[metric] = scorers.scored(metric, tables, texts, draws)
    return {metric: found[metric] for metric in metrics}


def _counted(tables: Sequence[Answers], texts: Texts, draws: Draws) -> dict[str, Scored]:
    """Score by the metrics that count texts."""
    true, classes = texts.true, texts.classes
    stacked = np.concatenate([table.predicted for table in tables])
    shape = (len(tables), len(tables[0].predicted))
    counts = Counts(true, stacked, texts.units, classes)
    values, drawn = counts.scores(), counts.drawn_scores(draws.seed, draws.draws)
    slopes = np.stack([influence(true, row, classes) for row in stacked])
    moves = {
        "macro_f1": values["macro_f1"][:, None] + slopes,
        "accuracy": (stacked == true).astype(float),
    }
    return {
        metric: Scored(
            values[metric].reshape(shape),
            drawn[metric].reshape(-1, *shape),
            moves[metric].reshape(*shape, -1),
            texts.units,
            1.0,
        )
        for metric in METRICS
    }


def _averaged(tables: Sequence[Answers], texts: Texts, draws: Draws) -> Scored:
    """Score by the negative log loss."""
    moves = np.stack([_log_scores(texts.true, table) for table in tables])
    rows = moves.reshape(-1, len(texts.true))
    sums = np.stack([np.bincount(texts.units, row) for row in rows])
    sizes = np.bincount(texts.units).astype(float)
    drawn = [
        (sums @ weights / (sizes @ weights)).T
        for weights in drawn_weights(len(sizes), draws.seed, draws.draws, len(sizes))
    ]
    shape = moves.shape[:2]
    return Scored(
        moves.mean(-1), np.concatenate(drawn).reshape(-1, *shape), moves, texts.units, np.inf
    )


def _log_scores(true: np.ndarray, answers: Answers) -> np.ndarray:
    """Logarithm of the true label's probability, [seeds, texts]."""
    assert answers.probabilities is not None  # `require_probabilities` has seen to it
    return np.stack([-log_losses(true, rows) for rows in answers.probabilities])
