"""What goes on inside a trained network on some texts: idle units, scales, gradients; in NumPy.

The network is the one that predicts (all units, moving statistics), so what is seen does not
depend on masks or batches. Gradients are those of cross-entropy whatever the network was trained
for, so that networks of different losses can be compared; without penalties.

Rejected: a compiled program (for some hundred texts its compilation costs more than it saves);
watching every epoch (a study has no time for it, and the end tells most).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.nets.constants import NORM_EPSILON, SELU_ALPHA, SELU_SCALE
from textkaizen.nets.encoders.plain import encoded
from textkaizen.nets.plain import Network, activate, first_sums, softmax
from textkaizen.recipe import layerwise

FLAT = 0.05  # share of its steepest slope below which an activation passes next to nothing back
BLOCK = 4096  # rows of a gradient's table at a time: 1 MB at 64 units


class Inside(NamedTuple):
    """What is seen of a network; each tuple has one number a layer, first to last.

    Args:
        logits: float32 [texts, classes].
        dead: of each hidden layer the share of its units that are flat for every text, 0 to 1.
        moving: the share of units that are not flat for a text, on the average, 0 to 1.
        scales: root mean square of what each hidden layer hands on, >= 0.
        directions: in how many directions each hidden layer's answers vary, 1 to its units; NaN
            where they do not vary.
        gradients: length of the gradient of each layer's weight matrix, the output's last.
    """

    logits: np.ndarray
    dead: tuple[float, ...]
    moving: tuple[float, ...]
    scales: tuple[float, ...]
    directions: tuple[float, ...]
    gradients: tuple[float, ...]


def look_inside(network: Network, bags: csr_matrix, labels: np.ndarray) -> Inside:
    """Run texts through a network and their errors back.

    A unit is flat for a text where its activation's slope is below 5 % of the steepest it can be:
    ReLU at zero, tanh and sigmoid at their ends, ELU and SELU far below zero.

    Args:
        network: of any depth.
        bags: [texts, features], one or more texts that it was trained on.
        labels: int [texts].

    Source: Glorot & Bengio 2010, Understanding the difficulty of training, sections 3 and 4
    (saturation, scales and gradients by layer); Maas et al. 2013, section 2 (units that die).
    """
    x, handed_on, passed_back, flats = first_sums(network, bags) + network.biases[0], [], [], []
    hidden = len(network.norms)
    activations = layerwise(network.activation, hidden)
    batch_norms = layerwise(network.batch_norm, hidden)
    for number, (scale, shift, mean, variance) in enumerate(network.norms):
        gain = scale / np.sqrt(variance + np.float32(NORM_EPSILON))
        if batch_norms[number] == "before":
            x = (x - mean) * gain + shift
        steepness = slopes(x, activations[number], network.slope)
        steepest = STEEPEST[activations[number]] or max(1.0, network.slope)
        flats.append(np.abs(steepness) < FLAT * steepest)
        x = activate(x, activations[number], network.slope)
        if batch_norms[number] == "after":
            x = (x - mean) * gain + shift
        handed_on.append(x)
        passed_back.append(steepness if batch_norms[number] == "none" else steepness * gain)
        x = x @ network.kernels[number + 1] + network.biases[number + 1]
    return Inside(
        logits=x,
        dead=tuple(float(flat.all(0).mean()) for flat in flats),
        moving=tuple(float(1 - flat.mean()) for flat in flats),
        scales=tuple(_length(each) / each.size**0.5 for each in handed_on),
        directions=tuple(directions(each) for each in handed_on),
        gradients=_gradients(network, bags, labels, x, handed_on, passed_back),
    )


# The steepest slope of each activation; None: leaky ReLU's depends on its knob.
STEEPEST = {
    "relu": 1.0,
    "leaky_relu": None,
    "elu": 1.0,
    "selu": SELU_ALPHA * SELU_SCALE,
    "tanh": 1.0,
    "linear": 1.0,
    "gelu": 1.12891,
    "sigmoid": 0.25,
}


def slopes(x: np.ndarray, activation: str, slope: float) -> np.ndarray:
    """Return the derivative of an activation of `recipe.ACTIVATIONS` at each value.

    Args:
        x: any shape.
        activation: its name.
        slope: of leaky ReLU below zero, >= 0.

    Example:
        >>> slopes(np.array([-1.0, 2.0]), "leaky_relu", 0.25)
        array([0.25, 1.  ])
    """
    below = np.exp(np.minimum(x, 0))
    if activation == "relu":
        return (x > 0).astype(x.dtype)
    if activation == "leaky_relu":
        return np.where(x >= 0, 1, slope).astype(x.dtype)
    if activation == "elu":
        return below
    if activation == "selu":
        return np.float32(SELU_SCALE) * np.where(x > 0, 1, np.float32(SELU_ALPHA) * below)
    if activation == "tanh":
        return 1 - np.square(np.tanh(x))
    if activation == "gelu":
        from scipy.special import ndtr

        return ndtr(x) + x * np.exp(-np.square(x) / 2) / np.float32(np.sqrt(2 * np.pi))
    if activation == "sigmoid":
        from scipy.special import expit

        return expit(x) * expit(-x)
    return np.ones_like(x)


def directions(answers: np.ndarray) -> float:
    """Return in how many directions a layer's answers vary: the participation ratio.

    Of d independent units with the same variance it is d; of copies of one unit it is 1.

    Args:
        answers: [texts, units].

    Returns:
        From 1 to the number of units; NaN where the answers are all the same.

    Example:
        >>> round(directions(np.array([[1.0, 1.0], [-1.0, -1.0]])), 6)
        1.0

    Source: Litwin-Kumar et al. 2017, Optimal degrees of synaptic connectivity, the dimension of a
    representation: the squared sum of the covariance's eigenvalues by the sum of their squares.
    """
    varying = answers - answers.mean(0)
    texts, units = varying.shape
    # Both products have the same eigenvalues but for zeros; their squares add up to its entries'.
    product = varying.T @ varying if units <= texts else varying @ varying.T
    total = _length(product)
    return float(np.trace(product)) ** 2 / total**2 if total else float("nan")


def _gradients(
    network: Network,
    bags: csr_matrix,
    labels: np.ndarray,
    logits: np.ndarray,
    handed_on: list[np.ndarray],
    passed_back: list[np.ndarray],
) -> tuple[float, ...]:
    """Return the length of each weight matrix' gradient of the mean cross-entropy."""
    errors, lengths = softmax(logits), []
    errors[np.arange(len(labels)), labels] -= 1
    errors /= len(labels)
    for number in range(len(handed_on), 0, -1):
        lengths.append(_length(handed_on[number - 1].T @ errors))
        errors = (errors @ network.kernels[number].T) * passed_back[number - 1]
    return (_first_length(network, bags, errors), *reversed(lengths))


def _first_length(network: Network, bags: csr_matrix, errors: np.ndarray) -> float:
    """The length of the first layer's gradient, some rows at a time: its table may be large."""
    if network.encoder is not None:
        return _length(encoded(network.encoder, bags).T @ errors)
    if hasattr(bags, "vectors"):
        beside = _length(bags.vectors.T @ errors)
        return float(np.hypot(_first_length(network, bags.bags, errors), beside))
    columns, found = bags.tocsc(), 0.0
    for begin in range(0, bags.shape[1], BLOCK):
        found += _length(columns[:, begin : begin + BLOCK].T @ errors) ** 2
    return found**0.5


def _length(values: np.ndarray) -> float:
    return float(np.linalg.norm(values))
