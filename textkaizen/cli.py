"""The command line: argv in, text out, exit codes. Nothing heavy is imported before it is needed.

0 done; 2 the command line or the data are wrong (one message on standard error); 130 interrupted
(what was done so far is kept). With `--json` standard output holds one JSON object and nothing
else. A reader that has gone, as in `| head`, is no failure.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from textkaizen.errors import TextkaizenError, UsageError

app = typer.Typer(
    name="textkaizen",
    help="What improved the network on your texts, and by how much?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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

DEFAULT_MINUTES = 5.0


def main() -> None:
    """Run the command line and turn errors into messages and exit codes."""
    from textkaizen.agent.terminal import exit_status, print_all

    print_all()
    try:
        app(prog_name="textkaizen")
    except TextkaizenError as error:
        typer.echo(f"textkaizen: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as end:
        status = exit_status(end)
        if status is None:
            raise
        if status:
            typer.echo("textkaizen: interrupted.", err=True)
        sys.exit(status)


@app.command()
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
    from textkaizen.agent.progress import means_with_progress
    from textkaizen.agent.terminal import results_in
    from textkaizen.files.outcomes import save_outcome
    from textkaizen.report.page import render
    from textkaizen.study.kaizen import improve as run

    seconds = _seconds(minutes, rounds)
    corpus, held_out = _corpora(data, test, text_column, label_column, group_column)
    with results_in(out):
        with means_with_progress(seconds) as (means, clock):
            budget = _budget(seconds, rounds, clock)
            result = run(corpus, held_out, budget=budget, seed=seed, means=means)
        result = replace(result, seconds=clock())
        _show(result, as_json)  # first: what took minutes must not hang on a full disk
        save_outcome(result, out, page=render(result))
    _say_where(result, out)
    _exit_if_interrupted(result)


@app.command()
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
    from textkaizen.agent.progress import means_with_progress
    from textkaizen.agent.terminal import results_in
    from textkaizen.files.outcomes import save_outcome
    from textkaizen.report.page import render
    from textkaizen.study.improvements import chosen
    from textkaizen.study.kaizen import study as run

    improvements = chosen([*(only or []), *(group or [])])
    seconds, baseline = _seconds(minutes, rounds), _recipe(recipe)
    corpus, _ = _corpora(data, None, text_column, label_column, group_column)
    with results_in(out):
        with means_with_progress(seconds) as (means, clock):
            result = run(
                corpus,
                budget=_budget(seconds, rounds, clock),
                seed=seed,
                means=means,
                baseline=baseline,
                improvements=improvements,
            )
        result = replace(result, seconds=clock())
        if out is not None:
            save_outcome(result, out, page=render(result))
    _show(result, as_json)
    _exit_if_interrupted(result)


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    recipe: RecipeFile = None,
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Train one network by a recipe on all texts and save it."""
    from textkaizen.data import canonical, require, without_empty
    from textkaizen.files.models import check_model_folder, save_model
    from textkaizen.model import learn_model

    chosen_recipe = _recipe(recipe)
    corpus, _ = _corpora(data, None, text_column, label_column, group_column)
    corpus = canonical(corpus)
    require(corpus, 2)
    check_model_folder(out)
    corpus = without_empty(corpus)
    model, trained = learn_model(corpus, chosen_recipe, seed)
    save_model(model, out)
    last = {name: values[trained.best_epoch - 1] for name, values in trained.history.items()}
    if as_json:
        _print_json(
            {
                "model": str(out),
                "texts": len(corpus),
                "classes": len(corpus.classes),
                "epoch": trained.best_epoch,
                "logs": last,
                "recipe": chosen_recipe.to_dict(),
                "seed": seed,
                "seconds": trained.seconds,
            }
        )
        return
    logs = ", ".join(f"{name} {value:.3f}" for name, value in last.items())
    typer.echo(f"Trained on {len(corpus)} texts. After epoch {trained.best_epoch}: {logs}.")
    typer.echo(f"The model is in {out}.")


@app.command()
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
        _print_json({"improvements": rows})
        return
    for row in rows:
        typer.echo(f"{row['name']}  ({row['group']})")
        typer.echo(f"    {row['claim']}")
        typer.echo(f"    changes: {row['changes'] or 'nothing on the baseline, which has it'}")
        typer.echo(f"    source: {row['source']}")


