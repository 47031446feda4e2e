"""What a compiled epoch is made for, what it changes, what it reads, and what it tells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import Array

from textkaizen.nets.mlp import Choices, Layer, Moving
from textkaizen.recipe import Shape
from textkaizen.train.batches import Room
from textkaizen.train.optimise import Rule
from textkaizen.train.penalties import Penalties


class Spec(NamedTuple):
    """What a program is compiled for.

    Args:
        features: rows of the table, a rounded size.
        widths: units of each layer, the classes last.
        batch_size: texts a step.
        room: sizes of an epoch's arrays; `room.rows` is 0 on the plain path.
        activation, batch_norm: of each hidden layer, built in; switched on where None.
        extras: `Extras` are read, and alpha dropout; without, they must all be off.
        penalised: a penalty may be more than 0 (plain path).
        limited: max-norm may be finite (plain path).
        averaged: weights are averaged (plain path).
        adadelta: the optimiser's rule is Adadelta's.
        nadam: rows catch up as Nadam's do (lazy path).
        decays: weights decay.
        each_step: logs are kept step by step, not summed (a write a step).
        encoder: of a network that reads texts in order; the table then holds embeddings.
        frozen: the table stays as it is.
        vectors: numbers that stand beside each bag.
    """

    features: int
    widths: tuple[int, ...]
    batch_size: int
    room: Room
    activation: tuple[int, ...] | None
    batch_norm: tuple[int, ...] | None
    extras: bool = False
    penalised: bool = False
    limited: bool = False
    averaged: bool = False
    adadelta: bool = False
    nadam: bool = False
    decays: bool = False
    each_step: bool = False
    encoder: Shape | None = None
    frozen: bool = False
    vectors: int = 0


class State(NamedTuple):
    """What a step changes.

    Args:
        table: the first layer's weights and its optimiser's m and v: three arrays on the plain
            path, side by side in one on the lazy path, see `lazy.side_by_side`.
        layers, m, v: the same of all else.
        moving: statistics of batch norm.
        average: averaged table, layers and encoder where `Spec.averaged`, else empty.
        encoder: its arrays by name, and their m and v; empty of a network on bags.
        desk: where the rows of a step are laid out, within an epoch on the lazy path, else empty.
    """

    table: Any  # Rows on the plain path, one Array on the lazy path
    layers: tuple[Layer, ...]
    m: tuple[Layer, ...]
    v: tuple[Layer, ...]
    moving: tuple[Moving, ...]
    average: tuple = ()
    encoder: tuple = ()
    desk: Array | tuple = ()


class Extras(NamedTuple):
    """What only some recipes change about texts, targets, loss and gradient; scalars.

    Args:
        loss: position in `recipe.LOSSES`.
        focal_gamma, label_smoothing, mixup, input_dropout, input_noise, clip_norm: as the knobs.
        class_weights: [classes].
    """

    loss: Array | np.integer
    focal_gamma: Array | np.floating
    label_smoothing: Array | np.floating
    mixup: Array | np.floating
    input_dropout: Array | np.floating
    input_noise: Array | np.floating
    clip_norm: Array | np.floating
    class_weights: Array | np.ndarray


class Inputs(NamedTuple):
    """What a lane brings along besides its texts; read by every step of an epoch.

    Args:
        choices: activation, batch norm and kind of dropout as whole numbers, slope, rates.
        extras: see there.
        rule: the optimiser's constants.
        rates: float32 [steps, 6], a row of `Rates` for each step of this epoch.
        tables: float32 [.., steps + 1], for rows that catch up in this epoch, of `missed_tables`;
            one row more where weights decay.
        penalties: float32 [layers] each.
        max_norm: scalar.
        key, epoch: decide everything random in a step, with its number in the epoch.
        begin: number of the first step of these batches in the epoch.
        reading: float32 [3], what an encoder drops: of embeddings, of what is read again, of what
            it hands on.
    """

    choices: Choices
    extras: Extras
    rule: Rule
    rates: Array | np.ndarray
    tables: Array | np.ndarray
    penalties: Penalties
    max_norm: Array | np.floating
    key: Any = None
    epoch: Array | np.integer | int = 0
    begin: Array | np.integer | int = 0
    reading: Array | np.ndarray | tuple = ()


class Logs(NamedTuple):
    """Of one step: sums over its texts, and the penalty."""

    loss: Array
    correct: Array
    penalty: Array
