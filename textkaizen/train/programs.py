"""Specification -> compiled epoch: each compiled once, however many lanes and threads ask.

An epoch is one call: a loop over its batches inside the compiled program, the state updated in
place. The number of batches is an argument, so folds of nearly the same size share a program
(`lax.scan` would fix it). Programs run on one thread each: lanes fill the cores, not operations.

A folder, where one is given, keeps them for later processes: JAX' own cache, whose settings are the
process'. One that somebody has set up already is left as it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from os import PathLike, fspath

import jax
import jax.numpy as jnp
from jax import Array

from textkaizen.train.batches import Batches
from textkaizen.train.lazy import catch_up, gap_table, last_read
from textkaizen.train.state import Inputs, Logs, Spec, State
from textkaizen.train.step import network_step

# One operation after another: handing these small ones to other threads takes longer than they do.
ONE_THREAD: dict[str, str | bool] = {
    "xla_cpu_multi_thread_eigen": False,
    "xla_cpu_enable_concurrency_optimized_scheduler": False,
}


def epoch(spec: Spec, state: State, inputs: Inputs, batches: Batches, count: Array):
    """Train on the first `count` batches; return the state and the logs: their sum, [1, 3], or one
    row a step, [steps, 3], where `Spec.each_step`.

    All rows of the table are up to date before and after.
    """

    def one(number: Array, carry):
        state, logs = carry
        batch = jax.tree.map(lambda part: part[number], batches)
        state, new = network_step(spec, state, inputs, batch, number, gaps)
        row = jnp.stack(new)
        return state, logs.at[number].set(row) if spec.each_step else logs + row

    gaps = gap_table(spec.room.steps, inputs.rule) if spec.room.rows else None
    logs = jnp.zeros((spec.room.steps if spec.each_step else 1, len(Logs._fields)))
    state, logs = jax.lax.fori_loop(0, count, one, (state, logs))
    if spec.room.rows:
        last = last_read(spec.features, batches.ids)
        table = catch_up(state.table, last, count, inputs.rule, inputs.tables, gaps)
        state = state._replace(table=table)
    return state, logs


class Programs:
    """Compiled epochs by specification, safe to share between threads.

    Args:
        folder: keeps them for later processes; None keeps nothing. What cannot be read or written
            there is compiled, with a warning. Several processes may use it at once.
        meanwhile: makes a context that a thread is in while it waits for what another compiles.

    Example:
        >>> Programs().compilations
        0
    """

    def __init__(
        self,
        folder: str | PathLike[str] | None = None,
        meanwhile: Callable[[], AbstractContextManager] = nullcontext,
    ) -> None:
        self._meanwhile = meanwhile
        if folder is not None and not getattr(jax.config, "jax_compilation_cache_dir", None):
            jax.config.update("jax_compilation_cache_dir", fspath(folder))
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        self._programs: dict[Spec, Callable] = {}
        self._locks: dict[Spec, threading.Lock] = {}
        self._lock = threading.Lock()

    @property
    def compilations(self) -> int:
        """How many programs were compiled, or read from the folder."""
        return len(self._programs)

    @property
    def specifications(self) -> tuple[Spec, ...]:
        """What was compiled so far, in order."""
        return tuple(self._programs)

    def epoch(self, spec: Spec, *arguments) -> Callable:
        """Return the compiled epoch of a specification; `arguments` show the shapes."""
        with self._lock:
            lock = self._locks.setdefault(spec, threading.Lock())
        while spec not in self._programs:
            if lock.acquire(blocking=False):
                with _released(lock):
                    if spec not in self._programs:
                        self._programs[spec] = _compiled(spec, arguments)
            else:
                with self._meanwhile(), lock:
                    pass  # it is there now, or whoever compiled it has failed
        return self._programs[spec]


@contextmanager
def _released(lock: threading.Lock) -> Iterator[None]:
    """Release a lock that is held, at the end."""
    try:
        yield
    finally:
        lock.release()


def _compiled(spec: Spec, arguments: tuple) -> Callable:
    jitted = jax.jit(epoch, static_argnums=0, donate_argnums=1)
    return jitted.lower(spec, *arguments).compile(compiler_options=ONE_THREAD)
