"""How much each feature of one bag moves a logit: integrated gradients, on the few first sums.

A text's way from nothing to its bag is a straight line, and so is that of its first sums: a feature
takes part by its row of the first kernel, times the mean slope of the logit along the line. That
slope is taken over STEPS pieces, all of them in one matrix product a layer, and in each piece an
activation's slope is that of its chord, (f(b) - f(a)) / (b - a), not of its tangent. Chords add up:
however few pieces there are, contributions sum to the logit's difference but for rounding; more
pieces only part it more finely among features. A network without hidden layer is exact as it is
(gradient times input), one with a single hidden layer as well, in one piece.

Rejected: tangents (near a kink of ReLU a thousand pieces still miss a thousandth), compiled
gradients (JAX takes a second to start).

Source: Sundararajan, Taly & Yan 2017, Axiomatic attribution for deep networks, section 3
(integrated gradients, completeness); Shrikumar, Greenside & Kundaje 2017, Learning important
features through propagating activation differences, section 3.5.1 (chords, the "rescale rule").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textkaizen.nets import plain
from textkaizen.nets.constants import NORM_EPSILON
from textkaizen.nets.plain import Network
from textkaizen.recipe import layerwise

STEPS = 64  # pieces of the line
FLAT = 1e-8  # a unit that moves less in a piece has the slope of its tangent


def contributions(
    networks: Sequence[Network], features: np.ndarray, weights: np.ndarray, direction: np.ndarray
) -> np.ndarray:
    """Return what each feature adds to a combination of logits, float64 [entries].

    Args:
        networks: one or more members; the mean of their logits is what is added to.
        features, weights: int32 and float32 [entries], a bag.
        direction: float64 [classes], the combination.

    Returns:
        Numbers whose sum is the combination at this bag minus that at the empty one.

    Example:
        >>> kernel = np.array([[1, 0], [3, 1]], np.float32)
        >>> linear = Network((kernel,), (np.zeros(2, np.float32),), (), "relu", "none", 0.0)
        >>> bag = np.array([0, 1], np.int32), np.array([0.5, 2], np.float32)
        >>> contributions([linear], *bag, np.array([1.0, 0.0])).tolist()
        [0.5, 6.0]
    """
    total = np.zeros(len(features))
    for network in networks:
        rows = network.kernels[0].take(features, 0)
        slopes = mean_slopes(network, weights @ rows, direction)
        total += weights * (rows @ slopes)
    return total / len(networks)


def difference(
    networks: Sequence[Network], features: np.ndarray, weights: np.ndarray, direction: np.ndarray
) -> tuple[float, float]:
    """Return the combination of logits at a bag and at the empty one, as the networks tell it.

    Args:
        networks, features, weights, direction: as of `contributions`.
    """
    found = np.zeros(2)
    for network in networks:
        sums = weights @ network.kernels[0].take(features, 0)
        found += plain.after_first(network, np.stack([sums, np.zeros_like(sums)])) @ direction
    there, empty = (found / len(networks)).tolist()
    return there, empty


def mean_slopes(
    network: Network, sums: np.ndarray, direction: np.ndarray, steps: int = STEPS
) -> np.ndarray:
    """Return how fast a combination of logits grows with each first sum, float64 [units].

    Args:
        network: of any depth.
        sums: [units], where the line from zero ends; the bias is not in them.
        direction: [classes], of the combination.
        steps: pieces of the line, >= 1.
    """
    slopes, kernels = _chords(network, sums, steps), network.kernels
    back = np.broadcast_to(np.asarray(direction, np.float64), (steps, len(direction)))
    for number in reversed(range(len(slopes))):
        back = (back @ kernels[number + 1].T.astype(np.float64)) * slopes[number]
    return back.mean(0)


def _chords(network: Network, sums: np.ndarray, steps: int) -> list[np.ndarray]:
    """Slopes of each hidden layer's output in its input, float64 [steps, units]."""
    hidden = len(network.norms)
    activations = layerwise(network.activation, hidden)
    batch_norms = layerwise(network.batch_norm, hidden)
    x = np.linspace(0, 1, steps + 1)[:, None] * sums.astype(np.float64) + network.biases[0]
    found = []
    for number, (scale, shift, mean, variance) in enumerate(network.norms):
        factor = scale / np.sqrt(variance.astype(np.float64) + NORM_EPSILON)
        if batch_norms[number] == "before":
            x = (x - mean) * factor + shift
        activated = plain.activate(x, activations[number], network.slope)
        slope = _chord(x, activated, activations[number], network.slope)
        x = activated
        if batch_norms[number] == "after":
            x = (x - mean) * factor + shift
        if batch_norms[number] != "none":
            slope = slope * factor
        found.append(slope)
        x = x @ network.kernels[number + 1].astype(np.float64) + network.biases[number + 1]
    return found


def _chord(x: np.ndarray, activated: np.ndarray, activation: str, leak: float) -> np.ndarray:
    """Slope of each chord along the first axis, of a tangent where a unit stands still."""
    moved = np.diff(x, axis=0)
    still = np.abs(moved) < FLAT * (1 + np.abs(x[1:]))
    slope = np.diff(activated, axis=0) / np.where(still, 1, moved)
    if still.any():
        width, middle = np.sqrt(FLAT), x[1:][still]
        ends = (plain.activate(middle + side, activation, leak) for side in (width, -width))
        slope[still] = np.subtract(*ends) / (2 * width)
    return slope
