"""Runs of symbols -> counts, with arrays: one sort a piece of the texts.

A symbol is a character or a word, as a number. Runs of symbols become whole numbers that order as
their strings do: first symbol foremost, absent ones 0. Such a number with its text's number in the
lowest bits is one uint64; sorted, equal ones are neighbours, so that counts and distinct terms fall
out of one look at the borders. Runs too long for 64 bits are sorted by several numbers.

Rejected: a dictionary of strings (five times the time and more, and every rare run is a string of
its own); a hash table (pyarrow's `dictionary_encode` took three times as long as the sort).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

WIDTH = 64
# Of one length: where runs start among the symbols, and which texts they belong to.
Run = tuple[int, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Packing:
    """How a run of symbols lies in one or more uint64, the first symbol foremost.

    Args:
        bits: of a symbol; symbols are 1 or more.
        most: symbols of the longest run.
        each: symbols of one uint64.
    """

    bits: int
    most: int
    each: int

    @property
    def places(self) -> list[tuple[int, int]]:
        """For each symbol of a run the uint64 it lies in and how far up."""
        return [
            (place // self.each, self.bits * (self.each - 1 - place % self.each))
            for place in range(self.most)
        ]

    def pack(self, symbols: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the uint64 of runs, given the first symbol of each, the second of each, ..."""
        size = len(symbols[0])
        packed = [np.zeros(size, np.uint64) for _ in range(-(-self.most // self.each))]
        for (number, up), values in zip(self.places, symbols, strict=False):
            packed[number] |= values.astype(np.uint64, copy=False) << np.uint64(up)
        return packed

    def unpack(self, packed: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the first symbol of each run, the second, ..., absent ones 0: int64."""
        mask = np.uint64((1 << self.bits) - 1)
        return [
            ((packed[number] >> np.uint64(up)) & mask).astype(np.int64)
            for number, up in self.places
        ]


@dataclass
class Piece:
    """Counts of some of the texts.

    Args:
        terms: uint64 arrays that together spell the distinct runs, in the order of their strings.
        matrix: CSR [texts, terms] of the smallest whole numbers that suffice.
    """

    terms: list[np.ndarray]
    matrix: csr_matrix


def count_runs(
    symbols: np.ndarray, runs: Iterable[Run], texts: int, spelling: tuple[np.ndarray, Packing]
) -> Piece:
    """Count the runs of each text.

    Args:
        symbols: int64, numbers of 1 or more, in the order of their names.
        runs: of each length.
        texts: how many.
        spelling: a symbol's number -> what it is called in `terms` ([0] is 0), and how those lie.
    """
    names, final = spelling
    bits = max(len(names) - 1, 1).bit_length()
    row_bits = max(texts - 1, 1).bit_length()
    fits = bits * final.most + row_bits <= WIDTH
    own = Packing(bits, final.most, final.most if fits else WIDTH // bits)
    packed, rows = [], []
    for length, starts, of_text in runs:
        found = own.pack([symbols[starts + place] for place in range(length)])
        if fits:
            found = [(found[0] << np.uint64(row_bits)) | of_text.astype(np.uint64)]
        else:
            rows.append(of_text)
        packed.append(found)
    keys = [np.concatenate(parts) for parts in zip(*packed, strict=True)]
    del packed
    if fits:
        keys, text_of, counted = _borders_packed(keys[0], row_bits)
    else:
        keys, text_of, counted = _borders(keys, np.concatenate(rows))
    first = np.flatnonzero(_changes(keys))
    starts = np.append(first, len(text_of))
    terms = final.pack([names[each] for each in own.unpack([key[first] for key in keys])])
    values = counted.astype(np.min_scalar_type(int(counted.max(initial=0))))
    matrix = csc_matrix((values, text_of, starts), shape=(texts, len(first)))
    return Piece(terms, csr_matrix(matrix.tocsr()))


def _borders_packed(keys: np.ndarray, row_bits: int):
    keys.sort()
    first = np.flatnonzero(_changes([keys]))
    counted = np.diff(first, append=len(keys))
    keys = keys[first]
    rows = (keys & np.uint64((1 << row_bits) - 1)).astype(np.int32)
    return [keys >> np.uint64(row_bits)], rows, counted


def _borders(keys: list[np.ndarray], rows: np.ndarray):
    order = np.lexsort((rows, *reversed(keys)))
    keys, rows = [key[order] for key in keys], rows[order]
    first = np.flatnonzero(_changes([*keys, rows]))
    counted = np.diff(first, append=len(rows))
    return [key[first] for key in keys], rows[first].astype(np.int32), counted


def _changes(keys: Sequence[np.ndarray]) -> np.ndarray:
    """Where a value differs from the one before; the first does."""
    new = np.ones(len(keys[0]), bool)
    if len(new):
        new[1:] = False
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def merge_terms(pieces: Sequence[Piece]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Number the terms of all pieces together; the pieces' own terms are let go.

    Returns:
        The distinct terms, sorted, and for each piece its terms' numbers, int32.
    """
    sizes = [len(piece.terms[0]) for piece in pieces]
    keys = [np.concatenate(parts) for parts in zip(*(p.terms for p in pieces), strict=True)]
    for piece in pieces:
        piece.terms = []
    # Each piece is sorted already: a stable sort merges what is in order.
    order = np.lexsort(keys[::-1]) if len(keys) > 1 else np.argsort(keys[0], kind="stable")
    keys = [key[order] for key in keys]
    new = _changes(keys)
    numbers = np.empty(len(order), np.int32)
    numbers[order] = np.cumsum(new, dtype=np.int32) - np.int32(1)
    return [key[new] for key in keys], np.split(numbers, np.cumsum(sizes)[:-1])
