"""Figures of a report as inline SVG: intervals on an axis, learning curves, confusions.

Written directly, a few hundred bytes each, in colours that are CSS variables of the page: so they
follow dark mode, print, keep their letters legible on a phone, and hold their numbers as text that
a screen reader can read. Intervals are one small figure a row, with the row's name and numbers as
text of the page beside it, because only text of the page can reflow.

Rejected: matplotlib (its SVG has fixed colours and sizes, 30 to 100 kB a figure with letters as
outlines, and takes a second to import), and a drawing library in JavaScript (a page that needs no
script can be opened, mailed and kept anywhere).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from textkaizen.report.confusions import Confusions
from textkaizen.report.svg import Axis, axis, path, tag, together
from textkaizen.report.wording import Interval, counted, shortened, width
from textkaizen.study.result import HELPS, HURTS, Curve, Verdict

MIDDLE = "50%"
ELSEWHERE = "other"
FAINTEST, DEEPEST = 0.12, 0.46  # opacity of a cell; numbers must stay legible on the deepest
APART = 12  # pixels before the column of all other classes
SYMBOLS = {
    "helps": "M0,-6.5L6.5,5H-6.5Z",
    "hurts": "M0,6.5L6.5,-5H-6.5Z",
    "none": "M-4.5,0a4.5,4.5 0 1 0 9,0a4.5,4.5 0 1 0 -9,0Z",
    "score": "M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0Z",
}


@dataclass(frozen=True)
class Frame:
    """Where a chart's area lies in its figure, in pixels."""

    width: float = 400.0
    height: float = 250.0
    left: float = 46.0
    right: float = 14.0
    top: float = 20.0
    bottom: float = 38.0

    def x(self, share: float) -> float:
        """Place a share of the width."""
        return self.left + share * (self.width - self.left - self.right)

    def y(self, share: float) -> float:
        """Place a share of the height, upwards."""
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


def kind(verdict: Verdict) -> str:
    """Return the class of a verdict's symbol and colour: "helps", "hurts" or "none"."""
    return {HELPS: "helps", HURTS: "hurts"}.get(verdict.verdict, "none")


def symbol(style: str) -> Markup:
    """Draw one symbol alone, for a legend."""
    drawn = tag("path", d=SYMBOLS[style], class_=f"mark {style}")
    return tag("svg", drawn, width=18, height=18, viewBox="-9 -9 18 18", aria_hidden="true")


