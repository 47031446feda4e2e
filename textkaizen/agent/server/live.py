"""The model in use, and the one that takes its place.

A request takes the reference once and uses what it finds to its end, so no answer is made of two
models. A new model is loaded in a thread while the old one answers; then the reference is changed.
A model that cannot be loaded, or whose labels do not fit the replies, is told once and never used.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkaizen.agent.server.deciding import decide, decide_all
from textkaizen.agent.server.settings import Settings
from textkaizen.errors import TextkaizenError
from textkaizen.files.model_parts import HASH
from textkaizen.files.models import load_model
from textkaizen.files.replies import load_replies
from textkaizen.model import Model

PROBE, PROBES = "When does it open? 何時に開きますか", 5  # asked to see how long an answer takes


@dataclass(frozen=True, eq=False)
class Live:
    """A model in use.

    Args:
        model: any kind.
        hash: SHA-256 of its `model.json`, which covers all of it; hexadecimal.
        replies: label -> replies.
        seconds: what one short answer takes.
        since: when it was loaded, seconds since 1970 (UTC).
    """

    model: Model
    hash: str
    replies: Mapping[str, tuple[str, ...]]
    seconds: float
    since: float


class Holder:
    """Holds the model in use.

    Args:
        settings: names the folder and the replies.
        tell: told of each swap, and of each model that cannot be used.

    Attributes:
        live: the model in use.
        swaps, refused: how many models have taken its place, or could not.

    Raises:
        TextkaizenError: the model or the replies cannot be read.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], Any] = lambda _: None) -> None:
        self._settings, self._tell = settings, tell
        self._seen = _look(settings)
        self._told = ""
        self.live = load(settings)
        self.swaps = self.refused = 0

    def is_newer(self) -> bool:
        """Whether the files of the model or of the replies have changed since they were read."""
        return _look(self._settings) not in (self._seen, None)

    def swap(self) -> None:
        """Load what is there now and put it in the place of the model in use.

        While it cannot be loaded the old one stays, and `is_newer` stays true: a save may be under
        way, and has ended when it is asked again.
        """
        seen = _look(self._settings)
        try:
            live = load(self._settings)
        except TextkaizenError as error:
            self.refused += str(error) != self._told
            if str(error) != self._told:
                self._told = str(error)
                self._tell(f"The model in use stays. {error}")
            return
        self._seen, self._told = seen, ""
        if live.hash != self.live.hash or live.replies != self.live.replies:
            self.live = live
            self.swaps += 1
            self._tell(f"A new model is in use: {live.hash[:12]}.")

    async def watch(self, asked: asyncio.Event) -> None:
        """Swap whenever there is something new, or somebody asks for it, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.watch_seconds):
                    await asked.wait()
            try:
                if asked.is_set() or await asyncio.to_thread(self.is_newer):
                    asked.clear()
                    await asyncio.to_thread(self.swap)
            except Exception as error:  # whatever it is, later models must still be seen
                self._tell(f"The model in use stays; looking for a new one failed: {error!r}.")


def load(settings: Settings) -> Live:
    """Load the model and the replies, and see how long an answer takes.

    Raises:
        TextkaizenError: one of them cannot be read, or they do not fit each other.
    """
    # The hash is read before and after: a folder may be replaced between the two.
    while True:
        before = _hash(settings.model)
        model = load_model(settings.model)
        if before == _hash(settings.model):
            break
    replies = load_replies(settings.replies, model.labels) if settings.replies else {}
    decide_all(model, [PROBE, PROBE])  # what is made at the first answer is made here
    times = []
    for _ in range(PROBES):
        begun = time.perf_counter()
        decide(model, PROBE)
        times.append(time.perf_counter() - begun)
    return Live(model, before, replies, min(times), time.time())


def _hash(folder: Path) -> str:
    try:
        return (folder / HASH).read_text(encoding="ascii").split()[0]
    except (OSError, ValueError, IndexError):
        return ""  # `load_model` says what is wrong


def _look(settings: Settings) -> tuple | None:
    """Return what changes when the files do; None while one of them is missing."""
    try:
        seen = [(settings.model / HASH).stat()]
        if settings.replies is not None:
            seen.append(settings.replies.stat())
    except OSError:
        return None
    return tuple((one.st_dev, one.st_ino, one.st_mtime_ns, one.st_size) for one in seen)
