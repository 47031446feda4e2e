"""A text before its features are cut: brought to one form, and its words told apart.

Texts come as a stream and go on in pieces. Characters are cut from what is written; words as well
(runs of letters, digits and marks), or they are what a tokeniser says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from textkaizen.recipe import LEARNT_TOKENS, TextRules
from textkaizen.text.cut import WORD, character_features, word_features
from textkaizen.text.normalise import normalise

if TYPE_CHECKING:
    from textkaizen.text.tokens import Tokeniser

PIECE_RUNS = 2**20  # of characters or words in a piece, about: 8 MB, sorted in place


class Piece(NamedTuple):
    """Some texts.

    Args:
        written: each in one form.
        spoken: its words, joined by blanks; None where they are cut from what is written.
        handmade: float32 [texts, hand-made features].
    """

    written: list[str]
    spoken: list[str] | None
    handmade: np.ndarray


@dataclass(frozen=True, eq=False)
class Streams:
    """What text rules make of texts.

    Args:
        rules: of the recipe.
        tokeniser: what cuts texts into words; None cuts runs of letters, digits and marks.
    """

    rules: TextRules
    tokeniser: Tokeniser | None

    @cached_property
    def write(self) -> Callable[[str], str]:
        """What brings a text to one form."""
        if self.rules.writing == TextRules().writing:
            return normalise
        from textkaizen.text.writing import writer

        return writer(self.rules.writing)

    @property
    def identity(self) -> str:
        """What cuts texts into words, with its versions; "" for runs of letters."""
        return "" if self.tokeniser is None else self.tokeniser.identity

    def words(self, written: str) -> list[str]:
        """Return the words of a text that was written."""
        if self.tokeniser is None:
            return WORD.findall(written)
        return self.tokeniser.tokenise([written])[0].split()

    def terms(self, text: str) -> tuple[list[str], list[str]]:
        """Return a raw text's features: of words, and of characters."""
        rules, written = self.rules, self.write(text)
        words = self.words(written) if rules.words != (0, 0) else []
        characters = character_features(written, rules.characters, rules.within_words)
        return word_features(words, rules.words), characters

    def handmade(self, texts: Sequence[str]) -> np.ndarray:
        """Return the hand-made features of raw texts, float32 [texts, features]."""
        if not self.rules.handmade:
            return np.zeros((len(texts), 0), np.float32)
        from textkaizen.text.handmade import handmade

        return handmade(texts, self.rules.handmade)

    def pieces(self, texts: Iterable[str]) -> Iterator[Piece]:
        """Yield so many texts that their runs are about PIECE_RUNS; at least one piece."""
        spans = self.rules.words, self.rules.characters
        room, yielded = PIECE_RUNS // max(most - least + 1 for least, most in spans), False
        raw: list[str] = []
        written: list[str] = []
        left = room
        for text in texts:
            raw.append(text)
            written.append(self.write(text))
            left -= len(written[-1]) + 1
            if left <= 0:
                yield self._piece(raw, written)
                raw, written, left, yielded = [], [], room, True
        if written or not yielded:
            yield self._piece(raw, written)

    def _piece(self, raw: list[str], written: list[str]) -> Piece:
        spoken = None
        if self.tokeniser is not None and self.rules.words != (0, 0):
            spoken = self.tokeniser.tokenise(written)
        return Piece(written, spoken, self.handmade(raw))


def streams(rules: TextRules, tokeniser: Tokeniser | None = None) -> Streams:
    """Return what rules make of texts.

    Args:
        rules: of the recipe.
        tokeniser: what cuts into words; None makes the one that the rules name, which must not be
            one that learns from texts.

    Raises:
        MissingExtraError: its package is not installed.
    """
    plain = TextRules().tokenising
    if tokeniser is None and rules.tokenising != plain and rules.words != (0, 0):
        assert rules.tokens not in LEARNT_TOKENS
        from textkaizen.text.tokens import tokeniser as made

        tokeniser = made(rules.tokenising)
    return Streams(rules, tokeniser)
