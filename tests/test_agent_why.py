"""Why an answer is given: complete for every kind of model, and a sentence where there is none."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from command_line import JAPANESE, ROWS
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.agent.nearest import nearest_among
from textkaizen.agent.why import explain, reasons, why
from textkaizen.data import Corpus
from textkaizen.errors import ModelError, UsageError
from textkaizen.files.models import load_model
from textkaizen.model import learn_classifier
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe, TextRules

KEPT = Path(__file__).parent / "models"
FOLDERS = sorted(path.parent for path in KEPT.rglob("model.json"))
TEXTS, LABELS = zip(*ROWS, strict=True)
CORPUS = Corpus(TEXTS, LABELS)
PAIRS = [(text, label) for label, texts in JAPANESE.items() for text in texts.split()]
IN_JAPANESE = Corpus(*zip(*PAIRS, strict=True))
ODD = ["", "zzz", "lost my key", "When do YOU open?", "\ud800 lost", "a" * 300, "傘をなくした"]


def linear(kind="logistic_regression", text=None, corpus=CORPUS):
    return learn_classifier(corpus, Recipe(text=text or TextRules()), 0, kind)[0]


@pytest.fixture(scope="module")
def regression():
    return linear()


def centred(model, text):
    """Every member's logits less the mean of all labels', averaged: by the model's own way."""
    logits = [replace(model, network=own, others=()).logits([text])[0] for own in model.networks]
    found = np.mean(logits, 0, dtype=float)
    return dict(zip(model.labels, found - found.mean(), strict=True))


def assert_complete(model, text):
    for label in model.labels:
        found = explain(model, text, label)
        expected = centred(model, text)[label], centred(model, "")[label]
        assert (found.logit, found.without_words) == pytest.approx(expected, abs=1e-4)
        summed = sum(number for _, number in found.words)
        assert summed == pytest.approx(expected[0] - expected[1], abs=1e-3)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_contributions_of_every_kept_model_add_up_to_its_logits(folder):
    # Those with Monte-Carlo masks are explained with all units.
    model = load_model(folder)
    if model.recipe.knobs.monte_carlo:
        model = model.with_masks(0)
    kept = json.loads((folder.parent / "expected.json").read_text(encoding="utf-8"))
    for text in [*ODD, *(asked["text"] for asked in kept[folder.name])]:
        assert_complete(model, text)


@settings(max_examples=30, deadline=None)
@given(st.text("lostmykeynw ?!傘を\ud800", max_size=20))
def test_any_text_adds_up(regression, text):
    assert_complete(regression, text)


@pytest.mark.parametrize(
    "kind", ["linear_svm", "multinomial_naive_bayes", "complement_naive_bayes"]
)
def test_linear_models_of_every_kind_add_up(kind):
    model = linear(kind)
    for text in ODD:
        assert_complete(model, text)
    assert max(why(model, "my lost book"), key=lambda each: each[1])[0] == "lost"


@pytest.mark.parametrize(
    "rules",
    [
        TextRules(hashed=512),
        TextRules(handmade=("question", "words")),
        TextRules(reduce="pca", reduced=5),
        TextRules(tokens="unicode", words=(1, 1), characters=(0, 0)),
    ],
    ids=lambda rules: str(rules.changed),
)
def test_features_of_every_kind_add_up(rules):
    model = linear(text=rules)
    for text in ODD:
        assert_complete(model, text)


def test_an_ensemble_of_deep_networks_adds_up(regression):
    generator = np.random.default_rng(0)
    sizes = (len(regression.vocabulary), 6, 5, 3)

    def member():
        drawn = lambda *shape: generator.normal(size=shape).astype(np.float32)
        kernels = tuple(drawn(*shape) for shape in pairwise(sizes))
        norms = tuple(np.abs(drawn(4, units)) + 0.1 for units in sizes[1:-1])
        biases = tuple(drawn(units) for units in sizes[1:])
        return Network(kernels, biases, norms, ("gelu", "relu"), ("before", "after"), 0.0)

    model = replace(regression, kind="network", network=member(), others=(member(), member()))
    for text in ODD:
        assert_complete(model, text)


def test_the_word_that_decides_is_the_one_its_label_was_learnt_from(regression):
    for text, label in ROWS[::5]:
        found = explain(regression, text)
        assert found.label == label
        assert [word for word, _ in found.words] == text.split()
        assert found.strongest(1)[0][0] == text.split()[0]


def test_a_text_in_japanese_is_told_in_stretches_of_its_scripts():
    model = linear(corpus=IN_JAPANESE, text=TextRules(min_texts=1))
    words = why(model, "傘をなくしたのですが")
    assert [word for word, _ in words] == ["傘", "をなくしたのですが"]


def test_an_analysers_words_are_told_where_the_model_reads_them():
    rules = TextRules(tokens="fugashi", min_texts=1)
    model = linear(corpus=IN_JAPANESE, text=rules)
    assert [word for word, _ in why(model, "傘をなくした")] == ["傘", "を", "なくし", "た"]
    assert_complete(model, "傘をなくした。")


def test_another_label_can_be_asked_for_and_must_be_there(regression):
    assert explain(regression, "lost my key", "hours").logit < 0
    with pytest.raises(UsageError, match="found 'nothing'"):
        explain(regression, "lost my key", "nothing")


def test_words_that_decide_most_come_first_and_those_of_nothing_not_at_all(regression):
    found = explain(regression, "lost zqzqz key")
    sizes = [abs(number) for _, number in found.strongest(9)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(found.strongest(1)) == 1
    assert explain(regression, "").strongest(9) == []


def test_a_classifier_that_is_no_network_says_so():
    model = linear("nearest_neighbours")
    with pytest.raises(UsageError, match="nearest_neighbours gives no explanation"):
        why(model, "lost my key")


def test_weights_that_are_no_numbers_are_told(regression):
    kernels = (np.full_like(regression.network.kernels[0], np.nan),)
    broken = replace(regression, network=regression.network._replace(kernels=kernels))
    with pytest.raises(ModelError, match="must add up"):
        explain(broken, "lost my key")


def test_reasons_are_plain_values(regression):
    nearest = nearest_among(regression.vocabulary, CORPUS)
    found = json.loads(json.dumps(reasons(regression, "lost my key", 1, nearest)))
    assert found["label"] == "loss"
    assert [each["word"] for each in found["words"]] == ["lost"]
    assert found["nearest"][0] == {"text": "lost my key", "label": "loss", "similarity": 1.0}
    full = reasons(regression, "lost my key")
    assert "nearest" not in full
    summed = sum(each["contribution"] for each in full["words"])
    assert summed == pytest.approx(full["logit"] - full["without_words"], abs=1e-5)
