"""A text brought to one form, as a recipe's text rules say.

The steps are small functions from text to text. They go round until nothing changes any more: a
step may make work for another (a full-width at sign becomes one that an address has), and what is
in its form is left alone by all of them, so normalising twice is normalising once.

What is replaced becomes a word of small letters that no language has: folding and every way of
cutting words leave it whole (UniDic, IPADIC and Sudachi, too). It stands between blanks, and
neologdn, which takes blanks out of Japanese, is shown only what lies between such words. What is
dropped leaves a blank, so that what stood around it does not join.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from textkaizen.errors import MissingExtraError
from textkaizen.recipe import TextRules
from textkaizen.recipe.text import Writing
from textkaizen.text.entities import ENTITIES, replaced
from textkaizen.text.normalise import normalise

MOST_PASSES = 8  # four have sufficed for every text that was tried, the last to see it is done
SURROGATE = re.compile("[\\ud800-\\udfff]")
RUN = re.compile(r"(.)\1+", re.DOTALL)
Step = Callable[[str], str]
Form = Literal["NFKC", "NFC"]
WORDS = {
    "urls": "zqurl",
    "emails": "zqmail",
    "mentions": "zqname",
    "emoji": "zqemoji",
    "numbers": "zqnumber",
}
PLACED = re.compile(rf"(?<!\S)({'|'.join(WORDS.values())})(?!\S)")


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
    """Take step after step until none of them changes anything."""
    quiet = 0
    for step in steps * MOST_PASSES:
        before, text = text, step(text)
        quiet = quiet + 1 if text == before else 0
        if quiet == len(steps):
            break
    return text


def _steps(writing: Writing) -> list[Step]:
    form: Form = "NFKC" if writing.unicode == "nfkc" else "NFC"
    steps: list[Step] = [partial(_composed, form, writing.fold_case)]
    kinds = [kind for kind in ENTITIES if getattr(writing, kind) != "keep"]
    if kinds:
        replacing = {kind for kind in kinds if getattr(writing, kind) == "replace"}
        words = {kind: f" {WORDS[kind]} " if kind in replacing else " " for kind in kinds}
        steps.append(partial(replaced, words))
    if writing.neologdn:
        steps.append(partial(_between_placed, _neologdn()))
    if writing.repeats:
        steps.append(partial(RUN.sub, lambda run: run[0][: writing.repeats]))
    return [*steps, _single_blanks]


def _composed(form: Form, fold: bool, text: str) -> str:
    """Bring characters to a Unicode form, capitals to small letters."""
    if text.isascii():
        return text.lower() if fold else text
    composed = unicodedata.normalize(form, text)
    return unicodedata.normalize(form, composed.casefold()) if fold else composed


def _single_blanks(text: str) -> str:
    return " ".join(text.split())


def _between_placed(step: Step, text: str) -> str:
    """Take a step for what stands between replaced words, so that none is joined to another."""
    if "zq" not in text:
        return step(text)
    parts = PLACED.split(text)
    parts[::2] = [step(part) for part in parts[::2]]
    return " ".join(filter(None, parts))


def _neologdn() -> Step:
    """Return neologdn's rules.

    Source: Sato, Hashimoto & Okumura 2017, Implementation of a word segmentation dictionary called
    mecab-ipadic-NEologd.
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
