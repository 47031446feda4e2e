"""Texts and what there is time for -> folds, seeds, and the experiment over them."""

from __future__ import annotations

from dataclasses import dataclass

from textkaizen.measure.compare import needs_probabilities
from textkaizen.recipe import Recipe
from textkaizen.study.budget import (
    MOST_SEEDS,
    Budget,
    design_by_size,
    folds_by_time,
    relative_cost,
)
from textkaizen.study.course import Means
from textkaizen.study.experiment import Experiment
from textkaizen.study.improvements import Improvement
from textkaizen.study.material import Material
from textkaizen.study.preparation import Prepared


@dataclass(frozen=True)
class Plan:
    """What an experiment is designed by.

    Args:
        improvements: to be measured.
        budget: time or rounds.
        seconds: a lane of the baseline on all texts; 0 where nothing depends on it.
        seed: decides everything random.
        metric: that decides.
    """

    improvements: tuple[Improvement, ...]
    budget: Budget
    seconds: float
    seed: int
    metric: str


def designed(prepared: Prepared, baseline: Recipe, plan: Plan, means: Means) -> Experiment:
    """Choose folds and seeds, and make the experiment of improvements over a baseline."""
    if plan.budget.timed:
        changed = [improvement.change(baseline) for improvement in plan.improvements]
        costs = [relative_cost(recipe, baseline) for recipe in changed if recipe != baseline]
        by_time = lambda: folds_by_time(plan.budget, plan.seconds, costs)
        folds, seeds = plan.budget.decide("folds", by_time), MOST_SEEDS
    else:
        folds, seeds = design_by_size(len(prepared.training))
    return experiment_of(prepared, (folds, seeds), plan.seed, plan.metric, means)


def experiment_of(
    prepared: Prepared, design: tuple[int, int], seed: int, metric: str, means: Means
) -> Experiment:
    """Make the experiment of so many folds and seeds; never more folds than a class has texts."""
    folds, seeds = design
    material = Material(
        prepared.training,
        fold_count=min(folds, prepared.smallest_class),
        seeds=tuple(seed * 1000 + number for number in range(1, seeds + 1)),
        store=means.tokens,
        vector_store=means.vectors,
        word_vectors=means.word_vectors,
    )
    return Experiment(
        material,
        means.worker,
        means.programs,
        means.stopping,
        means.store,
        needs_probabilities(metric),
    )
