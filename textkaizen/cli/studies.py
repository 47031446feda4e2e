"""What helps, and by how much: `improve`, `study`, and the catalogue they try, `improvements`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textkaizen.cli.options import (
    Data,
    GroupColumn,
    Json,
    LabelColumn,
    Minutes,
    Out,
    RecipeFile,
    Rounds,
    Seed,
    TestFile,
    TextColumn,
    corpora,
    print_json,
    recipe_of,
)

if TYPE_CHECKING:
    from textkaizen.files.corpora import Columns
    from textkaizen.study.result import Result
    from textkaizen.terminal.limits import Limits


def improve(
    data: Data,
    test: TestFile = None,
    out: Out = Path("textkaizen-out"),
    minutes: Minutes = None,
    rounds: Rounds = None,
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Measure improvements, adopt step by step what helps.

    Leaves a report, the verdicts, the recipe and a model in a folder.
    """
    from textkaizen.files.corpora import Columns
    from textkaizen.study import kaizen
    from textkaizen.terminal.limits import Limits

    limits = Limits(minutes, rounds, dashes="--")
    columns = Columns(text_column, label_column, group_column)
    corpus, held_out = corpora(data, test, columns)
    ask = partial(kaizen.improve, corpus, held_out, seed=seed)
    result = _answered(ask, limits, columns, out, as_json)
    _say_where(result, out)
    _exit_if_interrupted(result)


def study(
    data: Data,
    only: Annotated[
        list[str] | None, typer.Option(help="An improvement or a group; may be repeated.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A group of improvements; may be repeated.")
    ] = None,
    recipe: RecipeFile = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report and verdicts.")] = None,
    minutes: Minutes = None,
    rounds: Rounds = None,
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Measure improvements against the baseline and adopt nothing."""
    from textkaizen.files.corpora import Columns
    from textkaizen.study import kaizen
    from textkaizen.study.improvements import chosen
    from textkaizen.terminal.limits import Limits

    improvements = chosen([*(only or []), *(group or [])])
    limits, baseline = Limits(minutes, rounds, dashes="--"), recipe_of(recipe)
    columns = Columns(text_column, label_column, group_column)
    corpus, _ = corpora(data, None, columns)
    ask = partial(kaizen.study, corpus, seed=seed, baseline=baseline, improvements=improvements)
    _exit_if_interrupted(_answered(ask, limits, columns, out, as_json))


def improvements(as_json: Json = False) -> None:
    """List the catalogue: name, group, what it changes, source."""
    from textkaizen.recipe import Recipe, describe_difference
    from textkaizen.study.improvements import CATALOGUE

    rows = [
        {
            "name": improvement.name,
            "group": improvement.group,
            "changes": describe_difference(Recipe(), improvement.change(Recipe())),
            "claim": improvement.claim,
            "source": improvement.source,
        }
        for improvement in CATALOGUE
    ]
    if as_json:
        print_json({"improvements": rows})
        return
    for row in rows:
        typer.echo(f"{row['name']}  ({row['group']})")
        typer.echo(f"    {row['claim']}")
        typer.echo(f"    changes: {row['changes'] or 'nothing on the baseline, which has it'}")
        typer.echo(f"    source: {row['source']}")


def _answered(
    ask: Callable[..., Result], limits: Limits, columns: Columns, out: Path | None, as_json: bool
) -> Result:
    """Ask, show the answer, and save it; tell on standard error what goes on meanwhile.

    Args:
        ask: given a budget and means, returns a result.
        limits: of the work.
        columns: those that were read; the result names them where they have names of their own.
        out: folder for what comes out; None: nothing is written.
        as_json: print JSON instead of the table.
    """
    from textkaizen.files.outcomes import save_outcome
    from textkaizen.report.page import render
    from textkaizen.terminal.progress import progress_line
    from textkaizen.terminal.streams import results_in

    with results_in(out):
        with progress_line(limits) as (budget, means):
            result = ask(budget=budget, means=means)
        named = {"columns": columns.renamed} if columns.renamed else {}
        result = replace(result, data=result.data | named, seconds=budget.clock())
        _show(result, as_json)  # first: what took minutes must not hang on a full disk
        if out is not None:
            save_outcome(result, out, page=render(result))
    return result


def _show(result: Result, as_json: bool) -> None:
    """Print the result: JSON on standard output, or the table."""
    from textkaizen.report.table import summary, verdict_table

    if as_json:
        print_json(result.to_dict())
        return
    typer.echo(verdict_table(result))
    typer.echo(summary(result))


def _say_where(result: Result, out: Path) -> None:
    """Name the files on standard error, and which model to use."""
    from textkaizen.files.outcomes import folders
    from textkaizen.study.advice import NAMES

    typer.echo(f"\nReport, recipe and verdicts are in {out}.", err=True)
    for name, place in folders(result).items():
        model = NAMES[name][:1].upper() + NAMES[name][1:]
        use = ": this is the one to use" if name == result.use else ""
        typer.echo(f"{model} is in {out / place}{use}.", err=True)


def _exit_if_interrupted(result: Result) -> None:
    if result.design["stopped"] == "interrupted":
        typer.echo("textkaizen: interrupted; what is known so far was kept.", err=True)
        raise typer.Exit(130)
