"""One text -> its bag, at once: the features and weights that `Vocabulary.bags` gives for many.

Features are looked up as they are cut, and what the vocabulary lacks is never counted. The words
of a text come again in the next one (few words make up most of what people write), so the features
of a word's characters are kept with it, packed: numbers as objects lie all over the memory, and
the garbage collector would look at each of them.

Rejected: matrices for a single text (their checks cost more than all else here), keeping whole
texts (the same question seldom comes twice), a `Counter` (slower than sorting a few hundred
numbers).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from textkaizen.text.buckets import Buckets
from textkaizen.text.cut import character_features
from textkaizen.text.streams import Streams

KEPT_WORDS = 16384  # some megabytes at most; when they are full, all go
LONGEST_KEPT = 32  # characters; what is longer is seldom a word


@dataclass(frozen=True, eq=False)
class OneText:
    """What makes the bag of one text.

    Args:
        streams: what becomes of a text before it is cut.
        words: word or run of words -> its number, below those of characters.
        characters: run of characters -> its number; of both, a dictionary or buckets.
        idf: float32, by number.
        scales: what hand-made features are multiplied by, float32; their numbers come last.
        kept: word -> the int32 numbers of its runs of characters, filled as texts come.
    """

    streams: Streams
    words: dict[str, int] | Buckets
    characters: dict[str, int] | Buckets
    idf: np.ndarray
    scales: np.ndarray
    kept: dict[str, bytes] = field(default_factory=dict, repr=False)

    def bag(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a text's features, ascending, and their weights: int32 and float32 [entries]."""
        written, rules = self.streams.write(text), self.streams.rules
        packed = b"".join([self._of_words(written), *self._of_characters(written)])
        found = np.sort(np.frombuffer(packed, np.int32))
        first = np.ones(len(found), np.bool_)
        np.not_equal(found[1:], found[:-1], out=first[1:])
        starts = first.nonzero()[0]
        features = found.take(starts)
        weights = np.empty(len(starts))
        np.subtract(starts[1:], starts[:-1], out=weights[:-1])
        weights[-1:] = len(found) - starts[-1:]
        if rules.binary:
            weights[:] = 1
        elif rules.sublinear:
            np.log(weights, out=weights)
            weights += 1
        weights *= self.idf.take(features)
        split = features.searchsorted(len(self.words))
        parts = (weights[:split], rules.word_weight), (weights[split:], rules.character_weight)
        for part, weight in parts:
            if part.size:
                part *= weight / _length(part, rules.norm)
        if len(self.scales):
            own = self.streams.handmade([text])[0] * self.scales
            own *= np.float32(rules.handmade_weight)
            there = own.nonzero()[0]
            features = np.concatenate([features, (there + len(self.idf)).astype(np.int32)])
            weights = np.concatenate([weights, own[there]])
        return features, weights.astype(np.float32)

    def _of_words(self, written: str) -> bytes:
        """The known runs of words in a text, each as often as it stands there."""
        least, most = self.streams.rules.words
        if not most:
            return b""
        words = self.streams.words(written)
        runs = chain.from_iterable(
            words if length == 1 else _joined(words, length)
            for length in range(least, min(most, len(words)) + 1)
        )
        return _packed(self.words, runs)

    def _of_characters(self, written: str) -> list[bytes]:
        """The known runs of characters, each as often as it stands there."""
        found: list[bytes] = []
        rules, kept = self.streams.rules, self.kept
        if not rules.characters[1]:
            return found
        if not rules.within_words:
            return [_packed(self.characters, character_features(written, rules.characters, False))]
        for word in written.split():
            numbers = kept.get(word)
            if numbers is None:
                numbers = _packed(self.characters, _within(word, rules.characters))
                if len(word) <= LONGEST_KEPT:
                    if len(kept) >= KEPT_WORDS:
                        kept.clear()
                    kept[word] = numbers
            found.append(numbers)
        return found


def _length(weights: np.ndarray, norm: str) -> float:
    """What brings weights to length or sum one."""
    if norm == "none":
        return 1.0
    return math.sqrt(weights @ weights) if norm == "l2" else float(weights.sum())


def _packed(known: dict[str, int] | Buckets, runs: Iterable[str]) -> bytes:
    """The numbers of those runs that are known, int32."""
    return array("i", [number for number in map(known.get, runs) if number is not None]).tobytes()


def _joined(words: list[str], length: int) -> list[str]:
    """Runs of so many words.

    Example:
        >>> _joined(["do", "you", "open"], 2)
        ['do you', 'you open']
    """
    return [" ".join(words[start : start + length]) for start in range(len(words) - length + 1)]


def _within(word: str, span: tuple[int, int]) -> list[str]:
    """Runs of characters within a word that is padded; one shorter than a run is one itself.

    Example:
        >>> _within("a", (2, 3)), _within("a", (4, 5))
        ([' a', 'a ', ' a '], [' a '])
    """
    least, most = span
    padded = f" {word} "
    if len(padded) < least:
        return [padded]
    return [
        padded[start : start + length]
        for length in range(least, min(most, len(padded)) + 1)
        for start in range(len(padded) - length + 1)
    ]
