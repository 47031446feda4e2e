"""Calls in threads, a few ahead, their results in order.

NumPy and SciPy let other threads run while they sort, pick and copy, so threads fill the cores
without copies. Only as many calls wait as there are cores: what they hold is soon let go.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Result = TypeVar("Result")


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(calls: Iterable[Callable[[], Result]]) -> Iterator[Result]:
    """Yield what each call returns, in the order of the calls.

    The calls are taken from their stream in this thread; a single one is made here, too.
    """
    stream = iter(calls)
    head = list(islice(stream, 2))
    if len(head) < 2:
        yield from (call() for call in head)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(cores(), thread_name_prefix="textkaizen-text") as pool:
        try:
            for call in chain(head, stream):
                if len(waiting) > cores():
                    yield waiting.popleft().result()
                waiting.append(pool.submit(call))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
