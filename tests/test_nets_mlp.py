"""The network in training: by hand, beside Keras, and with everything off."""

import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from textkaizen.nets.mlp import (
    Bags,
    Choices,
    Layer,
    Moving,
    bag_sums,
    batch_normalise,
    training_logits,
)
from textkaizen.nets.plain import Network, logits
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS, layerwise

KEY = jax.random.key(0)
UNITS = 4


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layer(inputs, units, seed):
    rest = (drawn(units, seed=seed + number) for number in (1, 2, 3))
    return Layer(drawn(inputs, units, seed=seed), *rest)


def choices(activation="relu", batch_norm="none", hidden=2):
    return Choices(
        tuple(ACTIVATIONS.index(name) for name in layerwise(activation, hidden)),
        tuple(BATCH_NORMS.index(name) for name in layerwise(batch_norm, hidden)),
        np.float32(0.3),
        np.zeros(hidden, np.float32),
    )


def still(layers):
    return tuple(Moving(np.zeros_like(o.bias), np.ones_like(o.bias)) for o in layers[:-1])


LAYERS = tuple(layer(a, b, seed=10 * a) for a, b in ((6, UNITS), (UNITS, 5), (5, 3)))


def trained(chosen, texts=8, layers=LAYERS):
    sums, valid = drawn(texts, UNITS, seed=9), np.ones(texts, np.float32)
    return training_logits(sums, layers, still(layers), chosen, valid, key=KEY)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 9), st.floats(0, 1))
def test_sums_of_bags_are_the_product_with_the_dense_matrix(seed, texts, features, density):
    generator = np.random.default_rng(seed)
    dense = generator.integers(-3, 4, (texts, features)) * (
        generator.random((texts, features)) < density
    )
    coo = csr_matrix(dense).tocoo()
    # Two entries of padding: weight 0, the last text.
    add = lambda values, end: np.append(values, [end, end])
    bags = Bags(
        *(add(coo.col, 0).astype(np.int32), add(coo.data, 0).astype(np.float32)),
        add(coo.row, texts - 1).astype(np.int32),
    )
    rows = generator.integers(-3, 4, (features, 2)).astype(np.float32)
    # Small whole numbers: float32 sums of them are exact in any order.
    assert (np.asarray(bag_sums(rows, bags, texts)) == dense @ rows).all()


def test_a_network_worked_out_by_hand():
    """Two texts with sums 1 and 3, one unit before ReLU: normalised they are -1 and 1."""
    one = np.ones(1, np.float32)
    layers = (
        Layer(np.zeros((0, 1), np.float32), 5 * one, 2 * one, 0.5 * one),
        Layer(np.float32([[10]]), one, one, one),
    )
    moving = (Moving(np.float32([100]), np.float32([7])),)
    found, (new,) = training_logits(
        *(np.float32([[1], [3]]), layers, moving, choices(batch_norm="before", hidden=1)),
        *(np.ones(2),),
        key=KEY,
    )
    # Mean 2 + 5, variance 1: (x - mean) / sqrt(1.001) * 2 + 0.5 = -1.499 and 2.499; ReLU; * 10 + 1.
    unit = 2 / np.sqrt(1.001) + 0.5
    np.testing.assert_allclose(found, [[1], [10 * unit + 1]], rtol=1e-6)
    np.testing.assert_allclose(new.mean, [0.99 * 100 + 0.01 * 7], rtol=1e-6)
    np.testing.assert_allclose(new.variance, [0.99 * 7 + 0.01 * 1], rtol=1e-6)


def keras_norm(own, moving):
    norm = keras.layers.BatchNormalization()
    norm.build((None, UNITS))
    norm.set_weights([own.scale, own.shift, np.asarray(moving.mean), np.asarray(moving.variance)])
    return norm


