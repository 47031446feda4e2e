"""Texts -> what lanes are made of: folds, and each fold's bags with its own vocabulary.

Counting features is done once; a vocabulary and all else that learns is learnt from each fold's
training part alone. All folds' tables get the same number of rows, so that they share compiled
programs. A seed is cut when its first lane is about to run (a study may end before it needs them
all), and kept as long as there is room.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.data import Corpus, folds, together
from textkaizen.recipe import TextRules
from textkaizen.text.features import Texts
from textkaizen.text.kept import Lately, matrix_bytes
from textkaizen.text.normalise import normalise
from textkaizen.text.word_vectors import first_rows
from textkaizen.train.batches import rounded, sparse

if TYPE_CHECKING:
    from textkaizen.data.mixed import Mixed
    from textkaizen.data.word_vectors import WordVectors
    from textkaizen.text.sentence_vectors import VectorStore
    from textkaizen.text.tokens import TokenStore

MOST_BYTES = 1 << 30  # of bags that are kept: with some fifty text rules there may be many


@dataclass(frozen=True)
class FoldBags:
    """One fold of one seed, ready to train and to predict.

    Args:
        train, test: numbers of the texts.
        train_bags, test_bags: float32 CSR over the fold's own features, or with vectors beside.
        first_rows: what embeddings may begin with; None without word vectors.
    """

    train: np.ndarray
    test: np.ndarray
    train_bags: csr_matrix | Mixed
    test_bags: csr_matrix | Mixed
    first_rows: np.ndarray | None = None


@dataclass
class Material:
    """Labelled texts and how they are parted, the same for every recipe.

    Args:
        corpus: the training texts in canonical order.
        fold_count: folds of each seed.
        seeds: one partition and one set of first weights each.
        store: keeps what analysers said of the texts, if there is one.
        vector_store: the same of the sentence encoder.
        word_vectors: of a file, that embeddings may begin with.
    """

    corpus: Corpus
    fold_count: int
    seeds: tuple[int, ...]
    store: TokenStore | None = None
    vector_store: VectorStore | None = None
    word_vectors: WordVectors | None = None
    _rows: dict[tuple[TextRules, int], int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._bags: Lately[tuple[FoldBags, ...]] = Lately(MOST_BYTES, _bytes)
        self._lock = threading.Lock()

    @cached_property
    def texts(self) -> Texts:
        """The texts, and what has been counted in them."""
        return Texts(self.corpus.texts, self.store, self.vector_store)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return self.corpus.classes

    @cached_property
    def labels(self) -> np.ndarray:
        """Position of each text's label, int32 [texts]."""
        number = {label: position for position, label in enumerate(self.classes)}
        return np.array([number[label] for label in self.corpus.labels], np.int32)

    @cached_property
    def units(self) -> np.ndarray:
        """Unit of each text: equal texts and texts of one group share one."""
        return together(self.corpus, [normalise(text) for text in self.corpus.texts])

    @cached_property
    def partition(self) -> np.ndarray:
        """Fold of each text, int [seeds, texts]."""
        parts = [
            folds(self.corpus.labels, self.units, self.fold_count, seed) for seed in self.seeds
        ]
        return np.stack(parts)

    def prepare(self, rules: TextRules, seed_number: int) -> None:
        """Cut every fold of a seed for these rules; does nothing if they are there.

        Called before lanes of that seed start, so that these seldom have to.
        """
        self._cut(rules, seed_number)

    def fold_bags(self, rules: TextRules, seed_number: int, fold: int) -> FoldBags:
        """Return one fold; what has made way for others is cut again."""
        own = self._bags.peek((rules, seed_number)) or self._cut(rules, seed_number)
        return own[fold]

    def table_rows(self, rules: TextRules, seed_number: int) -> int:
        """Rows that hold the vocabulary of every fold of a seed, a rounded number; `prepare` must
        have been called for these rules and this seed."""
        return self._rows[rules, seed_number]

    def _cut(self, rules: TextRules, seed_number: int) -> tuple[FoldBags, ...]:
        with self._lock:
            return self._bags.get((rules, seed_number), lambda: self._folds(rules, seed_number))

    def _folds(self, rules: TextRules, seed_number: int) -> tuple[FoldBags, ...]:
        fold_of, made, seed = self.partition[seed_number], [], self.seeds[seed_number]
        for fold in range(self.fold_count):
            train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            features = self.texts.learn(rules, train, self.labels[train], seed)
            rows = first_rows(features.vocabulary, self.word_vectors)
            made.append(FoldBags(train, test, features.bags(train), features.bags(test), rows))
        most = max(sparse(each.train_bags).shape[1] for each in made)
        self._rows[rules, seed_number] = rounded(most)
        return tuple(made)


def _bytes(folds: tuple[FoldBags, ...]) -> int:
    rows = sum(each.first_rows.nbytes for each in folds if each.first_rows is not None)
    return rows + sum(
        matrix_bytes(each.train_bags) + matrix_bytes(each.test_bags) for each in folds
    )
