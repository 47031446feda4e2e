"""Labelled texts from a file: CSV, TSV, JSON Lines or Parquet, told by the end of its name.

A text is kept as it stands; labels and groups lose blanks around them and are strings, always. An
empty cell, a null and a missing value are one thing: the empty string. What is wrong with a file is
told at once, with its lines, and nothing is repaired by a guess.

Rejected: telling the format by the content (a broken file would be read as another format).
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from textkaizen.data import Corpus
from textkaizen.errors import CorpusError, MissingExtraError, UsageError, listed
from textkaizen.files.decoding import LINE_END, read_bytes, read_text, refuse_unread
from textkaizen.files.tables import Table, place_of, read_table, require_short

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = ".parquet"
SUFFIXES = (*DELIMITERS, *JSON_LINES, PARQUET)
_MANY_LABELS = "a list as label; a text has one label here, so choose one or repeat the text"


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read.

    Args:
        text: holds the texts.
        label: holds the labels.
        group: names what rows belong together; None: nothing does.
        group_optional: whether a file may lack the column of groups; then nothing belongs together.

    Raises:
        UsageError: two of them are the same.
    """

    text: str = "text"
    label: str = "label"
    group: str | None = None
    group_optional: bool = False

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise UsageError(
                "Texts, labels and groups must be in columns of their own; found "
                f"{listed(self.names)}. Name different columns."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        return (
            (self.text, self.label) if self.group is None else (self.text, self.label, self.group)
        )

    @property
    def renamed(self) -> dict[str, str]:
        """What has another column than by default, and its name.

        Example:
            >>> Columns("text", "topic", "customer").renamed
            {'label': 'topic', 'group': 'customer'}
        """
        named = {"text": self.text, "label": self.label, "group": self.group}
        usual = {"text": Columns.text, "label": Columns.label, "group": Columns.group}
        return {what: name for what, name in named.items() if name and name != usual[what]}

    def of(self, there: Iterable[str]) -> tuple[str, ...]:
        """Return the columns to read of a file: all but a group that may be missing and is.

        Args:
            there: names of the file's columns.
        """
        if self.group is None or not self.group_optional or self.group in there:
            return self.names
        return self.text, self.label


def load_corpus(path: Path, columns: Columns | None = None) -> Corpus:
    """Read labelled texts.

    Args:
        path: ends in .csv, .tsv or .tab, .jsonl or .ndjson, or .parquet.
        columns: their names; `text` and `label` by default.

    Returns:
        The rows in the order of the file; `lines` are the lines where they start (the header of a
        CSV is line 1), or the rows' numbers from 1 in a Parquet file.

    Raises:
        CorpusError: the file cannot be read as what its name says; the message names the lines.
        MissingExtraError: a Parquet file, without the extra that reads it.
    """
    columns = columns or Columns()
    suffix = Path(path).suffix.lower()
    if suffix in DELIMITERS:
        table = _read_csv(read_text(path), str(path), columns, DELIMITERS[suffix])
    elif suffix in JSON_LINES:
        table = _read_json_lines(read_text(path), str(path), columns)
    elif suffix == PARQUET:
        table = _read_parquet(path, columns)
    else:
        if not Path(path).is_file():
            read_bytes(path)  # says that there is no such file, or that it is a folder
        raise CorpusError(
            f"The name of a file of labelled texts must end in {', '.join(SUFFIXES)}; found "
            f"{path}. Name the file after its format, or save it in one of these."
        )
    texts = table.columns[columns.text]
    require_short(texts, table.lines, str(path))
    stripped = lambda name: tuple(value.strip() for value in table.columns[name])
    return Corpus(
        tuple(texts),
        stripped(columns.label),
        stripped(columns.group) if columns.group in table.columns else None,
        tuple(table.lines),
        str(path),
    )


@contextmanager
def open_lines(path: Path | None) -> Iterator[Iterator[str]]:
    """Open texts, one a line, without their line ends; blank lines are texts, too.

    Standard input and pipes are read as UTF-8, a line when it is asked for and nothing ahead, so
    that whoever writes one line is answered before writing the next.

    Args:
        path: of a file in any encoding that labelled texts may have; None is standard input.

    Raises:
        CorpusError: the file cannot be read or is not text; while reading, bytes of a stream that
            are not UTF-8 (the message names the line).
    """
    if path is None:
        yield _stream(sys.stdin.buffer, "standard input")
        return
    if not _is_pipe(path):
        yield _lines(read_text(path))
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(path).open("rb"))
        except OSError as error:
            refuse_unread(path, error)
        yield _stream(stream, str(path))


def all_there(path: Path | None) -> bool:
    """Whether all texts that `open_lines` gives are there already: not so from a pipe or terminal.

    Args:
        path: of a file; None is standard input, which may be a file as well.
    """
    if path is not None:
        return not _is_pipe(path)
    try:
        return stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or not of the system
        return False


