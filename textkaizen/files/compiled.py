"""The folder for compiled programs, so that a second run need not compile what a first one has.

JAX writes and reads the entries (serialised programs of XLA, no pickle); this file says where, and
looks after the folder: it is the user's own (0700), has a bound, and loses what a killed run or a
full disk has left half written. Machines that compute differently get folders of their own: a home
may be shared.

An entry is machine code, as in every such cache. Who can write into the folder can run programs as
its owner, so a folder that others may write to is not used.

Rejected: JAX' own bound (it needs another package and locks the folder at every look); entries of
our own by `jax.experimental.serialize_executable` (pickle).
"""

from __future__ import annotations

import os
import platform
import stat
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "TEXTKAIZEN_CACHE"
OFF = ("off", "0", "no", "none", "false")
MOST_BYTES = 256 << 20  # some thousand programs
LEFT_BYTES = 192 << 20  # when there were more
BEING_WRITTEN_SECONDS = 60.0  # an entry younger than this may still be
STAMP = "looked-at"
ENTRIES = "*-cache"


def compiled_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder for compiled programs, made if need be; None where there can be none.

    TEXTKAIZEN_CACHE names another folder than the user's own for caches, or is "off". A folder that
    cannot be made or written, or that others may write to, is none: a run then compiles anew.
    """
    folder = cache_folder(Path("programs") / machine(), environment)
    try:
        if folder is not None:
            tidy(folder)
    except OSError:
        return None
    return folder


def cache_folder(kind: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the user's folder for one kind of what is kept, made if need be; None if it cannot be.

    Args:
        kind: its path in the cache.
        environment: TEXTKAIZEN_CACHE is read, see `compiled_folder`.
    """
    named = environment.get(VARIABLE, "").strip()
    if named.lower() in OFF:
        return None
    try:
        root = Path(named).expanduser() if named else _user_folder(environment) / "textkaizen"
        folder = root.absolute() / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = _is_own(folder) and os.access(folder, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    return folder if usable else None


def tidy(folder: Path, most: int = MOST_BYTES, left: int = LEFT_BYTES) -> None:
    """Delete entries that were not written to their end, and the longest unused above the bound.

    An entry is read once: those that were there at the last look are known to be whole.

    Args:
        folder: of entries; several processes may use it at once.
        most, left: bytes; with more than `most` entries go until `left` remain.
    """
    stamp, now = folder / STAMP, time.time()
    looked = stamp.stat().st_mtime if stamp.exists() else 0.0
    found = []
    for path in folder.glob(ENTRIES):
        try:
            facts = path.stat()
            old = facts.st_mtime < now - BEING_WRITTEN_SECONDS
            if old and facts.st_mtime >= looked and not _is_whole(path.read_bytes()):
                path.unlink()
                continue
        except FileNotFoundError:  # another process tidies, too
            continue
        found.append((max(facts.st_atime, facts.st_mtime), facts.st_size, path))
    total = sum(size for _, size, _ in found)
    if total > most:
        for _, size, path in sorted(found):
            if total <= left:
                break
            path.unlink(missing_ok=True)
            total -= size
    stamp.touch(0o600)
    begun = now - BEING_WRITTEN_SECONDS
    os.utime(stamp, (begun, begun))


def machine() -> str:
    """Name what machine code depends on: the architecture and what its processor can do.

    Example:
        >>> machine() == machine()
        True
    """
    able = platform.processor() or platform.node()
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        able = next((line for line in lines if line.startswith(("flags", "Features"))), able)
    except OSError:
        pass  # not Linux
    return f"{platform.machine()}-{zlib.crc32(able.encode()):08x}"


def _user_folder(environment: Mapping[str, str]) -> Path:
    """Where this system keeps the caches of a user."""
    if named := environment.get("XDG_CACHE_HOME"):
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32" and (named := environment.get("LOCALAPPDATA")):
        return Path(named)
    return Path.home() / ".cache"


def _is_own(folder: Path) -> bool:
    """Whether nobody but its owner, who is this user, may write into a folder."""
    if not hasattr(os, "getuid"):
        return True
    facts = folder.stat()
    shared = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return facts.st_uid == os.getuid() and not shared


def _is_whole(entry: bytes) -> bool:
    """Whether an entry was written to its end; one packed in a way we cannot read counts as whole.

    JAX packs by zlib, or by Zstandard where it finds it.
    """
    if entry[:1] != b"\x78":
        return bool(entry)
    reader = zlib.decompressobj()
    try:
        reader.decompress(entry)
    except zlib.error:
        return False
    return reader.eof
