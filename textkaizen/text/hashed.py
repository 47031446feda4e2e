"""Texts -> counts of hashed features: no term is held, spelt, sorted or merged.

A piece of the texts needs nothing of the others, so pieces are counted whole in threads; what stays
of each is its non-zeros. Memory follows those alone, however many terms there are.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.recipe import TextRules
from textkaizen.text.buckets import Sums, character_symbols, kinds_of
from textkaizen.text.many import BLANK, character_runs, laid_out, word_places, word_runs
from textkaizen.text.streams import Piece, Streams
from textkaizen.text.threads import in_order


@dataclass(frozen=True)
class Entries:
    """Non-zeros of some texts.

    Args:
        columns: int32, ascending in each text.
        values: the smallest whole numbers that suffice.
        sizes: how many each text has, int64.
    """

    columns: np.ndarray
    values: np.ndarray
    sizes: np.ndarray


def count_hashed(texts: Iterable[str], streams: Streams) -> tuple[csr_matrix, np.ndarray]:
    """Count every bucket of every text, with arrays.

    Args:
        texts: any. A stream is read once, a piece at a time.
        streams: what becomes of them before they are cut; `hashed` is on in its rules.

    Returns:
        float32 CSR [texts, rules.hashed], and hand-made features, float32 [texts, features].
    """
    handmade: list[np.ndarray] = []

    def calls() -> Iterator[Any]:
        for piece in streams.pieces(texts):
            handmade.append(piece.handmade)
            yield partial(_entries, piece, streams.rules)

    parts: deque[Entries] = deque(in_order(calls()))
    sizes = np.concatenate([part.sizes for part in parts])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    columns, values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    filled = 0
    while parts:  # each is let go as soon as it is copied
        part = parts.popleft()
        own = slice(filled, filled + len(part.columns))
        columns[own], values[own], filled = part.columns, part.values, own.stop
    return _matrix(columns, values, starts, streams.rules), np.concatenate(handmade)


def count_hashed_plainly(texts: Iterable[str], streams: Streams) -> csr_matrix:
    """Count text by text, in plain Python: what `count_hashed` does is what this does."""
    columns: list[int] = []
    values: list[int] = []
    starts, rules = [0], streams.rules
    of_words, of_characters = kinds_of(rules)
    for text in texts:
        words, characters = streams.terms(text)
        buckets = chain(map(of_words.of_term, words), map(of_characters.of_term, characters))
        counted = Counter(buckets)
        columns += sorted(counted)
        values += [counted[column] for column in sorted(counted)]
        starts.append(len(columns))
    return _matrix(np.array(columns, np.int32), np.array(values, np.float32), starts, rules)


def _entries(piece: Piece, rules: TextRules) -> Entries:
    """Count the buckets of some texts: one sort by text and bucket."""
    bits = np.uint64((rules.hashed - 1).bit_length())
    keys = [(rows.astype(np.uint64) << bits) | buckets for rows, buckets in _of_piece(piece, rules)]
    ordered = np.concatenate([np.zeros(0, np.uint64), *keys])
    del keys
    ordered.sort()
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    first = np.flatnonzero(new)
    counted = np.diff(first, append=len(ordered))
    ordered = ordered[first]
    return Entries(
        (ordered & np.uint64(rules.hashed - 1)).astype(np.int32),
        counted.astype(np.min_scalar_type(int(counted.max(initial=0)))),
        np.bincount((ordered >> bits).astype(np.int64), minlength=len(piece.written)),
    )


def _of_piece(piece: Piece, rules: TextRules) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the texts and the buckets of all runs of one length, kind after kind."""
    codes, lengths = laid_out(piece.written)
    of_words, of_characters = kinds_of(rules)
    sums = Sums(character_symbols(codes))
    if rules.words != (0, 0):
        told, of_letters = piece.spoken is not None, sums
        spoken, own = laid_out(piece.spoken) if piece.spoken is not None else (codes, lengths)
        if told:
            of_letters = Sums(character_symbols(spoken))
        begins, ends, until = word_places(spoken, own, told)
        words = Sums(of_letters.hashes(begins, ends))
        runs = word_runs(until, np.diff(until, prepend=0), rules.words)
        for length, starts, rows in runs:
            yield rows, of_words.of(words.hashes(starts, starts + length))
    if rules.characters != (0, 0):
        for length, starts, rows in character_runs(codes == BLANK, lengths, rules):
            yield rows, of_characters.of(sums.hashes(starts, starts + length))


def _matrix(columns: np.ndarray, values: np.ndarray, starts: Any, rules: TextRules) -> csr_matrix:
    starts = np.asarray(starts, np.int32 if len(columns) < 2**31 else np.int64)
    matrix = csr_matrix((values, columns, starts), shape=(len(starts) - 1, rules.hashed))
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix
