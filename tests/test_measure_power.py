"""What could have been found, and what it would take: properties, and found by simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t
from test_measure_rates import World

from textkaizen.errors import UsageError
from textkaizen.measure.difference import NOTHING, Difference
from textkaizen.measure.power import Needed, detectable, needed

parts = st.floats(0.001, 0.1)


@st.composite
def differences(draw):
    texts, networks, share = draw(parts), draw(parts), draw(st.floats(0, 1))
    return Difference(
        0.0, -0.1, 0.1, 0.5, math.hypot(texts, networks), draw(st.floats(3, 5000)),
        texts_error=texts, networks_error=networks, lasting_error=share * texts,
    )  # fmt: skip


def test_the_smallest_difference_found_is_two_quantiles_of_t_times_the_error():
    expected = 0.01 * (t.ppf(0.9995, 14) + t.ppf(0.8, 14))
    assert detectable(0.01, 14, alpha=0.001) == pytest.approx(expected)
    expected = 0.01 * (norm.ppf(0.975) + norm.ppf(0.9))
    assert detectable(0.01, math.inf, alpha=0.05, power=0.9) == pytest.approx(expected)


@pytest.mark.parametrize(("freedom", "alpha"), [(12, 0.05), (60, 0.001), (math.inf, 0.01)])
def test_the_smallest_difference_is_found_in_four_of_five_cases(freedom, alpha):
    # 100,000 studies: a power of 0.8 is known to 0.13 points. The two quantiles are not the
    # noncentral t: at 12 degrees of freedom they are 1 point off.
    generator = np.random.default_rng(1)
    effect = detectable(1.0, freedom, alpha)
    error = 1.0
    if math.isfinite(freedom):
        error = np.sqrt(generator.chisquare(freedom, 100_000) / freedom)
    spread = t(freedom) if math.isfinite(freedom) else norm
    found = np.abs(generator.normal(effect, 1, 100_000)) / error > spread.ppf(1 - alpha / 2)
    assert found.mean() == pytest.approx(0.8, abs=0.02)


@given(differences(), st.floats(0.005, 0.1), st.floats(0.0005, 0.2))
def test_a_smaller_effect_or_error_rate_takes_no_fewer_texts_or_seeds(found, effect, alpha):
    now = needed(found, effect, alpha, seeds=2, texts=500)
    for harder in (
        needed(found, effect / 1.5, alpha, seeds=2, texts=500),
        needed(found, effect, alpha / 2, seeds=2, texts=500),
        needed(found, effect, alpha, seeds=2, texts=500, power=0.9),
    ):
        assert harder.texts >= now.texts
        if now.seeds is None:
            assert harder.seeds is None
        assert harder.seeds is None or harder.seeds >= now.seeds


@given(differences(), st.floats(0.005, 0.1))
def test_more_is_needed_than_there_is_just_where_the_effect_cannot_be_shown_now(found, effect):
    asked = needed(found, effect, 0.01, seeds=3, texts=500)
    shown = detectable(found.error, found.freedom, 0.01) <= effect
    assert (asked.texts <= 500) == shown
    assert (asked.seeds is not None and asked.seeds <= 3) == shown


@given(differences(), st.floats(0.005, 0.1))
def test_either_sign_of_an_effect_asks_for_the_same(found, effect):
    assert needed(found, effect, 0.01, 3, 500) == needed(found, -effect, 0.01, 3, 500)


def test_no_number_of_seeds_will_do_where_what_lasts_is_too_much():
    found = Difference(
        0.0, -0.1, 0.1, 0.5, 0.01, 50.0, texts_error=0.008, networks_error=0.006,
        lasting_error=0.004,
    )  # fmt: skip
    limit = detectable(0.004, math.inf, 0.01)
    assert needed(found, limit * 0.999, 0.01, seeds=2, texts=500).seeds is None
    assert needed(found, limit * 1.001, 0.01, seeds=2, texts=500).seeds > 1000


def test_texts_and_seeds_are_the_fewest_that_will_do():
    found = Difference(
        0.0, -0.1, 0.1, 0.5, 0.01, math.inf, texts_error=0.008, networks_error=0.006,
        lasting_error=0.003,
    )  # fmt: skip
    asked = needed(found, 0.015, 0.01, seeds=2, texts=500)
    with_texts = lambda texts: detectable(0.01 * math.sqrt(500 / texts), math.inf, 0.01)
    assert with_texts(asked.texts) <= 0.015 < with_texts(asked.texts - 1)
    error = lambda seeds: math.sqrt(0.003**2 + (0.01**2 - 0.003**2) * 2 / seeds)
    assert detectable(error(asked.seeds), math.inf, 0.01) <= 0.015
    assert detectable(error(asked.seeds - 1), math.inf, 0.01) > 0.015


def test_an_error_without_its_parts_is_taken_to_last():
    bare = Difference(0.0, -0.1, 0.1, 0.5, 0.01, 100.0)
    assert needed(bare, 0.02, 0.01, seeds=2, texts=500).seeds is None


def test_where_nothing_changed_nobody_knows_what_it_takes():
    assert needed(NOTHING, 0.01, 0.01, seeds=2, texts=500) == Needed(None, None)


def test_with_the_texts_it_names_four_of_five_studies_find_the_effect():
    # A pilot of 20 samples knows the error to 1 %, and with it the texts to 2 %, the power to
    # 0.6 points. 300 studies: a power of 0.8 has a standard deviation of 2.3 points; 7 is three.
    # Networks add nothing here, so that the error falls as the texts.
    world = World(texts=1000, changing=0.1, lasting=0.5, effect=0.04)
    pilot = world.compare(20, first_seed=80_000)["accuracy"]
    error = float(np.mean([found.error for found in pilot]))
    freedom = float(np.median([found.freedom for found in pilot]))
    asked = needed(replace(pilot[0], error=error, freedom=freedom), 0.04, 0.01, 3, 1000)
    assert asked.texts < 1000
    again = replace(world, texts=asked.texts)
    found = again.compare(300, first_seed=81_000)["accuracy"]
    power = np.mean([each.p <= 0.01 and each.value > 0 for each in found])
    assert power == pytest.approx(0.8, abs=0.07)


def test_with_the_seeds_it_names_four_of_five_studies_find_the_effect():
    # As above, with two seeds at first: how much lasts is known to about 3 % from 40 samples.
    world = World(texts=500, seeds=2, changing=0.2, effect=0.06, lasting=0.2)
    pilot = world.compare(40, first_seed=82_000)["accuracy"]
    mean = lambda name: float(np.mean([getattr(found, name) for found in pilot]))
    error, lasting = mean("error"), mean("lasting_error")
    freedom = float(np.median([found.freedom for found in pilot]))
    known = replace(pilot[0], error=error, lasting_error=lasting, freedom=freedom)
    asked = needed(known, 0.06, 0.001, 2, 500)
    assert asked.seeds > 2
    found = replace(world, seeds=asked.seeds).compare(200, first_seed=83_000)["accuracy"]
    power = np.mean([each.p <= 0.001 and each.value > 0 for each in found])
    # 200 studies have a standard deviation of 2.8 points; 8.5 is three.
    assert power == pytest.approx(0.8, abs=0.085), asked


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"effect": 0.0}, "other than 0"),
        ({"effect": math.nan}, "other than 0"),
        ({"seeds": 0}, "found 0.01, 0 seeds"),
        ({"alpha": 1.0}, "between 0 and 1"),
        ({"power": 0.3}, "from 0.5 up to 1; found 0.05 and 0.3"),
    ],
)
def test_what_nobody_can_show_is_refused_with_what_to_do(change, told):
    found = Difference(0.0, -0.1, 0.1, 0.5, 0.01, 100.0)
    arguments = {"effect": 0.01, "alpha": 0.05, "seeds": 1, "texts": 100} | change
    with pytest.raises(UsageError, match=told):
        needed(found, **arguments)
