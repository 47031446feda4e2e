"""A finished model on labelled texts it has not seen: scores with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from textkaizen.data import Corpus, canonical, require_labelled, together, without_empty
from textkaizen.data.checks import quoted
from textkaizen.errors import CorpusError, listed
from textkaizen.measure.intervals import score_interval
from textkaizen.model import Model
from textkaizen.text.normalise import normalise


def evaluate(model: Model, corpus: Corpus, seed: int = 0) -> dict[str, Any]:
    """Return accuracy and macro-F1 with 95 % intervals, as plain values.

    Args:
        model: to score.
        corpus: labelled texts; each label must be one of the model's.
        seed: of the bootstrap.

    Raises:
        CorpusError: there are no texts, texts without a label, or labels the model does not know.
    """
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
    predicted = model.logits(corpus.texts).argmax(1).astype(np.int32)
    units = together(corpus, [normalise(text) for text in corpus.texts])
    scores = {}
    for metric in ("accuracy", "macro_f1"):
        value, low, high = score_interval(
            metric, truth, predicted, len(model.labels), units=units, seed=seed
        )
        scores[metric] = {"value": value, "low": low, "high": high}
    return scores | {"texts": len(corpus), "classes": len(corpus.classes)}
