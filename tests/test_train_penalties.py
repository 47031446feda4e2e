"""Penalties and the limit on columns: beside Keras', by hand, by differences, and off."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from textkaizen.train.penalties import Penalties, max_norm, penalty

NONE = (0.0, 0.0)


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def linf(kernel, how_much=1.0):
    """The largest absolute weight of one matrix, and its subgradient."""
    penalties = Penalties(np.zeros(1), np.zeros(1), np.float32([how_much]))
    value, slope = jax.value_and_grad(lambda w: penalty([[w]], penalties))(jnp.array(kernel, "f"))
    return float(value), np.asarray(slope)


KERNELS = [drawn(6, 4), drawn(4, 3, seed=1)]


@pytest.mark.parametrize(
    ("name", "theirs"), [("l1", keras.regularizers.L1), ("l2", keras.regularizers.L2)]
)
def test_a_penalty_and_its_gradient_are_those_of_keras(name, theirs):
    regulariser = theirs(0.3)
    penalties = Penalties(NONE, NONE, NONE)._replace(**{name: (0.3, 0.3)})
    own = lambda kernels: penalty([[each] for each in kernels], penalties)
    reference = lambda kernels: sum(regulariser(kernel) for kernel in kernels)
    found, slopes = jax.value_and_grad(own)(KERNELS)
    expected, references = jax.value_and_grad(reference)(KERNELS)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for slope, other in zip(slopes, references, strict=True):
        np.testing.assert_allclose(slope, other, rtol=1e-5)


def test_l1_has_no_slope_at_zero():
    penalties = Penalties(np.ones(1), np.zeros(1), np.zeros(1))
    slope = jax.grad(lambda w: penalty([[w]], penalties))(jnp.array([[2.0, 0.0, -3.0]]))
    assert slope.tolist() == [[1, 0, -1]]


def test_linf_by_hand_is_the_largest_absolute_weight_with_its_sign_for_a_slope():
    value, slope = linf([[1.0, -4.0], [3.0, 0.5]], how_much=0.5)
    assert value == 2
    assert slope.tolist() == [[0, -0.5], [0, 0]]


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ([[2.0, -2.0], [1.0, 0.0]], [[1 / 2, -1 / 2], [0, 0]]),
        ([[2.0, -2.0], [1.0, 2.0]], [[1 / 3, -1 / 3], [0, 1 / 3]]),
        ([[-3.0, 3.0, -3.0]], [[-1 / 3, 1 / 3, -1 / 3]]),
        ([[0.0, 0.0], [0.0, 0.0]], [[0, 0], [0, 0]]),
        ([[0.0]], [[0]]),
    ],
)
def test_at_ties_the_slope_of_linf_is_shared_equally_and_is_nothing_at_zero(kernel, expected):
    value, slope = linf(kernel)
    assert value == np.abs(kernel).max()
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8), st.integers(0, 2**32))
def test_what_is_shared_at_ties_is_a_subgradient(weights, seed):
    """No other matrix lies below the tangent: f(v) >= f(w) + g (v - w), whatever v."""
    value, slope = linf([weights])
    others = np.random.default_rng(seed).normal(0, 4, (50, len(weights)))
    tangent = value + (others - np.float32([weights])) @ slope[0]
    assert (np.abs(others).max(1) >= tangent - 1e-5).all()
    assert np.abs(slope).sum() == pytest.approx(1 if any(weights) else 0, rel=1e-6)


def test_a_step_down_the_shared_slope_makes_the_largest_smaller_where_one_alone_would_not():
    kernel = np.float32([[2, -2, 2]])
    _, slope = linf(kernel)
    assert np.abs(kernel - 0.3 * slope).max() == pytest.approx(1.9, rel=1e-6)


def test_every_layer_has_penalties_of_its_own():
    """Sums by hand: |w| of the second 3 and 1, w² of the first 5, the largest of each 2 and 3."""
    kernels = [jnp.array([[1.0, -2.0]]), jnp.array([[3.0], [-1.0]])]
    of = lambda **given: float(
        penalty(
            [[each] for each in kernels],
            Penalties(*(np.float32(given.get(n, NONE)) for n in ("l1", "l2", "linf"))),
        )
    )
    assert of(l1=(0.0, 0.5)) == 2
    assert of(l2=(0.1, 0.0)) == pytest.approx(0.5)
    assert of(linf=(1.0, 0.1)) == pytest.approx(2.3)
    assert of(l1=(1.0, 0.0), l2=(0.0, 1.0), linf=(0.0, 10.0)) == 3 + 10 + 30
    slopes = jax.grad(lambda w: penalty(w, Penalties(NONE, (0.0, 0.5), NONE)))(kernels)
    assert slopes[0].tolist() == [[0, 0]]
    assert slopes[1].tolist() == [[3], [-1]]


def test_gradients_agree_with_finite_differences():
    with jax.enable_x64(True):
        kernels = [jnp.array(kernel, jnp.float64) for kernel in KERNELS]
        penalties = Penalties((0.3, 0.1), (0.2, 0.7), (0.5, 0.4))
        # No weight is near 0 or near the largest one, where there is a kink; the seed is fixed.
        check_grads(lambda w: penalty(w, penalties), (kernels,), 1, modes=("rev",), rtol=1e-6)


def test_penalties_that_are_off_are_nothing_and_have_no_slope():
    value, slopes = jax.value_and_grad(lambda w: penalty(w, Penalties(NONE, NONE, NONE)))(KERNELS)
    assert value == 0
    assert all((slope == 0).all() for slope in slopes)


def test_a_table_without_rows_has_no_penalty():
    empty = jnp.zeros((0, 3))
    assert penalty([empty], Penalties(np.ones(1), np.ones(1), np.ones(1))) == 0


@pytest.mark.parametrize("limit", [0.01, 1.0, 2.0, 100.0])
def test_max_norm_is_that_of_keras(limit):
    """Keras multiplies a column below the limit by length / (1e-7 + length), ours leaves it.

    At the lengths here, 0.5 and more, that is 2e-7 at most, well below the 1e-5 of all parity.
    """
    weights = drawn(7, 9, seed=2)
    assert np.linalg.norm(weights, axis=0).min() > 0.5
    theirs = keras.constraints.MaxNorm(limit, axis=0)(weights)
    np.testing.assert_allclose(max_norm(weights, limit), theirs, rtol=1e-5)


def test_a_column_below_the_limit_stays_as_it_is_to_the_last_bit():
    weights = drawn(7, 9, seed=2)
    lengths = np.linalg.norm(weights, axis=0)
    limit = np.float32(np.median(lengths) * 1.01)
    found, short = np.asarray(max_norm(weights, limit)), lengths < limit
    assert 0 < short.sum() < 9
    assert (found[:, short] == weights[:, short]).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=0)[~short], limit, rtol=1e-6)
    # Shrunk, not turned.
    ratios = found[:, ~short] / weights[:, ~short]
    np.testing.assert_allclose(ratios, np.broadcast_to(ratios[0], ratios.shape), rtol=1e-6)


def test_a_limit_of_infinity_is_off_even_for_columns_of_zeros():
    weights = drawn(7, 9)
    weights[:, 0] = 0
    assert (max_norm(weights, np.float32(np.inf)) == weights).all()
    assert (max_norm(weights, np.float32(1))[:, 0] == 0).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(1e-3, 10))
def test_no_column_is_longer_than_the_limit_and_a_second_time_changes_nothing_more(seed, limit):
    weights = drawn(4, 3, seed=seed)
    once = max_norm(weights, np.float32(limit))
    assert (np.linalg.norm(once, axis=0) <= limit * (1 + 1e-6)).all()
    np.testing.assert_allclose(max_norm(once, np.float32(limit)), once, rtol=2e-4)
