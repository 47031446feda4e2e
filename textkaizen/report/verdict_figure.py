"""Verdicts of all rounds as rows of intervals on one axis, with what is said under each.

The axis is shared, so that a row of one round can be held beside a row of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from markupsafe import Markup

from textkaizen.report import figures
from textkaizen.report.answer import tally
from textkaizen.report.design import lanes_told
from textkaizen.report.ladder import PLACES, Round, cost, lane_seconds, raced, rounds, verdict_words
from textkaizen.report.units import Unit, unit
from textkaizen.report.unshown import reach, why_untried
from textkaizen.report.wording import sentence, typeset
from textkaizen.study.result import Place, Result, Verdict

SHORT = {"dropped as futile": "dropped", "decided early": "early"}


class Row(NamedTuple):
    """A row of a figure of intervals.

    Args:
        name: of what it shows.
        drawn: the interval.
        number, interval: the same in figures.
        remark: how it was adopted; "" if it was not.
        race: "dropped", "early" or "".
        cost: training time beside that of the round's start; "" when unknown.
        small: sentences in small print.
    """

    name: str
    drawn: Markup
    number: str
    interval: str
    remark: str = ""
    race: str = ""
    cost: str = ""
    small: str = ""


def verdict_rounds(result: Result) -> list[dict[str, Any]]:
    """Return for each round what the page shows of it."""
    every, told, words = rounds(result), unit(result), verdict_words(result)
    gaps = [v.gap for one in every for v in one.tried if v.gap is not None]
    scale = figures.gap_axis(gaps, told.times)
    beyond = any(not scale.holds(told.times * end) for gap in gaps for end in (gap.low, gap.high))
    return [
        {
            "round": one,
            "rows": [_row(verdict, one, scale, told, words) for verdict in one.tried],
            "ticks": figures.ticks(scale),
            "reach": reach(result, one),
            "design": lanes_told(result, one),
            "tally": tally(one.tried, words),
            "costs": {verdict.name: cost(verdict, one) for verdict in one.tried},
            "beyond": beyond,
            "dropped": any(verdict.race in SHORT for verdict in one.tried),
            "why_untried": why_untried(result, one),
        }
        for one in every
    ]


def place_rows(result: Result) -> dict[str, Any] | None:
    """Return the figure of what each adopted improvement adds at the end, if it was asked."""
    told = unit(result)
    measured = [place for place in result.places if place.gap is not None]
    if not measured:
        return None
    scale = figures.gap_axis((p.gap for p in measured if p.gap is not None), told.times)
    rows = [_place_row(place, scale, told) for place in measured]
    return {"rows": rows, "ticks": figures.ticks(scale)}


def _row(
    verdict: Verdict, one: Round, scale: figures.Axis, told: Unit, words: dict[str, str]
) -> Row:
    gap = verdict.gap
    assert gap is not None
    number, ends = told.gap(gap.value), told.interval(gap)
    race = f", {verdict.race}" if verdict.race else ""
    word = words[verdict.verdict]
    said = f"{verdict.name}: {number} {told.noun}, 95 % interval {ends}{race}, {word}"
    dashed = SHORT.get(verdict.race) == "dropped"
    style = figures.kind(verdict) + (" dropped" if dashed else "")
    drawn = figures.interval(gap, scale, style, typeset(said), told.times)
    return Row(
        verdict.name,
        drawn,
        number,
        ends,
        verdict.adopted,
        SHORT.get(verdict.race, ""),
        cost(verdict, one),
        " ".join(sentence(part) for part in (raced(verdict), verdict.why) if part),
    )


def _place_row(place: Place, scale: figures.Axis, told: Unit) -> Row:
    gap = place.gap
    assert gap is not None
    number, ends = told.gap(gap.value), told.interval(gap)
    said = f"{place.name} at the end: {number} {told.noun}, 95 % interval {ends}, {place.verdict}"
    style = {"earns its place": "helps", "in the way": "hurts"}.get(place.verdict, "none")
    drawn = figures.interval(gap, scale, style, typeset(said), told.times)
    gone = " and was taken out again" if place.removed else ""
    return Row(place.name, drawn, number, ends, small=sentence(f"{PLACES[place.verdict]}{gone}"))


def seconds_told(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Word the training time of one lane of each improvement, by name; "" when unknown."""
    found = {verdict.name: lane_seconds(verdict) for verdict in verdicts}
    return {name: f"{seconds:.2g} s" if seconds else "" for name, seconds in found.items()}
