"""Penalties on weight matrices, added to the loss, and a limit on their columns, kept after a step.

At ties the largest absolute weight has more than one subgradient; here it is shared equally among
all weights that are as large, and a weight of 0 has none. L1 has 0 at 0.

Source: Krogh & Hertz 1992 (L2); Tibshirani 1996 (L1), each as Keras adds it; Boyd & Vandenberghe
2004, Convex optimization, section 3.1.5 (a largest absolute value is convex); Rockafellar 1970,
Convex analysis, section 23 (subgradients); Srivastava et al. 2014, section 5.1 (max-norm), with
Keras' MaxNorm for the formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

NORM_EPSILON = 1e-7  # Keras' own, under the length of a column


class Penalties(NamedTuple):
    """How much of each is added, float32 [layers] each; 0 is off."""

    l1: ArrayLike
    l2: ArrayLike
    linf: ArrayLike


def penalty(kernels: Sequence[Sequence[Array]], how_much: Penalties) -> Array:
    """Return the sum over layers of l1 * sum(|w|) + l2 * sum(w ** 2) + linf * max(|w|).

    Args:
        kernels: the weight matrices of each layer, first to last; most have one.
        how_much: one number each for every layer.

    Example:
        >>> kernel = jnp.array([[1.0, -2.0]])
        >>> float(penalty([[kernel]], Penalties(jnp.ones(1), jnp.zeros(1), jnp.ones(1))))
        5.0
    """
    l1, l2, linf = (jnp.asarray(part) for part in how_much)
    total = jnp.zeros(())
    for number, own in enumerate(kernels):
        largest = jnp.zeros(())
        for kernel in own:
            size = kernel * jnp.sign(kernel)  # |w|, with slope 0 at 0, where that of `jnp.abs` is 1
            total += l1[number] * size.sum() + l2[number] * jnp.square(kernel).sum()
            largest = jnp.maximum(largest, size.max(initial=0))
        total += linf[number] * largest
    return total


def max_norm(weights: Array, limit: ArrayLike) -> Array:
    """Shrink each unit's incoming weights so that their length is at most `limit`.

    Args:
        weights: [inputs, units], one column per unit.
        limit: largest allowed length, > 0; infinity is off.

    Example:
        >>> max_norm(jnp.array([[3.0], [4.0]]), limit=1.0).ravel()
        Array([0.6, 0.8], dtype=float32)
    """
    length = jnp.sqrt(jnp.square(weights).sum(0))
    shrunk = weights * (limit / (NORM_EPSILON + length))
    return jnp.where(length > limit, shrunk, weights)
