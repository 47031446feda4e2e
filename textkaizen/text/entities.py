r"""What stands in texts and is no word: addresses, names of people, emoji, numbers.

Each pattern begins where no earlier start could have begun and takes what it takes for good, so a
text of a megabyte costs a thousand times one of a kilobyte, whatever it holds. Addresses are ASCII:
in Japanese or Chinese they end where letters of the language begin.

`found` looks for several kinds in one go from left to right. What may not stand before a kind is
looked for after the end of the one before only (`\G`), as if that one were gone already: otherwise
@a@b@c would lose one name whenever it is looked at.
"""

from __future__ import annotations

from functools import lru_cache

import regex

_ADDRESS = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%"
_URL = (
    r"(?i:(?:(?:https?|ftp)://|(?:\G|(?<![A-Za-z0-9.@/]))www\.)"
    rf"[{_ADDRESS}]*[A-Za-z0-9/#=_~%&\-])"
)
_HOST = r"@[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++"
_EMAIL = rf"(?:\G|(?<![A-Za-z0-9._%+\-]))[A-Za-z0-9._%+\-]++{_HOST}"
_MENTION = rf"(?:\G|(?<![A-Za-z0-9_@.]))@[A-Za-z0-9_]++(?:{_HOST})?+"
# Signs that texts use as letters or marks are none unless asked for as emoji: (c), TM, !!, arrows.
_SIGN = "©®™‼⁉ℹ↔-↪〰〽㊗㊙"
_KEYCAP = r"[\N{VARIATION SELECTOR-16}]?\N{COMBINING ENCLOSING KEYCAP}"
_PICTURE = (
    rf"(?:\p{{Emoji_Presentation}}|(?![{_SIGN}])(?=[\p{{Emoji}}\U0001F000-\U0001FFFF])"
    rf"\p{{Extended_Pictographic}}|[{_SIGN}](?=\N{{VARIATION SELECTOR-16}}))"
    r"(?:[\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}]\N{COMBINING ENCLOSING KEYCAP}?|"
    r"\p{Emoji_Modifier})?+[\U000E0020-\U000E007F]*+"
)
_EMOJI = (
    rf"\p{{Regional_Indicator}}{{2}}|[0-9#*]{_KEYCAP}|"
    rf"{_PICTURE}(?:\N{{ZERO WIDTH JOINER}}{_PICTURE})*+"
)
_DIGITS = rf"(?:\p{{Nd}}(?!{_KEYCAP}))++"
_BETWEEN = r"[.,:/'’٫٬，．：\-]"
# Not within a word (mp3, 3rd, v1.5), but for an address that follows without a blank.
_NUMBER = (
    rf"(?:\G|(?<![\p{{Latin}}\p{{Nd}}_])(?<!\p{{Nd}}(?!\G){_BETWEEN}))"
    rf"{_DIGITS}(?:{_BETWEEN}{_DIGITS})*+(?!(?!{_URL}|{_EMAIL})[\p{{Latin}}_])"
)
# Of two that begin at one character the first is taken: an address has names, dots and digits.
ENTITIES = {
    "urls": _URL,
    "emails": _EMAIL,
    "mentions": _MENTION,
    "emoji": _EMOJI,
    "numbers": _NUMBER,
}
# What a text has that has one of a kind.
SIGNS = {
    "urls": regex.compile(r"://|(?i:www\.)"),
    "emails": regex.compile("@"),
    "mentions": regex.compile("@"),
    "emoji": regex.compile(
        r"[\p{Extended_Pictographic}\p{Emoji_Presentation}\N{COMBINING ENCLOSING KEYCAP}]"
    ),
    "numbers": regex.compile(r"\p{Nd}"),
}


@lru_cache(maxsize=64)
def found(*kinds: str) -> regex.Pattern:
    """Return what finds all of some kinds of ENTITIES; the name of its group is the kind.

    Example:
        >>> [one.lastgroup for one in found("emails", "numbers").finditer("12 a@b.de")]
        ['numbers', 'emails']
    """
    return regex.compile("|".join(f"(?P<{kind}>{ENTITIES[kind]})" for kind in kinds))


def replaced(words: dict[str, str], text: str) -> str:
    """Put words for what is found of their kinds, given in the order of ENTITIES.

    All kinds at once cost a text ten times what one does, so only those whose sign is there are
    looked for.
    """
    kinds = tuple(kind for kind in words if SIGNS[kind].search(text))
    if not kinds:
        return text
    return found(*kinds).sub(lambda one: words[one.lastgroup], text)


URL = found("urls")
EMOJI = found("emoji")
