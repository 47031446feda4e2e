"""Words without a dictionary: runs of letters, and those of Unicode's annex 29.

The annex's words are what `regex` finds between its default word boundaries; pieces without a
letter, digit, mark or emoji are no words. An emoji is kept: in short texts it says as much as a
word does. Han, hiragana and Thai come out letter by letter, as the annex has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from textkaizen.text.cut import WORD
from textkaizen.text.tokens.analysis import Analyser

BOUNDARY = regex.compile(r"(?V1w)\b")
SAYS_SOMETHING = regex.compile(r"[\w\p{M}\p{Extended_Pictographic}\p{Regional_Indicator}]")


def words() -> Analyser:
    """Runs of letters, digits and marks."""
    return Analyser("words", *_versions(), lambda: _words, stored=False)


def unicode() -> Analyser:
    """Words between the boundaries of UAX #29."""
    return Analyser("unicode", *_versions(), lambda: _unicode, stored=False)


def unicode_words(text: str) -> list[str]:
    """Return the words of a text by UAX #29.

    Example:
        >>> unicode_words("I can't pay 3.50 € 👍🏽, ok?")
        ['I', "can't", 'pay', '3.50', '👍🏽', 'ok']
    """
    return [piece for piece in BOUNDARY.split(text) if SAYS_SOMETHING.search(piece)]


def _versions() -> tuple[str, str]:
    return f"regex {regex.__version__}", f"regex {regex.__version__}"


def _words(texts: Sequence[str]) -> list[str]:
    return ["\n".join(WORD.findall(text)) for text in texts]


def _unicode(texts: Sequence[str]) -> list[str]:
    return ["\n".join(unicode_words(text)) for text in texts]
