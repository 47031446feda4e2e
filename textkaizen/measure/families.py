"""Many p-values of one question asked often -> which of them are evidence.

Two promises, for two uses: Holm's keeps the rate of *any* false finding and decides verdicts;
Benjamini and Hochberg's keeps the expected *share* of false ones among the findings and is shown
beside it, for whoever wants a list to look into. Rejected: Bonferroni (Holm's finds at least as
much under the same conditions); Hochberg's step-up (needs p-values that are not negatively
dependent, and improvements that share one base's networks promise nothing of the kind).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from textkaizen.measure.compare import Difference


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


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjust p-values so that those below a rate hold at most that share of false ones, on average.

    Args:
        p: [comparisons], 0 to 1; may be empty.

    Returns:
        [comparisons], in the order given, each at least `p` and at most Holm's.

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(2).tolist()
        [0.03, 0.04, 0.04]

    Source: Benjamini and Hochberg 1995, Controlling the False Discovery Rate.
    """
    p = np.asarray(p, np.float64)
    order = np.argsort(p, kind="stable")[::-1]
    adjusted = np.empty_like(p)
    stepped = p[order] * (len(p) / np.arange(len(p), 0, -1))
    adjusted[order] = np.minimum.accumulate(stepped)
    return adjusted


def decide(difference: Difference, p_adjusted: float, alpha: float) -> str:
    """Return "helps", "hurts" or "no evidence".

    Args:
        difference: of the metric that decides.
        p_adjusted: its p after correction.
        alpha: error rate, 0 < alpha < 1.

    Example:
        >>> from textkaizen.measure.compare import Difference
        >>> decide(Difference(0.02, 0.01, 0.03, p=0.001), 0.01, 0.05)
        'helps'
    """
    if p_adjusted > alpha or difference.value == 0:
        return "no evidence"
    return "helps" if difference.value > 0 else "hurts"
