"""A difference, how sure it is, and what its error is made of.

`Sources` keeps the parts that an error was put together from, so that it can be put together anew
when more is known (`measure/moderate.py`), or taken apart to say what more texts or more seeds
would do (`measure/power.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from scipy.stats import t as student

from textkaizen.measure.lanes import SHRUNK, Lanes, combined


class Sources(NamedTuple):
    """What the error of a difference is made of; variances are of the difference itself.

    Args:
        texts: variance from the texts drawn.
        lasting: the part of `texts` that no number of seeds removes.
        units: how many units were drawn from.
        spread: variance that was found between lanes; 0 with one network.
        noise: how much of `spread` texts alone are expected to make.
        freedom: degrees of freedom of `spread`.
        least_p: smallest p that the number of changed units allows.
        level: of the interval.
        reach: largest value a difference of this metric can have; infinity: any.
        shrunk: share of `noise` that counts against the degrees of freedom.
    """

    texts: float
    lasting: float
    units: int
    spread: float
    noise: float
    freedom: float
    least_p: float
    level: float
    reach: float = 1.0
    shrunk: float = SHRUNK


@dataclass(frozen=True)
class Difference:
    """A metric after a change minus before; of shares, 0.01 is one point.

    Args:
        value: positive is better after; -1 to 1 where the metric is a share.
        low, high: ends of its interval.
        p: two-sided, of "no difference", not corrected for other comparisons.
        error: standard error of `value`.
        freedom: degrees of freedom of t.
        texts_error: the part of `error` from the texts; 0 where the parts are not known.
        networks_error: the part from first weights and batches; the squares of both add up.
        lasting_error: the part of `texts_error` that more seeds never remove.
        sources: what the error was put together from; None where nothing was.
    """

    value: float
    low: float
    high: float
    p: float
    error: float = 0.0
    freedom: float = math.inf
    texts_error: float = 0.0
    networks_error: float = 0.0
    lasting_error: float = 0.0
    sources: Sources | None = field(default=None, repr=False)


NOTHING = Difference(0.0, 0.0, 0.0, 1.0)  # of two recipes that answered alike


def difference_of(value: float, sources: Sources) -> Difference:
    """Return a difference with interval and p, from its value and the sources of its error.

    Example:
        >>> sources = Sources(0.0001, 0.0001, 1000, 0.0, 0.0, 0.0, least_p=0.0, level=0.95)
        >>> found = difference_of(0.03, sources)
        >>> round(found.low, 3), round(found.high, 3), round(found.p, 4), round(found.error, 3)
        (0.01, 0.05, 0.0028, 0.01)
    """
    lanes = Lanes(sources.spread, sources.noise, sources.freedom)
    error, freedom = combined(sources.texts, sources.units, lanes, sources.shrunk)
    if error == 0 and abs(value) < 1e-12:
        return NOTHING
    p, half = 0.0, 0.0
    if error > 0:
        p = float(2 * student.sf(abs(value) / error, freedom))
        half = float(student.ppf((1 + sources.level) / 2, freedom)) * error
    p = max(p, sources.least_p)
    if p > 1 - sources.level:
        half = max(half, abs(value))
    return Difference(
        value,
        max(value - half, -sources.reach),
        min(value + half, sources.reach),
        p,
        error,
        freedom,
        math.sqrt(sources.texts),
        math.sqrt(lanes.variance),
        math.sqrt(sources.lasting),
        sources,
    )
