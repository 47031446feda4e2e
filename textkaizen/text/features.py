"""Texts -> bags by a recipe's text rules, learnt from some of the texts only.

What needs no learning (writing, words, counts) is done once for all texts and shared by rules that
count alike. What learns learns from the training texts: the tokeniser of subwords, the vocabulary,
IDF, selection, reduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.data.mixed import Mixed
from textkaizen.recipe import LEARNT_TOKENS, TextRules
from textkaizen.text.count import Counts, count
from textkaizen.text.kept import Lately, matrix_bytes
from textkaizen.text.ordered import OrderedFeatures, Sequences, learn_order, sequences
from textkaizen.text.streams import Streams
from textkaizen.text.vectorise import Vocabulary, bags, learn, learnt_tokeniser

if TYPE_CHECKING:
    from textkaizen.text.reduce import Projection
    from textkaizen.text.sentence_vectors import VectorStore
    from textkaizen.text.tokens import TokenStore

MOST_BYTES = 1 << 29  # of counts that are kept: a study tries some fifty text rules


@dataclass(frozen=True)
class Features:
    """What was learnt from training texts.

    Args:
        counts: of all texts.
        vocabulary, columns: as of `vectorise.learn`.
        projection: turns bags into fewer numbers; None leaves them.
        vectors: of all texts, float32 [texts, numbers]; None where none stand beside the bags.
    """

    counts: Counts
    vocabulary: Vocabulary
    columns: np.ndarray
    projection: Projection | None = None
    vectors: np.ndarray | None = None

    def bags(self, rows: np.ndarray) -> csr_matrix | Mixed:
        """Return what a network reads of some texts, float32 CSR [rows, features].

        Where features are reduced, rows hold all of the few numbers there are. Where the rules ask
        for vectors, they stand beside.
        """
        found = bags(self.counts, rows, self.vocabulary, self.columns)
        if self.projection is not None:
            found = self.projection.apply(found)
        if self.vectors is None:
            return found
        weight = np.float32(self.vocabulary.rules.vector_weight)
        return Mixed(found, self.vectors[rows] * weight)


@dataclass
class Texts:
    """Texts, and what has been counted in them lately.

    Args:
        texts: all, training and others.
        store: keeps what analysers said, if there is one.
        vector_store: keeps what the sentence encoder said, if there is one.
    """

    texts: Sequence[str]
    store: TokenStore | None = None
    vector_store: VectorStore | None = None

    def __post_init__(self) -> None:
        self._counts: Lately[Counts] = Lately(MOST_BYTES, lambda own: matrix_bytes(own.matrix))
        size = lambda own: own.numbers.nbytes + own.begins.nbytes
        self._sequences: Lately[Sequences] = Lately(MOST_BYTES, size)

    def learn(
        self, rules: TextRules, rows: np.ndarray, labels: np.ndarray, seed: int
    ) -> Features | OrderedFeatures:
        """Learn all that the rules learn from texts.

        Args:
            rules: of a recipe.
            rows: the training texts' numbers.
            labels: of the training texts, int [rows].
            seed: of a reduction's first directions.

        Raises:
            MissingExtraError: the rules name a tokeniser, or vectors, whose package is not
                installed.
        """
        if rules.order != "none":
            return self._in_order(rules, rows)
        counts, subwords = self._counted(rules, rows)
        vocabulary, columns = learn(counts, rows, labels, subwords)
        features = Features(counts, vocabulary, columns)
        if rules.reduce != "none":
            from textkaizen.text.reduce import fit

            projection = fit(rules.reduce, features.bags(rows), rules.reduced, seed)
            features = replace(features, projection=projection)
        return replace(features, vectors=self._vectors) if rules.vector_numbers else features

    @cached_property
    def _vectors(self) -> np.ndarray:
        """Of all texts; nothing of a recipe changes them."""
        from textkaizen.text.sentence_vectors import sentence_encoder

        return sentence_encoder(self.vector_store).encode(self.texts)

    def _in_order(self, rules: TextRules, rows: np.ndarray) -> OrderedFeatures:
        subwords, own = "", rules.counting
        if rules.tokens in LEARNT_TOKENS and rules.order == "words":
            subwords = self._learnt(rules, rows)
            found = sequences(self.texts, Streams(rules, learnt_tokeniser(subwords, rules)))
        else:
            make = lambda: sequences(self.texts, Streams(own, self._tokeniser(own)))
            found = self._sequences.get(own, make)
        return learn_order(found, rules, rows, subwords)

    def _learnt(self, rules: TextRules, rows: np.ndarray) -> str:
        """Return what a tokeniser learns from some texts."""
        from textkaizen.text.tokens import learn_subwords

        write = Streams(rules, None).write
        return learn_subwords([write(self.texts[row]) for row in rows], rules.tokenising)

    def _counted(self, rules: TextRules, rows: np.ndarray) -> tuple[Counts, str]:
        """Return counts of all texts, and what a tokeniser has learnt for them."""
        if rules.tokens in LEARNT_TOKENS and rules.words != (0, 0):
            subwords = self._learnt(rules, rows)
            return count(self.texts, rules, learnt_tokeniser(subwords, rules)), subwords
        own = rules.counting
        made = self._counts.get(own, lambda: count(self.texts, own, self._tokeniser(own)))
        return made.under(rules), ""

    def _tokeniser(self, rules: TextRules):
        if rules.tokenising == TextRules().tokenising or rules.words == (0, 0):
            return None
        from textkaizen.text.tokens import tokeniser

        return tokeniser(rules.tokenising, self.store)
