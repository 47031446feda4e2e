"""Counts -> bags: a vocabulary and its IDF, learnt from training texts only.

TF-IDF as scikit-learn computes it (smoothed IDF, sublinear counts, each kind of feature brought to
length one by itself), words and characters side by side. `Vocabulary` is what a model keeps.

Rejected: `TfidfVectorizer` for prediction (checks and sparse matrices cost a millisecond a text).

Source: Salton & Buckley 1988, Term-weighting approaches in automatic text retrieval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from textkaizen.recipe import TextRules
from textkaizen.text.one import OneText

if TYPE_CHECKING:  # a model that labels one text needs no matrices, and SciPy is slow to import
    from scipy.sparse import csr_matrix

    from textkaizen.text.count import Counts


@dataclass(frozen=True)
class Vocabulary:
    """The features a model knows.

    Args:
        rules: how texts are cut.
        terms: words first, then characters, each part sorted.
        split: how many of them are words.
        idf: float32 [features].
    """

    rules: TextRules
    terms: tuple[str, ...]
    split: int
    idf: np.ndarray

    @cached_property
    def numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        """Term -> feature, for words and for characters."""
        words, characters = self.terms[: self.split], self.terms[self.split :]
        later = dict(zip(characters, range(self.split, len(self.terms)), strict=True))
        return dict(zip(words, range(self.split), strict=True)), later

    @cached_property
    def _one(self) -> OneText:
        return OneText(self.rules, *self.numbers, self.idf)

    def bag(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return one text's features and weights: int32 and float32 [entries].

        The fast way for a single text; `bags` gives the same for many.
        """
        return self._one.bag(text)

    def bags(self, texts: Sequence[str]) -> csr_matrix:
        """Return float32 CSR [texts, features]."""
        from scipy.sparse import csr_matrix

        from textkaizen.text.count import count

        counts = count(texts, self.rules)
        known = {(i < counts.split, term): i for i, term in enumerate(counts.terms)}
        there = [
            (number, known[key])
            for number, term in enumerate(self.terms)
            if (key := (number < self.split, term)) in known
        ]
        new, old = np.array(there, np.int64).reshape(-1, 2).T
        picked = counts.matrix[:, old].tocoo()
        matrix = csr_matrix(
            (picked.data, (picked.row, new[picked.col])), shape=(len(texts), len(self.terms))
        )
        matrix.sort_indices()
        return _weighted(matrix, self.idf, self.split, self.rules)


def learn(counts: Counts, rows: np.ndarray) -> tuple[Vocabulary, np.ndarray]:
    """Learn a vocabulary from some texts.

    Args:
        counts: of all texts.
        rows: the training texts' numbers.

    Returns:
        The vocabulary, and the columns of `counts.matrix` it keeps.
    """
    part = counts.matrix[rows]
    found = np.bincount(part.indices, minlength=part.shape[1])
    columns = np.flatnonzero(found >= max(min(counts.rules.min_texts, len(rows)), 1))
    idf = np.log((1 + len(rows)) / (1 + found[columns])) + 1
    terms = tuple(counts.terms[column] for column in columns.tolist())
    split = int(np.searchsorted(columns, counts.split))
    return Vocabulary(counts.rules, terms, split, idf.astype(np.float32)), columns


def bags(
    counts: Counts, rows: np.ndarray, vocabulary: Vocabulary, columns: np.ndarray
) -> csr_matrix:
    """Return the bags of some texts, float32 CSR [rows, features].

    Args:
        counts: of all texts.
        rows: texts' numbers.
        vocabulary, columns: as `learn` returned them.
    """
    return _weighted(
        counts.matrix[rows][:, columns], vocabulary.idf, vocabulary.split, counts.rules
    )


def _weighted(matrix: csr_matrix, idf: np.ndarray, split: int, rules: TextRules) -> csr_matrix:
    """Turn counts into TF-IDF; words and characters each of length one."""
    from scipy.sparse import csr_matrix

    data = matrix.data.astype(np.float32)
    if rules.sublinear:
        data = np.log(data) + np.float32(1)
    data *= idf[matrix.indices]
    # Two sums of squares for each text: of its words and of its characters.
    texts = matrix.shape[0]
    rows = np.repeat(np.arange(texts), np.diff(matrix.indptr))
    part = rows + texts * (matrix.indices >= split)
    length = np.sqrt(np.bincount(part, weights=np.square(data, dtype=np.float64), minlength=1))
    data = (data / length[part]).astype(np.float32) if len(data) else data
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)
