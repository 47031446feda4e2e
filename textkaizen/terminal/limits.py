"""Minutes or rounds -> what a study is given: a budget whose clock now starts, and every core or a
GPU.

The command line and the façade take the same two limits and refuse the same; only how they write
the names of their options differs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from textkaizen.errors import UsageError
from textkaizen.files.compiled import compiled_folder
from textkaizen.files.lanes import LaneStore
from textkaizen.files.sentence_vectors import vector_store
from textkaizen.files.tokens import token_store
from textkaizen.study.budget import Budget
from textkaizen.study.course import Means, Progress
from textkaizen.train.programs import Programs
from textkaizen.workers.devices import AUTO, plan, require_device

DEFAULT_MINUTES = 5.0
MOST_MINUTES = 1e6


@dataclass(frozen=True)
class Limits:
    """How long a run may go on.

    Args:
        minutes: time to spend, > 0; DEFAULT_MINUTES when neither limit is given.
        rounds: rounds at most instead, >= 1, whatever time they take.
        device: where networks are trained, see `workers.devices`.
        dashes: what the caller writes before the name of an option: "--" on the command line.

    Raises:
        UsageError: both limits are given, one is out of its range, or the device is not there.
    """

    minutes: float | None = None
    rounds: int | None = None
    device: str = AUTO
    dashes: str = ""

    def __post_init__(self) -> None:
        minutes, rounds = self.dashes + "minutes", self.dashes + "rounds"
        if self.minutes is not None and self.rounds is not None:
            raise UsageError(
                f"Give {minutes} or {rounds}, not both: one is time, the other repeats."
            )
        if self.minutes is not None and not 0 < self.minutes < MOST_MINUTES:
            raise UsageError(f"{minutes} must be more than 0; found {self.minutes:g}.")
        if self.rounds is not None and not self.rounds >= 1:
            raise UsageError(f"{rounds} must be at least 1; found {self.rounds}.")
        require_device(self.device, self.dashes)

    @property
    def seconds(self) -> float | None:
        """The time there is; None when rounds limit.

        Example:
            >>> Limits().seconds, Limits(minutes=0.5).seconds, Limits(rounds=2).seconds
            (300.0, 30.0, None)
        """
        return None if self.rounds is not None else 60 * (self.minutes or DEFAULT_MINUTES)

    @property
    def asked(self) -> dict[str, Any]:
        """The limits as they are typed, for a run that may go on only with the same ones; with the
        device, if it is a GPU.

        Example:
            >>> Limits(rounds=2, dashes="--").asked
            {'--minutes': None, '--rounds': 2}
        """
        minutes = None if self.seconds is None else self.seconds / 60
        limits = {f"{self.dashes}minutes": minutes, f"{self.dashes}rounds": self.rounds}
        return limits | plan(self.device).asked

    def begin(
        self, progress: Callable[[Progress], Any] | None = None, store: LaneStore | None = None
    ) -> tuple[Budget, Means]:
        """Start the clock, and give a study what there is to work with.

        Args:
            progress: called with a `Progress` whenever something is begun or done.
            store: keeps finished lanes; None keeps nothing.

        Returns:
            The budget, whose clock tells the seconds from now on, after those that earlier parts of
            the run have used, threads for every core (or for lanes together on a GPU), programs
            that earlier runs have compiled, and what analysers and the encoder have said of texts.
        """
        started, how = time.monotonic(), plan(self.device)
        workers = how.threads()
        limits: dict[str, Any] = {"rounds": self.rounds, "seconds": self.seconds}
        budget = Budget(
            clock=lambda: time.monotonic() - started,
            cores=workers.count,
            **{name: limit for name, limit in limits.items() if limit is not None},
        )
        programs = Programs(compiled_folder(), **how._asdict())
        kept: dict[str, Any] = {"tokens": token_store(), "vectors": vector_store()}
        means = Means(workers, workers.stopping, programs, store=store, **kept)
        if store is not None:
            budget = replace(budget, clock=store.clock, recall=store.recall)
            store.programs = means.programs
        return budget, means if progress is None else replace(means, progress=progress)
