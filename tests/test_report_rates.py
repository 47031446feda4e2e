"""A range test to look at: rows for a terminal, a figure that stands alone."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from textkaizen.recipe import Recipe
from textkaizen.report.rates import rate, rates_figure, rates_table
from textkaizen.report.wording import width
from textkaizen.study.rates import read_curve

STEPS = 421
EXPONENTS = np.linspace(-6, 0, STEPS)
SVG = "{http://www.w3.org/2000/svg}"


def curve(losses, epochs=3, rate=0.001):
    recipe = Recipe().with_knobs(learning_rate=rate)
    return read_curve(recipe, rate * 10.0 ** (EXPONENTS + 3), losses, (1200, epochs))


FALLING = 0.2 + 2 / (1 + np.exp(4 * (EXPONENTS + 3)))
RISING = FALLING + 5e4 * np.maximum(EXPONENTS + 1, 0) ** 2
BROKEN = np.where(EXPONENTS > -0.9, math.nan, FALLING)
CURVES = {
    "falling": curve(FALLING, epochs=1),
    "rising": curve(RISING),
    "broken": curve(BROKEN),
    "flat": curve(np.full(STEPS, 2.0)),
    "no number at all": curve(np.full(STEPS, math.nan)),
    "an odd rate": curve(FALLING, rate=0.0047),
    "zero": curve(np.zeros(STEPS)),
}
every = pytest.mark.parametrize("found", CURVES.values(), ids=CURVES)


def rows(found):
    """The lines of the table that are about a rate."""
    return rates_table(found).split("\n\n")[1].splitlines()[1:]


@every
def test_the_table_has_thirteen_rates_and_fits_80_columns(found):
    lines = rates_table(found).splitlines()
    assert max(map(width, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]
    shown = [line.split()[0] for line in rows(found)]
    wanted = [found.rates[0] * 10 ** (place / 2) for place in range(13)]
    assert shown == [rate(value) for value in wanted]


def test_a_row_shows_the_loss_and_a_bar_as_long_as_it_is_large():
    shown = rows(CURVES["falling"])
    assert [float(row.split()[1]) for row in shown[:4]] == pytest.approx([2.2] * 4, abs=0.02)
    bars = [row.count("#") for row in shown]
    assert bars[0] == bars[1] == 28
    assert bars == sorted(bars, reverse=True)
    assert bars[-1] == round(28 * 0.2 / 2.2)


def test_what_has_gone_astray_has_a_bar_that_goes_on_and_no_more():
    shown = rows(CURVES["rising"])
    assert shown[-1].endswith("#>")
    assert max(row.count("#") for row in shown) <= 32
    assert [row.split()[1:3] for row in rows(CURVES["broken"])[-1:]] == [["no", "number"]]


def test_the_steepest_and_the_least_are_named_beside_their_rates():
    shown = {row.split()[0]: row for row in rows(CURVES["rising"])}
    assert shown["0.001"].endswith("  steepest")
    assert [name for name, row in shown.items() if row.endswith("least")] == ["0.1"]
    assert not [row for row in rows(CURVES["flat"]) if row.endswith("steepest")]


def test_the_suggestion_is_told_with_the_recipes_own_rate_and_the_reason():
    told = " ".join(rates_table(CURVES["an odd rate"]).split())
    suggested = rate(CURVES["an odd rate"].suggestion)
    assert f"Suggested learning rate: {suggested}. The recipe's own is 0.0047. The loss" in told
    assert "421 steps over 1,200 texts, 3 times each" in told
    assert "421 steps over 1,200 texts learning rate" in " ".join(
        rates_table(CURVES["falling"]).split()
    )
    flat = " ".join(rates_table(CURVES["flat"]).split())
    assert "No learning rate is suggested. The recipe's own is 0.001. The curve is flat" in flat


@every
def test_the_figure_is_one_sound_svg_that_asks_for_nothing(found):
    drawn = rates_figure(found, "a <b> & 'c'\u202e.csv")
    tree = ElementTree.fromstring(drawn)
    assert tree.tag == f"{SVG}svg"
    assert "prefers-color-scheme: dark" in tree.find(f"{SVG}style").text
    assert not re.findall(r"(?:href|src|url\((?!#)|@import)", drawn)
    written = [value for each in tree.iter() for value in each.attrib.values()]
    assert not [value for value in written if re.search(r"\b(nan|inf)", value.lower())]
    assert "a <b> & 'c' .csv" in " ".join(tree.itertext())
    assert len(drawn) < 60_000


def test_the_figure_marks_what_is_suggested_and_only_that():
    texts = lambda found: [each.text for each in ElementTree.fromstring(
        rates_figure(found, "desk.csv")).iter(f"{SVG}text")]  # fmt: skip
    found = CURVES["rising"]
    assert f"suggested: {rate(found.suggestion)}" in texts(found)
    assert "gone astray" in texts(found)
    assert "gone astray" not in texts(CURVES["falling"])
    assert not [text for text in texts(CURVES["flat"]) if text.startswith("suggested")]
    assert [t for t in texts(found) if t in ("1e-06", "0.001", "1")] == ["1e-06", "0.001", "1"]


def test_the_dot_lies_on_the_curve_above_its_rate():
    found = CURVES["rising"]
    tree = ElementTree.fromstring(rates_figure(found, "desk.csv"))
    (dot,) = tree.iter(f"{SVG}circle")
    paths = [each for each in tree.iter(f"{SVG}path") if each.get("class") == "curve training"]
    points = re.findall(r"[ML]([\d.]+),([\d.]+)", paths[0].get("d"))
    near = min(points, key=lambda point: abs(float(point[0]) - float(dot.get("cx"))))
    # Steps are 1.6 pixels apart.
    assert float(near[0]) == pytest.approx(float(dot.get("cx")), abs=1)
    assert float(near[1]) == pytest.approx(float(dot.get("cy")), abs=4)


def test_a_name_may_be_of_any_length():
    assert "…" in rates_figure(CURVES["flat"], "very/long/" * 20)
