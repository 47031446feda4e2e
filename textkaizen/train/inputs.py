"""A recipe's knobs -> what a compiled epoch is made for, and the arrays it reads."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import partial
from typing import Any

import jax
import numpy as np

from textkaizen.nets.encoders.arrays import (
    first_arrays,
    first_embedding,
    pooled_units,
    statistics,
)
from textkaizen.nets.initialise import Distribution, first_weights
from textkaizen.nets.mlp import Choices, Layer, Moving
from textkaizen.recipe import (
    ACTIVATIONS,
    BATCH_NORMS,
    DROPOUT_KINDS,
    LOSSES,
    Knobs,
    Recipe,
    Shape,
    layerwise,
)
from textkaizen.train.batches import Room
from textkaizen.train.layouts import Shelf, digest
from textkaizen.train.lazy import TERMS, missed_tables, side_by_side
from textkaizen.train.losses import class_weights
from textkaizen.train.optimise import Optimiser, Rule
from textkaizen.train.penalties import Penalties
from textkaizen.train.schedules import learning_rates
from textkaizen.train.state import Extras, Inputs, Spec, State

# Lazy rows know what is left of a weight at the end of an epoch: e ** -75 after 150,000 steps of
# this, near the least that float32 holds.
LARGEST_SHRINK = 5e-4
READING = ("embedding_dropout", "recurrent_dropout", "pooled_dropout")  # as in `Inputs.reading`
RATES_LOOKED_AT = 1000  # the largest is among them: schedules begin, or end, or pass there


def is_penalised(knobs: Knobs) -> bool:
    """Whether any weight matrix has a penalty."""
    return any(any(layerwise(value, 1)) for value in (knobs.l1, knobs.l2, knobs.linf))


def needs_plain_path(knobs: Knobs) -> bool:
    """Whether every step changes every row of the table, so that rows cannot be lazy."""
    limited = knobs.max_norm < math.inf
    others = limited, knobs.average > 0
    return is_penalised(knobs) or any(others) or largest_shrink(knobs) > LARGEST_SHRINK


def largest_shrink(knobs: Knobs) -> float:
    """The largest share of a weight that decay takes at one step."""
    return knobs.weight_decay * float(learning_rates(knobs, RATES_LOOKED_AT).max())


def uses_extras(knobs: Knobs) -> bool:
    """Whether anything of `Extras`, or alpha dropout, is on."""
    shares = (knobs.label_smoothing, knobs.mixup, knobs.input_dropout, knobs.input_noise)
    others = (knobs.loss != "cross_entropy", knobs.class_weights != "none")
    alpha = knobs.dropout_kind == "alpha" and any(layerwise(knobs.dropout, 1))
    return any(shares) or any(others) or alpha or knobs.clip_norm < math.inf


def choice_numbers(recipe: Recipe) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the positions of each hidden layer's activation and batch norm."""
    hidden, knobs = len(recipe.shape.hidden), recipe.knobs
    return (
        tuple(ACTIVATIONS.index(name) for name in layerwise(knobs.activation, hidden)),
        tuple(BATCH_NORMS.index(name) for name in layerwise(knobs.batch_norm, hidden)),
    )


def specification(
    recipe: Recipe, classes: int, features: int, room: Room, lean: bool, extras: bool
) -> Spec:
    """Decide what to compile.

    Args:
        recipe: of the lane; its batch size is one of texts, not 0.
        classes, features: of the lane's program.
        room: of its program; `room.rows` is 0 on the plain path.
        lean: build in the choices; switch on them otherwise, and read all extras.
        extras: read them even when this recipe has none on.
    """
    knobs = recipe.knobs
    activation, batch_norm = choice_numbers(recipe)
    return Spec(
        features=features,
        widths=(*recipe.shape.hidden, classes),
        batch_size=recipe.shape.batch_size,
        room=room,
        activation=activation if lean else None,
        batch_norm=batch_norm if lean else None,
        extras=extras or not lean or uses_extras(knobs),
        penalised=is_penalised(knobs),
        limited=knobs.max_norm < math.inf,
        averaged=knobs.average > 0,
        adadelta=knobs.optimiser == "adadelta",
        nadam=knobs.optimiser == "nadam" and room.rows > 0,
        decays=knobs.weight_decay > 0,
        each_step=knobs.schedule == "range_test",
        encoder=recipe.shape if recipe.shape.reads_in_order else None,
        frozen=recipe.shape.word_vectors == "frozen",
    )


