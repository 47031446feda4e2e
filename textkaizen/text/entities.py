"""What stands in texts and is no word: addresses, names of people, emoji, numbers.

Each pattern begins where no earlier start could have begun and takes what it takes for good, so a
text of a megabyte costs a thousand times one of a kilobyte, whatever it holds. Addresses are ASCII:
in Japanese or Chinese they end where letters of the language begin.
"""

from __future__ import annotations

import regex

_ADDRESS = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%"
URL = regex.compile(
    rf"(?:(?:https?|ftp)://|(?<![A-Za-z0-9.@/])www\.)[{_ADDRESS}]*[A-Za-z0-9/#=_~%&\-]",
    regex.IGNORECASE,
)
EMAIL = regex.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]++@[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++"
)
# Names that follow each other without a blank are one: each would be found only once the one before
# is gone, and so would change the text whenever it is looked at.
MENTION = regex.compile(r"(?<![A-Za-z0-9_@.])(?:@[A-Za-z0-9_]++)++")
# Signs that texts use as letters or marks are none: (c), (r), TM, !!, !?, i, arrows.
_PICTURE = (
    r"(?:\p{Emoji_Presentation}|(?![©®™‼⁉ℹ↔-↪])\p{Extended_Pictographic}|"
    r"[©®™‼⁉ℹ↔-↪](?=\N{VARIATION SELECTOR-16}))"
    r"(?:\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}?|\p{Emoji_Modifier})?+"
    r"[\U000E0020-\U000E007F]*+"
)
EMOJI = regex.compile(
    r"\p{Regional_Indicator}{2}|[0-9#*]\N{VARIATION SELECTOR-16}?\N{COMBINING ENCLOSING KEYCAP}|"
    rf"{_PICTURE}(?:\N{{ZERO WIDTH JOINER}}{_PICTURE})*+"
)
# Not within a word: mp3, 3rd.
NUMBER = regex.compile(r"(?<![\p{Latin}\p{Nd}_])\p{Nd}++(?:[.,:/'’٫٬\-]\p{Nd}++)*+(?![\p{Latin}_])")
