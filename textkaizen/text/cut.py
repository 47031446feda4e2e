"""Cutting one text into words and runs of characters, in plain Python: what a feature is.

Texts are cut as scikit-learn's analysers "word" and "char_wb" cut them; words are runs of letters,
digits and marks in any script. Many texts are cut with arrays (`grams.py`), to the same counts.

Rejected: scikit-learn's own analysers (a model that predicts would import all of scikit-learn for
them).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import regex

from textkaizen.recipe import TextRules

# Letters and digits of any script, with the marks that Devanagari or Thai vowels are.
WORD = regex.compile(r"[\w\p{M}]+")


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