def fixed_inputs(recipe: Recipe, labels: np.ndarray, classes: int, seed: int) -> Inputs:
    """Return what stays the same in every epoch; rule, rates and tables are still empty."""
    knobs, layers = recipe.knobs, len(recipe.shape.hidden) + 1
    number: Any = np.float32  # NumPy's, since making an array of JAX' takes longer
    whole: Any = np.int32
    each = lambda value, count: np.array(layerwise(value, count), np.float32).reshape(count)
    activation, batch_norm = choice_numbers(recipe)
    choices = Choices(
        np.array(activation, np.int32),
        np.array(batch_norm, np.int32),
        number(knobs.slope),
        each(knobs.dropout, layers - 1),
        whole(DROPOUT_KINDS.index(knobs.dropout_kind)),
    )
    extras = Extras(
        whole(LOSSES.index(knobs.loss)),
        number(knobs.focal_gamma),
        number(knobs.label_smoothing),
        number(knobs.mixup),
        number(knobs.input_dropout),
        number(knobs.input_noise),
        number(knobs.clip_norm),
        class_weights(labels, classes, knobs.class_weights == "balanced"),
    )
    penalties = Penalties(*(each(part, layers) for part in (knobs.l1, knobs.l2, knobs.linf)))
    nothing: Any = ()
    limit = number(knobs.max_norm)
    key = mask_key(seed)
    reading = np.array([getattr(knobs, name) for name in READING], np.float32)
    more: dict[str, Any] = {"reading": reading} if recipe.shape.reads_in_order else {}
    return Inputs(choices, extras, nothing, nothing, nothing, penalties, limit, key, **more)


def epoch_inputs(
    fixed: Inputs, chosen: Optimiser, begin: int, room: Room, shelf: Shelf | None = None
) -> Inputs:
    """Return an epoch's inputs: what is fixed, its rates and its tables.

    Args:
        fixed: of the lane; with a rule, that rule is kept.
        chosen: the optimiser's numbers for the whole training.
        begin: its step that is the epoch's first.
        room: of the program.
        shelf: where rates and tables are kept for lanes with the same numbers, see
            `numbers_plan`; None makes them for oneself.
    """
    make = partial(_rates_and_tables, chosen, begin, room)
    if shelf is None:
        rates, tables = make()
    else:
        part = (begin, room.steps, room.rows > 0)
        rates, tables = shelf(part, lambda: jax.device_put(make()))
    return fixed._replace(rule=fixed.rule or rule_of(chosen), rates=rates, tables=tables)


def rule_of(chosen: Optimiser) -> Rule:
    """Return an optimiser's rule as a program reads it, in float32."""
    number: Any = np.float32
    return Rule(*(number(value) for value in chosen.rule))


def numbers_plan(chosen: Optimiser) -> Hashable:
    """Return what tells rates and tables of an optimiser from those of others."""
    return "numbers", digest(np.array(chosen.rule, np.float64), *chosen.rates)


def _rates_and_tables(chosen: Optimiser, begin: int, room: Room) -> tuple[np.ndarray, np.ndarray]:
    """Cut a part out of the rates, padded to the program's room, and make its tables."""
    rates = np.zeros((room.steps, len(chosen.rates)), np.float32)
    span = slice(begin, begin + room.steps)
    known = np.stack([rate[span] for rate in chosen.rates], 1)
    rates[: len(known)] = known
    tables = np.zeros((TERMS, 1), np.float32)
    if room.rows:
        tables = missed_tables(chosen, begin, room.steps).astype(np.float32)
        # Where nothing decays the logarithm of P is 0, and a program that knows does without.
        tables = tables if chosen.rates.shrink.any() else tables[:-1]
    return rates, tables


