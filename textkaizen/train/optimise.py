"""An optimiser as numbers, not as code.

All but Adadelta are one rule with different coefficients, so a choice of optimiser costs no
compilation, no switch, and no copy of a table:

    w <- w - shrink[t] * w                                   (decoupled weight decay)
    m <- keep_m * m + add_m[t] * g
    v <- v - lose_v * v + add_v * g ** 2
    w <- w - (rate_m[t] * m + rate_g[t] * g) / (sqrt(v + inside) + outside[t])

What changes from step to step (the learning rate, bias corrections, Nadam's momentum schedule)
stands in one row of numbers for each step. Epsilon sits where Keras has it: outside the root for
Adam and Nadam (scaled by the bias correction in Nadam), inside for RMSprop, Adagrad and Adadelta.
Adadelta keeps a mean of squared changes in the place of m, which is another rule.

v loses a share, rather than keeping one: 1 - 0.001 is not a number that float32 holds, 0.999 there
is 1.3e-5 of that share away, and Keras' Adam goes by 0.001 here and by 0.999 in its corrections.

Rejected: Optax (its epsilon differs from Keras'), `lax.switch` over rules (copies what it reads).

Source: Kingma & Ba 2015, section 2 (Adam, in the order of computation of its last paragraph);
Loshchilov & Hutter 2019, algorithm 2 (AdamW; decay as Keras scales it, by the rate); Dozat 2016,
algorithm 2 (Nadam); Tieleman & Hinton 2012, lecture 6.5 (RMSprop); Duchi et al. 2011, section 1.1
(Adagrad); Zeiler 2012, algorithm 1 (Adadelta); Polyak 1964 (momentum); Sutskever et al. 2013,
section 2 (Nesterov); defaults of Keras.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.errors import RecipeError
from textkaizen.recipe import Knobs

# Numbers that float32 holds: their powers are taken in tables (float64) and step by step (float32).
BETA1, BETA2, EPSILON = np.float32(0.9), np.float32(0.999), 1e-7
LOST = np.float32(0.001)  # Adam's 1 - BETA2, as Keras has it: taken before it is rounded
RHO = {"rmsprop": np.float32(0.9), "adadelta": np.float32(0.95)}
FIRST_SQUARES = 0.1  # Keras' initial_accumulator_value of Adagrad
NADAM_DECAY = np.float32(0.96)


class Rule(NamedTuple):
    """The coefficients of the rule above that stay the same from step to step, scalars.

    `outside` is that of the last step; rows that catch up use it (it never changes where they do).
    """

    keep_m: Array | float
    lose_v: Array | float
    add_v: Array | float
    inside: Array | float
    outside: Array | float


class Rates(NamedTuple):
    """What changes from step to step: scalars in a step, [steps] before."""

    rate_m: Array | np.ndarray
    rate_g: Array | np.ndarray
    add_m: Array | np.ndarray
    outside: Array | np.ndarray
    shrink: Array | np.ndarray
    keep_average: Array | np.ndarray


class Optimiser(NamedTuple):
    """A rule and its rates, float64 [steps]; entry t belongs to step t, from 0.

    Args:
        first_squares: what v begins with.
    """

    rule: Rule
    rates: Rates
    first_squares: float = 0.0


def optimiser(knobs: Knobs, learning_rates: np.ndarray) -> Optimiser:
    """Return the coefficients of a recipe's optimiser.

    Args:
        knobs: the optimiser's name, momentum, decay of weights and of their average are read.
        learning_rates: float64 [steps].

    Raises:
        RecipeError: there is no such optimiser.
    """
    rate, time = np.asarray(learning_rates, np.float64), np.arange(1, len(learning_rates) + 1)
    makers = {
        "adam": _adam,
        "adamw": _adam,
        "nadam": _nadam,
        "sgd": _sgd,
        "rmsprop": _rmsprop,
        "adagrad": _adagrad,
        "adadelta": _adadelta,
    }
    if knobs.optimiser not in makers:
        raise RecipeError(f"There is no optimiser {knobs.optimiser!r}; known: {list(makers)}.")
    made = makers[knobs.optimiser](knobs, rate, time.astype(np.float64))
    # As in Keras an average begins with the weights after the first step.
    average = np.where(time > 1, knobs.average, 0.0)
    rates = made.rates._replace(shrink=knobs.weight_decay * rate, keep_average=average)
    return made._replace(rates=rates)


def _rates(rate: np.ndarray, rate_m=0.0, rate_g=0.0, add_m=0.0, outside=0.0) -> Rates:
    full = lambda value: np.broadcast_to(np.asarray(value, np.float64), rate.shape)
    return Rates(full(rate_m), full(rate_g), full(add_m), full(outside), full(0.0), full(0.0))


def _adam(knobs: Knobs, rate: np.ndarray, time: np.ndarray) -> Optimiser:
    beta1, beta2 = float(BETA1), float(BETA2)
    corrected = rate * np.sqrt(1 - beta2**time) / (1 - beta1**time)
    rates = _rates(rate, rate_m=corrected, add_m=1 - beta1, outside=EPSILON)
    return Optimiser(Rule(beta1, float(LOST), float(LOST), 0.0, EPSILON), rates)


def _nadam(knobs: Knobs, rate: np.ndarray, time: np.ndarray) -> Optimiser:
    beta1, beta2 = float(BETA1), float(BETA2)
    now = beta1 * (1 - 0.5 * float(NADAM_DECAY) ** time)
    after = beta1 * (1 - 0.5 * float(NADAM_DECAY) ** (time + 1))
    product = np.cumprod(now)
    root = np.sqrt(1 - beta2**time)
    rates = _rates(
        rate,
        rate_m=rate * root * after / (1 - product * after),
        rate_g=rate * root * (1 - now) / (1 - product),
        add_m=1 - beta1,
        outside=EPSILON * root,
    )
    return Optimiser(Rule(beta1, 1 - beta2, 1 - beta2, 0.0, EPSILON), rates)


def _sgd(knobs: Knobs, rate: np.ndarray, time: np.ndarray) -> Optimiser:
    momentum = float(np.float32(knobs.momentum))
    rule = Rule(momentum, 0.0, 0.0, 1.0, 0.0)
    if momentum == 0:
        return Optimiser(rule, _rates(rate, rate_g=rate))
    if knobs.nesterov:
        return Optimiser(rule, _rates(rate, rate_m=momentum, rate_g=rate, add_m=rate))
    return Optimiser(rule, _rates(rate, rate_m=1.0, add_m=rate))


def _rmsprop(knobs: Knobs, rate: np.ndarray, time: np.ndarray) -> Optimiser:
    rho = float(RHO["rmsprop"])
    return Optimiser(Rule(0.0, 1 - rho, 1 - rho, EPSILON, 0.0), _rates(rate, rate_g=rate))


def _adagrad(knobs: Knobs, rate: np.ndarray, time: np.ndarray) -> Optimiser:
    rates = _rates(rate, rate_g=rate)
    return Optimiser(Rule(0.0, 0.0, 1.0, EPSILON, 0.0), rates, FIRST_SQUARES)


def _adadelta(knobs: Knobs, rate: np.ndarray, time: np.ndarray) -> Optimiser:
    rho = float(RHO["adadelta"])
    rates = _rates(rate, rate_g=rate, add_m=1 - rho)
    return Optimiser(Rule(rho, 1 - rho, 1 - rho, EPSILON, 0.0), rates)


def update(
    weights: tuple[Any, Any, Any],
    gradient: Array,
    rule: Rule,
    rates: Rates,
    adadelta: bool = False,
    decays: bool = True,
) -> tuple[Array, Array, Array]:
    """Take one step of the rule above for one array.

    Args:
        weights: the weights and their m and v, of one shape.
        gradient: of that shape.
        rule, rates: scalars.
        adadelta: static; Adadelta's rule instead.
        decays: static; without it `shrink` is not read.
    """
    weight, m, v = weights
    if decays:
        weight = weight - rates.shrink * weight
    v = v - rule.lose_v * v + rule.add_v * jnp.square(gradient)
    if adadelta:
        change = jnp.sqrt(m + rule.inside) / jnp.sqrt(v + rule.inside) * gradient
        m = rule.keep_m * m + rates.add_m * jnp.square(change)
        return weight - rates.rate_g * change, m, v
    m = rule.keep_m * m + rates.add_m * gradient
    change = rates.rate_m * m + rates.rate_g * gradient
    return weight - change / (jnp.sqrt(v + rule.inside) + rates.outside), m, v
