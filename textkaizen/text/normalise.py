"""Bring a text to one form: Unicode NFKC, case folded, white space collapsed.

Full-width and half-width forms, upper and lower case, line breaks and double blanks are the same
to a reader; so they are to a model. Normalising twice is normalising once.

Rejected: `str.lower` (leaves ß and final sigma apart).
"""

from __future__ import annotations

import unicodedata

MOST_PASSES = 4  # folding may undo a composition and the other way round; three have sufficed


def normalise(text: str) -> str:
    """Return the form of a text that features are cut from.

    Example:
        >>> normalise("Ｈｅｌｌｏ,\\n  Straße")
        'hello, strasse'

    Source: The Unicode Standard, section 3.13 (toNFKC_Casefold, but for ignorable characters, such
    as the joiners of emoji: they stay).
    """
    if text.isascii():
        return " ".join(text.lower().split())
    for _ in range(MOST_PASSES):
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        folded = " ".join(folded.split())
        if folded == text:
            break
        text = folded
    return text
