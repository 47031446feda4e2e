"""Analyses of texts on disk, so that an analyser runs once over the texts of all studies.

The folder is beside that of compiled programs (TEXTKAIZEN_CACHE names or forbids it). What was
analysed at once is one file, written beside and renamed: several processes may write at once, and
one that is killed leaves no half entry. A file holds the texts' hashes, the different lines of
their analyses and which lines make which analysis, packed, under a checksum: a damaged one is
deleted and its texts are analysed again. The folder has a bound; files that were read longest ago
go first.

Rejected: SQLite (a lock for each writer, and a file that grows for ever), a file for each text (a
hundred thousand of them), pickle.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

from textkaizen.files.compiled import cache_folder

MOST_BYTES = 256 << 20  # some ten million short texts
LEFT_BYTES = 192 << 20
FEWEST = 64  # texts: fewer are as fast analysed as looked up
BEING_WRITTEN_SECONDS = 3600.0  # what is older and has no name yet was left by a killed process
HEAD = struct.Struct("<8sIQQ")  # mark, checksum, texts, tokens
MARK = b"tokens 1"
SUFFIX, UNNAMED = ".tokens", ".part"


def token_store(environment: Mapping[str, str] = os.environ) -> FileTokens | None:
    """Return the user's store of analyses; None where there can be none."""
    folder = cache_folder(Path("tokens"), environment)
    return None if folder is None else FileTokens(folder)


class FileTokens:
    """A `text.tokens.TokenStore` in a folder.

    Args:
        folder: there already; may be used by several processes.
        most, left: bytes; with more than `most`, files go until `left` remain.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES, left: int = LEFT_BYTES) -> None:
        self.folder, self.most, self.left = folder, most, left
        self._keys: dict[Path, np.ndarray] = {}  # those of each file that was read

    def get(self, identity: str, texts: Sequence[str]) -> list[str | None]:
        """Return the analysis of each text; None for those that are not there."""
        found: list[str | None] = [None] * len(texts)
        if len(texts) < FEWEST:
            return found
        wanted = keys_of(texts)
        missing = np.arange(len(texts))
        for path in sorted(self.folder.glob(f"{name_of(identity)}-*{SUFFIX}")):
            if not missing.size:
                break
            own = self._keys.get(path)
            if own is not None and not np.isin(wanted[missing, 0], own[:, 0]).any():
                continue
            missing = self._look(path, wanted, missing, found)
        return found

    def put(self, identity: str, texts: Sequence[str], analyses: Sequence[str]) -> None:
        """Keep analyses; those of few texts are not, and what cannot be written is none."""
        if len(texts) < FEWEST:
            return
        keys = keys_of(texts)
        data = _packed(keys, analyses)
        own = hashlib.blake2b(keys.tobytes(), digest_size=8).hexdigest()
        name = f"{name_of(identity)}-{own}{SUFFIX}"
        with suppress(OSError):  # a full disk, or a folder that is gone
            write_beside(self.folder / name, data)
            self._keys[self.folder / name] = keys
            self._tidy()

    def _look(
        self, path: Path, wanted: np.ndarray, missing: np.ndarray, found: list[str | None]
    ) -> np.ndarray:
        """Fill in what a file has of the missing texts; return those still missing."""
        try:
            keys, lines, numbers, ends = _unpacked(path.read_bytes())
        except FileNotFoundError:  # another process tidies, too
            return missing
        except (OSError, ValueError, struct.error, zlib.error):
            with suppress(OSError):
                path.unlink()
            return missing
        self._keys[path] = keys
        order, asked = np.argsort(keys[:, 0]), wanted[missing]
        place = np.searchsorted(keys[:, 0], asked[:, 0], sorter=order)
        entries = order[np.minimum(place, len(keys) - 1)]
        there = (keys[entries] == asked).all(1)
        for text, entry in zip(missing[there].tolist(), entries[there].tolist(), strict=True):
            start = ends[entry - 1] if entry else 0
            found[text] = "\n".join([lines[line] for line in numbers[start : ends[entry]]])
        if there.any():
            with suppress(OSError):
                os.utime(path)  # read last
        return missing[~there]

    def _tidy(self) -> None:
        for path in tidied(self.folder, SUFFIX, self.most, self.left):
            self._keys.pop(path, None)


def tidied(folder: Path, suffix: str, most: int, left: int) -> list[Path]:
    """Delete the files read longest ago, if there is too much, and what was never finished.

    Args:
        folder: of a store.
        suffix: of its files.
        most, left: bytes; with more than `most`, files go until `left` remain.

    Returns:
        The files that are gone for their age.
    """
    files, gone = [], []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            facts = path.stat()
            if path.suffix == suffix:
                files.append((facts.st_mtime, facts.st_size, path))
            elif path.suffix == UNNAMED and facts.st_mtime < time.time() - BEING_WRITTEN_SECONDS:
                path.unlink()
    total = sum(size for _, size, _ in files)
    if total > most:
        for _, size, path in sorted(files):
            if total <= left:
                break
            path.unlink(missing_ok=True)
            gone.append(path)
            total -= size
    return gone


def name_of(identity: str) -> str:
    """What the names of an identity's files begin with."""
    return hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()


def keys_of(texts: Sequence[str]) -> np.ndarray:
    """The hashes of texts, uint64 [texts, 2]."""
    digests = (hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts)
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)


def _packed(keys: np.ndarray, analyses: Sequence[str]) -> bytes:
    """The bytes of a file."""
    known: dict[str, int] = {}
    numbers = []
    ends = np.zeros(len(analyses), np.uint32)
    for place, analysis in enumerate(analyses):
        numbers += [known.setdefault(line, len(known)) for line in analysis.split("\n")]
        ends[place] = len(numbers)
    lines = "\n".join(known).encode()
    body = b"".join((keys.tobytes(), ends.tobytes(), np.array(numbers, np.uint32).tobytes(), lines))
    packed = zlib.compress(body, 1)
    return HEAD.pack(MARK, zlib.crc32(packed), len(ends), len(numbers)) + packed


def _unpacked(data: bytes) -> tuple[np.ndarray, list[str], list[int], list[int]]:
    """Hashes, lines, the lines' numbers and where each text's end; ValueError if damaged."""
    mark, checksum, texts, count = HEAD.unpack(data[: HEAD.size])
    packed = data[HEAD.size :]
    if mark != MARK or zlib.crc32(packed) != checksum:
        raise ValueError
    body = zlib.decompress(packed)
    keys = np.frombuffer(body, np.uint64, 2 * texts).reshape(-1, 2)
    after = texts * 16
    ends = np.frombuffer(body, np.uint32, texts, after)
    numbers = np.frombuffer(body, np.uint32, count, after + texts * 4)
    lines = body[after + (texts + count) * 4 :].decode().split("\n")
    return keys, lines, numbers.tolist(), ends.tolist()


def write_beside(path: Path, data: bytes) -> None:
    """Write a file under a name of its own, and give it its name when it is whole.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    with NamedTemporaryFile(dir=path.parent, suffix=UNNAMED, delete=False) as beside:
        try:
            beside.write(data)
            beside.flush()
            os.replace(beside.name, path)
        except BaseException:
            Path(beside.name).unlink(missing_ok=True)
            raise
