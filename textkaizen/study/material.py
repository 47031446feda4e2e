"""Texts -> what lanes are made of: folds, and each fold's bags with its own vocabulary.

Counting features is done once; a vocabulary and all else that learns is learnt from each fold's
training part alone. All folds' tables get the same number of rows, so that they share compiled
programs. A seed is cut when its first lane is about to run: a study may end before it needs them
all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.data import Corpus, folds, together
from textkaizen.recipe import TextRules
from textkaizen.text.features import Texts
from textkaizen.text.normalise import normalise
from textkaizen.train.batches import rounded

if TYPE_CHECKING:
    from textkaizen.text.tokens import TokenStore


@dataclass(frozen=True)
class FoldBags:
    """One fold of one seed, ready to train and to predict.

    Args:
        train, test: numbers of the texts.
        train_bags, test_bags: float32 CSR over the fold's own features.
    """

    train: np.ndarray
    test: np.ndarray
    train_bags: csr_matrix
    test_bags: csr_matrix


@dataclass
class Material:
    """Labelled texts and how they are parted, the same for every recipe.

    Args:
        corpus: the training texts in canonical order.
        fold_count: folds of each seed.
        seeds: one partition and one set of first weights each.
        store: keeps what analysers said of the texts, if there is one.
    """

    corpus: Corpus
    fold_count: int
    seeds: tuple[int, ...]
    store: TokenStore | None = None
    _bags: dict[tuple[TextRules, int, int], FoldBags] = field(default_factory=dict, repr=False)
    _rows: dict[tuple[TextRules, int], int] = field(default_factory=dict, repr=False)

    @cached_property
    def texts(self) -> Texts:
        """The texts, and what has been counted in them."""
        return Texts(self.corpus.texts, self.store)

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
        """Cut every fold of a seed for these rules; does nothing the second time.

        Called before lanes of that seed start, since lanes in threads only read.
        """
        if (rules, seed_number) in self._rows:
            return
        fold_of, most, seed = self.partition[seed_number], 0, self.seeds[seed_number]
        for fold in range(self.fold_count):
            train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            features = self.texts.learn(rules, train, self.labels[train], seed)
            own = FoldBags(train, test, features.bags(train), features.bags(test))
            self._bags[rules, seed_number, fold] = own
            most = max(most, own.train_bags.shape[1])
        self._rows[rules, seed_number] = rounded(most)

    def fold_bags(self, rules: TextRules, seed_number: int, fold: int) -> FoldBags:
        """Return one fold; `prepare` must have been called for these rules and this seed."""
        return self._bags[rules, seed_number, fold]

    def table_rows(self, rules: TextRules, seed_number: int) -> int:
        """Rows that hold the vocabulary of every fold of a seed, a rounded number."""
        return self._rows[rules, seed_number]
