"""The metric that decides: how it is called, and what its differences are counted in.

A share is told in points, which are hundredths, with one decimal; log loss in nats, with three; any
other number of scikit-learn's as it is. Whatever the metric, a difference above zero is better.
"""

from __future__ import annotations

from dataclasses import dataclass

from textkaizen.report.wording import Interval, signed
from textkaizen.study.result import Result

MACRO_F1 = "macro_f1"
NAMES = {MACRO_F1: "macro-F1", "accuracy": "accuracy", "log_loss": "log loss"}
IN_NATS = ("log_loss", "neg_log_loss")
# Of scikit-learn's scorers, those that are no share of anything.
BARE_BEGIN = ("neg_", "d2_", "matthews_", "positive_likelihood_")
ABOUT = {
    MACRO_F1: (
        "The mean over all classes of how well each is found, small classes counting as much as "
        "large ones."
    ),
    "accuracy": "The share of the texts that are given their right label.",
    "log_loss": (
        "How surprised a model is by the right labels, on average: 0 if it was certain of all of "
        "them, 0.7 if it gave each an even chance. Less is better, so differences are turned "
        "round: one above zero is a loss that has become smaller."
    ),
}


@dataclass(frozen=True)
class Unit:
    """How the metric that decides is called, and how its differences are told.

    Args:
        metric: its name in a sentence; that of a scorer is scikit-learn's.
        noun: "points", "nats", or "" for bare numbers.
        times: what a difference is multiplied by before it is told.
        decimals: that are told.
        about: what the metric is, in sentences.
    """

    metric: str
    noun: str
    times: float
    decimals: int
    about: str

    @property
    def column(self) -> str:
        """What stands over a column of differences.

        Example:
            >>> unit_of("accuracy").column, unit_of("neg_brier_score").column
            ('accuracy, points', 'neg_brier_score')
        """
        return f"{self.metric}, {self.noun}" if self.noun else self.metric

    def gap(self, value: float) -> str:
        """Word a difference, without its unit.

        Example:
            >>> unit_of("macro_f1").gap(0.0214), unit_of("log_loss").gap(0.0117)
            ('+2.1', '+0.012')
        """
        return signed(self.times * value, self.decimals)

    def interval(self, gap: Interval) -> str:
        """Word the ends of a difference's interval."""
        return f"[{self.gap(gap.low)}, {self.gap(gap.high)}]"

    def size(self, value: float) -> str:
        """Word how large a difference is, without its sign.

        Example:
            >>> unit_of("macro_f1").size(0.01), unit_of("log_loss").size(0.01)
            ('1.0 points', '0.010 nats')
        """
        return f"{self.times * abs(value):.{self.decimals}f} {self.noun}".rstrip()

    def told(self, gap: Interval) -> str:
        """Word a difference with its unit, its metric and its interval.

        Example:
            >>> from textkaizen.study.result import Score
            >>> unit_of("macro_f1").told(Score(0.02, -0.01, 0.05))
            '+2.0 points of macro-F1 [-1.0, +5.0]'
        """
        noun = f" {self.noun}" if self.noun else ""
        return f"{self.gap(gap.value)}{noun} of {self.metric} {self.interval(gap)}"


def unit_of(metric: str) -> Unit:
    """Return how a metric is told; of any other name, scikit-learn's scorer."""
    name = NAMES.get(metric, metric)
    about = ABOUT.get(metric, f"What scikit-learn's scorer {metric} gives; more is better.")
    if metric in IN_NATS:
        return Unit(name, "nats", 1.0, 3, about)
    if metric.startswith(BARE_BEGIN):
        return Unit(name, "", 1.0, 3, about)
    return Unit(name, "points", 100.0, 1, f"{about} A point is a hundredth: from 80.0 to 81.0.")


def unit(result: Result) -> Unit:
    """Return how the metric that decided is told."""
    return unit_of(str(result.design.get("metric", MACRO_F1)))
