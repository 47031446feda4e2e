"""A learning-rate range test -> a table for the terminal, and a figure in a file of its own.

The table shows two rates a decade; the figure every step. The figure carries its own colours, the
page's, and so follows dark mode wherever it is opened.

Rejected: a chart of block characters in the terminal (many fonts and pipes do not have them).
"""

from __future__ import annotations

import math
from importlib.resources import files

import numpy as np
from markupsafe import Markup

from textkaizen.report.figures import Frame
from textkaizen.report.svg import Axis, axis, path, tag, together
from textkaizen.report.wording import counted, padded, printable, shortened, wrapped
from textkaizen.study.rates import DECADES, RangeTest

NAMESPACE = "http://www.w3.org/2000/svg"
COLUMNS = 80
LONGEST_BAR = 32
FIRST_BAR = 28  # of the loss that training begins with
FRAME = Frame(width=760.0, height=420.0, left=58.0, right=26.0, top=92.0, bottom=46.0)
OWN_STYLE = """
text { font-family: var(--sans); font-variant-numeric: tabular-nums; }
.ground { fill: var(--ground); }
.heading { font: 500 21px var(--serif); fill: var(--ink); }
.said, .key { font-size: 13px; fill: var(--muted); }
.each { fill: none; stroke: var(--none); stroke-width: 1; opacity: .4; }
.astray { stroke: var(--hurts); stroke-dasharray: 6 4; }
"""


def rates_table(found: RangeTest) -> str:
    """Return the curve at two rates a decade, and what is suggested, in lines of 80 columns.

    Losses are smoothed; a bar ends in ">" where the loss is larger than it can show.
    """
    lines = [
        f"The learning rate grows with each step: {_work(found)}",
        "",
        f"  {padded('learning rate', 15)}{padded('loss', 10, right=True)}",
    ]
    last, rows = len(found.rates) - 1, range(2 * DECADES + 1)
    # The step nearest to each rate: there are hundreds, so none is more than 1 % away.
    places = [round(last * row / (2 * DECADES)) for row in rows]
    remarks, first = _remarks(found, places), found.smoothed[places[1]]
    for row, place in zip(rows, places, strict=True):
        loss, own = found.smoothed[place], found.rates[0] * 10 ** (row / 2)
        line = f"  {padded(rate(own), 15)}{padded(_loss(loss), 10, right=True)}"
        lines.append(f"{line}  {padded(_bar(loss, first), LONGEST_BAR)}  {remarks[row]}".rstrip())
    return "\n".join([*lines, "", suggestion(found)])


def suggestion(found: RangeTest) -> str:
    """Return what is suggested, and why, in lines of 80 columns."""
    own = f"The recipe's own is {rate(found.learning_rate)}."
    told = (
        f"Suggested learning rate: {rate(found.suggestion)}."
        if found.suggestion
        else ("No learning rate is suggested.")
    )
    return wrapped(f"{told} {own} {found.reason}", COLUMNS)


def rate(value: float) -> str:
    """Word a learning rate in two digits.

    Example:
        >>> rate(0.00123), rate(1e-06), rate(2.0)
        ('0.0012', '1e-06', '2')
    """
    return f"{value:.2g}"


def rates_figure(found: RangeTest, name: str) -> str:
    """Draw the curve as an SVG document: loss over learning rate, the suggested one marked.

    Args:
        found: of any recipe.
        name: of the texts.
    """
    exponents = _exponents(found)
    loss = _loss_axis(found)
    area = {"x": FRAME.left, "y": FRAME.top}
    area |= {"width": FRAME.x(1) - FRAME.left, "height": FRAME.y(0) - FRAME.top}
    lines = tag("g", *_lines(found, exponents, loss), clip_path="url(#area)")
    parts = [
        tag("title", _told(found, name)),
        tag("style", Markup(_style())),
        tag("clipPath", tag("rect", **area), id="area"),
        tag("rect", class_="ground", width="100%", height="100%"),
        _head(found, name),
        _grid(exponents, loss),
        lines,
    ]
    if found.suggestion:
        parts.append(_mark(found, found.suggestion, exponents, loss))
    box = f"0 0 {FRAME.width:g} {FRAME.height:g}"
    return tag("svg", *parts, xmlns=NAMESPACE, viewBox=box, role="img") + "\n"


def _remarks(found: RangeTest, places: list[int]) -> list[str]:
    """What is said beside each row: which is nearest to the steepest place and to the least."""
    said: list[list[str]] = [[] for _ in places]
    for value, word in ((found.steepest, "steepest"), (found.least, "least")):
        if value is not None:
            apart = [abs(math.log(found.rates[place] / value)) for place in places]
            said[apart.index(min(apart))].append(word)
    return [", ".join(words) for words in said]


def _loss(value: float) -> str:
    if not math.isfinite(value):
        return "no number"
    return f"{value:.3f}" if value < 1000 else f"{value:.1e}"


def _bar(loss: float, first: float) -> str:
    """Draw a loss as a bar; `first` is the loss whose bar has the usual length."""
    if not math.isfinite(loss) or not first > 0:
        return ""
    marks = round(FIRST_BAR * loss / first)
    return "#" * marks if marks <= LONGEST_BAR else "#" * (LONGEST_BAR - 1) + ">"


