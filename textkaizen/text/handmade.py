"""Hand-made features: what a text is like, counted without looking at any single word.

To add one, write a function from a raw text to a number of about 0 to 10, put it into
`HANDMADE_FUNCTIONS`, and its name into `recipe.text.HANDMADE`: recipes, models and the docs follow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

import numpy as np
import regex

from textkaizen.text.cut import WORD
from textkaizen.text.entities import EMOJI, URL

DIGIT = regex.compile(r"\p{Nd}")
CAPITAL = regex.compile(r"\p{Lu}")
PUNCTUATION = regex.compile(r"\p{P}")
JAPANESE = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Han}ーｰﾞﾟ]")
# Of ASCII, Spanish, Arabic, Armenian, Ethiopic and East Asian texts, and the Greek one (U+037E),
# which is typed as a semicolon, too.
QUESTION = regex.compile("[?¿؟՞፧？⁇⁈⁉\\u037e]|(?<=\\p{Greek});")
EXCLAMATION = regex.compile("[!¡！՜‼⁈⁉]")
RUN = re.compile(r"(.)\1+", re.DOTALL)


def _share(pattern: regex.Pattern) -> Callable[[str], float]:
    """Share of a text's characters."""
    return lambda text: len(pattern.findall(text)) / max(len(text), 1)


def _whether(pattern: regex.Pattern) -> Callable[[str], float]:
    return lambda text: float(pattern.search(text) is not None)


def _word_length(text: str) -> float:
    words = WORD.findall(text)
    return sum(map(len, words)) / len(words) if words else 0.0


def _longest_repeat(text: str) -> float:
    runs = (run.end() - run.start() for run in RUN.finditer(text))
    return math.log1p(max(runs, default=min(len(text), 1)))


HANDMADE_FUNCTIONS: dict[str, Callable[[str], float]] = {
    "characters": lambda text: math.log1p(len(text)),
    "words": lambda text: math.log1p(len(WORD.findall(text))),
    "word_length": _word_length,
    "digits": _share(DIGIT),
    "capitals": _share(CAPITAL),
    "punctuation": _share(PUNCTUATION),
    "question": _whether(QUESTION),
    "exclamation": _whether(EXCLAMATION),
    "emoji": lambda text: math.log1p(len(EMOJI.findall(text))),
    "url": _whether(URL),
    "repeats": _longest_repeat,
    "japanese": _share(JAPANESE),
}


def handmade(texts: Iterable[str], names: tuple[str, ...]) -> np.ndarray:
    """Return hand-made features of raw texts, float32 [texts, names].

    Args:
        texts: any.
        names: of `HANDMADE_FUNCTIONS`.

    Example:
        >>> handmade(["When?", "12"], ("question", "digits")).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    functions = [HANDMADE_FUNCTIONS[name] for name in names]
    found = [[function(text) for function in functions] for text in texts]
    return np.array(found, np.float32).reshape(len(found), len(names))
