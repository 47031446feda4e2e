"""An optimiser as numbers, not as code.

SGD, momentum, RMSprop and Adam are one rule with different coefficients, so a choice of optimiser
costs no compilation, no switch, and no copy of a table:

    m <- keep_m * m + add_m * g
    v <- keep_v * v + add_v * g ** 2
    w <- w - (rate_m[t] * m + rate_g[t] * g) / (sqrt(v + inside) + outside)

The learning rate and Adam's bias correction stand in `rate_m` and `rate_g`, one number a step.
Epsilon sits where Keras has it: `outside` the root for Adam, `inside` it for RMSprop.

Rejected: Optax (its epsilon differs from Keras'), `lax.switch` over rules (copies what it reads).

Source: Kingma & Ba 2015, section 2 (Adam, in the order of computation of its last paragraph);
Tieleman & Hinton 2012, lecture 6.5 (RMSprop); Polyak 1964 (momentum); defaults of Keras.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.errors import RecipeError
from textkaizen.recipe import Knobs

# Numbers that float32 holds: their powers are taken in tables (float64) and step by step (float32).
BETA1, BETA2, EPSILON, RHO = np.float32(0.9), np.float32(0.999), 1e-7, np.float32(0.9)


class Rule(NamedTuple):
    """The coefficients of the rule above that stay the same from step to step, scalars."""

    keep_m: Array | float
    add_m: Array | float
    keep_v: Array | float
    add_v: Array | float
    inside: Array | float
    outside: Array | float


class Optimiser(NamedTuple):
    """A rule and its rates; `rate_m[t]` and `rate_g[t]` belong to step t, from 1 (0 is unused)."""

    rule: Rule
    rate_m: np.ndarray
    rate_g: np.ndarray


def optimiser(knobs: Knobs, steps: int) -> Optimiser:
    """Return the coefficients of a recipe's optimiser for steps 0 to `steps`.

    Raises:
        RecipeError: there is no such optimiser.
    """
    rate, time = knobs.learning_rate, np.arange(steps + 1, dtype=np.float64)
    constant, zero = np.full(steps + 1, rate), np.zeros(steps + 1)
    if knobs.optimiser == "adam":
        beta1, beta2 = float(BETA1), float(BETA2)
        with np.errstate(divide="ignore", invalid="ignore"):
            corrected = rate * np.sqrt(1 - beta2**time) / (1 - beta1**time)
        corrected[0] = 0
        return Optimiser(Rule(beta1, 1 - beta1, beta2, 1 - beta2, 0.0, EPSILON), corrected, zero)
    if knobs.optimiser == "rmsprop":
        rho = float(RHO)
        return Optimiser(Rule(0.0, 0.0, rho, 1 - rho, EPSILON, 0.0), zero, constant)
    if knobs.optimiser == "sgd":
        if knobs.momentum == 0:
            return Optimiser(Rule(0.0, 0.0, 1.0, 0.0, 1.0, 0.0), zero, constant)
        momentum = float(np.float32(knobs.momentum))
        return Optimiser(Rule(momentum, rate, 1.0, 0.0, 1.0, 0.0), zero + 1, zero)
    raise RecipeError(f"There is no optimiser {knobs.optimiser!r}.")


def update(
    weight: Array, m: Array, v: Array, gradient: Array, rule: Rule, rates: Array
) -> tuple[Array, Array, Array]:
    """Take one step of the rule above for one array.

    Args:
        weight, m, v, gradient: of one shape.
        rule: scalars.
        rates: [2], this step's `rate_m` and `rate_g`.
    """
    m = rule.keep_m * m + rule.add_m * gradient
    v = rule.keep_v * v + rule.add_v * jnp.square(gradient)
    change = rates[0] * m + rates[1] * gradient
    return weight - change / (jnp.sqrt(v + rule.inside) + rule.outside), m, v
