"""Losses as choices, in the order of `recipe.LOSSES`, the same for training and for judging.

Each is a function of logits and targets that returns one number for each text. Written for either
array module, so that a validation loss is what was trained for, without a compiled program.

Source: Goodfellow et al. 2016, section 6.2.2.3 (cross-entropy of a softmax); Hui & Belkin 2021,
Evaluation of neural architectures trained with square loss (squared error), here of the softmax as
Keras has it; Crammer & Singer 2001, equation 4, in the form of Keras' CategoricalHinge; Lin et al.
2017, equation 4 (focal), without the factor alpha.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.nets import plain
from textkaizen.nets.choices import choose
from textkaizen.recipe import LOSSES

LEAST = 1e-7  # what is left of an answer that is sure: powers below 1 have no slope at 0


def cross_entropy(logits: Any, targets: Any, gamma: Any, log_softmax: Any, xp: Any) -> Any:
    """Minus the log-probability of the target."""
    return -(targets * log_softmax(logits)).sum(-1)


def squared_error(logits: Any, targets: Any, gamma: Any, log_softmax: Any, xp: Any) -> Any:
    """Mean over the classes of the squared difference between probabilities and targets."""
    return xp.square(xp.exp(log_softmax(logits)) - targets).mean(-1)


def hinge(logits: Any, targets: Any, gamma: Any, log_softmax: Any, xp: Any) -> Any:
    """How far the target's logit is from being 1 above the largest other one (or above 0)."""
    right, wrong = (targets * logits).sum(-1), ((1 - targets) * logits).max(-1)
    return xp.maximum(wrong - right + 1, 0)


def focal(logits: Any, targets: Any, gamma: Any, log_softmax: Any, xp: Any) -> Any:
    """Cross-entropy times (1 - p) ** gamma: what is sure already counts less."""
    logs = log_softmax(logits)
    left = xp.maximum(1 - xp.exp(logs), LEAST)
    return -(targets * left**gamma * logs).sum(-1)


FUNCTIONS = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "hinge": hinge,
    "focal": focal,
}


def training_loss(
    loss: int | Array | np.integer, logits: Array, targets: Array, gamma: Array
) -> Array:
    """Return the loss of each text, [texts].

    Args:
        loss: position in `recipe.LOSSES`.
        logits, targets: [texts, classes]; the targets of a text add up to 1.
        gamma: of the focal loss, >= 0.
    """
    branches = [
        lambda x, t, g, own=FUNCTIONS[name]: own(x, t, g, jax.nn.log_softmax, jnp)
        for name in LOSSES
    ]
    return choose(loss, branches, logits, targets, gamma)


@jax.custom_vjp
def label_cross_entropy(logits: Array, labels: Array) -> Array:
    """The cross-entropy of targets that are one class each; its slope is written out.

    Differentiated by JAX it takes five operations more, each as long as one on so few numbers.

    Args:
        logits: [texts, classes].
        labels: int [texts].

    Example:
        >>> float(label_cross_entropy(jnp.zeros((1, 4)), jnp.array([2]))[0])
        1.3862943649291992
    """
    return _entropy_and_parts(logits, labels)[0]


def _entropy_and_parts(logits: Array, labels: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    shifted = logits - logits.max(1, keepdims=True)
    powers = jnp.exp(shifted)
    total = powers.sum(1)
    own = jnp.take_along_axis(shifted, labels[:, None], 1, mode="promise_in_bounds")[:, 0]
    return jnp.log(total) - own, (powers, total, labels)


def _entropy_slopes(parts: tuple[Array, Array, Array], slope: Array) -> tuple[Array, None]:
    powers, total, labels = parts
    own = labels[:, None] == jnp.arange(powers.shape[1])
    return powers * (slope / total)[:, None] - jnp.where(own, slope[:, None], 0.0), None


label_cross_entropy.defvjp(_entropy_and_parts, _entropy_slopes)


def validation_loss(loss: str, logits: np.ndarray, labels: np.ndarray, gamma: float) -> float:
    """Return the mean loss over texts, without smoothing, weights or penalties.

    Args:
        loss: one of `recipe.LOSSES`.
        logits: [texts, classes].
        labels: int [texts].
        gamma: of the focal loss.
    """
    targets = np.zeros_like(logits)
    targets[np.arange(len(labels)), labels] = 1
    return float(FUNCTIONS[loss](logits, targets, gamma, plain.log_softmax, np).mean())


def smoothed(targets: Array, share: Array) -> Array:
    """Give a share of each target to all classes alike.

    Source: Szegedy et al. 2016, Rethinking the inception architecture, section 7.
    """
    return targets * (1 - share) + share / targets.shape[-1]


def class_weights(labels: np.ndarray, classes: int, balanced: bool) -> np.ndarray:
    """Return how much a text of each class counts, float32 [classes]; all 1 when not balanced.

    Balanced, a class of n of the N texts counts N / (classes * n); one without texts counts 0.

    Source: King & Zeng 2001, Logistic regression in rare events data, section 4.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2, balanced=True)
        array([0.6666667, 2.       ], dtype=float32)
    """
    if not balanced:
        return np.ones(classes, np.float32)
    counts = np.bincount(labels, minlength=classes)
    weights = len(labels) / (classes * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0.0).astype(np.float32)
