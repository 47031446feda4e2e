"""Two recipes on the same texts, folds and seeds -> what changed, and how sure that is.

Every text is predicted once a seed, by the one network (lane) that did not see it. What a change
of recipe does to text i under seed s is taken as

    d[s, i] = effect + text[i] + network[lane of (s, i)] + rest[s, i],

and the mean of d has two sources of error that must not be confused:

1. Other texts. Units are drawn anew with the same weights for both recipes and all seeds, and the
   metric is recomputed; this holds text and rest, and keeps them together where texts repeat.
2. Other networks. All texts of a lane share one network, with its own first weights and order of
   batches. How much lanes differ beyond what their texts explain is an analysis of variance: the
   squares of the lanes' totals, less what the products of residuals within units explain (those
   are the rest, which source 1 has counted), by the method of moments, and never below 0. Macro-F1
   is no mean of texts; its influence values stand for them. With one network for all texts this
   source cannot be seen: the answer is then about these two networks, not their recipes.

The error is the root of the sum, and t has Satterthwaite's degrees of freedom. Taken in full they
count the noise of source 2 even where its estimate was cut off at 0: with 5 lanes and nothing
between them t would have 4, and a round of 25 improvements could show nothing. Half of that noise
(SHRUNK) keeps false findings near the 5 % promised. With scores drawn from the model, for networks
that add from nothing to 16 times the variance between lanes that texts alone make: 3 folds 1.5 to
8.4 %, 5 folds 2.4 to 7.0 %, 2 x 5 folds 3.7 to 5.8 %, 3 x 5 folds 4.2 to 5.5 %; the highest where
networks add two to four times (`tests/test_measure_rates.py` simulates whole predictions). Far out
it promises less: 5 folds at 0.1 % find 0 to 0.7 %. The improvements of a round know more about
networks together than each alone: `measure/moderate.py`.

Not seen: that the training texts of folds overlap, and other training texts (no unbiased estimate
exists: Bengio and Grandvalet 2004). Rejected: a t test over folds (with its 4 degrees of freedom
it finds little, and takes texts that repeat over seeds for new ones; `measure/resampled.py` shows
one beside); a mixed model by likelihood (an iteration that can fail, where moments keep the rate
well enough); a test of texts alone (takes a lucky network for a better recipe: 21 % false findings
in a simulation of the tests).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.answers import Answers, as_answers
from textkaizen.measure.combine import Asked, Given, differences
from textkaizen.measure.difference import Difference
from textkaizen.measure.families import benjamini_hochberg, decide, holm
from textkaizen.measure.lanes import Runs
from textkaizen.measure.quick import quick
from textkaizen.measure.resampled import lane_differences, resampled_t
from textkaizen.measure.scores import Draws, needs_probabilities

__all__ = [
    "Answers",
    "Contrast",
    "Difference",
    "Runs",
    "benjamini_hochberg",
    "contrast",
    "decide",
    "holm",
    "lane_differences",
    "needs_probabilities",
    "paired",
    "quick",
    "resampled_t",
]

BOTH = ("macro_f1", "accuracy")
AFTER = (-1, 1)  # signs of before and after
CONTRASTS = ((-1, 1, 0, 0), (-1, 0, 1, 0), (-1, 0, 0, 1), (1, -1, -1, 1))


def paired(
    true: np.ndarray,
    before: Answers | np.ndarray,
    after: Answers | np.ndarray,
    folds: np.ndarray,
    *,
    classes: int,
    units: np.ndarray | None = None,
    seed: int,
    draws: int = 1000,
    level: float = 0.95,
    metrics: Sequence[str] = BOTH,
) -> dict[str, Difference]:
    """Compare two recipes that predicted the same texts in the same folds with the same seeds.

    The value is the mean over seeds of the metric after minus before, each over all texts of the
    seed, turned so that positive is better after: of log loss, where less is better, it is the
    loss before minus after. Where at most 10 units changed, p is at least that of trying every
    swap of the recipes unit by unit (for one seed's accuracy: McNemar's exact test); with more, at
    least the smallest p such a test can give. Where p exceeds 1 - level the interval holds 0.
    Equal answers give 0, [0, 0] and p = 1.

    The draws follow the order of the texts: bring texts into a canonical order first if the
    order of a file must not change the last digits.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        before, after: the same, [seeds, texts], or with probabilities as `Answers`.
        folds: [seeds, texts] or [texts]: which fold's network predicted the text.
        classes: how many there are, >= 1.
        units: whole numbers [texts]; texts of one unit belong together; None: each text alone.
        seed: of the draws.
        draws: how often the texts are drawn anew, >= 100; for scorers at most 200.
        level: of the interval, 0 < level < 1.
        metrics: "macro_f1", "accuracy", "log_loss" or names of scikit-learn's scorers, which are
            approximate and take longer (`measure/scorers.py`).

    Returns:
        A difference for each metric, in their order.

    Raises:
        UsageError: arrays that do not fit, a number that is no class, an unknown metric, or one
            that needs probabilities where there are none.

    Example:
        >>> truth = np.zeros(100, int)
        >>> before, after = np.ones((1, 100), int), np.ones((1, 100), int)
        >>> before[0, :60] = 0; after[0, :80] = 0
        >>> folds = np.arange(100)[None] % 5
        >>> round(paired(truth, before, after, folds, classes=2, seed=1)["accuracy"].value, 3)
        0.2

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap; Searle, Casella and
    McCulloch 1992, Variance Components, chapter 5; Satterthwaite 1946; McNemar 1947.
    """
    tables = (as_answers(before), as_answers(after))
    given = Given(true, tables, folds, classes, units)
    return differences(given, Asked(tuple(metrics), Draws(seed, draws), level), [AFTER])[0]


class Contrast(NamedTuple):
    """What two improvements do, each alone and both together; all from the same draws.

    Args:
        first, second, both: differences to the recipe without either.
        interaction: `both` minus the sum of the others. 0: gains add up; negative: one does the
            work of the other; positive: they need each other.
    """

    first: Difference
    second: Difference
    both: Difference
    interaction: Difference


def contrast(
    true: np.ndarray,
    crossed: Sequence[Answers | np.ndarray],
    folds: np.ndarray,
    *,
    classes: int,
    units: np.ndarray | None = None,
    seed: int,
    draws: int = 1000,
    level: float = 0.95,
    metric: str = "macro_f1",
) -> Contrast:
    """Say whether two improvements add up.

    The interaction is (both - first) - (second - base): what the second gains beside the first,
    less what it gains without it. Its error is made of the same two sources as that of `paired`.
    No swap of recipes stands for "no interaction", so nothing is tried one by one; p is at least
    the smallest p that the number of units which both improvements touch allows.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        crossed: answers of four recipes to the same texts, on the same folds with the same seeds:
            without either improvement, with the first, with the second, with both.
        folds, classes, units, seed, draws, level: as in `paired`.
        metric: one of those of `paired`.

    Raises:
        UsageError: not four recipes, and as `paired`.

    Example:
        >>> truth, folds = np.zeros(100, int), np.arange(100)[None] % 5
        >>> made = lambda right: np.where(np.arange(100) < right, 0, 1)[None]
        >>> crossed = made(50), made(70), made(70), made(75)
        >>> found = contrast(truth, crossed, folds, classes=2, seed=1, metric="accuracy")
        >>> [round(difference.value, 3) for difference in found]
        [0.2, 0.2, 0.25, -0.15]

    Source: Cox and Reid 2000, The Theory of the Design of Experiments, chapter 5 (factorial
    designs).
    """
    tables = tuple(as_answers(answered) for answered in crossed)
    if len(tables) != 4:
        raise UsageError(
            "An interaction needs four recipes: without either improvement, with the first, with "
            f"the second, with both; found {len(tables)}. Run the missing ones first."
        )
    given = Given(true, tables, folds, classes, units)
    found = differences(given, Asked((metric,), Draws(seed, draws), level), CONTRASTS)
    return Contrast(*(each[metric] for each in found))
