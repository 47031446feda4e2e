"""Lanes in threads, one a core: compiled programs and NumPy let go of the interpreter.

A worker is a function `(function, items) -> iterator of results in the items' order`. Items are
taken from their iterator only when a thread is about to be free, so whoever makes them can look at
the clock. On Ctrl-C the lanes in flight are told to stop at the end of their epoch and the
interruption is handed on; results already yielded are the caller's.

Rejected: processes (each would compile anew and copy the texts).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from threadpoolctl import threadpool_limits


class Threads:
    """A worker that keeps every core busy.

    Args:
        count: threads; by default one for each core this process may use.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or cores()
        self._stopped = threading.Event()

    def stopping(self, *_epoch_and_logs) -> bool:
        """Callback for the training loop: True once an interruption was seen."""
        return self._stopped.is_set()

    def __call__(self, function: Callable, items: Iterable) -> Iterator:
        """Apply the function to each item; yield results in order, as they become ready."""
        try:
            with (
                threadpool_limits(limits=1, user_api="blas"),
                ThreadPoolExecutor(self.count) as pool,
            ):
                try:
                    yield from self._results(pool, function, items)
                except BaseException:
                    self._stopped.set()
                    pool.shutdown(wait=True, cancel_futures=True)
                    raise
        finally:
            # Only here have all lanes ended, even if the waiting itself was interrupted.
            self._stopped.clear()

    def _results(self, pool: ThreadPoolExecutor, function: Callable, items: Iterable) -> Iterator:
        """Keep one item more than threads in the pool; a slow first one does not hold up others."""
        waiting: deque[Future] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            yield from _done(waiting)
            while len(busy := [future for future in waiting if not future.done()]) > self.count:
                wait(busy, return_when=FIRST_COMPLETED)
                yield from _done(waiting)
        while waiting:
            yield waiting.popleft().result()


def _done(waiting: deque[Future]) -> Iterator:
    """Yield results from the front as far as they are there."""
    while waiting and waiting[0].done():
        yield waiting.popleft().result()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
