"""Probabilities that mean what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.measure.answering import softmax
from textkaizen.measure.calibration import (
    COLDEST,
    HOTTEST,
    Bin,
    calibration_error,
    reliability,
    temperature,
)


def drawn(texts, classes, seed, heat=1.0):
    """Logits, and labels drawn with just the probabilities of logits / heat."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (texts, classes))
    chances = softmax(logits / heat).cumsum(1)
    return logits, (generator.random((texts, 1)) > chances).sum(1).clip(0, classes - 1)


def loss(logits, truth, heat):
    return -np.log(softmax(logits / heat)[np.arange(len(truth)), truth]).mean()


@pytest.mark.parametrize("heat", [0.5, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_with_is_found(heat):
    logits, truth = drawn(4000, 5, seed=1, heat=heat)
    # The error of 1 / T is about 1 / sqrt(texts * variance of a logit), below 2 %: five of them.
    assert temperature(logits, truth) == pytest.approx(heat, rel=0.1)


@given(st.integers(0, 50), st.floats(0.3, 3.0))
def test_it_is_the_minimum_and_follows_the_scale_of_the_logits(seed, factor):
    logits, truth = drawn(60, 3, seed)
    found = temperature(logits, truth)
    if COLDEST * 4 < found < HOTTEST / 4:
        assert temperature(factor * logits, truth) == pytest.approx(factor * found, rel=1e-6)
        least = loss(logits, truth, found)
        assert least <= min(loss(logits, truth, found * 1.01), loss(logits, truth, found / 1.01))


def test_logits_that_are_always_right_or_say_nothing_have_a_temperature_at_an_end():
    sure = np.eye(3)[[0, 1, 2]] * 5
    # Colder than this nothing changes any more: what is left of the loss is less than 1e-10.
    assert COLDEST <= temperature(sure, np.array([0, 1, 2])) < 0.2
    assert temperature(sure, np.array([1, 2, 0])) == pytest.approx(HOTTEST, rel=1e-3)
    assert temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


def test_the_error_of_calibration_by_hand():
    probability = np.array([0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, False, False, True])
    bins = reliability(probability, right)
    assert bins[9] == Bin(0.9, 1.0, 3, pytest.approx(0.95), pytest.approx(2 / 3))
    assert bins[5] == Bin(0.5, 0.6, 2, pytest.approx(0.55), pytest.approx(0.5))
    assert bins[0] == Bin(0.0, 0.1, 0, 0.0, 0.0)
    assert calibration_error(bins) == pytest.approx((3 * (0.95 - 2 / 3) + 2 * 0.05) / 5)
    assert calibration_error(reliability(np.ones(2), np.ones(2, bool))) == 0
    assert calibration_error([]) == 0


def test_dividing_by_the_temperature_calibrates():
    logits, truth = drawn(4000, 4, seed=3, heat=3.0)
    right = logits.argmax(1) == truth
    errors = [
        calibration_error(reliability(softmax(logits / heat).max(1), right))
        for heat in (1.0, temperature(logits, truth))
    ]
    # Ten bins of some 400 texts each err by 0.02 by chance; labels drawn at heat 3 are far off.
    assert errors[1] < 0.03 < 0.15 < errors[0]
