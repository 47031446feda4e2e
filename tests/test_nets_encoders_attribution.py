"""Contributions of words where order counts: they add up, and a word that decides is seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ordered_models import TEXTS, drawn

from textkaizen.agent.why import explain
from textkaizen.nets.encoders.attribution import word_contributions
from textkaizen.recipe import Recipe
from textkaizen.text.ordered import told_in_order
from textkaizen.text.vectorise import Vocabulary

ENCODERS = [
    {"encoder": "embedding", "pooling": "mean"},
    {"encoder": "cnn", "encoder_norm": True},
    {"encoder": "lstm", "pooling": "last"},
    {"encoder": "transformer", "embedding": 4, "heads": 2, "pooling": "mean"},
]


@pytest.mark.parametrize("shape", ENCODERS, ids=lambda shape: shape["encoder"])
@given(numbers=st.lists(st.integers(0, 10), max_size=12))
@settings(max_examples=15, deadline=None)
def test_contributions_add_up(shape: dict, numbers: list[int]) -> None:
    direction = np.array([1.0, -0.5, -0.5])
    network = drawn(**shape).networks
    found, there, empty = word_contributions(network, np.array(numbers, np.int32), direction)
    assert len(found) == len(numbers)
    assert found.sum() == pytest.approx(there - empty, abs=1e-4)  # float32


def test_a_mean_of_embeddings_without_hidden_layer_is_parted_exactly() -> None:
    model = drawn(encoder="embedding", pooling="mean", hidden=())
    network = model.networks[0]._replace(norms=(), biases=(np.zeros(3, "f"),))
    network = network._replace(kernels=(network.kernels[0][:, :3],))
    direction = np.array([1.0, 0.0, 0.0])
    numbers = np.array([1, 5, 5, 9], np.int32)
    assert network.encoder is not None
    table = network.encoder.arrays["embedding"]
    by_hand = table[numbers] @ network.kernels[0][:, 0] / 4
    found, _, _ = word_contributions([network], numbers, direction)
    np.testing.assert_allclose(found, by_hand, atol=1e-6)


def test_an_explanation_names_the_words_of_the_text_in_their_order() -> None:
    model = drawn(encoder="gru")
    for text in TEXTS:
        told = explain(model, text)
        assert [word for word, _ in told.words] == text.split()[:8]


def test_neighbours_of_an_endless_text_share_what_comes_of_them() -> None:
    network = drawn(encoder="cnn").networks
    numbers = np.random.default_rng(0).integers(0, 11, 450).astype(np.int32)
    found, there, empty = word_contributions(network, numbers, np.array([1.0, -0.5, -0.5]))
    assert len(found) == 450
    assert len(np.unique(found)) <= 200
    assert found.sum() == pytest.approx(there - empty, abs=1e-3)  # float32, 200 sums


def test_characters_are_joined_to_words() -> None:
    rules = Recipe().changed({"order": "characters"}, {"encoder": "cnn"}).text
    letters = tuple("abc")
    own = Vocabulary(rules, letters, 0, np.ones(4, "f"), np.zeros(0, "f"), "", 20)
    assert told_in_order(own, "ab  c", np.array([1.0, 2, 3, 4])) == [("ab", 6.0), ("c", 4.0)]
    assert told_in_order(own, "ca", np.array([1.0, 2])) == [("c", 1.0), ("a", 2.0)]
