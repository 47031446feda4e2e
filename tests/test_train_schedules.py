"""Learning rates by hand and beside Keras' schedules; plateaus beside Keras' on recorded curves."""

import math
import types

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.recipe import Knobs
from textkaizen.train.schedules import Plateau, learning_rates, update_plateau

RATE = 0.3


def test_a_constant_rate_is_constant():
    assert learning_rates(Knobs(learning_rate=RATE), 3).tolist() == [RATE] * 3


def test_a_warm_up_begins_with_nothing_and_ends_with_the_rate():
    rates = learning_rates(Knobs(learning_rate=1.0, warmup=0.4), 10)
    assert rates.tolist() == [0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1]


def test_a_cosine_by_hand():
    rates = learning_rates(Knobs(learning_rate=2.0, schedule="cosine"), 6)
    expected = [2.0, 1 + math.sqrt(3) / 2, 1.5, 1.0, 0.5, 1 - math.sqrt(3) / 2]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_a_cosine_goes_over_the_steps_that_the_warm_up_leaves():
    rates = learning_rates(Knobs(learning_rate=2.0, schedule="cosine", warmup=0.5), 8)
    np.testing.assert_allclose(rates[:4], [0, 0.5, 1, 1.5], rtol=1e-12)
    short = learning_rates(Knobs(learning_rate=2.0, schedule="cosine"), 4)
    assert rates[4:].tolist() == short.tolist()


def test_a_range_test_goes_from_a_thousandth_to_a_thousand_times_the_rate_in_equal_ratios():
    rates = learning_rates(Knobs(learning_rate=RATE, schedule="range_test"), 61)
    np.testing.assert_allclose(rates[[0, 30, 60]], [RATE / 1000, RATE, RATE * 1000], rtol=1e-12)
    np.testing.assert_allclose(rates[1:] / rates[:-1], 10**0.1, rtol=1e-12)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "range_test"])
def test_one_step_has_a_rate(schedule):
    (rate,) = learning_rates(Knobs(learning_rate=RATE, schedule=schedule), 1)
    assert 0 < rate < math.inf


@pytest.mark.parametrize(
    ("steps", "warmup"), [(2, 0.0), (7, 0.0), (7, 0.5), (333, 0.27), (1000, 0.1), (500, 0.99)]
)
def test_cosine_and_warm_up_are_those_of_keras(steps, warmup):
    """Keras counts in float32: 6e-8 of the largest rate, and some roundings on the way."""
    knobs = Knobs(learning_rate=RATE, schedule="cosine", warmup=warmup)
    warm = int(warmup * steps)
    made = keras.optimizers.schedules.CosineDecay
    of_keras = made(RATE, steps)
    if warm:
        of_keras = made(0.0, steps - warm, warmup_target=RATE, warmup_steps=warm)
    looked = np.unique([0, 1, warm // 2, warm - 1, warm, (warm + steps) // 2, steps - 1])
    looked = looked[(looked >= 0) & (looked < steps)]
    expected = [float(of_keras(step)) for step in looked]
    found = learning_rates(knobs, steps)[looked]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=3e-7 * RATE)


@given(st.integers(1, 300), st.floats(0, 0.999), st.sampled_from(["constant", "cosine"]))
def test_rates_never_exceed_the_learning_rate_and_reach_it(steps, warmup, schedule):
    rates = learning_rates(Knobs(learning_rate=RATE, schedule=schedule, warmup=warmup), steps)
    assert rates.shape == (steps,)
    assert (rates >= 0).all()
    assert rates.max() == pytest.approx(RATE)


# Plateaus

# Keras compares in Python's numbers, as we do; multiples of 1/64 leave no doubt about rounding.
VALUES = st.integers(-64, 64).map(lambda number: number / 64)


def factors_of_keras(curve, knobs, mode="min"):
    """What Keras' callback makes of a rate of 1 after each epoch."""
    callback = keras.callbacks.ReduceLROnPlateau(
        *("monitored", knobs.plateau_factor, knobs.plateau_patience), mode=mode
    )
    # As a stand-in for a model: all that the callback reads of one.
    optimizer = types.SimpleNamespace(learning_rate=1.0)
    callback.set_model(types.SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    found = []
    for epoch, value in enumerate(curve):
        callback.on_epoch_end(epoch, {"monitored": value})
        found.append(optimizer.learning_rate)
    return found


def factors(curve, knobs, sign=1.0):
    state, found = Plateau(), []
    for value in curve:
        state = update_plateau(state, sign * value, knobs)
        found.append(state.factor)
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(VALUES, min_size=1, max_size=25),
    st.sampled_from([0.5, 0.1]),
    st.integers(1, 6),
    st.sampled_from(["min", "max"]),
)
@example([0.5] * 9, 0.5, 2, "min")
@example([0.5, 0.5 - 1e-5, 0.5 - 2e-5, 0.5 - 3e-4], 0.5, 2, "min")  # gains that are too small
def test_a_plateau_lowers_the_rate_when_keras_does(curve, factor, patience, mode):
    knobs = Knobs(plateau_factor=factor, plateau_patience=patience)
    expected = factors_of_keras(curve, knobs, mode)
    found = factors(curve, knobs, {"min": 1.0, "max": -1.0}[mode])
    # Keras reads the rate back as a number of float64 here; the products are the same.
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_recorded_curve_by_hand():
    knobs = Knobs(plateau_factor=0.5, plateau_patience=2)
    curve = [1.0, 0.9, 0.95, 0.92, 0.91, 0.9, 0.8, 0.79995, 0.79992, 0.5]
    expected = [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125]
    assert factors(curve, knobs) == expected


def test_a_value_that_is_no_number_is_no_gain():
    knobs = Knobs(plateau_factor=0.5, plateau_patience=2)
    assert factors([math.nan, math.nan, 0.5, math.nan, 0.4], knobs) == [1, 0.5, 0.5, 0.5, 0.5]


def test_a_factor_of_one_is_off():
    assert factors([0.5] * 20, Knobs()) == [1.0] * 20
