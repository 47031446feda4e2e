"""The network for prediction, in NumPy: no JAX is loaded to use a model, none for one text.

The same weights as `mlp.py`, with moving statistics instead of the batch's and no dropout; a test
holds the two together. Rejected: a compiled program for prediction (its start costs a second, and
for one short text a handful of NumPy calls is faster than a dispatch).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from textkaizen.nets.constants import NORM_EPSILON, SELU_ALPHA, SELU_SCALE
from textkaizen.nets.encoders.plain import Encoder, encoded, encoded_one
from textkaizen.recipe import layerwise

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Mask = tuple[np.ndarray, np.ndarray]  # a dropped x is x * factor + shift, [units] each


class Network(NamedTuple):
    """A trained network.

    Args:
        kernels: float32 [inputs, units] of each layer, first to last.
        biases: float32 [units] of each layer.
        norms: for each hidden layer scale, shift, moving mean and variance, float32 [4, units].
        activation, batch_norm, slope: as in the recipe (one for all, or one for each hidden layer).
        encoder: what reads texts in order; the first kernel then reads what it hands on. None of a
            network on bags.

    Of vectors that stand beside a bag, or beside what an encoder hands on, the first kernel has
    the last rows.
    """

    kernels: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    norms: tuple[np.ndarray, ...]
    activation: str | tuple[str, ...]
    batch_norm: str | tuple[str, ...]
    slope: float
    encoder: Encoder | None = None


def activate(x: np.ndarray, activation: str, slope: float) -> np.ndarray:
    """Apply an activation of `recipe.ACTIVATIONS` to each value."""
    if activation == "relu":
        return np.maximum(x, 0)
    if activation == "leaky_relu":
        return np.where(x >= 0, x, np.float32(slope) * x)
    if activation == "elu":
        return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    if activation == "selu":
        below = np.float32(SELU_ALPHA) * np.expm1(np.minimum(x, 0))
        return np.float32(SELU_SCALE) * np.where(x > 0, x, below)
    if activation == "tanh":
        return np.tanh(x)
    if activation == "gelu":
        from scipy.special import ndtr

        return x * ndtr(x)
    if activation == "sigmoid":
        from scipy.special import expit

        return expit(x)
    return x


def after_first(
    network: Network, first_sums: np.ndarray, masks: Sequence[Mask] | None = None
) -> np.ndarray:
    """Return logits [texts, classes] from the first layer's sums [texts, units], bias not added.

    Args:
        network: of any depth.
        first_sums: of the texts' bags.
        masks: of dropout, one for each hidden layer; None predicts with all units.
    """
    x, hidden = first_sums + network.biases[0], len(network.norms)
    activations = layerwise(network.activation, hidden)
    batch_norms = layerwise(network.batch_norm, hidden)
    for number, norm in enumerate(network.norms):
        if batch_norms[number] == "before":
            x = _normalise(x, norm)
        x = activate(x, activations[number], network.slope)
        if batch_norms[number] == "after":
            x = _normalise(x, norm)
        if masks is not None:
            factor, shift = masks[number]
            x = x * factor + shift
        x = x @ network.kernels[number + 1] + network.biases[number + 1]
    return x


def logits(network: Network, bags: csr_matrix) -> np.ndarray:
    """Return logits, float32 [texts, classes], of sparse bags [texts, inputs]."""
    return after_first(network, first_sums(network, bags))


def first_sums(network: Network, bags: Any) -> np.ndarray:
    """Return what the first layer makes of texts, its bias not added, [texts, units].

    Args:
        network: of any kind.
        bags: sparse [texts, inputs], with vectors beside them or without.
    """
    vectors = getattr(bags, "vectors", None)
    own, kernel = (bags if vectors is None else bags.bags), network.kernels[0]
    if network.encoder is None:
        sums = own @ kernel[: own.shape[1]]
    else:
        pooled = encoded(network.encoder, own)
        sums = pooled @ kernel[: pooled.shape[1]]
    return sums if vectors is None else sums + vectors @ kernel[-vectors.shape[1] :]


def first_sums_of_one(network: Network, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the same of one text, [1, units].

    Args:
        network: of any kind.
        features, weights: int32 and float32 [entries] of its bag, or its words in their order.
    """
    if network.encoder is None:
        return (weights @ network.kernels[0].take(features, 0))[None]
    return encoded_one(network.encoder, features) @ network.kernels[0]


def softmax(x: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities along the last axis.

    Example:
        >>> softmax(np.array([0.0, 0.0]))
        array([0.5, 0.5])
    """
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def log_softmax(x: np.ndarray) -> np.ndarray:
    """The logarithm of `softmax`, stable for large logits."""
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def _normalise(x: np.ndarray, norm: np.ndarray) -> np.ndarray:
    scale, shift, mean, variance = norm
    return (x - mean) * (scale / np.sqrt(variance + np.float32(NORM_EPSILON))) + shift
