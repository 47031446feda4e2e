"""One step of a network on bags: gather, loss, gradient, update; pure, for any recipe.

The first layer's table is treated apart from the rest. On the lazy path a step reads and writes
the batch's rows only; on the plain path it updates the whole table. What costs a program of its
own stands in `Spec`; everything else is an array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from textkaizen.nets.mlp import Bags, Choices, Layer, Moving, bag_sums, product, training_logits
from textkaizen.recipe import BATCH_NORMS
from textkaizen.train.augment import mixed, mixing, noisy_bags, soft_targets
from textkaizen.train.batches import Batches
from textkaizen.train.encoding import pooled_texts
from textkaizen.train.lazy import Rows, catch_up, read_rows, write_rows
from textkaizen.train.losses import label_cross_entropy, training_loss
from textkaizen.train.optimise import Rates, update
from textkaizen.train.penalties import max_norm, penalty
from textkaizen.train.state import Inputs, Logs, Spec, State

# Rows of the table, all layers, and the arrays of an encoder (none of a network on bags).
Trained = tuple[Array, tuple[Layer, ...], dict[str, Array]]


def network_step(
    spec: Spec,
    state: State,
    inputs: Inputs,
    batch: Batches,
    number: Array,
    gaps: Array | None = None,
) -> tuple[State, Logs]:
    """Train on one batch.

    Args:
        spec: static.
        state: weights; on the lazy path each row is as it was when it was last read.
        inputs: of the lane.
        batch: one batch of the epoch, without the first axis.
        number: of the step in the epoch, from 0.
        gaps: of the lazy path, see `lazy.gap_table`; None works them out.

    Returns:
        The new state, and the logs of this batch.
    """
    lazy = spec.room.rows > 0
    rows, desk = state.table, state.desk
    if lazy and spec.frozen:  # nothing was missed
        rows, desk = read_rows(state.table, batch.ids, state.desk)
    elif lazy:
        rows, desk = _current_rows(state, inputs, batch, number, gaps)
    loss = _loss_of(spec, state, inputs, batch, number)
    arrays = state.encoder[0] if state.encoder else {}
    gradient, (moving, logs) = jax.grad(loss, has_aux=True)((rows[0], state.layers, arrays))
    if spec.extras:
        gradient = clipped(gradient, jnp.asarray(inputs.extras.clip_norm))
    rates = Rates(*inputs.rates[number])
    table: Any = rows
    if not spec.frozen:
        with jax.named_scope("update_table"):
            table = update(rows, gradient[0], inputs.rule, rates, spec.adadelta, spec.decays)
    with jax.named_scope("update_layers"):
        layers, layers_m, layers_v = _updated_layers(spec, state, gradient[1], inputs, rates)
        encoder = _updated_encoder(spec, state.encoder, gradient[2], inputs, rates)
    if spec.limited:
        if spec.encoder is None:
            table = (max_norm(table[0], inputs.max_norm), *table[1:])
        layers, encoder = _limited(layers, inputs), _limited_encoder(encoder, inputs)
    if lazy and spec.frozen:
        table = state.table
    elif lazy:
        with jax.named_scope("write_rows"):
            table = write_rows(state.table, batch.ids, table)
    average = state.average
    if spec.averaged:
        keep = rates.keep_average
        average = jax.tree.map(
            lambda old, new: keep * old + (1 - keep) * new,
            average,
            (table[0], layers, encoder[0] if encoder else {}),
        )
    return State(table, layers, layers_m, layers_v, moving, average, encoder, desk), logs


def clipped(gradient: Trained, limit: Array) -> Trained:
    """Shrink all gradients together to a length of at most `limit`; infinity is off.

    Source: Pascanu et al. 2013, On the difficulty of training recurrent networks, algorithm 1.
    """
    length = jnp.sqrt(sum(jnp.square(part).sum() for part in jax.tree.leaves(gradient)))
    scale = jnp.where(length > limit, limit / length, 1.0)
    return jax.tree.map(lambda part: part * scale, gradient)


def _current_rows(
    state: State, inputs: Inputs, batch: Batches, number: Array, gaps: Array | None
) -> tuple[Rows, Array | tuple]:
    """Read the batch's rows, brought up to the step before this one; return the desk, too."""
    with jax.named_scope("read_rows"):
        rows, desk = read_rows(state.table, batch.ids, state.desk)
    since = jnp.asarray(batch.since)
    with jax.named_scope("catch_up"):
        return catch_up(rows, since, number, inputs.rule, inputs.tables, gaps), desk


def _loss_of(spec: Spec, state: State, inputs: Inputs, batch: Batches, number: Array):
    """Return the loss of this batch as a function of what is trained."""
    valid, choices = jnp.asarray(batch.valid), _chosen(spec, inputs)
    random = {"key": inputs.key, "folds": (inputs.epoch, inputs.begin + number)}
    labels, classes = jnp.asarray(batch.labels), spec.widths[-1]
    bags = Bags(*(jnp.asarray(part) for part in (batch.places, batch.weights, batch.texts)))
    if spec.extras:
        bags = noisy_bags(bags, inputs.extras, **random)
        own, partner = mixing(inputs.extras, valid, **random)

    def loss(trained: Trained):
        first, layers, arrays = trained
        if spec.frozen:  # so that clipping does not count it either
            first = jax.lax.stop_gradient(first)
        trained = first, layers, arrays
        of_encoder = state.moving[len(spec.widths) - 1 :]
        sums, of_encoder = _first_sums(spec, inputs, (batch, bags), trained, of_encoder, random)
        if spec.extras:
            sums = mixed(sums, own, partner)
        logits, moving = training_logits(sums, layers, state.moving, choices, valid, **random)
        moving = (*moving, *of_encoder)
        if spec.extras:
            targets, counts = soft_targets(labels, inputs.extras, own, partner, classes)
            gamma = jnp.asarray(inputs.extras.focal_gamma)
            each = training_loss(inputs.extras.loss, logits, targets, gamma) * counts
        else:
            each = label_cross_entropy(logits, labels)
        total = (each * valid).sum()
        correct = (_first_largest(logits) == labels) @ valid
        extra = jnp.zeros(())
        if spec.penalised:
            extra = penalty(_penalised(spec, first, layers, arrays), inputs.penalties)
        mean = total / jnp.maximum(valid.sum(), 1)
        return mean + extra, (moving, Logs(total, correct, extra))

    return loss


