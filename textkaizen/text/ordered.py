"""Texts in their order: each word (or character) a number, one after another, nothing weighed.

They are kept in the same sparse form as bags, so that all that parts, batches and caches bags
serves them too: a row holds a text's numbers in the order of the text, a number as often as it
stands there, each with weight 1. Such a matrix must never be sorted or have its duplicates summed.

What stands in too few training texts is one unknown word, the last number, whose embedding is
trained with the others. How many words of a text are read is learnt from the training texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from textkaizen.recipe import TextRules
from textkaizen.text.streams import Streams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textkaizen.text.vectorise import Vocabulary

WHOLE_TEXTS = 0.99  # of the training texts that are read to their end
LEAST_LONGEST = 8  # words that are read at least: a shorter limit saves nothing
MOST_LONGEST = 1000  # at most, unless a recipe asks for more: memory and time follow the longest


@dataclass(frozen=True)
class Sequences:
    """All texts of a study as numbers, before a vocabulary is chosen.

    Args:
        terms: what stands in them, sorted.
        numbers: int32, those of all texts one after another, positions in `terms`.
        begins: int64 [texts + 1], where each text's numbers begin.
    """

    terms: tuple[str, ...]
    numbers: np.ndarray
    begins: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How many words (or characters) each text has."""
        return np.diff(self.begins)


@dataclass(frozen=True)
class OrderedFeatures:
    """What was learnt from training texts, as `features.Features` is for bags.

    Args:
        sequences: of all texts.
        vocabulary: what a model keeps.
        known: int32 [terms of the sequences], the number each has in the vocabulary.
    """

    sequences: Sequences
    vocabulary: Vocabulary
    known: np.ndarray
    projection: None = field(default=None)

    def bags(self, rows: np.ndarray) -> csr_matrix:
        """Return some texts in their order, float32 CSR [rows, words and the unknown one]."""
        begins = self.sequences.begins[rows]
        lengths = np.minimum(self.sequences.lengths[rows], self.vocabulary.longest)
        ends = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(lengths, out=ends[1:])
        places = np.repeat(begins - ends[:-1], lengths) + np.arange(ends[-1])
        return _matrix(self.known[self.sequences.numbers[places]], ends, len(self.vocabulary))


def reading_of(features: OrderedFeatures, rows: np.ndarray) -> dict[str, float]:
    """Tell what is not read of some texts.

    Returns:
        `longest`, words of a text that are read; `texts_cut`, the share of texts with more;
        `words_unknown`, the share of words (or characters) that the vocabulary does not have.
    """
    longest, lengths = features.vocabulary.longest, features.sequences.lengths[rows]
    read, unknown = features.bags(rows).indices, len(features.vocabulary.terms)
    return {
        "longest": longest,
        "texts_cut": float((lengths > longest).mean()) if len(rows) else 0.0,
        "words_unknown": float((read == unknown).mean()) if len(read) else 0.0,
    }


def unknown_share(vocabulary: Vocabulary, texts: Iterable[str]) -> float:
    """Return the share of the words of texts that a vocabulary does not have, 0 to 1."""
    read = read_many(vocabulary, texts).indices
    return float((read == len(vocabulary.terms)).mean()) if len(read) else 0.0


def in_order(streams: Streams, text: str) -> list[str]:
    """Return the words, or the characters, of a raw text one after another."""
    written = streams.write(text)
    return streams.words(written) if streams.rules.order == "words" else list(written)


def told_in_order(
    vocabulary: Vocabulary, text: str, numbers: np.ndarray
) -> list[tuple[str, float]]:
    """Return what was read of a text with a number each; characters are joined to words.

    Args:
        vocabulary, text: as read; what lies beyond `longest` has no number, and is not told.
        numbers: one for each word or character that is read.
    """
    read = in_order(vocabulary.streams, text)[: vocabulary.longest]
    if vocabulary.rules.order == "words" or " " not in read:
        return [(term, float(number)) for term, number in zip(read, numbers, strict=True)]
    found: list[tuple[str, float]] = []
    for term, number in zip(read, numbers, strict=True):
        if not found or (term != " " and found[-1][0].endswith(" ")):
            found.append(("", 0.0))
        found[-1] = found[-1][0] + term, found[-1][1] + float(number)
    return [(word.rstrip(" "), number) for word, number in found]


