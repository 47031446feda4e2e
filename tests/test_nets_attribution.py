"""What features add to a logit: by hand, for every network all of it, and beside gradients."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.nets import plain
from textkaizen.nets.attribution import contributions, difference, mean_slopes
from textkaizen.nets.plain import Network
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS

FEATURES, CLASSES = 9, 3


def network(widths=(), activation="relu", batch_norm="none", seed=0, scale=1.0):
    """A network of drawn weights; batch norms have variances above 0."""
    generator = np.random.default_rng(seed)
    drawn = lambda *shape: (scale * generator.normal(size=shape)).astype(np.float32)
    sizes = (FEATURES, *widths, CLASSES)
    norms = [np.stack([drawn(n), drawn(n), drawn(n), np.abs(drawn(n)) + 0.1]) for n in widths]
    return Network(
        tuple(drawn(inputs, units) for inputs, units in pairwise(sizes)),
        tuple(drawn(units) for units in sizes[1:]),
        tuple(norms),
        activation,
        batch_norm,
        0.3,
    )


def bag(seed=0, size=5):
    generator = np.random.default_rng(seed)
    features = np.sort(generator.choice(FEATURES, size, replace=False)).astype(np.int32)
    return features, generator.random(size, dtype=np.float32)


def direction(label=0):
    return np.eye(CLASSES)[label] - 1 / CLASSES


def worked(kernel, bias, last):
    zeros = np.zeros(2, np.float32)
    norm = np.array([[1, 1], [0, 0], [0, 0], [1, 1]], np.float32)
    arrays = [np.array(each, np.float32) for each in (kernel, last)]
    return Network(tuple(arrays), (np.array(bias, np.float32), zeros), (norm,), "relu", "none", 0.0)


def test_one_hidden_layer_by_hand():
    # Unit 0 begins at -1, ends at 3 and so is on for three quarters of the way; unit 1 never is.
    net = worked([[3, -1], [1, -1]], bias=[-1, 0], last=[[2, 0], [5, 0]])
    features, weights = np.array([0, 1], np.int32), np.ones(2, np.float32)
    found = contributions([net], features, weights, np.array([1.0, 0.0]))
    assert found == pytest.approx([3 * 0.75 * 2, 1 * 0.75 * 2])
    assert difference([net], features, weights, np.array([1.0, 0.0])) == pytest.approx((6, 0))


def test_a_linear_model_is_gradient_times_input():
    net, (features, weights) = network(), bag()
    expected = weights * (net.kernels[0][features] @ direction(1))
    assert contributions([net], features, weights, direction(1)) == pytest.approx(expected)


def test_an_ensemble_is_the_mean_of_its_members():
    nets = [network((4,), seed=seed) for seed in range(3)]
    alone = [contributions([net], *bag(), direction()) for net in nets]
    assert contributions(nets, *bag(), direction()) == pytest.approx(np.mean(alone, 0))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 6), max_size=3),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(BATCH_NORMS),
    st.integers(0, 99),
    st.integers(0, FEATURES),
    st.sampled_from([0.01, 1.0, 5.0]),
)
def test_contributions_add_up_for_every_network(widths, activation, norm, seed, size, scale):
    nets = [network(widths, activation, norm, seed + k, scale) for k in range(1 + seed % 2)]
    found = contributions(nets, *bag(seed, size), direction(seed % CLASSES))
    there, empty = difference(nets, *bag(seed, size), direction(seed % CLASSES))
    # float32 has seven digits; sums of the layers lose one or two of them where they cancel.
    room = 1e-5 * max(1.0, abs(there), abs(empty), np.abs(found).sum())
    assert found.sum() == pytest.approx(there - empty, abs=room)


def test_a_choice_for_each_layer_adds_up():
    net = network((5, 4), ("gelu", "leaky_relu"), ("after", "before"))
    there, empty = difference([net], *bag(), direction())
    found = contributions([net], *bag(), direction())
    assert found.sum() == pytest.approx(there - empty, rel=1e-4)


def tangents(net, sums, along, points=4000):
    """The mean gradient along the line, by differences of the network's own logits: no chords."""
    found, width = np.zeros(len(sums)), 1e-5
    middles = ((np.arange(points) + 0.5) / points)[:, None] * sums.astype(np.float64)
    for unit in range(len(sums)):
        step = np.eye(len(sums))[unit] * width
        ends = [plain.after_first(net, middles + side * step) @ along for side in (1, -1)]
        found[unit] = np.mean(ends[0] - ends[1]) / (2 * width)
    return found


# 64 chords of two curved layers are within a few ten thousandths of the integral; a kink between
# two points of 4,000 moves the other side by as much.
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", BATCH_NORMS)
def test_slopes_are_those_of_integrated_gradients(activation, norm):
    net = network((4, 3), activation, norm, seed=5)
    features, weights = bag(5)
    sums = weights @ net.kernels[0][features]
    found, expected = mean_slopes(net, sums, direction()), tangents(net, sums, direction())
    assert found == pytest.approx(expected, abs=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("norm", BATCH_NORMS)
def test_with_one_hidden_layer_one_piece_is_the_whole_integral(norm):
    net = network((4,), "gelu", norm)
    features, weights = bag()
    sums = weights @ net.kernels[0][features]
    one, many = (mean_slopes(net, sums, direction(), steps) for steps in (1, 57))
    assert one == pytest.approx(many, rel=1e-9)


def test_a_feature_that_reaches_nothing_adds_nothing_and_nothing_is_no_number():
    net = network((4, 3), "relu", "after")
    net.kernels[0][2] = 0
    features, weights = np.arange(FEATURES, dtype=np.int32), np.ones(FEATURES, np.float32)
    found = contributions([net], features, weights, direction())
    assert found[2] == 0
    assert np.isfinite(found).all()
    assert contributions([net], features[:0], weights[:0], direction()).tolist() == []
