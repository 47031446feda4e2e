"""What was made once and may be wanted again, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from scipy.sparse import csr_matrix

from textkaizen.data.mixed import Mixed

Kept = TypeVar("Kept")


class Lately(Generic[Kept]):
    """Keeps what was used last; what has not been used for longest goes first.

    Args:
        most: bytes; the newest is kept however large it is.
        size: bytes of what is kept.

    Only `peek` is safe for threads: whoever shares it holds a lock for the rest.

    Example:
        >>> kept = Lately(3, len)
        >>> [kept.get(word, lambda word=word: word) for word in ("ab", "c", "ab", "d")]
        ['ab', 'c', 'ab', 'd']
        >>> list(kept)
        ['ab', 'd']
    """

    def __init__(self, most: int, size: Callable[[Kept], int]) -> None:
        self.most, self.size = most, size
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0

    def __iter__(self):
        return iter(self._kept)

    def peek(self, key: Hashable) -> Kept | None:
        """Return what is kept under a key, if anything is, without counting it as used."""
        return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under a key, or make it."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._kept[key] = make()
        self._bytes += self.size(made)
        while self._bytes > self.most and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= self.size(gone)
        return made


def matrix_bytes(matrix: csr_matrix | Mixed) -> int:
    """Return what a sparse matrix takes, with vectors beside it or without: bytes."""
    if isinstance(matrix, Mixed):
        return matrix.nbytes
    return matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
