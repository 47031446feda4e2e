"""Every optimiser beside Keras', ten steps and a thousand on the same gradients; clipping, too.

Both run as one compiled loop, so a thousand steps take no longer than compiling them.
"""

from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from textkaizen.recipe import OPTIMISERS, Knobs
from textkaizen.train.optimise import Rates, optimiser, update
from textkaizen.train.schedules import learning_rates
from textkaizen.train.step import clipped

RATE, STEPS, TEN = 0.01, 1000, 10


class Variant(NamedTuple):
    """One way of moving weights: ours by its knobs, Keras' by its class and what that is given."""

    knobs: dict
    kind: type
    given: dict


NESTEROV = {"momentum": 0.9, "nesterov": True}
VARIANTS = {
    "sgd": Variant({"optimiser": "sgd"}, keras.optimizers.SGD, {}),
    "momentum": Variant(
        {"optimiser": "sgd", "momentum": 0.9}, keras.optimizers.SGD, {"momentum": 0.9}
    ),
    "nesterov": Variant({"optimiser": "sgd"} | NESTEROV, keras.optimizers.SGD, NESTEROV),
    "rmsprop": Variant({"optimiser": "rmsprop"}, keras.optimizers.RMSprop, {}),
    "adagrad": Variant({"optimiser": "adagrad"}, keras.optimizers.Adagrad, {}),
    "adadelta": Variant({"optimiser": "adadelta"}, keras.optimizers.Adadelta, {}),
    "adam": Variant({"optimiser": "adam"}, keras.optimizers.Adam, {}),
    "adamw": Variant({"optimiser": "adamw", "weight_decay": 0.004}, keras.optimizers.AdamW, {}),
    "nadam": Variant({"optimiser": "nadam"}, keras.optimizers.Nadam, {}),
}
WAYS = {
    "plain": {},
    "decay": {"weight_decay": 0.1},
    "decay and cosine": {"weight_decay": 0.1, "schedule": "cosine"},
    "decay, cosine and warm-up": {"weight_decay": 0.1, "schedule": "cosine", "warmup": 0.1},
}


def knobs_of(name, way):
    return Knobs(**{"learning_rate": RATE} | VARIANTS[name].knobs | WAYS[way])


def start():
    """Weights at zero, which show the movement alone, and others that can decay."""
    drawn = np.random.default_rng(1).normal(size=7).astype(np.float32)
    return [np.zeros(7, np.float32), drawn]


