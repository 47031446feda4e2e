"""Cutting one text into words and runs of characters, in plain Python: what a feature is.

Texts are cut as scikit-learn's analysers "word", "char_wb" and "char" cut them; words are runs of
letters, digits and marks in any script, unless a tokeniser tells them (`streams.py`). Many texts
are cut with arrays (`grams.py`), to the same counts.

Rejected: scikit-learn's own analysers (a model that predicts would import all of scikit-learn for
them).
"""

from __future__ import annotations

from typing import Any

import regex

# Letters and digits of any script, with the marks that Devanagari or Thai vowels are.
WORD = regex.compile(r"[\w\p{M}]+")


def word_features(words: list[str], span: tuple[int, int]) -> list[str]:
    """Return runs of words, joined by blanks; `span` is their smallest and largest number.

    Example:
        >>> word_features(["do", "you", "open"], (1, 2))
        ['do', 'you', 'open', 'do you', 'you open']
    """
    return [" ".join(run) for run in _runs(words, span)] if span != (0, 0) else []


def character_features(text: str, span: tuple[int, int], within: bool = True) -> list[str]:
    """Return runs of characters.

    Args:
        text: in one form, white space collapsed.
        span: their smallest and largest number; (0, 0) is off.
        within: only within words, each padded by a blank on either side: a padded word that is
            shorter than a run is one feature, once. Otherwise of the whole text, blanks and all.

    Example:
        >>> character_features("a do", (2, 3))
        [' a', 'a ', ' a ', ' d', 'do', 'o ', ' do', 'do ']
        >>> character_features("a do", (3, 3), within=False)
        ['a d', ' do']
    """
    least, most = span
    found: list[str] = []
    if not within and most:
        return _runs(text, span)
    for word in text.split() if most else ():
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
