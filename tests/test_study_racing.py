"""Racing: how a round is parted into blocks, what its looks close, and what that may cost."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from prompt_lanes import BASE, DROPOUT, ELU, TANH, THREE, knob, lanes_of, prompt, skilled
from scipy.stats import norm

from textkaizen.errors import UsageError
from textkaizen.measure.compare import holm, paired
from textkaizen.study.budget import Budget
from textkaizen.study.comparison import Comparison
from textkaizen.study.course import Course, Means
from textkaizen.study.experiment import Block
from textkaizen.study.racing import (
    EARLY_SHARE,
    FUTILE,
    LASTING,
    Candidate,
    Race,
    blocks_of,
    is_futile,
)
from textkaizen.study.rounds import measure_round
from textkaizen.study.verdicts import Judge, round_alpha


def raced(skill, improvements=THREE, number=1, **how):
    """Measure one round without a time limit; return the experiment, verdicts by name and facts."""
    made = prompt(skill, **how)
    course = Course(tuple(improvements), Budget(rounds=1), 0.0, BASE, seed=1)
    candidates = [Candidate(i, i.change(BASE)) for i in improvements]
    verdicts, facts = measure_round(made, course, candidates, BASE, number, Means())
    return made, {v.name: v for v in verdicts}, facts


@given(st.integers(2, 9), st.integers(1, 6))
def test_blocks_hold_each_lane_once_seed_by_seed_and_the_first_two_folds_come_first(folds, seeds):
    blocks = blocks_of(folds, seeds)
    lanes = [(block.seed_number, fold) for block in blocks for fold in block.folds]
    assert lanes == list(product(range(seeds), range(folds)))
    assert blocks[0].folds == (0, 1)
    assert len(blocks) == seeds + (folds > 2)  # only the first seed is in two


futile = st.tuples(
    st.floats(-0.5, 0.5),
    st.floats(1e-4, 0.2),
    st.sampled_from([0.2, 0.4, 2 / 3, 1.0]),
    st.sampled_from([(1, 2), (1, 3), (2, 3), (3, 4), (4, 5)]),
    st.floats(1e-7, 0.05),
)


@given(futile, st.floats(0, 1))
def test_what_is_further_from_nothing_is_never_more_futile(asked, nearer):
    value, *rest = asked
    if is_futile(value, *rest):
        assert is_futile(value * nearer, *rest)
    assert is_futile(value, *rest) == is_futile(-value, *rest)


@given(futile, st.floats(1, 10))
def test_what_is_known_less_well_is_never_less_futile(asked, times):
    value, error, *rest = asked
    if is_futile(value, error, *rest):
        assert is_futile(value, error * times, *rest)


@given(futile, st.floats(0.01, 1))
def test_the_more_a_verdict_asks_for_the_sooner_it_is_futile(asked, stricter):
    value, error, share, seeds, p = asked
    if is_futile(value, error, share, seeds, p):
        assert is_futile(value, error, share, seeds, p * stricter)


def test_without_any_error_only_what_changed_nothing_is_futile():
    assert is_futile(0.0, 0.0, 0.4, (1, 3), 0.001)
    assert not is_futile(0.5, 0.0, 0.4, (1, 3), 0.001)  # every text changed, and all alike


def chance_of_verdict(value, error, share, seeds, p, draws=200_000):
    """Finish so many normal studies that look like this one now; return how many find it, too.

    Texts keep a part of what they add whatever the seed, every seed puts another part on top, and
    of the effect nothing is known but what is seen.
    """
    generator = np.random.default_rng(7)
    now, then = seeds
    scale = error * math.sqrt(share / (LASTING + (1 - LASTING) / now))
    lasting, rest = scale * math.sqrt(LASTING), scale * math.sqrt(1 - LASTING)
    # Means over the texts that have been answered, and over the others.
    parts = np.array([share, 1 - share])
    sizes = np.maximum(parts, 1e-12)[:, None]
    texts = generator.normal(0, lasting / np.sqrt(sizes), (2, draws))
    runs = generator.normal(0, rest / np.sqrt(sizes), (then, 2, draws))
    so_far = texts[0] + runs[:now, 0].mean(0)
    at_the_end = parts @ (texts + runs.mean(0))
    final = math.hypot(lasting, rest / math.sqrt(then))
    return float((value - so_far + at_the_end >= norm.isf(p / 2) * final).mean())


@pytest.mark.parametrize(
    ("share", "seeds", "p"),
    [(0.4, (1, 3), 0.001), (1.0, (1, 3), 0.001), (1.0, (1, 2), 0.02), (1.0, (3, 4), 1e-4)],
)
def test_what_is_dropped_would_have_found_something_too_seldom_and_what_stays_would_not(
    share, seeds, p
):
    error = 0.01
    values = np.linspace(0, 5 * error, 501)
    stays = [not is_futile(value, error, share, seeds, p) for value in values]
    edge = stays.index(True)
    assert 0 < edge < 500
    found = chance_of_verdict(values[edge], error, share, seeds, p)
    # 200,000 draws know a share of 0.05 to a standard error of 0.0005: four of these, and 0.001 for
    # the hundredth of an error by which values are apart.
    assert found == pytest.approx(FUTILE, abs=0.003)


def test_what_changes_no_answer_gets_no_lanes_after_the_first_look_and_stays_no_evidence():
    made, verdicts, facts = raced(skilled({"dropout": 0.02}))
    for improvement in (ELU, TANH):
        one = verdicts[improvement.name]
        assert lanes_of(made, improvement.change(BASE)) == [(0, 0), (0, 1)]
        assert (one.verdict, one.race) == ("no evidence", "dropped as futile")
        assert (one.p_adjusted, one.seeds, one.share) == (1.0, 1, pytest.approx(2 / 3))
    assert facts["dropped"] == 2


def test_what_was_dropped_counts_in_the_correction_for_many_comparisons():
    _, alone, _ = raced(skilled({"dropout": 0.05}), [DROPOUT], seeds=1)
    _, among, _ = raced(skilled({"dropout": 0.05}), THREE, seeds=1)
    assert among["ELU"].race == among["tanh"].race == "dropped as futile"
    assert among["dropout"].gap.value == alone["dropout"].gap.value
    assert among["dropout"].p_adjusted == pytest.approx(3 * among["dropout"].gap.p)


def test_what_the_early_look_decides_gets_no_further_lanes_and_keeps_its_verdict():
    """Dropout helps with the first seed and ruins the others; ELU keeps the round going."""

    def skill(recipe, seed):
        gained = 0.2 if seed == 0 else -0.3
        return 0.5 + gained * (recipe.knobs.dropout > 0) + 0.03 * (recipe.knobs.activation == "elu")

    made, verdicts, facts = raced(skill, [DROPOUT, ELU])
    one = verdicts["dropout"]
    assert lanes_of(made, DROPOUT.change(BASE)) == [(0, 0), (0, 1), (0, 2)]
    assert (one.verdict, one.race, one.seeds, one.lanes) == ("helps", "decided early", 1, 3)
    assert facts["decided_early"] == 1
    assert made.sweeps(ELU.change(BASE)) == made.sweeps(BASE) == 3
    gap = paired(
        made.material.labels,
        made.runs[BASE].predicted[:1],
        made.runs[DROPOUT.change(BASE)].predicted[:1],
        made.material.partition[:1],
        classes=4,
        units=made.material.units,
        seed=1,
    )["macro_f1"]
    assert one.gap.value == gap.value


def test_the_early_look_passes_over_what_a_scorer_cannot_judge_on_part_of_the_texts(monkeypatch):
    whole = Comparison.differences

    def of_every_class(self, seed):
        if self.share < 1:
            raise UsageError("a class is lacking")
        return whole(self, seed)

    monkeypatch.setattr(Comparison, "differences", of_every_class)
    made = prompt(skilled({"dropout": 0.4, "elu": 0.4}))
    race = Race(BASE, [Candidate(i, i.change(BASE)) for i in (DROPOUT, ELU)], blocks_of(3, 2))
    for recipe in (BASE, DROPOUT.change(BASE), ELU.change(BASE)):
        for block in race.blocks[: 1 if recipe == ELU.change(BASE) else 2]:  # no time for ELU
            list(made.run(made.jobs(recipe, BASE, block)))
    judge = Judge(made, race, 1, "macro_f1", seed=1)
    judge.look(1)
    assert set(race.early) == {"dropout"}
    assert [verdict.verdict for verdict in judge.judge()] == ["helps", "not tried"]


def test_both_looks_together_spend_the_rounds_error_rate_and_no_more():
    """Early: Holm's over all, at a fifth of it. At the end: over what is left, at the rest."""
    better = {"dropout": 0.2, "elu": 0.03, "tanh": 0.02}
    for number in (1, 2):
        _, verdicts, _ = raced(skilled(better), number=number)
        early = [v for v in verdicts.values() if v.race == "decided early"]
        late = [v for v in verdicts.values() if v.race == ""]
        assert [v.name for v in early] == ["dropout"]
        assert [v.name for v in late] == ["ELU", "tanh"]
        assert early[0].p_adjusted == pytest.approx(3 * early[0].gap.p / EARLY_SHARE)
        assert early[0].p_adjusted <= round_alpha(number)
        expected = holm(np.array([v.gap.p for v in late])) / (1 - EARLY_SHARE)
        assert [v.p_adjusted for v in late] == pytest.approx(np.minimum(expected, 1))
        for v in late:
            assert (v.verdict != "no evidence") == (v.p_adjusted <= round_alpha(number))


