"""The line that tells what is being tried, how many lanes are done, and the time left.

On a terminal one line that moves; elsewhere a line now and then, so that a log stays short. All on
standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from textkaizen.files.lanes import LaneStore
from textkaizen.study.budget import Budget
from textkaizen.study.course import Means, Progress
from textkaizen.terminal.limits import Limits

Show = Callable[[Progress], Any]
Close = Callable[[], Any]

LOG_EVERY_SECONDS = 20.0


@contextmanager
def progress_line(limits: Limits, store: LaneStore | None = None) -> Iterator[tuple[Budget, Means]]:
    """Give a study what there is to work with, and a progress line on standard error.

    Args:
        limits: of the work.
        store: keeps finished lanes; None keeps nothing.

    Yields:
        What `limits.begin` gives; the line is taken away at the end.
    """
    budget, means = limits.begin(store=store)
    line = Line(limits.seconds, budget.clock)
    show, close = (_live if sys.stderr.isatty() else _log)(line, budget.clock)
    try:
        yield budget, replace(means, progress=show)
    finally:
        close()


class Line:
    """Words what goes on.

    Args:
        seconds: the time there is; None when rounds limit. Then the time left is that of the
            round's lanes on this seed, guessed from those that are done.
        clock: seconds since the start.

    Example:
        >>> Line(300.0, lambda: 30.0).tell(Progress(1, "dropout 0.5", 7, 130))
        'round 1, seed 1: dropout 0.5; 7 of 130 lanes; 4 min 30 s left'
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sweep = (0, 0)
        self._begun = 0.0

    def tell(self, event: Progress) -> str:
        """Return the line for an event; events come in the order of time."""
        if (event.round, event.sweep) != self._sweep:
            self._sweep, self._begun = (event.round, event.sweep), self._clock()
        told = [event.trying]
        if event.planned:
            told = [f"round {event.round}, seed {event.sweep}: {event.trying}"]
            told.append(f"{event.done} of {event.planned} lanes")
        return "; ".join([*told, *self._left(event)])

    def _left(self, event: Progress) -> Iterator[str]:
        now = self._clock()
        if self._seconds is not None:
            left = self._seconds - now
            yield f"{_time(left)} left" if left >= 1 else "finishing"
        elif event.done:
            ahead = (now - self._begun) / event.done * (event.planned - event.done)
            yield f"about {_time(ahead)} left for this seed"


def _time(seconds: float) -> str:
    """Word a time in whole seconds.

    Example:
        >>> _time(41.8), _time(270.0)
        ('42 s', '4 min 30 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _live(line: Line, _clock: Callable[[], float]) -> tuple[Show, Close]:
    from rich.console import Console
    from rich.text import Text

    status = Console(stderr=True).status("reading")
    status.start()
    return lambda event: status.update(Text(line.tell(event))), status.stop


def _log(line: Line, clock: Callable[[], float]) -> tuple[Show, Close]:
    last = [-LOG_EVERY_SECONDS, -1.0]

    def show(event: Progress) -> None:
        told = line.tell(event)
        if clock() - last[0] >= LOG_EVERY_SECONDS or event.round != last[1]:
            last[:] = [clock(), event.round]
            print(told, file=sys.stderr, flush=True)

    return show, lambda: None
