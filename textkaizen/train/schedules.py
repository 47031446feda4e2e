"""Learning rates: one for each step, known before training begins, and a plateau that lowers them.

A rate belongs to the step that it is used in; the first step is number 0 to a schedule, as in Keras
(a warm-up therefore begins with a rate of 0). What depends on how training goes is apart: a plateau
is a pure update of a state, and what it changes is one factor for all later steps.

Source: Loshchilov & Hutter 2017, SGDR, equation 5 without restarts (cosine); Goyal et al. 2017,
section 2.2 (warm-up), in the form of Keras' CosineDecay; Smith 2017, Cyclical learning rates,
section 3.3 (range test); Keras' ReduceLROnPlateau.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from textkaizen.recipe import Knobs

PLATEAU_DELTA = 1e-4  # Keras' min_delta: a smaller gain is none
HALF_RANGE = 3  # decades to either side of the learning rate in a range test


def learning_rates(knobs: Knobs, steps: int) -> np.ndarray:
    """Return the rate of each step, float64 [steps].

    Args:
        knobs: `learning_rate`, `schedule` and `warmup` are read.
        steps: of the whole training, >= 1.

    Example:
        >>> learning_rates(Knobs(learning_rate=1.0, schedule="cosine"), 4).round(3)
        array([1.   , 0.854, 0.5  , 0.146])
    """
    step, warm = np.arange(steps, dtype=np.float64), int(knobs.warmup * steps)
    rates = np.ones(steps)
    if knobs.schedule == "cosine":
        rates = 0.5 * (1 + np.cos(math.pi * np.maximum(step - warm, 0) / (steps - warm)))
    elif knobs.schedule == "range_test":
        rates = 10.0 ** (HALF_RANGE * (2 * step / max(steps - 1, 1) - 1))
    if warm:
        rates[:warm] = step[:warm] / warm
    return knobs.learning_rate * rates


class Plateau(NamedTuple):
    """What a plateau remembers.

    Args:
        best: best value so far, infinity before the first.
        waited: epochs since then, or since the rate was lowered.
        factor: what rates are multiplied by now.
    """

    best: float = math.inf
    waited: int = 0
    factor: float = 1.0


def update_plateau(state: Plateau, value: float, knobs: Knobs) -> Plateau:
    """Take in an epoch's value, smaller is better; lower the factor after too long without one.

    A value that is not a number is no gain (Keras would hold on to the first for ever).

    Example:
        >>> knobs = Knobs(plateau_factor=0.5, plateau_patience=2)
        >>> state = Plateau()
        >>> for loss in (1.0, 0.9, 0.9, 0.95):
        ...     state = update_plateau(state, loss, knobs)
        >>> state.factor
        0.5
    """
    if value < state.best - PLATEAU_DELTA:
        return state._replace(best=value, waited=0)
    if state.waited + 1 >= knobs.plateau_patience:
        return state._replace(waited=0, factor=state.factor * knobs.plateau_factor)
    return state._replace(waited=state.waited + 1)
