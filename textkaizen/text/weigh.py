"""Counts -> TF-IDF weights, row by row, a piece of the rows at a time on all cores.

A piece is small enough to stay near the processor, and what it needs besides its result is soon let
go: memory follows the non-zeros of what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.recipe import TextRules
from textkaizen.text.threads import in_order

MOST_ENTRIES = 2**19  # of a piece


@dataclass(frozen=True)
class Weighing:
    """What turns counts into weights.

    Args:
        kept: for each column of the counts its feature, -1 for none: int32.
        idf: float32 [features].
        split: how many features are words, the others are characters.
        rules: how counts are weighed.
    """

    kept: np.ndarray
    idf: np.ndarray
    split: int
    rules: TextRules


def texts_with(matrix: csr_matrix, rows: np.ndarray) -> np.ndarray:
    """Return in how many of some texts each feature stands, int64 [features]."""
    found = np.zeros(matrix.shape[1], np.int64)
    for some in _parted(matrix, rows):
        found += np.bincount(_rows(matrix, some).indices, minlength=len(found))
    return found


def weigh(matrix: csr_matrix, rows: np.ndarray, weighing: Weighing) -> csr_matrix:
    """Return the weights of some texts, TF-IDF by default; words and characters each by itself.

    Args:
        matrix: counts of all texts, float32 CSR.
        rows: texts' numbers.

    Returns:
        float32 CSR [rows, features].
    """
    most = int(np.diff(matrix.indptr)[rows].sum())
    # Pages that are never touched are never given; what is too much is returned at the end.
    data, indices = np.empty(most, np.float32), np.empty(most, matrix.indices.dtype)
    starts, filled, row = np.zeros(len(rows) + 1, matrix.indptr.dtype), 0, 0
    pieces = _parted(matrix, rows)
    for part in in_order(partial(_weighed, matrix, some, weighing) for some in pieces):
        end, texts = filled + part.nnz, part.shape[0]
        data[filled:end], indices[filled:end] = part.data, part.indices
        starts[row + 1 : row + texts + 1] = filled + part.indptr[1:]
        filled, row = end, row + texts
    data.resize(filled, refcheck=False)
    indices.resize(filled, refcheck=False)
    return csr_matrix((data, indices, starts), shape=(len(rows), len(weighing.idf)))


def _parted(matrix: csr_matrix, rows: np.ndarray) -> list[np.ndarray]:
    """Part rows into pieces of about MOST_ENTRIES."""
    ends = np.cumsum(np.diff(matrix.indptr)[rows], dtype=np.int64)
    pieces = int(ends[-1]) // MOST_ENTRIES + 1 if len(ends) else 1
    return np.split(rows, np.searchsorted(ends, np.arange(1, pieces) * MOST_ENTRIES))


def _rows(matrix: csr_matrix, rows: np.ndarray) -> csr_matrix:
    """Return some rows; those that are neighbours are not copied."""
    if not len(rows) or (np.diff(rows) != 1).any():
        return matrix[rows]
    starts = matrix.indptr[rows[0] : rows[-1] + 2]
    own = slice(starts[0], starts[-1])
    shape = (len(rows), matrix.shape[1])
    return csr_matrix((matrix.data[own], matrix.indices[own], starts - starts[0]), shape=shape)


def _weighed(matrix: csr_matrix, rows: np.ndarray, weighing: Weighing) -> csr_matrix:
    part = _rows(matrix, rows)
    features = weighing.kept[part.indices]
    there = np.flatnonzero(features >= 0)
    starts = np.searchsorted(there, part.indptr).astype(part.indptr.dtype)
    shape = (len(rows), len(weighing.idf))
    counted = csr_matrix((part.data[there], features[there], starts), shape=shape)
    counted.sort_indices()
    data, indices = counted.data.astype(np.float32, copy=False), counted.indices
    rules = weighing.rules
    if rules.binary:
        data = np.ones_like(data)
    elif rules.sublinear:
        data = np.log(data) + np.float32(1)
    data *= weighing.idf[indices]
    characters = indices >= weighing.split
    if rules.norm != "none" and len(data):
        # Two sums for each text: of its words and of its characters.
        sums = np.repeat(np.arange(len(rows)), np.diff(starts)) + len(rows) * characters
        data = (data / _lengths(data, sums, rules.norm)[sums]).astype(np.float32)
    for weight, own in ((rules.word_weight, ~characters), (rules.character_weight, characters)):
        if weight != 1:
            data[own] *= np.float32(weight)
    return csr_matrix((data, indices, starts), shape=shape)


def _lengths(data: np.ndarray, sums: np.ndarray, norm: str) -> np.ndarray:
    """Return what brings the weights of each sum to length or sum one."""
    if norm == "l1":
        return np.bincount(sums, weights=data)
    return np.sqrt(np.bincount(sums, weights=np.square(data, dtype=np.float64)))
