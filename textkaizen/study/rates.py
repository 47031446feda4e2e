"""The learning-rate range test: one network whose rate grows with every step, and its loss.

The rate runs over six decades, from a thousandth of the recipe's to a thousand times as much.
Where it is too small nothing is learnt, where it suits the loss falls, where it is too large the
loss rises again. What is suggested is the rate at which the loss falls fastest: a step gains most
there, and what is too large lies well above. It is a place to start from, not a finding: the test
sees the first few hundred steps of one training, and only `study` sees texts that were not learnt.

Rejected: the rate of the least loss (it stands at the edge of where training goes astray, and on
few texts, which are known by heart before the rate is large, it says nothing at all); a tenth of it
(a rule of thumb that has no more reason than a tenth).

Source: Smith 2017, Cyclical learning rates for training neural networks, section 3.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe
from textkaizen.study.training import train_one, trainable
from textkaizen.train.schedules import HALF_RANGE, learning_rates

if TYPE_CHECKING:
    from textkaizen.train.programs import Programs

LEAST_STEPS = 400
DECADES = 2 * HALF_RANGE  # from the least rate to the largest
MEMORY = 0.1  # decades that the average looks back
WINDOW = 0.5  # decades over which a slope is taken
ASTRAY = 2.0  # times the least loss; what comes after a rise to it is not read
# A change by less than this share of the first loss is none. By chance alone the least of a
# smoothed loss lies 4 % below its mean where batches differ most (three layers with batch norm).
FLAT = 0.1
AGAIN = "in the recipe and ask again."


@dataclass(frozen=True)
class RangeTest:
    """How the loss of one network changed while its learning rate grew.

    Args:
        learning_rate: the recipe's own, in the middle of the range.
        rates: of each step, ascending.
        losses: mean loss of each step's texts, without penalties; may be infinite or NaN.
        smoothed: their average, which looks back a tenth of a decade.
        end: how many steps were read, >= 1; after them the loss had gone astray.
        steepest: rate at which the loss falls fastest per decade; None where it does not fall.
        least: rate of the least smoothed loss.
        suggestion: to begin with, two digits; None where the curve does not show any.
        reason: why this one, or why none.
        texts, epochs: how many were trained on, and how often.
    """

    learning_rate: float
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    end: int
    steepest: float | None
    least: float
    suggestion: float | None
    reason: str
    texts: int = 0
    epochs: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; a loss that is not a finite number is None."""
        finite = lambda values: [value if math.isfinite(value) else None for value in values]
        return {
            "learning_rate": self.learning_rate,
            "suggestion": self.suggestion,
            "reason": self.reason,
            "steepest": self.steepest,
            "least": self.least,
            "texts": self.texts,
            "epochs": self.epochs,
            "steps": len(self.rates),
            "read": self.end,
            "rates": list(self.rates),
            "losses": finite(self.losses),
            "smoothed": finite(self.smoothed),
        }


def range_test(
    corpus: Corpus, recipe: Recipe, seed: int, programs: Programs | None = None
) -> RangeTest:
    """Train one network with a growing rate and read off its loss which rate suits.

    It is trained on all texts, for as many epochs as make about 400 steps; the recipe's schedule,
    validation share, stopping, starts and ensemble are left aside.

    Args:
        corpus: labelled texts in any order.
        recipe: how, its learning rate in the middle of the range.
        seed: decides everything random, >= 0.
        programs: compiled epochs to share.

    Raises:
        CorpusError: the texts cannot be trained on.
        RecipeError: a batch is larger than the texts there are.
    """
    corpus = trainable(corpus)
    steps = math.ceil(len(corpus) / (recipe.shape.batch_size or len(corpus)))
    probe = recipe.with_knobs(
        schedule="range_test",
        warmup=0.0,
        plateau_factor=1.0,
        epochs=math.ceil(LEAST_STEPS / steps),
        validation=0.0,
        patience=math.inf,
        starts=1,
        ensemble=1,
    )
    with np.errstate(over="ignore", invalid="ignore"):  # it is meant to diverge
        _, trained = train_one(corpus, probe, seed, programs)
    rates = learning_rates(probe.knobs, len(trained.step_losses))
    return read_curve(recipe, rates, trained.step_losses, (len(corpus), probe.knobs.epochs))


