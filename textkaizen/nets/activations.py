"""Activations, as Keras defines them, in the order of `recipe.ACTIVATIONS`.

Each takes the values and a slope (only leaky ReLU uses it), so that all fit one switch.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.nets.choices import choose
from textkaizen.recipe import ACTIVATIONS

FUNCTIONS = {
    "relu": lambda x, slope: jax.nn.relu(x),
    "leaky_relu": lambda x, slope: jnp.where(x >= 0, x, slope * x),
    "elu": lambda x, slope: jax.nn.elu(x),
    "selu": lambda x, slope: jax.nn.selu(x),
    "tanh": lambda x, slope: jnp.tanh(x),
    "linear": lambda x, slope: x,
    "gelu": lambda x, slope: jax.nn.gelu(x, approximate=False),
    "sigmoid": lambda x, slope: jax.nn.sigmoid(x),
}


def activate(
    x: Array, activation: int | Array | np.integer, slope: Array | np.floating | float
) -> Array:
    """Apply an activation to each value.

    Args:
        x: any shape.
        activation: position in `recipe.ACTIVATIONS`.
        slope: of leaky ReLU below zero, >= 0.

    Source: Nair & Hinton 2010 (ReLU); Maas et al. 2013 (leaky ReLU); Clevert et al. 2016,
    equation 15 with alpha 1 (ELU); Klambauer et al. 2017, equation 2 (SELU); Hendrycks & Gimpel
    2016, section 2, x times the normal distribution function (GELU).

    Example:
        >>> activate(jnp.array([-1.0, 2.0]), ACTIVATIONS.index("leaky_relu"), 0.25)
        Array([-0.25,  2.  ], dtype=float32)
    """
    return choose(activation, [FUNCTIONS[name] for name in ACTIVATIONS], x, slope)
