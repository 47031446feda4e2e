"""The few operations that NumPy and JAX do not share; NumPy's own are here, JAX' in `train`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Operations(NamedTuple):
    """What an encoder is computed with.

    Args:
        np: NumPy, or JAX' own.
        product: of two matrices.
        recurrence: runs a cell over the words, see `recurrence.run`.
    """

    np: Any
    product: Callable
    recurrence: Callable


class Draws(NamedTuple):
    """What is multiplied in training only; None is off.

    Args:
        embedding: [texts, 1, embedding], of every word alike.
        recurrent: of each layer and direction [texts, units].
        pooled: [texts, pooled].
    """

    embedding: Any = None
    recurrent: tuple = ()
    pooled: Any = None


def sigmoid(ops: Operations, x):
    """The logistic function, in the one form that both compute without overflow.

    Example:
        >>> import numpy as np
        >>> sigmoid(Operations(np, np.matmul, None), np.zeros(1))
        array([0.5])
    """
    return ops.np.tanh(x * 0.5) * 0.5 + 0.5


def over_words(ops: Operations, x, kernel):
    """Return the product of [texts, words, inputs] and [inputs, units]."""
    texts, words, inputs = x.shape
    return ops.product(x.reshape(texts * words, inputs), kernel).reshape(texts, words, -1)
