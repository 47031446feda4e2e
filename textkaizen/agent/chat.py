"""A conversation: a line in, a turn out, at a prompt and with pipes alike.

A turn is a value; `plain` writes it as lines of text, `shown.py` with colours at a terminal. Lines
that begin with a slash are commands.

What was typed can be called back with the arrow keys (readline, where Python has it) and is gone
when the conversation ends: what people type may be private, so no file of it is written. Rejected:
prompt_toolkit (a dependency and a tenth of a second more at the start, for what readline does).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING
from unicodedata import category

from textkaizen.agent.decisions import decide
from textkaizen.agent.replies import Replies
from textkaizen.errors import ModelError, UsageError
from textkaizen.files.corpora import open_lines
from textkaizen.model import Model

if TYPE_CHECKING:  # what only `/why` needs need not be there at the first prompt
    from textkaizen.agent.nearest import Near, Nearest
    from textkaizen.agent.why import Explanation

__all__ = ["Replies", "answers", "converse"]

PROMPT = "> "
WORDS, BAR = 10, 20  # words that are shown, and signs of the longest bar
NOTHING = "Nothing was said yet."
COMMANDS = {
    "/why": "the words that decided, and the nearest labelled texts if --data names some",
    "/top": "the most probable labels",
    "/help": "this list",
    "/quit": "end",
}


@dataclass(frozen=True)
class Said:
    """A reply, or what a command has to say."""

    text: str
    is_reply: bool = False


@dataclass(frozen=True)
class Top:
    """The most probable labels with their probabilities, best first."""

    best: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Because:
    """Why the last text was answered so.

    Args:
        found: the explanation, or why there is none.
        near: the nearest labelled texts, if there are any to look among.
    """

    found: Explanation | str
    near: Sequence[Near] = ()


Turn = Said | Top | Because


def converse(model: Model, replies: Replies, nearest: Nearest | None = None) -> None:
    """Talk on standard input and output until `/quit` or the end of the input.

    Args:
        model: any kind.
        replies: what is said.
        nearest: finds labelled texts for `/why`; None shows none.

    Raises:
        CorpusError: bytes of a pipe that are not UTF-8.
    """
    prompted = sys.stdin.isatty()
    show: Callable[[Turn], None] = _printed
    if prompted and sys.stdout.isatty():
        from textkaizen.agent.shown import shower  # Rich, which pipes need not wait for

        show = shower()
    with open_lines(None) as piped:
        for turn in turns(model, replies, _typed() if prompted else piped, nearest):
            show(turn)


def answers(
    model: Model, replies: Replies, lines: Iterable[str], nearest: Nearest | None = None
) -> Iterator[str]:
    """Yield what is to be said to each line, as text; blank lines say nothing."""
    return map(plain, turns(model, replies, lines, nearest))


def turns(
    model: Model, replies: Replies, lines: Iterable[str], nearest: Nearest | None = None
) -> Iterator[Turn]:
    """Yield what is to be said to each line; blank lines say nothing."""
    last, best = "", list[tuple[str, float]]()
    for line in lines:
        said = line.strip()
        if said == "/quit":
            return
        if said == "/help":
            yield Said("\n".join(f"{name:6}  {about}" for name, about in COMMANDS.items()))
        elif said == "/top":
            yield Top(best) if last else Said(NOTHING)
        elif said == "/why":
            yield _because(model, last, best[0][0], nearest) if last else Said(NOTHING)
        elif said.startswith("/"):
            *known, end = COMMANDS
            yield Said(f"There is no {said.split()[0]}; there are {', '.join(known)} and {end}.")
        elif said:
            decision = decide(model, said)
            last, best = said, decision.best
            yield Said(replies.to(decision), is_reply=True)


def plain(turn: Turn) -> str:
    """Write a turn as lines of text.

    Example:
        >>> plain(Top([("fees", 0.75), ("loss", 0.25)]))
        ' 75.0%  fees\\n 25.0%  loss'
    """
    if isinstance(turn, Said):
        return turn.text
    if isinstance(turn, Top):
        return "\n".join(f"{p:6.1%}  {label}" for label, p in turn.best)
    lines = [turn.found] if isinstance(turn.found, str) else _words_told(turn.found)
    if turn.near:
        lines.append("Nearest:")
        lines += [
            f"{near.similarity:6.2f}  {near.label}: {one_line(near.text)}" for near in turn.near
        ]
    return "\n".join(lines)


def heading(found: Explanation) -> str:
    """Say what an explanation is about."""
    if not found.strongest(1):
        return f"No word of it speaks for {found.label} or against it."
    return f"Words that speak for {found.label} (+) and against it (-):"


def bar(number: float, longest: float) -> str:
    """Draw a number beside the longest one, in signs.

    Example:
        >>> bar(0.5, 2.0), bar(-2.0, 2.0)
        ('+++++', '--------------------')
    """
    signs = max(round(abs(number) / longest * BAR), 1) if number else 0
    return ("+" if number > 0 else "-") * signs


def one_line(text: str) -> str:
    """Return a text on one line, without signs that steer a terminal."""
    return " ".join(harmless(text).split())


def harmless(text: str) -> str:
    """Return a text with blanks for control characters and half surrogate pairs.

    Example:
        >>> harmless("a\x1b[2Jb")
        'a [2Jb'
    """
    return "".join(" " if category(c) in ("Cc", "Cs") else c for c in text)


def _words_told(found: Explanation) -> list[str]:
    words = found.strongest(WORDS)
    longest = abs(words[0][1]) if words else 1.0
    return [heading(found)] + [
        f"{number:+6.2f}  {bar(number, longest):{BAR}}  {one_line(word)}" for word, number in words
    ]


def _because(model: Model, text: str, label: str, nearest: Nearest | None) -> Because:
    from textkaizen.agent.why import explain

    near = nearest(text) if nearest is not None else []
    try:
        return Because(explain(model, text, label), near)
    except (UsageError, ModelError) as none:
        return Because(str(none), near)


def _printed(turn: Turn) -> None:
    print(plain(turn), flush=True)


def _typed() -> Iterator[str]:
    """Yield what somebody types at the prompt."""
    *known, end = COMMANDS
    print(f"Write something. {', '.join(known)} and {end} are commands.")
    with suppress(ImportError):  # Windows has none, and does the same by itself
        import readline  # noqa: F401
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a stray byte must not end the conversation
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return
