"""Arguments and options that commands share, and what is read from the files they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textkaizen.errors import UsageError, listed

if TYPE_CHECKING:
    from textkaizen.data import Corpus
    from textkaizen.data.word_vectors import WordVectors
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


def _in_small_letters(code: str) -> str:
    return code.lower()


Language = Annotated[
    str,
    typer.Option(
        callback=_in_small_letters,
        metavar="CODE",
        help="ISO 639-1 code of the language of all texts; told from them by default.",
        show_default=False,
    ),
]
TestFile = Annotated[
    Path | None, typer.Option("--test", help="Texts to hold out; by default a fifth of DATA.")
]
Out = Annotated[
    Path, typer.Option(help="Folder for what comes out, and for finished lanes to go on from.")
]
OptionalOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder for report and verdicts, and for finished lanes to go on from; without it "
        "nothing is kept.",
    ),
]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes to spend; 5 unless --rounds is given.")
]
Rounds = Annotated[
    int | None, typer.Option(help="Rounds at most, whatever time they take; repeats exactly.")
]
Device = Annotated[
    str,
    typer.Option(
        metavar="[auto|cpu|gpu]",
        help="Where to train; auto is a GPU if JAX sees one, else the CPU.",
    ),
]
Seed = Annotated[int, typer.Option(help="Decides everything random.", min=0)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Metric = Annotated[
    str,
    typer.Option(help="What decides: macro_f1, accuracy, log_loss or a scorer of scikit-learn."),
]
Compare = Annotated[
    list[Path] | None,
    typer.Option(
        "--compare",
        metavar="FILE|NAME...",
        help="Recipes or pipelines (YAML) of one's own, the first being what the others are held "
        "to, or classifiers by name.",
    ),
]
MoreFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILES", help="Further candidates of --compare.", show_default=False),
]
WordVectorFile = Annotated[
    Path | None,
    typer.Option(
        "--word-vectors",
        help="Vectors of word2vec, GloVe or fastText, for networks that read in order.",
    ),
]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="Recipe (YAML) to use.")]


def word_vectors_of(
    file: Path | None, corpus: Corpus, recipes: Iterable[Recipe]
) -> tuple[WordVectors | None, dict[str, Any]]:
    """Read the vectors of the words of some texts, as any of the recipes reads them, and say how
    many have one.

    Returns:
        The vectors, and what tells them from others; None and nothing without a file.

    Raises:
        WordVectorsError: the file cannot be read, or is damaged.
    """
    if file is None:
        return None, {}
    import hashlib

    from textkaizen.files.word_vectors import read_word_vectors
    from textkaizen.text.word_vectors import words_of

    found = read_word_vectors(file, words_of(corpus.texts, recipes))
    typer.echo(f"{file}: {found.told}.", err=True)
    told = hashlib.sha256("\n".join(found.words).encode("utf-8", "surrogatepass"))
    told.update(found.vectors.tobytes())
    return found, {"--word-vectors": f"sha256:{told.hexdigest()}"}


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


def known_metric(metric: str) -> str:
    """Refuse a metric that there is not, before anything is read.

    Raises:
        UsageError: with the nearest name that there is.
    """
    from textkaizen.measure.compare import needs_probabilities

    needs_probabilities(metric)
    return metric


def compared_files(data: Path, compare: list[Path] | None, more: list[Path] | None) -> list[Path]:
    """Return the files to compare: `--compare a b c` gives the first to the option.

    Raises:
        UsageError: further files without the option, or one of them in the place of the texts.
    """
    if compare and data.suffix.lower() in (".yaml", ".yml"):
        raise UsageError(
            f"The labelled texts come before --compare and its files; found {data} in their "
            "place. Write `textkaizen study DATA --compare FILE...`."
        )
    if more and not compare:
        raise UsageError(
            f"One file of labelled texts is read; found {listed(more)} after it. Put --compare "
            "before files that are to be compared."
        )
    return [*(compare or []), *(more or [])]


def print_json(values: dict[str, Any]) -> None:
    """Print one JSON object on standard output."""
    from textkaizen.terminal.streams import json_text

    typer.echo(json_text(values, indent=1))
