"""One step of a network on bags: gather, loss, gradient, update; pure, for any recipe.

The first layer's table is treated apart from the rest. On the lazy path a step reads and writes
the batch's rows only; on the plain path it updates the whole table. What costs a program of its
own stands in `Spec`; everything else is an array.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.nets.mlp import Bags, Choices, Layer, Moving, bag_sums, training_logits
from textkaizen.train.batches import Batches, Room
from textkaizen.train.lazy import catch_up
from textkaizen.train.optimise import Rule, update


class Spec(NamedTuple):
    """What a program is compiled for.

    Args:
        features: rows of the table, a rounded size.
        widths: units of each layer, the classes last.
        batch_size: texts a step.
        room: sizes of an epoch's arrays; `room.rows` is 0 on the plain path.
        penalised: L1 or L2 may be more than 0 (needs the plain path).
        activation, batch_norm: built in where a number, switched on where None.
    """

    features: int
    widths: tuple[int, ...]
    batch_size: int
    room: Room
    penalised: bool
    activation: int | None
    batch_norm: int | None


class State(NamedTuple):
    """What a step changes; `m` and `v` are the optimiser's moments."""

    table: tuple[Array, Array, Array]
    layers: tuple[Layer, ...]
    m: tuple[Layer, ...]
    v: tuple[Layer, ...]
    moving: tuple[Moving, ...]


class Inputs(NamedTuple):
    """What a lane brings along besides its texts; read by every step of an epoch.

    Args:
        choices: activation and batch norm as whole numbers, slope and dropout.
        rule: the optimiser's constants.
        rates: float32 [steps, 2], `rate_m` and `rate_g` of each step of this epoch.
        tables: float32 [TERMS, steps + 1], for rows that catch up in this epoch.
        l1, l2: penalties on every weight matrix.
        key, epoch: decide the dropout masks.
    """

    choices: Choices
    rule: Rule
    rates: Array
    tables: Array
    l1: Array
    l2: Array
    key: Any = None
    epoch: Array | np.integer | int = 0


class Logs(NamedTuple):
    """Sums over the texts of an epoch, and the penalty summed over its steps."""

    loss: Array
    correct: Array
    penalty: Array


def penalty(kernels, l1: Array, l2: Array) -> Array:
    """Return l1 * sum(|w|) + l2 * sum(w ** 2) over all weight matrices, as Keras adds it."""
    absolute = sum(jnp.abs(kernel).sum() for kernel in kernels)
    squared = sum(jnp.square(kernel).sum() for kernel in kernels)
    return l1 * absolute + l2 * squared


def network_step(
    spec: Spec, state: State, last: Array, inputs: Inputs, batch: Batches, number: Array
) -> tuple[State, Array, Logs]:
    """Train on one batch.

    Args:
        spec: static.
        state, last: weights and, on the lazy path, the step after which each row is up to date.
        inputs: of the lane.
        batch: one batch of the epoch, without the first axis.
        number: of the step in the epoch, from 0.

    Returns:
        The new state and `last`, and the logs of this batch.
    """
    lazy = spec.room.rows > 0
    if lazy:
        weight, m, v = (part.at[batch.ids].get(mode="clip") for part in state.table)
        since = last.at[batch.ids].get(mode="clip")
        rows = catch_up((weight, m, v), since, number, inputs.rule, inputs.tables)
    else:
        rows = state.table
    bags = Bags(*(jnp.asarray(part) for part in (batch.places, batch.weights, batch.texts)))
    valid = jnp.asarray(batch.valid)
    key = jax.random.fold_in(jax.random.fold_in(inputs.key, inputs.epoch), number)

    def loss(trained: tuple[Array, tuple[Layer, ...]]):
        first, layers = trained
        sums = bag_sums(first, bags, spec.batch_size)
        logits, moving = training_logits(
            sums, layers, state.moving, _chosen(spec, inputs), valid, key=key
        )
        each = -jnp.take_along_axis(jax.nn.log_softmax(logits), batch.labels[:, None], 1)[:, 0]
        total = (each * valid).sum()
        correct = ((logits.argmax(1) == batch.labels) * valid).sum()
        extra = jnp.zeros(())
        if spec.penalised:
            kernels = [first, *(layer.kernel for layer in layers[1:])]
            extra = penalty(kernels, inputs.l1, inputs.l2)
        mean = total / jnp.maximum(valid.sum(), 1)
        return mean + extra, (moving, Logs(total, correct, extra))

    gradient, (moving, logs) = jax.grad(loss, has_aux=True)((rows[0], state.layers))
    rates = inputs.rates[number]
    table = update(*rows, gradient[0], inputs.rule, rates)
    layers, layers_m, layers_v = _update_layers(state, gradient[1], inputs.rule, rates)
    if lazy:
        pairs = zip(state.table, table, strict=True)
        weight, m, v = (_put(part, batch.ids, new) for part, new in pairs)
        table, last = (weight, m, v), _put(last, batch.ids, number + 1)
    return State(table, layers, layers_m, layers_v, moving), last, logs


def _put(part: Array, ids: Array | np.ndarray, new: Array) -> Array:
    """Write rows; padding has ids beyond the table and is dropped."""
    return part.at[ids].set(new, unique_indices=True, mode="drop")


def _chosen(spec: Spec, inputs: Inputs) -> Choices:
    """Replace what is built in by its Python number."""
    choices = inputs.choices
    if spec.activation is not None:
        choices = choices._replace(activation=spec.activation)
    if spec.batch_norm is not None:
        choices = choices._replace(batch_norm=spec.batch_norm)
    return choices


def _update_layers(state: State, gradient, rule: Rule, rates: Array):
    """Take one step for everything but the table."""
    weights, form = jax.tree.flatten(state.layers)
    leaves = zip(weights, *(jax.tree.leaves(t) for t in (state.m, state.v, gradient)), strict=True)
    moved = [update(weight, m, v, slope, rule, rates) for weight, m, v, slope in leaves]
    return tuple(jax.tree.unflatten(form, part) for part in zip(*moved, strict=True))
