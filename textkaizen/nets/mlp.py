"""A multi-layer network on bags of features, for training: first layer sparse, the rest dense.

A bag reaches the network flat: for every non-zero its place in the table of rows, its weight and
the number of its text in the batch. Every hidden layer has a batch-norm scale and shift and a
dropout mask even when both are off; "off" is a value, so one program serves many recipes.

`plain.py` holds the same network for prediction, in NumPy. Rejected: a layer object each with its
own state (the compiler sees one function, so should the reader).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.nets.activations import activate
from textkaizen.nets.choices import choose
from textkaizen.nets.constants import NORM_EPSILON, NORM_MOMENTUM
from textkaizen.nets.dropout import Folds, dropped


class Bags(NamedTuple):
    """A batch of texts, flat; padding has weight 0 and the last text's number.

    Args:
        places: int32 [entries], the row of the table each entry reads.
        weights: float32 [entries].
        texts: int32 [entries], ascending, the number of the text in the batch.
    """

    places: Array
    weights: Array
    texts: Array


class Layer(NamedTuple):
    """What is trained in a layer; the last layer's `scale` and `shift` are not used.

    Args:
        kernel: [inputs, units]; the first layer's is the table and kept apart.
        bias, scale, shift: [units].
    """

    kernel: Array
    bias: Array
    scale: Array
    shift: Array


class Moving(NamedTuple):
    """Moving mean and variance of a hidden layer's batch norm, [units] each."""

    mean: Array
    variance: Array


class Choices(NamedTuple):
    """What the network reads besides weights; whole numbers are Python ints where built in.

    Args:
        activation, batch_norm: of each hidden layer, positions in the recipe's lists.
        slope: of leaky ReLU.
        dropout: rate of each hidden layer.
        dropout_kind: position in `recipe.DROPOUT_KINDS`.
    """

    activation: tuple[int, ...] | Array | np.ndarray
    batch_norm: tuple[int, ...] | Array | np.ndarray
    slope: Array | np.floating
    dropout: Array | np.ndarray
    dropout_kind: int | Array | np.integer = 0


def bag_sums(rows: Array, bags: Bags, texts: int) -> Array:
    """Sum each text's rows by their weights: [texts, units]; only rows that occur are read."""
    places = jnp.asarray(bags.places).astype(jnp.uint32)  # none is counted from the end
    picked = jnp.asarray(rows).at[places].get(mode="promise_in_bounds") * bags.weights[:, None]
    return jax.ops.segment_sum(picked, bags.texts, texts, indices_are_sorted=True)


def training_logits(
    first_sums: Array,
    layers: tuple[Layer, ...],
    moving: tuple[Moving, ...],
    choices: Choices,
    valid: Array,
    *,
    key: Array,
    folds: Folds = (),
) -> tuple[Array, tuple[Moving, ...]]:
    """Return logits [texts, classes] and the new moving statistics of batch norm.

    Args:
        first_sums: [texts, units of the first layer], before its bias.
        layers: first to last.
        moving: of each hidden layer.
        valid: float [texts], 1 for a text, 0 for padding.
        key, folds: for the dropout masks, see `dropout.folded`; each layer folds its number in.
    """
    x, updated = first_sums, []
    for number, layer in enumerate(layers):
        x = (x if number == 0 else product(x, layer.kernel)) + layer.bias
        if number == len(layers) - 1:
            break
        x, statistics = _normalised_activation(x, layer, moving[number], choices, number, valid)
        rate = jnp.asarray(choices.dropout)[number]
        x = dropped(x, rate, choices.dropout_kind, key=key, folds=(*folds, number))
        updated.append(statistics)
    return x, tuple(updated)


@jax.custom_vjp
def product(x: Array, kernel: Array) -> Array:
    """Return `x @ kernel`; its slope in the kernel is that of a transposed x that is laid out.

    The compiler's own product of a transposed matrix takes five times as long on a CPU (22 instead
    of 5 microseconds for 32 texts, 32 units and 59 classes).
    """
    return x @ kernel


def _product_and_operands(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return x @ kernel, (x, kernel)


def _product_slopes(operands: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    x, kernel = operands
    return slope @ kernel.T, jax.lax.optimization_barrier(x.T) @ slope


product.defvjp(_product_and_operands, _product_slopes)


def batch_normalise(x: Array, layer: Layer, moving: Moving, valid: Array) -> tuple[Array, Moving]:
    """Normalise each unit over the valid texts of the batch; return new moving statistics too.

    Variance is the population's (divided by n), in the moving average as well, as in Keras.

    Source: Ioffe & Szegedy 2015, algorithm 1; momentum 0.99 and epsilon 1e-3 as in Keras.
    """
    count = jnp.maximum(valid.sum(), 1)
    weight = valid[:, None]
    mean = (x * weight).sum(0) / count
    variance = (jnp.square(x - mean) * weight).sum(0) / count
    normal = (x - mean) * jax.lax.rsqrt(variance + NORM_EPSILON) * layer.scale + layer.shift
    old = NORM_MOMENTUM
    return normal, Moving(
        old * moving.mean + (1 - old) * jax.lax.stop_gradient(mean),
        old * moving.variance + (1 - old) * jax.lax.stop_gradient(variance),
    )


def _normalised_activation(
    x: Array, layer: Layer, moving: Moving, choices: Choices, number: int, valid: Array
) -> tuple[Array, Moving]:
    """Activate, with batch norm off, before or after, in the order of `recipe.BATCH_NORMS`.

    `number` tells which hidden layer it is, from 0.
    """
    activation, batch_norm = (_own(part, number) for part in choices[:2])

    def act(values: Array) -> Array:
        return activate(values, activation, choices.slope)

    def off(values: Array):
        return act(values), moving

    def before(values: Array):
        normal, statistics = batch_normalise(values, layer, moving, valid)
        return act(normal), statistics

    def after(values: Array):
        return batch_normalise(act(values), layer, moving, valid)

    return choose(batch_norm, [off, before, after], x)


def _own(choice: tuple[int, ...] | Array | np.ndarray, number: int) -> int | Array:
    """A layer's own choice: a Python int where it is built in."""
    return choice[number] if isinstance(choice, tuple) else jnp.asarray(choice)[number]
