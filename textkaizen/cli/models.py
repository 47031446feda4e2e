"""From texts to a model and on: `train`, `evaluate`, `predict`, `why`, `chat`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textkaizen.cli.options import (
    Data,
    Device,
    GroupColumn,
    Json,
    LabelColumn,
    ModelFolder,
    RecipeFile,
    Seed,
    TextColumn,
    WordVectorFile,
    corpora,
    print_json,
    recipe_of,
    word_vectors_of,
)

if TYPE_CHECKING:
    from textkaizen.data import Corpus
    from textkaizen.recipe import Knobs, Recipe
    from textkaizen.train.lanes import TrainedLane

ClassifierName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What learns: network, logistic_regression, linear_svm, multinomial_naive_bayes, "
        "complement_naive_bayes, kernel_svm, random_forest, gradient_boosting or "
        "nearest_neighbours.",
    ),
]

TextFile = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="Texts, one a line; standard input by default."),
]
NearestAmong = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Labelled texts; those nearest to a text are shown."),
]


def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    recipe: RecipeFile = None,
    classifier: ClassifierName = "network",
    device: Device = "auto",
    word_vectors: WordVectorFile = None,
    seed: Seed = 0,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Train a network or a classical classifier on all texts.

    Of a recipe a classical classifier takes the text rules: it reads what the network would.
    """
    from textkaizen.files.compiled import compiled_folder
    from textkaizen.files.corpora import Columns
    from textkaizen.files.models import check_model_folder, save_model
    from textkaizen.study.training import NETWORK, require_trainable, train_one
    from textkaizen.workers.devices import plan, require_device

    require_device(device, "--")
    chosen = recipe_of(recipe)
    require_trainable(classifier, chosen)
    corpus, _ = corpora(data, None, Columns(text_column, label_column, group_column))
    check_model_folder(out)
    vectors, _ = word_vectors_of(word_vectors, corpus, [chosen])
    if classifier != NETWORK:
        _fit(corpus, chosen, seed, classifier, (out, as_json))
        return
    from textkaizen.train.programs import Programs  # after what may be refused: it takes a second

    programs = Programs(compiled_folder(), device=plan(device).device)
    model, trained = train_one(corpus, chosen, seed, programs, vectors)
    save_model(model, out)
    best = trained.best_epoch
    last = {name: _finite(values[best - 1]) for name, values in trained.history.items()}
    if as_json:
        facts = {"model": str(out), "texts": model.facts["texts"], "classes": len(model.labels)}
        how = {"recipe": chosen.to_dict(), "seed": seed, "seconds": trained.seconds}
        reading = {"reading": model.facts["reading"]} if "reading" in model.facts else {}
        ended = {"epoch": best, "logs": last, **_starts(chosen.knobs, trained)}
        print_json({**facts, **ended, **reading, **how})
        return
    shown = {name: value for name, value in last.items() if name != "penalty" or value}
    logs = ", ".join(
        f"{name} no number" if value is None else f"{name} {value:.3f}"
        for name, value in shown.items()
    )
    typer.echo(
        f"Trained on {model.facts['texts']} texts. After epoch {trained.best_epoch}: {logs}."
    )
    told = [*_reading_told(model.facts.get("reading")), *_starts_told(chosen.knobs, trained)]
    for sentence in (*told, *_cut_told(model.facts)):
        typer.echo(sentence)
    typer.echo(f"The model is in {out}.")


def _fit(corpus: Corpus, recipe: Recipe, seed: int, kind: str, where: tuple[Path, bool]) -> None:
    """Fit a classical classifier, save it, and say so.

    Args:
        corpus, recipe, seed, kind: as of `train_classifier`.
        where: the model's folder, and whether JSON is asked for.
    """
    from textkaizen.classical.classifiers import long_wait
    from textkaizen.files.models import save_model
    from textkaizen.study.training import train_classifier

    (out, as_json), begun = where, time.perf_counter()
    waiting = long_wait(kind, len(corpus), len(corpus.classes))
    if waiting:
        typer.echo(waiting, err=True)
    model, warned = train_classifier(corpus, recipe, seed, kind)
    save_model(model, out)
    if as_json:
        facts = {"model": str(out), "texts": model.facts["texts"], "classes": len(model.labels)}
        how = {"classifier": kind, "recipe": model.recipe.to_dict(), "seed": seed}
        seconds = time.perf_counter() - begun
        said = [*warned, *_cut_told(model.facts)]
        print_json({**facts, **how, "warnings": said, "seconds": seconds})
        return
    typer.echo(f"Fitted {kind} on {model.facts['texts']} texts.")
    for one in warned:
        typer.echo(f"scikit-learn warned: {one.rstrip('.')}.")
    for sentence in _cut_told(model.facts):
        typer.echo(sentence)
    typer.echo(f"The model is in {out}.")


