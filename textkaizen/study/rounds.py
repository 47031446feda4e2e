"""Rounds of an improvement run: measure what there is time for, judge, adopt, go on.

A round runs in sweeps: a sweep trains the round's base and every candidate on all folds of one
seed. With a time limit, sweeps are added while the round's share of the time lasts, and only the
clock decides how many; the round is judged once, at its end. When nothing helps and time is left,
the next round goes on from the same recipe with more seeds, at half the error rate as any round.

On Ctrl-C, or when the time is used, a round is judged with the candidates that have run through a
sweep; the others are *not tried*. Later rounds try first what looked best before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from textkaizen.recipe import Recipe
from textkaizen.study.budget import COMPILE_SECONDS, ROUND_SHARE, Budget, relative_cost
from textkaizen.study.experiment import Experiment, Job, Worker
from textkaizen.study.improvements import Improvement
from textkaizen.study.result import HELPS, NOT_TRIED, Verdict
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
BASE = "the round's start"
HOPEFUL = 5  # improvements that a further sweep must at least have time for


@dataclass(frozen=True)
class Progress:
    """What is going on.

    Args:
        round: from 1; 0 before the first.
        trying: what is being trained.
        done, planned: lanes of this sweep.
        sweep: which seed of the round's, from 1.
    """

    round: int
    trying: str
    done: int
    planned: int
    sweep: int = 1


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
        rounds: for each round its alpha, the smallest difference it could detect, the lanes
            trained in it and the seeds its start had run through.
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
        share: of the time left that a round may take.
    """

    improvements: tuple[Improvement, ...]
    budget: Budget
    reserve_seconds: float
    baseline: Recipe
    seed: int
    share: float = ROUND_SHARE

    def time_left(self, recipe: Recipe) -> float:
        """Seconds left for lanes, when `recipe` is to be trained at the end."""
        cost = max(relative_cost(recipe, self.baseline), 1.0)
        return self.budget.left() - 1.3 * self.reserve_seconds * cost


def climb(experiment: Experiment, ladder: Ladder, course: Course, means: Means) -> None:
    """Run rounds and adopt until something ends it; `ladder` is brought up to date as it goes."""
    while not ladder.stopped:
        if not _candidates(ladder, course):
            ladder.stopped = NOTHING
            break
        number = len(ladder.rounds) + 1
        verdicts = measure_round(experiment, ladder, course, number, means)
        helping = any(verdict.verdict == HELPS for verdict in verdicts)
        grown = bool(ladder.rounds[-1]["lanes"])
        go_on = not ladder.stopped and number < course.budget.rounds and grown
        again = not helping and go_on and _sweep_fits(experiment, ladder, course)
        choice = None if again else best_to_adopt(verdicts)
        if choice is not None:
            place, how = choice
            verdicts[place] = replace(verdicts[place], adopted=how)
            candidate = _candidates(ladder, course)[verdicts[place].name]
            ladder.recipe = candidate.recipe
            ladder.adopted.append(candidate.improvement.name)
        ladder.verdicts.extend(verdicts)
        if ladder.stopped or again:
            continue
        if not helping:
            ladder.stopped = TIME if any(_untried(verdicts)) else NOTHING
        elif number >= course.budget.rounds:
            ladder.stopped = ROUNDS
        elif course.time_left(ladder.recipe) <= 0:
            ladder.stopped = TIME


def measure_round(
    experiment: Experiment, ladder: Ladder, course: Course, number: int, means: Means
) -> list[Verdict]:
    """Measure what there is time for, and judge it; sets `ladder.stopped` on Ctrl-C."""
    base, begun = ladder.recipe, course.budget.clock()
    candidates = list(_candidates(ladder, course).values())
    allotted = course.share * course.time_left(base)
    lanes_before, first = experiment.lanes, _first_sweep(experiment, candidates, base)
    try:
        for seed_number in range(first, len(experiment.material.seeds)):
            swept = course.budget.clock()
            place = Progress(number, BASE, 0, 0, seed_number + 1)
            _sweep(experiment, course, base, candidates, place, means)
            now = course.budget.clock()
            if course.budget.timed and now - begun + (now - swept) > allotted:
                break
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    try:
        verdicts = judge_round(experiment, base, candidates, number, course.seed)
    except KeyboardInterrupt:  # seconds; what was measured is not to be lost
        ladder.stopped = INTERRUPTED
        verdicts = judge_round(experiment, base, candidates, number, course.seed)
    ladder.rounds.append(
        {
            "alpha": round_alpha(number),
            "smallest_detectable": smallest_detectable(verdicts),
            "lanes": experiment.lanes - lanes_before,
            "seeds": experiment.sweeps(base),
        }
    )
    return verdicts


