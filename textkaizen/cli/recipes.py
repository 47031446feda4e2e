"""A recipe to look at, before anything is trained by it: `recipe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textkaizen.cli.options import recipe_of

NO_CHANGE = "It changes nothing of the baseline"


def recipe(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Recipe (YAML); the baseline by default."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print it as YAML with every default written out.")
    ] = False,
) -> None:
    """Check a recipe, or show it with every default.

    Without `--show` one line says what it changes of the baseline.
    """
    from textkaizen.files.recipes import recipe_text
    from textkaizen.recipe import Recipe, describe_difference

    found = recipe_of(file)
    if show:
        typer.echo(recipe_text(found), nl=False)
        return
    changed = describe_difference(Recipe(), found)
    name = str(file) if file is not None else "The baseline"
    typer.echo(f"{name} is fine. {f'It changes {changed}' if changed else NO_CHANGE}.")
