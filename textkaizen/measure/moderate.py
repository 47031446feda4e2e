"""Many differences of one round -> what networks add, estimated together.

Five lanes tell little about how much networks add: `compare.paired` alone keeps 5 % well enough,
but far out, where a round of many improvements or an early look decides, it finds several times
what it promises. The improvements of a round share the base's networks, and nothing but the recipe
differs in the others, so how far lanes spread beyond their texts is much the same for most of
them: the ratio of the spread that was found to the noise that texts alone make. Each difference's
ratio is drawn towards the mean of all, as limma does with the variances of genes.

What was tried in simulation (scores drawn from the model; 20 improvements of which none does
anything, half or four fifths of the networks' variance the base's, unequal between improvements by
a factor of 1.6 or 4.5, from nothing to ten times what texts make; 10,000 rounds each). Found at
0.1 % a comparison, at 1.25 % a round (Holm's first step), and of effects of five (seven) standard
errors of the texts with networks that add nothing, at 0.1 %:

                      each alone                        moderated
    3 lanes   0 to 1.3 %   0 to 14 %    32 (69) %   0 to 0.2 %   0 to 1.4 %   34 (77) %
    5 lanes   0 to 0.7 %   0 to 10 %    62 (87) %   0 to 0.2 %   0 to 1.9 %   67 (95) %

With 6 improvements at most 2.6 % of the rounds (3 lanes; alone 10 %) and 2.1 % (5 lanes; alone
5 %). Where networks add ten times the texts' part, power at 3 lanes falls from 9 to 2 %: what was
found there before was found by luck as well. With whole predictions (600 texts, 10 improvements,
300 rounds) networks that add three times the texts' part find something at 2.5 % in 1.7 % of the
rounds with 3 lanes or 5 (alone: 7 and 9 %).

- the weight of the mean is twice that of the difference itself (PRIOR). A weight estimated from
  the spread of the ratios (Smyth's d0) did no better, and has to be capped: the base's networks
  are in all of them, so that a hundred improvements are not a hundred witnesses.
- a ratio is never lowered, only raised: what spreads more than the others keeps its spread;
- ratios count for the mean up to three times their median (CAPPED), so that one recipe that now
  and then diverges does not silence the round; such a recipe itself is left as it is. This is what
  remains: of a round in which a quarter of the recipes have networks that add 50 times the texts'
  part, 1 to 8 % at 3 lanes and 1 to 4 % at 5 lanes find something at 1.25 % (alone: 7 to 17 and
  2 to 8 %; with 5 lanes and calm others, 3 to 4 instead of 2 to 3 %).
- rejected: each alone with all of the lanes' noise against its degrees of freedom (honest, but at 3
  lanes nothing is ever found); each alone with a floor under what networks add (a quarter of the
  texts' part takes a third of the power at 5 lanes, and 7 % of the rounds still find something).

Source: Smyth 2004, Linear Models and Empirical Bayes Methods, section 6 (the idea, not the rule).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

from textkaizen.measure.difference import Difference, Sources, difference_of

PRIOR = 2.0  # weight of the round's mean; the difference's own is 1
CAPPED = 3.0  # ratios count up to so many times their median
SHRUNK = 0.85  # share of the lanes' noise that counts against the degrees of freedom


def moderated(differences: Sequence[Difference]) -> list[Difference]:
    """Return the differences of one round with errors that know of each other.

    Values stay; error, interval and p change. A difference that says nothing of networks (nothing
    changed, or one network) stays as it is, and so do all where fewer than two say something.

    Args:
        differences: of one metric and one base, each from `compare.paired`; lanes may differ in
            number. Give all that were measured, whatever they look like.

    Returns:
        As many, in their order.

    Example:
        >>> sources = Sources(1e-4, 1e-4, 1000, 1e-4, 1e-4, 4.0, least_p=0.0, level=0.95)
        >>> calm = difference_of(0.03, sources)
        >>> shaken = difference_of(0.03, sources._replace(spread=2.5e-4))
        >>> [round(each.error, 4) for each in (calm, shaken)]
        [0.01, 0.0158]
        >>> [round(each.error, 4) for each in moderated([calm, calm, shaken, shaken])]
        [0.0122, 0.0122, 0.0158, 0.0158]
    """
    known = [d.sources for d in differences if d.sources is not None and _is_known(d)]
    if len(known) < 2:
        return list(differences)
    ratios, weights = _ratios(known), np.array([sources.freedom for sources in known])
    # The median of so few degrees of freedom lies below the mean: set it right.
    most = CAPPED * float(np.median(ratios * weights / chi2.median(weights)))
    mean = float(np.average(np.minimum(ratios, most), weights=weights))
    # Satterthwaite's count for a mean of equal ratios with these weights, and no more than it has.
    witnesses = (1 + PRIOR) ** 2 / (1 + (2 * PRIOR + PRIOR**2) / len(known))
    times = min(witnesses, 1 + PRIOR)
    return [_drawn_in(d, mean, most, times) if _is_known(d) else d for d in differences]


def _is_known(difference: Difference) -> bool:
    """Whether a difference says how far its lanes lie apart."""
    sources = difference.sources
    return sources is not None and sources.noise > 0 and sources.freedom > 0


def _ratios(known: Sequence[Sources]) -> np.ndarray:
    return np.array([sources.spread / sources.noise for sources in known])


def _drawn_in(difference: Difference, mean: float, most: float, times: float) -> Difference:
    """Draw one ratio towards the mean; `times` the degrees of freedom come with it."""
    sources = difference.sources
    assert sources is not None
    own = sources.spread / sources.noise
    if own > most:
        return difference_of(difference.value, sources._replace(shrunk=SHRUNK))
    ratio = max((PRIOR * mean + own) / (1 + PRIOR), own)
    return difference_of(
        difference.value,
        sources._replace(
            spread=ratio * sources.noise, freedom=sources.freedom * times, shrunk=SHRUNK
        ),
    )
