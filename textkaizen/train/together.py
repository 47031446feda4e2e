"""Several lanes in one program: `vmap` over lanes that make the same choices.

What lanes of a group share is passed unbatched: a choice that is switched on picks one branch for
all of them, and what is off for all (dropout, mixing, noise) is not drawn. Batched, every branch
would be computed for every lane. All else has a leading axis of lanes: state, batches, rates,
tables, numbers, keys. The number of steps is one for all, so that no lane waits inside a program.

There are programs for 1, 2, 4, 8 ... lanes; what is missing up to the next of these is filled with
nothing worth keeping. Lanes that have ended are simply not there any more.

Rejected: one step count for each lane (every step would then select between the old and the new
table), sizes that fit exactly (a program for each).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.train.batches import Batches
from textkaizen.train.state import Inputs, Spec, State

MOST_LANES = 16  # in one program
# Of the states of one program, which are there twice while they are stacked.
MOST_BYTES = 1 << 30


class Group(NamedTuple):
    """Lanes that can share a program.

    Args:
        spec: what it is compiled for; its room is where pieces of the group begin.
        choices: positions of activation, batch norm (of each hidden layer), kind of dropout and
            loss.
        drawn: whether dropout, mixup, input dropout and input noise are on.
    """

    spec: Spec
    choices: tuple
    drawn: tuple[bool, ...]


class Together(NamedTuple):
    """What a program for several lanes is compiled for.

    Args:
        group: of the lanes, with the room of their pieces.
        lanes: how many.
    """

    group: Group
    lanes: int


def group_of(spec: Spec, inputs: Inputs) -> Group:
    """Return the group of a lane.

    Args:
        spec: of the lane.
        inputs: of the lane, as NumPy's.
    """
    choices, extras = inputs.choices, inputs.extras
    numbers = lambda value: tuple(np.asarray(value).ravel().tolist())
    switched = choices.activation, choices.batch_norm, choices.dropout_kind, extras.loss
    rates = choices.dropout, extras.mixup, extras.input_dropout, extras.input_noise
    drawn = tuple(bool(np.any(np.asarray(rate) > 0)) for rate in rates)
    return Group(spec, tuple(map(numbers, switched)), drawn)


def padded(lanes: int) -> int:
    """Round a number of lanes up to one that there is a program for.

    Example:
        >>> [padded(lanes) for lanes in (1, 2, 3, 5, 16)]
        [1, 2, 4, 8, 16]
    """
    return 1 << (lanes - 1).bit_length()


def most_together(state: State) -> int:
    """How many lanes with a state of this size go into one program, 1 or more."""
    size = sum(part.nbytes for part in jax.tree.leaves(state))
    return 1 << min(MOST_LANES, max(MOST_BYTES // size, 1)).bit_length() - 1


def trained_together(
    epoch: Callable,
    group: Group,
    states: Sequence[State],
    inputs: Sequence[Inputs],
    batches: Sequence[Batches],
    count: Array,
) -> tuple[tuple[State, ...], tuple[Array, ...]]:
    """Train each lane on the first `count` of its batches; return their states and logs.

    Args:
        epoch: what one lane does, see `programs.epoch`.
        group: static.
        states, inputs, batches: of each lane.
        count: steps, the same for all.
    """
    first = inputs[0]

    def one(state: State, own: Inputs, batches: Batches) -> tuple[State, Array]:
        return epoch(group.spec, state, shared(group, own, first), batches, count)

    def stacked(each: Sequence) -> Any:
        return jax.tree.map(lambda *parts: jnp.stack(parts), *each)

    found, logs = jax.vmap(one)(stacked(states), stacked(inputs), stacked(batches))
    lanes = range(len(states))
    own = tuple(jax.tree.map(lambda part, lane=lane: part[lane], found) for lane in lanes)
    return own, tuple(logs[lane] for lane in lanes)


def shared(group: Group, own: Inputs, first: Inputs) -> Inputs:
    """Return a lane's inputs, with what its group shares from the first of the group."""
    dropout, *others = group.drawn
    off = zip(("mixup", "input_dropout", "input_noise"), others, strict=True)
    same = {"loss", *(name for name, is_on in off if not is_on)}
    extras = own.extras._replace(**{name: getattr(first.extras, name) for name in same})
    choices = first.choices._replace(slope=own.choices.slope)
    if dropout:
        choices = choices._replace(dropout=own.choices.dropout)
    return own._replace(choices=choices, extras=extras)


@jax.jit
def blank(state: State) -> State:
    """Return a state of the same form with nothing in it, for the place of a lane that is not."""
    return jax.tree.map(jnp.zeros_like, state)
