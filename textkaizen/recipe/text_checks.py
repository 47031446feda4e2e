"""What text rules must be: a clause for each value that is out of its range."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from textkaizen.recipe.near import near
from textkaizen.recipe.text import HANDMADE, LEARNT_TOKENS, TEXT_CHOICES, TextRules

BUCKETS = 2**8, 2**24  # the fewest and the most
WEIGHTS = ("word_weight", "character_weight", "handmade_weight", "vector_weight")
AT_LEAST = {
    "min_texts": 1,
    "selected": 1,
    "reduced": 1,
    "repeats": 0,
    "subwords": 100,
    "longest": 0,
}
WITHOUT_PARTS = ("words", "unicode", "thai", *LEARNT_TOKENS)
LONGEST = 10_000  # memory follows it
LANGUAGE = re.compile(r"[a-z]{2,3}$")


def text_problems(text: TextRules) -> Iterator[str]:
    """Yield a clause for each value that is out of its range or contradicts another."""
    yield from _choice_problems(text)
    for name in ("words", "characters"):
        span = getattr(text, name)
        if len(span) != 2 or not (span == (0, 0) or 1 <= span[0] <= span[1] <= 10):
            yield f"text.{name} must be two numbers from 1 to 10, or 0 and 0; found {span}"
    for name, least in AT_LEAST.items():
        if getattr(text, name) < least:
            yield f"text.{name} must be at least {least}; found {getattr(text, name)}"
    for name in WEIGHTS:
        if not 0 < getattr(text, name) < math.inf:
            yield f"text.{name} must be more than 0; found {getattr(text, name)}"
    if text.stop_words != "none" and not LANGUAGE.match(text.stop_words):
        yield (
            "text.stop_words must be none or a language's code such as de or ja; found "
            f"{text.stop_words!r}"
        )
    yield from _contradictions(text)


def _choice_problems(text: TextRules) -> Iterator[str]:
    for name, known in TEXT_CHOICES.items():
        value = getattr(text, name)
        if value not in known:
            yield f"text.{name} must be one of {', '.join(known)}; found {value!r}" + near(
                value, known
            )
    for value in text.handmade:
        if value not in HANDMADE:
            yield f"text.handmade must be of {', '.join(HANDMADE)}; found {value!r}" + near(
                value, HANDMADE
            )
    if len(set(text.handmade)) < len(text.handmade):
        yield f"text.handmade must name each feature once; found {list(text.handmade)}"


def _contradictions(text: TextRules) -> Iterator[str]:
    if text.words == (0, 0) == text.characters:
        yield "text.words and text.characters cannot both be off"
    least, most = BUCKETS
    if text.hashed and not (least <= text.hashed <= most and text.hashed.bit_count() == 1):
        yield (
            f"text.hashed must be 0 (off) or a power of two from {least} (2**8) to {most} "
            f"(2**24); found {text.hashed}"
        )
    if text.order != "none":
        yield from _unordered(text)
    if text.hashed and text.select != "none":
        yield "text.select chooses among a vocabulary, and text.hashed holds none"
    if text.tokens in LEARNT_TOKENS and text.form != "surface":
        yield f"text.form needs an analyser that knows words; {text.tokens} learns pieces of them"
    if text.tokens in WITHOUT_PARTS and text.parts != "all":
        yield (
            f"text.parts needs an analyser that knows parts of speech; text.tokens = {text.tokens} "
            "does not"
        )


def _unordered(text: TextRules) -> Iterator[str]:
    """What only a bag can have."""
    default = TextRules()
    for name in ("handmade", "select", "reduce", "hashed", "vectors"):
        if getattr(text, name) != getattr(default, name):
            yield f"text.{name} belongs to bags of features; text.order is {text.order}"
    if text.longest > LONGEST:
        yield f"text.longest must be at most {LONGEST:,}; found {text.longest}"
    if text.order == "words" and text.words == (0, 0):
        yield "text.order = words needs words: text.words is off"
