"""How long a lane takes here and now, and how many epochs a study can therefore afford.

Measured with as many networks side by side as there are cores: they share caches and memory, and
one alone would promise too much.
"""

from __future__ import annotations

import math

from textkaizen.model import learn_model
from textkaizen.recipe import Recipe
from textkaizen.study.budget import (
    COMPILE_SECONDS,
    FOLDS,
    Budget,
    cheap,
    expected_epochs,
    relative_cost,
    shortened,
)
from textkaizen.study.course import Means
from textkaizen.study.improvements import Improvement
from textkaizen.study.preparation import Prepared
from textkaizen.train.inputs import needs_plain_path, uses_extras

TRIALS = (2, 8)  # epochs: the second less the first is free of what happens once a lane
STUDY_SHARE = 0.95  # of its time that a study may take for its one round
SPARE = 1.25  # what a guess of the whole is short of, as a rule


def lane_seconds(prepared: Prepared, recipe: Recipe, seed: int, means: Means, cores: int) -> float:
    """Train the recipe for a few epochs on every core; return what a lane of it would take.

    Raises:
        KeyboardInterrupt: training was stopped before its end.
    """
    corpus, seconds = prepared.training, []
    for epochs in TRIALS:
        trial = recipe.with_knobs(epochs=epochs, patience=math.inf, starts=1, ensemble=1)

        def learn(number: int, trial: Recipe = trial) -> float:
            stopping = [means.stopping]
            _, trained = learn_model(
                corpus, trial, seed + number, means.programs, stopping, means.word_vectors
            )
            return trained.seconds

        side_by_side = list(means.worker(learn, range(cores)))
        if means.stopping() or not side_by_side:
            raise KeyboardInterrupt
        seconds.append(max(side_by_side))
    # Among a few short epochs the difference may be noise: an epoch takes some of the time.
    short, long = TRIALS
    epoch = max((seconds[1] - seconds[0]) / (long - short), 0.3 * seconds[1] / long)
    networks = recipe.knobs.starts * recipe.knobs.ensemble
    return networks * (max(seconds[0] - short * epoch, 0) + expected_epochs(recipe.knobs) * epoch)


def affordable_epochs(
    baseline: Recipe, improvements: tuple[Improvement, ...], budget: Budget, seconds: float
) -> int:
    """Return how many epochs leave time for every improvement on the fewest folds.

    Args:
        baseline: what is changed.
        improvements: to be measured.
        budget: timed.
        seconds: of a lane of the baseline on all texts, with all its epochs.
    """
    changed = list({improvement.change(baseline): None for improvement in improvements})
    changed = [recipe for recipe in changed if recipe != baseline]
    costs = 1 + sum(cheap([relative_cost(recipe, baseline) for recipe in changed]))
    programs = {
        (recipe.text, recipe.shape, needs_plain_path(recipe.knobs), uses_extras(recipe.knobs))
        for recipe in changed
    }
    # On `folds` folds a lane has all but one part of the texts.
    training = costs * (FOLDS[-1] - 1) * seconds * SPARE
    compiling = len(programs) * COMPILE_SECONDS
    share = STUDY_SHARE - compiling / max(budget.left() * budget.cores, 1e-9)
    return shortened(budget, baseline, training / max(share, 1e-9))
