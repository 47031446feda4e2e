"""The line that tells what is being tried, how many lanes are done, and the time left.

On a terminal one line that moves; elsewhere a line now and then, so that a log stays short. All on
standard error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textkaizen.study.rounds import Means, Progress
from textkaizen.workers.threads import Threads

LOG_EVERY_SECONDS = 20.0


@contextmanager
def means_with_progress(
    seconds: float | None,
) -> Iterator[tuple[Means, Callable[[], float]]]:
    """Give a study threads and a progress line.

    Args:
        seconds: the time there is; None when rounds limit.

    Yields:
        The means, and a clock that tells the seconds since the start.
    """
    started = time.monotonic()
    workers = Threads()

    def clock() -> float:
        return time.monotonic() - started

    show, close = (_live if sys.stderr.isatty() else _log)(seconds, clock)
    try:
        yield Means(workers, workers.stopping, progress=show), clock
    finally:
        close()


def _told(event: Progress, seconds: float | None, clock: Callable[[], float]) -> str:
    where = f"round {event.round}" if event.round else "before the first round"
    lanes = f", {event.done} of {event.planned} lanes" if event.planned else ""
    spent = (
        f", {clock() / 60:.1f} of {seconds / 60:.1f} min"
        if seconds
        else (f", {clock() / 60:.1f} min")
    )
    return f"{where}: {event.trying}{lanes}{spent}"


def _live(seconds: float | None, clock: Callable[[], float]):
    from rich.console import Console

    status = Console(stderr=True).status("reading")
    status.start()
    return lambda event: status.update(_told(event, seconds, clock)), status.stop


def _log(seconds: float | None, clock: Callable[[], float]):
    last = [-LOG_EVERY_SECONDS, -1]

    def show(event: Progress) -> None:
        if clock() - last[0] >= LOG_EVERY_SECONDS or event.round != last[1]:
            last[:] = [clock(), event.round]
            print(_told(event, seconds, clock), file=sys.stderr, flush=True)

    return show, lambda: None