def _finite(value: float) -> float | None:
    """A number that JSON can hold: None for what training has made endless."""
    return value if math.isfinite(value) else None


def _reading_told(reading: dict[str, float] | None) -> list[str]:
    """Say what is not read of the training texts; nothing of bags."""
    if reading is None:
        return []
    cut, unknown = reading["texts_cut"], reading["words_unknown"]
    return [
        f"Up to {reading['longest']:.0f} words of a text are read ({cut:.1%} of the texts have "
        f"more); {unknown:.1%} of the words are too rare to be told apart."
    ]


def _starts(knobs: Knobs, trained: TrainedLane) -> dict[str, Any]:
    """What JSON says of several starts and members.

    `starts` holds the monitor's value of every start, member by member: None for one that has
    diverged, and no values where no text could be held back to choose by.
    """
    values = trained.starts if knobs.monitor in trained.history else ()
    starts = [_finite(value) for value in values]
    return {"monitor": knobs.monitor, "starts": starts, "members": knobs.ensemble}


def _starts_told(knobs: Knobs, trained: TrainedLane) -> list[str]:
    """Say how far the starts are apart, and how many networks answer together."""
    told = []
    if knobs.starts > 1:
        values = _starts(knobs, trained)["starts"]
        best_first = -1 if knobs.monitor == "val_accuracy" else 1
        order = lambda value: math.inf if value is None else best_first * value
        for member in range(knobs.ensemble):
            own = sorted(values[member * knobs.starts :][: knobs.starts], key=order)
            of = f" of member {member + 1}" if knobs.ensemble > 1 else ""
            shown = ", ".join("no number" if v is None else f"{v:.2f}" for v in own)
            ends = f"ended at {knobs.monitor} {shown}; the best was kept"
            if not own:
                ends = "could not be told apart (no text to hold back); the first was kept"
            told.append(f"{knobs.starts} starts{of} {ends}.")
    if knobs.ensemble > 1:
        told.append(f"An ensemble of {knobs.ensemble} networks; the logs are those of the first.")
    return told


def _cut_told(facts: dict[str, Any]) -> list[str]:
    """Say of how many texts the encoder has read a part only."""
    count = facts.get("texts_cut", 0)
    return [f"Vectors of {count} long texts are of their beginnings."] if count else []


def evaluate(
    model: ModelFolder,
    data: Data,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: Annotated[
        str | None, typer.Option(help="Column naming rows that count as one in the intervals.")
    ] = None,
    monte_carlo: Annotated[
        int | None,
        typer.Option(help="Score the average over so many dropout masks, too.", min=1),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a model on labelled texts: accuracy and macro-F1."""
    from textkaizen.files.corpora import Columns
    from textkaizen.files.models import load_model
    from textkaizen.report.scores import scores_told
    from textkaizen.study.evaluation import evaluate as score

    loaded = load_model(model)
    corpus, _ = corpora(data, None, Columns(text_column, label_column, group_column))
    found = score(loaded, corpus, monte_carlo=monte_carlo)
    if as_json:
        print_json(found)
    else:
        typer.echo(scores_told(found))


def predict(
    model: ModelFolder,
    file: TextFile = None,
    top_k: Annotated[int, typer.Option(help="Labels to give for each text.", min=1)] = 1,
) -> None:
    """Label texts, one a line: JSON Lines come out."""
    from textkaizen.cli.answering import label_lines

    label_lines(model, file, top_k)


def why(
    model: ModelFolder,
    file: TextFile = None,
    top_k: Annotated[
        int | None,
        typer.Option(help="Strongest words to give, strongest first; all by default.", min=1),
    ] = None,
    data: NearestAmong = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
) -> None:
    """Tell which words decide, text by text: JSON Lines come out."""
    from textkaizen.cli.answering import explain_lines

    explain_lines(model, file, top_k, _reader(data, text_column, label_column))


def chat(
    model: ModelFolder,
    replies: Annotated[
        Path | None, typer.Option(help="CSV with the columns label and reply.")
    ] = None,
    data: NearestAmong = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    seed: Seed = 0,
) -> None:
    """Talk with a model: a line in, a reply out.

    `/why` tells which words decided, `/top` the most probable labels, `/help` lists all of it. Ends
    with `/quit` or the end of the input.
    """
    from textkaizen.cli.answering import talk

    talk(model, replies, seed, _reader(data, text_column, label_column))


def _reader(data: Path | None, text: str, label: str) -> Callable[[], Corpus] | None:
    """Return what reads labelled texts, once the model has been read."""
    if data is None:
        return None
    from textkaizen.files.corpora import Columns, load_corpus

    columns = Columns(text, label)
    return lambda: load_corpus(data, columns)
