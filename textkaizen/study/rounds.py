"""Rounds of an improvement run: measure what there is time for, judge, adopt, go on.

On Ctrl-C, or when the time is used, a round is judged with the candidates that are complete; the
others are *not tried*. Later rounds try first what looked best before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from textkaizen.recipe import Recipe
from textkaizen.study.budget import COMPILE_SECONDS, Budget, relative_cost
from textkaizen.study.experiment import Experiment, Job, Worker
from textkaizen.study.improvements import Improvement
from textkaizen.study.result import NOT_TRIED, Verdict
from textkaizen.study.verdicts import (
    Candidate,
    best_to_adopt,
    judge_round,
    round_alpha,
    smallest_detectable,
)
from textkaizen.train.programs import Programs

NOTHING, TIME, ROUNDS, INTERRUPTED = (
    "nothing more helps",
    "time is used",
    "rounds are used",
    "interrupted",
)


@dataclass(frozen=True)
class Progress:
    """What is going on.

    Args:
        round: from 1; 0 before the first.
        trying: what is being trained.
        done, planned: lanes of this round.
    """

    round: int
    trying: str
    done: int
    planned: int


@dataclass(frozen=True)
class Means:
    """What a study is given to work with; the core itself touches neither clock nor threads.

    Args:
        worker: where lanes run.
        stopping: callback for lanes; True ends them early.
        programs: compiled epochs, shared.
        progress: called with a `Progress` whenever something is begun or done.
    """

    worker: Worker = map
    stopping: Callable[..., bool] = lambda *_: False
    programs: Programs = field(default_factory=Programs)
    progress: Callable[[Progress], Any] = lambda _: None


@dataclass
class Ladder:
    """Where a run stands.

    Args:
        recipe: adopted so far.
        verdicts: of all rounds.
        adopted: names in order.
        rounds: for each round its alpha and the smallest difference it could detect.
        stopped: why the run ended; "" while it goes on.
    """

    recipe: Recipe
    verdicts: list[Verdict] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    rounds: list[dict[str, float | None]] = field(default_factory=list)
    stopped: str = ""


@dataclass(frozen=True)
class Course:
    """How a run goes: its candidates, its limits, and what the end needs.

    Args:
        improvements: to try, in this order at first.
        budget: time or rounds.
        reserve_seconds: to be left when the rounds end, for a recipe as costly as the baseline.
        baseline: to which that cost refers.
        seed: of the bootstrap.
    """

    improvements: tuple[Improvement, ...]
    budget: Budget
    reserve_seconds: float
    baseline: Recipe
    seed: int

    def time_left(self, recipe: Recipe) -> float:
        """Seconds left for lanes, when `recipe` is to be trained at the end."""
        cost = max(relative_cost(recipe, self.baseline), 1.0)
        return self.budget.left() - 1.3 * self.reserve_seconds * cost


def climb(experiment: Experiment, ladder: Ladder, course: Course, means: Means) -> None:
    """Run rounds and adopt until something ends it; `ladder` is brought up to date as it goes."""
    while not ladder.stopped:
        number = len(ladder.rounds) + 1
        verdicts = measure_round(experiment, ladder, course, number, means)
        choice = best_to_adopt(verdicts)
        if choice is not None:
            place, how = choice
            verdicts[place] = replace(verdicts[place], adopted=how)
            candidate = _candidates(ladder, course)[verdicts[place].name]
            ladder.recipe = candidate.recipe
            ladder.adopted.append(candidate.improvement.name)
        ladder.verdicts.extend(verdicts)
        if ladder.stopped:
            return
        if choice is None or how != "adopted":
            ladder.stopped = TIME if any(_untried(verdicts)) else NOTHING
        elif number >= course.budget.rounds:
            ladder.stopped = ROUNDS
        elif course.time_left(ladder.recipe) <= 0:
            ladder.stopped = TIME


def measure_round(
    experiment: Experiment, ladder: Ladder, course: Course, number: int, means: Means
) -> list[Verdict]:
    """Measure what there is time for, and judge it; sets `ladder.stopped` on Ctrl-C."""
    candidates = list(_candidates(ladder, course).values())
    per_recipe = experiment.material.fold_count * len(experiment.material.seeds)
    planned = per_recipe * (len(candidates) + 1)
    names = {c.recipe: c.improvement.name for c in candidates} | {ladder.recipe: "baseline"}
    means.progress(Progress(number, "the round's start", 0, planned))
    done = 0
    try:
        for job in experiment.run(_jobs(experiment, ladder, course, candidates)):
            done += 1
            means.progress(Progress(number, names[job.recipe], done, planned))
            if course.time_left(ladder.recipe) <= 0:
                break
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    verdicts = judge_round(experiment, ladder.recipe, candidates, number, course.seed)
    detectable = smallest_detectable(verdicts)
    ladder.rounds.append(
        {"alpha": round_alpha(number), "smallest_detectable": detectable, "lanes": done}
    )
    return verdicts


def _jobs(
    experiment: Experiment, ladder: Ladder, course: Course, candidates: list[Candidate]
) -> Iterator[Job]:
    """Yield the lanes of a round one by one; what would not end in time is passed over.

    The worker asks for the next lane only when a core is about to be free, so the clock is read
    when it matters. Without a time limit nothing is passed over.
    """
    budget, base = course.budget, ladder.recipe
    yield from experiment.jobs(base, base)
    for candidate in candidates:
        jobs = experiment.jobs(candidate.recipe, base)
        if budget.timed and jobs:
            runs = experiment.runs[base]
            lane = runs.seconds / max(runs.lanes, 1)
            cost = relative_cost(candidate.recipe, base) * lane * (len(jobs) + 1) / budget.cores
            if cost + COMPILE_SECONDS > course.time_left(base):
                continue
        yield from jobs


def _candidates(ladder: Ladder, course: Course) -> dict[str, Candidate]:
    """Return what changes the recipe, by name; what looked best in the last rounds comes first."""
    before = {v.name: v.macro_f1.value for v in ladder.verdicts if v.macro_f1 is not None}
    made = [(i, i.change(ladder.recipe)) for i in course.improvements]
    changing = [Candidate(i, recipe) for i, recipe in made if recipe != ladder.recipe]
    changing.sort(key=lambda c: -before.get(c.improvement.name, 0.0))
    return {c.improvement.name: c for c in changing}


def _untried(verdicts: list[Verdict]) -> list[bool]:
    return [verdict.verdict == NOT_TRIED for verdict in verdicts]
