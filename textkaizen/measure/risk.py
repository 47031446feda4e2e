"""How many of the answered texts are wrong, and a threshold that keeps a promise about it.

The risk of a threshold is the share of wrong answers among those it lets through. It need not grow
as the threshold falls, so a bound at one threshold that was chosen by looking would not hold. Hence
Learn then Test: thresholds are put in an order before the texts of the test are looked at, and each
is tested at the full level until the first one that fails. A promise is broken only if a threshold
that breaks it passes; the first such in the order passes with at most that level, and if it does
not pass, none after it is tested.

Rejected: Bonferroni over all thresholds (fails with the few hundred texts there are), conformal
prediction (promises a set of labels that holds the true one, not that few answers are wrong).

Source: Angelopoulos, Bates, Candès, Jordan and Lei 2021, Learn then Test: Calibrating Predictive
Algorithms to Achieve Risk Control (fixed sequence testing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ANY = float(np.finfo(np.float32).min)  # a threshold that every score reaches
STEPS = 100  # thresholds: one for each hundredth of coverage
OVERDRAWN = 0.01  # of the drawn mixtures more texts of one part are wanted than there are
ENOUGH = 0.8  # chance to pass with so many texts as are said to be needed
MOST_TEXTS = 1_000_000  # that are thought of when it is asked how many it would take
GROWTH = 1.05  # from one such number to the next


class Curve(NamedTuple):
    """Risk over coverage, from the surest text on.

    Args:
        thresholds: scores that occur, falling, float [thresholds].
        coverage: share of the texts whose score reaches each, rising to 1.
        risk: share of wrong answers among these.
        texts: that the curve was made of.
    """

    thresholds: np.ndarray
    coverage: np.ndarray
    risk: np.ndarray
    texts: int

    @property
    def area(self) -> float:
        """The mean risk over coverage: the lower, the better the score tells right from wrong."""
        return float((np.diff(self.coverage, prepend=0.0) * self.risk).sum())

    @property
    def expected_risk(self) -> np.ndarray:
        """The risk to reckon with: a few texts that happen to be right do not make it nought.

        Source: Laplace's rule of succession.
        """
        answered = self.coverage * self.texts
        return (self.risk * answered + 1) / (answered + 2)

    def places(self) -> np.ndarray:
        """Return the place of one threshold for each hundredth of coverage, without repeats."""
        wanted = np.arange(1, STEPS + 1) / STEPS - 1e-9
        found = np.searchsorted(self.coverage, wanted)
        return np.unique(np.minimum(found, len(self.coverage) - 1))


class Trial(NamedTuple):
    """A threshold that was tested.

    Args:
        threshold: scores from here on are answered.
        answered, wrong: texts of the test that reach it, and those of them that are wrong.
        p: the chance of so few wrong answers if the promise did not hold.
    """

    threshold: float
    answered: int
    wrong: int
    p: float


@dataclass(frozen=True)
class Sequence:
    """What came of testing thresholds one after another.

    Args:
        tested: in order, to the first that failed.
        level: that each was tested at.
    """

    tested: tuple[Trial, ...]
    level: float

    @property
    def last(self) -> Trial | None:
        """The last threshold that passed; None if none has."""
        passed = [each for each in self.tested if each.p <= self.level]
        return passed[-1] if passed else None


def risk_coverage(
    scores: np.ndarray, wrong: np.ndarray, weights: np.ndarray | None = None
) -> Curve:
    """Return the curve of risk over coverage.

    Args:
        scores: [texts], higher is surer; texts with equal scores are answered together.
        wrong: whether the answer would be wrong, [texts], at least one text.
        weights: what each text counts, > 0; None: all the same.

    Example:
        >>> risk_coverage(np.array([3.0, 2.0, 1.0]), np.array([False, True, False])).risk.round(2)
        array([0.  , 0.5 , 0.33])

    Source: El-Yaniv and Wiener 2010, On the Foundations of Noise-free Selective Classification;
    Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks.
    """
    order = np.argsort(-scores, kind="stable")
    own = np.ones(len(scores)) if weights is None else weights
    answered, bad = np.cumsum(own[order]), np.cumsum((own * wrong)[order])
    falling = scores[order]
    ends = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1)
    return Curve(
        falling[ends], answered[ends] / answered[-1], bad[ends] / answered[ends], len(scores)
    )


def ordered_thresholds(curve: Curve, most_wrong: float, texts: int, level: float) -> np.ndarray:
    """Put thresholds in the order in which they are to be tested: each answers more than the last.

    There is one for each hundredth of coverage. The strictest answer too few texts to show
    anything, and if the first fails none is left; so the first is the one that is likeliest to
    pass if the risk is what the curve leads to expect. The last one answers everything.

    Args:
        curve: of texts that take no part in the test.
        most_wrong: the share of wrong answers that is promised, 0 < most_wrong < 1.
        texts: of the test.
        level: of the test.
    """
    places = curve.places()
    risk, coverage = curve.expected_risk[places], curve.coverage[places]
    chances = np.array(
        [
            _chance_to_pass(round(share * texts), expected, most_wrong, level)
            for share, expected in zip(coverage.tolist(), risk.tolist(), strict=True)
        ]
    )
    # Where none can pass, the one that comes nearest is still tried.
    first = chances.argmax() if chances.max() > 0 else risk.argmin()
    thresholds = curve.thresholds[places]
    thresholds[-1] = ANY
    return thresholds[first:]


def _chance_to_pass(answered: int, risk: float, most_wrong: float, level: float) -> float:
    """Return the chance that a threshold with this risk passes, with so many texts answered."""
    tails = binomial_tails(int(answered * most_wrong), answered, most_wrong)
    passing = int((tails <= level).sum())  # up to so many wrong answers but one
    return binomial_tail(passing - 1, answered, risk) if passing else 0.0


def fixed_sequence(
    scores: np.ndarray, wrong: np.ndarray, thresholds: np.ndarray, most_wrong: float, level: float
) -> Sequence:
    """Test thresholds in their order until one fails: is the risk above what is promised?

    Of the n texts that a threshold lets through, a number is wrong that is binomial with the risk
    as its share, given n; so the lower tail at `most_wrong` is an exact p for every larger risk.

    Args:
        scores: [texts], drawn independently of each other and of the thresholds.
        wrong: whether the answer would be wrong, [texts].
        thresholds: in an order that was fixed before.
        most_wrong: the share of wrong answers that is promised.
        level: chance that the threshold that comes out breaks the promise.

    Example:
        >>> scores, wrong = np.arange(100.0), np.arange(100) < 10
        >>> found = fixed_sequence(scores, wrong, np.array([40.0, 5.0, 0.0]), 0.05, level=0.05)
        >>> found.last.answered, round(found.last.p, 3), found.tested[-1].wrong
        (60, 0.046, 5)
    """
    tested = []
    for threshold in thresholds.tolist():
        through = scores >= threshold
        answered, bad = int(through.sum()), int(wrong[through].sum())
        found = Trial(threshold, answered, bad, binomial_tail(bad, answered, most_wrong))
        tested.append(found)
        if found.p > level:
            break
    return Sequence(tuple(tested), level)


def binomial_tail(most: int, trials: int, share: float) -> float:
    """Return the chance of at most so many successes, exactly but for rounding.

    Args:
        most: successes, 0 <= most <= trials.
        trials: independent ones; of none the chance is 1.
        share: chance of each, 0 < share < 1.

    Example:
        >>> round(binomial_tail(0, 58, 0.05), 4), round(binomial_tail(0, 59, 0.05), 4)
        (0.051, 0.0485)
    """
    return 1.0 if most >= trials else float(binomial_tails(most, trials, share)[-1])


def binomial_tails(most: int, trials: int, share: float) -> np.ndarray:
    """Return the chances of at most 0, 1, ... `most` successes, float [most + 1].

    Args:
        most, trials, share: as of `binomial_tail`, most < trials or both 0.
    """
    successes = np.arange(1, most + 1)
    steps = np.log((trials - successes + 1) / successes) + np.log(share / (1 - share))
    terms = np.concatenate([[0.0], np.cumsum(steps)]) + trials * np.log1p(-share)
    peak = terms.max()
    return np.minimum(np.exp(peak) * np.exp(terms - peak).cumsum(), 1.0)


def texts_needed(curve: Curve, most_wrong: float, level: float) -> int | None:
    """Return about how many texts of the test let some threshold pass four times in five.

    Args:
        curve: what it leads to expect is taken for the risk.
        most_wrong, level: as of `fixed_sequence`.

    Returns:
        None if even a million would not do: no threshold has so small a risk.
    """
    places = curve.places()
    risk, coverage = curve.expected_risk[places], curve.coverage[places]
    best = (_exponents(risk, most_wrong) * coverage).argmax()
    if risk[best] >= most_wrong:
        return None
    texts = 1.0
    while texts <= MOST_TEXTS:
        answered = int(texts * coverage[best])
        if _chance_to_pass(answered, risk[best], most_wrong, level) >= ENOUGH:
            return int(np.ceil(texts))
        texts = max(texts + 1, texts * GROWTH)
    return None


def drawn_mixture(
    inside: int, outside: int, share: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Choose texts so that they are independent draws from a mixture with a stated share.

    How many texts N are drawn is fixed first; how many of them come from outside is then drawn as
    binomial (N, share), and they are taken without looking. So each text that is taken is from
    outside with the stated chance, independently of all others: counts of them are binomial, as
    the test needs. N is the largest number for which both parts suffice in 99 % of the draws; a
    draw for which they do not is drawn again. What has a chance of at most a without that has at
    most a / 0.99 with it, so the level is multiplied by 0.99 (`mixture_level`).

    Args:
        inside, outside: texts that there are of each part.
        share: of texts from outside, 0 <= share < 1; 0 takes every text inside and none outside.
        generator: draws.

    Returns:
        Places of the chosen texts inside, and outside.
    """
    if share == 0:
        return np.arange(inside), np.arange(0)
    texts = _most_drawn(inside, outside, share)
    while True:
        taken = int(generator.binomial(texts, share))
        if taken <= outside and texts - taken <= inside:
            break
    own, foreign = generator.permutation(inside), generator.permutation(outside)
    return own[: texts - taken], foreign[:taken]


def mixture_level(level: float, share: float) -> float:
    """Return the level to test a drawn mixture at, see `drawn_mixture`."""
    return level * (1 - OVERDRAWN) if share else level


def _most_drawn(inside: int, outside: int, share: float) -> int:
    """Return the largest number of draws for which both parts nearly always suffice."""

    def suffice(texts: int) -> bool:
        too_many_outside = 1 - binomial_tail(min(outside, texts), texts, share)
        too_many_inside = binomial_tail(texts - inside - 1, texts, share) if texts > inside else 0
        return too_many_outside + too_many_inside <= OVERDRAWN

    low, high = 0, inside + outside + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if suffice(middle) else (low, middle)
    return low


def _exponents(risk: np.ndarray, most_wrong: float) -> np.ndarray:
    """Return the exponent of Chernoff's bound for each text that is answered; 0 where risky."""
    risk = np.clip(risk, 1e-12, most_wrong)
    other = (1 - risk) * np.log((1 - risk) / (1 - most_wrong))
    return risk * np.log(risk / most_wrong) + other
