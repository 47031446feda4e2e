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
from textkaizen.measure.power import needed
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study import verdicts as verdicts_module
from textkaizen.study.experiment import Experiment, Runs
from textkaizen.study.improvements import CATALOGUE
from textkaizen.study.material import Material
from textkaizen.study.racing import Candidate, Race, blocks_of
from textkaizen.study.result import Verdict
from textkaizen.study.verdicts import (
    ALPHA,
    DETECTABLE,
    Judge,
    best_to_adopt,
    round_alpha,
    smallest_detectable,
)

TEXTS, SEEDS, FOLDS = 300, 3, 5
LABELS = tuple(f"class {number % 4}" for number in range(TEXTS))
CORPUS = Corpus(tuple(f"text {number:03}" for number in range(TEXTS)), LABELS)
CANDIDATES = [Candidate(i, i.change(Recipe())) for i in CATALOGUE if i.name != "Adam"]
BASE = Recipe()


def experiment(skills, sweeps=None, probabilities=False):
    """Runs of recipes that know a share of the texts; all meet the same draws, seed by seed."""
    made = Experiment(Material(CORPUS, FOLDS, tuple(range(1, SEEDS + 1))))
    drawn = np.random.default_rng(4).random((SEEDS, TEXTS))
    truth = made.material.labels
    for recipe, skill in skills.items():
        found = np.where(drawn < skill, truth, (truth + 1) % 4).astype(np.int32)
        found[(sweeps or {}).get(recipe, SEEDS) :] = -1
        sure = np.eye(4, dtype=np.float32)[found] * 0.6 + 0.1 if probabilities else None
        made.runs[recipe] = Runs(found, sure, lanes=15, seconds=1.5)
    return made


def judge_of(made, candidates, number=1, *, base=BASE, seeds=SEEDS, metric="macro_f1", seed=1):
    return Judge(made, Race(base, list(candidates), blocks_of(FOLDS, seeds)), number, metric, seed)


def judged(made, candidates, number=1, **how):
    return judge_of(made, candidates, number, **how).judge()


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
    first, second, third = CANDIDATES[:3]
    skills = {BASE: 0.6, first.recipe: 0.9, second.recipe: 0.65, third.recipe: 0.3}
    made = experiment(skills)
    verdicts = judged(made, [first, second, third], seed=7)
    assert [v.name for v in verdicts] == [c.improvement.name for c in (first, second, third)]
    assert [v.verdict for v in verdicts] == ["helps", "helps", "hurts"]
    for found, candidate in zip(verdicts, (first, second, third), strict=True):
        gaps = paired(
            made.material.labels,
            made.runs[BASE].predicted,
            made.runs[candidate.recipe].predicted,
            made.material.partition,
            classes=4,
            units=made.material.units,
            seed=7,
        )
        for gap, expected in ((found.gap, "macro_f1"), (found.accuracy, "accuracy")):
            assert gap.value == gaps[expected].value
            assert gap.low < gap.value < gap.high
        assert (found.round, found.lanes, found.seconds) == (1, 15, 1.5)
        assert (found.race, found.share, found.seeds) == ("", 1.0, 3)
        assert found.change == describe_difference(BASE, candidate.recipe)
    p = np.sort([v.gap.p for v in verdicts])
    assert np.sort([v.p_adjusted for v in verdicts]) == pytest.approx(
        np.maximum.accumulate(p * [3, 2, 1])
    )


@pytest.mark.parametrize("number", [1, 4])
def test_a_verdict_asks_for_the_error_rate_of_its_round(number):
    candidate, found = CANDIDATES[0], {}
    for skill in np.arange(0.6, 0.72, 0.005).tolist():
        made = experiment({BASE: 0.6, candidate.recipe: skill})
        (one,) = judged(made, [candidate], number)
        assert one.p_adjusted == one.gap.p  # a family of one
        assert (one.verdict == "helps") == (one.p_adjusted <= 0.05 / 2**number)
        found[one.verdict] = True
    assert set(found) == {"helps", "no evidence"}


def test_the_same_answers_differ_by_exactly_nothing():
    candidate = CANDIDATES[0]
    (one,) = judged(experiment({BASE: 0.6, candidate.recipe: 0.6}), [candidate])
    for gap in (one.gap, one.accuracy, one.resampled):
        assert (gap.value, gap.low, gap.high, gap.p) == (0, 0, 0, 1)
    assert (one.p_adjusted, one.verdict, one.needed) == (1, "no evidence", None)