def read_curve(
    recipe: Recipe, rates: np.ndarray, losses: np.ndarray, passes: tuple[int, int]
) -> RangeTest:
    """Smooth a curve, cut off where it goes astray, and find where it falls fastest.

    Args:
        recipe: whose rate is in the middle of the range.
        rates: of each step, six decades evenly apart on a log scale.
        losses: of each step.
        passes: how many texts there were, and how many times each was seen.
    """
    decade = max(len(losses) // DECADES, 1)
    smooth, first = smoothed(losses, MEMORY * decade), float(np.mean(losses[:decade]))
    end, half = _end(smooth, first), max(round(WINDOW / 2 * decade), 1)
    # The first decade is what the loss began with; its average is still one of few steps.
    begun = decade if end > decade else 0
    least = begun + int(np.argmin(smooth[begun:end]))
    slopes = _slopes(losses[:end], half) if begun else np.zeros(0)  # their average lags behind
    fallen = first - smooth[least] > FLAT * first
    steepest = float(rates[half + np.argmin(slopes)]) if len(slopes) and fallen else None
    silent = _silence(slopes, bool(fallen), end == len(losses))
    known = passes[1] > 1 and bool(smooth[least] < FLAT * first)
    return RangeTest(
        learning_rate=recipe.knobs.learning_rate,
        rates=tuple(rates.tolist()),
        losses=tuple(losses.tolist()),
        smoothed=tuple(smooth.tolist()),
        end=end,
        steepest=steepest,
        least=float(rates[least]),
        suggestion=None if silent or steepest is None else float(f"{steepest:.2g}"),
        reason=silent or _why(end < len(losses), known),
        texts=passes[0],
        epochs=passes[1],
    )


def smoothed(losses: np.ndarray, memory: float) -> np.ndarray:
    """Return the exponential average of each loss and those before it, corrected for its start.

    Args:
        losses: [steps].
        memory: mean age of what is averaged, in steps, >= 0; 0 is off.

    Example:
        >>> smoothed(np.array([4.0, 1.0, 1.0]), 1.0).round(2).tolist()
        [4.0, 2.0, 1.43]

    Source: Kingma & Ba 2015, Adam, section 3 (the correction).
    """
    keep, total, weight = memory / (1 + memory), 0.0, 0.0
    found = np.empty(len(losses))
    for step, loss in enumerate(np.asarray(losses, np.float64)):
        total, weight = keep * total + (1 - keep) * loss, keep * weight + (1 - keep)
        found[step] = total / weight
    return found


def _end(smooth: np.ndarray, first: float) -> int:
    """How many steps there are before the loss has gone astray, at least 1."""
    least = np.fmin.accumulate(smooth)
    risen = (smooth > ASTRAY * least) & (smooth - least > FLAT * first)
    astray = np.flatnonzero(risen | ~np.isfinite(smooth))
    return max(int(astray[0]), 1) if len(astray) else len(smooth)


def _slopes(values: np.ndarray, half: int) -> np.ndarray:
    """Slope of the least-squares line through each value and `half` to either side, a step."""
    if len(values) <= 2 * half:
        return np.zeros(0)
    offsets = np.arange(-half, half + 1)
    return np.correlate(values, offsets / (offsets @ offsets), "valid")


def _silence(slopes: np.ndarray, fallen: bool, whole: bool) -> str:
    """Say why the curve shows no rate; "" where it shows one.

    Args:
        slopes: of what was read; none where it went astray at once.
        fallen: whether the loss ever fell by what counts.
        whole: whether the curve was read to its end.
    """
    if not len(slopes):
        return f"The loss goes astray at the least rates already. Lower learning_rate {AGAIN}"
    if not fallen:
        return (
            f"The curve is flat: the loss never falls by {FLAT:.0%} of what it began with, so no "
            f"rate is shown to be better than another. Raise learning_rate {AGAIN}"
        )
    if whole and np.argmin(slopes) == len(slopes) - 1:
        return (
            "The loss falls fastest at the largest rates of the range, which ends too soon. Raise "
            f"learning_rate {AGAIN}"
        )
    return ""


def _why(astray: bool, known: bool) -> str:
    """Say why the steepest rate is suggested, and what the curve does not show.

    Args:
        astray: whether the loss rose again.
        known: whether the same texts came again and next to nothing of the loss was left.
    """
    reason = (
        "The loss falls fastest there (Smith 2017, section 3.3). That is a place to start from: "
        "only `textkaizen study` says whether it is better on texts that were not learnt."
    )
    if astray:
        return reason
    heart = "in the end the texts were known by heart, and " if known else ""
    return f"{reason} Too large a rate is not shown: {heart}the loss did not rise again."
