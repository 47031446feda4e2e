"""The languages of labelled texts: how many texts are in which, and which stand alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from textkaizen.data import Corpus, canonical, lone_languages
from textkaizen.text.languages import judged, require_known

SURE = 0.99  # probability; at it, 71 of 130,000 real short texts are warned of, all of them rightly


@dataclass(frozen=True)
class Languages:
    """What the texts of a corpus are written in.

    Args:
        corpus: in any order.
        language: of all of them, by ISO 639-1; "" is told from the texts.

    Raises:
        UsageError: no such language is known.
    """

    corpus: Corpus
    language: str = ""

    def __post_init__(self) -> None:
        require_known(self._among)

    @property
    def texts(self) -> dict[str, int]:
        """Code -> number of texts, the most first; "" are those without letters."""
        counts = Counter(code for code, _ in self._told)
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Line (if there are lines), language and text of each row, in the corpus's order."""
        lines = [{"line": line} for line in self.corpus.lines] or [{}] * len(self.corpus)
        told = zip(lines, self._told, self.corpus.texts, strict=True)
        return [line | {"language": code, "text": text} for line, (code, _), text in told]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on texts that are in a language of their own."""
        sure = {
            text: code if probable >= SURE else ""
            for text, (code, probable) in zip(self.corpus.texts, self._told, strict=True)
        }
        ordered = canonical(self.corpus)
        return lone_languages(ordered, [sure[text] for text in ordered.texts])

    @property
    def _among(self) -> Sequence[str]:
        return [self.language] if self.language else []

    @cached_property
    def _told(self) -> list[tuple[str, float]]:
        codes, probable = judged(self.corpus.texts, self._among)
        return list(zip(codes, probable.tolist(), strict=True))
