"""Activations beside Keras', by hand, by finite differences, and switched as built in."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from jax.test_util import check_grads

from textkaizen.nets.activations import FUNCTIONS, activate
from textkaizen.recipe import ACTIVATIONS

SLOPE = 0.3
REFERENCES = {
    "relu": keras.activations.relu,
    "leaky_relu": lambda x: keras.activations.leaky_relu(x, negative_slope=SLOPE),
    "elu": keras.activations.elu,
    "selu": keras.activations.selu,
    "tanh": keras.activations.tanh,
    "linear": keras.activations.linear,
}
# Signs, zero, tiny and large values; none at which float32 overflows.
VALUES = np.float32([0, 1e-30, -1e-30, 1e-4, -1e-4, 0.5, -0.5, 1, -1, 3, -3, 20, -20, 80, -80])


def test_every_activation_of_a_recipe_is_there_and_compared():
    assert set(FUNCTIONS) == set(ACTIVATIONS) == set(REFERENCES)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_that_of_keras(name):
    found = activate(VALUES, ACTIVATIONS.index(name), SLOPE)
    assert found.dtype == np.float32
    expected = np.asarray(REFERENCES[name](jnp.array(VALUES)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-37)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_slope_is_that_of_keras_at_zero_too(name):
    own = jax.vmap(jax.grad(lambda x: activate(x, ACTIVATIONS.index(name), SLOPE)))
    reference = jax.vmap(jax.grad(REFERENCES[name]))
    np.testing.assert_allclose(own(VALUES), reference(jnp.array(VALUES)), rtol=1e-5, atol=1e-34)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_gradient_agrees_with_finite_differences(name):
    with jax.enable_x64(True):
        away_from_the_kink = jnp.array([-2.0, -0.7, -0.1, 0.1, 0.9, 2.5], jnp.float64)
        # Central differences in float64 err by about 1e-9 here.
        check_grads(
            lambda x: activate(x, ACTIVATIONS.index(name), SLOPE),
            *((away_from_the_kink,), 1),
            modes=("rev",),
            rtol=1e-6,
        )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_switched_on_is_built_in_to_the_last_bit(name):
    number = ACTIVATIONS.index(name)
    built_in = jax.jit(activate, static_argnums=1)(VALUES, number, np.float32(SLOPE))
    switched = jax.jit(activate)(VALUES, np.int32(number), np.float32(SLOPE))
    assert (built_in == switched).all()


def test_by_hand():
    of = lambda name, x: float(activate(jnp.float32(x), ACTIVATIONS.index(name), 0.25))
    assert of("relu", -2) == 0
    assert of("leaky_relu", -2) == -0.5
    assert of("elu", -1) == pytest.approx(np.exp(-1) - 1, rel=1e-6)
    # Scale 1.0507 and alpha 1.6733 of Klambauer et al. 2017.
    assert of("selu", 2) == pytest.approx(2 * 1.0507, rel=1e-4)
    assert of("selu", -1) == pytest.approx(1.0507 * 1.6733 * (np.exp(-1) - 1), rel=1e-4)
    assert of("linear", -2) == -2