def test_another_metric_can_decide_and_accuracy_stays_beside_it():
    candidate = CANDIDATES[0]
    made = experiment({BASE: 0.6, candidate.recipe: 0.8}, probabilities=True)
    verdicts = {
        metric: judged(made, [candidate], metric=metric)[0]
        for metric in ("macro_f1", "accuracy", "log_loss")
    }
    assert {v.verdict for v in verdicts.values()} == {"helps"}
    assert len({v.gap.value for v in verdicts.values()}) == 3
    assert verdicts["accuracy"].gap == verdicts["accuracy"].accuracy
    # A right answer has the probability 0.7, a wrong one leaves the label 0.1.
    answered = made.runs[candidate.recipe].predicted == made.material.labels
    gained = (answered.mean() - (made.runs[BASE].predicted == made.material.labels).mean()) * (
        np.log(0.7) - np.log(0.1)
    )
    assert verdicts["log_loss"].gap.value == pytest.approx(gained, rel=1e-5)


def test_a_metric_without_a_quick_look_drops_nothing(monkeypatch):
    """No first-order error is known of scikit-learn's scorers: all candidates run to the end."""
    monkeypatch.setattr(verdicts_module, "EARLY_SHARE", 1e-9)  # the slow look is not asked for
    made = experiment({BASE: 0.6, CANDIDATES[0].recipe: 0.6})
    quick, scorer = (
        judge_of(made, CANDIDATES[:1], metric=metric) for metric in ("accuracy", "f1_weighted")
    )
    quick.look(0)
    scorer.look(0)
    assert quick.race.dropped == {CANDIDATES[0].improvement.name}
    assert scorer.race.dropped == set()


def test_beside_what_decides_stand_the_resampled_t_interval_and_the_false_discovery_rate():
    candidates = CANDIDATES[:3]
    skills = dict(zip((c.recipe for c in candidates), (0.7, 0.65, 0.6), strict=True))
    made = experiment({BASE: 0.6} | skills)
    verdicts = judged(made, candidates)
    folds = made.material.partition
    for v, candidate in zip(verdicts[:2], candidates[:2], strict=True):
        right = [made.runs[r].predicted == made.material.labels for r in (BASE, candidate.recipe)]
        of_accuracy = judged(made, [candidate], metric="accuracy")[0].resampled
        lanes = [
            right[1][seed, folds[seed] == fold].mean() - right[0][seed, folds[seed] == fold].mean()
            for seed in range(SEEDS)
            for fold in range(FOLDS)
        ]
        assert of_accuracy.value == pytest.approx(np.mean(lanes))
        # Nadeau and Bengio: 1 / lanes + test / train.
        assert of_accuracy.error == pytest.approx(np.std(lanes, ddof=1) * (1 / 15 + 1 / 4) ** 0.5)
        assert v.p_rate <= v.p_adjusted
    p = sorted(v.gap.p for v in verdicts)
    rates = np.minimum.accumulate((np.array(p) * [3, 3 / 2, 1])[::-1])[::-1]
    assert sorted(v.p_rate for v in verdicts) == pytest.approx(rates.tolist())


def test_no_evidence_says_what_a_point_would_take():
    candidate = CANDIDATES[0]
    (one,) = judged(experiment({BASE: 0.6, candidate.recipe: 0.605}), [candidate], 4)
    assert one.verdict == "no evidence"
    assert one.needed == needed(one.gap, DETECTABLE, round_alpha(4), SEEDS, TEXTS)
    assert one.needed.texts > 0
    (clear,) = judged(experiment({BASE: 0.6, candidate.recipe: 0.9}), [candidate])
    assert (clear.verdict, clear.needed) == ("helps", None)


def test_what_has_not_run_through_a_block_is_not_tried_but_counts_in_the_correction():
    first, second, third = CANDIDATES[:3]
    made = experiment({BASE: 0.6, first.recipe: 0.9, second.recipe: 0.9})
    fold = made.material.partition[0] == 1  # of the first block
    made.runs[second.recipe].predicted[0, np.flatnonzero(fold)[3]] = -1
    verdicts = judged(made, [first, second, third], 2)
    assert [v.verdict for v in verdicts] == ["helps", "not tried", "not tried"]
    # What looked best is tried first: correcting over what was tried would correct a selection.
    assert verdicts[0].p_adjusted == 3 * verdicts[0].gap.p
    for untried in verdicts[1:]:
        assert (untried.gap, untried.accuracy, untried.p_adjusted) == (None, None, None)
        assert (untried.round, untried.adopted, untried.seeds) == (2, "", 0)
        assert "->" in untried.change


def test_of_a_first_block_only_the_texts_of_its_folds_are_compared():
    candidate = CANDIDATES[0]
    made = experiment({BASE: 0.6, candidate.recipe: 0.8})
    seen = made.material.partition[0] < 2
    made.runs[candidate.recipe].predicted[0, ~seen] = -1
    made.runs[candidate.recipe].predicted[1:] = -1
    (one,) = judged(made, [candidate])
    assert (one.seeds, one.share) == (1, pytest.approx(seen.mean()))
    right = [
        (made.runs[recipe].predicted[0] == made.material.labels)[seen].mean()
        for recipe in (BASE, candidate.recipe)
    ]
    assert one.accuracy.value == pytest.approx(right[1] - right[0])


