"""How models are made: the same for every order of rows, without leaks, without JAX to predict."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from textkaizen import model as model_module
from textkaizen.data import Corpus, content_hash
from textkaizen.errors import CorpusError, RecipeError
from textkaizen.model import learn_classifier, learn_linear, learn_model
from textkaizen.recipe import Recipe, TextRules
from textkaizen.train import lanes
from textkaizen.train.programs import Programs

WORDS = ("open", "close", "hours", "book", "card", "renew", "lost", "late", "fee", "room")
KINDS = ("logistic_regression", "linear_svm")


def corpus(count=60, seed=0):
    """Texts of three classes, each with two words of its own among others."""
    generator = np.random.default_rng(seed)
    labels = [f"class {number % 3}" for number in range(count)]
    texts = [
        " ".join([WORDS[2 * (number % 3) + generator.integers(2)], *generator.choice(WORDS, 3)])
        for number in range(count)
    ]
    return Corpus(tuple(texts), tuple(labels))


RECIPE = (
    Recipe(TextRules(characters=(0, 0), min_texts=1))
    .with_shape(hidden=(4,), batch_size=8)
    .with_knobs(epochs=5, validation=0.2)
)


def learn(kind, texts, recipe=RECIPE, seed=3):
    if kind == "network":
        return learn_model(texts, recipe, seed)[0]
    if kind in KINDS:
        return learn_linear(texts, recipe, seed, kind)
    return learn_classifier(texts, recipe, seed, kind)[0]


@pytest.mark.parametrize("kind", model_module.KINDS)
def test_the_order_of_the_rows_changes_nothing(kind):
    texts = corpus()
    turned = texts.take(np.random.default_rng(1).permutation(len(texts)))
    first, second = learn(kind, texts), learn(kind, turned)
    assert first.facts == second.facts
    assert first.vocabulary.terms == second.vocabulary.terms
    for one, other in zip(first.networks, second.networks, strict=True):
        assert (one.kernels[0] == other.kernels[0]).all()
    assert (first.logits(texts.texts) == second.logits(texts.texts)).all()


def test_a_model_says_how_it_was_made():
    texts = corpus()
    model, trained = learn_model(texts, RECIPE, seed=3)
    assert model.kind == "network"
    assert model.recipe == RECIPE
    assert model.labels == ("class 0", "class 1", "class 2")
    assert model.facts["seed"] == 3
    assert model.facts["texts"] == 60
    assert model.facts["data_sha256"] == content_hash(texts)
    assert set(model.facts) == {"textkaizen", "seed", "texts", "data_sha256"}
    assert len(trained.history["val_loss"]) == trained.best_epoch == 5
    assert trained.network is model.network


@pytest.mark.parametrize("kind", KINDS)
def test_a_linear_model_is_a_network_without_hidden_layers(kind):
    model = learn(kind, corpus())
    assert model.kind == kind
    assert model.recipe.shape.hidden == ()
    assert model.recipe.text == RECIPE.text
    assert [kernel.shape for kernel in model.network.kernels] == [(len(model.vocabulary.terms), 3)]
    assert model.network.norms == ()


def test_another_seed_gives_another_network():
    texts = corpus()
    first, second = (learn("network", texts, seed=seed) for seed in (3, 4))
    assert (first.network.kernels[0] != second.network.kernels[0]).any()


def test_equal_texts_and_groups_stay_together_in_the_validation_share(monkeypatch):
    seen = []
    real = lanes.train
    monkeypatch.setattr(
        lanes, "train", lambda lane, *rest: (seen.append(lane), real(lane, *rest))[1]
    )
    texts = Corpus(
        ("Open now", "open  NOW", "a card", "my book", "the fee", "so late"),
        ("x", "x", "y", "y", "x", "y"),
        ("1", "2", "3", "3", "5", "6"),
    )
    learn_model(texts, RECIPE.with_knobs(epochs=1).with_shape(batch_size=2), seed=0)
    order = sorted(range(6), key=lambda row: texts.texts[row])
    unit = dict(zip(order, seen[0].units.tolist(), strict=True))
    assert unit[0] == unit[1]
    assert unit[2] == unit[3]
    assert len(set(unit.values())) == 4


def test_callbacks_are_called_and_programs_shared():
    programs, calls = Programs(), []
    for _ in range(2):
        learn_model(corpus(), RECIPE, 3, programs, [lambda epoch, logs: calls.append(epoch)])
    assert calls == [1, 2, 3, 4, 5] * 2
    assert programs.compilations == 1


def bits(network):
    return [part.tobytes() for part in (*network.kernels, *network.biases, *network.norms)]


def test_the_first_member_of_an_ensemble_is_the_network_alone_and_each_other_is_its_own():
    programs = Programs()
    alone, trained_alone = learn_model(corpus(), RECIPE, 3, programs)
    ensemble, trained = learn_model(corpus(), RECIPE.with_knobs(ensemble=3), 3, programs)
    assert len(ensemble.networks) == 3
    assert bits(ensemble.network) == bits(alone.network)
    assert trained.history == trained_alone.history
    assert len({tuple(bits(member)) for member in ensemble.networks}) == 3
    assert ensemble.networks == trained.networks
    assert programs.compilations == 1


def test_a_batch_larger_than_the_texts_is_refused_with_both_numbers_and_the_cure():
    """60 texts, a fifth of them held back: 48 are left to train on."""
    for size in (49, 1000):
        with pytest.raises(RecipeError) as error:
            learn_model(corpus(), RECIPE.with_shape(batch_size=size), seed=3)
        says = str(error.value)
        assert f"shape.batch_size is {size}, and there are 48 texts" in says
        assert "A batch must not be larger than the texts there are to train on" in says
        assert "those held back for validation apart" in says
        assert "Lower it, or say 0, which is all texts" in says


@pytest.mark.parametrize("size", [48, 0])
def test_a_batch_of_all_texts_is_one_step_an_epoch(size):
    recipe = RECIPE.with_shape(batch_size=size).with_knobs(schedule="range_test")
    _, trained = learn_model(corpus(), recipe, seed=3)
    assert len(trained.step_losses) == 5


@pytest.mark.parametrize("kind", model_module.KINDS)
@pytest.mark.parametrize("labels", [("x", "x"), ()])
def test_fewer_than_two_classes_are_refused(kind, labels):
    texts = Corpus(("a b", "c d")[: len(labels)], labels, name="desk.csv")
    with pytest.raises(CorpusError, match=r"at least two classes; desk\.csv has"):
        learn(kind, texts)


@pytest.mark.parametrize("kind", model_module.KINDS)
def test_texts_without_a_common_feature_still_make_a_model(kind):
    texts = Corpus(("ab", "cd", "ef", "gh"), ("x", "y", "x", "y"))
    recipe = Recipe(TextRules(words=(1, 1), characters=(0, 0), min_texts=2))
    recipe = recipe.with_shape(batch_size=0)
    model = learn(kind, texts, recipe.with_knobs(epochs=1, validation=0.0))
    assert model.vocabulary.terms == ()
    np.testing.assert_allclose(model.probabilities(["ab", "zz"]), 0.5, atol=1e-6)


def test_a_model_is_used_without_loading_what_trains_it():
    kept = [str(Path(__file__).parent / "models" / "v2" / name) for name in ("network", "ensemble")]
    code = (
        "import sys; from textkaizen.files.models import load_model\n"
        f"for path in {kept!r}: load_model(path).answer('hello', 3)\n"
        "print([m for m in ('jax', 'optax', 'textkaizen.train.lanes') if m in sys.modules])"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
