"""Sparse bags and dense vectors of the same texts, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # who labels one text needs no matrices, and SciPy is slow to import
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Mixed:
    """What a network reads of some texts: features that are mostly 0, and numbers that are not.

    It is one matrix of features + numbers columns whose parts are kept as what they are: as sparse
    entries the numbers would take twice the memory and many times the work, as dense columns the
    features would fill it.

    Args:
        bags: float32 CSR [texts, features].
        vectors: float32 [texts, numbers].

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> bags = csr_matrix(np.eye(2, dtype=np.float32))
        >>> mixed = Mixed(bags, np.full((2, 1), 0.5, np.float32))
        >>> mixed.shape
        (2, 3)
        >>> mixed[[1]].hstacked().toarray()
        array([[0. , 1. , 0.5]], dtype=float32)
    """

    bags: csr_matrix
    vectors: np.ndarray

    def __post_init__(self) -> None:
        assert self.bags.shape[0] == len(self.vectors), (self.bags.shape, self.vectors.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Texts, and features and numbers together."""
        return self.bags.shape[0], self.bags.shape[1] + self.vectors.shape[1]

    @property
    def nbytes(self) -> int:
        """What it takes, bytes."""
        own = self.bags
        return own.data.nbytes + own.indices.nbytes + own.indptr.nbytes + self.vectors.nbytes

    def __getitem__(self, rows: Any) -> Mixed:
        """Return some texts: a slice, whole numbers or a mask, [rows]."""
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.size == 0:
                rows = rows.astype(np.int64)  # [] is an array of floats
        return Mixed(self.bags[rows], self.vectors[rows])

    def __matmul__(self, kernel: np.ndarray) -> np.ndarray:
        """Return the product with a matrix [features + numbers, units], [texts, units]."""
        features = self.bags.shape[1]
        return self.bags @ kernel[:features] + self.vectors @ kernel[features:]

    def hstacked(self) -> csr_matrix:
        """Return all of it as float32 CSR [texts, features + numbers].

        Only for learners that read nothing else: every number becomes a sparse entry.
        """
        from scipy.sparse import csr_matrix

        own, (texts, columns) = self.bags, self.shape
        features, numbers = own.shape[1], self.vectors.shape[1]
        sizes = np.diff(own.indptr).astype(np.int64)
        starts = np.zeros(texts + 1, np.int64)
        np.cumsum(sizes + numbers, out=starts[1:])
        index = np.int32 if max(starts[-1], columns) < 2**31 else np.int64
        data, indices = np.empty(starts[-1], np.float32), np.empty(starts[-1], index)
        dense = starts[1:, None] - numbers + np.arange(numbers)  # after a text's own features
        sparse = np.ones(len(data), np.bool_)
        sparse[dense] = False
        data[sparse], indices[sparse] = own.data, own.indices
        data[dense], indices[dense] = self.vectors, features + np.arange(numbers, dtype=index)
        return csr_matrix((data, indices, starts.astype(index)), shape=self.shape)
