"""The network for prediction: by hand, and beside the one that is trained."""

from itertools import pairwise, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from textkaizen.nets.mlp import Bags, Choices, Layer, Moving, bag_sums, training_logits
from textkaizen.nets.plain import Network, log_softmax, logits, softmax
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS, layerwise

TEXTS, FEATURES, CLASSES = 7, 12, 3


def layers_and_bags(widths=(5, 4, CLASSES)):
    generator = np.random.default_rng(0)
    drawn = lambda *shape: generator.normal(size=shape).astype(np.float32)
    sizes = (FEATURES, *widths)
    layers = [
        Layer(drawn(inputs, units), drawn(units), drawn(units), drawn(units))
        for inputs, units in pairwise(sizes)
    ]
    dense = drawn(TEXTS, FEATURES) * (generator.random((TEXTS, FEATURES)) < 0.4)
    return layers, csr_matrix(dense)


def trained_logits(layers, bags, activation, batch_norm, slope):
    """Logits of the training network without dropout, and the batch's own mean and variance."""
    coo = bags.tocoo()
    flat = Bags(jnp.array(coo.col), jnp.array(coo.data), jnp.array(coo.row))
    sums = bag_sums(jnp.array(layers[0].kernel), flat, TEXTS)
    numbers = lambda value, known: tuple(known.index(name) for name in layerwise(value, 2))
    choices = Choices(
        *(numbers(activation, ACTIVATIONS), numbers(batch_norm, BATCH_NORMS)),
        *(slope, jnp.zeros(2)),
    )
    zeros = [Moving(np.zeros_like(layer.bias), np.zeros_like(layer.bias)) for layer in layers[:-1]]
    key, valid = jax.random.key(0), jnp.ones(TEXTS)
    program = lambda sums: training_logits(
        sums, tuple(layers), tuple(zeros), choices, valid, key=key
    )
    found, moving = jax.jit(program)(sums)
    # From zero, a moving average with momentum 0.99 is a hundredth of the batch's statistics.
    return np.asarray(found), [Moving(*(100 * np.asarray(part) for part in m)) for m in moving]


@pytest.mark.parametrize(
    ("activation", "batch_norm"),
    [
        *product(ACTIVATIONS, BATCH_NORMS),
        (("gelu", "leaky_relu"), ("after", "before")),
        (("selu", "sigmoid"), ("none", "after")),
    ],
    ids=str,
)
def test_prediction_and_training_give_the_same_logits(activation, batch_norm):
    layers, bags = layers_and_bags()
    expected, moving = trained_logits(layers, bags, activation, batch_norm, 0.3)
    network = Network(
        tuple(layer.kernel for layer in layers),
        tuple(layer.bias for layer in layers),
        tuple(
            np.stack([layer.scale, layer.shift, mean, variance])
            for layer, (mean, variance) in zip(layers, moving, strict=False)
        ),
        activation,
        batch_norm,
        0.3,
    )
    found = logits(network, bags)
    assert found.dtype == np.float32
    # float32 sums in another order; batch norm divides by small deviations.
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def small(activation="relu", batch_norm="none", slope=0.5):
    kernels = (np.float32([[1, -1], [0, 2]]), np.float32([[1], [10]]))
    norms = (np.float32([[2, 1], [0, 1], [1, 1], [0.999, 0.999]]),)
    return Network(
        kernels, (np.float32([0, -3]), np.float32([0.5])), norms, activation, batch_norm, slope
    )


@pytest.mark.parametrize(
    ("activation", "batch_norm", "expected"),
    [
        # Bag (2, 1): sums (2, 0), with bias (2, -3).
        ("relu", "none", 2 + 0.5),
        ("linear", "none", 2 - 30 + 0.5),
        ("leaky_relu", "none", 2 - 15 + 0.5),
        # Normalised by mean 1, variance 0.999 + 0.001, scale (2, 1), shift (0, 1): (2, -3).
        ("relu", "before", 2 + 0.5),
        # After ReLU (2, 0): normalised (2, 0).
        ("relu", "after", 2 + 0 + 0.5),
        ("linear", "after", 2 - 30 + 0.5),
    ],
)
def test_a_network_worked_out_by_hand(activation, batch_norm, expected):
    found = logits(small(activation, batch_norm), csr_matrix(np.float32([[2, 1]])))
    np.testing.assert_allclose(found, [[expected]], rtol=1e-6)


def test_an_empty_bag_gives_what_the_biases_say():
    found = logits(small("linear"), csr_matrix((1, 2), dtype=np.float32))
    np.testing.assert_allclose(found, [[-30 + 0.5]])


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=6))
def test_softmax_adds_up_to_one_and_keeps_the_order_for_any_logits(values):
    row = np.float32(values)
    found = softmax(row)
    assert np.isfinite(found).all()
    assert abs(found.sum() - 1) < 1e-5
    assert (np.diff(found[np.argsort(row, kind="stable")]) >= 0).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=6))
def test_log_softmax_is_finite_and_the_logarithm_of_softmax(values):
    row = np.float64(values)
    found = log_softmax(row)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found), softmax(row), atol=1e-12)


def test_softmax_works_along_the_last_axis():
    np.testing.assert_allclose(
        softmax(np.array([[0.0, 0.0], [0.0, np.log(3)]])), [[0.5, 0.5], [0.25, 0.75]]
    )
