"""`rates`: a learning rate to begin with, in words, in JSON, and drawn."""

import json
import re

import pytest
from command_line import ROWS, textkaizen, tree, write_corpus

from textkaizen.data import Corpus
from textkaizen.files.recipes import load_recipe
from textkaizen.study.rates import range_test

RECIPE = "shape:\n  hidden: [4]\nknobs:\n  learning_rate: 0.005\n"
TEXTS, LABELS = (tuple(column) for column in zip(*ROWS, strict=True))


@pytest.fixture
def files(tmp_path):
    """Labelled texts, a small recipe, and a place to draw to."""
    (tmp_path / "small.yaml").write_text(RECIPE)
    return write_corpus(tmp_path / "desk.csv"), tmp_path / "small.yaml", tmp_path / "curve.svg"


def test_words_json_and_figure_tell_of_the_same_curve(files):
    corpus, recipe, drawn = files
    line = ["rates", corpus, "--recipe", recipe, "--seed", 2]
    words = textkaizen(*line, "--out", drawn)
    assert (words.status, words.err) == (0, f"The curve is in {drawn}.\n")
    ended = textkaizen(*line, "--json")
    assert (ended.status, ended.err) == (0, "")
    told = json.loads(ended.out)
    wanted = range_test(Corpus(TEXTS, LABELS), load_recipe(recipe), 2).to_dict()
    assert {name: told[name] for name in wanted} == wanted
    assert told["seed"] == 2
    assert told["recipe"]["shape"]["hidden"] == [4]
    assert f"Suggested learning rate: {told['suggestion']:.2g}. The recipe's own is 0.005." in (
        " ".join(words.out.split())
    )
    assert f"suggested: {told['suggestion']:.2g}<" in drawn.read_text(encoding="utf-8")


def test_json_and_a_figure_go_to_their_own_places(files):
    corpus, recipe, drawn = files
    ended = textkaizen("rates", corpus, "--recipe", recipe, "--json", "--out", drawn)
    assert json.loads(ended.out)["texts"] == len(ROWS)
    assert drawn.read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("curve.png", "must name an SVG file; found .*curve.png"),
        ("there/curve.svg", "curve.svg is in a folder that is not there"),
        ("folder.svg", "folder.svg is a folder"),
    ],
)
def test_a_place_that_cannot_be_drawn_to_is_refused_before_anything_is_trained(
    files, tmp_path, monkeypatch, out, message
):
    def trained(*arguments):
        raise AssertionError("it was trained")

    monkeypatch.setattr("textkaizen.study.rates.range_test", trained)
    (tmp_path / "folder.svg").mkdir()
    before = tree(tmp_path)
    ended = textkaizen("rates", files[0], "--out", tmp_path / out)
    assert (ended.status, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert re.search(message, ended.err)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("knobs:\n  learning_rate: -1\n", "learning_rate must be more than 0; found -1"),
        ("shape:\n  batch_size: 999\n", "A batch must not be larger than the texts"),
    ],
)
def test_a_recipe_that_cannot_be_tested_is_refused(files, change, message):
    files[1].write_text(change)
    ended = textkaizen("rates", files[0], "--recipe", files[1])
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
