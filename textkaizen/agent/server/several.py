"""Several workers: processes that listen at one socket, and one that sees to it that they live.

Each worker is a server by itself. A signal is passed on to all; a worker that dies is replaced.

Rejected: uvicorn's supervisor (what it starts cannot be told by a value, only by the name of an
application, and its interface changes), forking (with threads running a child can hang).
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import Any

LOG = logging.getLogger("textkaizen.server")
LOOK_SECONDS = 0.2
PAUSE_SECONDS = 1.0  # before a worker that has died is replaced: it may die again at once


def oversee(
    target: Callable[..., Any],
    arguments: tuple,
    count: int,
    forget: Callable[[int], Any] = lambda _: None,
) -> bool:
    """Run a function in several processes until SIGTERM or SIGINT has ended them all.

    Args:
        target: of a module, so that it can be found by its name; returns at SIGTERM.
        arguments: of it; they can be sent to a process.
        count: of processes.
        forget: told the number of a process that has died and is replaced.

    Returns:
        Whether it was SIGINT, which Ctrl-C sends.
    """
    ended, hung_up, interrupted = threading.Event(), threading.Event(), threading.Event()
    signals = {signal.SIGTERM: [ended], signal.SIGINT: [interrupted, ended]}
    if hasattr(signal, "SIGHUP"):
        signals[signal.SIGHUP] = [hung_up]
    before = {
        number: signal.signal(number, lambda *_, events=events: [one.set() for one in events])
        for number, events in signals.items()
    }
    start = lambda: _started(target, arguments)
    workers = [start() for _ in range(count)]
    try:
        while not ended.wait(LOOK_SECONDS):
            if hung_up.is_set():
                hung_up.clear()
                _signal(workers, signal.SIGHUP)
            for place, worker in enumerate(workers):
                if not worker.is_alive() and not ended.wait(PAUSE_SECONDS):
                    LOG.error("A worker has ended with %s and is replaced.", worker.exitcode)
                    forget(worker.pid or 0)
                    workers[place] = start()
    finally:
        _signal(workers, signal.SIGTERM)
        for worker in workers:
            worker.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    return interrupted.is_set()


def end_with_parent() -> None:
    """End this process as SIGTERM does when the one that has started it is gone."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="textkaizen-parent", daemon=True).start()


def _started(target: Callable[..., Any], arguments: tuple) -> BaseProcess:
    worker = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    worker.start()
    return worker


def _signal(workers: list[BaseProcess], number: int) -> None:
    for worker in workers:
        if worker.is_alive() and worker.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, number)
