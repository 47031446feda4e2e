"""Where a run ended -> its result."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from textkaizen.recipe import Recipe
from textkaizen.study.course import Ladder, Means
from textkaizen.study.experiment import Experiment
from textkaizen.study.explanation import baseline_story
from textkaizen.study.improvements import Applicable
from textkaizen.study.preparation import Prepared
from textkaizen.study.result import Result

PACKAGES = ("textkaizen", "jax", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Run:
    """Where a run ended: what a `Result` is made of.

    `epochs_asked` are those of the recipe it was given; the baseline may have fewer.
    """

    prepared: Prepared
    baseline: Recipe
    ladder: Ladder
    experiment: Experiment | None
    applicable: Applicable | None
    epochs_asked: int
    metric: str


def ended(run: Run, means: Means, seed: int, found: dict[str, Any]) -> Result:
    """Return the result of a run.

    Args:
        run: where it ended.
        means: whose programs are counted.
        seed: that decided everything random.
        found: fields of the final look, see `finale.look_once`; empty without one.
    """
    prepared, ladder, experiment = run.prepared, run.ladder, run.experiment
    design: dict[str, Any] = {"metric": run.metric, "stopped": ladder.stopped}
    if experiment is not None:
        material = experiment.material
        seeds = max((int(each["seeds"] or 0) for each in ladder.rounds), default=0)
        design |= {"folds": material.fold_count, "seeds": seeds}
        if run.baseline in experiment.runs:
            design["baseline_story"] = baseline_story(experiment.runs[run.baseline].facts)
    design |= {"rounds": len(ladder.rounds), "each_round": ladder.rounds}
    design["alpha"] = [each["alpha"] for each in ladder.rounds]
    design |= {"epochs": run.baseline.knobs.epochs, "epochs_asked": run.epochs_asked}
    if ladder.closing:
        design["closing"] = ladder.closing
    if run.applicable is not None:
        fitting = run.applicable
        told = {
            "left_out": list(fitting.too_large),
            "not_installed": fitting.not_installed,
            "other_languages": list(fitting.other_languages),
        }
        design |= {name: value for name, value in told.items() if value}
    return Result(
        data=prepared.facts,
        design=design,
        verdicts=tuple(ladder.verdicts),
        adopted=tuple(ladder.adopted),
        steps=tuple(ladder.steps),
        places=tuple(ladder.places),
        substitutes=tuple(ladder.substitutes),
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
