"""What was asked and answered, and the thumbs it was given, in one SQLite file.

    exchanges   each text with its answer
    thumbs      what people thought of an answer; the last word counts

A thumb is durable when `thumb` has been waited for, and so is the exchange it is about. Exchanges
alone are written together, a tenth of a second after the first at the latest, for a sync each would
make every answer wait for the disk: what the end of the power can take is that tenth of a second,
and what `kill -9` can. `close` writes all. Several processes may write to one file.

Only the owner may read the file, for it holds what people wrote.

Rejected: a write in the request (a sync takes longer than the answer), a log of lines (thumbs would
need a second one, and an index).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from textkaizen.errors import UsageError
from textkaizen.files.database import transaction

APPLICATION, FORMAT_VERSION = 0x746B7A63, 1  # "tkzc"
LOCK_SECONDS = 5.0  # that another process may take to write
TOGETHER_SECONDS = 0.1  # that exchanges wait for others
MOST_WAITING = 50_000  # exchanges that the disk may be behind; further ones are lost, and counted
TABLES = """
    CREATE TABLE exchanges (
        id TEXT PRIMARY KEY, at REAL NOT NULL, conversation TEXT, text TEXT NOT NULL, label TEXT,
        probability REAL NOT NULL, best TEXT NOT NULL, reply TEXT NOT NULL, model TEXT NOT NULL
    );
    CREATE TABLE thumbs (
        exchange TEXT PRIMARY KEY REFERENCES exchanges (id), at REAL NOT NULL, up INTEGER NOT NULL
    );
"""


class Exchange(NamedTuple):
    """A text and its answer.

    Args:
        id: of the answer, unique.
        at: seconds since 1970 (UTC).
        conversation: what the client calls it; None where it says nothing.
        text: what was written.
        label: the answer; None: it was not known.
        probability: of the most probable label, answered or not.
        best: the best labels with their probabilities, as JSON.
        reply: what was said.
        model: hash of the model.
    """

    id: str
    at: float
    conversation: str | None
    text: str
    label: str | None
    probability: float
    best: str
    reply: str
    model: str


class ConversationStore:
    """Keeps exchanges and thumbs; safe for threads, and for several processes at a time.

    Args:
        file: ours or new; its folder is there.
        tell: told why nothing could be written, in a thread of the store's own.

    Attributes:
        lost: exchanges that could not be written.

    Raises:
        UsageError: the file is not one of ours, is damaged, or cannot be written.
    """

    def __init__(self, file: Path, tell: Callable[[str], object] = lambda _: None) -> None:
        self.file, self.lost, self._tell = file, 0, tell
        self._connection = _opened(file)
        self._condition = threading.Condition()
        self._exchanges: list[Exchange] = []
        self._thumbs: list[tuple[str, bool, float, Future[bool]]] = []
        self._is_closing = False
        self._thread = threading.Thread(target=self._write_on, name="textkaizen-store", daemon=True)
        self._thread.start()

    def note(self, exchange: Exchange) -> None:
        """Have an exchange written; returns at once."""
        with self._condition:
            if len(self._exchanges) >= MOST_WAITING or self._is_closing:
                self.lost += 1
                return
            self._exchanges.append(exchange)
            if len(self._exchanges) == 1:
                self._condition.notify()

    def thumb(self, exchange: str, up: bool, at: float) -> Future[bool]:
        """Have a thumb written.

        Args:
            exchange: its id.
            up: or down.
            at: seconds since 1970 (UTC).

        Returns:
            True once it is on disk, False if there is no such exchange; a `sqlite3.Error` if it
            could not be written.
        """
        future: Future[bool] = Future()
        with self._condition:
            if self._is_closing:
                future.set_exception(sqlite3.OperationalError("the file is closed"))
                return future
            self._thumbs.append((exchange, up, at, future))
            self._condition.notify()
        return future

    @property
    def waiting(self) -> int:
        """Exchanges that are not on disk yet."""
        return len(self._exchanges)

    def close(self) -> None:
        """Write what there is and close the file."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
        self._thread.join()
        self._connection.close()

    def _write_on(self) -> None:
        while True:
            with self._condition:
                while not (self._exchanges or self._thumbs or self._is_closing):
                    self._condition.wait()
                ends = time.monotonic() + TOGETHER_SECONDS
                while not (self._thumbs or self._is_closing):
                    left = ends - time.monotonic()
                    if left <= 0 or not self._condition.wait(left):
                        break
                exchanges, self._exchanges = self._exchanges, []
                thumbs, self._thumbs = self._thumbs, []
                is_last = self._is_closing
            if exchanges or thumbs:
                self._write(exchanges, thumbs)
            if is_last:
                return

    def _write(
        self, exchanges: list[Exchange], thumbs: list[tuple[str, bool, float, Future[bool]]]
    ) -> None:
        # Who has given up waiting is not told.
        thumbs = [thumb for thumb in thumbs if thumb[-1].set_running_or_notify_cancel()]
        insert = (
            "INSERT OR REPLACE INTO thumbs "
            "SELECT id, ?, ? FROM exchanges WHERE id = ?"  # none where there is no such exchange
        )
        try:
            with transaction(self._connection) as run:
                run.executemany(
                    "INSERT OR IGNORE INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", exchanges
                )
                known = [
                    run.execute(insert, (at, int(up), name)).rowcount == 1
                    for name, up, at, _ in thumbs
                ]
        except (sqlite3.Error, ValueError) as error:  # ValueError: half a surrogate pair
            self.lost += len(exchanges)
            self._tell(
                f"Conversations must be written; {self.file} cannot be: {error}. "
                f"{len(exchanges)} of them are lost."
            )
            for *_, future in thumbs:
                future.set_exception(error)
            return
        for (*_, future), was_known in zip(thumbs, known, strict=True):
            future.set_result(was_known)


def _opened(file: Path) -> sqlite3.Connection:
    """Open a file of ours or a new one.

    Raises:
        UsageError: it is not ours, newer than this textkaizen, damaged, or cannot be written.
    """
    try:
        # Made before SQLite would, so that nobody else may read it at any time.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            file, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # Looked at before anything is changed: it may be somebody else's.
            with transaction(connection, "EXCLUSIVE"):
                if _is_new(connection, file):
                    for statement in TABLES.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id = {APPLICATION}")
                    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise _refused(file, getattr(error, "strerror", None) or str(error)) from error
    return connection


def _is_new(connection: sqlite3.Connection, file: Path) -> bool:
    number = lambda pragma: connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    application, version = number("application_id"), number("user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and (tables or application):
        raise _refused(file, "it is the database of another program")
    if version > FORMAT_VERSION:
        raise _refused(
            file, f"its format {version} is that of a newer textkaizen than this ({FORMAT_VERSION})"
        )
    return not tables


def _refused(file: Path, found: str) -> UsageError:
    return UsageError(
        f"Conversations are kept in a SQLite file of their own; {file} cannot be used: {found}. "
        "Name another file by --store, or keep nothing by --no-store."
    )
