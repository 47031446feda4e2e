"""Differences of one round that know of each other: by hand, and far out in the tail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_measure_rates import World

from textkaizen.measure.compare import paired
from textkaizen.measure.difference import NOTHING, Difference, Sources, difference_of
from textkaizen.measure.families import holm
from textkaizen.measure.moderate import moderated

CALM = Sources(1e-4, 1e-4, 1000, 1e-4, 1e-4, 4.0, least_p=0.0, level=0.95)


def made(ratio, value=0.03, **more):
    """A difference whose lanes spread `ratio` times as far as its texts alone make them."""
    return difference_of(value, CALM._replace(**({"spread": ratio * CALM.noise} | more)))


def round_of_nothing(generator, improvements=20, lanes=5, networks=3.0, shared=0.5):
    """Improvements that do nothing; networks add so many times what texts put between lanes.

    A share of that is the base's, and so the same for all. Variances of a mean over lanes: texts
    make 1e-4 of it, and so 1e-4 times the number of lanes of a single lane.
    """
    each = np.sqrt(1e-4 * lanes)
    draw = lambda *shape: generator.normal(0, each, shape)
    lane_values = np.sqrt(0.5) * (draw(1, lanes) + draw(improvements, lanes))
    lane_values = lane_values + np.sqrt(networks * (1 - shared)) * draw(improvements, lanes)
    lane_values = lane_values + np.sqrt(networks * shared) * draw(1, lanes)
    spread = lane_values.var(1, ddof=1) / lanes
    return [
        difference_of(value, CALM._replace(spread=own, freedom=lanes - 1.0))
        for value, own in zip(lane_values.mean(1).tolist(), spread.tolist(), strict=True)
    ]


def test_a_round_worked_by_hand():
    # Ratios 1, 1, 2, 2; their median 1.5 over that of chi-square / 4 is 1.79: none is capped.
    # Mean 1.5: (2 * 1.5 + 1) / 3 = 4/3, and (2 * 1.5 + 2) / 3 = 5/3, which is less than 2.
    found = moderated([made(1), made(1), made(2), made(2)])
    for each, ratio in zip(found, (4 / 3, 4 / 3, 2, 2), strict=True):
        assert each.networks_error**2 == pytest.approx((ratio - 1) * 1e-4)
        assert each.texts_error == pytest.approx(0.01)
        # Four ratios with weights 1/3 + 1/6 and 1/6 are worth 1 / (1/4 + 3/36) = 3 of them.
        doubt = 1e-8 / 999 + ((ratio - 1) * 1e-4 + 0.85e-4) ** 2 / (3 * 4)
        assert each.freedom == pytest.approx(each.error**4 / doubt)


def test_many_that_are_calm_make_a_calm_one_surer_and_one_that_is_shaken_less_sure():
    calm = moderated([made(1)] * 20)[0]
    assert calm.p < made(1).p
    shaken = moderated([made(1), *[made(4)] * 19])[0]
    assert shaken.error > made(1).error
    assert shaken.p > calm.p


def test_a_recipe_that_diverges_now_and_then_does_not_silence_the_others():
    with_it = moderated([*[made(1)] * 19, made(300)])
    without = moderated([made(1)] * 19)
    # Without a cap the mean ratio would be 16, and the error 3.5 times as large.
    assert with_it[0].error < 1.2 * without[0].error
    assert with_it[-1].error == made(300).error
    assert with_it[-1].freedom < 5


def test_what_says_nothing_of_networks_stays_as_it_is():
    bare = Difference(0.01, 0.0, 0.02, 0.05, 0.005)
    one_network = made(1, spread=0.0, noise=0.0, freedom=0.0)
    given_in = [made(1), bare, NOTHING, one_network, made(2)]
    found = moderated(given_in)
    assert found[1:4] == given_in[1:4]
    assert found[0] != given_in[0]
    assert moderated(given_in[:4]) == given_in[:4]
    assert moderated([]) == []


def test_the_exact_floor_of_few_changed_texts_holds_on():
    assert moderated([made(1, value=0.2, least_p=0.25), made(1)])[0].p == 0.25


@given(st.lists(st.floats(0.1, 50), min_size=2, max_size=12))
def test_values_stay_and_no_spread_is_ever_lowered(ratios):
    before = [made(ratio) for ratio in ratios]
    for one, other in zip(before, moderated(before), strict=True):
        assert other.value == one.value
        assert other.error >= one.error
        assert other.low <= other.value <= other.high


def test_a_round_of_nothing_finds_something_about_as_often_as_promised():
    # 500 rounds at 2.5 %: a standard deviation of 0.7 points; 4.6 is three of them above. Each
    # alone finds something in about 12 % where networks add three times what texts make.
    alone, together = [], []
    generator = np.random.default_rng(1)
    for _ in range(500):
        found = round_of_nothing(generator)
        alone.append(holm(np.array([each.p for each in found])).min() <= 0.025)
        better = holm(np.array([each.p for each in moderated(found)]))
        together.append(better.min() <= 0.025)
    assert np.mean(alone) > 0.07
    assert np.mean(together) <= 0.046


def test_a_true_effect_among_calm_networks_is_found_more_often_together():
    # Seven standard errors of the texts; alone 87 %, together 95 % (see the module). 60 rounds of
    # 20 know a share to about 2 points.
    generator = np.random.default_rng(2)
    alone, together = [], []
    for _ in range(60):
        found = [
            difference_of(each.value + 0.07, each.sources)
            for each in round_of_nothing(generator, networks=0.0)
        ]
        alone += [each.p < 0.001 for each in found]
        together += [each.p < 0.001 for each in moderated(found)]
    assert np.mean(together) >= 0.9
    assert np.mean(together) > np.mean(alone)


def test_differences_as_paired_makes_them_can_be_moderated():
    found = [paired(*World(spread=0.05).draw(seed), classes=4, seed=1) for seed in range(6)]
    gaps = [each["macro_f1"] for each in found]
    for one, other in zip(gaps, moderated(gaps), strict=True):
        assert other.value == one.value
        assert other.error >= one.error > 0