def _first_sums(
    spec: Spec,
    inputs: Inputs,
    read: tuple[Batches, Bags],
    trained: Trained,
    moving: tuple[Moving, ...],
    random: dict[str, Any],
) -> tuple[Array, tuple[Moving, ...]]:
    """Return what the first layer makes of each text, its bias not added, [texts, units]; and the
    new statistics of an encoder's batch norm."""
    (batch, bags), (first, layers, arrays) = read, trained
    dense = jnp.asarray(batch.vectors)
    if spec.encoder is None:
        with jax.named_scope("bag_sums"):
            sums = bag_sums(first, bags, spec.batch_size)
        return (sums + product(dense, layers[0].kernel) if dense.shape[-1] else sums), ()
    with jax.named_scope("encoder"):
        shape = spec.batch_size, spec.room.length
        places = bags.places.astype(jnp.uint32)  # none is counted from the end
        rows = first.at[places].get(mode="promise_in_bounds") * bags.weights[:, None]
        mask = jnp.asarray(batch.weights).reshape(shape) > 0
        rates = jnp.asarray(inputs.reading)
        embedded = rows.reshape(*shape, -1)
        pooled, moving = pooled_texts(spec.encoder, arrays, embedded, mask, rates, moving, **random)
    return product(jnp.concatenate([pooled, dense], 1), layers[0].kernel), moving


def _penalised(
    spec: Spec, first: Array, layers: tuple[Layer, ...], arrays: dict[str, Array]
) -> list[tuple[Array, ...]]:
    """Return the weight matrices of each layer; embeddings are none, as in Keras."""
    own = (layers[0].kernel,) if layers[0].kernel.size else ()
    if spec.encoder is None:
        own = (first, *own)
    else:
        own = (*own, *(value for value in arrays.values() if value.ndim == 2))
    return [own, *((layer.kernel,) for layer in layers[1:])]


def _first_largest(logits: Array) -> Array:
    """The same as `argmax`, in two passes that a processor takes several classes at once in."""
    number = jnp.arange(logits.shape[1])
    is_largest = logits == logits.max(1, keepdims=True)
    return jnp.where(is_largest, number, logits.shape[1]).min(1)


def _chosen(spec: Spec, inputs: Inputs) -> Choices:
    """Replace what is built in by its Python numbers."""
    choices = inputs.choices
    if spec.activation is not None:
        choices = choices._replace(activation=spec.activation)
    if spec.batch_norm is not None:
        choices = choices._replace(batch_norm=spec.batch_norm)
    return choices if spec.extras else choices._replace(dropout_kind=0)


def _updated_layers(spec: Spec, state: State, gradient, inputs: Inputs, rates: Rates):
    """Take one step for everything but the table."""
    moved = [
        _updated_layer(own, _has_norm(spec, number), spec, inputs, rates)
        for number, own in enumerate(zip(state.layers, state.m, state.v, gradient, strict=True))
    ]
    return tuple(zip(*moved, strict=True))


def _updated_encoder(
    spec: Spec, encoder: tuple, gradient: dict[str, Array], inputs: Inputs, rates: Rates
) -> tuple:
    """Take one step for an encoder's arrays; none stays none."""
    if not encoder:
        return ()
    names = encoder[0].keys()
    moved = {
        name: update(
            tuple(part[name] for part in encoder),
            gradient[name],
            inputs.rule,
            rates,
            spec.adadelta,
            spec.decays,
        )
        for name in names
    }
    return tuple({name: moved[name][place] for name in names} for place in range(3))


def _updated_layer(own: Sequence[Layer], has_norm: bool, spec: Spec, inputs: Inputs, rates: Rates):
    """Take one step for a layer; a scale and a shift that nothing reads stay as they are.

    Args:
        own: its weights, m, v and gradient.
    """
    moved = [
        update((weight, m, v), slope, inputs.rule, rates, spec.adadelta, spec.decays)
        if has_norm or name in ("kernel", "bias")
        else (weight, m, v)
        for name, weight, m, v, slope in zip(Layer._fields, *own, strict=True)
    ]
    return tuple(Layer(*part) for part in zip(*moved, strict=True))


def _has_norm(spec: Spec, number: int) -> bool:
    """Whether a layer's scale and shift may be read."""
    if number == len(spec.widths) - 1:
        return False
    return spec.batch_norm is None or BATCH_NORMS[spec.batch_norm[number]] != "none"


def _limited(layers: tuple[Layer, ...], inputs: Inputs) -> tuple[Layer, ...]:
    """Keep the limit of max-norm in every weight matrix but the table."""
    return tuple(
        layer._replace(kernel=max_norm(layer.kernel, inputs.max_norm))
        if layer.kernel.size
        else layer
        for layer in layers
    )


def _limited_encoder(encoder: tuple, inputs: Inputs) -> tuple:
    """Keep the limit of max-norm in every weight matrix of an encoder; of none there is none."""
    if not encoder:
        return ()
    limited = lambda own: max_norm(own, inputs.max_norm) if own.ndim == 2 else own
    return ({name: limited(own) for name, own in encoder[0].items()}, *encoder[1:])
