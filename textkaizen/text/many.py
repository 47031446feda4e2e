"""Many texts -> counts, with arrays and on all cores, equal to cutting text by text.

Texts come as a stream and go in pieces. This thread writes a piece and numbers its words (Python),
other threads sort its characters meanwhile (NumPy lets them). When all words are known and in
order, runs of words are counted likewise. Then the pieces' terms are merged, and the pieces let go
one by one while the matrix is filled: memory follows the non-zeros, not the runs. A term becomes a
string when somebody asks for it: most are rare and thrown away.

Rejected: processes (texts and counts would be copied to and fro, and JAX must not be forked).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.recipe import TextRules
from textkaizen.text.cut import WORD
from textkaizen.text.grams import Packing, Run, count_runs, merge_terms
from textkaizen.text.grams import Piece as Counted
from textkaizen.text.streams import Streams
from textkaizen.text.threads import in_order

BLANK = 32
LAST = 0x110000  # code points end here; with 1 added they fit in 21 bits, three in an uint64
# Of words or of characters: the pieces, how their terms lie, and what symbols are called.
Kind = tuple[list[Any], Packing, Sequence[str] | None]


@dataclass(frozen=True)
class Terms:
    """Distinct runs, spelt on demand.

    Args:
        packed: uint64 arrays, sorted as the strings are.
        packing: how symbols lie in them.
        words: what the symbols 1, 2, ... are called; None if they are code points, 1 added.
    """

    packed: list[np.ndarray]
    packing: Packing
    words: Sequence[str] | None

    def __len__(self) -> int:
        return len(self.packed[0])

    def named(self, places: np.ndarray) -> list[str]:
        """Return the strings of some terms."""
        symbols = np.stack(self.packing.unpack([each[places] for each in self.packed]), axis=1)
        if self.words is not None:
            words = self.words
            return [" ".join([words[s - 1] for s in run if s]) for run in symbols.tolist()]
        lengths = np.count_nonzero(symbols, axis=1)
        codes = np.ascontiguousarray(np.maximum(symbols - 1, 0), np.uint32)
        named = codes.view(f"<U{symbols.shape[1]}").ravel().tolist() if codes.size else []
        # NumPy takes a last U+0000 for no character at all.
        for place in np.flatnonzero((symbols == 1).any(axis=1)).tolist():
            named[place] = named[place].ljust(lengths[place], "\0")
        return named


class Many(NamedTuple):
    """What was counted in many texts.

    Args:
        matrix: float32 CSR [texts, features].
        kinds: the terms of words and of characters; a kind that is off is left out.
        handmade: float32 [texts, hand-made features].
    """

    matrix: csr_matrix
    kinds: list[Terms]
    handmade: np.ndarray


def count_many(texts: Iterable[str], streams: Streams) -> Many:
    """Count every feature of every text.

    Args:
        texts: any. A stream is read once, a piece at a time.
        streams: what becomes of them before they are cut.
    """
    rules = streams.rules
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__  # a new word gets the next number
    sequences: deque[tuple[np.ndarray, np.ndarray]] = deque()
    handmade: list[np.ndarray] = []
    cutting = _cutting(texts, streams, numbers, sequences, handmade)
    characters = list(in_order(cutting))
    names = sorted(numbers)
    rank = np.empty(len(names) + 1, np.int64)
    rank[[numbers[name] for name in names]] = np.arange(1, len(names) + 1)
    numbers.clear()
    kinds: list[Kind] = []
    if rules.words != (0, 0):
        calls = (partial(_words, rank, sequences.popleft(), rules.words) for _ in characters)
        kinds.append((list(in_order(calls)), word_packing(rules.words), names))
    if rules.characters != (0, 0):
        kinds.append((characters, character_packing(rules.characters), None))
    return Many(*_together(kinds), np.concatenate(handmade))


def _cutting(
    texts: Iterable[str],
    streams: Streams,
    numbers: defaultdict[str, int],
    sequences: deque[tuple[np.ndarray, np.ndarray]],
    handmade: list[np.ndarray],
) -> Iterator[Callable[[], Counted | None]]:
    """Number the words of one piece after another; yield what counts its characters."""
    rules = streams.rules
    for piece in streams.pieces(texts):
        handmade.append(piece.handmade)
        codes, lengths = laid_out(piece.written)
        if rules.words != (0, 0) and piece.spoken is None:
            sequences.append(_numbered_words(codes, _within_words(codes), lengths, numbers))
        elif piece.spoken is not None:
            spoken, own = laid_out(piece.spoken)
            sequences.append(_numbered_words(spoken, spoken != BLANK, own, numbers))
        if rules.characters != (0, 0):
            yield partial(_characters, codes, lengths, rules)
        else:
            yield lambda: None


def laid_out(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return code points of texts with a blank before and after each, and the texts' lengths."""
    joined = f" {' '.join(texts)} "
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    return codes, np.fromiter(map(len, texts), np.int64)


