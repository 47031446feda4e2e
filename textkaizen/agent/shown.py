"""A turn of a conversation at a terminal, with colours: Rich, imported by nobody else in the agent.

All that comes from a model, a file or the user is put in as plain text: brackets in it are no
markup, and signs that would steer the terminal are left out.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from textkaizen.agent.chat import BAR, WORDS, Because, Said, Top, Turn, harmless, heading, one_line
from textkaizen.agent.why import Explanation

FOR, AGAINST, QUIET, SAID = "green", "red", "dim", "bold cyan"
FULL = "█"


def shower(console: Console | None = None) -> Callable[[Turn], None]:
    """Return what shows turns.

    Args:
        console: where; None is standard output.
    """
    console = console or Console(highlight=False, markup=False, emoji=False)

    def show(turn: Turn) -> None:
        if isinstance(turn, Said):
            console.print(Text(_seen(turn.text), SAID if turn.is_reply else QUIET))
        elif isinstance(turn, Top):
            console.print(_bars([(label, p, f"{p:6.1%}") for label, p in turn.best], 1.0))
        else:
            _show_why(console, turn)

    return show


def _show_why(console: Console, turn: Because) -> None:
    if isinstance(turn.found, Explanation):
        console.print(Text(_seen(heading(turn.found)), QUIET))
        words = turn.found.strongest(WORDS)
        if words:
            rows = [(word, number, f"{number:+6.2f}") for word, number in words]
            console.print(_bars(rows, abs(words[0][1])))
    else:
        console.print(Text(_seen(turn.found), QUIET))
    if turn.near:
        console.print(Text("Nearest labelled texts", QUIET))
        table = Table.grid(padding=(0, 2))
        for near in turn.near:
            label, text = (Text(one_line(part)) for part in (near.label, near.text))
            label.stylize(SAID)
            table.add_row(Text(f"{near.similarity:6.2f}", QUIET), label, text)
        console.print(table)


def _bars(rows: list[tuple[str, float, str]], longest: float) -> Table:
    """A row each with its number, a bar to the scale of the longest, and what it is about."""
    table = Table.grid(padding=(0, 2))
    for name, number, written in rows:
        colour = FOR if number > 0 else AGAINST
        signs = max(round(abs(number) / longest * BAR), 1) if number else 0
        table.add_row(
            Text(written, QUIET), Text((FULL * signs).ljust(BAR), colour), Text(one_line(name))
        )
    return table


def _seen(text: str) -> str:
    """A text without signs that steer a terminal; line ends stay."""
    return "\n".join(map(harmless, text.split("\n")))
