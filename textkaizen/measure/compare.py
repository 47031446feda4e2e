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
it promises less: 5 folds at 0.1 % find 0 to 0.7 %, so where networks differ much, add seeds.

Not seen: that the training texts of folds overlap, and other training texts (no unbiased estimate
exists: Bengio and Grandvalet 2004). Rejected: a t test over folds (with its 4 degrees of freedom
it finds little, and takes texts that repeat over seeds for new ones); a mixed model by likelihood
(an iteration that can fail, where moments keep the rate well enough); a test of texts alone (takes
a lucky network for a better recipe: 21 % false findings in a simulation of the tests).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.stats import t as student

from textkaizen.errors import UsageError
from textkaizen.measure.intervals import METRICS, Counts, numbered
from textkaizen.measure.metrics import checked, influence

SHRUNK = 0.5  # share of the lanes' noise that counts against the degrees of freedom
FEW_UNITS = 10  # up to so many changed units every swap of the recipes is tried


@dataclass(frozen=True)
class Difference:
    """A metric after a change minus before, as a share (0.01 is one point).

    Args:
        value: -1 to 1; positive is better after.
        low, high: ends of its interval.
        p: two-sided, of "no difference", not corrected for other comparisons.
        error: standard error of `value`.
        freedom: degrees of freedom of t.
    """

    value: float
    low: float
    high: float
    p: float
    error: float = 0.0
    freedom: float = math.inf


@dataclass(frozen=True)
class Runs:
    """Out-of-fold predictions of one recipe.

    Args:
        predicted: whole numbers [seeds, texts].
        lane: which fold's network predicted it, [texts] or [seeds, texts]; networks of different
            seeds are different networks, whatever their numbers.

    Raises:
        UsageError: the shapes do not fit.
    """

    predicted: np.ndarray
    lane: np.ndarray

    def __post_init__(self) -> None:
        predicted, lane = np.asarray(self.predicted), np.asarray(self.lane)
        fits = (
            predicted.ndim == 2
            and predicted.size
            and lane.shape
            in (
                predicted.shape,
                predicted.shape[1:],
            )
        )
        if not fits:
            raise UsageError(
                "Predictions must be a table of seeds by texts, with a fold for each; found the "
                f"shapes {predicted.shape} and {lane.shape}. Give one row a seed."
            )

    @property
    def networks(self) -> np.ndarray:
        """Number the networks of all seeds from 0 without gaps, [seeds, texts]."""
        lane = np.broadcast_to(self.lane, np.shape(self.predicted)).astype(np.int64)
        apart = (lane - lane.min()) + np.arange(len(lane))[:, None] * (np.ptp(lane) + 1)
        return np.unique(apart, return_inverse=True)[1].reshape(lane.shape)


