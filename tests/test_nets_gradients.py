"""The gradient of a whole network, through every activation and batch norm, against differences."""

from itertools import pairwise, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textkaizen.nets.mlp import Choices, Layer, Moving, training_logits
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS, layerwise
from textkaizen.train.losses import training_loss

TEXTS, WIDTHS = 6, (5, 4, 3)
MIXED = ((("gelu", "leaky_relu"), ("after", "before")), (("selu", "sigmoid"), ("none", "after")))


def chosen(activation, batch_norm):
    numbers = lambda value, known: tuple(known.index(name) for name in layerwise(value, 2))
    return Choices(
        *(numbers(activation, ACTIVATIONS), numbers(batch_norm, BATCH_NORMS)),
        *(jnp.array(0.3), np.zeros(2, np.float32)),
    )


def network(choices):
    """The mean loss as a function of first sums and layers, and a place to take its slope."""
    generator = np.random.default_rng(3)
    drawn = lambda *shape: jnp.array(generator.normal(size=shape))
    layers = tuple(
        Layer(drawn(inputs, units), drawn(units), drawn(units), drawn(units))
        for inputs, units in pairwise((0, *WIDTHS))
    )
    moving = tuple(Moving(drawn(units), drawn(units) ** 2) for units in WIDTHS[:-1])
    targets = jax.nn.one_hot(np.arange(TEXTS) % WIDTHS[-1], WIDTHS[-1])
    valid = jnp.array([1.0] * (TEXTS - 1) + [0.0])  # the last is padding

    def loss(trained):
        sums, layers = trained
        key = jax.random.key(0)
        logits, _ = training_logits(sums, layers, moving, choices, valid, key=key)
        return (training_loss(0, logits, targets, jnp.array(2.0)) * valid).sum() / valid.sum()

    return loss, (drawn(TEXTS, WIDTHS[0]), layers)


@pytest.mark.parametrize(
    ("activation", "batch_norm"),
    [*product(ACTIVATIONS, ("before",)), ("tanh", "none"), ("tanh", "after"), *MIXED],
    ids=str,
)
def test_the_gradient_of_a_network_agrees_with_finite_differences(activation, batch_norm):
    """Along four directions drawn at random, in float64, dropout at 0.

    A central difference with a step of 1e-6 errs by 1e-12 for its curvature and by 1e-10 for
    rounding; the slopes are about 1. The seed keeps all values away from kinks.
    """
    with jax.enable_x64(True):
        loss, place = network(chosen(activation, batch_norm))
        program = jax.jit(jax.value_and_grad(loss))
        _, slope = program(place)
        assert all(part.dtype == jnp.float64 for part in jax.tree.leaves((place, slope)))
        generator, found, expected = np.random.default_rng(1), [], []
        for _ in range(4):
            way = jax.tree.map(lambda part: jnp.array(generator.normal(size=part.shape)), place)
            moved = lambda step, way=way: program(
                jax.tree.map(lambda p, w: p + step * w, place, way)
            )[0]
            expected.append(float(moved(1e-6) - moved(-1e-6)) / 2e-6)
            products = jax.tree.map(lambda s, w: float((s * w).sum()), slope, way)
            found.append(sum(jax.tree.leaves(products)))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
        assert np.abs(expected).max() > 1e-3  # not a flat place, where any slope would do


@pytest.mark.parametrize("batch_norm", BATCH_NORMS)
def test_padding_has_no_part_in_a_gradient(batch_norm):
    loss, (sums, layers) = network(chosen("elu", batch_norm))
    slope, _ = jax.jit(jax.grad(loss))((sums, layers))
    assert (slope[-1] == 0).all()
    assert (slope[:-1] != 0).any(1).all()
