"""The command line, called in this process and in one of its own, and something to call it with.

Called in this process a command takes milliseconds, and all it prints is kept.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

from textkaizen import cli
from textkaizen.data import Corpus
from textkaizen.files.models import save_model
from textkaizen.model import Model, learn_model
from textkaizen.recipe import Recipe

COMMAND = [sys.executable, "-m", "textkaizen.cli"]
VERBS = {"renewal": "renew extend prolong", "loss": "lost missing gone", "hours": "open close when"}
NOUNS = ["card", "book", "key", "bag", "pass", "ticket", "map"]
ROWS = [
    (f"{verb} my {noun}", label)
    for label, verbs in VERBS.items()
    for verb in verbs.split()
    for noun in NOUNS
]
JAPANESE = {
    "時間": "何時に開きますか いつ開館ですか 何時までですか",
    "紛失": "傘をなくした 鍵を失くした",
}
QUICK = Recipe().with_shape(hidden=(4,)).with_knobs(epochs=3, learning_rate=0.01)
QUICK_YAML = "shape:\n  hidden: [4]\nknobs:\n  epochs: 3\n  learning_rate: 0.01\n"


@dataclass(frozen=True)
class Ended:
    """How a command has ended: its exit status, and what it printed."""

    status: int
    out: str
    err: str


def textkaizen(*arguments: object, stdin: bytes = b"", encoding: str = "utf-8") -> Ended:
    """Call the command line in this process; `encoding` is that of its standard output."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="")
    status = 0
    with (
        patch.object(sys, "argv", ["textkaizen", *map(str, arguments)]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            status = end.code
    return Ended(status, _printed(out), _printed(err))


def environment(**changes: str) -> dict[str, str]:
    """The variables of a process of its own, which finds this checkout wherever it starts."""
    return os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[2])} | changes


def write_corpus(path: Path, rows: list[tuple[str, str]] = ROWS) -> Path:
    """Write labelled texts as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def save_small_model(folder: Path) -> Path:
    """Save a model of three classes that was trained for three epochs."""
    save_model(_model(), folder)
    return folder


def tree(folder: Path) -> dict[str, bytes | None]:
    """All there is in a folder: files with their bytes, folders with None."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@cache
def _model() -> Model:
    texts, labels = zip(*ROWS, strict=True)
    return learn_model(Corpus(texts, labels), QUICK, seed=0)[0]


def _printed(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)
