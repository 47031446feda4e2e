"""Adopt step by step: measure every improvement, adopt the best that helps, measure again.

    baseline -> round 1 -> adopt -> round 2 -> adopt -> ... -> one look at the held-out texts

The run ends when nothing helps, when time or rounds are used, or on Ctrl-C, and always leaves what
is known so far.

Rejected: adopting all that help at once (near-substitutes add up on paper only).
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from textkaizen.data import Corpus
from textkaizen.errors import UsageError, listed
from textkaizen.recipe import Recipe
from textkaizen.study.budget import (
    MOST_SEEDS,
    Budget,
    design_by_size,
    folds_by_time,
    relative_cost,
)
from textkaizen.study.experiment import Experiment
from textkaizen.study.finale import Contenders, learn_contenders, look_once
from textkaizen.study.improvements import CATALOGUE, Improvement, applicable
from textkaizen.study.material import Material
from textkaizen.study.pace import STUDY_SHARE, affordable_epochs, lane_seconds
from textkaizen.study.preparation import LEAST_FOLDS, Prepared, prepare
from textkaizen.study.result import Result
from textkaizen.study.rounds import (
    INTERRUPTED,
    ROUNDS,
    Course,
    Ladder,
    Means,
    Progress,
    climb,
    measure_round,
)

FINALS = 2.1  # the adopted recipe is trained with texts held back, then on all of them
FINISH_SECONDS = 5.0  # scores, report and files at the end
PACKAGES = ("textkaizen", "jax", "numpy", "scipy", "scikit-learn")


def improve(
    corpus: Corpus,
    test: Corpus | None = None,
    *,
    budget: Budget,
    seed: int = 0,
    means: Means | None = None,
    baseline: Recipe | None = None,
) -> Result:
    """Find out what improves the network on these texts, adopt it, and look once at the test.

    Args:
        corpus: labelled texts in any order.
        test: held-out texts; None holds a fifth of `corpus` out before anything else.
        budget: seconds or rounds.
        seed: decides everything random.
        means: worker, programs, progress.
        baseline: the recipe to start from; the fixed default otherwise.

    Raises:
        CorpusError: the texts cannot be trained on.
    """
    means, baseline = means or Means(), baseline or Recipe()
    prepared = prepare(corpus, test, seed)
    improvements, left_out = _applicable(prepared, CATALOGUE, baseline)
    ladder, contenders, experiment = Ladder(baseline), Contenders(), None
    try:
        means.progress(Progress(0, "baseline network and linear models", 0, 0))
        contenders = learn_contenders(prepared, {"baseline": baseline}, seed, means, linear=True)
        seconds = contenders.seconds["baseline"]
        experiment = _experiment(prepared, baseline, improvements, budget, seconds, seed, means)
        course = Course(improvements, budget, FINALS * seconds + FINISH_SECONDS, baseline, seed)
        climb(experiment, ladder, course, means)
        if ladder.stopped == INTERRUPTED:
            pass  # neither trained any further nor looked at the held-out texts
        elif ladder.recipe != baseline:
            means.progress(Progress(len(ladder.rounds), "the adopted recipe on all texts", 0, 0))
            adopted = learn_contenders(prepared, {"adopted": ladder.recipe}, seed, means)
            contenders = contenders.joined(adopted)
        else:
            contenders = contenders.with_copy("baseline", "adopted")
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    found = look_once(prepared, contenders, seed)
    run = Run(prepared, baseline, ladder, experiment, left_out, baseline.knobs.epochs)
    return _result(run, means, seed, found)


def study(
    corpus: Corpus,
    *,
    budget: Budget,
    seed: int = 0,
    means: Means | None = None,
    baseline: Recipe | None = None,
    improvements: tuple[Improvement, ...] = CATALOGUE,
) -> Result:
    """Measure improvements against the baseline on all texts, adopt nothing.

    Where time is too short for all of them, every network is trained for fewer epochs, down to a
    quarter: the result's baseline says how many.

    Arguments are those of `improve`; `improvements` are measured in their order.

    Raises:
        CorpusError: the texts cannot be trained on.
        UsageError: no improvement changes the recipe.
    """
    means, baseline = means or Means(), baseline or Recipe()
    if all(improvement.change(baseline) == baseline for improvement in improvements):
        names = listed(improvement.name for improvement in improvements)
        raise UsageError(
            f"A study needs something that changes the recipe; it has already, or cannot have: "
            f"{names}. Name another improvement; `textkaizen improvements` lists them."
        )
    prepared = prepare(corpus, None, seed, hold=False)
    improvements, left_out = _applicable(prepared, improvements, baseline)
    ladder, experiment, seconds = Ladder(baseline), None, 0.0
    asked = baseline.knobs.epochs
    try:
        if budget.timed:
            means.progress(Progress(0, "baseline network", 0, 0))
            seconds = lane_seconds(prepared, baseline, seed, means, budget.cores)
            epochs = affordable_epochs(baseline, improvements, budget, seconds)
            seconds *= epochs / asked
            baseline = baseline.with_knobs(epochs=epochs)
            ladder.recipe = baseline
        experiment = _experiment(prepared, baseline, improvements, budget, seconds, seed, means)
        course = Course(improvements, budget, 0.0, baseline, seed, share=STUDY_SHARE)
        ladder.verdicts = measure_round(experiment, ladder, course, 1, means)
        ladder.stopped = ladder.stopped or ROUNDS
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    run = Run(prepared, baseline, ladder, experiment, left_out, asked)
    return _result(run, means, seed, {})


@dataclass(frozen=True)
class Run:
    """Where a run ended: what a `Result` is made of.

    `epochs_asked` are those of the recipe it was given; the baseline may have fewer.
    """

    prepared: Prepared
    baseline: Recipe
    ladder: Ladder
    experiment: Experiment | None
    left_out: tuple[str, ...]
    epochs_asked: int


def _applicable(
    prepared: Prepared, improvements: tuple[Improvement, ...], baseline: Recipe
) -> tuple[tuple[Improvement, ...], tuple[str, ...]]:
    """Leave out what needs more texts than the smallest training part of any fold may have."""
    texts = len(prepared.training) * (LEAST_FOLDS - 1) // LEAST_FOLDS
    return applicable(improvements, baseline, texts)


def _experiment(
    prepared: Prepared,
    baseline: Recipe,
    improvements: tuple[Improvement, ...],
    budget: Budget,
    seconds: float,
    seed: int,
    means: Means,
) -> Experiment:
    """Choose folds and seeds, and make the experiment."""
    if budget.timed:
        changed = [improvement.change(baseline) for improvement in improvements]
        costs = [relative_cost(recipe, baseline) for recipe in changed if recipe != baseline]
        folds, seeds = folds_by_time(budget, seconds, costs), MOST_SEEDS
    else:
        folds, seeds = design_by_size(len(prepared.training))
    material = Material(
        prepared.training,
        fold_count=min(folds, prepared.smallest_class),
        seeds=tuple(seed * 1000 + number for number in range(1, seeds + 1)),
    )
    return Experiment(material, means.worker, means.programs, means.stopping)


def _result(run: Run, means: Means, seed: int, found: dict[str, Any]) -> Result:
    prepared, ladder, experiment = run.prepared, run.ladder, run.experiment
    design: dict[str, Any] = {"metric": "macro_f1", "stopped": ladder.stopped}
    if experiment is not None:
        material = experiment.material
        seeds = max((int(each["seeds"] or 0) for each in ladder.rounds), default=0)
        design |= {"folds": material.fold_count, "seeds": seeds}
    design |= {"rounds": len(ladder.rounds), "each_round": ladder.rounds}
    design["alpha"] = [each["alpha"] for each in ladder.rounds]
    design |= {"epochs": run.baseline.knobs.epochs, "epochs_asked": run.epochs_asked}
    if run.left_out:
        design["left_out"] = list(run.left_out)
    return Result(
        data=prepared.facts,
        design=design,
        verdicts=tuple(ladder.verdicts),
        adopted=tuple(ladder.adopted),
        baseline=run.baseline,
        recipe=ladder.recipe,
        labels=prepared.training.classes,
        seed=seed,
        lanes=experiment.lanes if experiment is not None else 0,
        compilations=means.programs.compilations,
        versions=_versions(),
        **found,
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
