"""What a study can afford: time or rounds, folds and seeds, and what there is no time for.

With a number of rounds nothing depends on the clock, so a run repeats to the last digit. With
minutes, the first network trained tells what a lane costs; folds are chosen so that one sweep of
the first round takes at most about half of the time, and an improvement is begun only if it should
end in time. Seeds are added while there is time, and once something helps early, while a round's
share of it lasts (`rounds`). The clock is handed in by the caller, and so is a memory of what it
has decided: a run that goes on from an earlier part decides the same again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textkaizen.recipe import Knobs, Recipe, TextRules
from textkaizen.train.inputs import is_penalised, needs_plain_path, uses_extras

FOLDS = (5, 3)
MOST_SEEDS = 5  # beyond it nearly all doubt that is left comes from the texts
ROUND_SHARE = 0.5  # of the time left that a round may take once something helps
RACED_LANES = 4  # of the five of a first seed that a candidate needs on the average
COMPILE_SECONDS = 2.0  # a program of its own, measured on two cores
STOPPED_EPOCHS = 25  # that early stopping lets a network have, as a rule
LEAST_EPOCHS = 0.25  # share of its epochs that a study leaves a network
USUAL_FEATURES = 100  # of a short text
USUAL_LENGTHS = 5  # of runs: words 1 and 2, characters 1 to 3


@dataclass(frozen=True)
class Budget:
    """How long to go on.

    Args:
        seconds: from the start of the clock; infinity is no limit.
        rounds: the most rounds; infinity is no limit.
        clock: seconds since the start.
        recall: given the name of a decision and a function that takes it, returns what an earlier
            part of the run has decided, or decides.
        cores: lanes that run side by side.
    """

    seconds: float = math.inf
    rounds: float = math.inf
    clock: Callable[[], float] = lambda: 0.0
    recall: Callable[[str, Callable[[], Any]], Any] = lambda _, decide: decide()
    cores: int = 1

    @property
    def timed(self) -> bool:
        """Whether the clock decides anything."""
        return self.seconds < math.inf

    def decide(self, name: str, decide: Callable[[], Any]) -> Any:
        """Let the clock decide; a run that goes on recalls what it has decided before.

        Args:
            name: says what is decided, once in a run.
            decide: returns plain values: a number, a truth value, or a list of them.
        """
        return self.recall(name, decide) if self.timed else decide()

    def left(self) -> float:
        """Seconds left; infinity without a limit."""
        return self.seconds - self.clock() if self.timed else math.inf


# Beside a lane on bags of 64 units: measured on short texts of about ten words, one thread.
EMBEDDED_COST, CONVOLVED_COST, RECURRENT_COST, TRANSFORMED_COST = 0.5, 20.0, 20.0, 40.0
VECTORS_COST = 0.3  # a product with 512 numbers a text: an estimate
CHARACTERS_A_WORD = 5.0  # with the blank
DEAR = 8.0  # times the baseline's lane


def relative_cost(recipe: Recipe, base: Recipe) -> float:
    """Guess how much longer a recipe's lane takes than the base recipe's.

    Most of a step grows with the texts in it, the rest is constant; units cost in proportion;
    stopping early saves more than half; starts and members are networks each. Only the order and
    the rough size matter: the guess decides what is begun, never what is found.
    """
    return _cost(recipe) / _cost(base)


def _cost(recipe: Recipe) -> float:
    """What a lane costs, in units that mean nothing alone."""
    shape, knobs = recipe.shape, recipe.knobs
    steps = 32 / shape.batch_size if shape.batch_size else 0.0
    stepping = 0.35 * steps + 0.65 if steps > 1 else 0.4 * steps + 0.6
    work = 0.2 + 0.8 * max(shape.hidden, default=24) / 64
    depth = 1 + 0.15 * (len(shape.hidden) - 1)
    plain = 1.7 if needs_plain_path(knobs) else 1.0
    plain = 3.0 if is_penalised(knobs) else plain  # sums over the whole table at every step
    extras = 1.25 if uses_extras(knobs) else 1.0
    networks = knobs.starts * knobs.ensemble
    reading = _reading(recipe)
    return reading * stepping * work * depth * plain * extras * expected_epochs(knobs) * networks


def _reading(recipe: Recipe) -> float:
    """What reading a text costs, beside a bag of the default's features and 64 units."""
    shape = recipe.shape
    if not shape.reads_in_order:
        beside = VECTORS_COST if recipe.text.vector_numbers else 0.0
        return 0.5 + 0.5 * _features(recipe.text) + beside
    words = CHARACTERS_A_WORD if recipe.text.order == "characters" else 1
    inputs, units = shape.embedding / 64, shape.encoder_units / 64
    each = {
        "embedding": EMBEDDED_COST * inputs,
        "cnn": CONVOLVED_COST * inputs * units * sum(shape.windows) / 9,
        "lstm": RECURRENT_COST * shape.directions * units * (inputs + units) / 2,
        "gru": RECURRENT_COST * shape.directions * units * (inputs + units) / 2,
        "transformer": TRANSFORMED_COST * inputs**2,
    }[shape.encoder]
    return 1 + words * each * shape.encoder_layers


def cheap(costs: list[float]) -> list[float]:
    """Return the costs that a study's plan is made by: what is dear is tried when time is left.

    Where all are dear, that is what is asked for.

    Example:
        >>> cheap([1.0, 2.0, 40.0]), cheap([30.0, 40.0])
        ([1.0, 2.0], [30.0, 40.0])
    """
    return [cost for cost in costs if cost <= DEAR] or costs


def _features(text: TextRules) -> float:
    """How many features a text has, about, beside what the default makes of it."""
    if text.reduce != "none":
        return text.reduced / USUAL_FEATURES
    lengths = [most - least + 1 for least, most in (text.words, text.characters) if most]
    return sum(lengths) / USUAL_LENGTHS


def expected_epochs(knobs: Knobs) -> int:
    """How many epochs a network is likely to be trained for."""
    return knobs.epochs if math.isinf(knobs.patience) else min(knobs.epochs, STOPPED_EPOCHS)


def shortened(budget: Budget, recipe: Recipe, seconds: float) -> int:
    """Return the epochs with which so much work fits what is left of the time.

    Never less than a quarter of the recipe's epochs, nor more than they are.

    Args:
        budget: timed.
        recipe: whose epochs may be fewer.
        seconds: of one core, that all lanes would take with all epochs.
    """
    share = budget.left() * budget.cores / max(seconds, 1e-9)
    least = math.ceil(recipe.knobs.epochs * LEAST_EPOCHS)
    return min(max(int(recipe.knobs.epochs * share), least), recipe.knobs.epochs)


def design_by_size(texts: int) -> tuple[int, int]:
    """Choose folds and seeds from the number of texts alone (for a number of rounds).

    Never one seed: how much networks differ is then known from a handful of them only.
    """
    return (FOLDS[0] if texts <= 20_000 else FOLDS[-1]), (3 if texts <= 2_000 else 2)


def folds_by_time(budget: Budget, lane_seconds: float, costs: list[float]) -> int:
    """Choose the most folds whose first seed fits a round's share of the time.

    Candidates are dropped on the way: of five folds each needs four on the average, of three all.

    Args:
        budget: timed.
        lane_seconds: a lane of the base recipe on all texts.
        costs: of every improvement, relative to the base recipe's.
    """
    room = budget.left() * ROUND_SHARE * budget.cores
    for folds in FOLDS:
        lanes = folds + min(RACED_LANES, folds) * sum(cheap(costs))
        if lanes * lane_seconds * (folds - 1) / folds <= room:
            return folds
    return FOLDS[-1]
