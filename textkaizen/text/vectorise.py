"""Counts -> bags: a vocabulary and its IDF, learnt from training texts only.

TF-IDF as scikit-learn computes it (smoothed IDF, sublinear counts, each kind of feature brought to
length one by itself), words and characters side by side. `Vocabulary` is what a model keeps.

Rejected: `TfidfVectorizer` for prediction (checks and sparse matrices cost a millisecond a text).

Source: Salton & Buckley 1988, Term-weighting approaches in automatic text retrieval.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from textkaizen.recipe import TextRules
from textkaizen.text.buckets import Buckets, kinds_of
from textkaizen.text.one import OneText
from textkaizen.text.ordered import read_many, read_one
from textkaizen.text.streams import Streams, streams

if TYPE_CHECKING:  # a model that labels one text needs no matrices, and SciPy is slow to import
    from scipy.sparse import csr_matrix

    from textkaizen.data.mixed import Mixed
    from textkaizen.text.count import Counts
    from textkaizen.text.lookup import Known
    from textkaizen.text.sentence_vectors import SentenceEncoder
    from textkaizen.text.tokens import Tokeniser

PIECE_TEXTS = 16_384  # whose features are looked up together
LARGER = 4  # a vocabulary so many times as large as what is looked up is not laid out: an estimate


@dataclass(frozen=True)
class Vocabulary:
    """The features a model knows.

    Args:
        rules: how texts are cut and weighed.
        terms: words first, then characters, each part sorted; none if features are hashed.
        split: how many features are words.
        idf: float32 [words and characters].
        scales: what hand-made features, which come after them, are multiplied by: float32.
        subwords: what a tokeniser has learnt, as JSON; "" for one that does not learn.
        longest: words (or characters) of a text that are read where their order counts, else 0;
            there `idf` is all ones, and its last number stands for what is not known.

    The numbers of a vector, where the rules ask for one, come last of all.
    """

    rules: TextRules
    terms: tuple[str, ...]
    split: int
    idf: np.ndarray
    scales: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    subwords: str = ""
    longest: int = 0

    def __len__(self) -> int:
        return len(self.idf) + len(self.scales) + self.rules.vector_numbers

    @cached_property
    def streams(self) -> Streams:
        """What becomes of a text before it is cut."""
        return streams(self.rules, learnt_tokeniser(self.subwords, self.rules))

    @cached_property
    def numbers(self) -> tuple[dict[str, int] | Buckets, dict[str, int] | Buckets]:
        """Term -> feature, for words and for characters."""
        if self.rules.hashed:
            return kinds_of(self.rules)
        words, characters = self.terms[: self.split], self.terms[self.split :]
        later = dict(zip(characters, range(self.split, len(self.terms)), strict=True))
        return dict(zip(words, range(self.split), strict=True)), later

    @cached_property
    def _one(self) -> OneText:
        return OneText(self.streams, *self.numbers, self.idf, self.scales)

    def bag(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return one text's features and weights: int32 and float32 [entries].

        The fast way for a single text; `bags` gives the same for many. All numbers of a vector are
        there, zeros too.
        """
        if self.longest:
            return read_one(self, text)
        features, weights = self._one.bag(text)
        numbers, last = self.rules.vector_numbers, len(self)
        if not numbers:
            return features, weights
        features = np.concatenate([features, np.arange(last - numbers, last, dtype=np.int32)])
        return features, np.concatenate([weights, self._vectors([text])[0]])

    def bags(self, texts: Iterable[str]) -> csr_matrix | Mixed:
        """Return float32 CSR [texts, features], with vectors beside where the rules ask for them.

        A stream is read once, a piece at a time.
        """
        from scipy.sparse import csr_matrix, vstack

        from textkaizen.data.mixed import Mixed
        from textkaizen.text.count import count

        if self.longest:
            return read_many(self, texts)
        numbers = self.rules.vector_numbers
        coming, parts = iter(texts), [csr_matrix((0, len(self) - numbers), dtype=np.float32)]
        vectors = [np.zeros((0, numbers), np.float32)]
        while piece := list(islice(coming, PIECE_TEXTS)):
            counts = count(piece, self.rules, self.streams.tokeniser)
            kept = self._features(counts)
            parts.append(_weigh(counts, np.arange(len(piece)), kept, self))
            if numbers:
                vectors.append(self._vectors(piece))
        found = csr_matrix(vstack(parts[1:], format="csr")) if len(parts) > 2 else parts[-1]
        return Mixed(found, np.concatenate(vectors)) if numbers else found

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """What makes the vectors that the rules ask for.

        Raises:
            MissingExtraError: its package is not installed.
        """
        from textkaizen.text.sentence_vectors import sentence_encoder

        return sentence_encoder()

    def _vectors(self, texts: list[str]) -> np.ndarray:
        """Vectors as they stand beside bags, float32 [texts, numbers]."""
        return self.encoder.encode(texts) * np.float32(self.rules.vector_weight)

    @cached_property
    def _known(self) -> tuple[Known, ...] | None:
        from textkaizen.text.lookup import lookup

        return lookup(self.rules, self.terms, self.split)

    def _features(self, counts: Counts) -> np.ndarray:
        """The feature that each column of the counts is here, -1 for none: int32."""
        if self.rules.hashed:
            return np.arange(len(self.idf), dtype=np.int32)
        # Laying out what is known takes longer than looking up a few strings.
        many = LARGER * counts.matrix.shape[1] >= len(self.terms)
        if counts.kinds and many and self._known:
            kinds = zip(self._known, counts.kinds, strict=True)
            return np.concatenate([known.find(terms) for known, terms in kinds])
        parts = counts.terms[: counts.split], counts.terms[counts.split :]
        found = [
            known.get(term, -1)
            for known, terms in zip(self.numbers, parts, strict=True)
            for term in terms
        ]
        return np.array(found, np.int32)


