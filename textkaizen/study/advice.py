"""Finalists on the held-out texts -> which model to use, and why, in two or three sentences.

A network that is not shown to be better than the linear model it is measured against is not
recommended over it: the linear one is simpler, smaller and quicker to train.
"""

from __future__ import annotations

from dataclasses import replace

from textkaizen.measure.compare import Difference
from textkaizen.study.result import Finalist

NAMES = {
    "baseline": "the baseline network",
    "adopted": "the adopted network",
    "logistic_regression": "logistic regression",
    "linear_svm": "the linear SVM",
}


def advise(finalists: tuple[Finalist, ...], yardstick: str) -> tuple[str, str]:
    """Name the model to use, and say why.

    Args:
        finalists: on the held-out texts, "adopted", "baseline" and the yardstick among them.
        yardstick: name of the linear model to be beaten, chosen without the held-out texts.

    Returns:
        The name of a finalist, and the sentences.
    """
    by_name = {finalist.name: finalist for finalist in finalists}
    linear, name = _gap(by_name[yardstick]), NAMES[yardstick]
    baseline, texts = _gap(by_name["baseline"]), len(by_name["adopted"].predicted)
    if linear.low > 0:
        # Better than the yardstick, but it may still have lost against where it came from.
        use = "baseline" if baseline.high < 0 else "adopted"
        why = f"it is better than {name} by {_points(linear)} of accuracy"
        if use == "baseline":
            why = f"the adopted network is better than {name}, by {_points(linear)} of accuracy"
    elif linear.high < 0:
        use = yardstick
        why = f"it is better than the adopted network by {_points(_mirrored(linear))} of accuracy"
    else:
        use = yardstick
        why = (
            f"the adopted network is not shown to be better ({_points(linear)} of accuracy on "
            f"{texts:,} held-out texts), and a linear model is simpler"
        )
    return use, f"Use {NAMES[use]}: {why}. {_kept(by_name, baseline)}"


def _kept(by_name: dict[str, Finalist], baseline: Difference) -> str:
    """Say what adopting has changed."""
    if by_name["adopted"].predicted == by_name["baseline"].predicted:
        return "The baseline network answers every held-out text the same as the adopted one."
    if baseline.high < 0:
        return f"But it is worse than the baseline network: {_points(baseline)}."
    return f"Against the baseline network the adopted one differs by {_points(baseline)}."


def _gap(finalist: Finalist) -> Difference:
    """The adopted network's accuracy minus this one's."""
    gap = finalist.versus_adopted
    if gap is None:
        raise ValueError(f"{finalist.name} was not compared with the adopted network")
    return gap


def _mirrored(gap: Difference) -> Difference:
    return replace(gap, value=-gap.value, low=-gap.high, high=-gap.low)


def _points(gap: Difference) -> str:
    low, high = 100 * gap.low, 100 * gap.high
    return f"{100 * gap.value:+.1f} points [{low:+.1f}, {high:+.1f}]"
