"""What lanes of one study share: texts parted once, batches laid out once, tables made once.

Nearly all lanes of a fold and seed read the same batches in the same order, by design. What is kept
is what a lane would have made for itself, to the last bit, so a lane with a store equals that lane
without.

Things that are used together form a plan: all batches of a fold, a seed and a batch size. When
there is no room, the plan that has not been read for longest goes, but only if STALE shelves were
taken since; else what is new is not kept. A study comes back to its folds in turn: were the oldest
to go at once, a store too small by a little would never find anything. As it is, the first epochs
of each fold stay, which all lanes train, however early they stop.

Rejected: least recently used, piece by piece (see above); weak references (a study's bags outlive
its store anyway).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import numpy as np

MOST_BYTES = 1 << 28
LARGEST_SHARE = 16  # what is larger than this part of all is not kept: of large sets, nothing
STALE = 100  # a lane takes three shelves, and the folds of a study are rarely more than ten

Shelf = Callable[[Hashable, Callable[[], Any]], Any]


class Same:
    """Stands for an object in a key: equal to what stands for the same one, which it keeps alive.

    Example:
        >>> one, other = [1], [1]
        >>> Same(one) == Same(one), Same(one) == Same(other)
        (True, False)
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


@dataclass(eq=False)
class _Making:
    """What one thread makes and others may wait for."""

    ended: threading.Event = field(default_factory=threading.Event)
    is_made: bool = False
    value: Any = None


@dataclass
class _Plan:
    """Things that are used together.

    Args:
        read: how many shelves had been taken when it was last read.
        parts: what is kept.
        size: bytes of it.
    """

    read: int = 0
    parts: dict[Hashable, Any] = field(default_factory=dict)
    size: int = 0


class Layouts:
    """Keeps what lanes make alike, up to a number of bytes; safe to share between threads.

    Args:
        most_bytes: that are kept, >= 0.

    Example:
        >>> take = Layouts().shelf("a fold")
        >>> take("first epoch", lambda: 21), take("first epoch", lambda: 42)
        (21, 21)
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.size = 0  # bytes that are kept now
        self._plans: OrderedDict[Hashable, _Plan] = OrderedDict()
        self._making: dict[Hashable, _Making] = {}
        self._taken = 0
        self._lock = threading.Lock()

    def shelf(self, plan: Hashable) -> Shelf:
        """Return `take(part, make)` of a plan: what is kept of a part, or what `make` returns.

        One thread makes a part, and others that want it meanwhile wait; should it fail, the next of
        them tries. Nobody may change what is returned.

        Args:
            plan: equal, with the part, where what is made is equal.
        """
        with self._lock:
            self._taken += 1
        return partial(self._take, plan)

    def _take(self, plan: Hashable, part: Hashable, make: Callable[[], Any]) -> Any:
        while True:
            with self._lock:
                if (kept := self._plans.get(plan)) is not None:
                    kept.read = self._taken
                    self._plans.move_to_end(plan)
                    if part in kept.parts:
                        return kept.parts[part]
                making = self._making.get((plan, part))
                if making is None:
                    making = self._making[plan, part] = _Making()
                    break
            making.ended.wait()
            if making.is_made:
                return making.value
        try:
            making.value = make()
            making.is_made = True
        finally:
            with self._lock:
                del self._making[plan, part]
                if making.is_made:
                    self._keep(plan, part, making.value)
            making.ended.set()
        return making.value

    def _keep(self, plan: Hashable, part: Hashable, value: Any) -> None:
        """Keep a part if there is room, or room can be made."""
        size = bytes_of(value)
        if size * LARGEST_SHARE > self.most_bytes:
            return
        while self.size + size > self.most_bytes:
            oldest, kept = next(iter(self._plans.items()))
            if self._taken - kept.read < STALE:
                return
            del self._plans[oldest]
            self.size -= kept.size
        kept = self._plans.setdefault(plan, _Plan())
        kept.read = self._taken
        self._plans.move_to_end(plan)
        kept.parts[part] = value
        kept.size += size
        self.size += size


def bytes_of(value: Any) -> int:
    """Add up the arrays of a value, those of sparse matrices among them."""
    total = 0
    for leaf in jax.tree.leaves(value):
        arrays = (leaf.data, leaf.indices, leaf.indptr) if hasattr(leaf, "indptr") else (leaf,)
        total += sum(getattr(array, "nbytes", 0) for array in arrays)
    return total


def digest(*arrays: Any) -> bytes:
    """Return 16 bytes that tell arrays by what stands in them, their types and shapes.

    Example:
        >>> digest(np.zeros(2)) == digest(np.zeros(2)), digest(np.zeros(2)) == digest(np.ones(2))
        (True, False)
    """
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.digest()
