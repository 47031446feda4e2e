"""Texts -> counts of features, once for a whole study; no vocabulary is chosen here.

Counting what stands in a text learns nothing from the other texts, so it is done once for all
texts of a study. Which features are kept, and their IDF, is learnt later from the training part
of each fold (`vectorise.py`) by picking columns. Many texts are counted with arrays (`many.py`),
few text by text (`cut.py`): the counts are the same to the last bit.

Rejected: a vectoriser fitted anew in each fold (most of its time is cutting the same texts again);
scikit-learn's (slower, see `benchmarks/vectorising.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.recipe import TextRules
from textkaizen.text.buckets import kinds_of
from textkaizen.text.hashed import count_hashed, count_hashed_plainly
from textkaizen.text.many import Terms, count_many
from textkaizen.text.streams import Streams, streams

if TYPE_CHECKING:
    from textkaizen.text.tokens import Tokeniser

FEW_CHARACTERS = 1_000  # up to so many, arrays cost more than they save


@dataclass(frozen=True)
class Counts:
    """How often each feature stands in each text.

    Args:
        rules: the texts were cut by.
        matrix: float32 CSR [texts, features].
        named: columns of the matrix, int [any] -> the features' names.
        split: how many of them are words.
        handmade: hand-made features, float32 [texts, features].
        kinds: terms of words and of characters as numbers, if counted with arrays.

    Hashed features have no names: `terms` is empty, whatever columns are asked for.
    """

    rules: TextRules
    matrix: csr_matrix
    named: Callable[[np.ndarray], tuple[str, ...]]
    split: int
    handmade: np.ndarray
    kinds: tuple[Terms, ...] = ()

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """All features' names, "words" first, then "characters"; `named` makes only those asked."""
        return self.named(np.arange(self.matrix.shape[1]))

    def under(self, rules: TextRules) -> Counts:
        """Return these counts for rules that count alike and may weigh otherwise."""
        return self if rules == self.rules else replace(self, rules=rules)


def count(texts: Iterable[str], rules: TextRules, tokeniser: Tokeniser | None = None) -> Counts:
    """Count every feature of every text.

    Args:
        texts: any, a stream too; each is brought to one form first.
        rules: how to cut them.
        tokeniser: what cuts them into words; None makes the one that the rules name.

    Raises:
        MissingExtraError: the package of the rules' tokeniser is not installed.

    Example:
        >>> counts = count(["a b", "b"], TextRules(words=(1, 1), characters=(0, 0)))
        >>> counts.terms, counts.matrix.toarray().tolist()
        (('a', 'b'), [[1.0, 1.0], [0.0, 1.0]])
    """
    made = streams(rules, tokeniser)
    coming, first, characters = iter(texts), [], 0
    for text in coming:
        first.append(text)
        characters += len(text)
        if characters > FEW_CHARACTERS:
            return count_with_arrays(chain(first, coming), made)
    return count_plainly(first, made)


def count_plainly(texts: Sequence[str], streams: Streams) -> Counts:
    """Count text by text, in plain Python: what `count` does is what this does."""
    rules, handmade = streams.rules, streams.handmade(texts)
    if rules.hashed:
        return _hashed(count_hashed_plainly(texts, streams), handmade, rules)
    cut = [streams.terms(text) for text in texts]
    words, word_terms = _counted(own for own, _ in cut)
    characters, character_terms = _counted(own for _, own in cut)
    terms = (*word_terms, *character_terms)

    def named(columns: np.ndarray) -> tuple[str, ...]:
        return tuple(terms[column] for column in columns.tolist())

    return Counts(rules, _beside(words, characters), named, len(word_terms), handmade)


def count_with_arrays(texts: Iterable[str], streams: Streams) -> Counts:
    """Count with arrays, on all cores; worth it for many texts."""
    rules = streams.rules
    if rules.hashed:
        return _hashed(*count_hashed(texts, streams), rules)
    if rules.words == (0, 0) == rules.characters:  # no symbols to sort
        return count_plainly(list(texts), streams)
    matrix, kinds, handmade = count_many(texts, streams)
    split = len(kinds[0]) if rules.words != (0, 0) else 0

    def named(columns: np.ndarray) -> tuple[str, ...]:
        found, first = np.empty(len(columns), object), 0
        for kind in kinds:
            own = np.flatnonzero((columns >= first) & (columns < first + len(kind)))
            found[own] = kind.named(columns[own] - first)
            first += len(kind)
        return tuple(found.tolist())

    return Counts(rules, matrix, named, split, handmade, tuple(kinds))


def _hashed(matrix: csr_matrix, handmade: np.ndarray, rules: TextRules) -> Counts:
    return Counts(rules, matrix, lambda columns: (), len(kinds_of(rules)[0]), handmade)


def _counted(texts: Iterable[list[str]]) -> tuple[csr_matrix, list[str]]:
    """Count one kind of feature; terms come out sorted, so the order of texts does not show."""
    numbers: dict[str, int] = {}
    indices: list[int] = []
    values: list[int] = []
    starts = [0]
    for text in texts:
        counted = Counter(text)
        indices.extend(numbers.setdefault(term, len(numbers)) for term in counted)
        values.extend(counted.values())
        starts.append(len(indices))
    terms = sorted(numbers)
    new = np.empty(len(terms), np.int32)
    new[[numbers[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
    columns = new[np.asarray(indices, np.int32)] if indices else np.zeros(0, np.int32)
    matrix = csr_matrix(
        (np.asarray(values, np.float32), columns, np.asarray(starts, np.int64)),
        shape=(len(starts) - 1, len(terms)),
    )
    matrix.sort_indices()
    return matrix, terms


def _beside(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    from scipy.sparse import hstack

    return csr_matrix(hstack([left, right], format="csr", dtype=np.float32))
