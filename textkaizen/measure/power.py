"""What could have been found, and what it would take to find more.

A difference is found when its p is at most alpha. Of a true effect, p falls under alpha in a share
`power` of the studies once the effect is as large as two quantiles of t, times the error. The
noncentral t would say the same but for the third digit where there are 10 degrees of freedom or
more, and the error itself is not known that well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.stats import norm
from scipy.stats import t as student

from textkaizen.errors import UsageError
from textkaizen.measure.difference import Difference

MOST_SEEDS = 10**6


@dataclass(frozen=True)
class Needed:
    """What it takes to show an effect; None: no number of them will do, or nobody can know.

    Args:
        texts: with as many seeds as now; may be fewer than there are.
        seeds: on the same texts; may be fewer than there are.
    """

    texts: int | None
    seeds: int | None


def detectable(error: float, freedom: float, alpha: float, power: float = 0.8) -> float:
    """Return the smallest true difference that is found in a share `power` of the studies.

    Args:
        error: standard error of the difference, 0 or more.
        freedom: degrees of freedom of t; infinity: the normal distribution.
        alpha: largest p that is evidence, after all correction, 0 < alpha < 1.
        power: share of the studies that find it, 0.5 <= power < 1.

    Raises:
        UsageError: a share that is none.

    Example:
        >>> round(detectable(0.01, float("inf"), alpha=0.05), 4)
        0.028

    Source: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, section 12.8.
    """
    if not (0 < alpha < 1 and 0.5 <= power < 1):
        raise UsageError(
            "An error rate must lie between 0 and 1 and a power from 0.5 up to 1; found "
            f"{alpha} and {power}. Usual are 0.05 and 0.8."
        )
    spread = student(freedom) if math.isfinite(freedom) else norm
    return float(error * (spread.ppf(1 - alpha / 2) + spread.ppf(power)))


def needed(
    difference: Difference,
    effect: float,
    alpha: float,
    seeds: int,
    texts: int,
    power: float = 0.8,
) -> Needed:
    """Say how many texts, or how many seeds, it takes to show a true difference of `effect`.

    The error is taken to fall as 1 / sqrt(texts), what networks add included: networks that
    learnt from more texts differ less, though nobody promises that it is just as much less. On
    the same texts the lasting part of the texts' error stays, and the rest falls as 1 / sqrt(seeds)
    while its degrees of freedom grow as the seeds. Where a difference does not say what its error
    is made of, all of it is taken to stay.

    Args:
        difference: that was found, with its error.
        effect: true difference to be shown, either sign, not 0.
        alpha: largest p that is evidence, after all correction, 0 < alpha < 1.
        seeds, texts: that the difference was found with, 1 or more.
        power: share of the studies that find it, 0.5 <= power < 1.

    Returns:
        Both None where nothing changed, and so no error is known.

    Raises:
        UsageError: an effect of 0, no seeds or texts, or a share that is none.

    Example:
        >>> found = Difference(
        ...     0.01, -0.01, 0.03, 0.3, 0.01, texts_error=0.008, networks_error=0.006,
        ...     lasting_error=0.005)
        >>> needed(found, effect=0.02, alpha=0.05, seeds=1, texts=1000)
        Needed(texts=1963, seeds=3)
        >>> needed(found, effect=0.01, alpha=0.05, seeds=1, texts=1000)
        Needed(texts=7849, seeds=None)
    """
    if not (math.isfinite(effect) and effect) or min(seeds, texts) < 1:
        raise UsageError(
            "An effect must be a number other than 0, found with at least one seed and text; found "
            f"{effect}, {seeds} seeds and {texts} texts. Ask for 0.01, which is one point."
        )
    now = detectable(difference.error, difference.freedom, alpha, power)
    if now == 0:
        return Needed(None, None)
    shows = lambda more: _with_seeds(difference, more / seeds, alpha, power) <= abs(effect)
    return Needed(math.ceil(texts * (now / effect) ** 2), _fewest(shows))


def _with_seeds(difference: Difference, times: float, alpha: float, power: float) -> float:
    """Smallest detectable difference with `times` as many seeds."""
    known = difference.texts_error > 0 or difference.networks_error > 0
    lasting = difference.lasting_error if known else difference.error
    rest = max(difference.error**2 - lasting**2, 0.0)
    error = math.sqrt(lasting**2 + rest / times)
    # With texts alone there are many already; with networks alone there are as many as lanes.
    return detectable(error, max(difference.freedom * times, 1.0), alpha, power)


def _fewest(shows: Callable[[int], bool]) -> int | None:
    """Smallest whole number from 1 that will do, given that all larger ones do as well."""
    if not shows(MOST_SEEDS):
        return None
    high = 1
    while not shows(high):
        high *= 2
    low = high // 2  # does not do, or is 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high
