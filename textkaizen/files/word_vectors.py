"""Files of word vectors: word2vec text and binary, GloVe and fastText text, fastText models; `.gz`.

A file of a few gigabytes is read once, as a stream, and what is kept is what was asked for. Of a
fastText model (`.bin`) the rows of a word and of its parts are looked up.

Forms are told by content, not by name: gzip and fastText models by their first bytes, word2vec by
two whole numbers on the first line (a text without is GloVe's), text by what follows the first
word.

Rejected: gensim (reads whole files into memory, or stops after so many words), memory mapping
(nothing in a text says where a line begins).
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from textkaizen.data.word_vectors import WordVectors
from textkaizen.errors import WordVectorsError
from textkaizen.files.fasttext_models import MAGIC as FASTTEXT
from textkaizen.files.fasttext_models import fasttext_entries
from textkaizen.files.vector_forms import BUFFER, Entry, refuse, told_apart

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
BLOCK_NUMBERS = 1 << 20  # of vectors that are worked on at once: 4 MB


class Block(NamedTuple):
    """Some words of a file.

    Args:
        words: as they stand there.
        vectors: float32 [words, dimensions].
    """

    words: list[str]
    vectors: np.ndarray


def read_word_vectors(path: str | Path, words: Collection[str]) -> WordVectors:
    """Read the vectors of some words.

    A word is looked for as it stands, and if the file has it nowhere, in other capitals ("paris"
    finds "Paris", or whatever comes first with its letters). Of a word that stands there twice the
    first counts. Columns are counted on every line; vectors that nobody asked for are not read.

    Args:
        path: of the file, which may be packed by gzip.
        words: that are wanted. Memory follows them, not the file.

    Raises:
        WordVectorsError: the file cannot be read, is no file of vectors, or is damaged; the message
            names the line or the word.
    """
    wanted = dict.fromkeys(words)
    exact = {word.encode("utf-8", "surrogatepass"): word for word in wanted}
    folds = {word.casefold() for word in wanted}
    rows: dict[str, np.ndarray] = {}
    by_fold: dict[str, tuple[str, np.ndarray]] = {}
    with _opened(Path(path)) as (dimensions, entries):
        for name, vector in entries:
            word = exact.get(name)
            if word is None:
                written = _decoded(name)
                fold = written.casefold()
                if fold in folds and fold not in by_fold:
                    by_fold[fold] = written, vector()
            elif word not in rows:
                rows[word] = vector()
                if len(rows) == len(wanted):
                    break
    folded = {
        word: by_fold[word.casefold()]
        for word in wanted
        if word not in rows and word.casefold() in by_fold
    }
    rows |= {word: vector for word, (_, vector) in folded.items()}
    names = tuple(sorted(rows))
    vectors = np.zeros((len(names), dimensions), np.float32)
    for row, word in enumerate(names):
        vectors[row] = rows[word]
    spelt = {word: written for word, (written, _) in folded.items()}
    return WordVectors(names, vectors, len(wanted), spelt)


def vector_blocks(path: str | Path) -> Iterator[Block]:
    """Yield all words of a file with their vectors, some at a time, in the file's order.

    Raises:
        WordVectorsError: as of `read_word_vectors`.
    """
    with _opened(Path(path)) as (dimensions, entries):
        many = max(1, BLOCK_NUMBERS // dimensions)
        while some := list(islice(entries, many)):
            vectors = np.empty((len(some), dimensions), np.float32)
            for row, (_, vector) in enumerate(some):
                vectors[row] = vector()
            yield Block([_decoded(name) for name, _ in some], vectors)


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "replace")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, Iterator[Entry]]]:
    """Open a file: how many numbers a vector has, and the entries in their order."""
    try:
        with path.open("rb") as raw, _unpacked(path, raw) as stream:
            if stream.peek(4)[:4] == FASTTEXT:
                entries: Iterable[Entry] = fasttext_entries(path, raw, stream is not raw)
            else:
                entries = told_apart(path, stream)
            coming = iter(entries)
            first = next(coming, None)
            if first is None:
                refuse(path, "there is no word")
            vector = first[1]()
            yield len(vector), chain([(first[0], lambda: vector)], coming)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        refuse(path, f"what gzip has packed is damaged or cut short ({error})", error)
    except OSError as error:
        raise WordVectorsError(
            f"A file of word vectors is needed; {path} cannot be read "
            f"({error.strerror or error}). Name a file that can be read."
        ) from error


@contextmanager
def _unpacked(path: Path, raw: io.BufferedReader) -> Iterator[io.BufferedReader]:
    """The stream itself, or what gzip has packed in it."""
    magic = raw.peek(4)[:4]
    if magic == ZIP:
        refuse(path, "there is a zip archive, which must be unpacked first")
    if not magic.startswith(GZIP):
        yield raw
        return
    with gzip.GzipFile(fileobj=cast(BinaryIO, raw)) as unpacked:
        stream: Any = unpacked  # a raw stream in all but its type
        yield io.BufferedReader(stream, BUFFER)
