"""Is the promise kept? By hand, against SciPy, and on simulated truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from textkaizen.measure.risk import (
    ANY,
    OVERDRAWN,
    binomial_tail,
    drawn_mixture,
    fixed_sequence,
    mixture_level,
    ordered_thresholds,
    risk_coverage,
    texts_needed,
)

SETS = 300  # simulated; the share of broken promises then has a standard error of 1.3 %
LEVEL = 0.05
MOST_BROKEN = LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / SETS)
PROMISED = 0.05


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.001, 0.999))
def test_the_tail_is_that_of_scipy(most, trials, share):
    most = min(most, trials)
    wanted = stats.binom.cdf(most, trials, share) if trials else 1.0
    assert binomial_tail(most, trials, share) == pytest.approx(
        wanted, rel=1e-8, abs=1e-200
    )  # SciPy errs beyond


def test_the_tail_of_many_trials():
    wanted = stats.binom.cdf(49_500, 1_000_000, PROMISED)
    assert binomial_tail(49_500, 1_000_000, PROMISED) == pytest.approx(wanted, rel=1e-6)


def test_the_curve_by_hand():
    curve = risk_coverage(np.array([1.0, 3.0, 3.0, 2.0]), np.array([True, False, True, False]))
    assert curve.thresholds.tolist() == [3, 2, 1]  # equal scores are answered together
    assert curve.coverage.tolist() == [0.5, 0.75, 1.0]
    np.testing.assert_allclose(curve.risk, [1 / 2, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx(0.5 / 2 + 0.25 / 3 + 0.25 / 2)


@given(st.integers(0, 300))
def test_the_curve_counts_what_each_threshold_lets_through(seed):
    generator = np.random.default_rng(seed)
    scores, wrong = generator.integers(0, 7, 20) / 7, generator.random(20) < 0.3
    weights = generator.random(20) + 0.1
    curve = risk_coverage(scores, wrong, weights)
    for threshold, coverage, risk in zip(*curve[:3], strict=True):
        through = scores >= threshold
        assert coverage == pytest.approx(weights[through].sum() / weights.sum())
        assert risk == pytest.approx((weights * wrong)[through].sum() / weights[through].sum())


def test_a_score_that_says_nothing_has_the_area_of_the_risk():
    wrong = np.arange(10) < 3
    assert risk_coverage(np.zeros(10), wrong).area == pytest.approx(0.3)
    assert risk_coverage(np.arange(10), wrong).area < 0.1


def test_thresholds_answer_more_and_more_and_at_last_everything():
    generator = np.random.default_rng(1)
    scores = generator.random(2000)
    curve = risk_coverage(scores, generator.random(2000) < (1 - scores) ** 2)
    found = ordered_thresholds(curve, PROMISED, 1000, LEVEL)
    assert (np.diff(found) < 0).all()
    assert found[-1] == ANY
    # The risk of the first, (1 - t) ** 2 / 3, is far enough below the promise to be shown.
    assert 0.4 < found[0] < 0.9


def test_where_no_threshold_can_pass_the_best_one_is_tried():
    curve = risk_coverage(np.array([4.0, 3, 2, 1]), np.array([True, False, False, True]))
    assert ordered_thresholds(curve, 0.01, 50, LEVEL)[0] == 2


def test_testing_ends_with_the_first_that_fails():
    scores, wrong = np.arange(200.0)[::-1], np.zeros(200, bool)
    wrong[100:150] = True  # wrong between 50 and 99, and right again below
    thresholds = np.array([110.0, 100.0, 90.0, 0.0])
    found = fixed_sequence(scores, wrong, thresholds, 0.3, LEVEL)
    assert [each.threshold for each in found.tested] == [110, 100, 90, 0]
    assert found.last is not None
    assert (found.last.threshold, found.last.answered, found.last.wrong) == (90, 110, 10)
    found = fixed_sequence(scores, wrong, thresholds, 0.05, LEVEL)
    assert [each.p <= LEVEL for each in found.tested] == [True, True, False]


def test_too_few_texts_show_nothing():
    for texts, shown in ((58, False), (59, True)):
        found = fixed_sequence(
            np.ones(texts), np.zeros(texts, bool), np.array([ANY]), PROMISED, LEVEL
        )
        assert (found.last is not None) == shown


def test_how_many_texts_it_takes():
    never_wrong = risk_coverage(np.arange(1e5), np.zeros(100_000, bool))
    assert 59 <= texts_needed(never_wrong, PROMISED, LEVEL) <= 62  # 5 % steps
    half_right = risk_coverage(np.arange(1e5), np.arange(100_000) < 50_000)
    assert 118 <= texts_needed(half_right, PROMISED, LEVEL) <= 124
    assert texts_needed(risk_coverage(np.zeros(9), np.ones(9, bool)), PROMISED, LEVEL) is None
    # Of ten texts that are right it does not follow that hardly any is wrong.
    assert texts_needed(risk_coverage(np.zeros(10), np.zeros(10, bool)), PROMISED, LEVEL) is None


def test_with_so_many_texts_it_does_pass_four_times_in_five():
    needed = texts_needed(risk_coverage(np.zeros(1000), np.arange(1000) < 29), PROMISED, LEVEL)
    generator = np.random.default_rng(2)
    wrong = generator.binomial(needed, 30 / 1002, 2000)
    passed = [binomial_tail(int(number), needed, PROMISED) <= LEVEL for number in wrong]
    # Standard error 0.9 %; the steps of 5 % in texts overshoot a little.
    assert 0.77 <= np.mean(passed) <= 0.86


def risk_at(share):
    """How often a text with a score of so much is wrong: not monotone, as in life."""
    return 0.2 * (1 - share) ** 2 + 0.05 * ((share > 0.9) & (share < 0.95))


FINE = (np.arange(100_000) + 0.5) / 100_000  # for the truth of a threshold


def true_risk(threshold):
    return risk_at(FINE[threshold <= FINE]).mean()


def drawn(texts, generator):
    scores = generator.random(texts)
    return scores, generator.random(texts) < risk_at(scores)


def test_the_promise_is_kept_in_simulated_sets():
    broken, passed, coverage = 0, 0, 0.0
    for number in range(SETS):
        generator = np.random.default_rng([7, number])
        thresholds = ordered_thresholds(
            risk_coverage(*drawn(1000, generator)), PROMISED, 1000, LEVEL
        )
        found = fixed_sequence(*drawn(1000, generator), thresholds, PROMISED, LEVEL).last
        if found is not None:
            passed += 1
            coverage += 1 - max(found.threshold, 0)
            broken += true_risk(found.threshold) > PROMISED
    assert broken <= MOST_BROKEN * SETS
    # The promise is not kept by answering nothing: 84 % could be answered if the truth were known.
    assert passed > 0.8 * SETS
    assert coverage / passed > 0.5


def test_the_promise_is_kept_where_every_threshold_breaks_it_by_a_hair():
    # All hypotheses are true, so any threshold that passes is a broken promise.
    thresholds, broken = np.linspace(0.8, 0, 40), 0
    for number in range(SETS):
        generator = np.random.default_rng([8, number])
        scores, wrong = generator.random(400), generator.random(400) < PROMISED
        broken += fixed_sequence(scores, wrong, thresholds, PROMISED, LEVEL).last is not None
    assert broken <= MOST_BROKEN * SETS


def test_the_promise_is_kept_where_each_class_gives_its_share_of_the_texts():
    """Classes of very different risk; the numbers of texts of each are fixed, not drawn."""
    risks, broken = np.repeat([0.0, 0.02, 0.1, 0.0804], 100), 0  # 5.01 % together
    for number in range(SETS):
        generator = np.random.default_rng([9, number])
        wrong = generator.random(400) < risks
        found = fixed_sequence(np.ones(400), wrong, np.array([ANY]), PROMISED, LEVEL)
        broken += found.last is not None
    assert broken <= LEVEL * SETS  # steadier than draws: fewer than the level allows


@given(st.integers(1, 200), st.integers(1, 60), st.floats(0.01, 0.9), st.integers(0, 9))
def test_a_mixture_takes_no_text_twice_and_none_that_is_not_there(inside, outside, share, seed):
    own, foreign = drawn_mixture(inside, outside, share, np.random.default_rng(seed))
    assert len(set(own.tolist())) == len(own) <= inside
    assert len(set(foreign.tolist())) == len(foreign) <= outside
    assert not len(own) or own.max() < inside
    assert not len(foreign) or foreign.max() < outside


def test_a_mixture_is_as_large_as_it_can_be_and_has_its_share():
    sizes = [
        tuple(map(len, drawn_mixture(1000, 100, 0.2, np.random.default_rng(seed))))
        for seed in range(200)
    ]
    totals = {sum(size) for size in sizes}
    assert len(totals) == 1  # fixed before it is drawn which texts they are
    texts = totals.pop()
    assert binomial_tail(100, texts, 0.2) >= 1 - OVERDRAWN > binomial_tail(100, texts + 1, 0.2)
    foreign = np.array([size[1] for size in sizes])
    error = np.sqrt(0.2 * 0.8 * texts / 200)
    assert abs(foreign.mean() - 0.2 * texts) < 3 * error
    assert foreign.std() > 0.7 * np.sqrt(0.2 * 0.8 * texts)  # a number drawn, not a quota


def test_without_a_share_all_texts_inside_are_taken():
    own, foreign = drawn_mixture(5, 3, 0.0, np.random.default_rng(0))
    assert (own.tolist(), foreign.tolist()) == ([0, 1, 2, 3, 4], [])
    assert mixture_level(0.05, 0.0) == 0.05 > mixture_level(0.05, 0.1)


def test_the_promise_is_kept_about_a_mixture():
    """Texts outside have lower scores, and are wrong whenever they are answered."""
    share, broken, passed = 0.15, 0, 0
    for number in range(SETS):
        generator = np.random.default_rng([10, number])

        def part(inside, outside, generator=generator):
            scores, wrong = drawn(inside, generator)
            foreign = generator.random(outside) ** 6
            return scores, wrong, foreign

        scores, wrong, foreign = part(800, 120)
        weights = np.repeat([0.85 / 800, 0.15 / 120], [800, 120])
        both, bad = np.append(scores, foreign), np.append(wrong, np.ones(120, bool))
        curve = risk_coverage(both, bad, weights)
        scores, wrong, foreign = part(800, 120)
        own, taken = drawn_mixture(800, 120, share, generator)
        both = np.append(scores[own], foreign[taken])
        bad = np.append(wrong[own], np.ones(len(taken), bool))
        level = mixture_level(LEVEL, share)
        thresholds = ordered_thresholds(curve, 0.1, len(both), level)
        found = fixed_sequence(both, bad, thresholds, 0.1, level).last
        if found is not None:
            passed += 1
            threshold = max(found.threshold, 0.0)
            inside, strange = (1 - share) * (1 - threshold), share * (1 - threshold ** (1 / 6))
            risk = (inside * true_risk(threshold) + strange) / (inside + strange)
            broken += risk > 0.1
    assert broken <= MOST_BROKEN * SETS
    assert passed > 0.7 * SETS
