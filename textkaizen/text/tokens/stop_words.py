"""Words that are left out: lists by language, and those a recipe names.

The lists are those of `stopwordsiso` (57 languages, MIT). A word is left out whatever its case and
width. A list is data that a model depends on, so its hash goes into the tokeniser's identity.

Rejected: `stop-words` (34 languages, no Japanese, Korean or Thai).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from textkaizen.errors import RecipeError
from textkaizen.text.normalise import normalise


def left_out(language: str, words: Sequence[str] = ()) -> frozenset[str]:
    """Return what is left out, normalised.

    Args:
        language: its ISO 639-1 code; "none" is no list.
        words: left out besides.

    Raises:
        RecipeError: there is no list for the language.

    Example:
        >>> sorted(left_out("none", ["Ｗｏｒｄ"])), "und" in left_out("de")
        (['word'], True)
    """
    listed = () if language == "none" else _list_of(language)
    return frozenset(normalise(word) for word in (*listed, *words))


def digest(language: str) -> str:
    """Name a list's contents in eight hexadecimal digits."""
    return hashlib.sha256("\n".join(sorted(left_out(language))).encode()).hexdigest()[:8]


def _list_of(language: str) -> set[str]:
    import stopwordsiso

    if not stopwordsiso.has_lang(language):
        known = ", ".join(sorted(stopwordsiso.langs()))
        raise RecipeError(
            f"text.stop_words must be none or a language with a list of stop words; found "
            f"{language!r}. There are lists for {known}; name other words in text.drop_words"
        )
    return stopwordsiso.stopwords(language)
