"""Hashed features from a recipe to an answer, by the command line and in Python."""

import json

import numpy as np
import pytest
from command_line import QUICK, QUICK_YAML, ROWS, textkaizen, write_corpus

from textkaizen import TextClassifier
from textkaizen.data import Corpus
from textkaizen.files.models import load_model, save_model
from textkaizen.model import learn_linear, learn_model
from textkaizen.recipe import Recipe, TextRules

HASHED = Recipe(TextRules(hashed=4096), QUICK.shape, QUICK.knobs)
TEXTS, LABELS = zip(*ROWS, strict=True)
ASKED = ["renew my card", "Ｗhen my BOOK", "", "図書館 🎉", "lost " * 300]


def done(*command_line, **named):
    ended = textkaizen(*command_line, **named)
    assert (ended.status, ended.err) == (0, "")
    return ended.out


def test_train_predict_and_show_with_hashed_features(tmp_path):
    path, folder = tmp_path / "hashed.yaml", tmp_path / "model"
    path.write_text("text:\n  hashed: 4096\n" + QUICK_YAML)
    assert "\n  hashed: 4096\n" in done("recipe", path, "--show")
    assert "hashed: 0 -> 4096" in done("recipe", path)
    done("train", write_corpus(tmp_path / "corpus.csv"), "--recipe", path, "--out", folder)
    values = json.loads((folder / "model.json").read_bytes())
    assert values["format_version"] == 3
    assert values["recipe"]["text"]["hashed"] == 4096
    assert json.loads((folder / "vocabulary.json").read_bytes()) == {"split": 2048, "terms": []}
    model = load_model(folder)
    assert model.network.kernels[0].shape == (4096, 4)
    asked = [text for text in ASKED if text]
    lines = done("predict", folder, "--top-k", "3", stdin="\n".join(asked).encode())
    for line, text, found in zip(
        lines.splitlines(), asked, model.probabilities(asked), strict=True
    ):
        told = json.loads(line)
        best = int(found.argmax())
        assert (told["text"], told["label"]) == (text, model.labels[best])
        assert told["probability"] == pytest.approx(float(found[best]), abs=2e-6)


def test_a_number_of_buckets_that_cannot_be_is_refused_with_its_line(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("text:\n  hashed: 1000\n")
    ended = textkaizen("recipe", path)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        f"textkaizen: {path}, line 2: This recipe cannot be: text.hashed must be 0 (off) or a "
        "power of two from 256 (2**8) to 16777216 (2**24); found 1000.\n"
    )


@pytest.mark.parametrize("kind", ["network", "logistic_regression", "linear_svm"])
def test_every_kind_of_model_learns_is_kept_and_answers_one_as_many(kind, tmp_path):
    corpus, recipe = Corpus(TEXTS, LABELS), HASHED.with_knobs(epochs=30)
    if kind == "network":
        model, _ = learn_model(corpus, recipe, 1)
    else:
        model = learn_linear(corpus, recipe, 1, kind)
    assert model.predict(TEXTS) == list(LABELS)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.recipe == model.recipe
    assert (again.logits(ASKED) == model.logits(ASKED)).all()
    for text, row in zip(ASKED, again.probabilities(ASKED), strict=True):
        found = dict(again.answer(text, 3))
        np.testing.assert_allclose([found[label] for label in again.labels], row, atol=2e-6)


def test_the_estimator_takes_a_number_of_buckets_by_its_name():
    classifier = TextClassifier(HASHED.with_knobs(epochs=30), seed=1).set_params(
        recipe__hashed=2**10
    )
    assert classifier.fit(TEXTS, LABELS).score(TEXTS, LABELS) == 1.0
    assert len(classifier.model_.vocabulary) == 2**10
