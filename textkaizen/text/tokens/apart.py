"""Analysers that keep Python's lock, in processes of their own: as many as there are cores.

MeCab by fugashi and Sudachi let no other thread run, so two threads are no faster than one. A
process is this file's `serve` in a fresh interpreter: stretches go in and analyses come out through
pipes, a length and UTF-8 each. It is begun when there are texts enough, serves until this process
ends or its pipe does (a killed parent leaves none behind), and when it dies or cannot begin its
texts are analysed here: processes change how long it takes, never what is found.

Rejected: `multiprocessing` (forking with JAX' threads can hang; spawning runs the user's script
again), and threads.
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock, Semaphore
from typing import IO

from textkaizen.text.threads import cores, in_order
from textkaizen.text.tokens.analysis import Batch

ENOUGH = 200_000  # characters; fewer are analysed here, in about half a second
BATCH = 30_000  # characters sent at once
BETWEEN = "\x1e"  # stands in no readable text, being white space
LENGTH = struct.Struct("<I")
BEGIN = "import sys; sys.path[:] = {path!r}; from {module} import serve; serve({name!r})"


class Process:
    """One process that analyses with one analyser."""

    def __init__(self, name: str) -> None:
        begin = BEGIN.format(path=sys.path, module=__name__, name=name)
        self.process = subprocess.Popen(
            [sys.executable, "-c", begin],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def analyse(self, texts: Sequence[str]) -> list[str]:
        """Analyse readable texts.

        Raises:
            OSError: the process has died.
        """
        assert self.process.stdin
        assert self.process.stdout
        _send(self.process.stdin, BETWEEN.join(texts))
        answer = _receive(self.process.stdout)
        found = [] if answer is None else answer.split(BETWEEN)
        if len(found) != len(texts):
            raise BrokenPipeError
        return found

    def end(self, now: bool = False) -> None:
        """Let it end by closing its pipes, or end it now."""
        if now:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        self.process.wait()


class Processes:
    """Those of one analyser; each is used by one thread at a time."""

    def __init__(self, name: str) -> None:
        self.name, self.owner, self.lock = name, os.getpid(), Lock()
        self.places = Semaphore(cores())  # any number of threads may ask
        self.free: deque[Process] = deque()
        self.all: list[Process] = []

    def analyse(self, texts: Sequence[str]) -> list[str] | None:
        """Analyse texts in a free process or a new one; None if it does not do so."""
        with self.places:
            return self._analyse(texts)

    def _analyse(self, texts: Sequence[str]) -> list[str] | None:
        process = None
        try:
            process = self._take()
            found = process.analyse(texts)
        except (OSError, ValueError):  # ValueError: it has been ended
            if process:
                self._drop(process)
            return None
        except BaseException:  # what was asked has no reader any more
            if process:
                self._drop(process)
            raise
        self.free.append(process)
        return found

    def _take(self) -> Process:
        with self.lock:
            with suppress(IndexError):
                return self.free.popleft()
            self.all.append(Process(self.name))
            return self.all[-1]

    def _drop(self, process: Process) -> None:
        with self.lock:
            process.end(now=True)
            if process in self.all:
                self.all.remove(process)

    def end(self) -> None:
        """End all of them, if they are this process's own and not of one it was forked from."""
        if self.owner == os.getpid():
            for process in self.all:
                process.end()


_RUNNING: dict[str, Processes] = {}
_LOCK = Lock()


def processes_of(name: str) -> Processes:
    """The processes of an analyser."""
    with _LOCK:
        if name not in _RUNNING or _RUNNING[name].owner != os.getpid():
            if not _RUNNING:
                atexit.register(end_all)
            _RUNNING[name] = Processes(name)
        return _RUNNING[name]


def end_all() -> None:
    """End every process that was begun; the next text begins new ones."""
    with _LOCK:
        for processes in _RUNNING.values():
            processes.end()
        _RUNNING.clear()


def are_worth_it(texts: Sequence[str]) -> bool:
    """Whether there are texts enough, and cores."""
    able = bool(sys.executable) and not getattr(sys, "frozen", False)
    return able and cores() > 1 and sum(map(len, texts)) >= ENOUGH


def analyse_apart(name: str, texts: Sequence[str], here: Batch) -> list[str]:
    """Analyse readable stretches in processes, in their order.

    Args:
        name: of the analyser.
        texts: stretches.
        here: analyses in this process what others did not.
    """
    processes = processes_of(name)

    def one(batch: list[str]) -> list[str]:
        found = processes.analyse(batch)
        return list(here(batch)) if found is None else found

    calls = (partial(one, batch) for batch in _batches(texts))
    return [analysis for batch in in_order(calls) for analysis in batch]


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    left = BATCH
    for text in texts:
        batch.append(text)
        left -= len(text) + 1
        if left <= 0:
            yield batch
            batch, left = [], BATCH
    if batch:
        yield batch


def serve(name: str) -> None:
    """Analyse what comes in by standard input until it ends; run in a process of its own."""
    import signal

    from textkaizen.text.tokens.known import analyser

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and its end this one
    batch = analyser(name).make()
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    with suppress(BrokenPipeError):
        while (texts := _receive(incoming)) is not None:
            _send(outgoing, BETWEEN.join(batch(texts.split(BETWEEN))))


def _send(pipe: IO[bytes], text: str) -> None:
    data = text.encode()
    pipe.write(LENGTH.pack(len(data)) + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> str | None:
    """One message; None when the pipe has ended."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = pipe.read(size)
    return data.decode() if len(data) == size else None
