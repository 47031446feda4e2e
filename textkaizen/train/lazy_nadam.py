"""Rows catch up where epsilon changes with the step, as Nadam's does: a fit instead of a series.

Nadam adds epsilon * root[t] to sqrt(v), with root[t] = sqrt(1 - beta2**t): a step without gradient
moves a weight by c[t] * m / (sqrt(v) / root[t] + epsilon), c = rate_m / root. All that a row would
move from step l on for ever, if it were never read again, is m * F(l, sqrt(v)) with

    F(l, u) = sum_{j>=1} c[l+j] * keep_m**j / (p[j] * u + epsilon),   p[j] = rho**j / root[l+j],

and what it has missed at step `now` is what it would move from l on less what it would from `now`
on, with the m and v that it has by then. With a mean p of these p[j] and s = p u / (p u + epsilon),
which lies between 0 and 1, each term is 1 / ((p u + epsilon) (1 - s (1 - p[j] / p))): so F is
1 / (p u + epsilon) times a smooth function of s, for which a polynomial is fitted at each step.

The series of `lazy` in powers of 1 - p[j] / p[0] would need some eighty terms at the first steps,
where root doubles within four; with p in the middle of what counts, and fitted over all of s at
once (at the zeros of a Chebyshev polynomial), twelve are right to 4e-9 from the first step on.

Source: Trefethen 2013, Approximation theory and approximation practice, theorem 8.2 (how fast such
a polynomial converges).
"""

from __future__ import annotations

import numpy as np
from jax import Array

from textkaizen.train.optimise import Optimiser

NADAM_TERMS = 12
REACH = 1e-12  # what is left of m where a sum ends


def changes_epsilon(optimiser: Optimiser) -> bool:
    """Whether epsilon is another one at another step."""
    return bool((optimiser.rates.outside != optimiser.rule.outside).any())


def nadam_tables(optimiser: Optimiser, begin: int, steps: int, product: np.ndarray) -> np.ndarray:
    """Return the fits of an epoch as float64 [NADAM_TERMS + 1, steps + 1].

    Rows are coefficients of the powers of 2 s - 1, and at last p. Steps beyond the optimiser's last
    are taken to have its last numbers.

    Args:
        optimiser: of the whole training.
        begin: its step that is the epoch's first.
        steps: of the epoch.
        product: logarithm of what decay has left of a weight, [steps + 1].
    """
    rule, rates = optimiser.rule, optimiser.rates
    rho, j = np.sqrt(1 - float(rule.lose_v)), np.arange(1, _reach(float(rule.keep_m)) + 1)
    step = np.arange(begin, begin + steps + len(j))
    known = np.minimum(step, len(rates.rate_m) - 1)
    root = np.asarray(rates.outside)[known] / rule.outside
    worth = np.exp(product[np.minimum(step - begin + 1, steps)])
    windows = lambda part: np.lib.stride_tricks.sliding_window_view(part, len(j))[: steps + 1]
    p = rho**j / windows(root)
    each = windows(np.asarray(rates.rate_m)[known] / root / worth) * float(rule.keep_m) ** j
    middle = np.sqrt(p[:, 0] * p[:, min(40, len(j) - 1)])
    place = np.cos(np.pi * (np.arange(NADAM_TERMS) + 0.5) / NADAM_TERMS)
    away = 1 - p / middle[:, None]
    values = np.stack([(each / (1 - (y + 1) / 2 * away)).sum(1) for y in place])
    # The condition of these equations is 8e3, of no account in float64.
    powers = np.linalg.solve(np.vander(place, increasing=True), values)
    return np.concatenate([powers, middle[None]])


def _reach(keep: float) -> int:
    """How many steps a moment lasts."""
    return int(np.ceil(np.log(REACH) / np.log(keep)))


def ahead(fits: Array, root: Array, epsilon: Array | float) -> Array:
    """Return F for each weight: how far it would move on for ever, for an m of 1.

    Args:
        fits: [NADAM_TERMS + 1, rows], of the step each row is at, or [NADAM_TERMS + 1, 1].
        root: of v, [rows, units].
        epsilon: scalar.
    """
    *powers, middle = (part[:, None] for part in fits)
    scaled = middle * root
    under = 1 / (scaled + epsilon)
    y = 2 * scaled * under - 1
    total = powers[-1]
    for power in powers[-2::-1]:
        total = total * y + power
    return under * total
