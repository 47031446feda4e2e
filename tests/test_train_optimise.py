"""Optimisers beside Keras', step by step, and by hand."""

import jax
import keras
import numpy as np
import pytest

from textkaizen.errors import RecipeError
from textkaizen.recipe import OPTIMISERS, Knobs
from textkaizen.train.optimise import optimiser, update

RATE = 0.01
CASES = {
    "sgd": (
        Knobs(optimiser="sgd", learning_rate=RATE),
        lambda: keras.optimizers.SGD(RATE),
    ),
    "momentum": (
        Knobs(optimiser="sgd", learning_rate=RATE, momentum=0.9),
        lambda: keras.optimizers.SGD(RATE, momentum=0.9),
    ),
    "rmsprop": (
        Knobs(optimiser="rmsprop", learning_rate=RATE),
        lambda: keras.optimizers.RMSprop(RATE),
    ),
    "adam": (
        Knobs(optimiser="adam", learning_rate=RATE),
        lambda: keras.optimizers.Adam(RATE),
    ),
}
RECORDED = (1, 10, 200)


def gradients(size):
    """One gradient that stays, one that changes its sign, four that are drawn, one always zero."""
    drawn = np.random.default_rng(0).normal(size=(max(RECORDED), 7)).astype(np.float32)
    drawn[:, 0] = 1
    drawn[:, 1] = np.where(np.arange(len(drawn)) % 3, 1, -1)
    drawn[:, 6] = 0
    return drawn * np.float32(size)


def steps_of(knobs, each, start):
    """Weights after the recorded steps."""
    made = optimiser(knobs, len(each))
    rates = np.stack([made.rate_m, made.rate_g], 1).astype(np.float32)
    rule = type(made.rule)(*(np.float32(value) for value in made.rule))
    step = jax.jit(update)
    weight, m, v = start, np.zeros_like(start), np.zeros_like(start)
    found = {}
    for number, gradient in enumerate(each, 1):
        weight, m, v = step(weight, m, v, gradient, rule, rates[number])
        found[number] = np.asarray(weight)
    return {number: found[number] for number in RECORDED}


def test_every_optimiser_of_a_recipe_is_compared():
    assert {knobs.optimiser for knobs, _ in CASES.values()} == set(OPTIMISERS)


@pytest.mark.parametrize("size", [1, 1e-4])
@pytest.mark.parametrize("case", CASES)
def test_ten_and_two_hundred_steps_are_those_of_keras(case, size):
    """From zero, so that what is compared is the movement alone."""
    knobs, make = CASES[case]
    each = gradients(size)
    found = steps_of(knobs, each, np.zeros(7, np.float32))
    variable, reference = keras.Variable(np.zeros(7, np.float32)), make()
    for number, gradient in enumerate(each, 1):
        reference.apply([gradient], [variable])
        if number in RECORDED:
            expected = np.asarray(variable)
            # Keras takes 1 - 0.999 in Python and 0.999 ** t in float32, which is 6e-6 by itself.
            largest = np.abs(expected).max()
            np.testing.assert_allclose(found[number], expected, rtol=1e-5, atol=1e-5 * largest)
    assert found[200][6] == 0
    assert found[200][0] < found[10][0] < found[1][0] < 0


def test_epsilon_sits_where_keras_has_it():
    """Outside the root for Adam, inside it for RMSprop; by hand, a gradient of 1e-6 at step 1."""
    one = lambda knobs: steps_of(
        knobs, np.full((200, 1), 1e-6, np.float32), np.zeros(1, np.float32)
    )[1][0]
    adam = RATE * np.sqrt(0.001) / 0.1 * (0.1 * 1e-6) / (np.sqrt(0.001 * 1e-12) + 1e-7)
    rmsprop = RATE * 1e-6 / np.sqrt(0.1 * 1e-12 + 1e-7)
    assert one(Knobs(optimiser="adam", learning_rate=RATE)) == pytest.approx(-adam, rel=2e-5)
    assert one(Knobs(optimiser="rmsprop", learning_rate=RATE)) == pytest.approx(-rmsprop, rel=2e-5)


def test_momentum_by_hand():
    found = steps_of(CASES["momentum"][0], np.ones((200, 1), np.float32), np.ones(1, np.float32))
    # 1, 1.9, 2.71, ...: ten steps are the sum of 10 * (1 - 0.9 ** k).
    assert found[1][0] == pytest.approx(1 - RATE, rel=1e-6)
    total = sum(10 * (1 - 0.9**k) for k in range(1, 11))
    assert found[10][0] == pytest.approx(1 - RATE * total, rel=1e-6)


def test_no_momentum_is_plain_descent_to_the_last_bit():
    each = gradients(1)
    found = steps_of(CASES["sgd"][0], each, np.zeros(7, np.float32))
    plain = np.zeros(7, np.float32)
    for gradient in each[:10]:
        plain -= np.float32(RATE) * gradient
    assert (np.abs(found[10] - plain) <= np.spacing(np.abs(plain))).all()  # a fused multiply-add


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(RecipeError, match="'adagrad'"):
        optimiser(Knobs(optimiser="adagrad"), 3)
