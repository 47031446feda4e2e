"""Networks that read in order, trained: what only they can learn, and what must not matter."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.data import Corpus
from textkaizen.files.models import load_model, save_model
from textkaizen.model import learn_model
from textkaizen.recipe import Recipe
from textkaizen.text.features import Texts
from textkaizen.train.batches import Room
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.lengths import by_length, sizes
from textkaizen.train.programs import Programs

WORDS = [a + b for a, b in itertools.product("bdfgk", "aeiou")]
PROGRAMS = Programs()


def order_task(texts: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts that hold "red" and "blue" once each; the class is which of them comes first."""
    generator, found, labels = np.random.default_rng(seed), [], []
    for _ in range(texts):
        words = generator.choice(WORDS, generator.integers(4, 14)).tolist()
        first, second = sorted(generator.choice(len(words) + 1, 2, replace=False))
        label = str(generator.choice(["red", "blue"]))
        words.insert(second, "blue" if label == "red" else "red")
        words.insert(first, label)
        found.append(" ".join(words))
        labels.append(label)
    return found, labels


def copying_task(texts: int, seed: int) -> tuple[list[str], list[str]]:
    """The class is the word behind "say"; all words that are classes stand in every text."""
    generator, found, labels = np.random.default_rng(seed), [], []
    classes = WORDS[:4]
    for _ in range(texts):
        words = generator.permutation(classes + WORDS[10:16]).tolist()
        label = str(generator.choice(classes))
        words.insert(words.index(label), "say")
        found.append(" ".join(words))
        labels.append(label)
    return found, labels


def recipe(encoder: str, **shape) -> Recipe:
    how = {"encoder": encoder, "hidden": (), "embedding": 16, "encoder_units": 16, **shape}
    knobs = {"epochs": 30, "learning_rate": 0.01, "validation": 0.0}
    return Recipe().changed({"order": "words"}, how, knobs)


READERS = {
    "order": (recipe("lstm", pooling="last"), recipe("cnn", windows=(12,), pooling="max")),
    "copying": (recipe("lstm", pooling="last"), recipe("cnn", windows=(2,))),
}


@pytest.mark.slow
@pytest.mark.parametrize("task", [order_task, copying_task], ids=["order", "copying"])
def test_lstm_and_cnn_learn_what_a_bag_cannot(task) -> None:
    texts, labels = task(800, seed=1)
    other, truth = task(400, seed=2)
    corpus = Corpus(tuple(texts), tuple(labels))
    name = "order" if task is order_task else "copying"
    for one in READERS[name]:
        model, _ = learn_model(corpus, one, 1, PROGRAMS)
        right = np.mean(np.array(model.predict(other)) == truth)
        assert right >= 0.99, one.shape.encoder  # the figure; seeds above
    words = Recipe().with_text(words=(1, 1), characters=(0, 0)).with_knobs(epochs=15)
    model, _ = learn_model(corpus, words, 1, PROGRAMS)
    chance = 1 / len(set(labels))
    # 400 texts: three standard errors of a coin are 7.5 points, of a die with four sides 6.5
    assert np.mean(np.array(model.predict(other)) == truth) < chance + 0.075


def lane(one: Recipe, texts: int = 300, seed: int = 1) -> Lane:
    found, labels = order_task(texts, seed)
    numbers = np.array([label == "red" for label in labels], np.int32)
    rows = np.arange(texts)
    bags = Texts(found).learn(one.text, rows, numbers, seed).bags(rows)
    return Lane(one, bags, numbers, 2, seed)


SHORT = {"epochs": 3, "learning_rate": 0.01, "validation": 0.2, "embedding_dropout": 0.1}


@pytest.mark.parametrize("encoder", ["cnn", pytest.param("gru", marks=pytest.mark.slow)])
def test_lazy_rows_of_embeddings_are_the_plain_ones(encoder: str) -> None:
    made = lane(recipe(encoder).with_knobs(**SHORT))
    room = wanted_room(made)
    lazy = room._replace(rows=max(room.rows, 27))  # all words there are may stand in a batch
    plain = train(replace(made, room=room._replace(rows=0)), PROGRAMS).network
    found = train(replace(made, room=lazy), PROGRAMS).network
    # float32 after 30 steps of Adam: sums in another order
    np.testing.assert_allclose(found.kernels[0], plain.kernels[0], atol=2e-5)
    for name, array in plain.encoder.arrays.items():
        np.testing.assert_allclose(found.encoder.arrays[name], array, atol=2e-5, err_msg=name)


