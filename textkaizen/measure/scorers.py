"""Scikit-learn's scorers, called as they are.

The only file of `measure/` that imports scikit-learn: whoever names one of its scorers wants that
number, to the last digit, and not ours. A scorer asks a classifier for what it thinks of some
texts; a stand-in whose answers are known answers instead.

A scorer is a black box, so what is exact elsewhere is approximate here:

- texts are drawn anew 200 times at most, by their numbers; a class that a draw has left out keeps
  one unit drawn at random, since many scorers do not exist without it;
- what a text adds is a jackknife of groups: all units fall into 10 groups, and the score without
  one lane's texts of a group says what these texts add together. The analysis of variance of the
  lanes then runs over groups as it does over units elsewhere, with fewer degrees of freedom.

With 3 seeds of 5 folds that makes 1,500 calls a comparison. At 1,000 texts of 20 classes f1_macro,
balanced_accuracy and neg_log_loss took 1 to 2 ms each, roc_auc_ovr 14 (processor time, scikit-learn
1.9, on a busy machine).

Rejected: one text left out at a time (a call for each text, recipe and seed); the influence from
the draws themselves (200 draws are too few for it); weights of texts (not every scorer takes them).
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer, get_scorer_names

from textkaizen.errors import UsageError
from textkaizen.measure.answers import Answers
from textkaizen.measure.scores import OWN_METRICS, Draws, Scored, Texts

MOST_DRAWS = 200
GROUPS = 10
OF_NUMBERS = ("r2", "explained_variance", "max_error", "neg_max_error", "d2_absolute_error_score")
OF_NUMBERS_BEGIN = ("neg_mean_", "neg_median_", "neg_root_", "d2_pinball", "d2_tweedie")
OF_CLUSTERS = (
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "completeness_score",
    "fowlkes_mallows_score",
    "homogeneity_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "rand_score",
    "v_measure_score",
)
OF_SEVERAL_LABELS_END = "_samples"

Caller = Callable[[np.ndarray], float]


class Answered(ClassifierMixin, BaseEstimator):
    """What a scorer takes for a classifier: its texts are their numbers, its answers are known.

    Args:
        predicted: whole numbers [texts].
        probabilities: [texts, classes]; None where no scorer asks.
        classes: how many there are.
    """

    def __init__(
        self, predicted: np.ndarray, probabilities: np.ndarray | None, classes: int
    ) -> None:
        self.predicted = predicted
        self.probabilities = probabilities
        self.classes = classes
        self.classes_ = np.arange(classes)
        self.was_asked_ = False

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the labels of the texts with these numbers."""
        return self.predicted[X]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the probabilities of the texts with these numbers."""
        self.was_asked_ = True
        assert self.probabilities is not None  # `require_probabilities` has seen to it
        return self.probabilities[X]


def require_known(metric: str) -> None:
    """Refuse a metric that is not known, or does not judge one label a text.

    Raises:
        UsageError: with the nearest name that is known.
    """
    every = get_scorer_names()
    names = [name for name in every if not unfit(name)]
    if metric in every and unfit(metric):
        raise UsageError(
            f"A metric must judge one label a text; found {metric!r}, which judges "
            f"{unfit(metric)}. Choose macro_f1, accuracy, log_loss or another of scikit-learn's "
            "scorers."
        )
    if metric not in names:
        nearest = difflib.get_close_matches(metric, [*OWN_METRICS, *names], 1, cutoff=0.0)[0]
        raise UsageError(
            f"A metric must be {', '.join(OWN_METRICS)} or the name of a scorer of scikit-learn; "
            f"found {metric!r}. Did you mean {nearest!r}?"
        )


@lru_cache
def needs_probabilities(metric: str) -> bool:
    """Whether a scorer asks for probabilities: it is called once, and watched."""
    require_known(metric)
    true = np.array([0, 1, 0, 1])
    watched = Answered(true, np.eye(2)[true], 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of four texts; what counts is what it asks for
        get_scorer(metric)(watched, np.arange(4), true)
    return watched.was_asked_


def callers(metric: str, true: np.ndarray, answers: Answers, classes: int) -> list[Caller]:
    """Return for each seed a function from the numbers of texts to their score."""
    scorer = get_scorer(metric)

    def caller(seed: int) -> Caller:
        probabilities = answers.probabilities
        own = None if probabilities is None else _whole(probabilities[seed])
        standing_in = Answered(np.asarray(answers.predicted)[seed], own, classes)
        return lambda numbers: _called(metric, scorer, standing_in, numbers, true)

    return [caller(seed) for seed in range(len(answers.predicted))]


def scored(metric: str, tables: Sequence[Answers], texts: Texts, draws: Draws) -> Scored:
    """Score several recipes' answers to the same texts by a scorer, approximately (see the top)."""
    every = [callers(metric, texts.true, table, texts.classes) for table in tables]
    generator = np.random.default_rng(draws.seed)
    numbers = [_drawn(texts, generator) for _ in range(min(draws.draws, MOST_DRAWS))]
    drawn = np.stack([_each(every, own) for own in numbers])
    groups = grouped(texts.units)
    moves = np.array(
        [
            [
                added(one, texts.true, networks, groups)
                for one, networks in zip(row, texts.networks, strict=True)
            ]
            for row in every
        ]
    )
    return Scored(_each(every, np.arange(len(texts.true))), drawn, moves, groups, np.inf)


