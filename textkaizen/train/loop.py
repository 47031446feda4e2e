"""The only training loop: epochs, logs, callbacks, early stopping.

It knows nothing of networks: an epoch is any function of a state, `judge` any function that turns
a state into validation logs, `keep` any function that copies a state's weights. Between epochs
Python is free, so that is where progress, callbacks and Ctrl-C have their place.

Rejected: a Trainer class with hooks (a list of functions does it).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from textkaizen.train.stopping import Stopping, is_over, update

Logs = dict[str, float]
Callback = Callable[[int, Logs], Any]


@dataclass(frozen=True)
class Course:
    """How long to train, and what to watch.

    Args:
        epochs: the most, >= 1.
        monitor: a name in the logs; ends in "accuracy" or "acc" where larger is better.
        min_delta, patience: of early stopping; infinite patience is off.
        callbacks: called one after another at the end of each epoch with its number (from 1) and
            its logs; one that returns True ends the training.
    """

    epochs: int
    monitor: str = "val_loss"
    min_delta: float = 0.0
    patience: float = math.inf
    callbacks: Sequence[Callback] = field(default_factory=tuple)


@dataclass
class Trained:
    """What the loop leaves.

    Args:
        weights: what `keep` returned for the best epoch (patience finite) or the last; the last,
            too, where no epoch had a number for the monitor.
        history: for each log one number an epoch.
        best_epoch: the epoch of `weights`, from 1.
        asked: whether a callback ended it.
    """

    weights: Any
    history: dict[str, list[float]]
    best_epoch: int
    asked: bool = False


def run(
    train_epoch: Callable[[Any, int], tuple[Any, Logs]],
    state: Any,
    course: Course,
    judge: Callable[[Any], Logs],
    keep: Callable[[Any], Any],
) -> Trained:
    """Train for at most `course.epochs` epochs.

    Args:
        train_epoch: (state, epoch from 1) -> new state and its training logs; may consume the
            old state.
        state: to begin with.
        course: see there.
        judge: state -> validation logs; empty when nothing is held back.
        keep: state -> a copy of what a model needs, that outlives the state.
    """
    stopping, kept = Stopping(), None
    history: dict[str, list[float]] = {}
    stops = course.patience < math.inf
    sign = -1.0 if course.monitor.endswith(("accuracy", "acc")) else 1.0
    epoch, asked = 0, False
    for epoch in range(1, course.epochs + 1):
        state, logs = train_epoch(state, epoch)
        logs = logs | judge(state)
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        if stops:
            stopping = update(stopping, epoch, sign * logs[course.monitor], course.min_delta)
            if stopping.best_epoch == epoch:
                kept = None  # before the next: two copies need not stand side by side
                kept = keep(state)
        # Each callback is called, even when one before it has asked to stop.
        answers = [callback(epoch, logs) is True for callback in course.callbacks]
        asked = any(answers)
        if asked or (stops and is_over(stopping, course.patience)):
            break
    if stopping.best_epoch:
        return Trained(kept, history, stopping.best_epoch, asked)
    return Trained(keep(state), history, epoch, asked)