def character_packing(span: tuple[int, int]) -> Packing:
    """How runs of code points lie in uint64."""
    return Packing(21, span[1], 3)


def word_packing(span: tuple[int, int]) -> Packing:
    """How runs of words' numbers lie in uint64."""
    return Packing(32, span[1], 2)


def _characters(codes: np.ndarray, lengths: np.ndarray, rules: TextRules) -> Counted:
    """Count runs of characters; a blank stands before and after each text."""
    there = np.zeros(LAST, bool)
    there[codes] = True
    alphabet = np.flatnonzero(there)
    rank = np.zeros(LAST, np.int32)
    rank[alphabet] = np.arange(1, len(alphabet) + 1)
    names = np.concatenate([[0], alphabet + 1])
    symbols = rank[codes].astype(np.int64)
    runs = character_runs(codes == BLANK, lengths, rules)
    spelling = names, character_packing(rules.characters)
    return count_runs(symbols, runs, len(lengths), spelling)


def character_runs(blank: np.ndarray, lengths: np.ndarray, rules: TextRules) -> Iterator[Run]:
    """Find where runs start. A word's runs start at the blank before it or in it."""
    least, most = rules.characters
    if not rules.within_words:
        yield from _text_runs(lengths, least, most)
        return
    first = np.flatnonzero(blank[:-1] & ~blank[1:])  # the blanks before the words
    last = np.flatnonzero(~blank[:-1] & blank[1:]) + 1  # the blanks after them
    sizes = last - first
    text_ends = np.cumsum(lengths + 1)
    row = np.searchsorted(text_ends, first, side="right").astype(np.int32)
    # Padded words that are shorter than a run; a padded word has `sizes + 1` characters.
    for length in range(3, least):
        short = np.flatnonzero(sizes + 1 == length)
        yield length, first[short], row[short]
    if least == 1:
        yield 1, last, row
    starts = np.flatnonzero(~(blank[:-1] & blank[1:])) if len(first) else first
    room = np.repeat(last + 1, sizes) - starts
    rows = np.repeat(row, sizes)
    for length in range(least, most + 1):
        enough = np.flatnonzero(room >= length)
        starts, rows, room = starts[enough], rows[enough], room[enough]
        yield length, starts, rows


def _text_runs(lengths: np.ndarray, least: int, most: int) -> Iterator[Run]:
    """Find where the runs of whole texts start."""
    ends = np.cumsum(lengths + 1)  # the blanks after them
    starts = np.delete(np.arange(1, ends[-1]), ends[:-1] - 1) if len(ends) else ends
    rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    room = np.repeat(ends, lengths) - starts
    for length in range(least, most + 1):
        enough = np.flatnonzero(room >= length)
        starts, rows, room = starts[enough], rows[enough], room[enough]
        yield length, starts, rows


