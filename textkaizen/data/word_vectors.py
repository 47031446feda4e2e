"""Words with a vector each, as a file of vectors has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class WordVectors:
    """The vectors of those of some words that a file knows.

    Args:
        words: that were found, sorted, as they were asked for.
        vectors: float32 [words, dimensions].
        asked: how many different words were asked for.
        folded: those of `words` that the file has in other capitals only, and how it writes them.

    Example:
        >>> found = WordVectors(("a",), np.ones((1, 2), np.float32), asked=4, folded={"a": "A"})
        >>> found.row("a"), found.row("b")
        (array([1., 1.], dtype=float32), None)
        >>> found.told
        '1 of 4 words (25.0 %) have vectors, 1 of them in other capitals; 3 have none'
    """

    words: tuple[str, ...]
    vectors: np.ndarray
    asked: int
    folded: Mapping[str, str] = field(default_factory=dict)

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self.vectors.shape[1]

    @property
    def found(self) -> float:
        """Share of the words asked for that have vectors, 0 to 1; of no words it is 1."""
        return len(self.words) / self.asked if self.asked else 1.0

    @property
    def missing(self) -> int:
        """How many of the words asked for have no vector."""
        return self.asked - len(self.words)

    @property
    def told(self) -> str:
        """Both as a sentence without its end."""
        capitals = f", {len(self.folded)} of them in other capitals" if self.folded else ""
        return (
            f"{len(self.words):,} of {self.asked:,} words ({self.found:.1%}) have vectors{capitals}"
            f"; {self.missing:,} have none"
        ).replace("%)", " %)")

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    def row(self, word: str) -> np.ndarray | None:
        """Return the vector of a word, float32 [dimensions]; None if it has none."""
        row = self._rows.get(word)
        return None if row is None else self.vectors[row]
