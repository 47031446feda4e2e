"""Vectors of texts on disk, so that the sentence encoder runs once over the texts of all studies.

The folder is beside that of analyses (TEXTKAIZEN_CACHE names or forbids it), and its rules are the
same: what was encoded at once is one file, written beside and renamed, under a checksum; a damaged
one is deleted; the folder has a bound, and files that were read longest ago go first. A file holds
the texts' hashes and their numbers as they are, so what is found is what was made, to the last bit.

Rejected: packing (numbers of an encoder hardly shrink), half precision (other numbers the second
time).
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from textkaizen.files.compiled import cache_folder
from textkaizen.files.tokens import keys_of, name_of, tidied, write_beside

MOST_BYTES = 1 << 30  # half a million texts
LEFT_BYTES = 3 << 28
FEWEST = 64  # texts: fewer are as fast encoded as looked up
HEAD = struct.Struct("<8sIQQ")  # mark, checksum, texts, numbers
MARK = b"vectors1"
SUFFIX = ".vectors"


def vector_store(environment: Mapping[str, str] = os.environ) -> FileVectors | None:
    """Return the user's store of vectors; None where there can be none."""
    folder = cache_folder(Path("vectors"), environment)
    return None if folder is None else FileVectors(folder)


class FileVectors:
    """A `text.sentence_vectors.VectorStore` in a folder.

    Args:
        folder: there already; may be used by several processes.
        most, left: bytes; with more than `most`, files go until `left` remain.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES, left: int = LEFT_BYTES) -> None:
        self.folder, self.most, self.left = folder, most, left
        self._keys: dict[Path, np.ndarray] = {}  # those of each file that was read

    def get(self, identity: str, texts: Sequence[str]) -> list[np.ndarray | None]:
        """Return the vector of each text, float32; None for those that are not there."""
        found: list[np.ndarray | None] = [None] * len(texts)
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

    def put(self, identity: str, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Keep vectors; those of few texts are not, and what cannot be written is none."""
        if len(texts) < FEWEST:
            return
        keys = keys_of(texts)
        own = hashlib.blake2b(keys.tobytes(), digest_size=8).hexdigest()
        path = self.folder / f"{name_of(identity)}-{own}{SUFFIX}"
        with suppress(OSError):  # a full disk, or a folder that is gone
            write_beside(path, _packed(keys, vectors))
            self._keys[path] = keys
            for gone in tidied(self.folder, SUFFIX, self.most, self.left):
                self._keys.pop(gone, None)

    def _look(
        self, path: Path, wanted: np.ndarray, missing: np.ndarray, found: list[np.ndarray | None]
    ) -> np.ndarray:
        """Fill in what a file has of the missing texts; return those still missing."""
        try:
            keys, vectors = _unpacked(path.read_bytes())
        except FileNotFoundError:  # another process tidies, too
            return missing
        except (OSError, ValueError, struct.error):
            with suppress(OSError):
                path.unlink()
            return missing
        self._keys[path] = keys.copy()  # the file's bytes are let go
        order, asked = np.argsort(keys[:, 0]), wanted[missing]
        place = np.searchsorted(keys[:, 0], asked[:, 0], sorter=order)
        entries = order[np.minimum(place, len(keys) - 1)]
        there = (keys[entries] == asked).all(1)
        for text, vector in zip(missing[there].tolist(), vectors[entries[there]], strict=True):
            found[text] = vector
        if there.any():
            with suppress(OSError):
                os.utime(path)  # read last
        return missing[~there]


def _packed(keys: np.ndarray, vectors: np.ndarray) -> bytes:
    """The bytes of a file."""
    body = keys.tobytes() + np.ascontiguousarray(vectors, "<f4").tobytes()
    return HEAD.pack(MARK, zlib.crc32(body), *vectors.shape) + body


def _unpacked(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Hashes, uint64 [texts, 2], and vectors, float32 [texts, numbers]; ValueError if damaged."""
    mark, checksum, texts, numbers = HEAD.unpack(data[: HEAD.size])
    body = memoryview(data)[HEAD.size :]
    if mark != MARK or not texts or zlib.crc32(body) != checksum:
        raise ValueError
    keys = np.frombuffer(body, np.uint64, 2 * texts).reshape(-1, 2)
    return keys, np.frombuffer(body, "<f4", texts * numbers, 16 * texts).reshape(texts, numbers)
