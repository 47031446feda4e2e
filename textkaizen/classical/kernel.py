"""A support vector machine with a Gaussian kernel: the texts it needs, and a weight for each.

libsvm (in scikit-learn) fits one machine for each pair of classes. Kept are the support vectors as
sparse rows, so prediction is one sparse product and one matrix product for each class; scores are
scikit-learn's `decision_function`, votes of the pairs and a fraction that tells equal votes apart.

C is 10, as of logistic regression; gamma is scikit-learn's "scale", one over the number of features
and their variance. Rejected: probabilities (libsvm's fit five times over, and may contradict the
votes), a table of all kernel values (memory grows with the square of the texts).

Source: Cortes & Vapnik 1995, Support-vector networks; Chang & Lin 2011, LIBSVM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.classical.linear import NEVER
from textkaizen.classical.reading import (
    Arrays,
    array_of,
    kept,
    number_of,
    rising,
    sparse_of,
    within,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SVC = {"C": 10.0, "gamma": "scale", "cache_size": 500}  # the cache in megabytes
AT_ONCE = 2**22  # kernel values, or values of pairs


@dataclass(frozen=True, eq=False)
class KernelMachine:
    """What a kernel machine knows; p classes have texts.

    Args:
        vectors: float32 [vectors, features], class by class.
        counts: int32 [p], support vectors of each class.
        weights: float32 [p - 1, vectors]: of a vector of class i in the machines of class i and
            each other class, in their order.
        biases: float32 [p * (p - 1) / 2]: of the pairs (0, 1), (0, 2), ... (1, 2), ...
        present: int32 [p], p >= 2: the classes that have texts.
        gamma: of the kernel exp(-gamma * |x - y|**2).
        classes: how many there are.
    """

    vectors: csr_matrix
    counts: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    present: np.ndarray
    gamma: float
    classes: int

    @cached_property
    def _columns(self) -> csr_matrix:
        return self.vectors.astype(np.float64).T.tocsr()

    @cached_property
    def _squares(self) -> np.ndarray:
        return np.asarray(self.vectors.astype(np.float64).power(2).sum(1)).ravel()

    def scores(self, bags: csr_matrix) -> np.ndarray:
        """Return float32 [texts, classes]: the margin of one of two classes, or votes."""
        found = np.full((bags.shape[0], self.classes), NEVER, np.float32)
        step = max(1, AT_ONCE // max(self.vectors.shape[0], len(self.present) ** 2))
        for begin in range(0, bags.shape[0], step):
            part = bags[begin : begin + step].astype(np.float64)
            pairs = self._pairs(self._kernel(part))
            found[begin : begin + step, self.present] = _votes(pairs, len(self.present))
        return found

    def _kernel(self, bags: csr_matrix) -> np.ndarray:
        """Return exp(-gamma * |x - y|**2), float64 [texts, vectors]."""
        squares = np.asarray(bags.power(2).sum(1)) + self._squares
        return np.exp(-self.gamma * (squares - 2 * (bags @ self._columns).toarray()))

    def _pairs(self, kernel: np.ndarray) -> np.ndarray:
        """Return each pair's machine, [pairs, texts]: above 0 it says the first of the two."""
        ends = np.cumsum(self.counts)
        parts = [slice(end - count, end) for end, count in zip(ends, self.counts, strict=True)]
        weights = self.weights.astype(np.float64)
        own = np.stack([weights[:, part] @ kernel[:, part].T for part in parts])
        one, other = np.triu_indices(len(parts), 1)
        return own[one, other - 1] + own[other, one] + self.biases[:, None].astype(np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all of it but `gamma` by name."""
        names = ("counts", "weights", "biases", "present")
        return kept("vectors", self.vectors) | {name: getattr(self, name) for name in names}

    def settings(self) -> dict[str, Any]:
        return {"gamma": self.gamma}


def _votes(pairs: np.ndarray, classes: int) -> np.ndarray:
    """Return scikit-learn's decision values, [texts, classes]; of two classes -d and d."""
    if classes == 2:
        return np.stack([pairs[0], -pairs[0]], 1)
    one, other = np.triu_indices(classes, 1)
    sums, votes = np.zeros((2, pairs.shape[1], classes, classes))
    sums[:, one, other], sums[:, other, one] = pairs.T, -pairs.T
    votes[:, one, other], votes[:, other, one] = pairs.T >= 0, pairs.T < 0
    total = sums.sum(2)
    return votes.sum(2) + total / (3 * (np.abs(total) + 1))


def fit_kernel(bags: csr_matrix, labels: np.ndarray, classes: int) -> KernelMachine:
    """Fit a machine for each pair of classes.

    Args:
        bags: float [texts, features].
        labels: int [texts], of two classes at least.
        classes: how many labels there are.
    """
    from sklearn.svm import SVC as Machine

    present, own = np.unique(labels, return_inverse=True)
    found = Machine(**SVC).fit(bags, own)
    # Of two classes scikit-learn gives the second one's margin; of more, the first one's of a pair.
    sign = -1 if len(present) == 2 else 1
    weights = found.dual_coef_
    return KernelMachine(
        found.support_vectors_.tocsr().astype(np.float32),
        found.n_support_.astype(np.int32),
        (sign * (weights.toarray() if hasattr(weights, "toarray") else weights)).astype(np.float32),
        (sign * found.intercept_).astype(np.float32),
        present.astype(np.int32),
        float(found._gamma),
        classes,
    )


def read_kernel(
    arrays: Arrays, settings: Mapping[str, Any], classes: int, features: int
) -> KernelMachine:
    """Return what `arrays` and `settings` gave, checked.

    Raises:
        ValueError: it cannot be.
    """
    present = rising("present", array_of(arrays, "present", "int32", (None,)))
    within("present", present, classes)
    count = len(present)
    if count < 2:
        raise ValueError("fewer than two classes in present")
    vectors = sparse_of(arrays, "vectors", None, features)
    counts = array_of(arrays, "counts", "int32", (count,))
    if (counts < 0).any() or counts.sum(dtype=np.int64) != vectors.shape[0]:
        raise ValueError("counts that are not those of its vectors")
    weights = array_of(arrays, "weights", "float32", (count - 1, vectors.shape[0]))
    biases = array_of(arrays, "biases", "float32", (count * (count - 1) // 2,))
    gamma = number_of(settings, "gamma")
    return KernelMachine(vectors, counts, weights, biases, present, gamma, classes)
