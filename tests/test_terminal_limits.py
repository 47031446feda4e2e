"""Limits: minutes or rounds, the same for the command line and the façade, and what they allow."""

import math

import numpy as np
import pytest

from textkaizen.errors import UsageError
from textkaizen.files.lanes import LaneStore
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Answer
from textkaizen.terminal import limits
from textkaizen.terminal.limits import DEFAULT_MINUTES, Limits

ANSWER = Answer(np.zeros(2, np.int32), None, 0.1, 1, {})


def test_without_a_limit_there_are_five_minutes():
    assert Limits().seconds == 60 * DEFAULT_MINUTES == 300
    assert Limits(minutes=0.5).seconds == 30
    assert Limits(rounds=3).seconds is None


@pytest.mark.parametrize(
    ("given", "seconds", "rounds"),
    [
        ({}, 300, math.inf),
        ({"minutes": 2}, 120, math.inf),
        ({"rounds": 2}, math.inf, 2),
    ],
)
def test_the_clock_starts_when_the_work_begins(monkeypatch, given, seconds, rounds):
    now = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    made = Limits(**given)
    now[0] = 2000.0
    budget, means = made.begin()
    assert (budget.seconds, budget.rounds, budget.clock()) == (seconds, rounds, 0)
    now[0] = 2007.5
    assert budget.clock() == 7.5
    assert budget.cores == means.worker.count >= 1


def test_progress_goes_to_whom_it_is_told_and_to_nobody_by_default():
    told = []
    Limits().begin(told.append)[1].progress("something")
    assert told == ["something"]
    assert Limits().begin()[1].progress("something") is None


def test_with_a_store_the_clock_goes_on_and_its_programs_are_counted(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    for earlier in (0, 20):
        with LaneStore(tmp_path, {}) as store:
            budget, means = Limits(minutes=1).begin(store=store)
            assert (budget.clock(), budget.left()) == (earlier, 60 - earlier)
            assert (means.store, store.programs) == (store, means.programs)
            now[0] += 20
            store.keep(Recipe(), 0, 0, ANSWER)
            now[0] += 500


def test_with_a_store_what_the_clock_has_decided_is_recalled(tmp_path):
    for answer in (True, False):
        with LaneStore(tmp_path, {}) as store:
            budget, _ = Limits(minutes=1).begin(store=store)
            assert budget.decide("round 1: over", lambda answer=answer: answer) is True
            store.keep(Recipe(), 0, 0, ANSWER)


def test_limits_are_kept_as_they_are_typed():
    assert Limits(dashes="--").asked == {"--minutes": 5, "--rounds": None}
    assert Limits(minutes=0.5).asked == {"minutes": 0.5, "rounds": None}
    assert Limits(rounds=3, dashes="--").asked == {"--minutes": None, "--rounds": 3}


@pytest.mark.parametrize("dashes", ["", "--"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"minutes": 1, "rounds": 1}, "Give {}minutes or {}rounds, not both"),
        ({"minutes": 0}, "{}minutes must be more than 0; found 0."),
        ({"minutes": -2.5}, "{}minutes must be more than 0; found -2.5."),
        ({"minutes": math.nan}, "found nan."),
        ({"minutes": math.inf}, "found inf."),
        ({"rounds": 0}, "{}rounds must be at least 1; found 0."),
    ],
)
def test_limits_that_cannot_be_are_named_as_the_caller_writes_them(given, message, dashes):
    with pytest.raises(UsageError) as error:
        Limits(**given, dashes=dashes)
    assert message.format(dashes, dashes) in str(error.value)
    assert ("--" in str(error.value)) == (dashes == "--")
