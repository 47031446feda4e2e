"""Rounds on lanes that answer at once: what is begun, judged, adopted, and when it ends.

The clock is a number that each lane moves on by what its recipe costs; nothing here takes time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.budget import ROUND_SHARE, Budget, relative_cost
from textkaizen.study.experiment import Experiment
from textkaizen.study.improvements import Improvement
from textkaizen.study.material import Material
from textkaizen.study.rounds import Course, Ladder, Means, climb, measure_round
from textkaizen.train.lanes import TrainedLane

TEXTS = 240
BASE = Recipe(text=TextRules((1, 1), (0, 0), 1)).with_shape(hidden=(4,))
CORPUS = Corpus(
    tuple(f"text {number:03}" for number in range(TEXTS)),
    tuple(f"class {number % 4}" for number in range(TEXTS)),
)
DROPOUT, ELU, TANH = (
    Improvement("dropout", "dropout", lambda r: r.with_knobs(dropout=0.5), "", ""),
    Improvement("ELU", "activation", lambda r: r.with_knobs(activation="elu"), "", ""),
    Improvement("tanh", "activation", lambda r: r.with_knobs(activation="tanh"), "", ""),
)
THREE = (DROPOUT, ELU, TANH)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self):
        return self.now


@dataclass
class Prompt(Experiment):
    """Lanes know a share of their texts, the same draws for each recipe; a better one knows more.

    Args:
        skill: that share, by recipe.
        clock: moved on by each lane.
        begun: recipe and seed of each lane, in order.
        end_at: the lane that Ctrl-C hits.
        slow: how much longer dropout takes than is guessed.
    """

    skill: Callable[[Recipe], float] = lambda recipe: 0.5
    clock: Clock = field(default_factory=Clock)
    begun: list = field(default_factory=list)
    end_at: float = math.inf
    slow: float = 1.0

    def _lane(self, job):
        if len(self.begun) >= self.end_at:
            raise KeyboardInterrupt
        self.begun.append((job.recipe, job.seed_number))
        seconds = relative_cost(job.recipe, BASE) * (self.slow if job.recipe.knobs.dropout else 1)
        self.clock.now += seconds
        bags = self.material.fold_bags(job.recipe.text, job.seed_number, job.fold)
        truth = self.material.labels[bags.test]
        drawn = np.random.default_rng([9, job.seed_number, job.fold]).random(len(truth))
        found = np.where(drawn < self.skill(job.recipe), truth, (truth + 1) % 4)
        return job, TrainedLane((), {}, 1, seconds), found.astype(np.int32)


def skilled(better):
    """Skill 0.5, and what dropout, an activation, and batches smaller than the usual add to it."""
    return lambda r: (
        0.5
        + better.get("dropout", 0) * (r.knobs.dropout > 0)
        + better.get("small", 0) * (r.shape.batch_size < 32)
        + better.get(r.knobs.activation, 0)
    )


def run(better=(), improvements=THREE, *, reserve=0.0, seeds=3, end_at=math.inf, **limits):
    """Climb, and return the experiment, the ladder and what was told on the way."""
    clock, told = Clock(), []
    material = Material(CORPUS, 3, tuple(range(1, seeds + 1)))
    made = Prompt(material, skill=skilled(dict(better)), clock=clock, end_at=end_at)
    course = Course(improvements, Budget(clock=clock, **limits), reserve, BASE, seed=1)
    ladder = Ladder(BASE)
    climb(made, ladder, course, Means(progress=told.append))
    return made, ladder, told


def rows(ladder, number):
    return {v.name: v for v in ladder.verdicts if v.round == number}


def test_a_round_measures_every_improvement_on_every_seed():
    made, ladder, _ = run(rounds=1)
    assert {v.name for v in ladder.verdicts} == {"dropout", "ELU", "tanh"}
    assert all(v.lanes == 9 for v in ladder.verdicts)
    (first,) = ladder.rounds
    assert (first["lanes"], first["seeds"], first["alpha"]) == (36, 3, 0.025)
    assert len(made.begun) == 36
    assert [seed for _, seed in made.begun] == sorted(seed for _, seed in made.begun)


def test_the_largest_that_helps_is_adopted_and_the_rest_measured_again_from_there():
    made, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=5)
    assert ladder.adopted == ["dropout", "ELU"]
    assert ladder.recipe == BASE.with_knobs(dropout=0.5, activation="elu")
    assert rows(ladder, 1)["dropout"].adopted == "adopted"
    assert rows(ladder, 1)["ELU"].verdict == "helps"
    assert rows(ladder, 1)["ELU"].adopted == ""
    assert set(rows(ladder, 2)) == {"ELU", "tanh"}  # dropout is there already
    start, after = (
        made.runs[recipe].predicted for recipe in (BASE.with_knobs(dropout=0.5), ladder.recipe)
    )
    truth = made.material.labels
    gap = np.mean(after == truth) - np.mean(start == truth)
    assert rows(ladder, 2)["ELU"].accuracy.value == pytest.approx(gap)
    assert [v.verdict for v in rows(ladder, 3).values()] == ["hurts"]  # tanh undoes ELU
    assert ladder.stopped == "nothing more helps"


def test_round_r_tests_at_the_error_rate_over_two_to_the_r():
    _, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=5)
    assert [each["alpha"] for each in ladder.rounds] == [0.025, 0.0125, 0.00625]


def test_a_lane_that_has_run_is_never_run_again():
    made, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=5)
    assert all(made.begun.count(lane) == 3 for lane in made.begun)  # one for each fold
    assert sum(each["lanes"] for each in ladder.rounds) == len(made.begun) == made.lanes


def test_the_run_ends_when_rounds_are_used():
    _, ladder, _ = run({"dropout": 0.2, "elu": 0.1}, rounds=1)
    assert (ladder.adopted, ladder.stopped) == (["dropout"], "rounds are used")


def test_the_run_ends_when_nothing_helps_and_keeps_the_start():
    _, ladder, _ = run({"elu": -0.2}, rounds=5)
    assert (ladder.adopted, ladder.recipe, ladder.stopped) == ([], BASE, "nothing more helps")
    assert {v.name: v.verdict for v in ladder.verdicts} == {
        "dropout": "no evidence",
        "ELU": "hurts",
        "tanh": "no evidence",
    }
    assert (rows(ladder, 1)["tanh"].macro_f1.value, rows(ladder, 1)["tanh"].macro_f1.p) == (0, 1)


def test_the_run_ends_when_there_is_nothing_left_to_try():
    _, ladder, _ = run({"dropout": 0.2}, (DROPOUT,), rounds=5)
    assert (ladder.adopted, ladder.stopped) == (["dropout"], "nothing more helps")
    assert len(ladder.rounds) == 1


def test_what_there_was_no_time_for_is_listed_as_not_tried():
    # A sweep of one recipe is 3 lanes of 1 s; the base and one more fit into 8 s, then it is 8.
    made, ladder, _ = run({"dropout": 0.4}, seconds=10.4, seeds=5)
    first = rows(ladder, 1)
    assert first["dropout"].verdict == "helps"
    assert {n: v.verdict for n, v in first.items() if n != "dropout"} == dict.fromkeys(
        ("ELU", "tanh"), "not tried"
    )
    assert ladder.stopped == "time is used"
    assert {recipe for recipe, _ in made.begun} == {BASE, BASE.with_knobs(dropout=0.5)}


def test_what_is_too_long_is_passed_over_and_what_is_short_still_tried():
    slow = Improvement("tiny batches", "batch size", lambda r: r.with_shape(batch_size=1), "", "")
    _, ladder, _ = run({}, (slow, DROPOUT), seconds=20, seeds=1)
    assert {v.name: v.verdict for v in ladder.verdicts} == {
        "tiny batches": "not tried",
        "dropout": "no evidence",
    }
    assert ladder.stopped == "time is used"


@settings(max_examples=60, deadline=None)
@given(
    st.floats(3, 400),
    st.floats(0, 10),
    st.lists(st.sampled_from([1, 4, 16, 32, 64]), unique=True, max_size=4),
    st.sampled_from([{}, {"dropout": 0.2}, {"dropout": 0.2, "elu": 0.1}, {"elu": -0.3}]),
    st.sampled_from([{}, {"small": 0.25}]),
)
def test_a_run_never_begins_what_cannot_end(seconds, reserve, sizes, better, also):
    """Nor does it go on without end: each round of a timed run either adopts or adds seeds."""
    slow = tuple(
        Improvement(f"batch {n}", "batch", lambda r, n=n: r.with_shape(batch_size=n), "", "")
        for n in sizes
    )
    made, ladder, _ = run(better | also, (*slow, *THREE), seconds=seconds, reserve=reserve, seeds=4)
    begun = {recipe for recipe, _ in made.begun}
    for recipe in begun - {BASE}:
        assert made.sweeps(recipe) == max(s for r, s in made.begun if r == recipe) + 1
    # The start of the first round is begun on trust: its first lane tells what a lane takes.
    assert made.clock.now <= max(seconds - 1.3 * reserve, 0) + 1e-9 or begun == {BASE}
    assert ladder.stopped in ("nothing more helps", "time is used")


def test_without_time_for_anything_nothing_is_begun_and_everything_listed():
    made, ladder, _ = run({}, seconds=3, reserve=3)
    assert made.begun == []
    assert [v.verdict for v in ladder.verdicts] == ["not tried"] * 3
    assert (ladder.stopped, len(ladder.rounds)) == ("time is used", 1)


def test_a_costly_start_gets_no_further_seed_that_could_not_end():
    """Adopted, tiny batches take 26 times as long: there is no time for another seed of them."""
    tiny = Improvement("tiny batches", "batch", lambda r: r.with_shape(batch_size=1), "", "")
    made, ladder, _ = run({"small": 0.25}, (tiny, DROPOUT), seconds=142, seeds=4)
    assert made.clock.now <= 142
    assert {v.name for v in ladder.verdicts} == {"tiny batches", "dropout"}


def test_sweeps_of_a_round_are_added_by_the_clock_alone():
    found = []
    for better in ({}, {"dropout": 0.3}, {"elu": -0.3, "tanh": 0.02}):
        made, ladder, _ = run(better, seconds=60, seeds=5)
        first = made.begun[: int(ladder.rounds[0]["lanes"])]
        found.append((ladder.rounds[0]["seeds"], ladder.rounds[0]["lanes"], first))
    assert found[0] == found[1] == found[2]
    # 60 s, of which a round may take half; a sweep of four recipes is 12 s.
    assert found[0][:2] == (2, 24)
    assert ROUND_SHARE == 0.5


def test_when_nothing_helps_a_further_round_adds_seeds_from_the_same_start():
    # A sweep is 12 s. Half of 80 s hold three sweeps, half of the 44 left one more, and so on.
    made, ladder, _ = run({}, seconds=80, seeds=5)
    assert [each["seeds"] for each in ladder.rounds] == [3, 4, 5]
    assert [each["lanes"] for each in ladder.rounds] == [36, 12, 12]
    assert [each["alpha"] for each in ladder.rounds] == [0.025, 0.0125, 0.00625]
    assert (ladder.recipe, ladder.adopted, ladder.stopped) == (BASE, [], "nothing more helps")
    assert all(made.begun.count(lane) == 3 for lane in made.begun)


def test_a_small_effect_is_found_when_further_rounds_add_seeds():
    # Two points of 240 texts: shown by four sweeps at the third round's rate, not by two or three.
    _, ladder, _ = run({"dropout": 0.02}, (DROPOUT,), seconds=26, seeds=5)
    assert [each["seeds"] for each in ladder.rounds][:3] == [2, 3, 4]
    assert [v.verdict for v in ladder.verdicts] == ["no evidence", "no evidence", "helps"]
    assert (ladder.adopted, ladder.recipe) == (["dropout"], BASE.with_knobs(dropout=0.5))


def test_when_nothing_is_left_to_try_no_further_lanes_are_run():
    made, ladder, _ = run({"dropout": 0.4}, (DROPOUT,), seconds=30, seeds=5)
    assert (ladder.adopted, ladder.stopped) == (["dropout"], "nothing more helps")
    assert len(made.begun) == ladder.rounds[0]["lanes"]


def test_by_rounds_no_seeds_are_added():
    _, ladder, _ = run({}, rounds=4)
    assert len(ladder.rounds) == 1


def test_a_sweep_that_the_clock_cuts_off_is_not_judged():
    """A lane may take longer than was guessed; what is half done counts for nothing."""
    clock, material = Clock(), Material(CORPUS, 3, (1, 2))
    made = Prompt(material, skill=skilled({"dropout": 0.4}), clock=clock)
    made.slow = 10.0  # every lane of dropout takes so much longer than guessed
    ladder = Ladder(BASE)
    course = Course((DROPOUT,), Budget(seconds=14, clock=clock), 0.0, BASE, seed=1)
    climb(made, ladder, course, Means())
    assert made.lanes == 5
    assert [v.verdict for v in ladder.verdicts] == ["not tried"]
    assert ladder.stopped == "time is used"


def test_interrupted_in_a_round_what_is_complete_is_judged_and_the_rest_not_tried():
    # 3 lanes of the base, 3 of dropout, then 2 of the 3 that ELU needs.
    made, ladder, _ = run({"dropout": 0.4}, rounds=5, end_at=8)
    assert ladder.stopped == "interrupted"
    assert {v.name: v.verdict for v in ladder.verdicts} == {
        "dropout": "helps",
        "ELU": "not tried",
        "tanh": "not tried",
    }
    assert len(ladder.rounds) == 1
    assert (ladder.rounds[0]["lanes"], ladder.rounds[0]["seeds"]) == (8, 1)
    assert made.lanes == 8


@pytest.mark.parametrize("end_at", [0, 2, 3])
def test_interrupted_before_anything_can_be_compared_nothing_is_claimed(end_at):
    _, ladder, _ = run({"dropout": 0.3}, rounds=5, end_at=end_at)
    assert [v.verdict for v in ladder.verdicts] == ["not tried"] * 3
    assert (ladder.adopted, ladder.recipe, ladder.stopped) == ([], BASE, "interrupted")


def test_interrupted_in_a_later_sweep_the_complete_sweeps_are_judged():
    whole, once, _ = run({"dropout": 0.3}, rounds=1, seeds=1)
    assert len(whole.begun) == 12
    _, ladder, _ = run({"dropout": 0.3}, rounds=1, end_at=14)  # a sweep, and 2 lanes of the next
    assert ladder.stopped == "interrupted"
    pick = lambda v: (v.name, v.macro_f1, v.p_adjusted, v.verdict)
    assert [pick(v) for v in ladder.verdicts] == [pick(v) for v in once.verdicts]


def test_what_looked_best_is_tried_first_in_the_next_round():
    made, ladder, _ = run({"dropout": 0.1, "elu": -0.1, "tanh": 0.05}, rounds=2)
    assert ladder.adopted[0] == "dropout"
    later = [r.knobs.activation for r, _ in made.begun if r.knobs.dropout]
    assert list(dict.fromkeys(later)) == ["relu", "tanh", "elu"]


def test_progress_tells_round_recipe_and_lanes():
    _, _, told = run({"dropout": 0.3}, rounds=1, seeds=1)
    assert [(e.round, e.sweep, e.planned) for e in told] == [(1, 1, 12)] * 13
    assert [e.done for e in told] == list(range(13))
    assert [e.trying for e in told[1::3]] == ["the round's start", "dropout", "ELU", "tanh"]


def test_the_reserve_grows_with_the_recipe_that_is_to_be_trained_at_the_end():
    course = Course(THREE, Budget(seconds=100), 10.0, BASE, seed=1)
    assert course.time_left(BASE) == 87
    wide = BASE.with_shape(hidden=(256,))
    assert course.time_left(wide) == pytest.approx(100 - 13 * relative_cost(wide, BASE))
    assert course.time_left(BASE.with_knobs(patience=5.0)) == 87  # never less than the baseline's


def test_a_single_round_can_be_measured_with_nothing_adopted():
    clock = Clock()
    made = Prompt(Material(CORPUS, 3, (1, 2)), skill=skilled({"dropout": 0.3}), clock=clock)
    ladder = Ladder(BASE)
    course = Course(THREE, Budget(rounds=1), 0.0, BASE, seed=1)
    verdicts = measure_round(made, ladder, course, 1, Means())
    assert [v.verdict for v in verdicts] == ["helps", "no evidence", "no evidence"]
    assert (ladder.recipe, ladder.adopted, ladder.verdicts) == (BASE, [], [])