def grouped(units: np.ndarray) -> np.ndarray:
    """Put units, numbered from 0, into GROUPS groups by lot, always the same; [texts]."""
    return (np.random.default_rng(0).permutation(int(units.max()) + 1) % GROUPS)[units]


def added(one: Caller, true: np.ndarray, networks: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return what each text adds to a score, the same for a group's texts of a lane, [texts].

    Their mean is the score.

    Args:
        one: scores texts by their numbers.
        true, networks, groups: of each text.
    """
    score, cells = one(np.arange(len(true))), networks * GROUPS + groups
    moves = np.full(len(cells), score)
    for cell in np.unique(cells):
        own = left_out = cells == cell
        for label in np.setdiff1d(true, true[~left_out]):  # the last text of a class stays
            stays = np.flatnonzero(true == label)[0]
            left_out = left_out & (np.arange(len(true)) != stays)
        out = np.sum(left_out)
        if out:
            without = one(np.flatnonzero(~left_out))
            moves[own & left_out] = (len(true) * score - (len(true) - out) * without) / out
    return moves + (score - moves.mean())


def _each(every: list[list[Caller]], numbers: np.ndarray) -> np.ndarray:
    """Score the texts with these numbers, [tables, seeds]."""
    return np.array([[one(numbers) for one in row] for row in every])


def _drawn(texts: Texts, generator: np.random.Generator) -> np.ndarray:
    """Numbers of the texts of units drawn anew, with every class that there is."""
    units = int(texts.units.max()) + 1
    order = np.argsort(texts.units, kind="stable")
    starts = np.searchsorted(texts.units[order], np.arange(units + 1))
    chosen = generator.integers(0, units, units)
    members = lambda chosen: np.concatenate([order[starts[u] : starts[u + 1]] for u in chosen])
    numbers = members(chosen)
    for label in np.setdiff1d(texts.true, texts.true[numbers]):
        holding = np.unique(texts.units[texts.true == label])
        numbers = np.concatenate([numbers, members(generator.choice(holding, 1))])
    return numbers


def _called(
    metric: str, scorer: Callable, standing_in: Answered, numbers: np.ndarray, true: np.ndarray
) -> float:
    """Call a scorer, and say what is wrong in the terms of whoever asked for it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes that are never predicted, for each draw
            found = float(scorer(standing_in, numbers, true[numbers]))
    except ValueError as error:
        raise _unable(metric, str(error)) from error
    if not np.isfinite(found):
        raise _unable(metric, f"it gave {found}")
    return found


def _unable(metric: str, why: str) -> UsageError:
    return UsageError(
        f"A metric must be defined for these texts and labels; {metric} is not: {why.rstrip('.')}. "
        "Of more than two classes, take a form that averages, such as f1_macro or roc_auc_ovr."
    )


def _whole(probabilities: np.ndarray) -> np.ndarray:
    """Rows as float64 with the sum 1: scorers take offence at what float32 leaves over."""
    rows = np.asarray(probabilities, np.float64)
    return rows / rows.sum(-1, keepdims=True)


def unfit(metric: str) -> str:
    """Return what a scorer judges instead of one label a text; "" if it judges labels."""
    if metric in OF_NUMBERS or metric.startswith(OF_NUMBERS_BEGIN):
        return "numbers"
    if metric in OF_CLUSTERS:
        return "clusters"
    if metric.endswith(OF_SEVERAL_LABELS_END):
        return "several labels a text"
    return ""
