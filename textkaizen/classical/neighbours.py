"""The nearest training texts, by the cosine of their bags: nothing is fitted, the bags are kept.

The ten nearest vote, each with its cosine. Of texts equally near the first are taken, so that an
answer does not depend on how a selection is programmed. A text that shares nothing with any other
is answered with the classes' shares.

Ten of 1, 5, 10 and 20 were the best on the average of three folds of the training texts of
sib200_ja, germeval2018_coarse, jrte_pn and clinc150_small. Rejected:
votes of one each (worse there), votes by one over the distance (equal texts have no distance, and
rounding would decide), a tree of distances (does not help with thousands of features).

Source: Cover & Hart 1967, Nearest neighbor pattern classification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.classical.reading import Arrays, array_of, kept, number_of, sparse_of, within
from textkaizen.nets.ensemble import FLOOR

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEIGHBOURS = 10
AT_ONCE = 2**22  # cosines


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Texts to be near to.

    Args:
        vectors: float32 [texts, features], rows of length one, or of zeros.
        labels: int32 [texts].
        count: how many vote, >= 1.
        classes: how many labels there are.
    """

    vectors: csr_matrix
    labels: np.ndarray
    count: int
    classes: int

    @cached_property
    def _columns(self) -> csr_matrix:
        return self.vectors.T.tocsr()

    @cached_property
    def _classes(self) -> csr_matrix:
        """Which class each text is of, [texts, classes]."""
        from scipy.sparse import csr_matrix

        texts = len(self.labels)
        ones, each = np.ones(texts, np.float32), np.arange(texts + 1)
        return csr_matrix((ones, self.labels, each), shape=(texts, self.classes))

    def scores(self, bags: csr_matrix) -> np.ndarray:
        """Return log-probabilities, float32 [texts, classes]."""
        votes = np.zeros((bags.shape[0], self.classes), np.float32)
        step = max(1, AT_ONCE // len(self.labels))
        for begin in range(0, bags.shape[0], step):
            cosines = (_of_length_one(bags[begin : begin + step]) @ self._columns).toarray()
            nearest = _nearest(np.maximum(cosines, 0), self.count)
            votes[begin : begin + step] = nearest @ self._classes
        alone = ~votes.any(1)
        votes[alone] = np.bincount(self.labels, minlength=self.classes)
        return np.log(np.maximum(votes / votes.sum(1, keepdims=True), FLOOR), dtype=np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all of it but `count` by name."""
        return kept("vectors", self.vectors) | {"labels": self.labels}

    def settings(self) -> dict[str, Any]:
        return {"count": self.count}


def _nearest(cosines: np.ndarray, count: int) -> np.ndarray:
    """Return the largest of each row and zeros for the others; of equals the first are taken."""
    if count >= cosines.shape[1]:
        return cosines
    least = np.partition(cosines, -count, axis=1)[:, -count, None]
    above, equal = cosines > least, cosines == least
    places = count - above.sum(1, keepdims=True)
    return np.where(above | (equal & (np.cumsum(equal, axis=1) <= places)), cosines, 0)


def _of_length_one(bags: csr_matrix) -> csr_matrix:
    from scipy.sparse import csr_matrix

    lengths = np.sqrt(np.asarray(bags.power(2).sum(1)).ravel())
    scales = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    data = bags.data * np.repeat(scales, np.diff(bags.indptr)).astype(np.float32)
    return csr_matrix((data, bags.indices, bags.indptr), shape=bags.shape)


def fit_neighbours(bags: csr_matrix, labels: np.ndarray, classes: int) -> Neighbours:
    """Keep texts.

    Args:
        bags: float [texts, features], at least one text.
        labels: int [texts].
        classes: how many labels there are.
    """
    return Neighbours(_of_length_one(bags), labels.astype(np.int32), NEIGHBOURS, classes)


def read_neighbours(
    arrays: Arrays, settings: Mapping[str, Any], classes: int, features: int
) -> Neighbours:
    """Return what `arrays` and `settings` gave, checked.

    Raises:
        ValueError: it cannot be.
    """
    labels = within("labels", array_of(arrays, "labels", "int32", (None,)), classes)
    if not len(labels):
        raise ValueError("no texts")
    vectors = sparse_of(arrays, "vectors", len(labels), features)
    count = number_of(settings, "count")
    if not isinstance(count, int):
        raise ValueError(f"{count} as count")
    return Neighbours(vectors, labels, count, classes)
