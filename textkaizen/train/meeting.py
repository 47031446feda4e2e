"""Threads that meet: when all of a group have handed in their part, one does the work of all.

Whoever has a seat is waited for, so a seat is taken only while parts are to come, one soon after
another. Groups do not wait for each other.

Rejected: a barrier (its parties are fixed; here they come and go), a thread of its own that does
the work (the last one to come has nothing else to do).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class _Part:
    """What a thread has handed in, and what has come of it."""

    value: Any
    is_done: bool = False
    result: Any = None
    failure: BaseException | None = None


@dataclass
class _Table:
    """A group's seats, and the parts that wait on it."""

    changed: threading.Condition
    seats: int = 0
    parts: list[_Part] = field(default_factory=list)

    def is_full(self) -> bool:
        """Whether nobody is still to come."""
        return bool(self.parts) and len(self.parts) >= self.seats


class Meeting:
    """Where threads bring parts of a work that costs less when it is done together.

    Args:
        work: (group, parts) -> a result for each part, in their order; called by one of the threads
            that have handed them in. What it raises, each of them raises.

    Example:
        >>> with Meeting(lambda group, parts: [2 * part for part in parts]).seat("a") as hand_in:
        ...     hand_in(21)
        42
    """

    def __init__(self, work: Callable[[Hashable, list[Any]], Sequence[Any]]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._tables: dict[Hashable, _Table] = {}

    @contextmanager
    def seat(self, group: Hashable) -> Iterator[Callable[[Any], Any]]:
        """Take a seat in a group; yield what hands in a part and returns its result."""
        with self._lock:
            table = self._tables.setdefault(group, _Table(threading.Condition(self._lock)))
            table.seats += 1
        try:
            yield lambda value: self._hand_in(group, table, value)
        finally:
            with self._lock:
                table.seats -= 1
                table.changed.notify_all()  # one of those who waited for this one does the work
                if not table.seats:
                    del self._tables[group]

    def _hand_in(self, group: Hashable, table: _Table, value: Any) -> Any:
        own, parts = _Part(value), []
        with self._lock:
            table.parts.append(own)
            try:
                table.changed.wait_for(lambda: own.is_done or table.is_full())
            except BaseException:  # Ctrl-C, where this is the thread it comes to
                if own in table.parts:
                    table.parts.remove(own)
                raise
            if not own.is_done:
                parts, table.parts = table.parts, []
        if parts:
            self._do(group, table, parts)
        if own.failure is not None:
            raise own.failure
        return own.result

    def _do(self, group: Hashable, table: _Table, parts: list[_Part]) -> None:
        """Do the work of these parts and tell whom they belong to."""
        results: Sequence[Any] = [None] * len(parts)
        failure: BaseException | None = None
        try:
            results = self._work(group, [part.value for part in parts])
        except BaseException as error:
            failure = error
        with self._lock:
            for part, result in zip(parts, results, strict=True):
                part.result, part.failure, part.is_done = result, failure, True
            table.changed.notify_all()
