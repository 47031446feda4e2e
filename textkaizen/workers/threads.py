"""Lanes in threads, one a core: compiled programs and NumPy let go of the interpreter.

A worker is a function `(function, items) -> iterator of results in the items' order`. Items are
taken from their iterator only when a thread is about to be free, so whoever makes them can look at
the clock. A lane that only waits for what another computes, such as a program that it compiles,
lends its core to the next lane meanwhile. On Ctrl-C the lanes in flight are told to stop at the end
of their epoch and the interruption is handed on; results already yielded are the caller's.

Rejected: processes (each would compile anew and copy the texts).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits


class Threads:
    """A worker that keeps every core busy.

    Args:
        count: lanes at work at once; by default one for each core this process may use. As many
            more may be waiting for what these compute.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or cores()
        self._stopped = threading.Event()
        self._cores = threading.Semaphore(self.count)
        self._changed = threading.Condition()  # a lane has ended, or waits
        self._waiting = 0
        self._own = threading.local()

    def stopping(self, *_epoch_and_logs) -> bool:
        """Callback for the training loop: True once an interruption was seen."""
        return self._stopped.is_set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Lend this lane's core to another one while the block waits; does nothing elsewhere."""
        with self._changed:
            lends = getattr(self._own, "has_core", False) and self._waiting < self.count
            self._waiting += lends
            self._changed.notify_all()
        if not lends:
            yield
            return
        self._cores.release()
        try:
            yield
        finally:
            self._cores.acquire()
            with self._changed:
                self._waiting -= 1

    def __call__(self, function: Callable, items: Iterable) -> Iterator:
        """Apply the function to each item; yield results in order, as they become ready."""
        try:
            with (
                threadpool_limits(limits=1, user_api="blas"),
                ThreadPoolExecutor(2 * self.count) as pool,
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
        """Keep one item more than cores in the pool; a slow first one does not hold up others."""
        lanes: deque[Future] = deque()

        def is_full() -> bool:
            return sum(not lane.done() for lane in lanes) - self._waiting > self.count

        for item in items:
            lanes.append(pool.submit(self._run, function, item))
            lanes[-1].add_done_callback(self._tell)
            yield from _done(lanes)
            while is_full():
                with self._changed:
                    self._changed.wait_for(lambda: not is_full())
                yield from _done(lanes)
        while lanes:
            yield lanes.popleft().result()

    def _run(self, function: Callable, item: Any) -> Any:
        """Apply the function when a core is free."""
        with self._cores:
            if self._stopped.is_set():
                return None  # nobody asks for it any more
            self._own.has_core = True
            try:
                return function(item)
            finally:
                self._own.has_core = False

    def _tell(self, _: Future) -> None:
        with self._changed:
            self._changed.notify_all()


def _done(lanes: deque[Future]) -> Iterator:
    """Yield results from the front as far as they are there."""
    while lanes and lanes[0].done():
        yield lanes.popleft().result()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