def mask_key(seed: int) -> jax.Array:
    """Make a key for what is random in steps; of a seed of any size (JAX takes in 32 bits).

    It is the one of `jax.random.key`, which would compile seven programs to make it.
    """
    number = np.random.SeedSequence([seed, 3]).generate_state(1)[0]
    words: Any = np.array([0, number], np.uint32)
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def first_state(
    recipe: Recipe,
    spec: Spec,
    sizes: tuple[int, int],
    seed: int,
    first_squares: float,
    first_rows: np.ndarray | None = None,
) -> State:
    """Draw the first weights; a table's rows beyond the features stay zero.

    Args:
        recipe, spec: of the lane.
        sizes: features of its bags, at most the table's rows; and numbers of its vectors.
        seed: decides the draw.
        first_squares: what the optimiser's v begins with.
        first_rows: float32 [features, embedding], what embeddings begin with; NaN is drawn.
    """
    generator = np.random.default_rng([seed, 2])
    knobs, layers, moving, inputs = recipe.knobs, [], [], 0
    names = layerwise(knobs.initialiser, len(spec.widths))
    how = [Distribution(name, knobs.initialiser_mean, knobs.initialiser_spread) for name in names]
    table, dense, arrays = _first_layer(spec, sizes, how[0], generator)
    if first_rows is not None:
        own = table[: sizes[0]]
        own[:] = np.where(np.isnan(first_rows), own, first_rows)
    for number, units in enumerate(spec.widths):
        kernel: Any = dense
        if number:
            kernel = first_weights(how[number], inputs, units, generator)
        zeros: Any = np.zeros(units, np.float32)
        ones: Any = np.ones(units, np.float32)
        layers.append(Layer(kernel, zeros, ones, zeros))
        moving.append(Moving(zeros, ones))
        inputs = units
    full = lambda tree, value: jax.tree.map(lambda part: np.full(part.shape, value, "f"), tree)
    trained = tuple(layers)
    tables: Any = (
        side_by_side(table, 0.0, first_squares)
        if spec.room.rows
        else (table, full(table, 0.0), full(table, first_squares))
    )
    m, v = full(trained, 0.0), full(trained, first_squares)
    average = full((table, trained, arrays), 0.0) if spec.averaged else ()
    encoder = (arrays, full(arrays, 0.0), full(arrays, first_squares)) if arrays else ()
    if spec.encoder is not None and not arrays:
        encoder = ({}, {}, {})
    begins = [*moving[:-1], *_first_statistics(spec.encoder)]
    drawn = State(tables, trained, m, v, tuple(begins), average, encoder)
    # Each is copied: the compiled epoch takes every array over. All at once is quickest.
    return jax.device_put(drawn, may_alias=False)


def _first_statistics(encoder: Shape | None) -> list[Moving]:
    """What moving statistics of an encoder's batch norm begin with."""
    sizes = list(statistics(encoder).values())[::2] if encoder is not None else []
    return [Moving(np.zeros(size, "f"), np.ones(size, "f")) for size in sizes]  # type: ignore[arg-type]


def _first_layer(
    spec: Spec, sizes: tuple[int, int], how: Distribution, generator: np.random.Generator
) -> tuple[Any, Any, dict[str, np.ndarray]]:
    """Draw the table, the first layer's kernel for what is dense, and an encoder's arrays."""
    (features, vectors), units = sizes, spec.widths[0]
    width = units if spec.encoder is None else spec.encoder.embedding
    table: Any = np.zeros((spec.features, width), np.float32)
    if spec.encoder is not None:
        table[:features] = first_embedding(features, spec.encoder, generator)
        arrays = first_arrays(spec.encoder, how, generator)
        inputs = pooled_units(spec.encoder) + vectors
        return table, first_weights(how, inputs, units, generator), arrays
    drawn = first_weights(how, features + vectors, units, generator)
    table[:features] = drawn[:features]
    return table, drawn[features:], {}
