"""Models of classical classifiers: trained, saved, loaded, asked, like any other."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from command_line import textkaizen, write_corpus
from safetensors.numpy import load, save

import textkaizen as package
from textkaizen.classical import boosting, forest
from textkaizen.classical.kinds import CLASSIFIERS, ONE_LAYER
from textkaizen.data import Corpus
from textkaizen.errors import MissingExtraError, ModelError, RecipeError, UsageError
from textkaizen.files import models
from textkaizen.files.models import load_model, save_model
from textkaizen.interop.keras_layers import to_keras
from textkaizen.model import KINDS, Model, learn_classifier
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.evaluation import evaluate

TEXTS = ("open on monday", "open today", "when do you open", "we open the door") * 3
TEXTS += ("lost my bag", "the bag is lost", "lost keys", "bag and keys lost") * 3
CORPUS = Corpus(
    tuple(f"{text} {n}" for n, text in enumerate(TEXTS)), ("hours",) * 12 + ("loss",) * 12
)
ODD = ["", "\x00", "zzz", "open lost", "\ud800", "開館"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(forest, "TREES", 10)
    monkeypatch.setattr(boosting, "ROUNDS", 10)


def learn(kind, recipe=None, corpus=CORPUS):
    return learn_classifier(corpus, recipe or Recipe(), 3, kind)[0]


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_model_is_the_same_after_saving_and_loading(kind, tmp_path):
    model = learn(kind)
    assert model.kind == kind
    assert (model.classifier is None) == (kind in ONE_LAYER)
    assert model.predict(["open today", "lost bag"]) == ["hours", "loss"]
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert (again.kind, again.labels, again.facts) == (kind, model.labels, model.facts)
    texts = [*CORPUS.texts, *ODD]
    assert (again.logits(texts) == model.logits(texts)).all()
    assert not list((tmp_path / "model").glob("*.pkl"))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_one_text_is_answered_as_many_are(kind):
    model = learn(kind)
    for text, found in zip(ODD, model.answers(ODD, 2), strict=True):
        alone = dict(model.answer(text, 2))
        assert [alone[label] for label, _ in found] == pytest.approx(
            [p for _, p in found], abs=1e-5
        )
    assert model.answers([]) == []


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_hashed_and_handmade_features_are_read(kind, tmp_path):
    rules = TextRules(hashed=1024, handmade=("word_length",))
    model = learn(kind, Recipe(text=rules))
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert (again.logits(CORPUS.texts) == model.logits(CORPUS.texts)).all()
    score = evaluate(again, CORPUS)["accuracy"]["value"]
    assert score > 0.8  # texts it has learnt from; half by chance


def test_linear_ones_may_read_reduced_features_and_others_are_refused_before_training():
    reduced = Recipe(text=TextRules(reduce="svd", reduced=4))
    assert learn("linear_svm", reduced).predict(["my bag"]) == ["loss"]
    for kind in set(CLASSIFIERS) - set(ONE_LAYER):
        with pytest.raises(RecipeError, match=r"Set it to none, or take a network"):
            learn(kind, reduced, corpus=None)
    with pytest.raises(RecipeError, match=r"Set text\.reduce to none"):
        learn("complement_naive_bayes", reduced)


def forged(folder, change_arrays=lambda arrays: arrays, **values):
    """Save a model and change it, hashes and all."""
    save_model(learn("random_forest"), folder)
    arrays = load((folder / models.WEIGHTS).read_bytes())
    content = save(change_arrays(arrays))
    own = json.loads((folder / models.MODEL).read_text()) | values
    own["files"][models.WEIGHTS] = models.hashlib.sha256(content).hexdigest()
    (folder / models.WEIGHTS).write_bytes(content)
    written = models._json(own)
    (folder / models.MODEL).write_bytes(written)
    (folder / models.HASH).write_bytes(models._hash_line(written))
    return folder


def circle(arrays):
    arrays["classifier.left"][0] = 0
    return arrays


@pytest.mark.parametrize(
    ("change", "values", "reason"),
    [
        (circle, {}, "the classifier has children that do not come after their parents"),
        (lambda a: a | {"classifier.x": a["idf"]}, {}, "arrays that do not belong to it: x"),
        (lambda a: a | {"biases.0": a["idf"]}, {}, "has not the arrays"),
        (dict, {"classifier": None}, "does not say what its classifier is"),
        (dict, {"classifier": {"form": "trees"}}, "None as voting"),
        (dict, {"kind": "kernel_svm"}, "as form of 'kernel_svm'"),
        (dict, {"kind": "linear_svm"}, "another format"),
        (dict, {"kind": "complement_naive_bayes"}, "a classifier beside its network"),
        (dict, {"format_version": 3}, "another format"),
        (dict, {"kind": ["network"]}, "unknown kind"),
        (dict, {"labels": ["a", "b", "c"]}, "the classifier has values.indptr|classifier has"),
    ],
)
def test_a_damaged_classifier_is_refused(tmp_path, change, values, reason):
    folder = forged(tmp_path / "model", change, **values)
    if "labels" in values:  # a class that no tree speaks of is never predicted
        assert load_model(folder).predict(["my bag"]) == ["b"]
        return
    with pytest.raises(ModelError, match=reason):
        load_model(folder)


def test_numbers_that_are_not_finite_are_not_saved(tmp_path):
    model = learn("nearest_neighbours")
    model.classifier.part.vectors.data[0] = np.inf
    with pytest.raises(ModelError, match=r"classifier\.vectors\.data"):
        save_model(model, tmp_path / "model")


def test_keras_takes_naive_bayes_and_refuses_what_has_no_layers():
    model = learn("multinomial_naive_bayes")
    bags = model.vocabulary.bags(CORPUS.texts)
    found = to_keras(model).predict(bags.toarray(), verbose=0)  # few texts
    np.testing.assert_allclose(found, model.probabilities(CORPUS.texts), atol=1e-5)
    with pytest.raises(UsageError, match="this model is a random forest"):
        to_keras(learn("random_forest"))


def test_dropout_masks_are_refused():
    with pytest.raises(UsageError, match="random forest"):
        evaluate(learn("random_forest"), CORPUS, monte_carlo=3)
    assert isinstance(learn("random_forest"), Model)
    assert set(KINDS) == {"network", *CLASSIFIERS}


def test_in_python_a_classifier_is_asked_for_by_name(monkeypatch):
    model = package.train(CORPUS.texts, CORPUS.labels, classifier="complement_naive_bayes")
    assert model.predict(["my bag"]) == ["loss"]
    with pytest.raises(UsageError, match="Did you mean 'kernel_svm'"):
        package.train((), (), classifier="kernel_svn")
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match="textkaizen\\[boosting\\]"):
        package.train((), (), classifier="gradient_boosting")


def test_from_texts_to_answers_on_the_command_line(tmp_path):
    write_corpus(tmp_path / "corpus.csv")
    line = ["train", tmp_path / "corpus.csv", "--classifier", "nearest_neighbours"]
    ended = textkaizen(*line, "--out", tmp_path / "model", "--json")
    assert ended.status == 0, ended.err
    said = json.loads(ended.out)
    assert said["classifier"] == "nearest_neighbours"
    assert said["warnings"] == []
    scores = textkaizen("evaluate", tmp_path / "model", tmp_path / "corpus.csv", "--json")
    assert json.loads(scores.out)["accuracy"]["value"] > 0.9  # texts that it keeps
    (tmp_path / "asked.txt").write_text("open today\n\n")
    answers = textkaizen("predict", tmp_path / "model", tmp_path / "asked.txt").out.splitlines()
    assert [set(json.loads(answer)) for answer in answers]
    told = textkaizen(*line, "--out", tmp_path / "model")
    assert told.out.startswith("Fitted nearest_neighbours on ")


def test_an_unknown_classifier_is_refused_before_anything_is_read(tmp_path):
    line = ["train", tmp_path / "none.csv", "--out", tmp_path / "model", "--classifier"]
    ended = textkaizen(*line, "nearest_neighbor")
    assert ended.status == 2
    assert "Did you mean 'nearest_neighbours'?" in ended.err


@pytest.mark.parametrize("kind", ["random_forest", "nearest_neighbours"])
def test_a_model_answers_without_what_has_fitted_it(kind, tmp_path):
    save_model(replace(learn(kind), facts={}), tmp_path / "model")
    code = (
        "import sys; from textkaizen.files.models import load_model\n"
        f"model = load_model({str(tmp_path / 'model')!r})\n"
        "model.answer('open', 2); model.predict(['open'])\n"
        "names = ('jax', 'sklearn', 'lightgbm')\n"
        "print([name for name in names if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "[]\n", done.stderr
