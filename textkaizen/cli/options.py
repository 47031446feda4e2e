"""Arguments and options that commands share, and what is read from the files they name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from textkaizen.data import Corpus
    from textkaizen.files.corpora import Columns
    from textkaizen.recipe import Recipe

Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="Labelled texts: CSV, TSV, JSON Lines or Parquet."),
]
ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder.")]
TextColumn = Annotated[str, typer.Option(help="Column that holds the texts.")]
LabelColumn = Annotated[str, typer.Option(help="Column that holds the labels.")]
GroupColumn = Annotated[
    str | None, typer.Option(help="Column naming rows that must not be torn apart by a split.")
]
TestFile = Annotated[
    Path | None, typer.Option("--test", help="Texts to hold out; by default a fifth of DATA.")
]
Out = Annotated[Path, typer.Option(help="Folder for what comes out.")]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes to spend; 5 unless --rounds is given.")
]
Rounds = Annotated[
    int | None, typer.Option(help="Rounds at most, whatever time they take; repeats exactly.")
]
Seed = Annotated[int, typer.Option(help="Decides everything random.", min=0)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="Recipe (YAML) to use.")]


def corpora(data: Path, test: Path | None, columns: Columns) -> tuple[Corpus, Corpus | None]:
    """Read labelled texts and, if there are any, those to hold out.

    Held-out texts are not split any further, so a test file may lack the column of groups.

    Raises:
        CorpusError: one of the files cannot be read.
    """
    from textkaizen.files.corpora import load_corpus

    corpus = load_corpus(data, columns)
    if test is None:
        return corpus, None
    return corpus, load_corpus(test, replace(columns, group_optional=True))


def recipe_of(path: Path | None) -> Recipe:
    """Read a recipe; without a file it is the baseline."""
    from textkaizen.files.recipes import load_recipe
    from textkaizen.recipe import Recipe

    return load_recipe(path) if path is not None else Recipe()


def print_json(values: dict[str, Any]) -> None:
    """Print one JSON object on standard output."""
    from textkaizen.terminal.streams import json_text

    typer.echo(json_text(values, indent=1))
