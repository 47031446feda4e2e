"""An encoder in training: JAX' side of what `nets.encoders` leaves open, and what is drawn.

A recurrence reads its kernel at every word. The slope of that kernel is one matrix product over all
words at the end; differentiated as it stands, a loop would add up a matrix at every word, which
takes longer than all else in it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from textkaizen.nets.dropout import Folds, dropout_mask
from textkaizen.nets.encoders.arrays import pooled_units
from textkaizen.nets.encoders.operations import Draws, Operations
from textkaizen.nets.encoders.reading import read
from textkaizen.nets.encoders.recurrence import GATES, gru_cell, lstm_cell
from textkaizen.nets.mlp import Layer, Moving, batch_normalise, product
from textkaizen.recipe import Shape

# What keys are folded with, so that each draw of a step has its own; see also `augment`.
EMBEDDED, RECURRENT, POOLED = 1_000_011, 1_000_012, 1_000_013


def pooled_texts(
    shape: Shape,
    arrays: dict[str, Array],
    embedded: Array,
    mask: Array,
    rates: Array,
    moving: tuple[Moving, ...] = (),
    *,
    key: Array,
    folds: Folds = (),
) -> tuple[Array, tuple[Moving, ...]]:
    """Return one vector a text, [texts, pooled], with what training drops, and new statistics.

    Args:
        shape: static.
        arrays: of the encoder.
        embedded: [texts, words, embedding].
        mask: bool [texts, words].
        rates: [3], of embeddings, of what is read again, of what is handed on.
        moving: of each convolution that is normalised.
        key, folds: decide the draws.
    """
    updated = list(moving)

    def norm(layer: int, x: Array, mask: Array) -> Array:
        own = f"{shape.encoder}.{layer}"
        scale, shift = arrays[f"{own}.scale"], arrays[f"{own}.shift"]
        flat, there = x.reshape(-1, x.shape[-1]), mask.reshape(-1).astype(x.dtype)
        bare = Layer(scale[None], shift, scale, shift)
        found, updated[layer] = batch_normalise(flat, bare, moving[layer], there)
        return found.reshape(x.shape)

    texts = len(mask)

    def at(place: int, *more: int) -> Any:
        return {"key": key, "folds": (*folds, place, *more)}

    embedding = dropout_mask((texts, 1, shape.embedding), rates[0], **at(EMBEDDED))
    recurrent: tuple = ()
    if shape.encoder in GATES:
        own = (texts, shape.encoder_units)
        recurrent = tuple(
            tuple(
                dropout_mask(own, rates[1], **at(RECURRENT, layer, direction))
                for direction in range(shape.directions)
            )
            for layer in range(shape.encoder_layers)
        )
    pooled = dropout_mask((texts, pooled_units(shape)), rates[2], **at(POOLED))
    draws = Draws(embedding, recurrent, pooled)
    found = read(OPERATIONS, shape, arrays, embedded, mask, draws, norm)
    return found, tuple(updated)


def recurrence(
    cell: str, given: Array, mask: Array, again: tuple[Any, Any], draw: Any, backwards: bool
) -> tuple[Array, Array]:
    """Run a cell over the words; arguments and results as of `recurrence.run`.

    What the texts' own lengths hide is added up by JAX; see `_said` for the kernel.
    """
    kernel, bias = again
    texts, units = len(mask), kernel.shape[0]
    draw = jnp.ones((texts, units), given.dtype) if draw is None else draw
    bias = jnp.zeros(kernel.shape[1], given.dtype) if bias is None else bias
    along = given.swapaxes(0, 1), mask.T
    states, last = _run(cell, backwards, *along, kernel, bias, draw)
    return states.swapaxes(0, 1), last


def _step(cell: str, h: Array, c: Array, given: Array, alive: Array, said: Array):
    """One word: the new state and cell."""
    ops = OPERATIONS
    if cell == "lstm":
        new, new_c = lstm_cell(ops, given + said, c)
        c = jnp.where(alive, new_c, c)
    else:
        new = gru_cell(ops, given, said, h)
    return jnp.where(alive, new, h), c


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(
    cell: str, backwards: bool, given: Array, mask: Array, kernel: Array, bias: Array, draw: Array
) -> tuple[Array, Array]:
    """Return the states [words, texts, units], zero where no word is, and the last."""
    return _forward(cell, backwards, given, mask, kernel, bias, draw)[0]


def _forward(cell, backwards, given, mask, kernel, bias, draw):
    zeros = jnp.zeros(draw.shape, given.dtype)

    def one(carry, seen):
        (h, c), (own, there) = carry, seen
        said = (h * draw) @ kernel + bias
        new, new_c = _step(cell, h, c, own, there[:, None], said)
        return (new, new_c), (h, c, new)

    (last, _), (before, cells, states) = jax.lax.scan(
        one, (zeros, zeros), (given, mask), reverse=backwards
    )
    shown = jnp.where(mask[..., None], states, 0)
    return (shown, last), (given, mask, kernel, bias, draw, before, cells)


def _backward(cell, backwards, kept, slopes):
    given, mask, kernel, bias, draw, before, cells = kept
    of_states, of_last = slopes
    texts, units = draw.shape
    said = (before * draw).reshape(-1, units) @ kernel + bias
    said = said.reshape(*before.shape[:2], -1)
    transposed = kernel.T

    def one(carry, seen):
        (of_h, of_c), (own, there, h, c, told, of_state) = carry, seen
        step = lambda *values: _step(cell, *values)
        alive = there[:, None]
        _, pull = jax.vjp(lambda h, c, own, told: step(h, c, own, alive, told), h, c, own, told)
        of_h = of_h + jnp.where(alive, of_state, 0)
        of_before, of_c, of_given, of_said = pull((of_h, of_c))
        of_before = of_before + (of_said @ transposed) * draw
        return (of_before, of_c), (of_given, of_said)

    zeros = jnp.zeros((texts, units), given.dtype)
    _, (of_given, of_said) = jax.lax.scan(
        one,
        (of_last, zeros),
        (given, mask, before, cells, said, of_states),
        reverse=not backwards,
    )
    flat = of_said.reshape(-1, of_said.shape[-1])
    read_again = (before * draw).reshape(-1, units)
    of_kernel = jax.lax.optimization_barrier(read_again.T) @ flat
    # A mask has no slope, and what is drawn is not trained.
    return of_given, None, of_kernel, flat.sum(0), jnp.zeros_like(draw)


_run.defvjp(_forward, _backward)

OPERATIONS = Operations(jnp, product, recurrence)
