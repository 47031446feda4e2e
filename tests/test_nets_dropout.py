"""Dropout, standard and alpha: beside Keras, what it keeps on average, and nothing when off."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from textkaizen.nets import dropout, mlp
from textkaizen.nets.dropout import SATURATED
from textkaizen.nets.mlp import Choices, Layer, Moving, training_logits
from textkaizen.recipe import ACTIVATIONS, DROPOUT_KINDS

KEY = jax.random.key(0)
mask = jax.jit(dropout.mask, static_argnums=(0, 2))  # shape and kind built in
dropout_mask = jax.jit(dropout.dropout_mask, static_argnums=0)
STANDARD, ALPHA = (DROPOUT_KINDS.index(kind) for kind in ("standard", "alpha"))


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layer(inputs, units, seed):
    rest = (drawn(units, seed=seed + number) for number in (1, 2, 3))
    return Layer(drawn(inputs, units, seed=seed), *rest)


def still(layers):
    return tuple(Moving(np.zeros_like(o.bias), np.ones_like(o.bias)) for o in layers[:-1])


def choices(rates, kind=STANDARD, activation="relu"):
    numbers = (ACTIVATIONS.index(activation),) * len(rates)
    return Choices(numbers, (0,) * len(rates), np.float32(0.3), np.float32(rates), kind)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_scales_the_rest(rate):
    found = np.asarray(dropout_mask((400, 250), np.float32(rate), key=KEY))
    kept = found[found > 0]
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-6)
    # 100,000 draws: four standard errors are 0.0063 at most; the seed is fixed.
    assert (found == 0).mean() == pytest.approx(rate, abs=0.0064)
    # No unit and no text is favoured: five standard errors over 400 and 250 draws.
    deviation = np.sqrt(rate * (1 - rate))
    assert np.abs((found == 0).mean(0) - rate).max() < 5 * deviation / np.sqrt(400)
    assert np.abs((found == 0).mean(1) - rate).max() < 5 * deviation / np.sqrt(250)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_what_is_kept_is_scaled_as_by_keras(rate):
    x = 1 + np.abs(drawn(30, 20))
    theirs = np.asarray(keras.layers.Dropout(rate, seed=3)(x, training=True))
    factor, shift = mask(x.shape, np.float32(rate), STANDARD, key=KEY)
    ours = np.asarray(x * factor + shift)
    both = (theirs != 0) & (ours != 0)
    assert 100 < both.sum() < x.size
    np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-6)
    assert (np.asarray(shift) == 0).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_alpha_dropout_is_that_of_keras_when_the_same_units_are_kept(monkeypatch, rate):
    """Keras keeps what is drawn from the rate on; here it is made to draw our mask."""
    x = drawn(40, 30)
    factor, shift = mask(x.shape, np.float32(rate), ALPHA, key=KEY)
    kept = np.asarray(factor) > 0
    assert 0 < kept.mean() < 1
    random = inspect.getmodule(keras.layers.AlphaDropout).ops.random
    monkeypatch.setattr(random, "uniform", lambda shape, seed: jnp.where(kept, 1.0, 0.0))
    theirs = keras.layers.AlphaDropout(rate, seed=3)(x, training=True)
    np.testing.assert_allclose(x * factor + shift, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_of_what_selu_gives(rate):
    x = jax.nn.selu(drawn(1000, 400, seed=2))
    factor, shift = mask(x.shape, np.float32(rate), ALPHA, key=KEY)
    dropped = np.asarray(x * factor + shift, np.float64)
    # 400,000 draws of mean 0 and variance 1: five standard errors of each; seeds are fixed.
    assert abs(dropped.mean()) < 5 / np.sqrt(dropped.size)
    error = np.square(dropped).std() / np.sqrt(dropped.size)
    assert np.square(dropped).mean() == pytest.approx(1, abs=5 * error)
    assert 5 * error < 0.02
    # Standard dropout adds rate / (1 - rate) to a variance of 1: at 0.1 already too much.
    other = np.asarray(x * mask(x.shape, np.float32(rate), STANDARD, key=KEY).factor)
    assert np.square(other).mean() > 1.1


def test_alpha_dropout_by_hand():
    """Klambauer et al.: a = (q + s² q (1 - q))^-1/2, b = -a (1 - q) s with s = -1.7581, q = 0.5."""
    assert pytest.approx(-1.7581, abs=1e-4) == SATURATED
    factor, shift = (np.asarray(part) for part in mask((9, 9), np.float32(0.5), ALPHA, key=KEY))
    a = (0.5 + 1.7581**2 * 0.25) ** -0.5
    b = a * 0.5 * 1.7581
    kept = factor > 0
    np.testing.assert_allclose(factor[kept], a, rtol=1e-4)
    np.testing.assert_allclose(shift[kept], b, rtol=1e-4)
    np.testing.assert_allclose(shift[~kept], a * -1.7581 + b, rtol=1e-4)
    assert set(np.unique(factor)) == {0, factor.max()}


@pytest.mark.parametrize("kind", [STANDARD, ALPHA])
def test_both_kinds_keep_the_same_units(kind):
    factor = mask((7, 5), np.float32(0.5), kind, key=KEY).factor
    assert ((factor > 0) == (dropout_mask((7, 5), np.float32(0.5), key=KEY) > 0)).all()


@pytest.mark.parametrize("kind", [STANDARD, ALPHA])
def test_a_kind_that_is_switched_on_is_the_one_built_in(kind):
    built_in = mask((7, 5), np.float32(0.5), kind, key=KEY)
    switched = jax.jit(lambda number: dropout.mask((7, 5), np.float32(0.5), number, key=KEY))(kind)
    for one, other in zip(built_in, switched, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)  # compiled, a product may be rounded once


LAYERS = (layer(6, 4, 10), layer(4, 5, 20), layer(5, 3, 30))


@pytest.mark.parametrize("kind", [STANDARD, ALPHA])
def test_without_dropout_nothing_is_drawn_and_no_bit_changes(monkeypatch, kind):
    found = mask((7, 5), np.float32(0), kind, key=KEY)
    assert (found.factor == 1).all()
    assert (found.shift == 0).all()
    sums = drawn(8, 4, seed=9)

    def program(sums, rates, key):
        chosen = choices((0, 0), kind)._replace(dropout=rates)
        return training_logits(sums, LAYERS, still(LAYERS), chosen, np.ones(8), key=key)[0]

    off, other_key = (
        jax.jit(program)(sums, np.float32([0, 0]), key) for key in (KEY, jax.random.key(7))
    )
    on = jax.jit(program)(sums, np.float32([0.5, 0.5]), KEY)
    monkeypatch.setattr(mlp, "dropped", lambda x, *_, **__: x)
    without = jax.jit(lambda *given: program(*given))(sums, np.float32([0.5, 0.5]), KEY)
    assert (off == without).all()
    assert (off == other_key).all()
    assert (on != without).any()


def passing(count, rates, key=KEY, units=64, texts=50):
    """Logits of layers that hand ones on: what is left of them shows the masks."""
    eye, zero = np.eye(units, dtype=np.float32), np.zeros(units, np.float32)
    layers = (Layer(eye, zero, zero, zero),) * (count + 1)
    chosen = choices(rates, activation="linear")
    ones = np.ones((texts, units), np.float32)
    program = lambda key: training_logits(
        ones, layers, still(layers), chosen, np.ones(texts), key=key
    )[0]
    return np.asarray(jax.jit(program)(key))


def test_each_layer_has_a_mask_of_its_own():
    """The second mask shows in the last layer."""
    first, both = passing(1, (0.5,)), passing(2, (0.5, 0.5))
    assert set(np.unique(first)) == {0, 2}
    assert set(np.unique(both)) == {0, 4}  # one mask twice would let half of them through
    assert (both > 0).mean() == pytest.approx(0.25, abs=0.03)  # four standard errors of 3,200
    assert (passing(1, (0.5,), jax.random.key(1)) != first).any()


def test_each_layer_has_a_rate_of_its_own():
    second = passing(2, (0.0, 0.5))
    assert set(np.unique(second)) == {0, 2}
    assert (passing(2, (0.5, 0.0)) == passing(1, (0.5,))).all()
    # Of 3,200 ones 0.8 * 0.5 are kept, scaled by 1.25 and 2: four standard errors.
    both = passing(2, (0.2, 0.5))
    assert (both > 0).mean() == pytest.approx(0.4, abs=0.035)
    np.testing.assert_allclose(both[both > 0], 2.5, rtol=1e-6)