def test_a_round_of_a_single_seed_has_no_early_look_and_the_whole_rate_at_the_end():
    better = {"dropout": 0.2, "elu": 0.1}
    made, verdicts, facts = raced(skilled(better), [DROPOUT, ELU], seeds=1)
    assert facts["decided_early"] == 0
    assert {v.race for v in verdicts.values()} == {""}
    expected = holm(np.array([v.gap.p for v in verdicts.values()]))
    assert [v.p_adjusted for v in verdicts.values()] == pytest.approx(expected)
    assert made.lanes == 9


def shuffled(seed, ahead):
    """A worker that takes some items ahead and runs them in any order, but yields in theirs."""
    generator = np.random.default_rng(seed)

    def worker(function, items):
        items = iter(items)
        while taken := [item for _, item in zip(range(ahead), items, strict=False)]:
            answers = [None] * len(taken)
            for place in generator.permutation(len(taken)):
                answers[place] = function(taken[place])
            yield from answers

    return worker


@pytest.mark.parametrize("ahead", [1, 3, 50])
def test_rounds_look_when_all_open_candidates_have_run_whatever_lane_ends_first(ahead, monkeypatch):
    looks = []

    def look(self, block):
        race = self.race
        looks.append(block)
        for candidate in race.open:
            assert race.reach(self.experiment, candidate.recipe) == block + 1
        assert race.reach(self.experiment, race.base) == block + 1
        return plain(self, block)

    plain = Judge.look
    skill = skilled({"dropout": 0.2, "elu": 0.03, "tanh": 0.02})
    _, expected, facts = raced(skill)
    monkeypatch.setattr(Judge, "look", look)
    for seed in range(3):
        _, found, again = raced(skill, worker=shuffled(seed, ahead))
        assert found == expected
        assert again == facts
    assert looks == [0, 1, 2] * 3


