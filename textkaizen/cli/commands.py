"""The commands by name, and what parses a command line.

studies    improve, study, improvements
models     train, evaluate, predict, why, chat
serving    serve
recipes    recipe
rates      rates
fallbacks  fallback
data       check
vectors    nearest

To add a command, write a function of its name in the file it is about and name it below. Only the
command that is asked for is imported.

Rejected: a decorator in each file (the order in the help would be that of the imports, and the
files would need an `app` to import from here).
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

import typer

HOMES = {  # in the order of the help
    "improve": "studies",
    "study": "studies",
    "train": "models",
    "improvements": "studies",
    "recipe": "recipes",
    "rates": "rates",
    "check": "data",
    "evaluate": "models",
    "fallback": "fallbacks",
    "predict": "models",
    "why": "models",
    "chat": "models",
    "nearest": "vectors",
    "serve": "serving",
}


def parser(names: Iterable[str] = tuple(HOMES)) -> typer.Typer:
    """Return what parses and calls these commands.

    Args:
        names: of HOMES; one of them alone is still written as a command.
    """
    app = typer.Typer(
        name="textkaizen",
        help="What improved the network on your texts, and by how much?",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(lambda: None)
    for name in names:
        app.command()(getattr(import_module(f"textkaizen.cli.{HOMES[name]}"), name))
    return app


def call(arguments: list[str]) -> None:
    """Parse a command line and call what it asks for."""
    first = arguments[:1]
    app = parser(first) if first and first[0] in HOMES else parser()
    app(arguments, prog_name="textkaizen")
