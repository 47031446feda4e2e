"""Elements and axes for figures drawn as inline SVG.

Everything that comes from outside is escaped here, in `tag`, and nowhere by hand. An axis gives
places as shares of its length; figures that stretch with the page write them in per cent, so
that letters and symbols keep their size on a phone and only the distances shrink.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def tag(name: str, *inside: str, **attributes: str | float | None) -> Markup:
    """Write one element; text and attributes are escaped, None is left out.

    An underscore in an attribute's name stands for a hyphen, a last one is dropped.

    Example:
        >>> tag("text", "a < b", class_="name", x=1.50)
        Markup('<text class="name" x="1.5">a &lt; b</text>')
    """
    written = [
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _plain(value))
        for key, value in attributes.items()
        if value is not None
    ]
    opened = Markup("<") + name + Markup("").join(written)
    if not inside:
        return opened + Markup("/>")
    return opened + Markup(">") + together(inside) + Markup("</") + name + Markup(">")


def together(parts: Iterable[str]) -> Markup:
    """Join elements and plain texts, which are escaped."""
    return Markup("").join(escape(part) for part in parts)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Write a line through points; where a number is missing (NaN) the line is broken.

    Example:
        >>> path([(0, 1), (2, 3)])
        'M0,1L2,3'
    """
    written, pen = [], "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        written.append(f"{pen}{_plain(x)},{_plain(y)}")
        pen = "L"
    return "".join(written)


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers and where its ticks are.

    Args:
        low, high: its ends, low < high.
        ticks: numbers to be named, within the ends.
    """

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Return where a value lies, from 0 to 1; what lies beyond an end is put at that end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def place(self, value: float) -> str:
        """Return where a value lies, in per cent of the axis."""
        return f"{_plain(100 * self.share(value))}%"

    def holds(self, value: float) -> bool:
        """Whether a value lies between the ends."""
        return self.low <= value <= self.high

    def decimals(self) -> int:
        """How many decimals tell the ticks apart."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        return next((n for n in range(6) if abs(step * 10**n - round(step * 10**n)) < 1e-6), 6)


def axis(low: float, high: float, most_ticks: int = 6) -> Axis:
    """Make an axis over [low, high] with ticks at round numbers.

    Example:
        >>> axis(0, 9).ticks
        (0.0, 2.0, 4.0, 6.0, 8.0)
    """
    if not low < high:
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / most_ticks
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * step for step in STEPS if scale * step >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Axis(low, high, tuple(number * step for number in range(first, last + 1)))


def _plain(value: str | float) -> str:
    """Write a number with at most two decimals."""
    if isinstance(value, str):
        return value
    return f"{round(value, 2) or 0.0:.2f}".rstrip("0").rstrip(".")
