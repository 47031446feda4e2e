"""Encoders beside Keras' own layers, with the same weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from textkaizen.nets.encoders.arrays import EMBEDDING
from textkaizen.nets.encoders.convolution import convolve
from textkaizen.nets.encoders.plain import NUMPY
from textkaizen.nets.encoders.reading import read
from textkaizen.recipe import Shape

TEXTS, WORDS, NUMBERS, UNITS = 4, 9, 6, 5


def given() -> tuple[np.ndarray, np.ndarray]:
    """Embedded texts of several lengths, and which words are there."""
    generator = np.random.default_rng(0)
    mask = np.arange(WORDS) < np.array([[9], [1], [4], [7]])
    return generator.normal(size=(TEXTS, WORDS, NUMBERS)).astype(np.float32), mask


def randomised(layer: keras.layers.Layer, seed: int = 1) -> list[np.ndarray]:
    """Weights of about 1, biases too."""
    generator = np.random.default_rng(seed)
    weights = [generator.normal(0, 0.5, w.shape).astype("f") for w in layer.weights]
    layer.set_weights(weights)
    return weights


def arrays_of(name: str, weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Ours, of Keras' kernel, recurrent kernel and bias (two rows of a GRU)."""
    kernel, recurrent, bias = weights
    found = {f"{name}.kernel": kernel, f"{name}.recurrent": recurrent}
    if bias.ndim == 1:
        return {**found, f"{name}.bias": bias}
    return {**found, f"{name}.bias": bias[0], f"{name}.recurrent_bias": bias[1]}


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_is_that_of_keras(width: int, dilation: int) -> None:
    x, mask = given()
    x = np.where(mask[..., None], x, 0)
    layer = keras.layers.Conv1D(UNITS, width, padding="same", dilation_rate=dilation)
    layer.build(x.shape)
    kernel, bias = randomised(layer)
    own = {"c.0.kernel": kernel.reshape(width * NUMBERS, UNITS), "c.0.bias": bias}
    found = convolve(NUMPY, x, own, ((width,), dilation), "c")
    np.testing.assert_allclose(found, np.asarray(layer(x)), rtol=1e-5, atol=1e-5)


def test_convolution_with_pooling_is_that_of_keras() -> None:
    x, _ = given()
    shape = Shape(encoder="cnn", embedding=NUMBERS, encoder_units=UNITS, windows=(3,))
    layer = keras.layers.Conv1D(UNITS, 3, padding="same", activation="relu")
    layer.build(x.shape)
    kernel, bias = randomised(layer)
    own = {"cnn.0.0.kernel": kernel.reshape(3 * NUMBERS, UNITS), "cnn.0.0.bias": bias}
    whole = np.ones(x.shape[:2], bool)
    theirs = keras.layers.GlobalMaxPooling1D()(layer(x))
    found = read(NUMPY, shape, own, x, whole)
    np.testing.assert_allclose(found, np.asarray(theirs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrence_with_masking_is_that_of_keras(cell: str, directions: int) -> None:
    x, mask = given()
    made = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell](UNITS)
    layer = keras.layers.Bidirectional(made) if directions == 2 else made
    layer.build(x.shape)
    weights, own = randomised(layer), {}
    for direction in range(directions):
        part = weights[3 * direction : 3 * direction + 3]
        own |= arrays_of(f"{cell}.0.{direction}", part)
    shape = Shape(
        encoder=cell,
        embedding=NUMBERS,
        encoder_units=UNITS,
        directions=directions,
        pooling="last",
    )
    theirs = np.asarray(layer(x, mask=mask))
    np.testing.assert_allclose(read(NUMPY, shape, own, x, mask), theirs, rtol=1e-5, atol=1e-5)


def test_embedding_and_its_mean_are_those_of_keras() -> None:
    layer = keras.layers.Embedding(20, NUMBERS, mask_zero=True)
    layer.build(())
    (table,) = randomised(layer)
    numbers = np.array([[3, 5, 7, 0, 0], [1, 0, 0, 0, 0]])
    embedded = layer(numbers)
    theirs = keras.layers.GlobalAveragePooling1D()(embedded, mask=layer.compute_mask(numbers))
    shape = Shape(encoder="embedding", embedding=NUMBERS, pooling="mean")
    own = {EMBEDDING: table}
    found = read(NUMPY, shape, own, table[numbers], numbers > 0)
    np.testing.assert_allclose(found, np.asarray(theirs), rtol=1e-5, atol=1e-5)
