"""The file that lanes are kept in: opened, locked, known to be ours, and written all or nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textkaizen.errors import UsageError

FILE = "lanes.sqlite"
NAMES = (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal")  # the others are SQLite's own
APPLICATION, FORMAT_VERSION = 0x746B7A6E, 1  # "tkzn"
PATIENCE_SECONDS = 0.5  # for a lock that another process is about to give back
TABLES = """
    CREATE TABLE asked (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE lanes (
        trained TEXT, seed_number INTEGER, fold INTEGER, predicted BLOB NOT NULL,
        probabilities BLOB, seconds REAL, best_epoch INTEGER, facts TEXT, hash TEXT,
        PRIMARY KEY (trained, seed_number, fold)
    );
    CREATE TABLE contenders (
        name TEXT, trained TEXT, learnt TEXT, hash TEXT, PRIMARY KEY (name, trained)
    );
    CREATE TABLE files (
        contender TEXT, trained TEXT, name TEXT, content BLOB,
        PRIMARY KEY (contender, trained, name)
    );
    CREATE TABLE decisions (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE programs (digest TEXT PRIMARY KEY);
    CREATE TABLE clock (one INTEGER PRIMARY KEY, seconds REAL NOT NULL);
"""
MARKS = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT_VERSION};"


def opened(file: Path) -> sqlite3.Connection:
    """Open a file of ours or a new one, and lock it until it is closed.

    Raises:
        UsageError: it is not ours, newer than this textkaizen, damaged, or in use.
    """
    try:
        connection = sqlite3.connect(
            file, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # Looked at before anything is changed: it may be somebody else's.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            with transaction(connection, "EXCLUSIVE"):
                is_new = _is_new(connection, file)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if is_new:
                connection.executescript(f"BEGIN; {TABLES} {MARKS} COMMIT;")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise UsageError(
                f"A folder can be used by one run at a time; another process uses {file}. Wait "
                "for its end, or name another folder by --out."
            ) from error
        raise damaged(file, str(error)) from error
    return connection


def _is_new(connection: sqlite3.Connection, file: Path) -> bool:
    """Whether a file is still empty.

    Raises:
        UsageError: it is not ours, or newer than this textkaizen.
    """
    number = lambda pragma: connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    application, version = number("application_id"), number("user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and (tables or application):
        raise damaged(file, "it is the database of another program")
    if version > FORMAT_VERSION:
        raise UsageError(
            f"Kept lanes must have the format {FORMAT_VERSION} or an older one; {file} has format "
            f"{version}: it was written by a newer textkaizen. Update textkaizen to go on, or name "
            "another folder by --out."
        )
    return not tables


def damaged(file: Path, found: str) -> UsageError:
    """Return the error that says what was found in a file."""
    return UsageError(
        f"Kept lanes must be as they were written; {file} cannot be used: {found}. Name another "
        "folder by --out, or delete that file to measure anew."
    )


@contextmanager
def transaction(
    connection: sqlite3.Connection, kind: str = "IMMEDIATE"
) -> Iterator[sqlite3.Connection]:
    """Write all or nothing; what was written is durable at the end."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # the first error is the one to be told
            connection.execute("ROLLBACK")
        raise


def identity(file: Path) -> tuple[int, int]:
    """Return what tells a file from another one in its place.

    Raises:
        OSError: there is none any more.
    """
    found = os.stat(file)
    return found.st_dev, found.st_ino