def paired(
    true: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    folds: np.ndarray,
    *,
    classes: int,
    units: np.ndarray | None = None,
    seed: int,
    draws: int = 1000,
    level: float = 0.95,
) -> dict[str, Difference]:
    """Compare two recipes that predicted the same texts in the same folds with the same seeds.

    The value is the mean over seeds of the metric after minus before, each over all texts of the
    seed. Where at most 10 units changed, p is at least that of trying every swap of the recipes
    unit by unit (for one seed's accuracy: McNemar's exact test); with more, at least the smallest
    p such a test can give. Where p exceeds 1 - level the interval holds 0. Equal predictions give
    0, [0, 0] and p = 1.

    The draws follow the order of the texts: bring texts into a canonical order first if the
    order of a file must not change the last digits.

    Args:
        true: whole numbers [texts], 0 <= number < classes.
        before, after: the same, [seeds, texts].
        folds: [seeds, texts] or [texts]: which fold's network predicted the text.
        classes: how many there are, >= 1.
        units: whole numbers [texts]; texts of one unit belong together; None: each text alone.
        seed: of the draws.
        draws: how often the texts are drawn anew, >= 100.
        level: of the interval, 0 < level < 1.

    Returns:
        "macro_f1" and "accuracy".

    Raises:
        UsageError: arrays that do not fit, or a number that is no class.

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
    before, after = np.asarray(before), np.asarray(after)
    networks = Runs(before, folds).networks
    if after.shape != before.shape:
        raise UsageError(
            "Both recipes must have predicted the same texts for the same seeds; found the "
            f"shapes {before.shape} and {after.shape}. Compare complete runs only."
        )
    if not 0 < level < 1:
        raise UsageError(f"A level must lie between 0 and 1; found {level}. The usual one is 0.95.")
    every = [checked(true, row, classes) for row in (*before, *after)]
    true, stacked = every[0][0], np.stack([predicted for _, predicted in every])
    before, after = np.split(stacked, 2)
    if (before == after).all():
        return {metric: Difference(0.0, 0.0, 0.0, 1.0) for metric in METRICS}
    units = numbered(units, len(true))
    counts = Counts(true, stacked, units, classes)
    scores = counts.scores()
    drawn = counts.drawn_scores(seed, draws)
    floors = _least_p(true, before, after, units, classes)
    moves = _moves(true, before, after, scores["macro_f1"], classes)
    differences = {}
    for metric in METRICS:
        lanes = _between_lanes(moves[metric], units, networks)
        texts = _gap(drawn[metric]).var(ddof=1) * counts.units / max(counts.units - 1, 1)
        error, freedom = _combined(texts, counts.units, lanes)
        value = float(_gap(scores[metric]))
        differences[metric] = _difference(value, error, freedom, floors[metric], level)
    return differences


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust p-values of one family so that any false finding in it has the rate asked for.

    Args:
        p: [comparisons], 0 to 1; may be empty.

    Returns:
        [comparisons], in the order given, each at least `p` and at most 1.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
        [0.03, 0.06, 0.06]

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    p = np.asarray(p, np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    stepped = p[order] * np.arange(len(p), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def decide(difference: Difference, p_adjusted: float, alpha: float) -> str:
    """Return "helps", "hurts" or "no evidence".

    Args:
        difference: of the metric that decides.
        p_adjusted: its p after correction.
        alpha: error rate, 0 < alpha < 1.

    Example:
        >>> decide(Difference(0.02, 0.01, 0.03, p=0.001), 0.01, 0.05)
        'helps'
    """
    if p_adjusted > alpha or difference.value == 0:
        return "no evidence"
    return "helps" if difference.value > 0 else "hurts"


@dataclass(frozen=True)
class _Lanes:
    """Error of a difference that comes from its networks.

    Args:
        variance: of the difference, 0 or more.
        noise: of that estimate: what texts alone put between lanes, as a variance of the
            difference.
        lanes: how many networks.
    """

    variance: float
    noise: float
    lanes: int


def _gap(scores: np.ndarray) -> np.ndarray:
    """Mean over seeds of after minus before, from scores [..., before's seeds + after's seeds]."""
    before, after = np.split(scores, 2, axis=-1)
    return (after - before).mean(-1)


def _moves(
    true: np.ndarray, before: np.ndarray, after: np.ndarray, macro: np.ndarray, classes: int
) -> dict[str, np.ndarray]:
    """What each text adds to each seed's difference: [seeds, texts], its mean the difference.

    Exact for accuracy, to first order for macro-F1 (its level does not matter here, but a seed
    that did better than another must show: `macro` holds the scores of before's, then after's).
    """
    levels = np.split(macro, 2)
    slopes = [
        np.stack([influence(true, row, classes) for row in predicted])
        for predicted in (before, after)
    ]
    return {
        "macro_f1": (levels[1] - levels[0])[:, None] + slopes[1] - slopes[0],
        "accuracy": (after == true).astype(float) - (before == true),
    }


def _between_lanes(moves: np.ndarray, units: np.ndarray, networks: np.ndarray) -> _Lanes:
    """Estimate what networks add to the variance of the mean of `moves` [seeds, texts].

    The total of lane l is size_l * network_l + its texts'. Less its share of the grand total, its
    expected square is known but for the variance of networks: what texts put there is taken from
    residuals, the products of each unit's in its lane (or, over seeds, in its two lanes).
    """
    lanes = int(networks.max()) + 1
    if lanes == 1:
        return _Lanes(0.0, 0.0, 1)
    sizes = np.bincount(networks.ravel(), minlength=lanes).astype(float)
    totals = np.bincount(networks.ravel(), moves.ravel(), lanes)
    residuals = moves - (totals / sizes)[networks]
    places = (np.broadcast_to(units, networks.shape).ravel(), networks.ravel())
    by_unit = sparse.coo_matrix((residuals.ravel(), places), (units.max() + 1, lanes)).tocsr()
    present = sparse.coo_matrix((np.ones(moves.size), places), by_unit.shape).tocsr()
    members = np.diff(present.tocsc().indptr)
    # A mean was taken out of each lane's units: divide by one less than there are.
    lost = members / np.maximum(members - 1, 1)
    products = (by_unit.T @ by_unit).toarray() * np.sqrt(np.outer(lost, lost))
    centre = np.eye(lanes) - np.outer(sizes / sizes.sum(), np.ones(lanes))
    found = np.square(centre @ totals).sum()
    from_texts = max(np.trace(centre @ products @ centre.T), 0.0)
    each = np.square(centre * sizes).sum()
    weight = np.square(sizes / sizes.sum()).sum() / each
    return _Lanes(max(found - from_texts, 0.0) * weight, from_texts * weight, lanes)


def _combined(texts: float, units: int, lanes: _Lanes) -> tuple[float, float]:
    """Standard error and Satterthwaite's degrees of freedom of texts and lanes together."""
    total = texts + lanes.variance
    if total == 0:
        return 0.0, math.inf
    doubt = texts**2 / max(units - 1, 1)
    doubt += (lanes.variance + SHRUNK * lanes.noise) ** 2 / max(lanes.lanes - 1, 1)
    return math.sqrt(total), float(total**2 / doubt)