def sequences(texts: Iterable[str], streams: Streams) -> Sequences:
    """Number what stands in texts.

    Args:
        texts: raw.
        streams: of rules whose `order` is not "none".
    """
    read = [in_order(streams, text) for text in texts]
    terms = tuple(sorted(set(chain.from_iterable(read))))
    place = {term: number for number, term in enumerate(terms)}
    begins = np.zeros(len(read) + 1, np.int64)
    np.cumsum([len(each) for each in read], out=begins[1:])
    numbers = np.fromiter((place[term] for each in read for term in each), np.int32, begins[-1])
    return Sequences(terms, numbers, begins)


def learn_order(
    own: Sequences, rules: TextRules, rows: np.ndarray, subwords: str = ""
) -> OrderedFeatures:
    """Learn a vocabulary, and how much of a text is read, from training texts.

    Args:
        own: of all texts.
        rules: `min_texts` and `longest` are read.
        rows: the training texts' numbers.
        subwords: what the tokeniser has learnt, or "".
    """
    from textkaizen.text.vectorise import Vocabulary

    found = _texts_with(own, rows)
    least = max(min(rules.min_texts, len(rows)), 1)
    kept = np.flatnonzero(found >= least)
    known = np.full(len(own.terms), len(kept), np.int32)
    known[kept] = np.arange(len(kept), dtype=np.int32)
    terms = tuple(own.terms[number] for number in kept)
    longest = rules.longest or chosen_longest(own.lengths[rows])
    split = len(terms) if rules.order == "words" else 0
    ones = np.ones(len(terms) + 1, np.float32)
    nothing = np.zeros(0, np.float32)
    vocabulary = Vocabulary(rules, terms, split, ones, nothing, subwords, longest)
    return OrderedFeatures(own, vocabulary, known)


def chosen_longest(lengths: Sequence[int] | np.ndarray) -> int:
    """Return how many words of a text to read, so that 99 of 100 are read whole if none is endless.

    Example:
        >>> chosen_longest([5] * 99 + [200]), chosen_longest([20] * 90 + [40] * 10)
        (8, 40)
    """
    if not len(lengths):
        return LEAST_LONGEST
    whole = int(np.quantile(np.asarray(lengths), WHOLE_TEXTS, method="lower"))
    return min(max(whole, LEAST_LONGEST), MOST_LONGEST)


def read_one(vocabulary: Vocabulary, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one text's numbers in their order, and ones: int32 and float32 [words]."""
    numbers = np.array(_known(vocabulary, text), np.int32)
    return numbers, np.ones(len(numbers), np.float32)


def read_many(vocabulary: Vocabulary, texts: Iterable[str]) -> csr_matrix:
    """Return texts in their order, float32 CSR [texts, words and the unknown one]."""
    read = [_known(vocabulary, text) for text in texts]
    ends = np.zeros(len(read) + 1, np.int64)
    np.cumsum([len(each) for each in read], out=ends[1:])
    numbers = np.fromiter(chain.from_iterable(read), np.int32, ends[-1])
    return _matrix(numbers, ends, len(vocabulary))


def _known(vocabulary: Vocabulary, text: str) -> list[int]:
    words, characters = vocabulary.numbers
    place = words if vocabulary.rules.order == "words" else characters
    assert isinstance(place, dict)  # nothing is hashed where order counts
    unknown = len(vocabulary.terms)
    read = in_order(vocabulary.streams, text)[: vocabulary.longest]
    return [place.get(term, unknown) for term in read]


def _texts_with(own: Sequences, rows: np.ndarray) -> np.ndarray:
    """Count in how many of some texts each term stands, int64 [terms]."""
    count, text = len(own.terms), np.repeat(np.arange(len(own.lengths)), own.lengths)
    inside = np.zeros(len(own.lengths), bool)
    inside[rows] = True
    there = inside[text]
    pairs = np.unique(text[there] * np.int64(max(count, 1)) + own.numbers[there])
    return np.bincount(pairs % max(count, 1), minlength=count)


def _matrix(numbers: np.ndarray, ends: np.ndarray, features: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    ones = np.ones(len(numbers), np.float32)
    return csr_matrix((ones, numbers, ends.astype(np.int32)), shape=(len(ends) - 1, features))
