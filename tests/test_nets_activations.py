"""Activations beside Keras', by hand, by finite differences, and switched as built in."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from textkaizen.nets import plain
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
    "gelu": lambda x: keras.activations.gelu(x, approximate=False),
    "sigmoid": keras.activations.sigmoid,
}
# Signs, zero, tiny and large values; none at which float32 overflows.
VALUES = np.float32([0, 1e-30, -1e-30, 1e-4, -1e-4, 0.5, -0.5, 1, -1, 3, -3, 20, -20, 80, -80])
# Below this an answer is 0 to float32 or nearly so: of a sigmoid at -80 (2e-35) digits still count.
NOTHING = 1e-37


def test_every_activation_of_a_recipe_is_there_and_compared():
    assert set(FUNCTIONS) == set(ACTIVATIONS) == set(REFERENCES)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_that_of_keras(name):
    found = activate(VALUES, ACTIVATIONS.index(name), SLOPE)
    assert found.dtype == np.float32
    expected = np.asarray(REFERENCES[name](jnp.array(VALUES)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=NOTHING)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_of_prediction_is_that_of_keras(name):
    found = plain.activate(VALUES, name, SLOPE)
    assert found.dtype == np.float32
    expected = np.asarray(REFERENCES[name](jnp.array(VALUES)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=NOTHING)


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


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 640), st.integers(-1600, 1600))
def test_a_leaky_relu_has_the_slope_it_is_given_below_zero_and_one_above(part, sixteenths):
    slope, x = np.float32(part / 64), np.float32(sixteenths / 16)  # their products are exact
    expected = x if x >= 0 else slope * x
    assert activate(x, ACTIVATIONS.index("leaky_relu"), slope) == expected
    assert plain.activate(x, "leaky_relu", float(slope)) == expected


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"leaky_relu"}))
def test_the_slope_is_of_leaky_relu_alone(name):
    number = ACTIVATIONS.index(name)
    assert (activate(VALUES, number, 0.3) == activate(VALUES, number, 7.0)).all()
    assert (plain.activate(VALUES, name, 0.3) == plain.activate(VALUES, name, 7.0)).all()


def test_by_hand():
    of = lambda name, x: float(activate(jnp.float32(x), ACTIVATIONS.index(name), 0.25))
    assert of("relu", -2) == 0
    assert of("leaky_relu", -2) == -0.5
    assert of("elu", -1) == pytest.approx(np.exp(-1) - 1, rel=1e-6)
    # Scale 1.0507 and alpha 1.6733 of Klambauer et al. 2017.
    assert of("selu", 2) == pytest.approx(2 * 1.0507, rel=1e-4)
    assert of("selu", -1) == pytest.approx(1.0507 * 1.6733 * (np.exp(-1) - 1), rel=1e-4)
    assert of("linear", -2) == -2
    assert of("sigmoid", -np.log(3)) == pytest.approx(0.25, rel=1e-6)
    assert of("tanh", np.log(3) / 2) == pytest.approx(0.5, rel=1e-6)


def test_gelu_is_the_exact_one_and_not_its_approximation_by_tanh():
    """The normal distribution function is 0.8413447 at 1; by tanh GELU there would be 0.841192."""
    number = ACTIVATIONS.index("gelu")
    for found in (
        activate(np.float32([1, -2]), number, 0),
        plain.activate(np.float32([1, -2]), "gelu", 0),
    ):
        np.testing.assert_allclose(found, [0.8413447, -2 * 0.0227501], rtol=1e-5)
