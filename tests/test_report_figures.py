"""Figures: places on an axis, what is drawn where, and which classes are shown."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_report_example import curve, example

from textkaizen.report.confusions import MOST_PAIRS, confusions
from textkaizen.report.figures import (
    gap_axis,
    heat_map,
    interval,
    learning_curve,
    loss_axis,
    score_axis,
    ticks,
)
from textkaizen.report.svg import axis, path, tag
from textkaizen.study.result import Curve, Score

NUMBER = r"-?\d+(?:\.\d+)?"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 9), st.floats(-1e7, 1e7))
def test_an_axis_holds_its_ticks_and_every_place_is_on_it(low, length, most, value):
    made = axis(low, low + length, most)
    assert 1 <= len(made.ticks) <= most + 1
    slack = 1e-6 * (abs(low) + length)
    assert all(made.low - slack <= tick <= made.high + slack for tick in made.ticks)
    assert 0 <= made.share(value) <= 1


def test_an_axis_without_length_is_given_one():
    assert axis(3.0, 3.0).low < 3.0 < axis(3.0, 3.0).high


def test_attributes_and_text_of_an_element_are_escaped():
    assert tag("text", "<b>", title='"<&') == '<text title="&#34;&lt;&amp;">&lt;b&gt;</text>'
    assert tag("rect", width=2.0, height=None, fill_opacity=0.125) == (
        '<rect width="2" fill-opacity="0.12"/>'
    )


def test_a_line_is_broken_where_numbers_are_missing():
    assert path([(0, 0), (1, math.nan), (2, 1), (3, 1.5)]) == "M0,0M2,1L3,1.5"


def test_zero_is_always_on_the_axis_of_differences():
    scale = gap_axis([Score(0.02, 0.01, 0.03)])
    assert scale.holds(0)
    assert scale.holds(3)
    assert gap_axis([]).holds(0)


def test_one_ruin_does_not_squeeze_all_other_rows():
    rows = [Score(0.0, -0.01, 0.01)] * 9 + [Score(-0.6, -0.62, -0.58)]
    assert gap_axis(rows).low > -6


def test_interval_and_symbol_stand_where_the_numbers_are():
    scale = axis(-2.0, 8.0)
    drawn = interval(Score(0.03, 0.01, 0.06), scale, "helps", "told")
    assert 'x1="30%" x2="80%"' in drawn
    assert '<svg x="50%" y="50%" overflow="visible"><path' in drawn
    assert 'aria-label="told"' in drawn
    assert "arrow" not in drawn


@pytest.mark.parametrize(
    ("gap", "arrows", "symbols"),
    [
        (Score(-0.5, -0.6, -0.4), 1, 0),
        (Score(-0.01, -0.3, 0.01), 1, 1),
        (Score(0.0, -0.3, 0.3), 2, 1),
        (Score(0.5, 0.4, 0.6), 1, 0),
    ],
)
def test_what_goes_beyond_the_axis_has_an_arrow_and_no_false_symbol(gap, arrows, symbols):
    drawn = interval(gap, axis(-2.0, 2.0), "hurts", "")
    assert drawn.count("arrow") == arrows
    assert drawn.count('class="mark') == symbols


def test_ticks_have_signs_only_where_zero_is_within():
    assert ">+2<" in ticks(axis(-4.0, 4.0))
    assert ">\N{MINUS SIGN}2<" in ticks(axis(-4.0, 4.0))
    assert ">80<" in ticks(axis(70.0, 90.0))


def test_the_axis_of_scores_stays_within_0_and_100():
    scale = score_axis([Score(0.99, 0.97, 1.0), Score(0.02, 0.0, 0.05)])
    assert (scale.low, scale.high) == (0.0, 100.0)


def test_a_learning_curve_draws_both_losses_and_marks_the_best_epoch():
    one = curve("adopted", 60, 2.9, 0.3, 40, 41)
    drawn = learning_curve(one, loss_axis([one]), "told")
    assert len(re.findall(r'class="curve (?:training|validation)"', drawn)) == 2
    assert "best epoch: 41" in drawn
    assert "best-dot" in drawn
    line = re.search(r'd="(M[^"]*)" class="curve training"', drawn)[1]
    places = [tuple(map(float, pair)) for pair in re.findall(f"({NUMBER}),({NUMBER})", line)]
    assert len(places) == 60
    assert places == sorted(places)
    assert places[0][1] < places[-1][1]  # the loss falls, and y points downwards


def test_a_network_that_never_stopped_has_a_last_epoch_not_a_best_one():
    one = curve("baseline", 60, 2.9, 0.3, 40, 60)
    assert "last epoch: 60" in learning_curve(one, loss_axis([one]), "")


def test_a_curve_without_validation_marks_its_training_loss():
    one = Curve("baseline", (2.0, 1.0, 0.5), (), (), 3)
    drawn = learning_curve(one, loss_axis([one]), "")
    assert "validation" not in drawn
    assert "best-dot" in drawn


@pytest.mark.parametrize(
    "losses", [(1.0,), (math.nan,), (math.inf, 1.0), (2.0, 1e30, math.nan), (0.0, 0.0)]
)
def test_odd_losses_leave_no_odd_numbers_in_the_figure(losses):
    one = Curve("baseline", losses, losses, losses, 1)
    drawn = learning_curve(one, loss_axis([one]), "")
    assert not re.search("nan|inf(?!o)", drawn)


def test_an_exploding_training_does_not_flatten_the_others():
    calm, wild = curve("a", 9, 2.0, 0.1, 5, 9), Curve("b", (2.0, 900.0), (), (), 1)
    assert loss_axis([calm, wild]).high < 10


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=80))
def test_confusions_count_every_text_once(pairs):
    true, predicted = map(tuple, zip(*pairs, strict=True))
    found = confusions(true, predicted, tuple("abcdef"))
    assert found.counts.sum() == len(pairs)
    assert found.mistakes == sum(t != p for t, p in pairs)
    assert found.labels == tuple("abcdef")
    assert found.others == 0
    counts = [pair.count for pair in found.pairs]
    assert counts == sorted(counts, reverse=True)


def test_of_many_classes_those_of_the_most_frequent_mistakes_are_shown():
    generator = np.random.default_rng(5)
    true = generator.integers(0, 150, 3000)
    predicted = true.copy()
    predicted[true == 120] = 7
    predicted[true == 33] = 34
    noisy = generator.choice(3000, 300, replace=False)
    predicted[noisy] = (true[noisy] + generator.integers(1, 40, 300)) % 150
    labels = tuple(f"topic {number:03d}" for number in range(150))
    found = confusions(tuple(true.tolist()), tuple(predicted.tolist()), labels)
    assert found.counts.shape == (25, 26)
    assert set(found.labels[:4]) == {"topic 120", "topic 007", "topic 033", "topic 034"}
    assert abs(found.labels.index("topic 120") - found.labels.index("topic 007")) == 1
    assert found.others == 125
    assert len(found.pairs) == MOST_PAIRS
    assert found.counts.sum(1).tolist() == list(found.texts)


def test_many_classes_with_one_mistake_show_only_its_two():
    labels = tuple(f"topic {number:03d}" for number in range(150))
    true = tuple(range(150))
    found = confusions(true, (1, *true[1:]), labels)
    assert found.labels == ("topic 000", "topic 001")


def test_a_heat_map_numbers_rows_and_columns_alike_and_tells_each_cell():
    found = confusions((0, 0, 0, 1), (0, 0, 1, 1), ("a <b>", "二番目のラベル"))
    drawn = heat_map(found, "told")
    assert "<title>a &lt;b&gt; → 二番目のラベル: 1 of 3 texts</title>" in drawn
    assert drawn.count('class="column-name"') == 2
    assert drawn.count('class="row-number"') == 2
    assert drawn.count('class="cell right"') == 2
    assert drawn.count('class="cell wrong"') == 1
    assert drawn.count('class="cell empty"') == 1


def test_long_labels_are_cut_in_the_heat_map_and_whole_in_its_hint():
    long = "a very long label that goes on and on and never seems to end"
    drawn = heat_map(confusions((0, 1), (0, 1), (long, "b")), "")
    assert f"1: {long}</title>" in drawn
    assert f">{long}<" not in drawn


def test_what_is_drawn_lies_within_the_figure():
    whole = example(classes=150, test_texts=2250)
    adopted = whole.finalists[1]
    drawn = heat_map(confusions(whole.test_labels, adopted.predicted, whole.labels), "")
    wide, high = map(float, re.search(f'viewBox="0 0 ({NUMBER}) ({NUMBER})"', drawn).groups())
    for x, y, w, h in re.findall(
        f'x="({NUMBER})" y="({NUMBER})" width="({NUMBER})" height="({NUMBER})"', drawn
    ):
        assert 0 <= float(x) <= float(x) + float(w) <= wide
        assert 0 <= float(y) <= float(y) + float(h) <= high
