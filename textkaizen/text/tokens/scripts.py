"""Words by script: each stretch of a text by the analyser of its language.

Kana is Japanese, and so is Han in a text with kana; Han without kana is Chinese, Hangul Korean,
Thai script Thai; words of all other scripts are those of UAX #29. Digits, punctuation and emoji go
with what stands before them (at the beginning, with what comes after). An analyser is needed when
a text has its script.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import regex

from textkaizen.errors import MissingExtraError
from textkaizen.text.tokens.analysis import Analyser
from textkaizen.text.tokens.asian import jieba, kiwi, thai
from textkaizen.text.tokens.boundaries import unicode
from textkaizen.text.tokens.japanese import fugashi

NEUTRAL = r"[\p{Common}\p{Inherited}]"
SCRIPTS = {
    "fugashi": r"[\p{Han}\p{Hiragana}\p{Katakana}]",  # jieba, in a text without kana
    "kiwi": r"[\p{Hangul}]",
    "thai": r"[\p{Thai}]",
}
ELSE = r"[^\p{Common}\p{Inherited}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]"
STRETCH = regex.compile(
    f"{NEUTRAL}*+(?:"
    + "|".join(f"(?P<{name}>(?:{own}|{NEUTRAL})+)" for name, own in SCRIPTS.items())
    + f"|(?P<unicode>(?:{ELSE}|{NEUTRAL})+))|{NEUTRAL}+"
)
KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
ANALYSERS: dict[str, Callable[[], Analyser]] = {
    "fugashi": fugashi,
    "jieba": jieba,
    "kiwi": kiwi,
    "thai": thai,
    "unicode": unicode,
}


def by_script() -> Analyser:
    """The analysers of all scripts; the version of one that is not installed is "none"."""
    own = {name: _if_installed(make) for name, make in ANALYSERS.items()}
    programs = ", ".join(one.program if one else f"{name} none" for name, one in own.items())
    words = ", ".join(one.dictionary if one else f"{name} none" for name, one in own.items())
    return Analyser("by_script", programs, words, lambda: _by_script, lemmas=True)


def stretches_by_script(text: str) -> list[tuple[str, str]]:
    """Return an analyser's name and its stretch, from the beginning of a text to its end.

    Example:
        >>> stretches_by_script("2 PCを買う。")
        [('unicode', '2 PC'), ('fugashi', 'を買う。')]
    """
    han = "fugashi" if KANA.search(text) else "jieba"
    found = [(match.lastgroup or "unicode", match[0]) for match in STRETCH.finditer(text)]
    return [(han if name == "fugashi" else name, piece) for name, piece in found]


def _if_installed(make: Callable[[], Analyser]) -> Analyser | None:
    try:
        return make()
    except MissingExtraError:
        return None


def _by_script(texts: Sequence[str]) -> list[str]:
    from textkaizen.text.tokens.cutting import analyse

    cut = [stretches_by_script(text) for text in texts]
    pieces = defaultdict(list)
    for own in cut:
        for name, piece in own:
            pieces[name].append(piece.strip())
    analyses = {name: iter(analyse(ANALYSERS[name](), own)) for name, own in pieces.items()}
    return ["\n".join(filter(None, (next(analyses[name]) for name, _ in own))) for own in cut]
