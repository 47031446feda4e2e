"""A finished model on labelled texts it has not seen: scores with intervals.

Monte-Carlo dropout is scored beside the network that all units answer for, text by text: two
scores with overlapping intervals would not tell whether averaging over masks does anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from textkaizen.data import Corpus, canonical, require_labelled, together, without_empty
from textkaizen.data.checks import quoted
from textkaizen.errors import CorpusError, UsageError, listed
from textkaizen.measure.compare import Difference, paired
from textkaizen.measure.intervals import score_interval
from textkaizen.model import Model
from textkaizen.recipe import layerwise
from textkaizen.text.normalise import normalise

METRICS = ("accuracy", "macro_f1")


def evaluate(
    model: Model, corpus: Corpus, seed: int = 0, monte_carlo: int | None = None
) -> dict[str, Any]:
    """Return accuracy and macro-F1 with 95 % intervals, as plain values; of a network that reads in
    order the share of words it does not know, too.

    Args:
        model: to score.
        corpus: labelled texts; each label must be one of the model's.
        seed: of the bootstrap.
        monte_carlo: dropout masks, >= 1, over which answers are averaged. The scores are then
            those of all units, whatever the recipe says, and under "monte_carlo" stand those of the
            average, with the difference it makes. None: the model answers as its recipe says.

    Raises:
        CorpusError: there are no texts, texts without a label, or labels the model does not know.
        UsageError: `monte_carlo` is less than 1, or the model was trained without dropout.

    Source: Gal & Ghahramani 2016, Dropout as a Bayesian approximation, section 3 (the average).
    """
    averaged = None
    if monte_carlo is not None:
        _require_dropout(model, monte_carlo)
        averaged, model = model.with_masks(monte_carlo), model.with_masks(0)
    texts = _labelled_texts(model, corpus)
    before = texts.predicted_by(model)
    found = texts.scores(before, seed)
    if model.vocabulary.longest:
        from textkaizen.text.ordered import unknown_share

        found["words_unknown"] = unknown_share(model.vocabulary, texts.corpus.texts)
    found |= {"texts": len(texts.corpus), "classes": len(texts.corpus.classes)}
    if averaged is not None:
        after = texts.predicted_by(averaged)
        gaps = texts.differences(before, after, seed)
        differences = {metric: _plain(gaps[metric]) for metric in METRICS}
        own = {"masks": monte_carlo} | texts.scores(after, seed)
        found["monte_carlo"] = own | {"difference": differences}
    return found


@dataclass(frozen=True)
class _Texts:
    """Labelled texts as numbers.

    Args:
        corpus: in canonical order, without empty texts.
        truth: int32 [texts], positions among the labels of the model.
        units: of each text.
        classes: of the model.
    """

    corpus: Corpus
    truth: np.ndarray
    units: np.ndarray
    classes: int

    def predicted_by(self, model: Model) -> np.ndarray:
        """Return the position of each text's most probable label."""
        return model.logits(self.corpus.texts).argmax(1).astype(np.int32)

    def scores(self, predicted: np.ndarray, seed: int) -> dict[str, Any]:
        """Return both scores with their intervals."""
        scores = {}
        for metric in METRICS:
            value, low, high = score_interval(
                metric, self.truth, predicted, self.classes, units=self.units, seed=seed
            )
            scores[metric] = {"value": value, "low": low, "high": high}
        return scores

    def differences(
        self, before: np.ndarray, after: np.ndarray, seed: int
    ) -> dict[str, Difference]:
        """Return what changes from one set of answers to the other; both are one network's."""
        one_network = np.zeros((1, len(self.truth)), np.int32)
        return paired(
            self.truth,
            before[None],
            after[None],
            one_network,
            classes=self.classes,
            units=self.units,
            seed=seed,
        )


def _labelled_texts(model: Model, corpus: Corpus) -> _Texts:
    """Bring texts into canonical order and number their labels."""
    corpus = canonical(corpus)
    require_labelled(corpus)
    corpus = without_empty(corpus)
    unknown = sorted(set(corpus.labels) - set(model.labels))
    if unknown:
        raise CorpusError(
            f"Every label must be one the model knows; {corpus.name} has "
            f"{listed(map(quoted, unknown))}. The model knows {listed(map(quoted, model.labels))}."
        )
    position = {label: number for number, label in enumerate(model.labels)}
    truth = np.array([position[label] for label in corpus.labels], np.int32)
    units = together(corpus, [normalise(text) for text in corpus.texts])
    return _Texts(corpus, truth, units, len(model.labels))


def _require_dropout(model: Model, masks: int) -> None:
    """Refuse what cannot be averaged over.

    Raises:
        UsageError: fewer than one mask, or no dropout to draw them by.
    """
    if masks < 1:
        raise UsageError(f"At least 1 dropout mask is needed; found {masks}. Give 30 or so.")
    if not any(layerwise(model.recipe.knobs.dropout, 1)):
        raise UsageError(
            "Monte-Carlo dropout averages over masks of a network that was trained with dropout; "
            f"this model ({model.kind.replace('_', ' ')}) was trained without. Train one with "
            "knobs.dropout above 0, or evaluate it without masks."
        )


def _plain(gap: Difference) -> dict[str, float]:
    return {"difference": gap.value, "low": gap.low, "high": gap.high, "p": gap.p}
