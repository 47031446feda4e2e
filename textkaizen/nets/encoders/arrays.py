"""Which arrays an encoder has, their shapes, and how they begin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from textkaizen.nets.encoders.recurrence import GATES
from textkaizen.nets.initialise import Distribution, first_weights
from textkaizen.recipe import Shape

EMBEDDING = "embedding"
EMBEDDING_SPREAD = 0.05  # Keras' own: uniform within it
WIDER = 2  # the dense layer inside a transformer block has so many times as many units


class Beginning(NamedTuple):
    """An array before training.

    Args:
        shape: of it.
        kind: "kernel" (drawn as the recipe says), "recurrent" (orthogonal, one gate beside the
            other), "zeros", "ones", or "lstm_bias" (the forget gate's are 1).
    """

    shape: tuple[int, ...]
    kind: str


def pooled_units(shape: Shape) -> int:
    """Return how many numbers an encoder hands on for each text; 0 of a bag.

    Example:
        >>> pooled_units(Shape(encoder="cnn", windows=(2, 3), encoder_units=10))
        20
    """
    if shape.encoder == "bag":
        return 0
    if shape.encoder == "cnn":
        return shape.encoder_units * len(shape.windows)
    if shape.encoder in GATES:
        return shape.encoder_units * shape.directions
    return shape.embedding


def beginnings(shape: Shape) -> dict[str, Beginning]:
    """Return an encoder's arrays by name, its embedding not among them."""
    found: dict[str, Beginning] = {}
    inputs = shape.embedding
    for layer in range(shape.encoder_layers if shape.encoder != "embedding" else 0):
        name = f"{shape.encoder}.{layer}"
        if shape.encoder == "cnn":
            found |= _convolution(name, inputs, shape)
        elif shape.encoder in GATES:
            found |= _recurrence(name, inputs, shape)
        elif shape.encoder == "transformer":
            found |= _block(name, inputs)
        inputs = pooled_units(shape)
    if shape.encoder != "bag" and shape.pooling == "attention":
        numbers = pooled_units(shape)
        found["pool.kernel"] = Beginning((numbers, numbers), "kernel")
        found["pool.bias"] = Beginning((numbers,), "zeros")
        found["pool.vector"] = Beginning((numbers, 1), "kernel")
    return found


def shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array that is trained, the embedding not among them."""
    found = {name: begins.shape for name, begins in beginnings(shape).items()}
    if "pool.vector" in found:
        found["pool.vector"] = found["pool.vector"][:1]
    return found


def statistics(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array that is no weight: moving means and variances, by layer."""
    layers = range(shape.encoder_layers if shape.encoder_norm else 0)
    kinds = ("mean", "variance")
    return {f"{shape.encoder}.{n}.{kind}": (pooled_units(shape),) for n in layers for kind in kinds}


def _convolution(name: str, inputs: int, shape: Shape) -> dict[str, Beginning]:
    found, filters = {}, shape.encoder_units
    for number, width in enumerate(shape.windows):
        found[f"{name}.{number}.kernel"] = Beginning((width * inputs, filters), "kernel")
        found[f"{name}.{number}.bias"] = Beginning((filters,), "zeros")
    if shape.encoder_norm:
        found[f"{name}.scale"] = Beginning((pooled_units(shape),), "ones")
        found[f"{name}.shift"] = Beginning((pooled_units(shape),), "zeros")
    return found


def _recurrence(name: str, inputs: int, shape: Shape) -> dict[str, Beginning]:
    found, units = {}, shape.encoder_units
    for direction in range(shape.directions):
        own, wide = f"{name}.{direction}", GATES[shape.encoder] * units
        found[f"{own}.kernel"] = Beginning((inputs, wide), "kernel")
        found[f"{own}.recurrent"] = Beginning((units, wide), "recurrent")
        bias = "lstm_bias" if shape.encoder == "lstm" else "zeros"
        found[f"{own}.bias"] = Beginning((wide,), bias)
        if shape.encoder == "gru":
            found[f"{own}.recurrent_bias"] = Beginning((wide,), "zeros")
    return found


def _block(name: str, numbers: int) -> dict[str, Beginning]:
    found = {}
    for norm in range(2):
        found[f"{name}.norm.{norm}.scale"] = Beginning((numbers,), "ones")
        found[f"{name}.norm.{norm}.shift"] = Beginning((numbers,), "zeros")
    square, wide = (numbers, numbers), WIDER * numbers
    parts = dict.fromkeys(("query", "key", "value", "output"), square)
    for part, size in {**parts, "wide": (numbers, wide), "narrow": (wide, numbers)}.items():
        found[f"{name}.{part}.kernel"] = Beginning(size, "kernel")
        found[f"{name}.{part}.bias"] = Beginning((size[1],), "zeros")
    return found


def first_arrays(
    shape: Shape, how: Distribution, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw an encoder's arrays, its embedding not among them, float32.

    Args:
        shape: of the network.
        how: kernels are drawn.
        generator: drawn from.

    Source: Saxe et al. 2014, section 3 (orthogonal); Jozefowicz et al. 2015, section 2.2 (forget
    bias of 1).
    """
    found = {}
    for name, (size, kind) in beginnings(shape).items():
        if kind == "kernel":
            found[name] = first_weights(how, size[0], size[1], generator)
        elif kind == "recurrent":
            # As Keras draws it: all gates at once.
            found[name] = first_weights("orthogonal", size[0], size[1], generator)
        else:
            found[name] = np.full(size, 1.0 if kind == "ones" else 0.0, np.float32)
        if kind == "lstm_bias":
            units = size[0] // 4
            found[name][units : 2 * units] = 1
    return {name: value.reshape(shapes(shape)[name]) for name, value in found.items()}


def first_embedding(words: int, shape: Shape, generator: np.random.Generator) -> np.ndarray:
    """Draw embeddings, float32 [words, embedding]."""
    how = Distribution("uniform", 0.0, EMBEDDING_SPREAD)
    return first_weights(how, words, shape.embedding, generator)
