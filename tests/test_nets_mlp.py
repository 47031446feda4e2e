"""The network in training: by hand, beside Keras, and with everything off."""

import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from textkaizen.nets import mlp
from textkaizen.nets.mlp import (
    Bags,
    Choices,
    Layer,
    Moving,
    bag_sums,
    batch_normalise,
    dropout_mask,
    training_logits,
)
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS

KEY = jax.random.key(0)
UNITS = 4


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layer(inputs, units, seed):
    rest = (drawn(units, seed=seed + number) for number in (1, 2, 3))
    return Layer(drawn(inputs, units, seed=seed), *rest)


def choices(activation="relu", batch_norm="none", dropout=0.0):
    return Choices(
        *(ACTIVATIONS.index(activation), BATCH_NORMS.index(batch_norm)),
        *(np.float32(0.3), np.float32(dropout)),
    )


def still(layers):
    return tuple(Moving(np.zeros_like(o.bias), np.ones_like(o.bias)) for o in layers[:-1])


LAYERS = tuple(layer(a, b, seed=10 * a) for a, b in ((6, UNITS), (UNITS, 5), (5, 3)))


def logits(chosen, texts=8, valid=None, key=KEY, layers=LAYERS):
    sums = drawn(texts, UNITS, seed=9)
    valid = np.ones(texts, np.float32) if valid is None else valid
    return training_logits(sums, layers, still(layers), chosen, valid, key=key)


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
        np.float32([[1], [3]]), layers, moving, choices(batch_norm="before"), np.ones(2), key=KEY
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
    _, (first, _) = logits(choices(batch_norm=batch_norm))
    sums = drawn(8, UNITS, seed=9) + LAYERS[0].bias
    seen = {"before": sums, "after": np.maximum(sums, 0)}.get(batch_norm)
    expected = 0 if seen is None else 0.01 * seen.mean(0)
    np.testing.assert_allclose(first.mean, np.broadcast_to(expected, UNITS), rtol=1e-5, atol=1e-8)


def test_without_dropout_nothing_is_drawn_and_no_bit_changes(monkeypatch):
    assert (dropout_mask((7, 5), np.float32(0), key=KEY) == 1).all()
    sums = drawn(8, UNITS, seed=9)

    def program(sums, rate, key):
        chosen = choices()._replace(dropout=rate)
        return training_logits(sums, LAYERS, still(LAYERS), chosen, np.ones(8), key=key)[0]

    off, other_key = (
        jax.jit(program)(sums, np.float32(0), key) for key in (KEY, jax.random.key(7))
    )
    on = jax.jit(program)(sums, np.float32(0.5), KEY)
    monkeypatch.setattr(mlp, "dropout_mask", lambda *_, **__: np.float32(1))
    without = jax.jit(lambda *given: program(*given))(sums, np.float32(0.5), KEY)
    assert (off == without).all()
    assert (off == other_key).all()
    assert (on != without).any()


def test_without_batch_norm_its_scale_and_shift_change_no_bit():
    other = tuple(own._replace(scale=own.scale + 9, shift=own.shift - 9) for own in LAYERS)
    found, moving = logits(choices())
    changed, _ = logits(choices(), layers=other)
    assert (found == changed).all()
    for own, before in zip(moving, still(LAYERS), strict=True):
        assert (own.mean == before.mean).all()
        assert (own.variance == before.variance).all()


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_scales_the_rest(rate):
    mask = np.asarray(dropout_mask((400, 250), np.float32(rate), key=KEY))
    kept = mask[mask > 0]
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-6)
    # 100,000 draws: four standard errors are 0.0063 at most; the seed is fixed.
    assert (mask == 0).mean() == pytest.approx(rate, abs=0.0064)
    # No unit and no text is favoured: five standard errors over 400 and 250 draws.
    deviation = np.sqrt(rate * (1 - rate))
    assert np.abs((mask == 0).mean(0) - rate).max() < 5 * deviation / np.sqrt(400)
    assert np.abs((mask == 0).mean(1) - rate).max() < 5 * deviation / np.sqrt(250)


def test_each_layer_has_a_mask_of_its_own():
    """Layers of ones that hand on what they get: the second mask shows in the last layer."""
    eye, zero = np.eye(64, dtype=np.float32), np.zeros(64, np.float32)
    passing = Layer(eye, zero, zero, zero)
    ones = np.ones((50, 64), np.float32)
    run = lambda count, key: np.asarray(
        training_logits(
            *(ones, (passing,) * (count + 1), still((passing,) * (count + 1))),
            *(choices("linear", dropout=0.5), np.ones(50)),
            key=key,
        )[0]
    )
    first, both = run(1, KEY), run(2, KEY)
    assert set(np.unique(first)) == {0, 2}
    assert set(np.unique(both)) == {0, 4}  # one mask twice would let half of them through
    assert (both > 0).mean() == pytest.approx(0.25, abs=0.03)  # four standard errors of 3,200
    assert (run(1, jax.random.key(1)) != first).any()


def test_without_hidden_layers_the_sums_and_the_bias_are_the_logits():
    sums = drawn(3, 2)
    last = Layer(np.zeros((0, 2), np.float32), *(drawn(2, seed=s) for s in (1, 2, 3)))
    found, moving = training_logits(sums, (last,), (), choices(), np.ones(3), key=KEY)
    assert (found == sums + last.bias).all()
    assert moving == ()
