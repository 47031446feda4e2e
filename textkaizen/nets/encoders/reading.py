"""Embedded words -> one vector a text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from textkaizen.nets.constants import NORM_EPSILON
from textkaizen.nets.encoders import attention
from textkaizen.nets.encoders.convolution import convolve
from textkaizen.nets.encoders.operations import Draws, Operations
from textkaizen.nets.encoders.recurrence import GATES, recur
from textkaizen.recipe import Shape

NOTHING = Draws()
NORM = ("scale", "shift", "mean", "variance")


def read(
    ops: Operations,
    shape: Shape,
    arrays: dict[str, Any],
    embedded,
    mask,
    draws: Draws = NOTHING,
    norm: Callable | None = None,
):
    """Return one vector a text, [texts, `arrays.pooled_units`]; zero for a text without words.

    Args:
        ops: NumPy's or JAX'.
        shape: static.
        arrays: the encoder's, see `arrays.shapes`.
        embedded: [texts, words, embedding].
        mask: bool [texts, words], whether a word is there; those of a text come first.
        draws: of training.
        norm: (layer, x, mask) -> x by the batch's statistics, of training; None takes the moving
            ones among the arrays.
    """
    norm = norm or partial(_normalised, ops, shape, arrays)
    there = mask[..., None]
    if draws.embedding is not None:
        embedded = embedded * draws.embedding
    x, last = ops.np.where(there, embedded, np.float32(0)), None
    if shape.encoder == "transformer":
        x = x * np.float32(shape.embedding**0.5) + attention.positions(x.shape[1], x.shape[2])
    for layer in range(shape.encoder_layers if shape.encoder != "embedding" else 0):
        name = f"{shape.encoder}.{layer}"
        if shape.encoder == "cnn":
            x = convolve(ops, x, arrays, (shape.windows, shape.dilation), name)
            x = norm(layer, x, mask) if shape.encoder_norm else x
            x = ops.np.where(there, ops.np.maximum(x, 0), np.float32(0))
        elif shape.encoder in GATES:
            own = draws.recurrent[layer] if draws.recurrent else ()
            x, last = recur(ops, x, mask, arrays, (shape.encoder, shape.directions, name), own)
        else:
            x = attention.block(ops, x, mask, arrays, shape.heads, name)
    found = _pooled(ops, shape.pooling, x, mask, last, arrays)
    return found if draws.pooled is None else found * draws.pooled


def _normalised(ops: Operations, shape: Shape, arrays: dict[str, Any], layer: int, x, mask):
    """Normalise by moving statistics."""
    own = {kind: arrays[f"{shape.encoder}.{layer}.{kind}"] for kind in NORM}
    root = ops.np.sqrt(own["variance"] + np.float32(NORM_EPSILON))
    return (x - own["mean"]) * (own["scale"] / root) + own["shift"]


def _pooled(ops: Operations, pooling: str, x, mask, last, arrays: dict[str, Any]):
    there, zero = mask[..., None], np.float32(0)
    if pooling == "attention":
        return attention.pooled(ops, x, mask, arrays)
    if pooling == "mean":
        count = ops.np.maximum(mask.sum(1, keepdims=True), 1)
        return ops.np.where(there, x, zero).sum(1) / count.astype(x.dtype)
    if pooling == "last":
        if last is not None:
            return last
        word = ops.np.arange(mask.shape[1])
        is_last = there & (word == mask.sum(1, keepdims=True) - 1)[..., None]
        return ops.np.where(is_last, x, zero).sum(1)
    largest = ops.np.where(there, x, np.float32(attention.FAR)).max(1)
    return ops.np.where(mask.any(1, keepdims=True), largest, zero)
