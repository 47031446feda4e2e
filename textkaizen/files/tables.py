"""CSV and TSV -> columns, strictly: each row has as many fields as the header, each quote an end.

A quote that is not closed makes a CSV reader swallow the rest of the file into one field; that is
refused, with the line where the field's row begins. Line ends inside quotes are kept.

Rejected: pandas (heavy, turns "NA" and "007" into something else), csv.Sniffer (guesses).
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from textkaizen.errors import CorpusError, listed
from textkaizen.files.decoding import LINE_END

# A longer text is a book, or a quote or line end that is missing; short texts are what this is for.
MOST_CHARACTERS = 1_000_000
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


@dataclass(frozen=True)
class Table:
    """Some columns of a file.

    Args:
        columns: name -> one value a row, as it stands in the file.
        lines: line where each row starts, from 1; the header is line 1.
    """

    columns: dict[str, list[str]]
    lines: list[int]


def read_table(text: str, name: str, wanted: Sequence[str], delimiter: str = ",") -> Table:
    """Read some columns of a CSV file.

    Args:
        text: the whole file.
        name: for messages.
        wanted: names of the columns to read.
        delimiter: between fields.

    Raises:
        CorpusError: no header, no rows, a column that is missing or there twice, rows with too
            few or too many fields, a quote that is not closed, a field that is too long.

    Example:
        >>> read_table("text,label\\nhello,greeting\\n", "a file", ["label"])
        Table(columns={'label': ['greeting']}, lines=[2])
    """
    with _long_fields():
        rows = _rows(text, name, delimiter)
        header_line, header = next(rows, (1, []))
        header = [field.strip() for field in header]
        if not any(header):
            raise CorpusError(
                f"The first line must name the columns, among them '{wanted[0]}'; {name} is "
                "empty. Give a file with a header and labelled texts."
            )
        places = [place_of(column, header, name) for column in wanted]
        columns, lines = _columns(rows, places, len(header), name)
    if not lines:
        raise CorpusError(
            f"There must be rows below the header; {name} has only its header (line "
            f"{header_line}). Add labelled texts."
        )
    return Table(dict(zip(wanted, columns, strict=True)), lines)


def _columns(
    rows: Iterator[tuple[int, list[str]]], places: list[int], width: int, name: str
) -> tuple[list[list[str]], list[int]]:
    """Return the columns at some places, and the line of each row."""
    columns: list[list[str]] = [[] for _ in places]
    lines, wrong = [], []
    fill = list(zip(places, [column.append for column in columns], strict=True))
    for line, row in rows:
        if len(row) != width:
            wrong.append((line, len(row)))
            continue
        for place, append in fill:
            append(row[place])
        lines.append(line)
    if wrong:
        named = listed([f"line {line} has {count}" for line, count in wrong])
        raise CorpusError(
            f"Every row must have {width} fields, as the header has; in {name} {named}. Put a "
            "field that holds a delimiter or a line end in double quotes."
        )
    return columns, lines


def place_of(wanted: str, header: Sequence[str], name: str) -> int:
    """Return where a column stands.

    Raises:
        CorpusError: nowhere (the message names the nearest), or twice.
    """
    if header.count(wanted) == 1:
        return header.index(wanted)
    if wanted in header:
        raise CorpusError(
            f"A column's name must be there once; the header of {name} has '{wanted}' "
            f"{header.count(wanted)} times. Rename one of them."
        )
    near = difflib.get_close_matches(wanted.lower(), [each.lower() for each in header], n=1)
    hint = ""
    if near:
        hint = f" Did you mean '{next(each for each in header if each.lower() == near[0])}'?"
    elif len(header) == 1:
        hint = _delimiter_hint(header[0])
    found = listed([f"'{each[:40]}'" for each in header], most=10)
    raise CorpusError(
        f"The first line must name the columns, among them '{wanted}'; {name} has {found}."
        f"{hint} Name the columns by --text-column and --label-column, or add a header."
    )


def require_short(texts: Sequence[str], lines: Sequence[int], name: str) -> None:
    """Refuse texts longer than MOST_CHARACTERS.

    Raises:
        CorpusError: there are some; the message names their lines.
    """
    if not texts or max(map(len, texts)) <= MOST_CHARACTERS:
        return
    long = [line for line, text in zip(lines, texts, strict=True) if len(text) > MOST_CHARACTERS]
    raise CorpusError(
        f"A text must have at most {MOST_CHARACTERS:,} characters; in {name} those on "
        f"line {listed(long)} are longer. Cut them, or see whether line ends are missing."
    )


def _delimiter_hint(header: str) -> str:
    for delimiter, called in DELIMITERS.items():
        if delimiter in header:
            return f" Is it separated by {called}? A .csv needs commas, a .tsv tabs."
    return ""


def _rows(text: str, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line it starts on."""
    # newline="" keeps line ends within quotes, and takes \n, \r\n and \r alike.
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        begins = _opening(text, line, delimiter)
        raise _broken(name, begins, reader.line_num, error) from error


def _opening(text: str, line: int, delimiter: str) -> int:
    """Return the line where the broken field begins, in the row that starts on `line`."""
    start = place = next(islice(LINE_END.finditer(text), line - 2, None)).end() if line > 1 else 0
    whole = re.compile(rf'(?:"(?:[^"]|"")*+"|[^"{delimiter}\r\n][^{delimiter}\r\n]*+)?{delimiter}')
    while found := whole.match(text, place):
        place = found.end()
    return line + len(LINE_END.findall(text, start, place))


def _broken(name: str, line: int, last: int, error: csv.Error) -> CorpusError:
    """Say what is wrong with the field that begins on a line; `last` is how far it was read."""
    if "field larger" in str(error) and last <= line:
        return CorpusError(
            f"A text must have at most {MOST_CHARACTERS:,} characters; on line {line} of {name} "
            "is a longer one. Cut it, or see whether line ends are missing."
        )
    if "field larger" in str(error):
        found = f"does not end within {MOST_CHARACTERS:,} characters"
    elif "unexpected end" in str(error):
        found = "does not end before the end of the file"
    else:
        found = f"is followed by more than a delimiter on line {last}"
    return CorpusError(
        f"A field in double quotes must end with one, quotes within it doubled; in {name} the "
        f"quoted field that begins on line {line} {found}. Mend that line."
    )


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let a field be as long as a text may be; the limit belongs to the whole process."""
    before = csv.field_size_limit(MOST_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(before)