def learnt_tokeniser(subwords: str, rules: TextRules) -> Tokeniser | None:
    """Return the tokeniser that was learnt, from its JSON; None for ""."""
    if not subwords:
        return None
    from textkaizen.text.tokens import subword_tokeniser

    return subword_tokeniser(subwords, rules.tokenising)


def learn(
    counts: Counts, rows: np.ndarray, labels: np.ndarray | None = None, subwords: str = ""
) -> tuple[Vocabulary, np.ndarray]:
    """Learn a vocabulary from some texts.

    Args:
        counts: of all texts.
        rows: the training texts' numbers.
        labels: of these texts, int [rows]; needed where the rules select features by them.
        subwords: what the tokeniser of the counts has learnt, or "".

    Returns:
        The vocabulary, and the columns of `counts.matrix` it keeps.

    Hashed features are all kept: a bucket that stands in fewer than `min_texts` texts, or in none,
    has the IDF of one that stands in so many. Which features tell labels apart is asked of their
    weights; what is kept is weighed as if there were no others.
    """
    from textkaizen.text.weigh import texts_with

    rules, found = counts.rules, texts_with(counts.matrix, rows)
    least = max(min(rules.min_texts, len(rows)), 1)
    if rules.hashed:
        found = np.maximum(found, least)
    columns = np.flatnonzero(found >= least)
    if rules.select != "none" and rules.selected < len(columns):
        assert labels is not None
        columns = columns[_selected(counts, rows, (columns, found), labels)]
    split = int(np.searchsorted(columns, counts.split))
    idf, scales = _idf(rules, len(rows), found[columns]), _scales(counts.handmade[rows])
    vocabulary = Vocabulary(rules, counts.named(columns), split, idf, scales, subwords)
    return vocabulary, columns


def _idf(rules: TextRules, texts: int, found: np.ndarray) -> np.ndarray:
    if not rules.idf:
        return np.ones(len(found), np.float32)
    return (np.log((1 + texts) / (1 + found)) + 1).astype(np.float32)


def _scales(handmade: np.ndarray) -> np.ndarray:
    """Return what makes hand-made features about as long together as the words of a text are."""
    squares = np.square(handmade, dtype=np.float64).sum(0) / max(len(handmade), 1)
    size = np.sqrt(squares * handmade.shape[1])
    return np.divide(1, size, out=np.zeros_like(size), where=size > 0).astype(np.float32)


def _selected(
    counts: Counts, rows: np.ndarray, known: tuple[np.ndarray, np.ndarray], labels: np.ndarray
) -> np.ndarray:
    """Return the places of the columns that tell labels apart best."""
    from textkaizen.text.reduce import chosen

    columns, found = known
    split = int(np.searchsorted(columns, counts.split))
    idf = _idf(counts.rules, len(rows), found[columns])
    plain = Vocabulary(counts.rules, (), split, idf)
    weighed = bags(counts, rows, plain, columns)
    return chosen(counts.rules.select, weighed, labels, counts.rules.selected)


def bags(
    counts: Counts, rows: np.ndarray, vocabulary: Vocabulary, columns: np.ndarray
) -> csr_matrix:
    """Return the bags of some texts, float32 CSR [rows, features].

    Args:
        counts: of all texts.
        rows: texts' numbers.
        vocabulary, columns: as `learn` returned them.
    """
    kept = np.full(counts.matrix.shape[1], -1, np.int32)
    kept[columns] = np.arange(len(columns), dtype=np.int32)
    return _weigh(counts, rows, kept, vocabulary)


def _weigh(counts: Counts, rows: np.ndarray, kept: np.ndarray, own: Vocabulary) -> csr_matrix:
    from scipy.sparse import csr_matrix, hstack

    from textkaizen.text.weigh import Weighing, weigh

    weighed = weigh(counts.matrix, rows, Weighing(kept, own.idf, own.split, own.rules))
    if not len(own.scales):
        return weighed
    scaled = counts.handmade[rows] * own.scales
    handmade = csr_matrix(scaled * np.float32(own.rules.handmade_weight))
    return csr_matrix(hstack([weighed, handmade], format="csr", dtype=np.float32))
