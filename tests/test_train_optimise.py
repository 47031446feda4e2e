"""Optimisers by hand; beside Keras' they stand in test_train_optimisers_keras.py."""

import jax
import numpy as np
import pytest

from textkaizen.errors import RecipeError
from textkaizen.recipe import Knobs
from textkaizen.train.optimise import Rates, optimiser, update

RATE = 0.01
STEP = jax.jit(update, static_argnums=4)


def knobs_of(optimiser="adam", **rest):
    return Knobs(**{"optimiser": optimiser, "learning_rate": RATE} | rest)


def steps_of(knobs, each, start):
    """Weights after each step, [steps, weights]."""
    made = optimiser(knobs, np.full(len(each), knobs.learning_rate))
    rule = type(made.rule)(*(np.float32(value) for value in made.rule))
    rows = start, np.zeros_like(start), np.full_like(start, made.first_squares)
    found = []
    for number, gradient in enumerate(each):
        rates = Rates(*(np.float32(part[number]) for part in made.rates))
        rows = STEP(rows, gradient, rule, rates, knobs.optimiser == "adadelta")
        found.append(np.asarray(rows[0]))
    return np.stack(found)


def moved(knobs, gradient, count=3):
    """How far one weight is from zero after each of so many steps of the same gradient."""
    each = np.full((count, 1), gradient, np.float32)
    return -steps_of(knobs, each, np.zeros(1, np.float32))[:, 0]


def test_epsilon_sits_where_keras_has_it():
    """Outside the root for Adam and Nadam, inside it for the others; a gradient of 1e-6 at step 1.

    Nadam's is beside the corrected root, Adam's beside the root as it is.
    """
    adam = RATE * np.sqrt(0.001) / 0.1 * (0.1 * 1e-6) / (np.sqrt(0.001 * 1e-12) + 1e-7)
    now, after = (0.9 * (1 - 0.5 * 0.96**t) for t in (1, 2))
    nadam = RATE * (after * 1e-7 / (1 - now * after) + 1e-6) / (1e-6 + 1e-7)
    expected = {
        "adam": adam,
        "nadam": nadam,
        "rmsprop": RATE * 1e-6 / np.sqrt(0.1 * 1e-12 + 1e-7),
        "adagrad": RATE * 1e-6 / np.sqrt(0.1 + 1e-12 + 1e-7),
        "adadelta": RATE * 1e-6 * np.sqrt(1e-7) / np.sqrt(0.05 * 1e-12 + 1e-7),
    }
    for name, right in expected.items():
        # 1 - 0.999 in float32 is 1e-5 off, its root half of that.
        assert moved(knobs_of(name), 1e-6)[0] == pytest.approx(right, rel=1e-5), name


def test_momentum_by_hand():
    found = steps_of(
        knobs_of("sgd", momentum=0.9), np.ones((10, 1), np.float32), np.ones(1, np.float32)
    )
    # 1, 1.9, 2.71, ...: ten steps are the sum of 10 * (1 - 0.9 ** k).
    assert found[0] == pytest.approx(1 - RATE, rel=1e-6)
    total = sum(10 * (1 - 0.9**k) for k in range(1, 11))
    assert found[9] == pytest.approx(1 - RATE * total, rel=1e-6)


def test_nesterov_looks_ahead_by_the_momentum():
    # The velocities are 1, 1.5, 1.75; each step goes by 0.5 of its own and by the gradient.
    found = moved(knobs_of("sgd", momentum=0.5, nesterov=True), 1.0)
    assert found == pytest.approx(RATE * np.cumsum([1.5, 1.75, 1.875]), rel=1e-6)


def test_nesterov_without_momentum_is_plain_descent_to_the_last_bit():
    plain, ahead = (moved(knobs_of("sgd", nesterov=on), 0.7) for on in (False, True))
    assert (plain == ahead).all()


def test_adagrad_divides_by_all_that_has_been():
    expected = RATE * np.cumsum([2 / np.sqrt(0.1 + 4 * t + 1e-7) for t in (1, 2, 3)])
    assert moved(knobs_of("adagrad"), 2.0) == pytest.approx(expected, rel=1e-6)


def test_adadelta_goes_by_the_ratio_of_past_changes_and_gradients():
    changes = squares = total = 0.0
    expected = []
    for _ in range(3):
        squares = 0.95 * squares + 0.05 * 2.0**2
        change = np.sqrt(changes + 1e-7) / np.sqrt(squares + 1e-7) * 2.0
        changes = 0.95 * changes + 0.05 * change**2
        total += RATE * change
        expected.append(total)
    assert moved(knobs_of("adadelta"), 2.0) == pytest.approx(expected, rel=1e-6)


def test_a_gradient_that_stays_moves_adam_by_the_rate_at_each_step():
    assert moved(knobs_of("adam"), 2.0) == pytest.approx(RATE * np.arange(1, 4), rel=1e-5)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adadelta"])
def test_decay_is_decoupled_and_goes_before_the_step(name):
    """What a weight loses does not reach the moments: it goes by the rate, whatever the rule."""
    start = np.float32([1.0, -2.0])
    still = np.zeros((3, 2), np.float32)
    found = steps_of(knobs_of(name, weight_decay=0.5), still, start)
    kept = (1 - 0.5 * RATE) ** np.arange(1, 4)
    np.testing.assert_allclose(found, kept[:, None] * start, rtol=1e-6)
    moving = np.float32([[0.3, -0.7]])
    without, decayed = (
        steps_of(knobs_of(name, weight_decay=decay), moving, start)[0] for decay in (0.0, 0.5)
    )
    np.testing.assert_allclose(without - decayed, 0.5 * RATE * start, rtol=1e-4)


@pytest.mark.parametrize("name", ["sgd", "nadam"])
def test_no_decay_changes_no_bit(name):
    """A weight of which nothing goes is the weight, and an average that keeps nothing, too."""
    made = optimiser(knobs_of(name), np.full(5, RATE))
    assert (made.rates.shrink == 0).all()
    assert (made.rates.keep_average == 0).all()
    with_average = optimiser(knobs_of(name, average=0.9), np.full(5, RATE)).rates.keep_average
    assert with_average.tolist() == [0, 0.9, 0.9, 0.9, 0.9]


def test_no_momentum_is_plain_descent_to_the_last_bit():
    each = np.random.default_rng(0).normal(size=(10, 7)).astype(np.float32)
    found = steps_of(knobs_of("sgd"), each, np.zeros(7, np.float32))[-1]
    plain = np.zeros(7, np.float32)
    for gradient in each:
        plain -= np.float32(RATE) * gradient
    assert (np.abs(found - plain) <= np.spacing(np.abs(plain))).all()  # a fused multiply-add


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(RecipeError, match=r"'adamax'; known: .*'adagrad'"):
        optimiser(Knobs(optimiser="adamax"), np.ones(3))
