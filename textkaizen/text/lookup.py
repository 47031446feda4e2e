"""The features a model knows, found among the terms of many texts without making strings of them.

Terms lie in whole numbers that are sorted as their strings are, so looking up is a binary search.
Of words only the distinct ones are looked up as strings; runs of them are numbers again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textkaizen.recipe import TextRules
from textkaizen.text.grams import Packing
from textkaizen.text.many import Terms, character_packing, word_packing


@dataclass(frozen=True)
class Known:
    """Terms of one kind and their features.

    Args:
        keys: uint64, sorted.
        features: int32, of each key.
        words: word -> its number, 1 or more; None for runs of characters.
    """

    keys: np.ndarray
    features: np.ndarray
    words: dict[str, int] | None

    def find(self, terms: Terms) -> np.ndarray:
        """Return the feature of each term, -1 for none: int32."""
        keys = terms.packed[0]
        if self.words is not None and terms.words is not None:
            own = np.array([0, *(self.words.get(word, 0) for word in terms.words)], np.uint64)
            symbols = terms.packing.unpack(terms.packed)
            unknown = np.zeros(len(keys), bool)
            for each in symbols:
                unknown |= (own[each] == 0) & (each > 0)
            keys = terms.packing.pack([own[each] for each in symbols])[0]
            keys[unknown] = 0
        if not len(self.keys):
            return np.full(len(keys), -1, np.int32)
        near = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[near] == keys, self.features[near], np.int32(-1))


def lookup(rules: TextRules, terms: Sequence[str], split: int) -> tuple[Known, ...] | None:
    """Return how terms are found, for each kind that is on; None if runs exceed one uint64.

    Args:
        rules: the texts are cut by.
        terms: words first, then characters.
        split: how many of them are words.
    """
    found = []
    if rules.words != (0, 0):
        runs = [term.split(" ") for term in terms[:split]]
        distinct = sorted({word for run in runs for word in run})
        words = {word: number for number, word in enumerate(distinct, 1)}
        numbers = [[words[word] for word in run] for run in runs]
        found.append(_known(numbers, 0, word_packing(rules.words), words))
    if rules.characters != (0, 0):
        codes = [[ord(character) + 1 for character in term] for term in terms[split:]]
        found.append(_known(codes, split, character_packing(rules.characters), None))
    return None if any(known is None for known in found) else tuple(k for k in found if k)


def _known(
    runs: list[list[int]], first: int, packing: Packing, words: dict[str, int] | None
) -> Known | None:
    if packing.most > packing.each:
        return None
    # A run that is too long or empty (a damaged model may have it) never comes out of a text.
    own = [place for place, run in enumerate(runs) if 1 <= len(run) <= packing.most]
    symbols = np.zeros((len(own), packing.most), np.int64)
    for row, place in enumerate(own):
        symbols[row, : len(runs[place])] = runs[place]
    keys = packing.pack(list(symbols.T))[0]
    order = np.argsort(keys, kind="stable")
    return Known(keys[order], (np.array(own, np.int32) + first)[order].astype(np.int32), words)