def _is_pipe(path: Path) -> bool:
    """Whether a path names a pipe or a terminal; a file that is not there is none."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _lines(text: str) -> Iterator[str]:
    # Not str.splitlines: a form feed or U+2028 within a text does not end it.
    place = 0
    for end in LINE_END.finditer(text):
        yield text[place : end.start()]
        place = end.end()
    if place < len(text):
        yield text[place:]


def _stream(stream: BinaryIO, name: str) -> Iterator[str]:
    for number, line in enumerate(iter(stream.readline, b""), start=1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name[0].upper()}{name[1:]} must be UTF-8; line {number} has the byte "
                f"0x{line[error.start]:02X} at place {error.start + 1}, which is not. Convert it "
                "first (iconv -f ENCODING -t UTF-8), or name a file instead."
            ) from error
        yield from _lines(text)


def _read_csv(text: str, name: str, asked: Columns, delimiter: str) -> Table:
    """Read some columns of a CSV or TSV."""
    wanted = asked.names
    if asked.group_optional:
        with suppress(csv.Error):  # a header that cannot be read is told below
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            wanted = asked.of(field.strip() for field in next(filter(None, rows), []))
    return read_table(text, name, wanted, delimiter)


def _read_json_lines(text: str, name: str, asked: Columns) -> Table:
    """Read some keys of each line's object; an optional one of every line as soon as one has it."""
    wanted = asked.of(_keys(text))
    columns: list[list[str]] = [[] for _ in wanted]
    lines: list[int] = []
    wrong: list[str] = []
    # Universal line ends only: U+2028 may stand within a JSON string.
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        try:
            values = _object(line, wanted, name, number)
        except ValueError as error:
            wrong.append(f"line {number} {error}")
            continue
        for column, value in zip(columns, values, strict=True):
            column.append(value)
        lines.append(number)
    if wrong:
        keys = " and ".join(f'"{key}"' for key in wanted)
        raise CorpusError(
            f"Every line must be a JSON object with {keys}; in {name} {listed(wrong)}. Mend these "
            "lines."
        )
    if not lines:
        raise CorpusError(
            f"There must be labelled texts; {name} is empty. Write one object a line."
        )
    return Table(dict(zip(wanted, columns, strict=True)), lines)


def _keys(text: str) -> Iterator[str]:
    """Yield the keys of every line that is an object."""
    for line in io.StringIO(text, newline=None):
        with suppress(ValueError, RecursionError):
            values = json.loads(line)
            yield from values if isinstance(values, dict) else ()


def _object(line: str, wanted: tuple[str, ...], name: str, number: int) -> list[str]:
    """Return the values of one line.

    Raises:
        ValueError: what is wrong with it, to be put behind the line's number.
        CorpusError: the first object lacks a key, which then is a matter of the columns' names.
    """
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error.msg} at column {error.colno})") from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 5,000 brackets
        raise ValueError("is not JSON that can be read") from error
    if not isinstance(values, dict):
        raise ValueError(f"is {_kind(values)}, no object")
    missing = [key for key in wanted if key not in values]
    if missing and number == 1:
        place_of(missing[0], list(values), name)
    if missing:
        raise ValueError(f'has no "{missing[0]}"')
    text, *others = (values[key] for key in wanted)
    if not isinstance(text, str | None):
        raise ValueError(f"has {_kind(text)} as text")
    return [text or "", *map(_as_label, others)]


def _as_label(value: Any) -> str:
    """Turn a label or group into a string; numbers and truth values as JSON writes them."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ValueError(
        f"has {_MANY_LABELS if isinstance(value, list) else f'{_kind(value)} as label'}"
    )


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "a string", bool: "a truth value"}
    return kinds.get(type(value), "null" if value is None else "a number")


def _read_parquet(path: Path, asked: Columns) -> Table:
    """Read some columns of a Parquet file."""
    content = read_bytes(path)
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError(
            f"Reading Parquet needs a part that is not installed; {path} is one. Install it: "
            'pip install "textkaizen[parquet]"'
        ) from error
    try:
        # One thread: the pool of another library is not to be kept busy in a program with lanes.
        file = parquet.ParquetFile(pyarrow.BufferReader(content))
        wanted = asked.of(file.schema_arrow.names)
        for name in wanted:
            place_of(name, file.schema_arrow.names, str(path))
        found = file.read(columns=list(wanted), use_threads=False)
        columns = [found.column(name).to_pylist() for name in wanted]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise CorpusError(
            f"{path} must be a Parquet file, as its name says; it cannot be read as one "
            f"({str(error).splitlines()[0]}). Name it after its format, or write it again."
        ) from error
    if not columns[0]:
        raise CorpusError(f"There must be labelled texts; {path} has no rows. Add some.")
    return _checked(columns, wanted, str(path))


def _checked(columns: list[list[Any]], wanted: tuple[str, ...], name: str) -> Table:
    """Turn the values of a Parquet file into strings."""
    wrong = []
    texts, *others = columns
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str | None):
            wrong.append(f"row {number} has {_kind(text)} as text")
    strings: list[list[str]] = [[text or "" for text in texts]]
    for values in others:
        strings.append([])
        for number, value in enumerate(values, start=1):
            try:
                strings[-1].append(_as_label(value))
            except ValueError as error:
                wrong.append(f"row {number} {error}")
    if wrong:
        raise CorpusError(
            f"Texts must be strings, and labels strings or numbers; in {name} {listed(wrong)}. "
            "Write these columns again."
        )
    return Table(dict(zip(wanted, strings, strict=True)), list(range(1, len(texts) + 1)))