def _difference(
    value: float, error: float, freedom: float, least_p: float, level: float
) -> Difference:
    if error == 0 and abs(value) < 1e-12:
        return Difference(0.0, 0.0, 0.0, 1.0)
    p, half = 0.0, 0.0
    if error > 0:
        p = float(2 * student.sf(abs(value) / error, freedom))
        half = float(student.ppf((1 + level) / 2, freedom)) * error
    p = max(p, least_p)
    if p > 1 - level:
        half = max(half, abs(value))
    return Difference(value, max(value - half, -1.0), min(value + half, 1.0), p, error, freedom)


def _least_p(
    true: np.ndarray, before: np.ndarray, after: np.ndarray, units: np.ndarray, classes: int
) -> dict[str, float]:
    """Smallest p that the number of changed units allows, for each metric.

    If the recipes do not differ, a unit could as well have its two predictions the other way
    round, so all 2 ** changed swaps are alike: p is the share of them with a difference as large.
    The smallest such share is 2 / 2 ** changed.
    """
    changed = np.unique(units[(before != after).any(0)])
    if len(changed) > FEW_UNITS:
        return dict.fromkeys(METRICS, 2.0 ** (1 - len(changed)))
    swaps = np.arange(2 ** len(changed))[:, None] >> np.arange(len(changed)) & 1
    moving = np.isin(units, changed)
    place = np.searchsorted(changed, units[moving])
    steps = _steps(true[moving], before[:, moving], after[:, moving], place, classes)
    there = np.bincount(true, minlength=classes)
    starts = [_tables(true, predicted, classes) for predicted in (before, after)]
    shifts = [np.tensordot(swaps, step, 1) for step in steps]  # [swaps, seeds, classes]
    least = {}
    for metric, score in METRICS.items():
        one = score(*(start + shift for start, shift in zip(starts[0], shifts, strict=True)), there)
        other = score(
            *(start - shift for start, shift in zip(starts[1], shifts, strict=True)), there
        )
        gaps = np.abs((one - other).mean(-1))
        least[metric] = float(np.mean(gaps >= gaps[-1] - 1e-12))  # the last swap is what was found
    return least


def _tables(true: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits and predictions of each class, both [seeds, classes]."""
    every = np.arange(classes)
    is_class = predicted[:, :, None] == every
    return (is_class & (true[:, None] == every)).sum(1), is_class.sum(1)


def _steps(
    true: np.ndarray, before: np.ndarray, after: np.ndarray, place: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """How hits and predictions of each class change with each unit: [changed, seeds, classes]."""
    hits, found = [], []
    for unit in range(int(place.max()) + 1):
        own = place == unit
        tables = [_tables(true[own], rows[:, own], classes) for rows in (before, after)]
        hits.append(tables[1][0] - tables[0][0])
        found.append(tables[1][1] - tables[0][1])
    return np.stack(hits), np.stack(found)
