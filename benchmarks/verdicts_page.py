"""Result file of `benchmarks.verdicts` -> the tables of docs/verdicts.md, and its power curve.

The words of the page are written by hand; what stands between the marks is drawn from the result
file, and a test holds it to the file.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from benchmarks.verdicts import CURVE, RESULT, SCENARIOS, UNCORRECTED
from textkaizen.report.svg import axis, path, tag

DOCS = Path(__file__).parent.parent / "docs"
PAGE, FIGURE = DOCS / "verdicts.md", DOCS / "verdicts-power.svg"
BEGIN, END = "<!-- simulated: written by `make verdicts` -->", "<!-- end of simulated -->"
STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --ink: #22262e; --muted: #5b6270;
  --grid: #e9e6de; --line: #2c4a84; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181d; --ink: #e6e4de; --muted: #a4aab6;
  --grid: #2a2f38; --line: #9cb7ee; } }
text { font: 13px system-ui, sans-serif; fill: var(--muted); }
.ground { fill: var(--ground); } .grid { stroke: var(--grid); }
.wanted { stroke: var(--muted); stroke-dasharray: 5 4; }
.curve { fill: none; stroke: var(--line); stroke-width: 2.25; }
.point { fill: var(--line); } .name { fill: var(--ink); }
.middle { text-anchor: middle; } .end { text-anchor: end; }
"""
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 52, 112, 34, 44
WANTED = 80
DASHES = ("2 4", "7 3 2 3", "9 4", "")  # of the curves, from few texts to many


def write_page() -> None:
    """Write tables and figure from the result file into docs/."""
    parts = json.loads(RESULT.read_text(encoding="utf-8"))["parts"]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(parts)}\n{END}{after}", encoding="utf-8")
    FIGURE.write_text(figure(parts), encoding="utf-8")


def tables(parts: dict[str, Any]) -> str:
    """Return all that the page shows of the parts that were measured."""
    told = [name for name in SCENARIOS if name in parts]
    lines = [
        "| what is true | studies | claim something false | false claims |",
        "|---|---|---|---|",
    ]
    for name in told:
        part = parts[name]
        claims = ", ".join(f"{count} x {what}" for what, count in part["false_claims"].items())
        lines.append(
            f"| {part['about']} | {part['studies']} | {_rate(part['false'])} | {claims or 'none'} |"
        )
    lines += _uncorrected(parts)
    lines += [
        "",
        "| what is true | found | 95 % intervals that hold it: macro-F1 | accuracy | lanes run |",
        "|---|---|---|---|---|",
    ]
    for name in told:
        part = parts[name]
        found = [f"{effect}: {_rate(each)}" for effect, each in part["found"].items()]
        held = [_rate(part["held"][metric]["all"]) for metric in ("macro_f1", "accuracy")]
        lanes = f"{100 * part['lanes_of_all']:.0f} %"
        lines.append(f"| {part['about']} | {', '.join(found)} | {' | '.join(held)} | {lanes} |")
    return "\n".join([*lines, *_curve_table(parts), *_measured(parts), ""])


def _uncorrected(parts: dict[str, Any]) -> list[str]:
    if UNCORRECTED not in parts:
        return []
    errors = parts[UNCORRECTED]["errors"]
    return [
        "",
        f"Single comparisons without effect, all lanes, not corrected: p is at most 5 % in "
        f"{_rate(errors['macro_f1'])} by macro-F1 and {_rate(errors['accuracy'])} by accuracy, of "
        f"{errors['macro_f1']['of']:,}.",
    ]


def _curve_table(parts: dict[str, Any]) -> list[str]:
    """Return how many of a hundred studies find an effect, by texts and effect."""
    told = [name for name in CURVE if name in parts]
    if not told:
        return []
    effects = list(parts[told[0]]["found"])
    lines = ["", f"| texts | {' | '.join(effects)} |", "|---|" + "---|" * len(effects)]
    for name in told:
        shares = [f"{100 * each['rate']:.0f} %" for each in parts[name]["found"].values()]
        lines.append(f"| {parts[name]['texts']:,} | {' | '.join(shares)} |")
    return lines


def _measured(parts: dict[str, Any]) -> list[str]:
    """Say what the studies looked like, how long they took, and on which machine."""
    told = [parts[name] for name in SCENARIOS if name in parts]
    looks = [
        f"{100 * part['first_40']['churn']:.1f} and {100 * part['first_40']['changed']:.1f} % "
        f"({part['about']})"
        for part in told
    ]
    seconds = sum(part["seconds"] for part in parts.values())
    facts = {tuple(part["facts"].items()) for part in parts.values()}
    machines = ["; ".join(f"{name} {value}" for name, value in each) for each in sorted(facts)]
    return [
        "",
        "Of the texts, two networks of the baseline answered so many differently, and two networks "
        f"with and without an improvement: {', '.join(looks)}.",
        "",
        f"Simulated in {seconds / 60:.0f} minutes with: {' / '.join(machines)}.",
    ]


def _rate(found: dict[str, float]) -> str:
    """Write a share with the standard error of simulating so few."""
    return f"{100 * found['rate']:.1f} ± {100 * found['error']:.1f} %"


def figure(parts: dict[str, Any]) -> str:
    """Draw the share of studies that find an effect over its size, a curve for each size."""
    told = [name for name in CURVE if name in parts]
    across, up = axis(0, 8.2, most_ticks=9), axis(0, 100, most_ticks=5)
    x = lambda points: LEFT + across.share(points) * (WIDTH - LEFT - RIGHT)
    y = lambda percent: HEIGHT - BOTTOM - up.share(percent) * (HEIGHT - TOP - BOTTOM)
    drawn = [tag("rect", width=WIDTH, height=HEIGHT, class_="ground")]
    for tick in up.ticks:
        ends = {"x1": x(0), "x2": x(8), "y1": y(tick), "y2": y(tick)}
        drawn.append(tag("line", class_="wanted" if tick == WANTED else "grid", **ends))
        drawn.append(tag("text", f"{tick:.0f}", x=x(0) - 8, y=y(tick) + 4, class_="end"))
    for tick in across.ticks:
        drawn.append(tag("text", f"{tick:.0f}", x=x(tick), y=y(0) + 18, class_="middle"))
    drawn.append(tag("text", "studies that find it, per cent", x=8, y=18))
    drawn.append(tag("text", "true effect, points", x=x(4), y=HEIGHT - 8, class_="middle"))
    for name, dashes in zip(told, DASHES, strict=False):
        rates = [100 * each["rate"] for each in parts[name]["found"].values()]
        places = [(x(points), y(share)) for points, share in enumerate(rates, 1)]
        drawn.append(tag("path", d=path(places), class_="curve", stroke_dasharray=dashes or None))
        drawn += [tag("circle", cx=right, cy=top, r=3, class_="point") for right, top in places]
    drawn += _names(parts, told, x, y)
    root = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    label = "Share of simulated studies that find an effect, by its size and the number of texts"
    return str(tag("svg", tag("style", STYLE), *drawn, **root, role="img", aria_label=label)) + "\n"


def _names(parts: dict[str, Any], told: list[str], x, y) -> list[Markup]:
    """Write beside the curves' ends how many texts they stand for, none over another."""
    lowest, written = math.inf, []
    for name in told:
        rate = list(parts[name]["found"].values())[-1]["rate"]
        lowest = min(y(100 * rate) + 4, lowest - 16)
        texts = f"{parts[name]['texts']:,} texts"
        written.append(tag("text", texts, x=x(8) + 10, y=lowest, class_="name"))
    return written
