"""Which learning rate suits: `rates`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textkaizen.cli.options import (
    Data,
    Device,
    GroupColumn,
    Json,
    LabelColumn,
    RecipeFile,
    Seed,
    TextColumn,
    corpora,
    print_json,
    recipe_of,
)


def rates(
    data: Data,
    recipe: RecipeFile = None,
    out: Annotated[Path | None, typer.Option(help="File for the curve, *.svg.")] = None,
    device: Device = "auto",
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Suggest a learning rate: train with a growing one.

    It goes from a thousandth of the recipe's to a thousand times as much.
    """
    from textkaizen.files.compiled import compiled_folder
    from textkaizen.files.corpora import Columns
    from textkaizen.report.rates import rates_figure, rates_table
    from textkaizen.study.rates import range_test
    from textkaizen.workers.devices import plan, require_device

    require_device(device, "--")
    chosen = recipe_of(recipe)
    if out is not None:
        require_writable(out)
    corpus, _ = corpora(data, None, Columns(text_column, label_column, group_column))
    from textkaizen.train.programs import Programs  # after what may be refused: it takes a second

    programs = Programs(compiled_folder(), device=plan(device).device)
    found = range_test(corpus, chosen, seed, programs)
    if as_json:
        print_json(found.to_dict() | {"recipe": chosen.to_dict(), "seed": seed})
    else:
        typer.echo(rates_table(found))
    if out is not None:
        write_figure(out, rates_figure(found, corpus.name))
        typer.echo(f"The curve is in {out}.", err=True)


def require_writable(path: Path) -> None:
    """Refuse, before anything is trained, a file that is no SVG or cannot be written.

    Raises:
        UsageError: it ends otherwise, is a folder, or its folder is not there.
    """
    from textkaizen.errors import UsageError

    if path.suffix.lower() != ".svg":
        raise UsageError(f"--out must name an SVG file; found {path}. Name one that ends in .svg.")
    if path.is_dir() or not path.parent.is_dir():
        found = "is a folder" if path.is_dir() else "is in a folder that is not there"
        raise UsageError(
            f"--out must name a file that can be written; {path} {found}. Name another one."
        )


def write_figure(path: Path, drawn: str) -> None:
    """Write a figure.

    Raises:
        UsageError: it cannot be written.
    """
    from textkaizen.errors import UsageError

    try:
        path.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--out must name a file that can be written; {path} cannot: {error.strerror}. Name "
            "another one."
        ) from error