def gap_axis(gaps: Iterable[Interval], times: float = 100.0) -> Axis:
    """Make the axis that all rounds share, zero within.

    One change that ruins everything would squeeze all others into a line, so the axis ends at four
    times what three of four intervals stay within.

    Args:
        gaps: differences; a hundredth is the least that the axis reaches to.
        times: what they are multiplied by; 100 gives points.
    """
    pairs = [(times * gap.low, times * gap.high) for gap in gaps]
    least = 0.01 * times
    if not pairs:
        return axis(-least, least)
    reaches = sorted(max(abs(low), abs(high)) for low, high in pairs)
    most = max(4 * reaches[(3 * (len(reaches) - 1)) // 4], least)
    low = max(min(low for low, _ in pairs), -most)
    high = min(max(high for _, high in pairs), most)
    low, high = min(low, 0.0), max(high, 0.0)
    room = max(0.04 * (high - low), 0.1 * least)
    # Bare numbers and nats have more digits than points.
    return axis(low - room, high + room, most_ticks=7 if times > 1 else 4)


def score_axis(scores: Iterable[Interval]) -> Axis:
    """Make an axis for scores, in per cent, no longer than its intervals ask for."""
    ends = [100 * end for score in scores for end in (score.low, score.high)]
    low, high = min(ends, default=0.0), max(ends, default=100.0)
    room = max(0.06 * (high - low), 0.5)
    return axis(max(low - room, 0.0), min(high + room, 100.0), most_ticks=5)


def interval(gap: Interval, scale: Axis, style: str, told: str, times: float = 100.0) -> Markup:
    """Draw a value and its interval on an axis, as one row; arrows where it goes on beyond.

    Args:
        gap: what is drawn.
        scale: shared by all rows of the figure.
        style: of the symbol, a key of SYMBOLS; " dropped" after it dashes the line.
        told: what a screen reader says.
        times: what the gap is multiplied by to be on the axis; 100 gives points and per cent.
    """
    low, value, high = (times * end for end in (gap.low, gap.value, gap.high))
    parts = [_grid(scale)]
    if scale.holds(low) or scale.holds(high) or low < scale.low < high:
        ends = {"x1": scale.place(low), "x2": scale.place(high), "y1": MIDDLE, "y2": MIDDLE}
        parts.append(tag("line", class_=f"bar {style}", **ends))
    for end, beyond in ((low, low < scale.low), (high, high > scale.high)):
        if beyond:
            parts.append(_at(scale.place(end), _arrow(end < scale.low, style)))
    if scale.holds(value):
        mark = tag("path", d=SYMBOLS[style.split()[0]], class_=f"mark {style}")
        parts.append(_at(scale.place(value), mark))
    return tag("svg", *parts, class_="row-figure", role="img", aria_label=told)


def ticks(scale: Axis) -> Markup:
    """Draw the numbers under the rows."""
    decimals = scale.decimals()
    named = [
        tag("text", _signed(tick, decimals, scale), x=scale.place(tick), y="14", class_="tick")
        for tick in scale.ticks
    ]
    return tag("svg", *named, class_="tick-figure", aria_hidden="true")


def learning_curve(curve: Curve, loss: Axis, told: str) -> Markup:
    """Draw training and validation loss over the epochs, the best epoch marked.

    Args:
        curve: of one training.
        loss: the axis all curves of a page share.
        told: what a screen reader says.
    """
    frame, last = Frame(), max(len(curve.loss), 1)
    epochs = axis(0.0, float(last), most_ticks=6)
    parts = [_chart_grid(frame, epochs, loss)]
    for values, style in ((curve.loss, "training"), (curve.val_loss, "validation")):
        if len(values) == 1 and math.isfinite(values[0]):
            dot = {"cx": frame.x(epochs.share(1)), "cy": frame.y(loss.share(values[0])), "r": 3}
            parts.append(tag("circle", class_=f"dot {style}", **dot))
        drawn = path(
            (frame.x(epochs.share(epoch)), frame.y(loss.share(value)))
            for epoch, value in enumerate(values, 1)
        )
        if drawn:
            parts.append(tag("path", d=drawn, class_=f"curve {style}"))
    if 1 <= curve.best_epoch <= last:
        parts.append(_best(curve, frame, epochs, loss))
    box = f"0 0 {frame.width:g} {frame.height:g}"
    return tag("svg", *parts, class_="chart", viewBox=box, role="img", aria_label=told)


def loss_axis(curves: Iterable[Curve]) -> Axis:
    """Make the axis of losses that all curves of a page share, from 0.

    A training that went astray ends at the top: four times where the first epochs began.
    """
    lines = [
        [value for value in values if math.isfinite(value)]
        for curve in curves
        for values in (curve.loss, curve.val_loss)
    ]
    lines = [line for line in lines if line]
    if not lines:
        return axis(0.0, 1.0, most_ticks=4)
    top = min(max(map(max, lines)), 4 * max(line[0] for line in lines))
    return axis(0.0, 1.05 * top or 1.0, most_ticks=4)


def heat_map(found: Confusions, told: str, room: int = 440, longest: int = 22) -> Markup:
    """Draw true classes by predicted classes; columns are numbered like the rows.

    Numbers instead of names over the columns: 25 names turned on their side cannot be read, and
    are the reason why such figures do not fit a phone.

    Args:
        found: what is counted.
        told: what a screen reader says.
        room: pixels that the cells of a row may take, if that leaves each 22 of them.
        longest: columns that a name is cut to.
    """
    rows, columns = found.counts.shape
    cell = min(max(room // columns, 22), 52)
    names = [shortened(label, longest) for label in found.labels]
    left = 7.2 * max(map(width, names)) + 44
    top, bottom = 30.0, 8.0
    parts = []
    starts = [left + column * cell + (APART if column >= rows else 0) for column in range(columns)]
    for column, start in enumerate(starts):
        named, x = str(column + 1) if column < rows else ELSEWHERE, start + cell / 2
        parts.append(tag("text", named, x=x, y=top - 8, class_="column-name"))
    for row in range(rows):
        y = top + (row + 0.5) * cell
        hint = tag("title", f"{row + 1}: {found.labels[row]}")
        parts.append(tag("text", names[row], hint, x=left - 36, y=y, class_="row-name"))
        parts.append(tag("text", str(row + 1), x=left - 9, y=y, class_="row-number"))
        parts += [
            _cell(found, row, column, start, top + row * cell, cell)
            for column, start in enumerate(starts)
        ]
    wide, high = starts[-1] + cell + APART, top + rows * cell + bottom
    return tag(
        "svg",
        *parts,
        class_="heat-map",
        viewBox=f"0 0 {wide:g} {high:g}",
        style=f"max-width:{wide:.0f}px;min-width:{0.9 * wide:.0f}px",
        role="img",
        aria_label=told,
    )


def _cell(found: Confusions, row: int, column: int, x: float, y: float, size: float) -> Markup:
    count, texts = int(found.counts[row, column]), found.texts[row]
    square = {"x": x + 0.75, "y": y + 0.75, "width": size - 1.5, "height": size - 1.5, "rx": 2}
    if not count:
        return tag("rect", class_="cell empty", **square)
    share, right = count / texts, row == column
    taken = found.labels[column] if column < len(found.labels) else "another class"
    said = f"{found.labels[row]} → {taken}: {count} of {counted(texts, 'text')}"
    style = "right" if right else "wrong"
    middle = {"x": x + size / 2, "y": y + size / 2}
    inside = [
        tag("title", said),
        tag(
            "rect",
            class_=f"cell {style}",
            fill_opacity=FAINTEST + (DEEPEST - FAINTEST) * share,
            **square,
        ),
    ]
    if len(str(count)) * 7 < size:
        inside.append(tag("text", str(count), class_="count", **middle))
    return tag("g", *inside)


def _grid(scale: Axis) -> Markup:
    return together(
        tag(
            "line",
            x1=scale.place(tick),
            x2=scale.place(tick),
            y1="0",
            y2="100%",
            class_="zero" if abs(tick) < 1e-9 and scale.low < 0 else "grid",
        )
        for tick in scale.ticks
    )


def _at(place: str, drawn: Markup) -> Markup:
    """Put a drawing's origin at a place given in per cent, in the middle of the row."""
    return tag("svg", drawn, x=place, y=MIDDLE, overflow="visible")


def _arrow(leftwards: bool, style: str) -> Markup:
    tip = "M-7,0L1,-5V5Z" if leftwards else "M7,0L-1,-5V5Z"
    return tag("path", d=tip, class_=f"arrow {style}")


def _signed(tick: float, decimals: int, scale: Axis) -> str:
    if abs(tick) < 1e-9:
        return "0"
    sign = "+" if scale.low < 0 else ""
    return f"{tick:{sign}.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _chart_grid(frame: Frame, epochs: Axis, loss: Axis) -> Markup:
    parts = []
    for tick in loss.ticks:
        y = frame.y(loss.share(tick))
        ends = {"x1": frame.x(0), "x2": frame.x(1), "y1": y, "y2": y}
        parts.append(tag("line", class_="grid" if tick else "base", **ends))
        number = f"{tick:.{loss.decimals()}f}"
        parts.append(tag("text", number, x=frame.left - 8, y=y, class_="tick y-tick"))
    for tick in epochs.ticks:
        if tick == round(tick) and tick:
            number, y = f"{tick:.0f}", frame.height - frame.bottom + 16
            parts.append(tag("text", number, x=frame.x(epochs.share(tick)), y=y, class_="tick"))
    parts.append(tag("text", "loss", x=4, y=10, class_="axis-name"))
    parts.append(
        tag("text", "epoch", x=frame.x(1), y=frame.height - 5, class_="axis-name to-the-end")
    )
    return together(parts)


def _best(curve: Curve, frame: Frame, epochs: Axis, loss: Axis) -> Markup:
    """Mark the epoch whose weights the model has."""
    values = curve.val_loss or curve.loss
    x = frame.x(epochs.share(curve.best_epoch))
    line = {"x1": x, "x2": x, "y1": frame.top, "y2": frame.height - frame.bottom}
    right = epochs.share(curve.best_epoch) > 0.6
    which = "last" if curve.best_epoch == len(curve.loss) else "best"
    name = {"x": x - 6 if right else x + 6, "y": frame.top + 5}
    style = "best-name to-the-end" if right else "best-name"
    parts = [
        tag("line", class_="best-line", **line),
        tag("text", f"{which} epoch: {curve.best_epoch}", class_=style, **name),
    ]
    if curve.best_epoch <= len(values) and math.isfinite(values[curve.best_epoch - 1]):
        y = frame.y(loss.share(values[curve.best_epoch - 1]))
        parts.append(tag("circle", cx=x, cy=y, r=4.5, class_="best-dot"))
    return together(parts)
