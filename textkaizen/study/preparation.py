"""Labelled texts -> training texts and held-out texts, before anything is learnt from either."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from textkaizen.data import (
    Corpus,
    canonical,
    content_hash,
    hold_out,
    overlap,
    require,
    together,
    warnings,
)
from textkaizen.errors import CorpusError, listed
from textkaizen.text.normalise import normalise

HELD_OUT = 0.2  # share of the texts that nothing is chosen on, when no test file is given
LEAST_FOLDS = 3  # a class with fewer texts than this cannot be in every fold


@dataclass(frozen=True)
class Prepared:
    """What is learnt from, what is not, and what is to be said about both.

    Args:
        training: in canonical order.
        held_out: in canonical order; None when nothing is held out.
        facts: what goes into `verdicts.json` under "data".
    """

    training: Corpus
    held_out: Corpus | None
    facts: dict[str, Any]

    @property
    def smallest_class(self) -> int:
        """Training texts of the smallest class."""
        return min(Counter(self.training.labels).values())


def prepare(corpus: Corpus, test: Corpus | None, seed: int, hold: bool = True) -> Prepared:
    """Bring texts into canonical order, check them, and hold the test texts out first.

    Args:
        corpus: labelled texts in any order.
        test: texts to hold out; None draws a fifth, stratified, whole units.
        seed: of that draw.
        hold: False holds nothing out (for a study, which does not look at a final model).

    Raises:
        CorpusError: the texts cannot be trained on, or a test label is unknown in training.
    """
    corpus = canonical(corpus)
    require(corpus, LEAST_FOLDS)
    keys = [normalise(text) for text in corpus.texts]
    facts: dict[str, Any] = {
        "path": corpus.name,
        "hash": content_hash(corpus),
        "texts": len(corpus),
        "classes": len(corpus.classes),
    }
    if test is not None:
        test = canonical(test)
        test_keys = [normalise(text) for text in test.texts]
        said = warnings(corpus, keys, LEAST_FOLDS, test, test_keys)
        unknown = sorted(set(test.labels) - set(corpus.labels))
        if unknown:
            raise CorpusError(
                f"Every label of the test texts must be in the training texts; {test.name} has "
                f"{listed(unknown)}, which {corpus.name} lacks. Add training texts or drop them."
            )
        shared = overlap(keys, test_keys)
        training = corpus.take(np.flatnonzero(~shared))
        facts |= {"test_path": test.name, "test_hash": content_hash(test)}
    else:
        said = warnings(corpus, keys, LEAST_FOLDS)
        training = corpus
        if hold:
            held = hold_out(corpus.labels, together(corpus, keys), HELD_OUT, seed)
            training, test = corpus.take(np.flatnonzero(~held)), corpus.take(np.flatnonzero(held))
    require(training, LEAST_FOLDS)
    facts |= {
        "training_texts": len(training),
        "test_texts": len(test) if test is not None else 0,
        "warnings": list(said),
    }
    return Prepared(training, test, facts)


def check_texts(corpus: Corpus, test: Corpus | None) -> dict[str, Any]:
    """Say what is wrong with labelled texts, as plain values; nothing is held out.

    Raises:
        CorpusError: what is wrong is so bad that nothing could be trained.
    """
    keys = [normalise(text) for text in corpus.texts]
    test_keys = [normalise(text) for text in test.texts] if test is not None else None
    require(corpus, LEAST_FOLDS)
    return {
        "path": corpus.name,
        "texts": len(corpus),
        "classes": len(corpus.classes),
        "warnings": list(warnings(corpus, keys, LEAST_FOLDS, test, test_keys)),
    }
