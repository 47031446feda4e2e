"""How numbers and texts are worded, on the page and in the terminal.

Shares are shown in points (differences) or per cent (scores), with one decimal: the second one is
noise for any corpus this is meant for. A difference that rounds to nothing has no sign, so that
nobody reads one into "-0.0".

Rejected: `textwrap.shorten` (it counts Japanese as one long word and leaves nothing of it).
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Protocol

MODELS = {
    "baseline": "baseline network",
    "adopted": "adopted network",
    "logistic_regression": "logistic regression",
    "linear_svm": "linear SVM",
}
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
ELLIPSIS = "…"
# A page cannot hold NUL and lone surrogates; overrides of direction would turn what follows round.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Interval(Protocol):
    """A `Difference` or a `Score`: a value with the ends of its interval, as shares."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


def points(share: float) -> str:
    """Word a difference in points.

    Example:
        >>> points(0.0214), points(-0.03), points(-0.0001)
        ('+2.1', '-3.0', '0.0')
    """
    return signed(100 * share, 1)


def signed(value: float, decimals: int) -> str:
    """Word a number with its sign; what rounds to nothing has none.

    Example:
        >>> signed(0.0117, 3), signed(-0.0001, 3)
        ('+0.012', '0.000')
    """
    rounded = round(value, decimals)
    return f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def points_interval(gap: Interval) -> str:
    """Word the ends of a difference's interval, in points.

    Example:
        >>> from textkaizen.study.result import Score
        >>> points_interval(Score(0.02, -0.01, 0.05))
        '[-1.0, +5.0]'
    """
    return f"[{points(gap.low)}, {points(gap.high)}]"


def per_cent(share: float) -> str:
    """Word a score in per cent, without the sign.

    Example:
        >>> per_cent(0.8049)
        '80.5'
    """
    return f"{100 * share:.1f}"


def per_cent_interval(score: Interval) -> str:
    """Word the ends of a score's interval, in per cent."""
    return f"[{per_cent(score.low)}, {per_cent(score.high)}]"


def chance(p: float | None) -> str:
    """Word a p-value.

    Example:
        >>> chance(0.0421), chance(1e-9), chance(None)
        ('0.042', '< 0.001', '')
    """
    if p is None or math.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def told_chance(p: float) -> str:
    """Word a p-value with its name.

    Example:
        >>> told_chance(0.0421), told_chance(1e-9)
        ('p = 0.042', 'p < 0.001')
    """
    worded = chance(p)
    return f"p {worded}" if worded.startswith("<") else f"p = {worded}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Word how many there are.

    Example:
        >>> counted(1, "class", "classes"), counted(1200, "text")
        ('1 class', '1,200 texts')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Word a time.

    Example:
        >>> duration(4.21), duration(65), duration(7300)
        ('4.2 s', '1 min 5 s', '2 h 1 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def joined(names: list[str]) -> str:
    """Join names as in a sentence.

    Example:
        >>> joined(["a", "b", "c"])
        'a, b and c'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, as a sentence does; "" stays "".

    Example:
        >>> sentence("it overfits from epoch 9"), sentence("Who knows?")
        ('It overfits from epoch 9.', 'Who knows?')
    """
    text = text.strip()
    end = "" if text.endswith((".", "?", "!")) or not text else "."
    return upper_first(text) + end


def upper_first(text: str) -> str:
    """Begin with a capital, and leave all other letters as they are."""
    return text[:1].upper() + text[1:]


def typeset(text: str) -> str:
    """Give numbers their minus sign and changes their arrow; keep intervals and p on one line.

    Example:
        >>> typeset("learning_rate: 0.001 -> 0.00033333333333333335, patience: None -> 5.0")
        'learning_rate: 0.001 → 0.000333, patience: off → 5.0'
    """
    text = text.replace("->", "→").replace(": None →", ": off →").replace("→ None", "→ off")
    text = text.replace("macro-F1", "macro\N{NON-BREAKING HYPHEN}F1")
    text = re.sub(r"\d\.\d{7,}(e-?\d+)?", lambda found: f"{float(found[0]):.3g}", text)
    text = re.sub(r"(?<![\w.)])-(?=\d)", MINUS, text)
    text = re.sub(r"\bp ([<=]) (?=\d)", f"p{NO_BREAK}\\1{NO_BREAK}", text)
    return re.sub(r"\[[^\[\]]{1,24}\]", lambda found: found[0].replace(" ", NO_BREAK), text)


def printable(text: str) -> str:
    """Replace what a page cannot hold or what would disturb the text around it."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _UNPRINTABLE.sub(" ", text))


def width(text: str) -> int:
    """Count the columns a text takes in a terminal: two for a Chinese or Japanese character.

    Example:
        >>> width("abc"), width("改善")
        (3, 4)
    """
    return sum(_columns(character) for character in text)


def shortened(text: str, most: int) -> str:
    """Cut a text to `most` columns, with an ellipsis where something was left out.

    Example:
        >>> shortened("opening hours", 8), shortened("開館時間を教えて", 8)
        ('opening…', '開館時…')
    """
    text = " ".join(text.split())
    if width(text) <= most:
        return text
    kept, used = [], 1
    for character in text:
        used += _columns(character)
        if used > most:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ELLIPSIS


def padded(text: str, columns: int, right: bool = False) -> str:
    """Fill a text up with blanks to that many columns of a terminal."""
    blanks = " " * max(columns - width(text), 0)
    return blanks + text if right else text + blanks


def wrapped(text: str, columns: int, indent: str = "") -> str:
    """Break a text into lines of at most that many columns, between words where there are any.

    Example:
        >>> wrapped("one two three", 8).splitlines(), wrapped("改善の報告", 6).splitlines()
        (['one two', 'three'], ['改善の', '報告'])
    """
    lines, line = [], indent
    for word in text.split():
        blank = " " if line != indent else ""
        if width(line + blank + word) > columns and line != indent:
            lines.append(line)
            line, blank = indent, ""
        line += blank
        for character in word:
            if width(line) + _columns(character) > columns:
                lines.append(line)
                line = indent
            line += character
    return "\n".join([*lines, line])


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
