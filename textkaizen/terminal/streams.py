"""A command at a terminal: what it can print there, why it ended, and what it leaves if it fails.

Where standard output cannot hold a character, a "?" takes its place in what people read, and an
escape in JSON, which so loses nothing.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from json import JSONEncoder
from pathlib import Path
from typing import Any


def print_all() -> None:
    """Let standard output take every character, whatever its encoding."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def json_text(values: dict[str, Any], indent: int | None = None) -> str:
    """Return JSON as people read it, or escaped where standard output could not hold it.

    Raises:
        ValueError: a number that is not finite, which JSON does not have.
    """
    return json_writer(indent)(values)


def json_writer(indent: int | None = None) -> Callable[[dict[str, Any]], str]:
    """Return what does `json_text` for many objects on the standard output there is now."""
    escaped = JSONEncoder(indent=indent, allow_nan=False)
    if codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8":
        return escaped.encode
    readable = JSONEncoder(indent=indent, allow_nan=False, ensure_ascii=False)

    def write(values: dict[str, Any]) -> str:
        text = readable.encode(values)
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
                return escaped.encode(values)
        return text

    return write


def exit_status(end: BaseException) -> int | None:
    """Tell 130 for what Ctrl-C has ended, 0 for a reader that has gone; None is neither.

    Typer ends by itself in both cases: without a word, and as if the second were a failure.
    """
    error: BaseException | None = end
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return 130
        if isinstance(error, BrokenPipeError):
            return 0
        error = error.__cause__ or error.__context__
    return None


def let_go_of_output() -> None:
    """Send what standard output still holds for a reader that has gone to nowhere.

    Python writes it when it ends, and would fail.
    """
    with suppress(OSError, ValueError):  # closed, or not of the system
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def results_in(folder: Path | None) -> Iterator[None]:
    """Refuse a folder that results cannot go to; remove what was made of it if the run fails.

    Args:
        folder: of the results; None: nothing is to be written.

    Raises:
        UsageError: the folder cannot be written or holds something else.
    """
    from textkaizen.files.outcomes import check_folder

    if folder is None:
        yield
        return
    made = [path for path in (folder, *folder.parents) if not os.path.exists(path)]
    try:
        check_folder(folder)
        yield
    except BaseException:
        with suppress(OSError):  # one that holds something stays, and so do those above it
            for path in made:
                path.rmdir()
        raise
