"""The vectors of a fastText model (`.bin`): those of its words, as fastText itself gives them.

The vector of a word is the mean of its own row and the rows of its runs of characters, which are
hashed into buckets behind the words' rows. Rows are read where they lie, so that memory does not
follow the matrix. Words that the model does not know have no vector here, though fastText would
make one of their runs alone: a file of vectors would not have it either.

Source: Bojanowski et al. 2017, Enriching word vectors with subword information, section 3; the
layout is that of fastText's `saveModel`, version 12.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import numpy as np

from textkaizen.files.vector_forms import BUFFER, LONGEST_WORD, Entry, refuse, require_dimensions

MAGIC = struct.pack("<i", 793712314)
VERSIONS = (11, 12)
HEAD = struct.Struct("<ii12idiiiqq")
FACTS = struct.Struct("<qb")  # behind each word: how often it came, and whether it is a label
MATRIX = struct.Struct("<?qq")  # whether it is quantised, rows, columns
LABEL, SUPERVISED, END_OF_SENTENCE = 1, 3, b"</s>"


class Layout(NamedTuple):
    """Where things lie in a model.

    Args:
        entries, words: of the dictionary, labels among the entries.
        dimensions: columns of the matrix.
        begin: of its first row, bytes.
        runs: the shortest and longest run of characters; (0, 0) is none.
        buckets: rows behind the words', for runs.
    """

    entries: int
    words: int
    dimensions: int
    begin: int
    runs: tuple[int, int]
    buckets: int


def fasttext_entries(path: Path, file: BufferedReader, packed: bool) -> Iterator[Entry]:
    """Yield the words of a model, the most frequent first.

    Args:
        path: for messages.
        file: at its beginning.
        packed: by gzip.

    Raises:
        WordVectorsError: the model is packed, quantised, of another version, or damaged.
    """
    if packed:
        refuse(path, "there is a fastText model that gzip has packed: unpack it first")
    layout = _layout(path, file)
    for row, (word, kind) in enumerate(_dictionary(path, file, layout.entries)):
        if kind != LABEL:
            yield word, partial(_vector, path, file, layout, (row, word))


def _layout(path: Path, file: BufferedReader) -> Layout:
    """Read what a model says of itself, and check it against its length."""
    whole = os.fstat(file.fileno()).st_size
    head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        refuse(path, "the content ends within the head of a fastText model")
    _, version, *rest = HEAD.unpack(head)
    if version not in VERSIONS:
        refuse(path, f"there is a fastText model of version {version}, and 12 can be read")
    dimensions, model, buckets, shortest, longest = (rest[i] for i in (0, 7, 8, 9, 10))
    entries, words, pruned = rest[13], rest[14], rest[17]
    require_dimensions(path, dimensions)
    if version == 11 and model == SUPERVISED:
        longest = 0  # such models had none, whatever they say
    if not 0 <= words <= entries:
        refuse(path, f"there is a dictionary of {entries} entries with {words} words")
    for _ in _dictionary(path, file, entries):
        pass
    begin = file.tell() + MATRIX.size
    matrix = file.read(MATRIX.size)
    if len(matrix) < MATRIX.size:
        refuse(path, "the content ends before the vectors of a fastText model")
    quantised, rows, columns = MATRIX.unpack(matrix)
    if quantised or pruned > 0:
        refuse(path, "there is a quantised fastText model, whose vectors are gone: take its .bin")
    runs = (shortest, longest) if longest > 0 else (0, 0)
    if columns != dimensions or rows < words + (buckets if longest > 0 else 0):
        refuse(path, f"there is a matrix of {rows} rows and {columns} columns for {words} words")
    if begin + 4 * rows * columns > whole:
        refuse(path, "the content ends within the vectors of a fastText model")
    return Layout(entries, words, dimensions, begin, runs, buckets)


def _dictionary(path: Path, file: BufferedReader, entries: int) -> Iterator[tuple[bytes, int]]:
    """Yield words and whether they are labels; the file is left behind the last of them."""
    file.seek(HEAD.size)
    held, place, start = b"", 0, HEAD.size
    for number in range(1, entries + 1):
        end = held.find(b"\0", place)
        while end < 0 or end + 1 + FACTS.size > len(held):
            file.seek(start + len(held))  # vectors may have been read meanwhile
            more = file.read(BUFFER)
            if not more or (end < 0 and len(held) - place > LONGEST_WORD):
                refuse(path, f"the content ends within word {number:,} of {entries:,}")
            start, held, place = start + place, held[place:] + more, 0
            end = held.find(b"\0")
        yield held[place:end], FACTS.unpack_from(held, end + 1)[1]
        place = end + 1 + FACTS.size
    file.seek(start + place)


def _vector(
    path: Path, file: BufferedReader, layout: Layout, where: tuple[int, bytes]
) -> np.ndarray:
    row, word = where
    rows = [row]
    if layout.runs[1] and layout.buckets and word != END_OF_SENTENCE:
        rows += [layout.words + hashed(run) % layout.buckets for run in _runs(word, *layout.runs)]
    size, total = 4 * layout.dimensions, np.zeros(layout.dimensions, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        for each in rows:
            file.seek(layout.begin + each * size)
            total += np.frombuffer(file.read(size), "<f4")
    vector = total / np.float32(len(rows))
    if not np.isfinite(vector).all():
        shown = word.decode("utf-8", "replace")
        refuse(path, f"word {row + 1:,} ({shown!r}) has a number that is not finite")
    return vector


def _runs(word: bytes, shortest: int, longest: int) -> Iterator[bytes]:
    """Runs of characters of a word between marks, UTF-8; the marks alone are none.

    Example:
        >>> list(_runs(b"ab", 1, 2))
        [b'<a', b'a', b'ab', b'b', b'b>']
    """
    marked = b"<" + word + b">"
    begins = [place for place, byte in enumerate(marked) if byte & 0xC0 != 0x80]
    begins.append(len(marked))
    last = len(begins) - 1
    for first in range(last):
        for length in range(max(shortest, 1), min(longest, last - first) + 1):
            if length == 1 and (first == 0 or first + 1 == last):
                continue
            yield marked[begins[first] : begins[first + length]]


def hashed(run: bytes) -> int:
    """Return the hash of a run, 32 bits: FNV-1a, in which fastText takes bytes as signed.

    Example:
        >>> hashed(b"a")
        3826002220
    """
    found = 2166136261
    for byte in run:
        signed = byte | 0xFFFFFF00 if byte > 127 else byte
        found = ((found ^ signed) * 16777619) & 0xFFFFFFFF
    return found
