"""A text brought to one form, as a recipe's text rules say.

The steps are small functions from text to text. They go round until nothing changes any more: a
step may make work for another (a full-width at sign becomes one that an address has), and what is
in its form is left alone by all of them, so normalising twice is normalising once.

What is replaced becomes a word of letters that no language has, so that every way of cutting words
leaves it whole; what is dropped leaves a blank, so that what stood around it does not join.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import regex

from textkaizen.errors import MissingExtraError
from textkaizen.recipe import TextRules
from textkaizen.recipe.text import Writing
from textkaizen.text.entities import EMAIL, EMOJI, MENTION, NUMBER, URL
from textkaizen.text.normalise import normalise

MOST_PASSES = 8  # four have sufficed for every text that was tried
SURROGATE = regex.compile("[\\ud800-\\udfff]")
Step = Callable[[str], str]
Form = Literal["NFKC", "NFC"]
# In the order in which they are looked for: an address has names, dots and digits.
ENTITIES = {
    "urls": (URL, "zqurl"),
    "emails": (EMAIL, "zqmail"),
    "mentions": (MENTION, "zqname"),
    "emoji": (EMOJI, "zqemoji"),
    "numbers": (NUMBER, "zqnumber"),
}


@lru_cache(maxsize=64)
def writer(writing: Writing) -> Step:
    """Return what brings a text to one form; for the default it is `normalise` itself.

    Raises:
        MissingExtraError: neologdn is asked for and not installed.

    Example:
        >>> write = writer(TextRules(numbers="replace", urls="drop").writing)
        >>> write("Siehe  https://example.org/a?b=1, Zimmer ４2")
        'siehe , zimmer zqnumber'
    """
    if writing == TextRules().writing:
        return normalise
    return partial(_round, tuple(_steps(writing)))


def _round(steps: tuple[Step, ...], text: str) -> str:
    """Take all steps until nothing changes."""
    for _ in range(MOST_PASSES):
        before = text
        for step in steps:
            text = step(text)
        if text == before:
            break
    return text


def _steps(writing: Writing) -> list[Step]:
    form: Form = "NFKC" if writing.unicode == "nfkc" else "NFC"
    steps: list[Step] = [partial(_composed, form, writing.fold_case)]
    for name, (pattern, word) in ENTITIES.items():
        how = getattr(writing, name)
        if how != "keep":
            blank = f" {word} " if how == "replace" else " "
            steps.append(partial(pattern.sub, blank))
    if writing.neologdn:
        steps.append(_neologdn())
    if writing.repeats:
        steps.append(partial(_repeats(writing.repeats).sub, lambda found: found[1]))
    return [*steps, _single_blanks]


def _composed(form: Form, fold: bool, text: str) -> str:
    """Bring characters to a Unicode form, capitals to small letters."""
    if text.isascii():
        return text.lower() if fold else text
    composed = unicodedata.normalize(form, text)
    return unicodedata.normalize(form, composed.casefold()) if fold else composed


def _repeats(most: int) -> regex.Pattern:
    """What finds a character more than so many times in a row."""
    return regex.compile(rf"((.)\2{{{most - 1}}})\2++", regex.DOTALL)


def _single_blanks(text: str) -> str:
    return " ".join(text.split())


def _neologdn() -> Step:
    """Return neologdn's rules.

    Source: Sato, Hashimoto & Okumura 2017, Implementation of a word segmentation dictionary called
    mecab-ipadic-NEologd, section 3.
    """
    neologdn_version()
    import neologdn

    # Half surrogate pairs are no text to it.
    return lambda text: neologdn.normalize(SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text))


def neologdn_version() -> str:
    """Return the version of neologdn, which decides how texts are written.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return version("neologdn")
    except PackageNotFoundError as missing:
        raise MissingExtraError(
            "The text rule neologdn needs the package of that name, which is not installed. "
            'Install it with: pip install "textkaizen[ja]"'
        ) from missing
