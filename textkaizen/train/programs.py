"""Specification -> compiled epoch: each compiled once, however many lanes and threads ask.

An epoch is one call: a loop over its batches inside the compiled program, the state updated in
place. The number of batches is an argument, so folds of nearly the same size share a program
(`lax.scan` would fix it). Programs are asked to run on one thread each: lanes fill the cores, not
operations. XLA splits large reads all the same, so rows are read into an array already there
(`step`); other operations on very large arrays may still be split.

Lanes train one by one, each in its own thread, or together: then threads hand their pieces in and
wait for those of their group, and one program trains them all (`train.together`). The loop knows
nothing of it. Threads suit a CPU, where lanes fill the cores; together is for a GPU. What a lane
computes is the same but for rounding. A callback must not wait for another lane.

A folder, where one is given, keeps them for later processes: JAX' own cache, whose settings are the
process'. One that somebody has set up already is left as it is.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from os import PathLike, fspath
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.train.batches import Batches
from textkaizen.train.lazy import all_caught_up, desk_for, gap_table, last_read
from textkaizen.train.meeting import Meeting
from textkaizen.train.state import Inputs, Logs, Spec, State
from textkaizen.train.step import network_step
from textkaizen.train.together import (
    Group,
    Together,
    blank,
    most_together,
    padded,
    trained_together,
)

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

    gaps = None
    if spec.room.rows:
        gaps = gap_table(spec.room.steps, inputs.rule)
        state = state._replace(desk=desk_for(state.table, spec.room.rows))
    logs = jnp.zeros((spec.room.steps if spec.each_step else 1, len(Logs._fields)))
    state, logs = jax.lax.fori_loop(0, count, one, (state, logs))
    if spec.room.rows:
        table = state.table
        if not spec.frozen:
            last = last_read(spec.features, batches.ids)
            table = all_caught_up(table, last, count, inputs.rule, inputs.tables, gaps)
        state = state._replace(table=table, desk=())
    return state, logs


class Part(NamedTuple):
    """A piece of a lane to be trained on.

    Args:
        spec: of the lane, with the room of the piece.
        state, inputs, batches: of the lane.
        steps: how many of the batches.
    """

    spec: Spec
    state: State
    inputs: Inputs
    batches: Batches
    steps: np.integer


class Ran(NamedTuple):
    """What came of a piece.

    Args:
        state, logs: as of `epoch`.
        compile_seconds: spent compiling for it, or waiting for that.
    """

    state: State
    logs: Array
    compile_seconds: float


class Programs:
    """Compiled epochs by specification, safe to share between threads.

    Args:
        folder: keeps them for later processes; None keeps nothing. What cannot be read or written
            there is compiled, with a warning. Several processes may use it at once.
        device: where they run; None is JAX' own choice.
        together: train lanes that are at work at the same time in one program, where they make the
            same choices.

    Example:
        >>> Programs().compilations
        0
    """

    def __init__(
        self,
        folder: str | PathLike[str] | None = None,
        *,
        device: jax.Device | None = None,
        together: bool = False,
    ) -> None:
        self.device = device
        self._meeting = Meeting(self._train_group) if together else None
        if folder is not None and not getattr(jax.config, "jax_compilation_cache_dir", None):
            jax.config.update("jax_compilation_cache_dir", fspath(folder))
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        self._programs: dict[Hashable, Callable] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    @property
    def compilations(self) -> int:
        """How many programs were compiled, or read from the folder."""
        return len(self._programs)

    @property
    def specifications(self) -> tuple[Any, ...]:
        """What was compiled so far, in order: a `Spec` for one lane, `Together` for several."""
        return tuple(self._programs)

    @property
    def together(self) -> bool:
        """Whether lanes train in one program."""
        return self._meeting is not None

    def on_device(self) -> AbstractContextManager:
        """Make a context in which a thread's arrays and programs are the device's."""
        return nullcontext() if self.device is None else jax.default_device(self.device)

    @contextmanager
    def lane(self, group: Group) -> Iterator[Callable[[Part], Ran]]:
        """Take part with a lane of this group; yield what trains it on a piece."""
        if self._meeting is None:
            yield self._train
            return
        with self._meeting.seat(group) as hand_in:
            yield hand_in

    def epoch(self, spec: Spec, *arguments) -> Callable:
        """Return the compiled epoch of a specification; `arguments` show the shapes."""
        return self._program(spec, partial(_compiled, spec, arguments, self._options))

    @property
    def _options(self) -> dict[str, str | bool]:
        platform = jax.default_backend() if self.device is None else self.device.platform
        return ONE_THREAD if platform == "cpu" else {}

    def _program(self, key: Hashable, compiled: Callable[[], Callable]) -> Callable:
        """Return the program of a key, compiled by one of the threads that ask for it."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._programs:
                self._programs[key] = compiled()
        return self._programs[key]

    def _train(self, part: Part) -> Ran:
        """Begin to train on a piece, compiling if need be; return what will come of it."""
        spec, *arguments = part
        begun = time.perf_counter()
        program = self.epoch(spec, *arguments)
        compile_seconds = time.perf_counter() - begun
        state, logs = program(*arguments)
        return Ran(state, logs, compile_seconds)

    def _train_group(self, group: Hashable, parts: list[Part]) -> list[Ran]:
        """The same for pieces of a group, in as few programs as their sizes allow."""
        assert isinstance(group, Group)
        alike: dict[Hashable, list[int]] = defaultdict(list)
        for place, part in enumerate(parts):
            alike[part.spec, int(part.steps)].append(place)
        found: dict[int, Ran] = {}
        for places in alike.values():
            most = most_together(parts[places[0]].state)
            for begin in range(0, len(places), most):
                some = places[begin : begin + most]
                rans = self._train_some(group, [parts[place] for place in some])
                found.update(zip(some, rans, strict=True))
        compiled = sum(ran.compile_seconds for ran in found.values())
        return [found[place]._replace(compile_seconds=compiled) for place in range(len(parts))]

    def _train_some(self, group: Group, parts: Sequence[Part]) -> list[Ran]:
        """Train on pieces of one size in one program; only the first tells what compiling took."""
        if len(parts) == 1:
            return [self._train(parts[0])]
        first, lanes = parts[0], padded(len(parts))
        filled = [*parts, *[first] * (lanes - len(parts))]
        states = [part.state for part in parts]
        states += [blank(first.state) for _ in filled[len(parts) :]]
        arguments = (
            tuple(states),
            tuple(part.inputs for part in filled),
            tuple(part.batches for part in filled),
            first.steps,
        )
        key = Together(group._replace(spec=first.spec), lanes)
        begun = time.perf_counter()
        function = partial(trained_together, epoch, key.group)
        program = self._program(key, partial(_lowered, function, arguments, self._options))
        compile_seconds = time.perf_counter() - begun
        found = zip(*program(*arguments), strict=True)
        rans = [Ran(state, logs, 0.0) for state, logs in found]
        rans[0] = rans[0]._replace(compile_seconds=compile_seconds)
        return rans[: len(parts)]


def _compiled(spec: Spec, arguments: tuple, options: dict[str, str | bool]) -> Callable:
    jitted = jax.jit(epoch, static_argnums=0, donate_argnums=1)
    return jitted.lower(spec, *arguments).compile(compiler_options=options)


def _lowered(function: Callable, arguments: tuple, options: dict[str, str | bool]) -> Callable:
    jitted = jax.jit(function, donate_argnums=0)
    return jitted.lower(*arguments).compile(compiler_options=options)
