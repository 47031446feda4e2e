"""Encoders: the same in NumPy and in JAX, whatever is padded; slopes against finite differences."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.nets.encoders.arrays import (
    EMBEDDING,
    first_arrays,
    first_embedding,
    pooled_units,
    shapes,
    statistics,
)
from textkaizen.nets.encoders.plain import NUMPY, Encoder, encoded, encoded_one
from textkaizen.nets.encoders.reading import read
from textkaizen.nets.initialise import Distribution
from textkaizen.recipe import Shape
from textkaizen.train.encoding import OPERATIONS

LENGTHS = (0, 1, 3, 7, 12)
CASES = [
    Shape(encoder=encoder, embedding=8, encoder_units=5, encoder_layers=layers, pooling=pooling)
    for encoder, layers, pooling in (
        ("embedding", 1, "mean"),
        ("embedding", 1, "attention"),
        ("cnn", 1, "max"),
        ("cnn", 2, "mean"),
        ("lstm", 1, "max"),
        ("lstm", 2, "last"),
        ("gru", 1, "last"),
        ("gru", 2, "attention"),
        ("transformer", 2, "mean"),
    )
]
CASES.append(Shape(encoder="cnn", embedding=8, encoder_units=5, encoder_norm=True))
NAMES = [f"{one.encoder} {one.encoder_layers} {one.pooling} {one.encoder_norm}" for one in CASES]
every_encoder = pytest.mark.parametrize("shape", CASES, ids=NAMES)


def drawn(shape: Shape, seed: int = 0) -> tuple[Encoder, list[np.ndarray]]:
    """An encoder whose numbers are all far from zero, and texts."""
    generator = np.random.default_rng(seed)
    arrays = first_arrays(shape, Distribution("glorot_uniform"), generator)
    arrays = {name: each + generator.normal(0, 0.1, each.shape) for name, each in arrays.items()}
    arrays |= {name: generator.uniform(0.5, 1.5, n) for name, n in statistics(shape).items()}
    arrays[EMBEDDING] = first_embedding(40, shape, generator) * 20
    arrays = {name: np.asarray(each, np.float32) for name, each in arrays.items()}
    return Encoder(shape, arrays), [generator.integers(0, 40, n) for n in LENGTHS]


def padded(texts: list[np.ndarray], words: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and mask; what is padded is any word."""
    mask = np.arange(words) < np.array([len(text) for text in texts])[:, None]
    numbers = np.random.default_rng(seed).integers(0, 40, mask.shape)
    numbers[mask] = np.concatenate(texts)
    return numbers, mask


@every_encoder
def test_arrays_have_the_shapes_that_a_model_file_asks_for(shape: Shape) -> None:
    encoder, _ = drawn(shape)
    own = {name: each.shape for name, each in encoder.arrays.items() if name != EMBEDDING}
    assert own == {**shapes(shape), **statistics(shape)}


@every_encoder
def test_padding_never_changes_a_result(shape: Shape) -> None:
    encoder, texts = drawn(shape)
    found = []
    for words in (12, 50, 200):
        numbers, mask = padded(texts, words, seed=words)
        embedded = encoder.arrays[EMBEDDING][numbers]
        found.append(read(NUMPY, shape, encoder.arrays, embedded, mask))
    for other in found[1:]:
        # float32 sums in another order: a millionth of numbers of about 1, as the issue asks
        np.testing.assert_allclose(other, found[0], atol=2e-6)


@every_encoder
def test_one_text_alone_and_among_others_are_the_same(shape: Shape) -> None:
    encoder, texts = drawn(shape)
    ends = np.cumsum([0, *LENGTHS])
    numbers = np.concatenate(texts).astype(np.int32)
    matrix = csr_matrix((np.ones(len(numbers), np.float32), numbers, ends), shape=(5, 40))
    alone = np.concatenate([encoded_one(encoder, text) for text in texts])
    np.testing.assert_allclose(encoded(encoder, matrix), alone, atol=2e-6)
    assert alone.shape == (5, pooled_units(shape))
    assert not alone[0].any()  # a text without words is zero


@every_encoder
def test_what_trains_computes_what_predicts(shape: Shape) -> None:
    encoder, texts = drawn(shape)
    numbers, mask = padded(texts, 12)
    embedded = encoder.arrays[EMBEDDING][numbers]
    ours = read(NUMPY, shape, encoder.arrays, embedded, mask)
    theirs = jax.jit(partial(read, OPERATIONS, shape))(encoder.arrays, embedded, mask)
    np.testing.assert_allclose(theirs, ours, atol=5e-6)  # float32, another order of sums


@every_encoder
def test_slopes_are_those_of_finite_differences(shape: Shape) -> None:
    encoder, texts = drawn(shape)
    numbers, mask = padded(texts, 12)
    generator = np.random.default_rng(3)
    weights = generator.normal(size=(len(texts), pooled_units(shape)))

    with jax.enable_x64(True):
        arrays = {name: jnp.asarray(each, "float64") for name, each in encoder.arrays.items()}

        def loss(arrays: dict) -> jax.Array:
            embedded = arrays[EMBEDDING][numbers]
            return (read(OPERATIONS, shape, arrays, embedded, mask) * weights).sum()

        compiled = jax.jit(loss)
        slopes = jax.jit(jax.grad(loss))(arrays)
        step = 1e-6
        for name, each in arrays.items():
            along = generator.normal(size=each.shape)
            ahead = compiled(arrays | {name: each + step * along})
            behind = compiled(arrays | {name: each - step * along})
            measured = float(ahead - behind) / (2 * step)
            told = float((slopes[name] * along).sum())
            # a kink of max or ReLU within the step would show; none is with these seeds
            assert told == pytest.approx(measured, rel=1e-5, abs=1e-6), name
