"""What a model says to each label: a CSV with the columns label and reply.

Several rows of one label are a choice. A label without a reply is answered with its name, so a
file may be begun with the labels that matter; a label that the model does not have is an error,
since it is nearly always a slip of the pen.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from textkaizen.errors import CorpusError, listed
from textkaizen.files.decoding import read_text
from textkaizen.files.tables import read_table

COLUMNS = ("label", "reply")


def load_replies(path: Path, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read replies.

    Args:
        path: a CSV (tab-separated when its name ends in .tsv or .tab).
        labels: those of the model.

    Returns:
        The replies of each label that has some, in the order of the file.

    Raises:
        CorpusError: the file cannot be read, a reply is empty, or a label is not the model's.
    """
    delimiter = "\t" if Path(path).suffix.lower() in (".tsv", ".tab") else ","
    table = read_table(read_text(path), str(path), COLUMNS, delimiter)
    replies: dict[str, list[str]] = {}
    first_line: dict[str, int] = {}
    empty = []
    rows = zip(*(table.columns[name] for name in COLUMNS), table.lines, strict=True)
    for label, reply, line in rows:
        label, reply = label.strip(), reply.strip()
        first_line.setdefault(label, line)
        replies.setdefault(label, []).append(reply)
        if not reply:
            empty.append(line)
    if empty:
        raise CorpusError(
            f"Every row must have a reply; {path} has none on line {listed(empty)}. Write one, or "
            "drop the row: a label without a reply is answered with its name."
        )
    strange = [label for label in replies if label not in set(labels)]
    if strange:
        named = (f"'{label}' (line {first_line[label]}{_near(label, labels)})" for label in strange)
        raise CorpusError(
            f"Every label must be one of the model's; {path} has {listed(named)}. Mend or drop "
            f"these rows; the model knows {listed(labels)}."
        )
    return {label: tuple(said) for label, said in replies.items()}


def _near(label: str, labels: Sequence[str]) -> str:
    near = difflib.get_close_matches(label, labels, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