def test_what_was_dropped_claims_nothing_however_well_it_looks():
    first, second = CANDIDATES[:2]
    made = experiment({BASE: 0.6, first.recipe: 0.95, second.recipe: 0.9})
    judge = judge_of(made, [first, second])
    judge.race.dropped.add(first.improvement.name)
    dropped, other = judge.judge()
    assert dropped.gap.p < 1e-6
    assert (dropped.p_adjusted, dropped.verdict, dropped.race) == (
        1.0,
        "no evidence",
        "dropped as futile",
    )
    assert other.p_adjusted == 2 * other.gap.p
    assert other.verdict == "helps"


def test_the_early_look_decides_by_a_fifth_of_the_rate_and_the_end_by_the_rest():
    """A skill at a time, so that p passes every limit there is."""
    candidate, found = CANDIDATES[0], set()
    for skill in np.arange(0.6, 0.76, 0.005).tolist():
        one = dict.fromkeys((BASE, candidate.recipe), 1)
        judge = judge_of(experiment({BASE: 0.6, candidate.recipe: skill}, one), [candidate])
        judge.look(1)
        (verdict_,) = judge.judge()
        p = verdict_.gap.p
        early, late = p <= 0.2 * round_alpha(1), p <= 0.8 * round_alpha(1)
        assert (verdict_.race == "decided early") == early
        if verdict_.race != "dropped as futile":
            assert (verdict_.verdict == "helps") == late
            assert verdict_.p_adjusted == pytest.approx(min(p / (0.2 if early else 0.8), 1))
        found.add((verdict_.race, verdict_.verdict))
    assert found == {
        ("dropped as futile", "no evidence"),
        ("", "no evidence"),
        ("", "helps"),
        ("decided early", "helps"),
    }


def test_there_is_one_early_look_and_none_before_the_first_seed_ends():
    candidate = CANDIDATES[0]
    made = experiment({BASE: 0.6, candidate.recipe: 0.9})
    judge = judge_of(made, [candidate])
    judge.look(0)
    assert (judge.race.looked_early, judge.race.early) == (False, {})
    judge.look(1)
    assert (judge.race.looked_early, len(judge.race.early)) == (True, 1)
    judge.race.early.clear()
    judge.look(2)
    assert judge.race.early == {}  # a second seed decides nothing early any more


def test_the_last_block_is_judged_and_not_looked_at():
    candidate = CANDIDATES[0]
    for seeds, last in ((1, 1), (3, 3)):
        judge = judge_of(experiment({BASE: 0.6, candidate.recipe: 0.6}), [candidate], seeds=seeds)
        judge.look(last)
        assert (judge.race.looked_early, judge.race.dropped) == (False, set())


def test_nothing_is_judged_without_the_start():
    candidate = CANDIDATES[0]
    verdicts = judged(experiment({candidate.recipe: 0.9}), [candidate])
    assert [v.verdict for v in verdicts] == ["not tried"]
    assert judged(experiment({BASE: 0.6}), []) == []


@pytest.mark.parametrize("sweeps", [(3, 1), (1, 3), (2, 2)])
def test_only_seeds_that_both_have_run_through_are_compared(sweeps):
    candidate = CANDIDATES[0]
    skills = {BASE: 0.6, candidate.recipe: 0.8}
    few = experiment(skills, dict(zip(skills, sweeps, strict=True)))
    both = experiment(skills, dict.fromkeys(skills, min(sweeps)))
    assert judged(few, [candidate]) == judged(both, [candidate])
    assert judged(few, [candidate])[0].seeds == min(sweeps)


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
    unsure = [replace(v, gap=replace(v.gap, freedom=3.0)) for v in sure]
    alpha = 0.025 / 3
    quantiles = t.ppf(1 - alpha / 2, 3) + t.ppf(0.8, 3)
    assert smallest_detectable(unsure) == pytest.approx(0.02 * quantiles)
    assert smallest_detectable(unsure) > 1.5 * smallest_detectable(sure)


def test_what_was_dropped_after_some_of_the_texts_is_taken_as_if_all_had_been_answered():
    every = [verdict(0.0, error=0.02)] * 3
    few = [replace(v, gap=replace(v.gap, error=0.04), share=0.25) for v in every]
    assert smallest_detectable(few) == pytest.approx(smallest_detectable(every))


def test_improvements_that_change_no_answer_do_not_make_a_round_look_sharp():
    same = verdict(0.0, error=0.0, p=1.0)
    assert smallest_detectable([same] * 3) is None
    few = [verdict(0.0, error=0.02)] * 2
    # The family is as large as before, since what changed no answer is tested as well.
    assert smallest_detectable([*few, *[same] * 3]) == smallest_detectable(
        [verdict(0.0, error=0.02)] * 5
    )
    assert best_to_adopt([verdict(0.06, p=0.01), *[same] * 3]) == (0, "adopted without evidence")
