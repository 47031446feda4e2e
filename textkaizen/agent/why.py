"""Why a text is answered as it is: how much each of its words speaks for the label.

What is explained is the label's logit less the mean of all labels' logits (only differences between
logits mean anything: what raises all alike speaks for none), and of an ensemble its mean over the
members; Monte-Carlo masks are left aside. A word's contribution is how much of it the word accounts
for, beside a text without any word; all contributions add up to the difference between the two,
which is checked. For a linear model they are its weights times the text's, and so exact. Where a
network reads in order, a text whose words say nothing (embeddings of zero) takes the place of one
without words.

Source: see `nets/attribution.py` and, of those that read in order, `nets/encoders/attribution.py`
(numbers of features) and `text/shares.py` (words).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.errors import ModelError, UsageError, listed
from textkaizen.model import Model
from textkaizen.nets.attribution import contributions, difference
from textkaizen.nets.encoders.attribution import word_contributions
from textkaizen.text.ordered import told_in_order
from textkaizen.text.shares import on_words

if TYPE_CHECKING:
    from textkaizen.agent.nearest import Nearest

TOLERANCE = 1e-3  # of the largest number in the sum; float32 keeps it a thousand times better


@dataclass(frozen=True)
class Explanation:
    """Why a text has a label.

    Args:
        label: that is explained.
        logit: of the label at this text, less the mean of all labels.
        without_words: the same for a text without any word.
        words: the words in the order of the text with their contributions, which add up to
            `logit - without_words`; above 0 speaks for the label. What is no word is in brackets.
    """

    label: str
    logit: float
    without_words: float
    words: list[tuple[str, float]]

    def strongest(self, most: int) -> list[tuple[str, float]]:
        """Return the words that decide most, for or against, strongest first; none that is 0."""
        ranked = sorted(self.words, key=lambda each: -abs(each[1]))
        return [each for each in ranked[:most] if each[1]]


def why(model: Model, text: str) -> list[tuple[str, float]]:
    """Return how much each word of a text speaks for its answer.

    Args:
        model: a network, or a linear model.
        text: any.

    Returns:
        The words in the order of the text, see `Explanation`.

    Raises:
        UsageError: the model is a classifier that is no network.
    """
    return explain(model, text).words


def explain(model: Model, text: str, label: str | None = None) -> Explanation:
    """Return why a text has a label.

    Args:
        model: a network, or a linear model.
        text: any.
        label: one of the model's; None is its answer.

    Raises:
        UsageError: the model is a classifier that is no network, or has no such label.
        ModelError: contributions do not add up, since the weights are no numbers.
    """
    require_explainable(model)
    label = model.answer(text)[0][0] if label is None else label
    if label not in model.labels:
        raise UsageError(
            f"The label must be one of the model's; found '{label}'. It knows "
            f"{listed(model.labels)}."
        )
    classes = len(model.labels)
    direction = np.full(classes, -1 / classes)
    direction[model.labels.index(label)] += 1
    bag = model.vocabulary.bag(text)
    if model.vocabulary.longest:
        found, logit, empty = word_contributions(model.networks, bag[0], direction)
        words = told_in_order(model.vocabulary, text, found)
        _require_complete(words, logit, empty)
        return Explanation(label, logit, empty, words)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number is told below
        found = contributions(model.networks, *bag, direction)
        logit, empty = difference(model.networks, *bag, direction)
    words = on_words(model.vocabulary, text, bag[0], found)
    _require_complete(words, logit, empty)
    return Explanation(label, logit, empty, words)


def reasons(
    model: Model, text: str, top_k: int | None = None, nearest: Nearest | None = None
) -> dict[str, Any]:
    """Return an explanation as plain values.

    Args:
        model: a network, or a linear model.
        text: any.
        top_k: the strongest words only, strongest first; None is all in the order of the text.
        nearest: finds labelled texts that are like it.

    Returns:
        `text`, `label`, `probability`, `logit` and `without_words` as in `Explanation`, `words`
        (each a `word` and its `contribution`) and, if asked for, `nearest` (`text`, `label`,
        `similarity`).

    Raises:
        UsageError, ModelError: as of `explain`.
    """
    label, probability = model.answer(text)[0]
    found = explain(model, text, label)
    words = found.words if top_k is None else found.strongest(top_k)
    values: dict[str, Any] = {
        "text": text,
        "label": label,
        "probability": round(probability, 6),
        "logit": round(found.logit, 6),
        "without_words": round(found.without_words, 6),
        "words": [{"word": word, "contribution": round(number, 6)} for word, number in words],
    }
    if nearest is not None:
        near = [each._replace(similarity=round(each.similarity, 6)) for each in nearest(text)]
        values["nearest"] = [each._asdict() for each in near]
    return values


def require_explainable(model: Model) -> None:
    """Refuse a model whose answers no sum over words explains.

    Raises:
        UsageError: it is such a one.
    """
    if not model.networks:
        raise UsageError(
            f"Words can be told for networks and linear models; {model.kind} gives no explanation, "
            "since its answer is no sum that could be parted among words. The nearest training "
            "texts (--data) can be shown for every model."
        )


def _require_complete(words: list[tuple[str, float]], logit: float, empty: float) -> None:
    numbers = [number for _, number in words]
    size = max(1.0, abs(logit), abs(empty), sum(map(abs, numbers)))
    if not abs(sum(numbers) - (logit - empty)) <= TOLERANCE * size:
        raise ModelError(
            "The contributions of words must add up to the logit they explain; found "
            f"{sum(numbers):g} instead of {logit - empty:g}. The weights are too large or no "
            "numbers: train the model again."
        )
