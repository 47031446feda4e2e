"""What a model says to each label: a CSV with the columns label and reply.

Several rows of one label are a choice. A label without a reply is answered with its name, so a
file may be begun with the labels that matter; a label that the model does not have is an error,
since it is nearly always a slip of the pen. Two labels no model need have: UNKNOWN is said when no
label is sure enough, BETWEEN to ask which of two labels is meant.

A reply may hold placeholders, {date}. They are bare names: a reply is never given to Python's
formatting, so no file can reach into what stands behind a name.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from string import Formatter

from textkaizen.errors import CorpusError, listed
from textkaizen.files.decoding import read_text
from textkaizen.files.tables import read_table

COLUMNS = ("label", "reply")
UNKNOWN, BETWEEN = "(unknown)", "(between)"
BUILT_IN = ("date", "time", "weekday")  # placeholders that every reply may hold
OWN = {UNKNOWN: (), BETWEEN: ("a", "b")}  # those of some labels only; of all others "label"

Parts = list[tuple[str, str | None]]  # what stands as it is, and the placeholder after it


def parts_of(reply: str, names: Collection[str]) -> Parts:
    """Cut a reply at its placeholders; doubled braces become single ones.

    Args:
        reply: with or without placeholders.
        names: of placeholders that may stand in it.

    Raises:
        ValueError: a brace stands alone, or a placeholder is no bare name or has another one; the
            message is to be put behind where the reply stands.

    Example:
        >>> parts_of("{{It}} is {weekday}.", ["weekday"])
        [('{', None), ('It}', None), (' is ', 'weekday'), ('.', None)]
    """
    try:
        found = list(Formatter().parse(reply))
    except ValueError:
        raise ValueError("has a brace that stands alone (write {{ or }} for one)") from None
    for _, name, rules, conversion in found:
        if name is None:
            continue
        if rules or conversion or not name.isidentifier():
            shown = name + (f"!{conversion}" if conversion else "") + (f":{rules}" if rules else "")
            raise ValueError(f"has {{{shown}}} (no bare name)")
        if name not in names:
            raise ValueError(f"has {{{name}}} (not known{_near(name, names)})")
    return [(literal, name) for literal, name, _, _ in found]


def names_for(label: str, names: Iterable[str] = BUILT_IN) -> tuple[str, ...]:
    """Return the placeholders that a reply of a label may hold.

    Args:
        label: one of the model's, UNKNOWN or BETWEEN.
        names: of those that every reply may hold.
    """
    return (*names, *OWN.get(label, ("label",)))


def load_replies(
    path: Path, labels: Sequence[str], names: Collection[str] = BUILT_IN
) -> dict[str, tuple[str, ...]]:
    """Read replies.

    Args:
        path: a CSV (tab-separated when its name ends in .tsv or .tab).
        labels: those of the model.
        names: of placeholders that every reply may hold.

    Returns:
        The replies of each label that has some, in the order of the file, placeholders not filled.

    Raises:
        CorpusError: the file cannot be read, a reply is empty, a label is not the model's, or a
            placeholder is not known.
    """
    delimiter = "\t" if Path(path).suffix.lower() in (".tsv", ".tab") else ","
    table = read_table(read_text(path), str(path), COLUMNS, delimiter)
    columns = [map(str.strip, table.columns[name]) for name in COLUMNS]
    rows = list(zip(*columns, table.lines, strict=True))
    replies: dict[str, list[str]] = {}
    for label, reply, _ in rows:
        replies.setdefault(label, []).append(reply)
    empty = [line for _, reply, line in rows if not reply]
    if empty:
        raise CorpusError(
            f"Every row must have a reply; {path} has none on line {listed(empty)}. Write one, or "
            "drop the row: a label without a reply is answered with its name."
        )
    _require_known(path, rows, labels)
    _require_filled(path, rows, names)
    return {label: tuple(said) for label, said in replies.items()}


def _require_known(path: Path, rows: list[tuple[str, str, int]], labels: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for label, _, line in rows:
        first.setdefault(label, line)
    known = (*labels, *OWN)
    strange = [label for label in first if label not in set(known)]
    if strange:
        where = (f"'{label}' (line {first[label]}{_near(label, known)})" for label in strange)
        raise CorpusError(
            f"Every label must be one of the model's; {path} has {listed(where)}. Mend or drop "
            f"these rows; the model knows {listed(labels)}."
        )


def _require_filled(path: Path, rows: list[tuple[str, str, int]], names: Collection[str]) -> None:
    wrong = []
    for label, reply, line in rows:
        try:
            parts_of(reply, names_for(label, names))
        except ValueError as error:
            wrong.append(f"line {line} {error}")
    if wrong:
        every = ", ".join(f"{{{name}}}" for name in (*names, "label"))
        raise CorpusError(
            f"A placeholder must be one of {every}, and {{a}} and {{b}} for {BETWEEN}; in {path} "
            f"{listed(wrong)}. Mend these rows."
        )


def _near(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
