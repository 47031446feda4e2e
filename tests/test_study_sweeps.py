"""The lanes of one block: what is begun, what is passed over, what is told meanwhile."""

import pytest
from prompt_lanes import BASE, DROPOUT, ELU, TANH, THREE, knob, lanes_of, prompt

from textkaizen.study.budget import COMPILE_SECONDS, Budget, relative_cost
from textkaizen.study.course import Course, Means, Progress
from textkaizen.study.experiment import Block
from textkaizen.study.improvements import Improvement
from textkaizen.study.racing import Candidate, Race, blocks_of
from textkaizen.study.sweeps import BASE as START
from textkaizen.study.sweeps import block_seconds, run_block

PENALTY = knob("L2", "penalty", l2=1e-4)
TINY = Improvement("tiny batches", "batch", lambda r: r.with_shape(batch_size=1), "", "")


def begun_race(improvements=THREE, *, seconds=None, cores=1, **how):
    """An experiment, a course and a race of these, with nothing run yet."""
    made = prompt(**how)
    limits = {} if seconds is None else {"seconds": seconds}
    budget = Budget(clock=made.clock, cores=cores, **limits)
    course = Course(tuple(improvements), budget, 0.0, BASE, seed=1)
    candidates = [Candidate(i, i.change(BASE)) for i in improvements]
    blocks = blocks_of(made.material.fold_count, len(made.material.seeds))
    return made, course, Race(BASE, candidates, blocks)


def swept(made, course, race, *numbers):
    """Run these blocks; return what was told."""
    told = []
    for number in numbers:
        run_block(made, course, race, number, Means(progress=told.append), Progress(1, "", 0, 0))
    return told


def test_a_block_runs_the_start_first_and_then_what_is_open_in_order():
    made, course, race = begun_race()
    race.dropped.add("ELU")
    race.early["tanh"] = 0.001
    swept(made, course, race, 0)
    assert made.begun == [
        (recipe, 0, fold) for recipe in (BASE, DROPOUT.change(BASE)) for fold in (0, 1)
    ]


def test_what_has_run_before_is_not_run_again():
    made, course, race = begun_race([DROPOUT])
    list(made.run(made.jobs(DROPOUT.change(BASE), BASE, Block(0, (1,)))))
    told = swept(made, course, race, 0)
    assert sorted(lanes_of(made, DROPOUT.change(BASE))) == [(0, 0), (0, 1)]
    assert told[-1].done == 3
    swept(made, course, race, 0)
    assert made.lanes == 4


def test_what_was_passed_over_gets_no_later_block_and_the_start_none_without_others():
    made, course, race = begun_race([DROPOUT, ELU])
    swept(made, course, race, 0)
    made.runs[ELU.change(BASE)].predicted[:] = -1  # as if its lanes had never been begun
    swept(made, course, race, 1)
    assert lanes_of(made, ELU.change(BASE)) == [(0, 0), (0, 1)]
    assert lanes_of(made, DROPOUT.change(BASE)) == lanes_of(made, BASE) == [(0, 0), (0, 1), (0, 2)]
    race.dropped.add("dropout")
    swept(made, course, race, 2)
    assert made.sweeps(BASE) == 1


def test_candidates_are_passed_over_that_would_not_end_and_cheaper_ones_are_not():
    made, course, race = begun_race([TINY, TANH], seconds=10)
    swept(made, course, race, 0)
    assert relative_cost(TINY.change(BASE), BASE) > 10 / 3
    assert lanes_of(made, TINY.change(BASE)) == []
    assert lanes_of(made, TANH.change(BASE)) == [(0, 0), (0, 1)]


@pytest.mark.parametrize(("more", "begun"), [(0.0, True), (-0.1, False)])
def test_first_folds_are_begun_if_there_is_time_for_the_whole_seed_and_a_program(more, begun):
    """The start has taken 2 s. One lane more is counted, for what may be in flight."""
    whole_seed = 2 + (2 + 1) + 2 + COMPILE_SECONDS  # the third fold is of the start and of dropout
    made, course, race = begun_race([DROPOUT], seconds=whole_seed + more)
    swept(made, course, race, 0, 1)
    assert lanes_of(made, DROPOUT.change(BASE)) == [(0, 0), (0, 1), (0, 2)] * begun


def test_where_time_is_short_few_run_through_the_seed_and_not_all_through_some_folds():
    """Five folds: of a start and nulls that take a second a lane, 30 s hold four and a program."""
    nulls = [knob(f"null {n}", "null", label_smoothing=n / 1000) for n in range(1, 20)]
    made, course, race = begun_race(nulls, seconds=30, folds=5)
    swept(made, course, race, 0, 1)
    begun = [c.recipe for c in race.candidates if lanes_of(made, c.recipe)]
    assert 3 <= len(begun) < 19
    assert all(len(lanes_of(made, recipe)) == 5 for recipe in (BASE, *begun))
    assert made.clock.now <= 30


def test_without_a_time_limit_nothing_is_passed_over():
    made, course, race = begun_race([TINY, TANH])
    swept(made, course, race, 0, 1)
    assert made.sweeps(TINY.change(BASE)) == 1


def test_a_block_is_guessed_from_what_lanes_took_or_else_from_what_the_start_took():
    made, course, race = begun_race([DROPOUT, PENALTY], cores=2)
    assert block_seconds(made, course, race, 0) == 0  # nothing is known yet
    list(made.run(made.jobs(BASE, BASE, race.blocks[0])))
    dear = relative_cost(PENALTY.change(BASE), BASE)
    assert dear > 1
    # Two folds of the start, of dropout, as dear, and of the penalty; one lane more; two cores.
    assert block_seconds(made, course, race, 0) == pytest.approx((2 * (1 + 1 + dear) + dear) / 2)
    made.slow = 5.0
    list(made.run(made.jobs(DROPOUT.change(BASE), BASE, race.blocks[0])))
    assert block_seconds(made, course, race, 0) == pytest.approx((2 * (1 + 5 + dear) + 5) / 2)
    race.dropped.add("L2")
    assert block_seconds(made, course, race, 2) == pytest.approx((3 * (1 + 5) + 5) / 2)


def test_progress_counts_the_lanes_of_the_block_that_are_still_to_run():
    made, course, race = begun_race([DROPOUT, ELU])
    told = swept(made, course, race, 0)
    assert {(each.planned, each.sweep) for each in told} == {(6, 1)}
    assert [each.done for each in told] == list(range(7))
    assert [each.trying for each in told[1:]] == [
        name for name in (START, "dropout", "ELU") for _ in range(2)
    ]
    race.dropped.add("ELU")
    assert {(each.planned, each.sweep) for each in swept(made, course, race, 1)} == {(2, 1)}
    assert {(each.planned, each.sweep) for each in swept(made, course, race, 2)} == {(6, 2)}


def test_when_time_is_used_the_lanes_that_wait_are_not_run():
    """The worker is left in the middle of its lanes."""
    made, course, race = begun_race([DROPOUT, ELU], seconds=20)
    made.slow = 30.0
    swept(made, course, race, 0)
    assert lanes_of(made, DROPOUT.change(BASE)) == [(0, 0)]
    assert lanes_of(made, ELU.change(BASE)) == []
