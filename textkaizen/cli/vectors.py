"""Word vectors to look at: `nearest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textkaizen.cli.options import Json, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from textkaizen.data.word_vectors import WordVectors


def nearest(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Word vectors of word2vec, GloVe or fastText, text or binary; gzip is read, too.",
        ),
    ],
    word: Annotated[str, typer.Argument(metavar="WORD", help="The word to start from.")],
    top_k: Annotated[int, typer.Option(help="How many words to give.", min=1)] = 10,
    as_json: Json = False,
) -> None:
    """Tell the words nearest to a word, by cosine.

    The file is read as a stream, whatever its size. A word that it has in other capitals only is
    taken so.
    """
    from textkaizen.errors import UsageError
    from textkaizen.text.nearest import nearest as nearest_words

    known, blocks = _vectors(file, word)
    vector = known.row(word)
    if vector is None:
        raise UsageError(
            f"The word must have a vector; {file} has none for {word!r}, whatever the capitals. "
            "Try another spelling, or another file."
        )
    if not vector.any():
        raise UsageError(
            f"The word's vector must not be all zeros; that of {word!r} in {file} is. Try another."
        )
    spelling = known.folded.get(word, word)
    found = nearest_words(blocks, vector, top_k, without={spelling})
    if as_json:
        near = [{"word": name, "cosine": cosine} for name, cosine in found]
        print_json({"file": str(file), "word": spelling, "nearest": near})
        return
    if spelling != word:
        typer.echo(f"{file} has no {word!r}; {spelling!r} is taken.", err=True)
    for name, cosine in found:
        typer.echo(f"{cosine:.4f}  {name}")


def _vectors(
    file: Path, word: str
) -> tuple[WordVectors, Iterable[tuple[Sequence[str], np.ndarray]]]:
    """Return the vector of one word, and blocks of all: of a file now, of a model's embedding here.

    Raises:
        WordVectorsError: the file cannot be read, or is damaged.
    """
    from textkaizen.files.word_vectors import read_word_vectors, vector_blocks

    return read_word_vectors(file, [word]), vector_blocks(file)
