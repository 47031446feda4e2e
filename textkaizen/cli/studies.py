"""What helps, and by how much: `improve`, `study`, and the catalogue they try, `improvements`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textkaizen.cli.options import (
    Compare,
    Data,
    Device,
    GroupColumn,
    Json,
    LabelColumn,
    Language,
    Metric,
    Minutes,
    MoreFiles,
    OptionalOut,
    Out,
    RecipeFile,
    Rounds,
    Seed,
    TestFile,
    TextColumn,
    WordVectorFile,
    compared_files,
    corpora,
    known_metric,
    print_json,
    recipe_of,
    word_vectors_of,
)
from textkaizen.errors import UsageError, listed

if TYPE_CHECKING:
    from textkaizen.data import Corpus
    from textkaizen.data.word_vectors import WordVectors
    from textkaizen.files.corpora import Columns
    from textkaizen.recipe import Recipe
    from textkaizen.study.budget import Budget
    from textkaizen.study.course import Means
    from textkaizen.study.improvements import Improvement
    from textkaizen.study.result import Result
    from textkaizen.terminal.limits import Limits


def improve(
    data: Data,
    test: TestFile = None,
    language: Language = "",
    word_vectors: WordVectorFile = None,
    metric: Metric = "macro_f1",
    out: Out = Path("textkaizen-out"),
    minutes: Minutes = None,
    rounds: Rounds = None,
    device: Device = "auto",
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Measure improvements, adopt step by step what helps.

    Leaves a report, the verdicts, the recipe and a model in a folder. Every finished lane is kept
    there: the same command goes on where it was stopped.
    """
    from textkaizen.files.asked import improvements_asked
    from textkaizen.files.corpora import Columns
    from textkaizen.recipe import Recipe
    from textkaizen.study import kaizen
    from textkaizen.terminal.limits import Limits

    limits, metric = Limits(minutes, rounds, device, dashes="--"), known_metric(metric)
    columns = Columns(text_column, label_column, group_column)
    corpus, held_out = corpora(data, test, columns)
    ask = partial(kaizen.improve, corpus, held_out, seed=seed, metric=metric, language=language)
    asked = improvements_asked(Recipe(), kaizen.CATALOGUE) | _language_asked(language)
    vectors, told = word_vectors_of(word_vectors, corpus, _tried(kaizen.CATALOGUE, Recipe()))
    asked |= _asked("improve", metric, seed, corpus, held_out) | told
    result = _answered(_given(ask, vectors), asked, limits, columns, out, as_json)
    _say_where(result, out)
    _exit_if_interrupted(result, out)


