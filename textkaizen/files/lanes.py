"""Every finished lane on disk, in one file of the output folder: what is killed goes on from there.

    lanes.sqlite
        asked       what the run was asked: the same goes on, anything else is refused
        lanes       recipe, seed and fold -> what the lane answered
        contenders  how the networks of the beginning and the end learnt
        files       the files of their models
        decisions   what the clock has decided: a run that goes on decides the same
        programs    digests of what was compiled, each counted once
        clock       seconds used, up to the last lane

A lane is durable when `keep` returns (SQLite writes a log ahead and syncs it at each commit), so
that `kill -9`, or the end of the power, loses what is in flight and nothing else. What is read is
checked by a hash. The file is locked while a run uses it, by SQLite's own lock, which ends with its
process.

Rejected: a file for each lane (thousands, and two syncs each), pickle (runs what it reads), a log
of our own (SQLite's has met more power cuts than we could think of).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from textkaizen.errors import ModelError, UsageError
from textkaizen.files.asked import differences, digest_of, hash_of
from textkaizen.files.database import FILE, NAMES, damaged, identity, opened, transaction
from textkaizen.files.models import NAMES as MODEL_NAMES
from textkaizen.files.models import load_model, save_model
from textkaizen.model import Model
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Answer, Other
from textkaizen.study.finale import Learnt
from textkaizen.study.result import Curve
from textkaizen.train.programs import Programs

LARGEST = 900_000_000  # bytes of a model's file; SQLite takes a thousand million


class LaneStore:
    """Keeps what lanes answer and finds it again; safe for threads, for one process at a time.

    Args:
        folder: there, and writable.
        asked: what the run was asked: names with plain values, see `asked`.

    Attributes:
        file: where all is kept.
        lanes: how many an earlier part of the run has left.
        programs: compiled epochs of the run, to be counted.
        failure: why nothing can be kept any more; None while it can.

    Raises:
        UsageError: the file is not one of ours, is damaged, is in use, or belongs to a run that was
            asked something else.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any]) -> None:
        self.file = folder / FILE
        self.failure: UsageError | None = None
        self.programs: Programs | None = None
        self._lock, self._began = threading.Lock(), time.monotonic()
        self._connection = opened(self.file)
        try:
            self._identity = identity(self.file)
            self.lanes = self._count("lanes")
            self._is_empty = not (self.lanes or self._count("contenders"))
            self._require_same(json.loads(json.dumps(asked)))
            self._spent = float((self._rows("SELECT seconds FROM clock") or [(0.0,)])[0][0])
            self._noted = {digest for (digest,) in self._rows("SELECT digest FROM programs")}
            kept = self._rows("SELECT name, value FROM decisions")
            self._decisions = {name: json.loads(value) for name, value in kept}
        except BaseException:
            self._connection.close()
            raise
        self._new_decisions: dict[str, Any] = {}

    def __enter__(self) -> LaneStore:
        return self

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        """Close the file; say why the run was ended if that was because it could not be kept."""
        self.close()
        if self.failure is not None and not isinstance(error, ModelError):
            raise self.failure from error

    def clock(self) -> float:
        """Seconds that all parts of the run have used; what was in flight when one was killed is
        not counted."""
        return self._spent + time.monotonic() - self._began

    @property
    def compilations(self) -> int:
        """Programs that the run has needed, those of its earlier parts included."""
        return len(self._noted | self._compiled())

    def find(self, trained: Recipe | Other, seed_number: int, fold: int) -> Answer | None:
        """Return what is kept of a lane.

        Raises:
            UsageError: the file is damaged.
        """
        found = self._rows(
            "SELECT predicted, probabilities, seconds, best_epoch, facts, hash FROM lanes "
            "WHERE trained = ? AND seed_number = ? AND fold = ?",
            (digest_of(trained), seed_number, fold),
        )
        if not found:
            return None
        *values, digest = found[0]
        if hash_of(*values) != digest:
            self._refuse_damaged("a lane is not as it was kept")
        predicted, probabilities, seconds, best_epoch, facts = values
        labels = np.frombuffer(predicted, "<i4").astype(np.int32)
        if probabilities is not None:
            probabilities = np.frombuffer(probabilities, "<f4").astype(np.float32)
            probabilities = probabilities.reshape(len(labels), -1)
        return Answer(labels, probabilities, seconds, best_epoch, json.loads(facts))

    def keep(self, trained: Recipe | Other, seed_number: int, fold: int, answer: Answer) -> None:
        """Keep what a lane answered; on return it is durable.

        Raises:
            KeyboardInterrupt: it cannot be kept; `failure` says why. A run then ends as by Ctrl-C,
                so that what is known is shown.
        """
        values = (
            np.ascontiguousarray(answer.predicted, "<i4").tobytes(),
            None
            if answer.probabilities is None
            else np.ascontiguousarray(answer.probabilities, "<f4").tobytes(),
            float(answer.seconds),
            int(answer.best_epoch),
            _json(answer.facts),
        )
        row = (digest_of(trained), seed_number, fold, *values, hash_of(*values))
        self._write(("INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [row]))

    def find_contender(self, name: str, recipe: Recipe) -> Learnt | None:
        """Return what is kept of a network or linear model that was trained on all texts.

        Raises:
            UsageError: the file is damaged.
        """
        key = (name, digest_of(recipe))
        found = self._rows(
            "SELECT learnt, hash FROM contenders WHERE name = ? AND trained = ?", key
        )
        if not found:
            return None
        learnt, digest = found[0]
        if hash_of(learnt) != digest:
            self._refuse_damaged("what a network has learnt is not as it was kept")
        files = self._rows(
            "SELECT name, content FROM files WHERE contender = ? AND trained = ?", key
        )
        try:
            model = _unpacked(dict(files))
        except ModelError as error:
            self._refuse_damaged("a model is not as it was kept", error)
        values = json.loads(learnt)
        if values["curve"] is not None:
            lists = {name: tuple(v) for name, v in values["curve"].items() if isinstance(v, list)}
            values["curve"] = Curve(**{**values["curve"], **lists})
        return Learnt(model, **values)

    def keep_contender(self, name: str, recipe: Recipe, learnt: Learnt) -> None:
        """Keep a model that was trained on all texts; one that has diverged, or is very large, is
        left out, and trained again.

        Raises:
            KeyboardInterrupt: as of `keep`.
        """
        files = _packed(learnt.model)
        if files is None:
            return
        key = (name, digest_of(recipe))
        curve = None if learnt.curve is None else asdict(learnt.curve)
        values = _json({"curve": curve, "seconds": learnt.seconds, "trial": learnt.trial})
        self._write(
            (
                "INSERT OR REPLACE INTO contenders VALUES (?, ?, ?, ?)",
                [(*key, values, hash_of(values))],
            ),
            (
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                [(*key, name, content) for name, content in files.items()],
            ),
        )

    def recall(self, name: str, decide: Callable[[], Any]) -> Any:
        """Return what an earlier part of the run has decided; else decide now and keep it.

        It is written with the next lane: a decision that no lane has followed may be made again.

        Args:
            name: says what is decided, once in a run.
            decide: returns plain values.
        """
        if name not in self._decisions:
            decision = decide()
            with self._lock:
                self._decisions[name] = self._new_decisions[name] = decision
        return self._decisions[name]

    def close(self) -> None:
        """Write what is left and let the file go; one without anything in it is removed."""
        if self._new_decisions and not self._is_empty and self.failure is None:
            with suppress(KeyboardInterrupt):
                self._write()
        with self._lock:
            empty = self._is_empty and self.failure is None
            self._connection.close()
            if empty:
                for name in NAMES:
                    self.file.with_name(name).unlink(missing_ok=True)

    def _write(self, *changes: tuple[str, list[tuple]]) -> None:
        """Write in one go, with what has been decided and compiled since."""
        with self._lock:
            try:
                if self.failure is None:
                    self._require_there()
                    compiled = self._compiled()  # once: other threads go on compiling
                    with transaction(self._connection) as run:
                        for statement, rows in (*changes, *self._besides(compiled)):
                            run.executemany(statement, rows)
                    self._noted |= compiled
                    self._new_decisions.clear()
                    self._is_empty = self._is_empty and not changes
                    return
            except (OSError, sqlite3.Error) as error:
                self.failure = UsageError(
                    "Finished lanes must be kept in a folder that can be written; "
                    f"{self.file} cannot: {getattr(error, 'strerror', None) or error}. What is "
                    "known was told. Make room there and give the same command again: it goes on "
                    "from the lanes that were kept; or name another folder by --out."
                )
        raise KeyboardInterrupt

    def _besides(self, compiled: set[str]) -> Iterator[tuple[str, list[tuple]]]:
        """What is written beside every lane; the lock is held."""
        decisions = [(name, _json(value)) for name, value in self._new_decisions.items()]
        yield "INSERT OR REPLACE INTO decisions VALUES (?, ?)", decisions
        programs = [(digest,) for digest in sorted(compiled - self._noted)]
        yield "INSERT OR IGNORE INTO programs VALUES (?)", programs
        yield "INSERT OR REPLACE INTO clock VALUES (1, ?)", [(self.clock(),)]

    def _compiled(self) -> set[str]:
        """Digests of what this process has compiled."""
        specifications = self.programs.specifications if self.programs is not None else ()
        return {hashlib.sha256(repr(spec).encode()).hexdigest() for spec in specifications}

    def _require_there(self) -> None:
        """Refuse to write into a file that nobody can find any more.

        Raises:
            OSError: the folder or the file was deleted, or another one stands in its place.
        """
        if identity(self.file) != self._identity:
            raise OSError(0, "another file stands in its place")

    def _require_same(self, asked: dict[str, Any]) -> None:
        """Refuse to go on from what was asked otherwise; an empty file is told what is asked."""
        before = {
            name: json.loads(value) for name, value in self._rows("SELECT name, value FROM asked")
        }
        if self._is_empty:
            self._begin(asked)
        elif changed := differences(before, asked):
            raise UsageError(
                f"A run goes on only where the same is asked; {self.file} has lanes of another "
                f"command. What differs: {changed}. Name another folder by --out, or delete that "
                "file to measure anew."
            )

    def _begin(self, asked: dict[str, Any]) -> None:
        """Write what is asked, and forget what a run without a finished lane has left."""
        rows = [(name, _json(value)) for name, value in asked.items()]
        try:
            with transaction(self._connection) as run:
                for table in ("asked", "decisions", "programs", "clock"):
                    run.execute(f"DELETE FROM {table}")
                run.executemany("INSERT INTO asked VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            self._refuse_damaged(str(error), error)

    def _count(self, table: str) -> int:
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def _rows(self, query: str, values: tuple = ()) -> list[tuple]:
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._refuse_damaged(str(error), error)

    def _refuse_damaged(self, found: str, cause: Exception | None = None) -> NoReturn:
        raise damaged(self.file, found) from cause


def _packed(model: Model) -> dict[str, bytes] | None:
    """Return the files of a model's folder; None for one that cannot be saved or is too large."""
    with tempfile.TemporaryDirectory() as beside:
        folder = Path(beside) / "model"
        try:
            save_model(model, folder)
        except ModelError:
            return None
        files = {name: (folder / name).read_bytes() for name in MODEL_NAMES}
    return files if max(map(len, files.values())) <= LARGEST else None


def _unpacked(files: Mapping[str, bytes]) -> Model:
    """Return the model of a folder's files.

    Raises:
        ModelError: they are not as they were saved.
    """
    with tempfile.TemporaryDirectory() as beside:
        for name, content in files.items():
            (Path(beside) / name).write_bytes(content)
        return load_model(beside)


def _json(values: Any) -> str:
    return json.dumps(values, default=lambda number: number.item())