@app.command()
def check(
    data: Data,
    test: TestFile = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the data, with line numbers."""
    from textkaizen.study.preparation import check_texts

    corpus, held_out = _corpora(data, test, text_column, label_column, group_column)
    facts = check_texts(corpus, held_out)
    if as_json:
        _print_json(facts)
        return
    typer.echo(f"{facts['path']}: {facts['texts']} texts, {facts['classes']} classes.")
    for warning in facts["warnings"]:
        typer.echo(f"- {warning}")
    if not facts["warnings"]:
        typer.echo("Nothing wrong was found.")


@app.command()
def evaluate(
    model: ModelFolder,
    data: Data,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    as_json: Json = False,
) -> None:
    """Score a model on labelled texts: accuracy and macro-F1."""
    from textkaizen.files.models import load_model
    from textkaizen.study.evaluation import evaluate as score

    loaded = load_model(model)
    corpus, _ = _corpora(data, None, text_column, label_column, None)
    found = score(loaded, corpus)
    if as_json:
        _print_json(found)
        return
    for name in ("accuracy", "macro_f1"):
        value = found[name]
        shown = (
            f"{100 * value['value']:.1f} % [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"
        )
        typer.echo(f"{name.replace('_f1', '-F1'):10} {shown}")
    on = f"on {found['texts']} texts of {found['classes']} classes"
    typer.echo(f"{on}; in brackets the 95 % interval")


@app.command()
def predict(
    model: ModelFolder,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Texts, one a line; standard input by default."),
    ] = None,
    top_k: Annotated[int, typer.Option(help="Labels to give for each text.", min=1)] = 1,
) -> None:
    """Label texts, one a line: JSON Lines come out."""
    from textkaizen.agent.predictions import predictions
    from textkaizen.agent.terminal import json_text
    from textkaizen.files.corpora import open_lines
    from textkaizen.files.models import load_model

    loaded = load_model(model)
    with open_lines(file) as lines:
        for answer in predictions(loaded, lines, top_k):
            # At once: whoever sends line by line through a pipe waits for it.
            print(json_text(answer), flush=True)


@app.command()
def chat(
    model: ModelFolder,
    replies: Annotated[
        Path | None, typer.Option(help="CSV with the columns label and reply.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Talk with a model: a line in, a reply out.

    Ends with `/quit` or the end of the input.
    """
    from textkaizen.agent.chat import converse
    from textkaizen.files.models import load_model
    from textkaizen.files.replies import load_replies

    loaded = load_model(model)
    known = load_replies(replies, loaded.labels) if replies is not None else {}
    converse(loaded, known, seed=seed)


def _corpora(
    data: Path, test: Path | None, text: str, label: str, group: str | None
) -> tuple[Any, Any]:
    from textkaizen.files.corpora import Columns, load_corpus

    columns = Columns(text, label, group)
    return load_corpus(data, columns), load_corpus(test, columns) if test is not None else None


def _recipe(path: Path | None):
    from textkaizen.files.recipes import load_recipe
    from textkaizen.recipe import Recipe

    return load_recipe(path) if path is not None else Recipe()


def _seconds(minutes: float | None, rounds: int | None) -> float | None:
    """Turn the two limits into seconds; None when only rounds limit."""
    if minutes is not None and rounds is not None:
        raise UsageError("Give --minutes or --rounds, not both: one is time, the other repeats.")
    if minutes is not None and not 0 < minutes < 1e6:
        raise UsageError(f"--minutes must be more than 0; found {minutes:g}.")
    if rounds is not None and rounds < 1:
        raise UsageError(f"--rounds must be at least 1; found {rounds}.")
    return None if rounds is not None else 60 * (minutes or DEFAULT_MINUTES)


def _budget(seconds: float | None, rounds: int | None, clock):
    from textkaizen.study.budget import Budget
    from textkaizen.workers.threads import cores

    limits = {"rounds": rounds} if seconds is None else {"seconds": seconds}
    return Budget(clock=clock, cores=cores(), **limits)


def _show(result, as_json: bool) -> None:
    """Print the result: JSON on standard output, or the table."""
    from textkaizen.report.table import summary, verdict_table

    if as_json:
        _print_json(result.to_dict())
        return
    typer.echo(verdict_table(result))
    typer.echo(summary(result))


def _say_where(result, out: Path) -> None:
    """Name the files on standard error, and which model to use."""
    from textkaizen.files.outcomes import folders
    from textkaizen.study.advice import NAMES

    typer.echo(f"\nReport, recipe and verdicts are in {out}.", err=True)
    for name, place in folders(result).items():
        model = NAMES[name][:1].upper() + NAMES[name][1:]
        use = ": this is the one to use" if name == result.use else ""
        typer.echo(f"{model} is in {out / place}{use}.", err=True)


def _print_json(values: dict[str, Any]) -> None:
    from textkaizen.agent.terminal import json_text

    typer.echo(json_text(values, indent=1))


def _exit_if_interrupted(result) -> None:
    if result.design["stopped"] == "interrupted":
        typer.echo("textkaizen: interrupted; what is known so far was kept.", err=True)
        raise typer.Exit(130)


if __name__ == "__main__":
    main()
