"""Word vectors as texts and as word2vec's binary form, a line or a record at a time.

In a text the numbers are the last columns of a line: what stands before them is the word, blanks
and all (GloVe has words such as ". . ."), unless it ends in a number itself.

Source: Mikolov et al. 2013, word2vec.c (both forms with a header); Pennington et al. 2014, GloVe.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from textkaizen.errors import WordVectorsError

MARK = b"\xef\xbb\xbf"  # of UTF-8
BUFFER = 1 << 20  # bytes
LONGEST_LINE = 1 << 22
LONGEST_WORD = 1 << 16
MOST_DIMENSIONS = 1 << 16
OF_NUMBERS = frozenset(b"0123456789+-.eE nNaAiIfF\r\n")  # what follows a word in a text
ENDS = b" \r\n"

# A word as it stands in the file, and what reads its vector, float32 [dimensions], if it is wanted.
Entry = tuple[bytes, Callable[[], np.ndarray]]


class Header(NamedTuple):
    """What the first line says."""

    words: int
    dimensions: int


def refuse(path: Path, found: str, cause: Exception | None = None) -> NoReturn:
    """Say what is wrong with a file.

    Raises:
        WordVectorsError: always.
    """
    raise WordVectorsError(
        f"A file of word vectors must be whole, and of word2vec, GloVe or fastText; in {path} "
        f"{found}. Make or fetch it again, or name another."
    ) from cause


def told_apart(path: Path, stream: io.BufferedReader) -> Iterator[Entry]:
    """Return the entries of a text or of word2vec's binary form, whichever it is.

    Args:
        path: for messages.
        stream: at its beginning.

    Raises:
        WordVectorsError: it is neither; in time, that it is damaged.
    """
    first = stream.readline(LONGEST_LINE).removeprefix(MARK)
    fields = first.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        return _text_entries(path, stream, first, None)
    header = Header(*map(int, fields))
    require_dimensions(path, header.dimensions)
    ahead = stream.readline(LONGEST_LINE)  # of the binary form so much as happens to be before \n
    if _is_text(ahead, header.dimensions):
        return _text_entries(path, stream, ahead, header)
    return _binary_entries(path, stream, ahead, header)


def require_dimensions(path: Path, dimensions: int) -> None:
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        refuse(path, f"a vector has {dimensions} numbers, and from 1 to {MOST_DIMENSIONS} can be")


def _is_text(line: bytes, dimensions: int) -> bool:
    """Whether what stands behind the first word are written numbers, two characters each at least.

    A line that is too short for them is a text if it has two at least: by chance a packed vector
    has that in one file of many millions.
    """
    numbers = line[line.find(b" ") + 1 :][: 2 * dimensions - 1]
    if len(numbers) == 2 * dimensions - 1 or not line:
        return OF_NUMBERS.issuperset(numbers)
    fields = numbers.split()
    return len(fields) > 1 and all(map(_is_number, fields))


def _text_entries(
    path: Path, stream: io.BufferedReader, first: bytes, header: Header | None
) -> Iterator[Entry]:
    """Entries of a text.

    Args:
        first: the first line that is no header.
    """
    columns = len(first.rstrip(ENDS).split(b" ")) - 1 if header is None else header.dimensions
    if header is None:
        _require_text(path, first, columns)
    number, entries = (0, 0) if header is None else (1, 0)
    while line := first or stream.readline(LONGEST_LINE):
        first, number = b"", number + 1
        body = line.rstrip(ENDS)
        if not body:
            continue
        blanks, entries = body.count(b" "), entries + 1
        if blanks == columns:
            word = body[: body.index(b" ")]
        else:
            word = _long_word(path, number, body, columns)
        yield word, partial(_written_numbers, path, number, body, columns)
    if header is not None and entries != header.words:
        refuse(path, f"the first line says {header.words:,} words, and there are {entries:,}")


def _require_text(path: Path, first: bytes, columns: int) -> None:
    """Refuse what does not begin like a text, before a line of it is believed."""
    if not first:
        refuse(path, "there is nothing")
    if len(first) == LONGEST_LINE or b"\0" in first:
        refuse(path, "the first line is no text, nor is it a header")
    if not columns:
        refuse(path, "line 1 has a word and no numbers behind it, parted by blanks")
    require_dimensions(path, columns)


def _long_word(path: Path, number: int, body: bytes, columns: int) -> bytes:
    """The word of a line that has not as many blanks as the others."""
    word = body.rsplit(b" ", columns)[0]
    found = body.count(b" ")
    if found > columns and not _is_number(word.rpartition(b" ")[2]):
        return word
    refuse(path, f"line {number:,} has {found} numbers where there must be {columns}")


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _written_numbers(path: Path, number: int, body: bytes, columns: int) -> np.ndarray:
    fields = body.rsplit(b" ", columns)[1:]
    try:
        vector = np.array(array("f", map(float, fields)), np.float32)
    except ValueError as error:
        strange = next(field for field in fields if not _is_number(field))
        shown = strange[:40].decode("utf-8", "replace")
        refuse(path, f"line {number:,} has {shown!r} where a number must be", error)
    if not np.isfinite(vector).all():
        refuse(path, f"line {number:,} has a number that is not finite")
    return vector


def _binary_entries(
    path: Path, stream: io.BufferedReader, held: bytes, header: Header
) -> Iterator[Entry]:
    """Entries of word2vec's binary form: a word, a blank, numbers, perhaps the end of a line.

    Args:
        held: what has been read behind the header.
    """
    size, place = 4 * header.dimensions, 0
    for number in range(1, header.words + 1):
        end = held.find(b" ", place)
        while end < 0 or end + 1 + size > len(held):
            more = stream.read(BUFFER)
            if not more:
                refuse(path, f"the content ends within word {number:,} of {header.words:,}")
            held, place = held[place:] + more, 0
            end = held.find(b" ")
            if max(end, end < 0 and len(held)) > LONGEST_WORD:
                refuse(path, f"word {number:,} of {header.words:,} does not end")
        begin = end + 1
        word = held[place:end].lstrip(b"\n")
        place = begin + size
        yield word, partial(_packed_numbers, path, (word, number), held[begin:place])
    if (held[place:] + stream.read(LONGEST_WORD)).strip(ENDS):
        refuse(path, f"the first line says {header.words:,} words, and more follows them")


def _packed_numbers(path: Path, where: tuple[bytes, int], content: bytes) -> np.ndarray:
    vector = np.frombuffer(content, "<f4").astype(np.float32)
    if not np.isfinite(vector).all():
        shown = where[0].decode("utf-8", "replace")
        refuse(path, f"word {where[1]:,} ({shown!r}) has a number that is not finite")
    return vector
