"""The epochs of one training; each is under way on the device before it is asked for.

Between two epochs Python has its own work (logs, callbacks, the next order of rows), and the
device would wait for it. So as soon as an epoch and its judgement are dispatched, the next epoch
is dispatched, too, from what the variables hold then. That callbacks leave everything alone is a
guess, looked at when the epoch is asked for: the program must be the same one and every variable
must hold the very array that the guess began from. Otherwise what was guessed is dropped and the
epoch computed anew, so that nothing but time depends on guesses. Values are not consumed by a
program: variables still hold them when a guess is dropped.

Rejected: training and judgement as one program (callbacks change weights between the two, as
SwapEMAWeights does); to compare values instead of arrays (they would have to be fetched).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

from textkaizen.interop.keras_data import Table, told_to_fit
from textkaizen.interop.keras_programs import (
    Layout,
    Parts,
    Program,
    Values,
    lay_out,
    test_program,
    train_program,
)
from textkaizen.train.batches import Room

MISSES = 2  # after so many wrong guesses in a row no more are made; 0 makes none


@dataclass(frozen=True)
class Ready:
    """A table as programs take it.

    Args:
        table: its rows.
        parts: its arrays, on the device.
        batch_size: rows a step.
        room: for the bags of a sparse X; None gives each layout just what it needs.
    """

    table: Table
    parts: Parts
    batch_size: int
    room: Room | None

    @property
    def features(self) -> int:
        """Columns of a sparse X; 0 of a dense one."""
        return self.table.x.shape[1] if self.table.is_sparse else 0

    def laid_out(self, order: np.ndarray) -> Layout:
        """Return the rows in this order as batches."""
        return lay_out(self.table, self.batch_size, order, self.room)


def ready(rows: Table, batch_size: int, room: Room | None) -> Ready:
    """Return a table with its arrays on the device."""
    parts = Parts(None if rows.is_sparse else rows.x, rows.y, rows.weights)
    return Ready(rows, jax.device_put(parts), batch_size, room)


class _Guess(NamedTuple):
    """An epoch that nobody has asked for yet: what it was made from, and what comes out."""

    program: Program
    values: Values
    layout: Layout
    found: tuple[Values, dict[str, Any]]


@dataclass
class Epochs:
    """The epochs of one training, one after another; the model holds the state between them.

    Args:
        model: compiled and built.
        training: what is trained on.
        layouts: of its rows, one an epoch; no more are asked for than epochs are left.
        left: how many epochs are still to be trained, >= 0.
    """

    model: Any
    training: Ready
    layouts: Iterator[Layout]
    left: int
    _guess: _Guess | None = None
    _misses: int = 0
    _waiting: list[Layout] = field(default_factory=list)
    _latest: tuple[Program, tuple, Any] | None = None

    def __post_init__(self) -> None:
        self._lay_out_next()

    def train(self) -> dict[str, Any]:
        """Train the next epoch, if that was not guessed, and put its values into the variables.

        Returns:
            Its logs, on the device, which may still be computing them.

        Raises:
            UsageError: Keras can make nothing of the model and its data.
        """
        variables = variables_of(self.model)
        values = Values(*map(held, variables))
        guess, self._guess = self._guess, None
        layout = guess.layout if guess else self._waiting.pop()
        arguments = (values, self.training.parts, layout)
        with told_to_fit(self.model, self.training.table):
            program = train_program(self.model, self.training.features, *arguments)
        if guess and guess.program is program and _are_same(guess.values, values):
            self._misses = 0
            trained, logs = guess.found
        else:
            self._misses += guess is not None
            trained, logs = program.compute(*arguments)
        put(variables, trained)
        self.left -= 1
        self._latest = (program, variables, _shape(layout))
        self._lay_out_next()
        return logs

    def look_ahead(self) -> None:
        """Dispatch the next epoch from what the variables hold now.

        Nothing is dispatched where no epoch is left, where guesses were wrong too often, where the
        next epoch needs a program of another shape, or where a program does more than compute (it
        prints, say).
        """
        if not self.left or self._latest is None or self._misses >= MISSES:
            return
        program, variables, shape = self._latest
        if not program.is_pure or _shape(self._waiting[0]) != shape:
            return
        values, layout = Values(*map(held, variables)), self._waiting.pop()
        found = program.compute(values, self.training.parts, layout)
        self._guess = _Guess(program, values, layout, found)
        self._lay_out_next()

    def _lay_out_next(self) -> None:
        """Have one more layout waiting, if there is an epoch for it; the device computes on."""
        if not self._waiting and self.left > (self._guess is not None):
            self._waiting.append(next(self.layouts))


def judgement(model: Any, validation: Ready) -> Callable[[], dict[str, Any]]:
    """Return the function that judges the model as it is: its logs, on the device.

    Its program is compiled here already: data that do not fit are told before anything is trained.

    Raises:
        UsageError: Keras can make nothing of the model and these data.
    """
    layout = jax.device_put(validation.laid_out(np.arange(validation.table.rows)))

    def prepared() -> tuple[Program, tuple, tuple]:
        variables = variables_of(model)
        arguments = (Values(*map(held, variables)), validation.parts, layout)
        return test_program(model, validation.features, *arguments), variables, arguments

    def judge() -> dict[str, Any]:
        program, variables, arguments = prepared()
        others, metrics, logs = program.compute(*arguments)
        put((variables[1], variables[3]), (others, metrics))
        return logs

    with told_to_fit(model, validation.table):
        prepared()
    return judge


def variables_of(model: Any) -> tuple[list, list, list, list]:
    """Return all variables of a model, in the order of `Values`."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )


def held(variables: list) -> list:
    """Return the arrays that variables hold."""
    return [variable.value for variable in variables]


def put(variables: Any, values: Any) -> None:
    """Let groups of variables hold these groups of arrays."""
    for group, own in zip(variables, values, strict=True):
        for variable, value in zip(group, own, strict=True):
            variable.assign(value)


def _are_same(one: Values, other: Values) -> bool:
    """Say whether both are the very same arrays, not only equal ones."""
    pairs = zip(one, other, strict=True)
    return all(
        len(own) == len(theirs) and all(a is b for a, b in zip(own, theirs, strict=True))
        for own, theirs in pairs
    )


def _shape(layout: Layout) -> Any:
    return jax.tree.map(np.shape, layout)
