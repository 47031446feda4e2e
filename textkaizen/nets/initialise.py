"""First weights: the distributions of Keras, drawn by NumPy from a seeded generator.

Drawn outside the compiled program, so that an initialiser costs no compilation and a lane's first
weights do not depend on the shape its program was padded to. Normal means truncated at two
standard deviations and rescaled, as Keras does it.

Rejected: `jax.nn.initializers` (one more program for each shape).
"""

from __future__ import annotations

import math

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
    "lecun_normal": (1.0, "in", "normal"),
}


def first_weights(
    initialiser: str, inputs: int, units: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw a weight matrix, float32 [inputs, units].

    Args:
        initialiser: one of `recipe.INITIALISERS`.
        inputs, units: fan in and fan out, >= 1.
        generator: drawn from once.

    Source: Glorot & Bengio 2010, equation 16; He et al. 2015, equation 10; LeCun et al. 1998,
    section 4.6.

    Example:
        >>> first_weights("glorot_uniform", 2, 4, np.random.default_rng(0)).shape
        (2, 4)
    """
    if initialiser not in VARIANCES:
        raise RecipeError(f"There is no initialiser {initialiser!r}; known: {list(VARIANCES)}.")
    scale, fan, distribution = VARIANCES[initialiser]
    fan_size = inputs if fan == "in" else (inputs + units) / 2
    deviation = math.sqrt(scale / max(fan_size, 1))
    if distribution == "uniform":
        limit = math.sqrt(3) * deviation
        drawn = generator.random((inputs, units), dtype=np.float32)
        return (drawn * np.float32(2) - np.float32(1)) * np.float32(limit)
    return _truncated(generator, inputs, units) * np.float32(deviation / TRUNCATED)


def _truncated(generator: np.random.Generator, inputs: int, units: int) -> np.ndarray:
    """Draw standard normals, redrawing those beyond two standard deviations."""
    drawn = generator.standard_normal((inputs, units), dtype=np.float32)
    far = np.abs(drawn) > 2
    while far.any():
        drawn[far] = generator.standard_normal(int(far.sum()), dtype=np.float32)
        far = np.abs(drawn) > 2
    return drawn
