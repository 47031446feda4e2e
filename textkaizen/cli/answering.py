"""A model at work: what `predict`, `why` and `chat` do, and how they start at once.

A command line that holds a model, perhaps a file, and no option has nothing to be parsed. Typer
and Pydantic, which converts its values, take as long to import as everything else that one
answer needs together, so such a line is answered without them.

Rejected: a parser of our own for options, too (two that must agree on every message).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textkaizen.data import Corpus

LINES = 1024  # of a file's answers are printed together


def label_lines(model: Path, file: Path | None = None, top_k: int = 1) -> None:
    """Label texts, one a line, and print JSON Lines.

    Args:
        model: its folder.
        file: of texts; None is standard input.
        top_k: labels to give for each text, >= 1.

    Raises:
        TextkaizenError: the model or the texts cannot be read.
    """
    from textkaizen.agent.predictions import predictions, predictions_by_batch
    from textkaizen.files.corpora import all_there, open_lines
    from textkaizen.files.models import load_model
    from textkaizen.terminal.streams import json_writer

    loaded = load_model(model)
    with open_lines(file) as lines:
        if all_there(file):
            _print_together(predictions_by_batch(loaded, lines, top_k), json_writer())
            return
        as_json = json_writer()
        for answer in predictions(loaded, lines, top_k):
            print(as_json(answer), flush=True)  # who sends line by line waits for it


def _print_together(
    answers: Iterable[dict[str, Any]], as_json: Callable[[dict[str, Any]], str]
) -> None:
    """Print one answer a line, many at a time; a failure comes after what was answered before."""
    held: list[str] = []
    try:
        for answer in answers:
            held.append(as_json(answer))
            if len(held) == LINES:
                print("\n".join(held))
                held.clear()
    finally:
        print("\n".join([*held, ""]), end="", flush=True)


def explain_lines(
    model: Path,
    file: Path | None = None,
    top_k: int | None = None,
    labelled: Callable[[], Corpus] | None = None,
) -> None:
    """Explain the answers to texts, one a line, and print JSON Lines.

    Args:
        model: its folder.
        file: of texts; None is standard input.
        top_k: strongest words to give, >= 1; None gives all in the order of the text.
        labelled: reads texts whose nearest are given, too.

    Raises:
        TextkaizenError: the model or the texts cannot be read, or the model cannot be explained.
    """
    from textkaizen.agent.nearest import nearest_among
    from textkaizen.agent.why import reasons, require_explainable
    from textkaizen.files.corpora import open_lines
    from textkaizen.files.models import load_model
    from textkaizen.terminal.streams import json_writer

    loaded = load_model(model)
    require_explainable(loaded)
    nearest = nearest_among(loaded.vocabulary, labelled()) if labelled is not None else None
    with open_lines(file) as lines:
        as_json = json_writer()
        for text in lines:
            print(as_json(reasons(loaded, text, top_k, nearest)), flush=True)


def talk(
    model: Path,
    replies: Path | None = None,
    seed: int = 0,
    labelled: Callable[[], Corpus] | None = None,
) -> None:
    """Hold a conversation on standard input and output.

    Args:
        model: its folder.
        replies: CSV with the columns label and reply; without it labels are said.
        seed: of the choice among the replies of a label.
        labelled: reads texts whose nearest `/why` shows.

    Raises:
        TextkaizenError: the model, the replies, the texts or standard input cannot be read.
    """
    from textkaizen.agent.chat import converse
    from textkaizen.agent.replies import Replies, without_reply
    from textkaizen.files.models import load_model
    from textkaizen.files.replies import load_replies

    loaded = load_model(model)
    known = load_replies(replies, loaded.labels) if replies is not None else {}
    missing = without_reply(loaded.labels, known)
    if replies is not None and missing:
        print(missing, file=sys.stderr)
    nearest = None
    if labelled is not None:
        from textkaizen.agent.nearest import nearest_among

        nearest = nearest_among(loaded.vocabulary, labelled())
    converse(loaded, Replies(known, seed), nearest)


def without_options(arguments: Sequence[str]) -> Callable[[], None] | None:
    """Return what a command line asks for if it can be told without a parser, else None.

    Example:
        >>> without_options(["predict", "model", "texts.txt"]) is not None
        True
        >>> without_options(["predict", "model", "--top-k", "2"]) is None
        True
    """
    command, *words = arguments or [""]
    if os.name == "nt" or any(word.startswith("-") or not word for word in words):
        return None  # on Windows the parser resolves patterns, too
    if command == "predict" and len(words) in (1, 2):
        model, *file = map(Path, words)
        return partial(label_lines, model, file[0] if file else None)
    if command == "chat" and len(words) == 1:
        return partial(talk, Path(words[0]))
    return None
