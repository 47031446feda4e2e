"""Bytes -> text: UTF-8, UTF-16 with its mark, Shift-JIS and EUC-JP; all else is refused.

A file is UTF-8 or says by its mark what it is. What is neither is taken for Japanese only if it
decodes without an error and then reads like Japanese: mostly kana and kanji, with kana among them.
Nothing else has kana in that place: German in Latin-1 comes out as kanji, EUC-JP taken for
Shift-JIS as half-width katakana, Korean and Chinese as kanji alone. A guess that is not sure is
refused, since a wrong one would train a model on garbage without a word.

Rejected: charset-normalizer and chardet (they answer always, and often wrongly on short files).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from textkaizen.errors import CorpusError

READ = "UTF-8, UTF-16 with a byte order mark, Shift-JIS or EUC-JP"
LINE_END = re.compile("\r\n|\r|\n")
LEAST_KANA = 0.1  # of the characters beyond ASCII; natural Japanese has a third and more
LEAST_JAPANESE = 0.8  # the same, of kana, kanji and full-width forms
MOST_BROKEN = 0.1  # of the characters beyond ASCII; a file with so few bad ones is damaged UTF-8
MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
KINDS = {
    b"PAR1": "a Parquet file: end its name in .parquet",
    b"PK\x03\x04": "a zip or Excel file: save the table as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel or Word file: save the table as CSV",
    b"\x1f\x8b": "a gzip file: unpack it",
    b"\x89PNG": "a PNG picture: give a file of labelled texts",
    b"%PDF": "a PDF: give a file of labelled texts",
    b"SQLite format 3": "an SQLite database: export the table as CSV",
}
_KANA = re.compile("[ぁ-ゖァ-ヺー]+")
_JAPANESE = re.compile("[\u3000-〿ぁ-ヿ一-龠！-～]+")


def read_text(path: Path) -> str:
    """Read a text file in one of the encodings that are recognised.

    Line ends and all else are kept; a byte order mark is dropped.

    Raises:
        CorpusError: the file is missing, a folder, cannot be read, is not text, or is in an
            encoding that is not recognised; the message names the line.
    """
    return decode(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        CorpusError: it is missing, a folder, or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        refuse_unread(path, error)


def refuse_unread(path: Path, error: OSError | ValueError) -> NoReturn:
    """Say why a file cannot be read.

    Raises:
        CorpusError: always.
    """
    if isinstance(error, FileNotFoundError):
        found = "does not exist"
    elif isinstance(error, IsADirectoryError):
        found = "is a folder"
    else:
        found = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    raise CorpusError(f"A file is needed; {path} {found}. Name a file that can be read.") from error


def decode(content: bytes, name: str) -> str:
    """Turn the bytes of a text file into text.

    Args:
        content: the whole file.
        name: for messages.

    Raises:
        CorpusError: not text, or in an encoding that is not recognised.

    Example:
        >>> decode("図書館はどこですか".encode("euc_jp"), "a file")
        '図書館はどこですか'
    """
    for magic, kind in KINDS.items():
        if content.startswith(magic):
            raise CorpusError(f"{name} must be text; it is {kind}.")
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return _marked(content, encoding, name)
    place = content.find(b"\0")
    if place >= 0:
        raise CorpusError(
            f"{name} must be text; line {_line(content, place)} has a NUL byte, so it is binary, "
            "or UTF-16 without a byte order mark. Save it as CSV in UTF-8."
        )
    # Looks like ASCII, so it is asked for before UTF-8; an escape alone may stand in a mail.
    if b"\x1b$" in content and _reads_japanese(content, "iso2022_jp"):
        raise _unknown(content, content.find(b"\x1b$"), name, "ISO-2022-JP")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _japanese(content, error.start, name)


def _marked(content: bytes, encoding: str, name: str) -> str:
    """Decode what has a byte order mark."""
    if encoding == "utf-32":
        raise _unknown(content, 0, name, "UTF-32")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        line = 1 + len(LINE_END.findall(before))
        shown = encoding.removesuffix("-sig").upper()
        raise CorpusError(
            f"{name} must be {shown}, as its byte order mark says; line {line} (byte "
            f"{error.start + 1}) is not. The file is damaged or cut off: save it again as UTF-8."
        ) from error
    if "\0" in text:
        line = 1 + len(LINE_END.findall(text[: text.index("\0")]))
        raise CorpusError(f"{name} must be text; line {line} has a NUL. Save it again as UTF-8.")
    return text


def _japanese(content: bytes, bad: int, name: str) -> str:
    """Decode as Shift-JIS or EUC-JP, whichever reads like Japanese; `bad` is no UTF-8."""
    lenient = content.decode("utf-8", "replace")
    if lenient.count("\ufffd") <= MOST_BROKEN * _beyond_ascii(lenient):
        line = _line(content, bad)
        raise CorpusError(
            f"{name} must be UTF-8 throughout, as most of it is; line {line} (byte {bad + 1}) is "
            "not. Mend that line, or save the file again as UTF-8."
        )
    # The third knows the circled numbers and the like that Windows writes into EUC-JP.
    encodings = ("cp932", "euc_jp", "euc_jis_2004")
    found = [_reads_japanese(content, encoding) for encoding in encodings]
    best = max((text for text in found if text), key=lambda each: each[0], default=None)
    if best is None:
        raise _unknown(content, bad, name, _western(content))
    return best[1]


def _reads_japanese(content: bytes, encoding: str) -> tuple[float, str] | None:
    """Return how much of it is Japanese beside the text; None if it is not, by and large."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    beyond, kana, japanese = _beyond_ascii(text), _length(_KANA, text), _length(_JAPANESE, text)
    if not beyond or kana < LEAST_KANA * beyond or japanese < LEAST_JAPANESE * beyond:
        return None
    return japanese / beyond, text


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _length(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))


def _western(content: bytes) -> str:
    """Name the encoding most likely to be converted from, for the line to type."""
    letters = re.findall(rb"[\x80-\xff]+", content)
    alone = sum(len(run) == 1 for run in letters)
    return "WINDOWS-1252" if 2 * alone > len(letters) else "ENCODING"


def _unknown(content: bytes, place: int, name: str, encoding: str) -> CorpusError:
    guess = f"; it may be {encoding}" if encoding != "ENCODING" else ""
    return CorpusError(
        f"{name} must be in {READ}; line {_line(content, place)} has the byte "
        f"0x{content[place]:02X} (byte {place + 1} of the file), which fits none of them{guess}. "
        f"Convert it: iconv -f {encoding} -t UTF-8 OLD > NEW"
    )


def _line(content: bytes, place: int) -> int:
    """Return the number, from 1, of the line that a byte stands in."""
    return 1 + len(re.findall(rb"\r\n|\r|\n", content[:place]))