def study(
    data: Data,
    files: MoreFiles = None,
    only: Annotated[
        list[str] | None, typer.Option(help="An improvement or a group; may be repeated.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A group of improvements; may be repeated.")
    ] = None,
    recipe: RecipeFile = None,
    compare: Compare = None,
    language: Language = "",
    word_vectors: WordVectorFile = None,
    metric: Metric = "macro_f1",
    out: OptionalOut = None,
    minutes: Minutes = None,
    rounds: Rounds = None,
    device: Device = "auto",
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Measure improvements against the baseline and adopt nothing.

    With `--compare a.yaml b.yaml ...` candidates of one's own are measured instead, or classical
    classifiers by their names: `--compare random_forest kernel_svm`, `--compare all_classical`.
    """
    from textkaizen.files.corpora import Columns
    from textkaizen.study.improvements import chosen
    from textkaizen.terminal.limits import Limits

    limits, metric = Limits(minutes, rounds, device, dashes="--"), known_metric(metric)
    candidates = compared_files(data, compare, files)
    named = {"--only": only, "--group": group, "--recipe": recipe, "--language": language}
    if candidates:
        _require_alone([option for option, value in named.items() if value])
        question, asked = _comparing(candidates)
        tried = _recipes(candidates)
    else:
        question, asked = _measuring([*(only or []), *(group or [])], recipe, language)
        tried = _tried(chosen([*(only or []), *(group or [])]), recipe_of(recipe))
    columns = Columns(text_column, label_column, group_column)
    corpus, _ = corpora(data, None, columns)
    ask = partial(question, corpus, metric=metric, seed=seed)
    vectors, told = word_vectors_of(word_vectors, corpus, tried)
    asked |= _asked("study", metric, seed, corpus, None) | told
    result = _answered(_given(ask, vectors), asked, limits, columns, out, as_json)
    _exit_if_interrupted(result, out)


def _recipes(files: list[Path]) -> list[Recipe]:
    """Return those of the candidates that are recipes."""
    from textkaizen.files.candidates import load_candidates
    from textkaizen.recipe import Recipe

    return [one for one in load_candidates(files).values() if isinstance(one, Recipe)]


def _tried(improvements: Sequence[Improvement], baseline: Recipe) -> list[Recipe]:
    """Return a recipe and what improvements make of it, as far as they can be tried here."""
    return [baseline, *(one.change(baseline) for one in improvements if one.needs.installed)]


def _given(ask: Callable[..., Result], vectors: WordVectors | None) -> Callable[..., Result]:
    """Return the same question, asked with word vectors at hand."""

    def asked(budget: Budget, means: Means) -> Result:
        return ask(budget=budget, means=replace(means, word_vectors=vectors))

    return ask if vectors is None else asked


def _measuring(
    names: list[str], recipe: Path | None, language: str
) -> tuple[Callable[..., Result], dict[str, Any]]:
    """Return the question which of these improvements help a recipe, and what is asked by it."""
    from textkaizen.files.asked import improvements_asked
    from textkaizen.study import kaizen
    from textkaizen.study.improvements import chosen

    improvements, baseline = chosen(names), recipe_of(recipe)
    question = partial(
        kaizen.study, improvements=improvements, baseline=baseline, language=language
    )
    return question, improvements_asked(baseline, improvements) | _language_asked(language)


def _language_asked(language: str) -> dict[str, Any]:
    """Return what a language named by the user adds to what is asked; nothing if none is."""
    return {"--language": language} if language else {}


def _comparing(files: list[Path]) -> tuple[Callable[..., Result], dict[str, Any]]:
    """Return the question which of these candidates is better than the first, and what is asked
    by it."""
    from textkaizen.files.asked import candidates_asked
    from textkaizen.files.candidates import load_candidates
    from textkaizen.study.classifiers import ClassifierCandidate
    from textkaizen.study.compared import compare

    candidates = load_candidates(files)

    def ask(corpus: Corpus, **how: Any) -> Result:
        for one in candidates.values():
            waiting = one.waiting(corpus) if isinstance(one, ClassifierCandidate) else ""
            if waiting:
                typer.echo(waiting, err=True)
        result = compare(corpus, candidates, **how)
        return replace(result, data=result.data | {"compared": list(map(str, files))})

    return ask, candidates_asked(candidates)


def _asked(
    command: str, metric: str, seed: int, corpus: Corpus, held_out: Corpus | None
) -> dict[str, Any]:
    """Return what a command was asked about which texts, so that only the same one goes on."""
    from textkaizen.files.asked import texts_asked

    told = {"the command": command, "--metric": metric, "--seed": seed}
    return told | texts_asked(corpus, held_out)


def _require_alone(others: list[str]) -> None:
    """Refuse options that name improvements beside candidates.

    Raises:
        UsageError: there is one.
    """
    if others:
        raise UsageError(
            "--compare measures the candidates of its files and no improvements; found "
            f"{listed(others)} beside it. Leave one of them out; improvements of a recipe are "
            "measured by --recipe without --compare."
        )


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
    ask: Callable[..., Result],
    asked: dict[str, Any],
    limits: Limits,
    columns: Columns,
    out: Path | None,
    as_json: bool,
) -> Result:
    """Ask, show the answer, and save it; tell on standard error what goes on meanwhile.

    Args:
        ask: given a budget and means, returns a result.
        asked: what decides the result, besides limits and columns; see `files.asked`.
        limits: of the work.
        columns: those that were read; the result names them where they have names of their own.
        out: folder for what comes out and for finished lanes; None: nothing is written.
        as_json: print JSON instead of the table.
    """
    from textkaizen.files.asked import versions_asked
    from textkaizen.files.lanes import LaneStore
    from textkaizen.files.outcomes import save_outcome
    from textkaizen.report.page import render
    from textkaizen.terminal.progress import progress_line
    from textkaizen.terminal.streams import results_in

    named = {"columns": columns.renamed} if columns.renamed else {}
    asked = asked | limits.asked | named | versions_asked()
    with results_in(out), nullcontext() if out is None else LaneStore(out, asked) as store:
        if store is not None and store.lanes:
            typer.echo(f"Going on from {store.lanes} finished lanes in {store.file}.", err=True)
        with progress_line(limits, store) as (budget, means):
            result = ask(budget=budget, means=means)
        result = replace(result, data=result.data | named, seconds=budget.clock())
        if store is not None:
            result = replace(result, compilations=store.compilations)
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


def _exit_if_interrupted(result: Result, out: Path | None) -> None:
    if result.design["stopped"] == "interrupted":
        typer.echo("textkaizen: interrupted; what is known so far was kept.", err=True)
        if out is not None:
            typer.echo(f"The same command goes on from the finished lanes in {out}.", err=True)
        raise typer.Exit(130)