def test_frozen_embeddings_stay_on_the_lazy_path_too() -> None:
    one = recipe("cnn", word_vectors="frozen").with_knobs(**SHORT, weight_decay=0.1)
    made = lane(one)
    room = wanted_room(made)
    words = made.bags.shape[1]
    begins = np.random.default_rng(0).normal(size=(words, 16)).astype("f")
    for rows in (0, max(room.rows, 27)):
        own = replace(made, room=room._replace(rows=rows), first_rows=begins)
        network = train(own, PROGRAMS).network
        assert network.encoder is not None
        assert (network.encoder.arrays["embedding"] == begins).all()


def test_a_room_that_is_too_short_for_a_lane_is_made_longer() -> None:
    """Folds of later seeds may read more of their texts than those the room was made for."""
    made = lane(recipe("cnn").with_knobs(epochs=1, validation=0.0))
    room = wanted_room(made)
    short = room._replace(length=6, entries=6 * 32)
    found = train(replace(made, room=short), PROGRAMS).network
    whole = train(replace(made, room=room), PROGRAMS).network
    for name, array in whole.encoder.arrays.items():
        np.testing.assert_allclose(found.encoder.arrays[name], array, atol=2e-5, err_msg=name)


def test_max_norm_holds_in_an_encoder() -> None:
    made = lane(recipe("cnn").with_knobs(epochs=2, max_norm=0.2, validation=0.0))
    network = train(made, PROGRAMS).network
    kernels = [a for n, a in network.encoder.arrays.items() if n.endswith("kernel")]
    for kernel in [*kernels, network.kernels[0]]:
        assert np.linalg.norm(kernel, axis=0).max() <= 0.2 + 1e-5  # float32


def test_a_lane_in_a_crowd_is_that_lane_alone() -> None:
    from textkaizen.workers.threads import Threads

    made = lane(recipe("cnn").with_knobs(**SHORT))
    made = replace(made, room=wanted_room(made))
    alone = train(made, Programs()).network
    seeds = [made.seed, 5, 6]
    crowd = list(Threads()(lambda seed: train(replace(made, seed=seed), PROGRAMS).network, seeds))
    assert (crowd[0].kernels[0] == alone.kernels[0]).all()
    for name, array in alone.encoder.arrays.items():
        assert (crowd[0].encoder.arrays[name] == array).all(), name


def test_a_saved_network_answers_as_before(tmp_path) -> None:
    texts, labels = order_task(200, seed=3)
    own = {"encoder_norm": True, "encoder_layers": 2, "windows": (2, 3), "hidden": (8,)}
    one = recipe("cnn", **own).with_knobs(epochs=2, ensemble=2)
    model, _ = learn_model(Corpus(tuple(texts), tuple(labels)), one, 1, PROGRAMS)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    asked = ["", "red blue", "\ud800 \x00", "never heard of", *texts[:5]]
    assert (loaded.logits(asked) == model.logits(asked)).all()
    for text, many in zip(asked, model.probabilities(asked), strict=True):
        label, probability = loaded.answer(text)[0]
        assert probability == pytest.approx(float(many.max()), abs=1e-6)
        assert label == model.labels[int(many.argmax())]


def test_batches_are_of_like_length_and_hold_every_text_once() -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(0, 60, 1003)
    order, runs = by_length(
        generator.permutation(1003), lengths, 16, Room(8, 16 * 60, 0, 60), generator
    )
    assert sorted(order.tolist()) == list(range(1003))
    begin = 0
    for first, (steps, longest) in sorted(runs.items()):
        assert first == begin
        assert steps <= 8
        own = order[first * 16 : (first + steps) * 16]
        assert lengths[own].max() <= longest
        assert longest in sizes(60)
        begin += steps
    assert begin == -(-1003 // 16)
    padded = sum(steps * 16 * longest for steps, longest in runs.values())
    assert padded < 0.8 * 1003 * 60  # drawn evenly from 0 to 59: three sizes save a quarter


def test_rows_keep_the_order_of_words() -> None:
    rules = recipe("cnn").text
    texts = Texts(["b a b a c", "a b", "a a"])
    features = texts.learn(rules, np.arange(3), np.zeros(3, int), 0)
    bags = features.bags(np.arange(3))
    assert isinstance(bags, csr_matrix)
    assert features.vocabulary.terms == ("a", "b")
    assert bags.indices.tolist() == [1, 0, 1, 0, 2, 0, 1, 0, 0]  # 2: a word seen in one text only
    assert features.vocabulary.bag("b a z")[0].tolist() == [1, 0, 2]
    assert (features.vocabulary.bags(["b a z"]).indices == [1, 0, 2]).all()