def gradients(size):
    """Float32 [steps, 7]: one that turns every 100 steps, one after two, four drawn, one zero.

    One of the drawn is zero after ten steps, so that moments die away. None stays for ever: added
    up a thousand times, the same rounding would be 1e-5 of the sum in Keras as well as here.
    """
    drawn = np.random.default_rng(0).normal(size=(STEPS, 7))
    drawn[:, 0] = np.where(np.arange(STEPS) // 100 % 2, -1, 1)
    drawn[:, 1] = np.where(np.arange(STEPS) % 3, 1, -1)
    drawn[TEN:, 2] = 0
    drawn[:, 6] = 0
    return (size * drawn).astype(np.float32)


@partial(jax.jit, static_argnums=0)
def our_steps(adadelta, count, state, each, made, limit):
    """Take steps in one compiled loop."""
    rule, rates = made

    def step(number, state):
        rows, averages = state
        now = Rates(*(part[number] for part in rates))
        slopes = clipped([each[number], each[number]], limit)
        pairs = zip(rows, slopes, strict=True)
        rows = [update(row, slope, rule, now, adadelta) for row, slope in pairs]
        keep = now.keep_average
        pairs = zip(averages, rows, strict=True)
        return rows, [keep * old + (1 - keep) * row[0] for old, row in pairs]

    return jax.lax.fori_loop(0, count, step, state)


def of_ours(knobs, each, limit=np.inf, counts=(TEN, STEPS)):
    """Weights and their averages after so many steps, [counts][weights, averages]."""
    made = optimiser(knobs, learning_rates(knobs, STEPS))
    numbers = type(made.rule)(*map(np.float32, made.rule)), Rates(*map(np.float32, made.rates))
    full = lambda weight, value: np.full_like(weight, value)
    rows = [(weight, full(weight, 0), full(weight, made.first_squares)) for weight in start()]
    state = rows, [full(weight, 0) for weight in start()]
    taken = [
        our_steps(knobs.optimiser == "adadelta", count, state, each, numbers, np.float32(limit))
        for count in counts
    ]
    return [([row[0] for row in rows], averages) for rows, averages in taken]


@cache
def keras_steps(name, given):
    """Return Keras' optimiser as a function of a number of steps and the gradients."""
    reference = VARIANTS[name].kind(**VARIANTS[name].given | dict(given))
    variables = [keras.Variable(weight) for weight in start()]
    reference.build(variables)
    first = tuple([kept.value for kept in part] for part in (variables, reference.variables))
    paths = [kept.path for kept in reference.variables]
    averages = getattr(reference, "_model_variables_moving_average", [])

    @jax.jit
    def steps(count, each):
        def step(number, state):
            slopes = [each[number], each[number]]
            return tuple(reference.stateless_apply(state[1], slopes, state[0]))

        weights, kept = jax.lax.fori_loop(0, count, step, first)
        return weights, [kept[paths.index(average.path)] for average in averages]

    return steps


def of_keras(name, each, **given):
    """The same of Keras' optimiser, through its stateless step."""
    steps = keras_steps(name, tuple({"learning_rate": RATE, **given}.items()))
    return [steps(count, each) for count in (TEN, STEPS)]


@cache
def schedule(knobs):
    """The learning rate as Keras is given it."""
    warm = int(knobs.warmup * STEPS)
    if knobs.schedule == "constant":
        return knobs.learning_rate
    if not warm:
        return keras.optimizers.schedules.CosineDecay(knobs.learning_rate, STEPS)
    return keras.optimizers.schedules.CosineDecay(
        0.0, STEPS - warm, warmup_target=knobs.learning_rate, warmup_steps=warm
    )


def assert_the_same(found, expected):
    """After ten steps to 3e-6 of each weight, after a thousand to 1e-5.

    Ten steps leave rounding alone; a constant of Adam that is 1e-5 off would show. Over a thousand
    steps sums round off, here as in Keras (either is up to 6e-6 from the same in float64). A weight
    that happens to be near zero is looked at beside the largest.
    """
    for rtol, (own, _), (other, _) in zip((3e-6, 1e-5), found, expected, strict=True):
        for one, right in zip(own, other, strict=True):
            largest = np.abs(right).max()
            assert largest > 0
            np.testing.assert_allclose(one, right, rtol=rtol, atol=rtol / 5 * largest)


def test_every_optimiser_of_a_recipe_is_compared():
    assert {variant.knobs["optimiser"] for variant in VARIANTS.values()} == set(OPTIMISERS)


@pytest.mark.parametrize("size", [1, 1e-4])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", VARIANTS)
def test_ten_and_a_thousand_steps_are_those_of_keras(name, way, size):
    knobs, each = knobs_of(name, way), gradients(size)
    given = {"learning_rate": schedule(knobs), "weight_decay": knobs.weight_decay or None}
    found, expected = of_ours(knobs, each), of_keras(name, each, **given)
    assert_the_same(found, expected)
    ten, all_steps = (np.asarray(weights[0]) for weights, _ in found)
    assert ten[6] == all_steps[6] == 0  # no gradient, no movement
    assert ten[0] < 0  # downhill


@pytest.mark.parametrize("name", ["adam", "nesterov", "adadelta"])
def test_clipping_by_the_length_of_all_gradients_is_that_of_keras(name):
    """Lengths of both arrays together go from 0.02 to 5; a limit of 1 clips some and some not."""
    each = gradients(1) * np.random.default_rng(2).uniform(0.01, 1, (STEPS, 1)).astype("f")
    lengths = np.sqrt(2 * np.square(each).sum(1))
    assert 0.2 < (lengths > 1).mean() < 0.8
    found = of_ours(knobs_of(name, "plain"), each, limit=1.0)
    assert_the_same(found, of_keras(name, each, global_clipnorm=1.0))


@pytest.mark.parametrize("limit", [np.inf, 1e30])
def test_a_limit_that_is_not_reached_changes_no_bit_of_a_gradient(limit):
    each = [jnp.array(gradients(1)[0]), jnp.array(gradients(1)[1])]
    for own, other in zip(clipped(each, limit), each, strict=True):
        assert (np.asarray(own) == np.asarray(other)).all()


def test_no_gradient_at_all_is_not_divided_by_its_length():
    (found,) = clipped([jnp.zeros(3)], jnp.float32(1.0))
    assert (np.asarray(found) == 0).all()


@pytest.mark.parametrize("decay", [0.5, 0.99])
@pytest.mark.parametrize("name", ["adam", "momentum"])
def test_the_average_after_each_step_is_that_of_keras(name, decay):
    """It begins with the weights after the first step, not with zero and not with the first."""
    knobs = Knobs(**{"learning_rate": RATE, "average": decay} | VARIANTS[name].knobs)
    each = gradients(1)
    found = of_ours(knobs, each)
    expected = of_keras(name, each, use_ema=True, ema_momentum=decay)
    assert_the_same([pair[::-1] for pair in found], [pair[::-1] for pair in expected])
    for weights, averages in found:
        assert (np.asarray(averages[0])[:2] != np.asarray(weights[0])[:2]).all()
    ((weights, first),) = of_ours(knobs, each, counts=(1,))
    for own, weight in zip(first, weights, strict=True):
        assert (np.asarray(own) == np.asarray(weight)).all()
