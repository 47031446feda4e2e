"""What a fallback promises -> sentences for a terminal, and a figure.

The figure holds the risk-coverage curve, and below it the reliability diagram: what probabilities
promised, and what they kept.

The figure stands alone, with its colours, as that of the range test does.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from textkaizen.report.figures import Frame
from textkaizen.report.svg import Axis, axis, path, tag, together
from textkaizen.report.wording import counted, per_cent, printable, shortened, wrapped

NAMESPACE = "http://www.w3.org/2000/svg"
COLUMNS = 80
FRAME = Frame(width=760.0, height=420.0, left=58.0, right=26.0, top=92.0, bottom=46.0)
OWN_STYLE = """
text { font-family: var(--sans); font-variant-numeric: tabular-nums; }
.ground { fill: var(--ground); }
.heading { font: 500 21px var(--serif); fill: var(--ink); }
.said, .key { font-size: 13px; fill: var(--muted); }
.ideal { stroke: var(--muted); stroke-dasharray: 2 3; }
.promised { stroke: var(--hurts); stroke-width: 1.5; stroke-dasharray: 6 4; }
"""
SCORES = {
    "probability": "the probability of the best label",
    "margin": "the probability of the best label minus that of the second",
    "energy": "the energy of the logits",
    "distance": "the distance to the mean of the class",
}
RESTS_ON = {
    "held_out": "the texts that `improve` held out, answered by this model (a third of the error "
    "rate, for it may have been chosen among three by these texts)",
    "kept_away": "texts kept away from this model when it was trained anew",
    "unseen": "texts that this model has not seen",
    "out_of_fold": "networks trained like this one on four fifths of the texts, not this one "
    "itself: check it on texts it has not seen",
}


def fallback_told(found: Mapping[str, Any]) -> str:
    """Return what `study.fallback.set_fallback` found, in lines of 80 columns."""
    said = [
        f"It answers {per_cent(found['coverage'])} % of the texts of the known classes, and with "
        f"{100 * found['confidence']:g} % confidence at most {100 * found['wrong']:g} % of its "
        f"answers are wrong{_among(found)}.",
        f"In the test {_share(found['wrong_answers'], found['answered'])} of "
        f"{counted(found['answered'], 'answer')} were wrong, of {counted(found['texts'], 'text')}; "
        f"answering everything, {per_cent(found['accuracy_of_all'])} % of the texts of known "
        "classes would be right.",
        f"The test was on {RESTS_ON[found['rests_on']]}.",
    ]
    outside = found.get("outside")
    if outside:
        said.append(
            f"It leaves {per_cent(outside['rejected'])} % of "
            f"{counted(outside['texts'], 'text')} outside unanswered."
        )
    errors = found["calibration_error"]
    said.append(
        f"Sureness is {SCORES[found['score']]}. Probabilities are divided by the temperature "
        f"{found['temperature']:.2f}: they were {per_cent(errors['before'])} points off, and are "
        f"{per_cent(errors['after'])}."
    )
    asked = found["asked_back"]
    if asked["asked"]:
        said.append(
            f"About {asked['asked']} of {asked['unanswered']} unanswered texts it can ask back "
            f"which of two labels is meant; it was one of them in {asked['one_of_both']}."
        )
    return "\n".join(wrapped(sentence, COLUMNS) for sentence in said)


def risk_figure(found: Mapping[str, Any], name: str) -> str:
    """Draw an SVG document: risk over coverage, promise and threshold marked; the reliability.

    Args:
        found: of `study.fallback.set_fallback`.
        name: of the texts.
    """
    risk = _risk_axis(found)
    area = {"x": FRAME.left, "y": FRAME.top}
    area |= {"width": FRAME.x(1) - FRAME.left, "height": FRAME.y(0) - FRAME.top}
    points = [(FRAME.x(x), FRAME.y(min(y / risk.high, 3.0))) for x, y in found["curve"]]
    curve = tag("path", d=path(points), class_="curve training")
    parts = [
        tag("title", _told(found, name)),
        tag("style", Markup(_style())),
        tag("clipPath", tag("rect", **area), id="area"),
        tag("rect", class_="ground", width="100%", height="100%"),
        tag("text", "Wrong answers, the more is answered", x=20, y=34, class_="heading"),
        tag("text", _said(found, name), x=20, y=56, class_="said"),
        _grid(risk),
        _promised(found, risk),
        tag("g", curve, clip_path="url(#area)"),
        _mark(found, risk),
        tag("g", *_reliability(found), transform=f"translate(0 {FRAME.height:g})"),
    ]
    box = f"0 0 {FRAME.width:g} {2 * FRAME.height:g}"
    return tag("svg", *parts, xmlns=NAMESPACE, viewBox=box, role="img") + "\n"


def _among(found: Mapping[str, Any]) -> str:
    share = found["outside_share"]
    return f", {100 * share:g} % of the texts belonging to no class" if share else ""


def _share(wrong: int, answered: int) -> str:
    return f"{wrong} ({per_cent(wrong / max(answered, 1))} %)"


def _risk_axis(found: Mapping[str, Any]) -> Axis:
    most = max([risk for _, risk in found["curve"]], default=0.0)
    return axis(0.0, 1.15 * max(min(most, 4 * found["wrong"]), 1.5 * found["wrong"]), most_ticks=5)


def _reliability(found: Mapping[str, Any]) -> list[Markup]:
    """The diagram of the best labels: a dot for each bin that has texts."""
    bins = [one for one in found["reliability"] if one["texts"]]
    most = max(one["texts"] for one in bins)
    said = "Calibrated probabilities of the best label; a dot's area is the number of texts"
    ideal = {"x1": FRAME.x(0), "y1": FRAME.y(0), "x2": FRAME.x(1), "y2": FRAME.y(1)}
    parts = [
        tag("text", "What probabilities promise and keep", x=20, y=34, class_="heading"),
        tag("text", said, x=20, y=56, class_="said"),
        _grid(axis(0.0, 1.0, most_ticks=5), "right", "probability"),
        tag("line", class_="ideal", **ideal),
    ]
    for one in bins:
        where = {"cx": FRAME.x(one["probability"]), "cy": FRAME.y(one["right"])}
        told = f"{per_cent(one['probability'])} % promised, {per_cent(one['right'])} % right: "
        told += counted(one["texts"], "text")
        size = 3 + 9 * (one["texts"] / most) ** 0.5
        parts.append(tag("circle", tag("title", told), r=size, class_="dot training", **where))
    return parts


def _grid(risk: Axis, upwards: str = "wrong among answered", along: str = "answered") -> Markup:
    parts = []
    for tick in risk.ticks:
        y = FRAME.y(risk.share(tick))
        ends = {"x1": FRAME.x(0), "x2": FRAME.x(1), "y1": y, "y2": y}
        parts.append(tag("line", class_="grid" if tick else "base", **ends))
        number = f"{100 * tick:.{max(risk.decimals() - 2, 0)}f} %"
        parts.append(tag("text", number, x=FRAME.left - 8, y=y, class_="tick y-tick"))
    for tenth in range(0, 11, 2):
        x = FRAME.x(tenth / 10)
        parts.append(tag("line", x1=x, x2=x, y1=FRAME.top, y2=FRAME.y(0), class_="grid"))
        parts.append(tag("text", f"{10 * tenth} %", x=x, y=FRAME.y(0) + 18, class_="tick"))
    parts.append(tag("text", upwards, x=20, y=FRAME.top - 12, class_="axis-name"))
    x, y = FRAME.x(1), FRAME.height - 8
    parts.append(tag("text", along, x=x, y=y, class_="axis-name to-the-end"))
    return together(parts)


def _promised(found: Mapping[str, Any], risk: Axis) -> Markup:
    y = FRAME.y(risk.share(found["wrong"]))
    named = f"promised: at most {100 * found['wrong']:g} %"
    return together(
        [
            tag("line", x1=FRAME.x(0), x2=FRAME.x(1), y1=y, y2=y, class_="promised"),
            tag("text", named, x=FRAME.x(0) + 8, y=y - 7, class_="best-name"),
        ]
    )


def _mark(found: Mapping[str, Any], risk: Axis) -> Markup:
    """A line at the coverage of the threshold that passed, with a dot on the curve."""
    coverage = found["answered"] / max(found["texts"], 1)
    x, y = FRAME.x(coverage), FRAME.y(risk.share(found["wrong_answers"] / found["answered"]))
    right = coverage > 0.7
    name = {"x": x - 8 if right else x + 8, "y": FRAME.top + 14}
    style = "best-name to-the-end" if right else "best-name"
    return together(
        [
            tag("line", x1=x, x2=x, y1=FRAME.top, y2=FRAME.y(0), class_="best-line"),
            tag("text", f"answers {per_cent(coverage)} %", class_=style, **name),
            tag("circle", cx=x, cy=y, r=4.5, class_="best-dot"),
        ]
    )


def _said(found: Mapping[str, Any], name: str) -> str:
    return f"{shortened(printable(name), 60)}: {counted(found['texts'], 'text')} of the test"


def _told(found: Mapping[str, Any], name: str) -> str:
    """What a screen reader says."""
    return (
        f"Share of wrong answers of {printable(name)} over the share that is answered: with "
        f"{per_cent(found['answered'] / max(found['texts'], 1))} % answered "
        f"{_share(found['wrong_answers'], found['answered'])} of the answers are wrong; promised "
        f"are at most {100 * found['wrong']:g} %"
    )


def _style() -> str:
    return files("textkaizen.report").joinpath("figure.css").read_text("utf-8") + OWN_STYLE