def _exponents(found: RangeTest) -> Axis:
    """The axis of rates, in decades, with a tick at each whole one."""
    low, high = math.log10(found.rates[0]), math.log10(found.rates[-1])
    ticks = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    return Axis(low, high, tuple(map(float, ticks)))


def _loss_axis(found: RangeTest) -> Axis:
    """The axis of losses, from 0 to somewhat above what was read."""
    read = [value for value in found.smoothed[: found.end] if math.isfinite(value)]
    first = next(iter(read), 1.0)
    return axis(0.0, 1.12 * min(max(read, default=1.0), 1.5 * first), most_ticks=5)


def _lines(found: RangeTest, exponents: Axis, loss: Axis) -> list[Markup]:
    """Each step's loss, and the smoothed one before and after it has gone astray."""
    top = loss.high - loss.low

    def line(values: tuple[float, ...], begin: int, end: int) -> str:
        # Beyond the frame the line is cut off, not laid along its edge; numbers stay small.
        height = lambda value: FRAME.y(min(value / top, 3.0)) if math.isfinite(value) else math.nan
        x = [FRAME.x(exponents.share(math.log10(rate))) for rate in found.rates]
        return path((x[step], height(values[step])) for step in range(begin, end))

    steps = len(found.rates)
    drawn = [
        ("each", line(found.losses, 0, steps)),
        ("curve training", line(found.smoothed, 0, found.end)),
        ("curve astray", line(found.smoothed, found.end - 1, steps)),
    ]
    return [tag("path", d=d, class_=style) for style, d in drawn]


def _mark(found: RangeTest, suggested: float, exponents: Axis, loss: Axis) -> Markup:
    """A line at the suggested rate, with its name and a dot on the curve."""
    step = int(np.abs(np.log(np.array(found.rates) / suggested)).argmin())
    x = FRAME.x(exponents.share(math.log10(suggested)))
    y = FRAME.y(loss.share(found.smoothed[step]))
    right = exponents.share(math.log10(suggested)) > 0.7
    name = {"x": x - 8 if right else x + 8, "y": FRAME.top + 14}
    style = "best-name to-the-end" if right else "best-name"
    return together(
        [
            tag("line", x1=x, x2=x, y1=FRAME.top, y2=FRAME.y(0), class_="best-line"),
            tag("text", f"suggested: {rate(suggested)}", class_=style, **name),
            tag("circle", cx=x, cy=y, r=4.5, class_="best-dot"),
        ]
    )


def _head(found: RangeTest, name: str) -> Markup:
    """Title, what was done, and what the lines are."""
    said = f"{shortened(printable(name), 60)}: {_work(found)}"
    parts = [
        tag("text", "Loss while the learning rate grows", x=20, y=34, class_="heading"),
        tag("text", said, x=20, y=56, class_="said"),
    ]
    keys = [("each", "each step", 390), ("curve training", "smoothed", 495)]
    keys += [("curve astray", "gone astray", 605)] if found.end < len(found.rates) else []
    y = FRAME.top - 16
    for style, word, x in keys:
        parts.append(tag("line", x1=x, x2=x + 24, y1=y, y2=y, class_=style))
        parts.append(tag("text", word, x=x + 30, y=y + 4, class_="key"))
    return together(parts)


def _work(found: RangeTest) -> str:
    """Say what was trained."""
    seen = f", {counted(found.epochs, 'time')} each" if found.epochs > 1 else ""
    return f"{counted(len(found.rates), 'step')} over {counted(found.texts, 'text')}{seen}"


def _grid(exponents: Axis, loss: Axis) -> Markup:
    parts = []
    for tick in loss.ticks:
        y = FRAME.y(loss.share(tick))
        ends = {"x1": FRAME.x(0), "x2": FRAME.x(1), "y1": y, "y2": y}
        parts.append(tag("line", class_="grid" if tick else "base", **ends))
        number = f"{tick:.{loss.decimals()}f}"
        parts.append(tag("text", number, x=FRAME.left - 8, y=y, class_="tick y-tick"))
    for tick in exponents.ticks:
        x = FRAME.x(exponents.share(tick))
        parts.append(tag("line", x1=x, x2=x, y1=FRAME.top, y2=FRAME.y(0), class_="grid"))
        parts.append(tag("text", rate(10**tick), x=x, y=FRAME.y(0) + 18, class_="tick"))
    parts.append(tag("text", "loss", x=20, y=FRAME.top - 12, class_="axis-name"))
    x, y = FRAME.x(1), FRAME.height - 8
    parts.append(tag("text", "learning rate", x=x, y=y, class_="axis-name to-the-end"))
    return together(parts)


def _told(found: RangeTest, name: str) -> str:
    """What a screen reader says."""
    told = f"suggested is {rate(found.suggestion)}" if found.suggestion else "none is suggested"
    return (
        f"Loss of {printable(name)} over learning rates from {rate(found.rates[0])} to "
        f"{rate(found.rates[-1])}: {told}; the recipe's own is {rate(found.learning_rate)}"
    )


def _style() -> str:
    return files("textkaizen.report").joinpath("figure.css").read_text("utf-8") + OWN_STYLE
