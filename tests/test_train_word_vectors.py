"""Embeddings that begin with the vectors of a file."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from textkaizen.cli import app
from textkaizen.data import Corpus
from textkaizen.data.word_vectors import WordVectors
from textkaizen.errors import RecipeError
from textkaizen.files.models import load_model
from textkaizen.model import learn_model
from textkaizen.recipe import Recipe
from textkaizen.study.improvements import CATALOGUE
from textkaizen.text.word_vectors import words_of

TEXTS = ("renew my card", "renew my book", "when open", "open today when", "my book", "today open")
CORPUS = Corpus(TEXTS, ("loan", "loan", "hours", "hours", "loan", "hours"))
VECTORS = WordVectors(("my", "open"), np.array([[1, 2, 3], [-4, 5, 6]], "f"), asked=7)


def recipe(kind: str) -> Recipe:
    shape = {"encoder": "embedding", "pooling": "mean", "hidden": (), "word_vectors": kind}
    knobs = {"epochs": 3, "validation": 0.0, "weight_decay": 0.01}
    return Recipe().changed({"order": "words", "min_texts": 1}, shape, knobs)


def test_frozen_embeddings_stay_and_tuned_ones_begin_there() -> None:
    found = {}
    for kind in ("frozen", "tuned"):
        model, _ = learn_model(CORPUS, recipe(kind), 1, word_vectors=VECTORS)
        assert model.recipe.shape.embedding == 3
        table = model.networks[0].encoder.arrays["embedding"]
        found[kind] = {word: table[place] for place, word in enumerate(model.vocabulary.terms)}
    for word in VECTORS.words:
        assert (found["frozen"][word] == VECTORS.row(word)).all()
        moved = np.abs(found["tuned"][word] - VECTORS.row(word)).max()
        assert 0 < moved < 0.05  # three epochs of Adam at 0.001
    drawn = np.abs(found["frozen"]["card"])
    assert drawn.max() <= 0.05  # what has no vector is drawn as always


def test_a_recipe_that_begins_with_vectors_needs_some() -> None:
    with pytest.raises(RecipeError, match="needs a file of them; found none"):
        learn_model(CORPUS, recipe("tuned"), 1)
    with pytest.raises(RecipeError, match="reads words in order"):
        Recipe().with_shape(word_vectors="tuned")


def test_the_words_that_are_looked_up_are_those_that_are_read() -> None:
    assert words_of(("My CARD!", "my book"), [recipe("tuned")]) == {"my", "card", "book"}


def test_train_and_study_take_a_file(tmp_path) -> None:
    (tmp_path / "v.txt").write_text("my 1 2 3\nOpen 4 5 6\nunheard 7 8 9\n")
    rows = "\n".join(f"{t},{y}" for t, y in zip(TEXTS * 3, CORPUS.labels * 3, strict=True))
    (tmp_path / "texts.csv").write_text("text,label\n" + rows + "\n")
    (tmp_path / "r.yaml").write_text(
        "text: {order: words, min_texts: 1}\n"
        "shape: {encoder: embedding, pooling: mean, hidden: [], word_vectors: frozen}\n"
        "knobs: {epochs: 2}\n"
    )
    texts, vectors = str(tmp_path / "texts.csv"), ["--word-vectors", str(tmp_path / "v.txt")]
    out, own = str(tmp_path / "model"), ["--recipe", str(tmp_path / "r.yaml")]
    said = CliRunner().invoke(app, ["train", texts, "--out", out, *own, *vectors])
    assert said.exit_code == 0, said.output
    assert "2 of 7 words" in said.output
    model = load_model(out)
    place = model.vocabulary.terms.index("open")
    assert model.networks[0].encoder.arrays["embedding"][place].tolist() == [4, 5, 6]


def test_without_a_file_the_catalogue_s_word_vectors_are_left_out() -> None:
    from textkaizen.errors import UsageError
    from textkaizen.study import kaizen
    from textkaizen.study.budget import Budget

    named = tuple(each for each in CATALOGUE if each.name == "word vectors, tuned")
    assert len(named) == 1
    assert named[0].change(Recipe()).shape.word_vectors == "tuned"
    with pytest.raises((UsageError, RecipeError), match="begins with word vectors needs"):
        kaizen.study(CORPUS, improvements=named, budget=Budget())