def test_batch_norm_and_its_moving_statistics_are_those_of_keras_batch_after_batch():
    own = layer(1, UNITS, seed=5)
    moving = Moving(drawn(UNITS, seed=6), np.abs(drawn(UNITS, seed=7)))
    norm = keras_norm(own, moving)
    for step in range(20):
        x = 3 + 2 * drawn(8, UNITS, seed=100 + step)
        found, moving = batch_normalise(x, own, moving, np.ones(8, np.float32))
        np.testing.assert_allclose(found, norm(x, training=True), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(moving.mean, norm.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(moving.variance, norm.moving_variance, rtol=1e-5)


# What each hidden layer does: Keras' layers in their order, and our words for it.
ORDERS = {
    "before": ("relu", "before"),
    "after": ("tanh", "after"),
    "a list": (("gelu", "leaky_relu"), ("after", "before")),
    "one of two": (("selu", "elu"), ("none", "after")),
}
KERAS_ACTIVATIONS = {
    "leaky_relu": lambda: keras.layers.LeakyReLU(negative_slope=0.3),
    "gelu": lambda: keras.layers.Activation(lambda x: keras.activations.gelu(x, approximate=False)),
}


def keras_network(layers, activations, batch_norms):
    """The same network with the same weights, and its batch norms."""
    inputs, model, norms = layers[0].kernel.shape[0], keras.Sequential(), []
    model.add(keras.Input((inputs,)))
    for own, activation, batch_norm in zip(layers, activations, batch_norms, strict=False):
        model.add(keras.layers.Dense(len(own.bias)))
        model.layers[-1].set_weights([own.kernel, own.bias])
        plain_layer = lambda name=activation: keras.layers.Activation(name)
        parts = [KERAS_ACTIVATIONS.get(activation, plain_layer)()]
        if batch_norm != "none":
            norms.append(keras.layers.BatchNormalization())
            parts.insert(0 if batch_norm == "before" else 1, norms[-1])
        for part in parts:
            model.add(part)
        if batch_norm != "none":
            zeros = np.zeros_like(own.bias)
            norms[-1].set_weights([own.scale, own.shift, zeros, zeros + 1])
    model.add(keras.layers.Dense(len(layers[-1].bias)))
    model.layers[-1].set_weights([layers[-1].kernel, layers[-1].bias])
    return model, norms


@pytest.mark.parametrize("order", ORDERS)
def test_a_network_with_batch_norm_is_that_of_keras_in_training_and_in_prediction(order):
    activations, batch_norms = (layerwise(part, 2) for part in ORDERS[order])
    model, norms = keras_network(LAYERS, activations, batch_norms)
    x, moving = 2 + drawn(8, 6, seed=1), still(LAYERS)
    for _ in range(3):
        sums = x @ LAYERS[0].kernel
        chosen = choices(activations, batch_norms)
        found, moving = training_logits(sums, LAYERS, moving, chosen, np.ones(8), key=KEY)
        # 1e-5 of logits, which are of some units' size; those near 0 are sums of such numbers.
        np.testing.assert_allclose(found, model(x, training=True), rtol=1e-5, atol=1e-5)
    used = [own for own, kind in zip(moving, batch_norms, strict=True) if kind != "none"]
    for own, norm in zip(used, norms, strict=True):
        np.testing.assert_allclose(own.mean, norm.moving_mean, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(own.variance, norm.moving_variance, rtol=1e-5)
    predicting = Network(
        tuple(own.kernel for own in LAYERS),
        tuple(own.bias for own in LAYERS),
        tuple(
            np.stack([own.scale, own.shift, mean, variance])
            for own, (mean, variance) in zip(LAYERS, moving, strict=False)
        ),
        *(activations, batch_norms, 0.3),
    )
    found = logits(predicting, csr_matrix(x))
    np.testing.assert_allclose(found, model(x, training=False), rtol=1e-5, atol=1e-5)
    assert np.abs(found - model(x, training=True)).max() > 0.1  # the two differ, and much


def test_padding_has_no_part_in_batch_norm():
    own, x = layer(1, UNITS, seed=5), drawn(8, UNITS, seed=1)
    moving = Moving(np.zeros(UNITS, np.float32), np.ones(UNITS, np.float32))
    short, of_short = batch_normalise(x[:5], own, moving, np.ones(5, np.float32))
    full = x.copy()
    full[5:] = 1e6
    valid = np.float32([1] * 5 + [0] * 3)
    padded, of_padded = batch_normalise(full, own, moving, valid)
    np.testing.assert_allclose(padded[:5], short, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(of_padded.mean, of_short.mean, rtol=1e-6)
    np.testing.assert_allclose(of_padded.variance, of_short.variance, rtol=1e-6)


def test_one_text_and_none_are_normalised_without_dividing_by_zero():
    own, x = layer(1, UNITS, seed=5), drawn(2, UNITS, seed=1)
    moving = still((own, own))[0]
    for count in (1, 0):
        valid = np.float32([1] * count + [0] * (2 - count))
        found, new = batch_normalise(x, own, moving, valid)
        assert np.isfinite(found).all()
        assert np.isfinite(new.variance).all()


@pytest.mark.parametrize("batch_norm", BATCH_NORMS)
def test_the_statistics_are_of_what_is_normalised(batch_norm):
    """Before: of the sums with bias; after: of ReLU's values; none: they do not move."""
    _, (first, _) = trained(choices(batch_norm=batch_norm))
    sums = drawn(8, UNITS, seed=9) + LAYERS[0].bias
    seen = {"before": sums, "after": np.maximum(sums, 0)}.get(batch_norm)
    expected = 0 if seen is None else 0.01 * seen.mean(0)
    np.testing.assert_allclose(first.mean, np.broadcast_to(expected, UNITS), rtol=1e-5, atol=1e-8)


def test_without_batch_norm_its_scale_and_shift_change_no_bit():
    other = tuple(own._replace(scale=own.scale + 9, shift=own.shift - 9) for own in LAYERS)
    found, moving = trained(choices())
    changed, _ = trained(choices(), layers=other)
    assert (found == changed).all()
    for own, before in zip(moving, still(LAYERS), strict=True):
        assert (own.mean == before.mean).all()
        assert (own.variance == before.variance).all()


def test_without_hidden_layers_the_sums_and_the_bias_are_the_logits():
    sums = drawn(3, 2)
    last = Layer(np.zeros((0, 2), np.float32), *(drawn(2, seed=s) for s in (1, 2, 3)))
    found, moving = training_logits(sums, (last,), (), choices(hidden=0), np.ones(3), key=KEY)
    assert (found == sums + last.bias).all()
    assert moving == ()
