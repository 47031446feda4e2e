"""Texts -> counts of features, once for a whole study; no vocabulary is chosen here.

Counting what stands in a text learns nothing from the other texts, so it is done once for all
texts of a study. Which features are kept, and their IDF, is learnt later from the training part
of each fold (`vectorise.py`) by picking columns. Texts are cut as scikit-learn's analysers "word"
and "char_wb" cut them; words are runs of letters, digits and marks in any script.

Rejected: a vectoriser fitted anew in each fold (most of its time is cutting the same texts again);
scikit-learn's own analysers (a model that predicts would import all of scikit-learn for them).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import regex
from scipy.sparse import csr_matrix

from textkaizen.recipe import TextRules
from textkaizen.text.normalise import normalise

# Letters and digits of any script, with the marks that Devanagari or Thai vowels are.
WORD = regex.compile(r"[\w\p{M}]+")


@dataclass(frozen=True)
class Counts:
    """How often each feature stands in each text.

    Args:
        rules: the texts were cut by.
        matrix: float32 CSR [texts, features].
        terms: the features; "words" first, then "characters".
        split: how many of them are words.
    """

    rules: TextRules
    matrix: csr_matrix
    terms: tuple[str, ...]
    split: int


@lru_cache(maxsize=16)
def analysers(rules: TextRules) -> tuple[Callable[[str], list[str]], ...]:
    """Return what cuts a normalised text into words and what cuts it into characters."""
    return tuple(
        partial(cut, span=span) if span != (0, 0) else _nothing
        for cut, span in ((word_features, rules.words), (character_features, rules.characters))
    )


def word_features(text: str, span: tuple[int, int]) -> list[str]:
    """Return runs of words, joined by blanks; `span` is their smallest and largest number.

    Example:
        >>> word_features("do you open?", (1, 2))
        ['do', 'you', 'open', 'do you', 'you open']
    """
    words = WORD.findall(text)
    return [" ".join(run) for run in _runs(words, span)]


def character_features(text: str, span: tuple[int, int]) -> list[str]:
    """Return runs of characters within words, each padded by a blank on either side.

    A padded word that is shorter than a run is one feature, once.

    Example:
        >>> character_features("a do", (2, 3))
        [' a', 'a ', ' a ', ' d', 'do', 'o ', ' do', 'do ']
    """
    least, most = span
    found: list[str] = []
    for word in text.split():
        padded = f" {word} "
        if len(padded) < least:
            found.append(padded)
        found += _runs(padded, (least, min(most, len(padded))))
    return found


def _runs(sequence: Any, span: tuple[int, int]) -> list[Any]:
    """All runs of neighbours of these lengths, in the order of their length."""
    return [
        sequence[start : start + length]
        for length in range(span[0], span[1] + 1)
        for start in range(len(sequence) - length + 1)
    ]


def _nothing(text: str) -> list[str]:
    return []


def count(texts: Iterable[str], rules: TextRules) -> Counts:
    """Count every feature of every text.

    Args:
        texts: any; each is normalised first.
        rules: how to cut them.

    Example:
        >>> counts = count(["a b", "b"], TextRules(words=(1, 1), characters=(0, 0)))
        >>> counts.terms, counts.matrix.toarray().tolist()
        (('a', 'b'), [[1.0, 1.0], [0.0, 1.0]])
    """
    normal = [normalise(text) for text in texts]
    parts = [_counted(normal, cut) for cut in analysers(rules)]
    (words, word_terms), (characters, character_terms) = parts
    matrix = _beside(words, characters)
    return Counts(rules, matrix, (*word_terms, *character_terms), len(word_terms))


def _counted(texts: Sequence[str], cut: Callable) -> tuple[csr_matrix, list[str]]:
    """Count one kind of feature; terms come out sorted, so the order of texts does not show."""
    numbers: dict[str, int] = {}
    indices: list[int] = []
    values: list[int] = []
    starts = [0]
    for text in texts:
        counted = Counter(cut(text))
        indices.extend(numbers.setdefault(term, len(numbers)) for term in counted)
        values.extend(counted.values())
        starts.append(len(indices))
    terms = sorted(numbers)
    new = np.empty(len(terms), np.int32)
    new[[numbers[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
    columns = new[np.asarray(indices, np.int32)] if indices else np.zeros(0, np.int32)
    matrix = csr_matrix(
        (np.asarray(values, np.float32), columns, np.asarray(starts, np.int64)),
        shape=(len(texts), len(terms)),
    )
    matrix.sort_indices()
    return matrix, terms


def _beside(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    from scipy.sparse import hstack

    return csr_matrix(hstack([left, right], format="csr", dtype=np.float32))