def _numbered_words(
    codes: np.ndarray, inside: np.ndarray, lengths: np.ndarray, numbers: defaultdict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Number the words of a piece, given which characters stand in one.

    Returns:
        The words' numbers, int32, and how many words each text and those before it have.
    """
    spaced = np.where(inside, codes, np.uint32(BLANK)).tobytes()
    words = spaced.decode("utf-32-le", "surrogatepass").split()
    begins = np.flatnonzero(~inside[:-1] & inside[1:])
    ends = np.searchsorted(begins, np.cumsum(lengths + 1), side="left")
    return np.fromiter(map(numbers.__getitem__, words), np.int32, len(words)), ends


def word_places(
    codes: np.ndarray, lengths: np.ndarray, told: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the words of a piece; a blank stands before and after each text.

    Args:
        codes, lengths: as of `laid_out`.
        told: all that stands between blanks are words; else runs of letters, digits and marks.

    Returns:
        Where words begin and end, and how many words each text and those before it have.
    """
    inside = codes != BLANK if told else _within_words(codes)
    begins = np.flatnonzero(~inside[:-1] & inside[1:]) + 1
    ends = np.flatnonzero(inside[:-1] & ~inside[1:]) + 1
    return begins, ends, np.searchsorted(begins, np.cumsum(lengths + 1), side="left")


def _within_words(codes: np.ndarray) -> np.ndarray:
    """Whether each character belongs to a word."""
    there = np.zeros(LAST, bool)
    there[codes] = True
    alphabet = np.flatnonzero(there)
    there[alphabet] = [WORD.match(chr(code)) is not None for code in alphabet.tolist()]
    return there[codes]


def _words(
    rank: np.ndarray, numbered: tuple[np.ndarray, np.ndarray], span: tuple[int, int]
) -> Counted:
    """Count runs of words, given each word's place among the sorted ones."""
    sequence, ends = numbered
    ranks = rank[sequence]
    there = np.zeros(len(rank) + 1, bool)
    there[ranks] = True
    names = np.concatenate([[0], np.flatnonzero(there)])
    own = np.zeros(len(there), np.int32)
    own[names[1:]] = np.arange(1, len(names))
    sizes = np.diff(ends, prepend=0)
    runs = word_runs(ends, sizes, span)
    return count_runs(own[ranks].astype(np.int64), runs, len(ends), (names, word_packing(span)))


def word_runs(ends: np.ndarray, sizes: np.ndarray, span: tuple[int, int]) -> Iterator[Run]:
    starts = np.arange(sizes.sum())
    room = np.repeat(ends, sizes) - starts
    rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    for length in range(span[0], span[1] + 1):
        enough = np.flatnonzero(room >= length)
        starts, rows, room = starts[enough], rows[enough], room[enough]
        yield length, starts, rows


def _together(kinds: Sequence[Kind]) -> tuple[csr_matrix, list[Terms]]:
    """Merge the pieces' terms and set the kinds side by side; the pieces are used up."""
    terms: list[Terms] = []
    renumbered: list[list[Any]] = []
    features = 0
    for pieces, packing, words in kinds:
        packed, numbers = merge_terms(pieces)
        renumbered.append([each + np.int32(features) for each in numbers])
        terms.append(Terms(packed, packing, words))
        features += len(terms[-1])
    row_sizes = [
        sum(np.diff(piece.matrix.indptr).astype(np.int64) for piece in beside)
        for beside in zip(*(pieces for pieces, _, _ in kinds), strict=True)
    ]
    starts = np.concatenate([[0], np.cumsum(np.concatenate(row_sizes))])
    columns, values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)

    def filling() -> Iterator[Callable[[], None]]:
        filled = row = 0
        for number, sizes in enumerate(row_sizes):
            end, own = filled + int(sizes.sum()), starts[row : row + len(sizes)] - filled
            beside = []
            for (pieces, _, _), numbers in zip(kinds, renumbered, strict=True):
                beside.append((pieces[number].matrix, numbers[number]))
                pieces[number] = numbers[number] = None
            yield partial(_fill, beside, own, columns[filled:end], values[filled:end])
            filled, row = end, row + len(sizes)

    deque(in_order(filling()), maxlen=0)
    index = np.int32 if starts[-1] < 2**31 else np.int64
    matrix = csr_matrix((values, columns, starts.astype(index)), shape=(len(starts) - 1, features))
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix, terms


def _fill(
    beside: list[tuple[csr_matrix, np.ndarray]],
    starts: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
) -> None:
    """Write the rows of matrices side by side; `starts` is where each row begins."""
    for matrix, numbers in beside:
        sizes = np.diff(matrix.indptr)
        places = np.repeat(starts - matrix.indptr[:-1], sizes)
        places += np.arange(len(places))
        columns[places] = numbers[matrix.indices]
        values[places] = matrix.data
        starts = starts + sizes
