"""Networks that read in order become Keras models that predict the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from textkaizen.errors import UsageError
from textkaizen.interop.keras_layers import to_keras
from textkaizen.interop.keras_ordered import word_numbers
from textkaizen.model import Model
from textkaizen.nets.encoders.arrays import EMBEDDING, pooled_units, shapes, statistics
from textkaizen.nets.encoders.plain import Encoder
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.text.vectorise import Vocabulary

WORDS = tuple(sorted(["am", "bin", "du", "er", "es", "ist", "nicht", "sie", "wer", "wir"]))


def drawn(**shape) -> Model:
    """A model whose weights are all drawn, hidden layer and batch norm too."""
    own = {"hidden": (6,), "embedding": 5, "encoder_units": 4, **shape}
    recipe = Recipe().changed({"order": "words"}, own, {"dropout": 0.5, "batch_norm": "before"})
    generator = np.random.default_rng(0)
    draw = lambda size: generator.uniform(0.2, 1, size).astype("f") - np.float32(0.5)
    sizes = {**shapes(recipe.shape), EMBEDDING: (len(WORDS) + 1, recipe.shape.embedding)}
    arrays = {name: draw(size) for name, size in sizes.items()}
    arrays |= {name: draw(size) + 1 for name, size in statistics(recipe.shape).items()}
    pooled = pooled_units(recipe.shape)
    kernels, biases = (draw((pooled, 6)), draw((6, 3))), (draw(6), draw(3))
    network = Network(
        kernels, biases, (draw((4, 6)) + 1,), "relu", "before", 0.3, Encoder(recipe.shape, arrays)
    )
    ones, nothing = np.ones(len(WORDS) + 1, "f"), np.zeros(0, "f")
    vocabulary = Vocabulary(recipe.text, WORDS, len(WORDS), ones, nothing, "", 8)
    return Model("network", recipe, ("a", "b", "c"), vocabulary, network)


TEXTS = ["wer bin du", "es", "", "wir am ist nicht sie er du bin wer", "neu ist es"]


@pytest.mark.parametrize(
    "shape",
    [
        {"encoder": "embedding", "pooling": "mean"},
        {"encoder": "embedding", "pooling": "last"},
        {"encoder": "embedding", "pooling": "attention"},
        {"encoder": "cnn", "encoder_norm": True, "encoder_layers": 2, "windows": (2, 3)},
        {"encoder": "cnn", "dilation": 2, "pooling": "mean"},
        {"encoder": "lstm", "encoder_layers": 2},
        {"encoder": "lstm", "pooling": "last"},
        {"encoder": "gru", "pooling": "max", "directions": 1},
        {"encoder": "gru", "pooling": "last"},
    ],
    ids=lambda shape: "-".join(map(str, shape.values())),
)
def test_the_keras_model_predicts_the_same(shape: dict) -> None:
    model = drawn(**shape)
    theirs = np.asarray(to_keras(model)(word_numbers(model, TEXTS)))
    np.testing.assert_allclose(theirs, model.probabilities(TEXTS), atol=1e-5)


def test_a_transformer_is_refused_with_a_reason() -> None:
    model = drawn(encoder="transformer", embedding=4, heads=2)
    network = model.network
    assert network is not None
    with pytest.raises(UsageError, match="none is equal to this transformer"):
        to_keras(replace(model, network=network))
