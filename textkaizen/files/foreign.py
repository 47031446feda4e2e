"""Texts without labels from a file: examples of what belongs to no class."""

from __future__ import annotations

from pathlib import Path

from textkaizen.errors import CorpusError
from textkaizen.files.corpora import DELIMITERS, open_lines
from textkaizen.files.decoding import read_text
from textkaizen.files.tables import read_table, require_short

PLAIN = (".txt", "")


def load_texts(path: Path, column: str = "text") -> tuple[str, ...]:
    """Read the texts of a CSV or TSV, or of a plain file with one a line; blank ones are left out.

    Raises:
        CorpusError: the file cannot be read, has another format, or holds no text.
    """
    suffix, name = Path(path).suffix.lower(), str(path)
    if suffix in DELIMITERS:
        table = read_table(read_text(path), name, [column], DELIMITERS[suffix])
        texts, lines = table.columns[column], table.lines
    elif suffix in PLAIN:
        with open_lines(path) as read:
            texts = list(read)
        lines = list(range(1, len(texts) + 1))
    else:
        raise CorpusError(
            f"A file of texts without labels must end in {', '.join(DELIMITERS)} or .txt; found "
            f"{path}. Save it in one of these formats."
        )
    require_short(texts, lines, name)
    found = tuple(text for text in texts if text.strip())
    if not found:
        raise CorpusError(f"There must be texts; {path} has none. Write some, one a row.")
    return found
