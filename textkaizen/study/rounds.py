"""Rounds of an improvement run: race what there is time for, judge, adopt, go on.

A round runs in blocks (see `racing`): a block trains the round's base and every open candidate on
the same folds of one seed. With a time limit, blocks are added while there is time at all; once the
early look has found something that helps, while the round's share of the time lasts, since the
rest is for rounds from there. The round is judged at its end.

On Ctrl-C, or when the time is used, a round is judged with the candidates that have run through a
block; the others are *not tried*. Later rounds try first what looked best before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from textkaizen.recipe import Recipe
from textkaizen.study.course import (
    INTERRUPTED,
    NOTHING,
    ROUNDS,
    TIME,
    Course,
    Ladder,
    Means,
    Progress,
)
from textkaizen.study.experiment import Experiment, Other
from textkaizen.study.racing import Candidate, Race, blocks_of
from textkaizen.study.result import HELPS, NOT_TRIED, Verdict
from textkaizen.study.sweeps import BASE, block_seconds, run_block
from textkaizen.study.verdicts import Judge, best_to_adopt, round_alpha, smallest_detectable


def climb(experiment: Experiment, ladder: Ladder, course: Course, means: Means) -> None:
    """Run rounds and adopt until something ends it; `ladder` is brought up to date as it goes."""
    ladder.steps = ladder.steps or [ladder.recipe]
    while not ladder.stopped:
        candidates = candidates_of(ladder, course)
        if not candidates:
            ladder.stopped = NOTHING
            break
        number, base = len(ladder.rounds) + 1, ladder.recipe
        # Nothing is left out at the end of a run that has adopted one improvement or none.
        own = course if ladder.adopted else replace(course, closing_seconds=0.0)
        verdicts, facts = measure_round(experiment, own, candidates, base, number, means)
        ladder.rounds.append(facts)
        ladder.stopped = INTERRUPTED if facts["interrupted"] else ""
        choice = best_to_adopt(verdicts)
        if choice is not None:
            place, how = choice
            verdicts[place] = replace(verdicts[place], adopted=how)
            _adopt(ladder, candidates[place])
        ladder.verdicts.extend(verdicts)
        if ladder.stopped:
            continue
        if not any(verdict.verdict == HELPS for verdict in verdicts):
            untried = any(verdict.verdict == NOT_TRIED for verdict in verdicts)
            ladder.stopped = TIME if untried else NOTHING
        elif len(ladder.rounds) >= course.budget.rounds:
            ladder.stopped = ROUNDS
        elif course.budget.decide(f"round {number}: the last", partial(_is_used, course, ladder)):
            ladder.stopped = TIME


def measure_round(
    experiment: Experiment,
    course: Course,
    candidates: list[Candidate],
    base: Recipe | Other,
    number: int,
    means: Means,
) -> tuple[list[Verdict], dict[str, Any]]:
    """Race what there is time for, and judge it.

    Args:
        experiment, course, means: of the run.
        candidates: in the order in which they run.
        base: what they are compared with.
        number: of the round, from 1, which decides its error rate.

    Returns:
        Verdicts in the order of the candidates, and what is to be said of the round: see
        `Ladder.rounds`.
    """
    blocks = blocks_of(experiment.material.fold_count, len(experiment.material.seeds))
    race = Race(base, candidates, blocks, family=course.family, base_name=course.base_name)
    lanes_before, interrupted = experiment.lanes, False
    judge = Judge(experiment, race, number, course.metric, course.seed)
    try:
        _run(experiment, course, race, judge, means)
    except KeyboardInterrupt:
        interrupted = True
    try:
        verdicts = judge.judge()
    except KeyboardInterrupt:  # seconds; what was measured is not to be lost
        interrupted, verdicts = True, judge.judge()
    runs = experiment.runs.get(base)
    return verdicts, {
        "base": {"lanes": runs.lanes if runs else 0, "seconds": runs.seconds if runs else 0.0},
        "alpha": round_alpha(number),
        "smallest_detectable": smallest_detectable(verdicts),
        "lanes": experiment.lanes - lanes_before,
        "seeds": race.seeds(experiment),
        "dropped": len(race.dropped),
        "decided_early": len(race.early),
        "interrupted": interrupted,
    }


def _run(experiment: Experiment, course: Course, race: Race, judge: Judge, means: Means) -> None:
    """Run blocks, and look after each, until nothing is open or time is used."""
    left = lambda: course.time_left(race.base if isinstance(race.base, Recipe) else course.baseline)
    budget, told = course.budget, f"round {judge.number}"
    is_used = lambda: left() <= 0
    seconds = partial(block_seconds, experiment, course, race)
    is_short = lambda number, spared: seconds(number) > left() - spared
    at_start = Progress(judge.number, BASE, 0, 0)
    kept = 0.0  # once something is found
    if budget.timed:
        kept = budget.decide(f"{told}: kept", lambda: (1 - course.share) * left())
    for number in range(len(race.blocks)):
        begin = partial(run_block, experiment, course, race, number, means, at_start)
        begin()
        if number == 0 and budget.timed:
            _go_back(experiment, race, judge, begin)
        place, after = f"{told}, block {number}", number + 1
        if budget.decide(f"{place}: time is used", is_used) or after == len(race.blocks):
            break
        # No early look, which costs a share of the error rate, where no seed would follow it.
        ends = budget.timed and race.is_seed_end(number)
        if ends and budget.decide(f"{place}: the last", partial(is_short, after, 0.0)):
            break
        judge.look(number)
        if not race.open:
            break
        enough = partial(is_short, after, kept)
        if ends and race.helping and budget.decide(f"{place}: enough", enough):
            break


def _go_back(experiment: Experiment, race: Race, judge: Judge, begin: Callable) -> None:
    """Begin the first block again for those passed over, while dropping others frees time."""
    again = 0
    while not race.is_seed_end(0) and (late := _untried(experiment, race)):
        judge.look(0)
        again += 1
        begin(again=again)
        if _untried(experiment, race) == late:
            return


def _untried(experiment: Experiment, race: Race) -> int:
    """How many candidates have not run through the first block."""
    return sum(not race.reach(experiment, candidate.recipe) for candidate in race.open)


def candidates_of(ladder: Ladder, course: Course) -> list[Candidate]:
    """Return what changes the recipe; what looked best in the last rounds comes first."""
    before = {v.name: v.gap.value for v in ladder.verdicts if v.gap is not None}
    made = [(i, i.change(ladder.recipe)) for i in course.improvements]
    changing = [Candidate(i, recipe) for i, recipe in made if recipe != ladder.recipe]
    changing.sort(key=lambda c: -before.get(c.improvement.name, 0.0))
    return changing


def _is_used(course: Course, ladder: Ladder) -> bool:
    """Whether no time is left for another round."""
    return course.time_left(ladder.recipe) <= 0


def _adopt(ladder: Ladder, candidate: Candidate) -> None:
    if not isinstance(candidate.recipe, Recipe):
        raise TypeError(f"{candidate.recipe.name} is no recipe to go on from")
    ladder.recipe = candidate.recipe
    ladder.steps.append(candidate.recipe)
    ladder.adopted.append(candidate.improvement.name)
