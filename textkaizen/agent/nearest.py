"""The labelled texts that are most like one that was asked, by the features the model reads.

Rejected: an index (a product of sparse matrices takes milliseconds for a hundred thousand texts).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from textkaizen.data.mixed import Mixed
from textkaizen.text.vectorise import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textkaizen.data import Corpus


class Near(NamedTuple):
    """A labelled text near another one.

    Args:
        text, label: as they were labelled.
        similarity: cosine of their bags, at most 1.
    """

    text: str
    label: str
    similarity: float


Nearest = Callable[[str], list[Near]]


def nearest_among(vocabulary: Vocabulary, corpus: Corpus, most: int = 3) -> Nearest:
    """Return what finds the nearest of labelled texts.

    Args:
        vocabulary: of the model.
        corpus: labelled texts; their bags are made when the first text is asked.
        most: how many are found. Equal rows count once; what shares no feature is not near.
    """

    def bags_of(texts: Sequence[str]) -> csr_matrix:
        found = vocabulary.bags(texts)
        own = found.hstacked() if isinstance(found, Mixed) else found
        own.sum_duplicates()  # a text that is read in order may hold a word twice
        return _of_length_one(own)

    @cache
    def rows() -> csr_matrix:
        return bags_of(corpus.texts)

    def nearest(text: str) -> list[Near]:
        bags = rows()
        alike = (bags @ bags_of([text]).T).toarray().ravel()
        found: dict[tuple[str, str], Near] = {}
        for row in np.argsort(-alike, kind="stable").tolist():
            if len(found) == most or not alike[row] > 0:
                break
            own = corpus.texts[row], corpus.labels[row]
            found.setdefault(own, Near(*own, min(float(alike[row]), 1.0)))
        return list(found.values())

    return nearest


def _of_length_one(bags: csr_matrix) -> csr_matrix:
    """Bring each row to length one; an empty one stays empty."""
    scaled = bags.copy()
    lengths = np.sqrt(np.asarray(bags.power(2).sum(1)).ravel())
    scaled.data = bags.data / np.repeat(np.maximum(lengths, 1e-30), np.diff(bags.indptr))
    return scaled
