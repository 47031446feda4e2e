"""Early stopping as a pure update: state and value in, state out.

The semantics are those of Keras' EarlyStopping with `restore_best_weights`: a value is better when
it beats the best by more than `min_delta`; after `patience` epochs in a row that are not better,
training stops (patience 0 stops at the first such epoch, as patience 1 does). One thing differs:
a value that is not a number is never the best, not even the first (Keras would hold on to it, since
nothing is less than NaN, and restore the weights of a network that has diverged).

Source: Prechelt 1998, Early stopping, but when?; Keras' EarlyStopping for the rule.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Stopping(NamedTuple):
    """What early stopping remembers.

    Args:
        best: best value so far, infinity before the first number.
        best_epoch: its epoch, from 1; 0 before the first number.
        waited: epochs since then.
    """

    best: float = math.inf
    best_epoch: int = 0
    waited: int = 0


def update(state: Stopping, epoch: int, value: float, min_delta: float = 0.0) -> Stopping:
    """Take in an epoch's value, smaller is better (hand in minus the accuracy).

    Example:
        >>> state = update(update(Stopping(), 1, 0.5), 2, 0.6)
        >>> state.best_epoch, state.waited
        (1, 1)
    """
    first = state.best_epoch == 0 and not math.isnan(value)
    if first or value < state.best - min_delta:
        return Stopping(value, epoch, 0)
    return state._replace(waited=state.waited + 1)


def is_over(state: Stopping, patience: float) -> bool:
    """Say whether patience has run out; infinite patience never does."""
    return state.waited >= max(patience, 1)
