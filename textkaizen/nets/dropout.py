"""Dropout as a product and a sum: what a unit is multiplied by, and what is added to it.

Standard dropout adds nothing; alpha dropout sets a dropped unit to what SELU tends to far below
zero, then shifts and scales so that mean and variance stay. Both draw only where the rate is more
than 0; at rate 0 they are exactly 1 and 0.

Source: Srivastava et al. 2014, section 10 (inverted: scaled in training, plain in prediction);
Klambauer et al. 2017, section 2, "New dropout technique".
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.nets.choices import choose
from textkaizen.nets.constants import SATURATED

Folds = tuple[int | Array | np.integer, ...]


class Mask(NamedTuple):
    """A dropped x is `x * factor + shift`; both of the shape of x."""

    factor: Array
    shift: Array


def folded(key: Array, folds: Folds) -> Array:
    """Return the key of a draw: `key` with each of these numbers folded in, one after another.

    Called within the branch that draws: where nothing is drawn, no time goes into keys.
    """
    return reduce(jax.random.fold_in, folds, key)


def dropout_mask(shape: tuple[int, ...], rate: Array, *, key: Array, folds: Folds = ()) -> Array:
    """Draw 0 with probability `rate`, else 1 / (1 - rate); all ones, and no draw, at rate 0."""

    def drawn() -> Array:
        kept = jax.random.bernoulli(folded(key, folds), 1 - rate, shape)
        return jnp.where(kept, 1 / (1 - rate), 0.0)

    return jax.lax.cond(rate > 0, drawn, lambda: jnp.ones(shape, jnp.float32))


def mask(
    shape: tuple[int, ...],
    rate: Array,
    kind: int | Array | np.integer,
    *,
    key: Array,
    folds: Folds = (),
) -> Mask:
    """Draw a mask of one of `recipe.DROPOUT_KINDS`.

    Args:
        shape: of the layer's output.
        rate: 0 <= rate < 1.
        kind: position in `recipe.DROPOUT_KINDS`.
        key, folds: of this layer at this step, see `folded`.
    """

    def standard(factor: Array) -> Mask:
        return Mask(factor, jnp.zeros(shape, jnp.float32))

    def alpha(factor: Array) -> Mask:
        kept = (factor > 0).astype(jnp.float32)
        scale = ((1 - rate) * (1 + rate * SATURATED**2)) ** -0.5
        shift = -scale * SATURATED * rate
        return Mask(scale * kept, scale * SATURATED * (1 - kept) + shift)

    return choose(kind, [standard, alpha], dropout_mask(shape, rate, key=key, folds=folds))


def dropped(
    x: Array,
    rate: Array,
    kind: int | Array | np.integer,
    *,
    key: Array,
    folds: Folds = (),
) -> Array:
    """Return x with a mask of its shape; standard dropout that is built in adds nothing."""
    if isinstance(kind, int) and kind == 0:
        return x * dropout_mask(x.shape, rate, key=key, folds=folds)
    factor, shift = mask(x.shape, rate, kind, key=key, folds=folds)
    return x * factor + shift