def _sweep(
    experiment: Experiment,
    course: Course,
    base: Recipe,
    candidates: list[Candidate],
    place: Progress,
    means: Means,
) -> None:
    """Run the lanes of one seed, as far as time allows; `place` tells which seed."""
    seed_number = place.sweep - 1
    names = {c.recipe: c.improvement.name for c in candidates} | {base: BASE}
    still = [recipe for recipe in names if experiment.sweeps(recipe) <= seed_number]
    place = replace(place, planned=experiment.material.fold_count * len(still))
    means.progress(place)
    jobs = _jobs(experiment, course, base, candidates, seed_number)
    for done, job in enumerate(experiment.run(jobs), 1):
        means.progress(replace(place, trying=names[job.recipe], done=done))
        if course.time_left(base) <= 0:
            break


def _first_sweep(experiment: Experiment, candidates: list[Candidate], base: Recipe) -> int:
    """The seed to begin with: the first that not every recipe of the round has run through."""
    return min(experiment.sweeps(recipe) for recipe in (base, *(c.recipe for c in candidates)))


def _sweep_fits(experiment: Experiment, ladder: Ladder, course: Course) -> bool:
    """Whether there are more seeds, and time for the base and the most hopeful on one of them."""
    base, candidates = ladder.recipe, list(_candidates(ladder, course).values())[:HOPEFUL]
    started, seeds = base in experiment.runs, len(experiment.material.seeds)
    if not course.budget.timed or not started or experiment.sweeps(base) >= seeds:
        return False
    runs = [experiment.runs[c.recipe] for c in candidates if c.recipe in experiment.runs]
    folds = experiment.material.fold_count
    lanes = [run.seconds / run.lanes for run in (experiment.runs[base], *runs) if run.lanes]
    return sum(lanes) * folds / course.budget.cores < course.time_left(base)


def _jobs(
    experiment: Experiment,
    course: Course,
    base: Recipe,
    candidates: list[Candidate],
    seed_number: int,
) -> Iterator[Job]:
    """Yield the lanes of a sweep one by one; what would not end in time is passed over.

    The worker asks for the next lane only when a core is about to be free, so the clock is read
    when it matters. Without a time limit nothing is passed over.
    """
    # Others were passed over in an earlier sweep; without any the base needs no further seed.
    alive = [c.recipe for c in candidates if experiment.sweeps(c.recipe) >= seed_number]
    for recipe in (base, *alive) if alive else ():
        jobs = experiment.jobs(recipe, base, seed_number)
        if not jobs or _would_end(experiment, course, recipe, base, len(jobs)):
            yield from jobs
        elif recipe == base:
            return


def _would_end(
    experiment: Experiment, course: Course, recipe: Recipe, base: Recipe, lanes: int
) -> bool:
    """Whether so many lanes of a recipe should end in time; the first of all tells what one costs.

    One lane more is counted, for what is in flight.
    """
    if not course.budget.timed:
        return True
    seconds = _lane_seconds(experiment, recipe, base) * (lanes + 1) / course.budget.cores
    compiling = 0 if recipe in experiment.runs or not experiment.runs else COMPILE_SECONDS
    return seconds + compiling <= course.time_left(base)


def _lane_seconds(experiment: Experiment, recipe: Recipe, base: Recipe) -> float:
    """What a lane of a recipe takes: measured, or guessed from the base's."""
    runs = experiment.runs.get(recipe)
    if runs is not None and runs.lanes:
        return runs.seconds / runs.lanes
    runs = experiment.runs.get(base)
    return relative_cost(recipe, base) * runs.seconds / runs.lanes if runs and runs.lanes else 0.0


def _candidates(ladder: Ladder, course: Course) -> dict[str, Candidate]:
    """Return what changes the recipe, by name; what looked best in the last rounds comes first."""
    before = {v.name: v.macro_f1.value for v in ladder.verdicts if v.macro_f1 is not None}
    made = [(i, i.change(ladder.recipe)) for i in course.improvements]
    changing = [Candidate(i, recipe) for i, recipe in made if recipe != ladder.recipe]
    changing.sort(key=lambda c: -before.get(c.improvement.name, 0.0))
    return {c.improvement.name: c for c in changing}


def _untried(verdicts: list[Verdict]) -> list[bool]:
    return [verdict.verdict == NOT_TRIED for verdict in verdicts]
