"""The lanes of one block of a round, as far as there is time: what is begun, what is passed over.

With a time limit a candidate's lanes are begun only if they should end in time; the first lanes of
all tell what one takes. Time that is freed when others are dropped goes to those that were passed
over. The clock decides what is begun, never what is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from textkaizen.recipe import Recipe
from textkaizen.study.budget import COMPILE_SECONDS, relative_cost
from textkaizen.study.course import Course, Means, Progress
from textkaizen.study.experiment import Block, Experiment, Job, Other
from textkaizen.study.racing import Race

BASE = "the round's start"
OTHER_COST = 0.5  # of what is no network, beside the base network, before it is known


def run_block(
    experiment: Experiment,
    course: Course,
    race: Race,
    number: int,
    means: Means,
    place: Progress,
    again: int = 0,
) -> None:
    """Run the lanes of block `number`, from 0, as far as time allows.

    Args:
        experiment, course, race, means: of the round.
        number: of the block.
        place: of the round; tells its number.
        again: how often the block was gone through before, for those that were passed over.
    """
    block = race.blocks[number]
    names = {c.recipe: c.improvement.name for c in race.open} | {race.base: BASE}
    planned = sum(len(experiment.lacking(recipe, block)) for recipe in names)
    place = replace(place, planned=planned, sweep=block.seed_number + 1)
    means.progress(place)
    told = f"round {place.round}, block {number}" + (f", again {again}" if again else "")
    is_over = lambda: _time_left(course, race) <= 0
    for done, job in enumerate(experiment.run(_jobs(experiment, course, race, number, told)), 1):
        means.progress(replace(place, trying=names[job.recipe], done=done))
        if course.budget.decide(f"{told}: over after {done} lanes", is_over):
            break


def block_seconds(experiment: Experiment, course: Course, race: Race, number: int) -> float:
    """Guess how long a block takes with what is open now; one lane more is counted, as there."""
    folds = len(race.blocks[number].folds)
    recipes = [race.base, *(c.recipe for c in race.open)]
    lanes = [_lane_seconds(experiment, recipe, race.base) for recipe in recipes]
    return (sum(lanes) * folds + max(lanes)) / course.budget.cores


def _jobs(
    experiment: Experiment, course: Course, race: Race, number: int, told: str
) -> Iterator[Job]:
    """Yield the lanes of a block one by one; what would not end in time is passed over.

    The worker asks for the next lane only when a core is about to be free, so the clock is read
    when it matters. Without a time limit nothing is passed over.
    """
    block, base = race.blocks[number], race.base
    # Others were passed over in an earlier block; without any the base needs no further one.
    alive = [c.recipe for c in race.open if race.reach(experiment, c.recipe) >= number]
    begun: list[Recipe | Other] = []
    # Two improvements may come to the same recipe, whose lanes are run once.
    for place, recipe in enumerate(dict.fromkeys((base, *alive)) if alive else ()):
        jobs = experiment.jobs(recipe, base, block)
        begun.append(recipe)
        fits = partial(_would_end, experiment, course, race, block, begun)
        if not jobs or course.budget.decide(f"{told}: begin recipe {place}", fits):
            yield from jobs
        elif recipe == base:
            return
        else:
            begun.pop()


def _would_end(
    experiment: Experiment,
    course: Course,
    race: Race,
    block: Block,
    begun: list[Recipe | Other],
) -> bool:
    """Whether a block's lanes of the last recipe should end in time, after those begun before it.

    One lane more is counted, for those in flight, and all lanes that the seed then still needs: a
    few folds of everything would be a verdict on nothing.
    """
    if not course.budget.timed:
        return True
    each = [_lane_seconds(experiment, recipe, race.base) for recipe in begun]
    rest = Block(
        block.seed_number, tuple(range(block.folds[-1] + 1, experiment.material.fold_count))
    )
    later = [len(experiment.lacking(recipe, rest)) for recipe in begun]
    seconds = each[-1] * (len(block.folds) + 1) + float(np.dot(each, later))
    seconds /= course.budget.cores
    known = begun[-1] in experiment.runs or not experiment.runs
    return seconds + (0 if known else COMPILE_SECONDS) <= _time_left(course, race)


def _lane_seconds(experiment: Experiment, recipe: Recipe | Other, base: Recipe | Other) -> float:
    """What a lane of a recipe takes: measured, or guessed from the base's."""
    runs = experiment.runs.get(recipe)
    if runs is not None and runs.lanes:
        return runs.seconds / runs.lanes
    runs = experiment.runs.get(base)
    if runs is None or not runs.lanes:
        return 0.0
    both = isinstance(recipe, Recipe) and isinstance(base, Recipe)
    cost = relative_cost(recipe, base) if both else OTHER_COST  # type: ignore[arg-type]
    return cost * runs.seconds / runs.lanes


def _time_left(course: Course, race: Race) -> float:
    return course.time_left(race.base if isinstance(race.base, Recipe) else course.baseline)
