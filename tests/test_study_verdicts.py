"""Out-of-fold predictions of a round -> verdicts, and what may be adopted of them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from textkaizen.data import Corpus
from textkaizen.measure.compare import Difference, paired
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Experiment, Runs
from textkaizen.study.improvements import CATALOGUE
from textkaizen.study.material import Material
from textkaizen.study.result import Verdict
from textkaizen.study.verdicts import (
    ALPHA,
    DETECTABLE,
    Candidate,
    best_to_adopt,
    judge_round,
    round_alpha,
    smallest_detectable,
)

TEXTS, SEEDS = 300, 3
LABELS = tuple(f"class {number % 4}" for number in range(TEXTS))
CORPUS = Corpus(tuple(f"text {number:03}" for number in range(TEXTS)), LABELS)
CANDIDATES = [Candidate(i, i.change(Recipe())) for i in CATALOGUE if i.name != "Adam"]


def experiment(skills, sweeps=None):
    """Runs of recipes that know a share of the texts; all meet the same draws, seed by seed."""
    made = Experiment(Material(CORPUS, 5, tuple(range(1, SEEDS + 1))))
    drawn = np.random.default_rng(4).random((SEEDS, TEXTS))
    truth = made.material.labels
    for recipe, skill in skills.items():
        found = np.where(drawn < skill, truth, (truth + 1) % 4).astype(np.int32)
        found[(sweeps or {}).get(recipe, SEEDS) :] = -1
        made.runs[recipe] = Runs(found, lanes=15, seconds=1.5)
    return made


def verdict(value, p=None, error=0.02, found="no evidence", accuracy=0.01, number=1):
    """A verdict made by hand; its p is that of a normal estimate unless given."""
    if p is None:
        p = float(2 * norm.sf(abs(value) / error)) if error else 1.0
    gap = Difference(value, value - 2 * error, value + 2 * error, p, error)
    right = replace(gap, value=accuracy)
    return Verdict(f"improvement {value}", "group", number, gap, right, p, found)


def test_all_rounds_together_spend_at_most_alpha():
    alphas = [round_alpha(number) for number in range(1, 60)]
    assert alphas[0] == ALPHA / 2
    assert all(late == early / 2 for early, late in pairwise(alphas))
    assert sum(alphas) <= ALPHA


def test_each_is_compared_with_the_start_and_holm_corrects_over_the_round():
    base, (first, second, third) = Recipe(), CANDIDATES[:3]
    skills = {base: 0.6, first.recipe: 0.9, second.recipe: 0.65, third.recipe: 0.3}
    made = experiment(skills)
    verdicts = judge_round(made, base, [first, second, third], number=1, seed=7)
    assert [v.name for v in verdicts] == [c.improvement.name for c in (first, second, third)]
    assert [v.verdict for v in verdicts] == ["helps", "helps", "hurts"]
    for found, candidate in zip(verdicts, (first, second, third), strict=True):
        gaps = paired(
            made.material.labels,
            made.runs[base].predicted,
            made.runs[candidate.recipe].predicted,
            made.material.partition,
            classes=4,
            units=made.material.units,
            seed=7,
        )
        assert (found.macro_f1, found.accuracy) == (gaps["macro_f1"], gaps["accuracy"])
        assert (found.round, found.lanes, found.seconds) == (1, 15, 1.5)
    p = np.sort([v.macro_f1.p for v in verdicts])
    assert np.sort([v.p_adjusted for v in verdicts]) == pytest.approx(
        np.maximum.accumulate(p * [3, 2, 1])
    )


@pytest.mark.parametrize("number", [1, 4])
def test_a_verdict_asks_for_the_error_rate_of_its_round(number):
    base, candidate = Recipe(), CANDIDATES[0]
    found = {}
    for skill in np.arange(0.6, 0.72, 0.005).tolist():
        made = experiment({base: 0.6, candidate.recipe: skill})
        (judged,) = judge_round(made, base, [candidate], number, seed=1)
        assert judged.p_adjusted == judged.macro_f1.p  # a family of one
        assert (judged.verdict == "helps") == (judged.p_adjusted <= 0.05 / 2**number)
        found[judged.verdict] = True
    assert set(found) == {"helps", "no evidence"}


def test_the_same_answers_differ_by_exactly_nothing():
    base, candidate = Recipe(), CANDIDATES[0]
    made = experiment({base: 0.6, candidate.recipe: 0.6})
    (judged,) = judge_round(made, base, [candidate], 1, seed=1)
    for gap in (judged.macro_f1, judged.accuracy):
        assert (gap.value, gap.low, gap.high, gap.p) == (0, 0, 0, 1)
    assert (judged.p_adjusted, judged.verdict) == (1, "no evidence")


def test_what_has_not_run_through_a_seed_is_not_tried_but_counts_in_the_correction():
    base, (first, second, third) = Recipe(), CANDIDATES[:3]
    made = experiment({base: 0.6, first.recipe: 0.9, second.recipe: 0.9})
    made.runs[second.recipe].predicted[0, 17] = -1  # one text of the first seed is missing
    verdicts = judge_round(made, base, [first, second, third], 2, seed=1)
    assert [v.verdict for v in verdicts] == ["helps", "not tried", "not tried"]
    # What looked best is tried first: correcting over what was tried would correct a selection.
    assert verdicts[0].p_adjusted == 3 * verdicts[0].macro_f1.p
    for untried in verdicts[1:]:
        assert (untried.macro_f1, untried.accuracy, untried.p_adjusted) == (None, None, None)
        assert (untried.round, untried.adopted) == (2, "")
        assert "->" in untried.change


def test_nothing_is_judged_without_the_start():
    base, candidate = Recipe(), CANDIDATES[0]
    verdicts = judge_round(experiment({candidate.recipe: 0.9}), base, [candidate], 1, seed=1)
    assert [v.verdict for v in verdicts] == ["not tried"]
    assert judge_round(experiment({base: 0.6}), base, [], 1, seed=1) == []


@pytest.mark.parametrize("sweeps", [(3, 1), (1, 3), (2, 2)])
def test_only_seeds_that_both_have_run_through_are_compared(sweeps):
    base, candidate = Recipe(), CANDIDATES[0]
    skills = {base: 0.6, candidate.recipe: 0.8}
    few = experiment(skills, dict(zip(skills, sweeps, strict=True)))
    both = experiment(skills, dict.fromkeys(skills, min(sweeps)))
    assert judge_round(few, base, [candidate], 1, seed=1) == judge_round(
        both, base, [candidate], 1, seed=1
    )


def test_the_largest_that_helps_is_adopted_even_beside_larger_ones_without_evidence():
    verdicts = [
        verdict(0.03, p=0.001, found="helps"),
        verdict(0.05, p=0.001, found="helps"),
        verdict(0.09),
        verdict(-0.2, p=0.001, found="hurts"),
    ]
    assert best_to_adopt(verdicts) == (1, "adopted")


def test_where_data_are_too_few_the_best_estimate_may_be_adopted_and_is_marked():
    # Of round 1, at 0.025: the third would be no evidence even if it had been the only question.
    verdicts = [verdict(0.03, p=0.02), verdict(0.05, p=0.02), verdict(0.06, p=0.03)]
    assert smallest_detectable(verdicts) > DETECTABLE
    assert best_to_adopt(verdicts) == (1, "adopted without evidence")


def test_where_data_could_have_shown_a_point_nothing_is_adopted_without_evidence():
    verdicts = [verdict(0.008, error=0.002), verdict(0.006, error=0.002)]
    assert smallest_detectable(verdicts) < DETECTABLE
    assert best_to_adopt(verdicts) is None


@pytest.mark.parametrize(
    "hopeless",
    [
        verdict(0.04, error=0.02),  # p is 0.046, the first round asks for 0.025
        verdict(0.046, error=0.02, number=2),  # p is 0.021, the second asks for half of that
        verdict(0.05, accuracy=0.0),
        verdict(0.05, accuracy=-0.01),
        verdict(-0.05, found="hurts"),
    ],
)
def test_what_is_adopted_without_evidence_is_positive_in_both_and_would_be_evidence_alone(hopeless):
    others = [verdict(0.001), verdict(0.002)]
    assert smallest_detectable([hopeless, *others]) > DETECTABLE
    assert best_to_adopt([hopeless, *others]) is None


def test_what_was_not_tried_is_not_adopted():
    untried = Verdict("x", "g", 1, None, None, None, "not tried")
    assert best_to_adopt([untried]) is None
    assert smallest_detectable([untried]) is None
    assert best_to_adopt([]) is None


@given(
    st.lists(
        st.tuples(
            st.floats(-0.3, 0.3),
            st.floats(0, 0.1),
            st.sampled_from(["helps", "no evidence", "hurts"]),
        )
    )
)
def test_adopting_goes_by_the_verdict_and_never_by_less(drawn):
    signs = {"helps": abs, "hurts": lambda value: -abs(value), "no evidence": float}
    verdicts = [verdict(signs[found](value), error=error, found=found)
                for value, error, found in drawn]  # fmt: skip
    choice = best_to_adopt(verdicts)
    helping = [v for v in verdicts if v.verdict == "helps"]
    if choice is None:
        assert not helping
        return
    place, how = choice
    assert how == ("adopted" if helping else "adopted without evidence")
    assert (verdicts[place].verdict == "helps") == bool(helping)
    assert verdicts[place].verdict != "hurts"


def test_what_a_round_can_detect_is_found_in_four_of_five_cases():
    verdicts = [verdict(0.0, error=0.02) for _ in range(24)]
    limit = smallest_detectable(verdicts)
    # A normal estimate with this error, tested at the strictest level of Holm in round 1.
    estimates = np.random.default_rng(1).normal(limit, 0.02, 20_000)
    found = 2 * norm.sf(abs(estimates) / 0.02) <= 0.025 / 24
    # 20,000 draws know a share of 0.8 to a standard error of 0.003; four of these.
    assert found.mean() == pytest.approx(0.8, abs=0.012)


def test_with_few_networks_a_round_detects_less():
    """With 3 degrees of freedom an effect must be larger than normal quantiles would say."""
    sure = [verdict(0.0, error=0.02)] * 3
    unsure = [replace(v, macro_f1=replace(v.macro_f1, freedom=3.0)) for v in sure]
    alpha = 0.025 / 3
    quantiles = t.ppf(1 - alpha / 2, 3) + t.ppf(0.8, 3)
    assert smallest_detectable(unsure) == pytest.approx(0.02 * quantiles)
    assert smallest_detectable(unsure) > 1.5 * smallest_detectable(sure)


def test_improvements_that_change_no_answer_do_not_make_a_round_look_sharp():
    same = verdict(0.0, error=0.0, p=1.0)
    assert smallest_detectable([same] * 3) is None
    few = [verdict(0.0, error=0.02)] * 2
    # The family is as large as before, since what changed no answer is tested as well.
    assert smallest_detectable([*few, *[same] * 3]) == smallest_detectable(
        [verdict(0.0, error=0.02)] * 5
    )
    assert best_to_adopt([verdict(0.06, p=0.01), *[same] * 3]) == (0, "adopted without evidence")