def nulls(count):
    """Improvements that do nothing but change the recipe, and so the draws of `churn`."""
    return [knob(f"null {n}", "null", label_smoothing=n / 1000) for n in range(1, count + 1)]


@pytest.mark.parametrize("seeds", [2, 3])
def test_where_nothing_helps_racing_spends_at_most_half_of_the_lanes(seeds):
    """Twenty of them, each of which redraws a tenth of the answers; the base's lanes count, too."""
    made, verdicts, _ = raced(skilled({}), nulls(20), churn=0.1, folds=5, seeds=seeds)
    assert {v.verdict for v in verdicts.values()} == {"no evidence"}
    assert all(v.gap.error > 0 for v in verdicts.values())  # each of them has changed answers
    # 0.33 and 0.45 expected of normal differences; one lane more or less is 0.005 of them.
    assert made.lanes <= 0.5 * 21 * 5 * seeds


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20))
@example(0, 0)
def test_both_recipes_are_compared_on_the_blocks_that_both_have_run_through(base, other):
    """Whatever an earlier round, or an interruption, has left of each."""
    made = prompt(folds=5, seeds=3)
    race = Race(BASE, [Candidate(DROPOUT, DROPOUT.change(BASE))], blocks_of(5, 3))
    whole = tuple(range(5))
    for recipe, lanes in ((BASE, base), (DROPOUT.change(BASE), other)):
        jobs = [job for seed in range(3) for job in made.jobs(recipe, BASE, Block(seed, whole))]
        list(made.run(jobs[:lanes]))
    done = race.done(made, race.candidates[0])
    lanes = min(base, other, 15)
    assume(lanes >= 2)
    assert done.blocks == 1 + lanes // 5
    assert (done.seeds, done.folds) == (
        (max(lanes // 5, 1), (0, 1, 2, 3, 4)) if lanes >= 5 else (1, (0, 1))
    )
