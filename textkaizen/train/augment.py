"""What is done to a batch in training only: noise, features dropped, texts mixed, targets softened.

Noise acts on the non-zeros of a bag; a feature that a text does not have stays 0. Mixing two texts
is mixing their first sums, since these are linear in the bags: nothing is made denser. Each text's
partner is its neighbour in the batch, which was shuffled. What is off draws nothing and changes
nothing, to the last bit.

Source: Zhang et al. 2018, mixup, equation 1, one mixing weight a batch as in its algorithm (mixup);
Bishop 1995, Training with noise is equivalent to Tikhonov regularization (noise); Iyyer et al.
2015, Deep unordered composition, section 3.1 (words dropped).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from textkaizen.nets.dropout import Folds, dropout_mask, folded
from textkaizen.nets.mlp import Bags
from textkaizen.train.losses import smoothed
from textkaizen.train.state import Extras

# What keys are folded with, so that each draw of a step has its own; layers take 0, 1, 2 ...
NOISE, DROP, MIX = 1_000_001, 1_000_002, 1_000_003


def noisy_bags(bags: Bags, extras: Extras, *, key: Array, folds: Folds = ()) -> Bags:
    """Drop some of the non-zeros and add noise to the others."""
    weights, shape = bags.weights, bags.weights.shape
    rate = jnp.asarray(extras.input_dropout)
    kept = dropout_mask(shape, rate, key=key, folds=(*folds, DROP))
    weights = weights * kept

    def noisy() -> Array:
        drawn = jax.random.normal(folded(key, (*folds, NOISE)), shape)
        return jnp.where(weights != 0, weights + extras.input_noise * drawn, 0.0)

    return bags._replace(weights=jax.lax.cond(extras.input_noise > 0, noisy, lambda: weights))


def mixing(extras: Extras, valid: Array, *, key: Array, folds: Folds = ()) -> tuple[Array, Array]:
    """Return the weight of each text's own part and the number of its partner, [texts].

    The weight is drawn once a batch from Beta(mixup, mixup); off it is 1.
    """
    alpha = jnp.asarray(extras.mixup)
    own = jax.lax.cond(
        alpha > 0,
        lambda: jax.random.beta(folded(key, (*folds, MIX)), alpha, alpha),
        lambda: jnp.ones(()),
    )
    number, count = jnp.arange(len(valid)), valid.sum().astype(jnp.int32)
    return own, jnp.where(number + 1 < count, number + 1, 0)


def mixed(values: Array, own: Array, partner: Array) -> Array:
    """Mix each row with its partner's; a weight of 1 leaves it as it is."""
    return jnp.where(own < 1, own * values + (1 - own) * values[partner], values)


def soft_targets(
    labels: Array, extras: Extras, own: Array, partner: Array, classes: int
) -> tuple[Array, Array]:
    """Return targets [texts, classes] and how much each text counts, [texts]."""
    targets = mixed(jax.nn.one_hot(labels, classes), own, partner)
    counts = (targets * extras.class_weights).sum(-1)
    return smoothed(targets, jnp.asarray(extras.label_smoothing)), counts
