"""First weights: the distributions of Keras, drawn by NumPy from a seeded generator.

Drawn outside the compiled program, so that an initialiser costs no compilation and a lane's first
weights do not depend on the shape its program was padded to. The normal ones of Glorot, He and
LeCun are truncated at two standard deviations and rescaled, as Keras does it; "normal" is not
truncated, "truncated_normal" is truncated and not rescaled.

Rejected: `jax.nn.initializers` (one more program for each shape).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from textkaizen.errors import RecipeError

# The standard deviation of a standard normal truncated at -2 and 2.
TRUNCATED = 0.87962566103423978

# name -> (scale, which fan, distribution); variance = scale / fan
VARIANCES = {
    "glorot_uniform": (1.0, "average", "uniform"),
    "glorot_normal": (1.0, "average", "normal"),
    "he_uniform": (2.0, "in", "uniform"),
    "he_normal": (2.0, "in", "normal"),
    "lecun_uniform": (1.0, "in", "uniform"),
    "lecun_normal": (1.0, "in", "normal"),
}
OWN = ("normal", "uniform", "truncated_normal")


class Distribution(NamedTuple):
    """A distribution of first weights.

    Args:
        name: one of `recipe.INITIALISERS`.
        mean: of "normal", "uniform" and "truncated_normal"; the others have 0.
        spread: standard deviation of the first and, before it is truncated, of the last; half the
            width of "uniform".
    """

    name: str
    mean: float = 0.0
    spread: float = 0.05


def first_weights(
    distribution: Distribution | str, inputs: int, units: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw a weight matrix, float32 [inputs, units].

    Args:
        distribution: or its name alone.
        inputs, units: fan in and fan out, >= 1.
        generator: drawn from.

    Raises:
        RecipeError: there is no such distribution.

    Source: Glorot & Bengio 2010, equation 16; He et al. 2015, equation 10; LeCun et al. 1998,
    section 4.6; Saxe et al. 2014, section 3 (orthogonal).

    Example:
        >>> first_weights("glorot_uniform", 2, 4, np.random.default_rng(0)).shape
        (2, 4)
    """
    if isinstance(distribution, str):
        distribution = Distribution(distribution)
    name, mean, spread = distribution
    if name in OWN:
        return np.float32(mean) + _own(name, inputs, units, generator) * np.float32(spread)
    if name == "orthogonal":
        return _orthogonal(inputs, units, generator)
    if name not in VARIANCES:
        raise RecipeError(
            f"There is no initialiser {name!r}; known: {[*VARIANCES, *OWN, 'orthogonal']}."
        )
    scale, fan, kind = VARIANCES[name]
    fan_size = inputs if fan == "in" else (inputs + units) / 2
    deviation = math.sqrt(scale / max(fan_size, 1))
    if kind == "uniform":
        limit = math.sqrt(3) * deviation
        return _uniform(generator, inputs, units) * np.float32(limit)
    return _truncated(generator, inputs, units) * np.float32(deviation / TRUNCATED)


def _own(name: str, inputs: int, units: int, generator: np.random.Generator) -> np.ndarray:
    if name == "uniform":
        return _uniform(generator, inputs, units)
    if name == "normal":
        return generator.standard_normal((inputs, units), dtype=np.float32)
    return _truncated(generator, inputs, units)


def _uniform(generator: np.random.Generator, inputs: int, units: int) -> np.ndarray:
    """Draw between -1 and 1."""
    drawn = generator.random((inputs, units), dtype=np.float32)
    return drawn * np.float32(2) - np.float32(1)


def _orthogonal(inputs: int, units: int, generator: np.random.Generator) -> np.ndarray:
    """Draw columns (or rows, where there are fewer) of length 1 at right angles to one another."""
    tall = (max(inputs, units), min(inputs, units))
    q, r = np.linalg.qr(generator.standard_normal(tall))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # without it the draw would not be uniform
    return (q if inputs >= units else q.T).astype(np.float32)


def _truncated(generator: np.random.Generator, inputs: int, units: int) -> np.ndarray:
    """Draw standard normals, redrawing those beyond two standard deviations."""
    drawn = generator.standard_normal((inputs, units), dtype=np.float32)
    far = np.abs(drawn) > 2
    while far.any():
        drawn[far] = generator.standard_normal(int(far.sum()), dtype=np.float32)
        far = np.abs(drawn) > 2
    return drawn
