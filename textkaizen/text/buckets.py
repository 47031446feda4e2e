"""A feature without a name: its hash, the same in every process and on every machine.

Of symbols x the hash is finish(x[0] + x[1] * M + x[2] * M**2 + ...), modulo 2**64; a bucket is the
hash modulo the number of buckets. A character's symbol is finish(its code point + 1). A word's
symbol is the hash of its characters, so that runs of words need no strings either. Such a sum over
any stretch of a text is a difference of two running sums: `Sums` hashes millions of stretches of
any length with a few operations on arrays, `hash_of` gives the same for one in plain Python.

Nothing here is secret: who wants texts that share buckets can make them, and terms that share one
add up, no more.

Rejected: Python's `hash` (another in every process); MurmurHash3 or xxHash of UTF-8 (every term
would have to be made as bytes of its own).

Source: Weinberger et al. 2009, Feature hashing for large scale multitask learning; Karp & Rabin
1987, Efficient randomized pattern-matching algorithms (running sums); Appleby 2011, MurmurHash3,
`fmix64` (finish).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from textkaizen.recipe import TextRules

MASK = 2**64 - 1
MULTIPLIER = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio: its multiples lie far apart
INVERSE = pow(MULTIPLIER, -1, 2**64)
SHIFT, FIRST, SECOND = 33, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53


@dataclass(frozen=True)
class Buckets:
    """The buckets of one kind of feature; looked up as a dictionary of its terms would be.

    Args:
        words: of words; else of characters.
        first: number of the first bucket.
        size: how many, a power of two; 0 if this kind is off.

    Example:
        >>> Buckets(words=True, first=0, size=2**18).get("do you")
        185670
    """

    words: bool
    first: int
    size: int

    def __len__(self) -> int:
        return self.size

    def get(self, term: str, default: int | None = None) -> int | None:
        """Return a term's feature; each has one, so `default` is never returned."""
        return self.of_term(term)

    def of_term(self, term: str) -> int:
        """Return a term's feature."""
        symbols = map(_word, term.split(" ")) if self.words else map(_character, term)
        return self.first + (hash_of(symbols) & (self.size - 1))

    def of(self, hashes: np.ndarray) -> np.ndarray:
        """Return the features of hashes, uint64."""
        return (hashes & np.uint64(self.size - 1)) + np.uint64(self.first)


def kinds_of(rules: TextRules) -> tuple[Buckets, Buckets]:
    """Return the buckets of words and of characters: half for each, all if the other is off."""
    words = rules.hashed
    if rules.characters != (0, 0):
        words = rules.hashed // 2 if rules.words != (0, 0) else 0
    return Buckets(True, 0, words), Buckets(False, words, rules.hashed - words)


def hash_of(symbols: Iterable[int]) -> int:
    """Return the hash of symbols, each below 2**64, in plain Python."""
    total, power = 0, 1
    for symbol in symbols:
        total += symbol * power
        power = power * MULTIPLIER & MASK
    return finish(total & MASK)


def finish(value: int) -> int:
    """Let every bit of a number below 2**64 change about half of all bits."""
    value = (value ^ (value >> SHIFT)) * FIRST & MASK
    value = (value ^ (value >> SHIFT)) * SECOND & MASK
    return value ^ (value >> SHIFT)


def finished(values: np.ndarray) -> np.ndarray:
    """Return `finish` of each value, uint64."""
    shift = np.uint64(SHIFT)
    values = values ^ (values >> shift)
    values *= np.uint64(FIRST)
    values ^= values >> shift
    values *= np.uint64(SECOND)
    values ^= values >> shift
    return values


def character_symbols(codes: np.ndarray) -> np.ndarray:
    """Return the symbols of code points, uint64."""
    return finished(codes.astype(np.uint64) + np.uint64(1))


class Sums:
    """Running sums over symbols, from which any stretch of them is hashed.

    Args:
        symbols: uint64.
    """

    def __init__(self, symbols: np.ndarray) -> None:
        size = len(symbols)
        self.until = np.zeros(size + 1, np.uint64)
        np.cumsum(symbols * _powers(MULTIPLIER, size), out=self.until[1:])
        self.back = _powers(INVERSE, size)

    def hashes(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the hashes of stretches, uint64; none of them is empty."""
        return finished((self.until[ends] - self.until[starts]) * self.back[starts])


def _powers(of: int, size: int) -> np.ndarray:
    """1, of, of**2, ...: uint64 [size]."""
    powers = np.full(size, of, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, out=powers)


@lru_cache(maxsize=2**14)
def _character(character: str) -> int:
    return finish(ord(character) + 1)


@lru_cache(maxsize=2**14)
def _word(word: str) -> int:
    return hash_of(map(_character, word))
