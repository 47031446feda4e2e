"""Rounds on lanes that answer at once: what is begun, judged, adopted, and when it ends."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_lanes import (
    BASE,
    DROPOUT,
    ELU,
    THREE,
    knob,
    lanes_of,
    prompt,
    rows,
    run,
    skilled,
)

from textkaizen.study.budget import ROUND_SHARE, Budget, relative_cost
from textkaizen.study.course import RESERVE_SPARE, Course, Ladder, Means
from textkaizen.study.improvements import Improvement
from textkaizen.study.racing import Candidate
from textkaizen.study.rounds import candidates_of, climb, measure_round

CALM = {"dropout": 0.02}  # of 240 texts: neither clear after one seed nor futile
WITH_DROPOUT = BASE.with_knobs(dropout=0.5)


def test_what_stays_open_runs_on_every_fold_of_every_seed():
    made, ladder, _ = run(CALM, rounds=1)
    every = [(seed, fold) for seed in range(3) for fold in range(3)]
    assert lanes_of(made, BASE) == lanes_of(made, WITH_DROPOUT) == every
    assert {v.name for v in ladder.verdicts} == {"dropout", "ELU", "tanh"}
    (first,) = ladder.rounds
    assert (first["seeds"], first["alpha"], first["lanes"]) == (3, 0.025, len(made.begun))
    assert first["dropped"] == 2  # ELU and tanh change no answer here
    assert not first["interrupted"]


def test_seeds_run_one_after_another():
    made, _, _ = run(CALM, rounds=1)
    seeds = [seed for _, seed, _ in made.begun]
    assert seeds == sorted(seeds)
    assert set(seeds) == {0, 1, 2}


def test_the_largest_that_helps_is_adopted_and_the_rest_measured_again_from_there():
    made, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=5)
    assert ladder.adopted == ["dropout", "ELU"]
    assert ladder.recipe == WITH_DROPOUT.with_knobs(activation="elu")
    assert ladder.steps == [BASE, WITH_DROPOUT, ladder.recipe]
    assert rows(ladder, 1)["dropout"].adopted == "adopted"
    assert rows(ladder, 1)["ELU"].verdict == "helps"
    assert rows(ladder, 1)["ELU"].adopted == ""
    assert set(rows(ladder, 2)) == {"ELU", "tanh"}  # dropout is there already
    later = rows(ladder, 2)["ELU"]
    start, after = (made.runs[r].predicted[: later.seeds] for r in ladder.steps[1:])
    truth = made.material.labels
    gap = np.mean(after == truth) - np.mean(start == truth)
    assert later.accuracy.value == pytest.approx(gap)
    assert [v.verdict for v in rows(ladder, 3).values()] == ["hurts"]  # tanh undoes ELU
    assert ladder.stopped == "nothing more helps"


def test_round_r_tests_at_the_error_rate_over_two_to_the_r():
    _, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=5)
    assert [each["alpha"] for each in ladder.rounds] == [0.025, 0.0125, 0.00625]


def test_a_lane_that_has_run_is_never_run_again():
    made, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=5)
    assert len(set(made.begun)) == len(made.begun)
    assert sum(each["lanes"] for each in ladder.rounds) == len(made.begun) == made.lanes


def test_the_run_ends_when_rounds_are_used():
    _, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=1)
    assert (ladder.adopted, ladder.stopped) == (["dropout"], "rounds are used")


def test_the_run_ends_when_nothing_helps_and_keeps_the_start():
    _, ladder, _ = run({"elu": -0.2}, rounds=5)
    assert (ladder.adopted, ladder.recipe, ladder.stopped) == ([], BASE, "nothing more helps")
    assert ladder.steps == [BASE]
    assert {v.name: v.verdict for v in ladder.verdicts} == {
        "dropout": "no evidence",
        "ELU": "hurts",
        "tanh": "no evidence",
    }
    assert (rows(ladder, 1)["tanh"].gap.value, rows(ladder, 1)["tanh"].gap.p) == (0, 1)


def test_the_run_ends_when_there_is_nothing_left_to_try():
    _, ladder, _ = run({"dropout": 0.2}, (DROPOUT,), rounds=5)
    assert (ladder.adopted, ladder.stopped) == (["dropout"], "nothing more helps")
    assert len(ladder.rounds) == 1


def test_without_a_time_limit_a_round_never_reads_the_clock():
    def never():
        raise AssertionError("the clock must not be read")

    made = prompt(skilled({"dropout": 0.2, "elu": 0.1}))
    ladder, course = Ladder(BASE), Course(THREE, Budget(rounds=5, clock=never), 0.0, BASE, seed=1)
    climb(made, ladder, course, Means())
    assert ladder.adopted == ["dropout", "ELU"]


def test_what_there_was_no_time_for_is_listed_as_not_tried():
    # Three folds of a recipe are 3 s, and a program of its own 2: the base and one more fit in.
    made, ladder, _ = run({"dropout": 0.4}, seconds=10.4, seeds=5)
    first = rows(ladder, 1)
    assert first["dropout"].verdict == "helps"
    assert {n: v.verdict for n, v in first.items() if n != "dropout"} == dict.fromkeys(
        ("ELU", "tanh"), "not tried"
    )
    assert ladder.stopped == "time is used"
    assert {recipe for recipe, *_ in made.begun} == {BASE, WITH_DROPOUT}


def test_what_is_too_long_is_passed_over_and_what_is_short_still_tried():
    slow = Improvement("tiny batches", "batch size", lambda r: r.with_shape(batch_size=1), "", "")
    _, ladder, _ = run({}, (slow, DROPOUT), seconds=20, seeds=1)
    assert {v.name: v.verdict for v in ladder.verdicts} == {
        "tiny batches": "not tried",
        "dropout": "no evidence",
    }
    assert ladder.stopped == "time is used"


@settings(max_examples=40, deadline=None)
@given(
    st.floats(3, 400),
    st.floats(0, 10),
    st.lists(st.sampled_from([1, 4, 16, 32, 64]), unique=True, max_size=4),
    st.sampled_from([{}, {"dropout": 0.2}, CALM, {"dropout": 0.2, "elu": 0.1}, {"elu": -0.3}]),
    st.sampled_from([{}, {"small": 0.25}]),
)
def test_a_run_never_begins_what_cannot_end(seconds, reserve, sizes, better, also):
    """Nor does it go on without end: each round of a timed run adopts something, or is the last."""
    slow = tuple(
        Improvement(f"batch {n}", "batch", lambda r, n=n: r.with_shape(batch_size=n), "", "")
        for n in sizes
    )
    made, ladder, _ = run(better | also, (*slow, *THREE), seconds=seconds, reserve=reserve, seeds=4)
    begun = {recipe for recipe, *_ in made.begun}
    for recipe in begun - {BASE}:
        # A first block of two folds, the third, then three folds a seed: whole blocks only.
        assert len(lanes_of(made, recipe)) in (2, 3, 6, 9, 12)
    # The start of the first round is begun on trust: its first lane tells what a lane takes.
    assert made.clock.now <= max(seconds - RESERVE_SPARE * reserve, 0) + 1e-9 or begun == {BASE}
    assert ladder.stopped in ("nothing more helps", "time is used")
    assert len(ladder.rounds) <= len(ladder.adopted) + 1


def test_time_that_dropping_frees_goes_to_what_was_passed_over():
    """Five folds, 12 nulls of a second a lane: 44 s hold the first two folds of all, not all five.

    Two of five folds need 1 + 12 times 2 s; nulls that change no answer are dropped then.
    """
    nulls = [knob(f"null {n}", "null", label_smoothing=n / 1000) for n in range(1, 13)]
    made, ladder, _ = run({}, nulls, seconds=44, seeds=1, folds=5)
    assert {len(lanes_of(made, n.change(BASE))) for n in nulls} == {2}
    assert ladder.rounds[0]["dropped"] == 12
    assert ladder.stopped == "nothing more helps"


def test_without_time_for_anything_nothing_is_begun_and_everything_listed():
    made, ladder, _ = run({}, seconds=3, reserve=3)
    assert made.begun == []
    assert [v.verdict for v in ladder.verdicts] == ["not tried"] * 3
    assert (ladder.stopped, len(ladder.rounds)) == ("time is used", 1)


def test_a_costly_start_gets_no_further_lanes_that_could_not_end():
    """Adopted, tiny batches take 12 times as long: there is no time to go on from there."""
    tiny = Improvement("tiny batches", "batch", lambda r: r.with_shape(batch_size=1), "", "")
    made, ladder, _ = run({"small": 0.25}, (tiny, DROPOUT), seconds=142, seeds=4)
    assert made.clock.now <= 142
    assert ladder.adopted == ["tiny batches"]
    assert {v.name for v in ladder.verdicts} == {"tiny batches", "dropout"}


def test_a_small_effect_is_found_when_further_seeds_follow():
    # Two points of 240 texts. A seed of two recipes is 6 s; it is begun if it should end in time.
    few, once, _ = run(CALM, (DROPOUT,), seconds=13, seeds=5)
    many, ladder, _ = run(CALM, (DROPOUT,), seconds=40, seeds=5)
    assert (few.sweeps(BASE), many.sweeps(BASE)) == (2, 5)
    assert [v.verdict for v in once.verdicts] == ["no evidence"]
    assert [v.verdict for v in ladder.verdicts] == ["helps"]
    assert (ladder.adopted, ladder.recipe) == (["dropout"], WITH_DROPOUT)
    assert len(ladder.rounds) == 1  # seeds are added to a round, and none of them is a new one


def test_what_is_not_yet_shown_stays_open_as_long_as_it_may_be():
    """After the third seed, too, nothing is dropped merely for not being evidence yet."""
    found = [run({"dropout": 0.015}, (DROPOUT,), seconds=s, seeds=5)[1] for s in (19, 26)]
    told = [[(v.verdict, v.race, v.seeds) for v in ladder.verdicts] for ladder in found]
    assert told == [[("no evidence", "", 3)], [("helps", "", 4)]]


def test_once_something_is_found_early_a_round_keeps_to_its_share_of_the_time():
    # The first seed: 3 lanes each of the base, dropout and ELU, 2 of tanh, which is dropped: 11 s.
    # Dropout is then clear. Each further seed takes 6 s, for ELU, and one lane more is
    # counted: half of 40 s hold one of them..
    better = {"dropout": 0.2, "elu": 0.03}
    _, ladder, _ = run(better, seconds=40, seeds=5)
    assert (ROUND_SHARE, rows(ladder, 1)["dropout"].race) == (0.5, "decided early")
    assert rows(ladder, 1)["ELU"].seeds == ladder.rounds[0]["seeds"] == 2
    assert ladder.rounds[0]["lanes"] == 17
    # Where nothing is found there is no share to keep to.
    _, ladder, _ = run({"elu": 0.03}, seconds=40, seeds=5)
    assert ladder.rounds[0]["seeds"] > 2


def test_what_clearly_hurts_leaves_the_time_to_what_may_still_help():
    # There is nothing to adopt, and so no later round to keep time for.
    _, ladder, _ = run({"dropout": -0.2, "elu": 0.03}, seconds=40, seeds=5)
    assert (rows(ladder, 1)["dropout"].verdict, rows(ladder, 1)["dropout"].race) == (
        "hurts",
        "decided early",
    )
    assert ladder.rounds[0]["seeds"] > 2


def test_what_is_clear_early_ends_the_seed_that_has_no_time_left_of_the_share():
    # As above, but half of 22 s is used after the first seed.
    _, ladder, _ = run({"dropout": 0.2, "elu": 0.03}, seconds=22, seeds=5)
    assert rows(ladder, 1)["dropout"].race == "decided early"
    assert ladder.rounds[0]["seeds"] == 1


def test_when_nothing_is_left_to_try_no_further_lanes_are_run():
    made, ladder, _ = run({"dropout": 0.4}, (DROPOUT,), seconds=30, seeds=5)
    assert (ladder.adopted, ladder.stopped) == (["dropout"], "nothing more helps")
    assert len(made.begun) == ladder.rounds[0]["lanes"] == 6


def test_a_block_that_the_clock_cuts_off_is_not_judged():
    """A lane may take longer than was guessed; what is half done counts for nothing."""
    made = prompt(skilled({"dropout": 0.4}), seeds=2)
    made.slow = 10.0  # every lane of dropout takes so much longer than guessed
    ladder = Ladder(BASE)
    course = Course((DROPOUT,), Budget(seconds=11, clock=made.clock), 0.0, BASE, seed=1)
    climb(made, ladder, course, Means())
    assert made.lanes == 3
    assert [v.verdict for v in ladder.verdicts] == ["not tried"]
    assert ladder.stopped == "time is used"


def test_interrupted_in_a_round_what_is_complete_is_judged_and_the_rest_not_tried():
    # Two of five lanes of the base and of dropout, then one of the two that ELU needs.
    made, ladder, _ = run({"dropout": 0.4}, folds=5, rounds=5, end_at=5)
    assert ladder.stopped == "interrupted"
    assert {v.name: v.verdict for v in ladder.verdicts} == {
        "dropout": "helps",
        "ELU": "not tried",
        "tanh": "not tried",
    }
    assert rows(ladder, 1)["dropout"].share == pytest.approx(2 / 5)
    assert len(ladder.rounds) == 1
    assert (ladder.rounds[0]["lanes"], ladder.rounds[0]["interrupted"]) == (5, True)
    assert made.lanes == 5


@pytest.mark.parametrize("end_at", [0, 1, 2, 3])
def test_interrupted_before_anything_can_be_compared_nothing_is_claimed(end_at):
    _, ladder, _ = run({"dropout": 0.3}, rounds=5, end_at=end_at)
    assert [v.verdict for v in ladder.verdicts] == ["not tried"] * 3
    assert (ladder.adopted, ladder.recipe, ladder.stopped) == ([], BASE, "interrupted")


def test_interrupted_in_a_later_block_the_complete_blocks_are_judged():
    # The first block is 8 lanes, the third fold of base and dropout 2 more; then one of two seeds.
    whole, _, _ = run(CALM, rounds=1)
    _, ladder, _ = run(CALM, rounds=1, end_at=14)
    assert ladder.stopped == "interrupted"
    one = rows(ladder, 1)["dropout"]
    assert (one.seeds, one.share) == (1, 1.0)
    truth = whole.material.labels
    before, after = (whole.runs[recipe].predicted[0] == truth for recipe in (BASE, WITH_DROPOUT))
    assert one.accuracy.value == pytest.approx(after.mean() - before.mean())


def test_interrupted_while_it_judges_a_round_judges_what_was_measured(monkeypatch):
    made, course = prompt(skilled({"dropout": 0.3})), Course(THREE, Budget(), 0.0, BASE, seed=1)
    from textkaizen.study.verdicts import Judge

    judge, hits = Judge.judge, []

    def interrupted_once(self):
        hits.append(self)
        if len(hits) == 1:
            raise KeyboardInterrupt
        return judge(self)

    monkeypatch.setattr(Judge, "judge", interrupted_once)
    candidates = candidates_of(Ladder(BASE), course)
    verdicts, facts = measure_round(made, course, candidates, BASE, 1, Means())
    assert facts["interrupted"]
    assert [v.verdict for v in verdicts] == ["helps", "no evidence", "no evidence"]


def test_what_looked_best_is_tried_first_in_the_next_round():
    made, ladder, _ = run({"dropout": 0.1, "elu": -0.1, "tanh": 0.05}, rounds=2)
    assert ladder.adopted[0] == "dropout"
    later = [r.knobs.activation for r, *_ in made.begun if r.knobs.dropout]
    assert list(dict.fromkeys(later)) == ["relu", "tanh", "elu"]


def test_two_improvements_that_come_to_the_same_share_their_lanes():
    twin = replace(DROPOUT, name="the same by another name")
    made, ladder, _ = run({"dropout": 0.2}, (DROPOUT, twin), rounds=1)
    assert len(set(made.begun)) == len(made.begun)
    one, other = ladder.verdicts
    assert (one.gap, one.verdict) == (other.gap, other.verdict)
    assert one.verdict == "helps"


def test_progress_tells_round_recipe_and_lanes():
    _, _, told = run({"dropout": 0.3}, rounds=1, seeds=1)
    assert {(e.round, e.sweep) for e in told} == {(1, 1)}
    # Two folds of four recipes; then the third of what is still open.
    assert [(e.done, e.planned) for e in told] == [
        *((done, 8) for done in range(9)),
        *((done, 2) for done in range(3)),
    ]
    tried = ["the round's start", "dropout", "ELU", "tanh"]
    assert [e.trying for e in told[1:9:2]] == [e.trying for e in told[2:9:2]] == tried
    assert [e.trying for e in told[-2:]] == tried[:2]


def test_the_reserve_grows_with_the_recipe_that_is_to_be_trained_at_the_end():
    course = Course(THREE, Budget(seconds=100), 10.0, BASE, seed=1)
    assert course.time_left(BASE) == pytest.approx(100 - 10 * RESERVE_SPARE)
    wide = BASE.with_shape(hidden=(256,))
    assert course.time_left(wide) == pytest.approx(
        100 - 10 * RESERVE_SPARE * relative_cost(wide, BASE)
    )
    shorter = BASE.with_knobs(patience=5.0)
    assert course.time_left(shorter) == course.time_left(BASE)  # never less than the baseline's
    assert replace(course, closing_seconds=7.0).time_left(BASE) == course.time_left(BASE) - 7
    assert replace(course, budget=Budget()).time_left(BASE) == math.inf


def test_a_single_round_can_be_measured_with_nothing_adopted():
    made = prompt(skilled({"dropout": 0.3}), seeds=2)
    course = Course(THREE, Budget(rounds=1), 0.0, BASE, seed=1)
    candidates = [Candidate(i, i.change(BASE)) for i in (ELU, DROPOUT)]
    verdicts, facts = measure_round(made, course, candidates, BASE, 3, Means())
    assert [(v.name, v.verdict) for v in verdicts] == [("ELU", "no evidence"), ("dropout", "helps")]
    assert {v.round for v in verdicts} == {3}
    assert {v.adopted for v in verdicts} == {""}
    assert (facts["alpha"], facts["lanes"]) == (0.05 / 8, made.lanes)
