"""Texts -> counts of features, once for a whole study; no vocabulary is chosen here.

Counting what stands in a text learns nothing from the other texts, so it is done once for all
texts of a study. Which features are kept, and their IDF, is learnt later from the training part
of each fold (`vectorise.py`) by picking columns. scikit-learn's analysers cut texts into features;
words are runs of letters, digits and marks in any script.

Rejected: a vectoriser fitted anew in each fold (most of its time is cutting the same texts again).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from textkaizen.recipe import TextRules
from textkaizen.text.normalise import normalise

# Letters and digits of any script, with the marks that Devanagari or Thai vowels are.
WORD = regex.compile(r"[\w\p{M}]+")
KINDS = ("words", "characters")


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
    cut: list[Callable[[str], list[str]]] = []
    for kind in KINDS:
        span = getattr(rules, kind)
        if span == (0, 0):
            cut.append(lambda text: [])
            continue
        how = (
            {"tokenizer": WORD.findall, "token_pattern": None}
            if kind == "words"
            else {"analyzer": "char_wb"}
        )
        vectorizer = CountVectorizer(lowercase=False, ngram_range=span, **how)
        cut.append(vectorizer.build_analyzer())
    return tuple(cut)


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
