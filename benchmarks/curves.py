"""Curves over sizes of very different orders, drawn as SVG: both axes in powers of ten or two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from benchmarks.verdicts_page import STYLE
from textkaizen.report.svg import path, tag

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 340, 60, 190, 34, 48
DASHES = ("", "9 4", "2 4", "7 3 2 3")
MOST_NAMES = 8  # of ticks on an axis
Points = Sequence[tuple[float, float]]


def log_ticks(low: float, high: float, base: int = 10) -> list[float]:
    """Return powers of the base from the one at or below `low` to the one at or above `high`.

    Example:
        >>> log_ticks(3, 1000)
        [1, 10, 100, 1000]
    """
    first = math.floor(math.log(low, base) + 1e-9)
    last = math.ceil(math.log(high, base) - 1e-9)
    every = -(-(last - first + 1) // MOST_NAMES)
    last += -(last - first) % every
    return [
        float(base) ** power if power < 0 else base**power
        for power in range(first, max(last, first + 1) + 1, every)
    ]


def figure(curves: Mapping[str, Points], across: str, up: str, base: int = 10) -> str:
    """Draw curves with names at their ends.

    Args:
        curves: by name, points (size, number), both > 0.
        across, up: what the axes count.
        base: of the horizontal axis.
    """
    curves = {name: points for name, points in curves.items() if points}
    sizes, numbers = (
        [point[part] for each in curves.values() for point in each] for part in (0, 1)
    )
    right, top = log_ticks(min(sizes), max(sizes), base), log_ticks(min(numbers), max(numbers))
    x = lambda size: LEFT + _share(size, right) * (WIDTH - LEFT - RIGHT)
    y = lambda number: HEIGHT - BOTTOM - _share(number, top) * (HEIGHT - TOP - BOTTOM)
    drawn = [tag("rect", width=WIDTH, height=HEIGHT, class_="ground")]
    for tick in top:
        ends = {"x1": x(right[0]), "x2": x(right[-1]), "y1": y(tick), "y2": y(tick)}
        drawn.append(tag("line", class_="grid", **ends))
        drawn.append(tag("text", f"{tick:,g}", x=LEFT - 8, y=y(tick) + 4, class_="end"))
    for tick in right:
        drawn.append(tag("text", _short(tick), x=x(tick), y=y(top[0]) + 18, class_="middle"))
    drawn.append(tag("text", up, x=8, y=18))
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    drawn.append(tag("text", across, x=middle, y=HEIGHT - 8, class_="middle"))
    for (_, points), dashes in zip(curves.items(), DASHES, strict=False):
        places = [(x(size), y(number)) for size, number in points]
        drawn.append(tag("path", d=path(places), class_="curve", stroke_dasharray=dashes or None))
        drawn += [tag("circle", cx=left, cy=down, r=3, class_="point") for left, down in places]
    drawn += _names({name: (x(each[-1][0]), y(each[-1][1])) for name, each in curves.items()})
    root = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    label = f"{up} by {across}"
    return str(tag("svg", tag("style", STYLE), *drawn, **root, role="img", aria_label=label)) + "\n"


def _share(value: float, ticks: Sequence[float]) -> float:
    low, high = math.log(ticks[0]), math.log(ticks[-1])
    return (math.log(value) - low) / (high - low)


def _short(size: float) -> str:
    """Write a size in thousands and millions."""
    for least, mark in ((1_000_000, "M"), (1_000, "k")):
        if size >= least and not size % least:
            return f"{size / least:g}{mark}"
    return f"{size:g}"


def _names(ends: Mapping[str, tuple[float, float]]) -> list[Markup]:
    """Write names beside the curves' ends, none over another."""
    written, lowest = [], -math.inf
    for name, (right, down) in sorted(ends.items(), key=lambda one: one[1][1]):
        lowest = max(down + 4, lowest + 16)
        written.append(tag("text", name, x=right + 9, y=lowest, class_="name"))
    return written
