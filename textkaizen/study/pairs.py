"""Two trainings side by side: which differences count.

A difference counts when it is large enough (`LEAST`, `TIMES`) and points the same way with every
seed. The sizes are chosen so that networks that differ in nothing but their seed have, as a rule,
none that counts (`docs/explanations.md` tells how often).

Rejected: a test for each fact (one lane a seed is too few for any); a difference in units of its
own spread (for the same reason).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Facts = dict[str, float]

LEAST = {
    "gap": 0.03,
    "train_right": 0.02,
    "val_falling": 0.05,
    "falling": 0.05,
    "dead": 0.05,
    "moving": 0.1,
    "sure": 0.06,
}  # differences that count
TIMES = {
    "risen": 1.3,
    "train_loss": 1.5,
    "scale_ratio": 2.0,
    "scale_1": 1.5,
    "gradient_ratio": 2.5,
    "gradient_1": 3.0,
    "texts": 1.05,
    "steps": 1.5,
    "directions": 1.25,
    "weights": 1.25,
    "largest_weight": 1.5,
}  # factors that count


@dataclass(frozen=True)
class Pair:
    """What was observed before and after a change; see `observation.observed`.

    Args:
        both: of each seed that both have run with, in order, the base first.
        base: how the base is called.
        name: of the improvement.
    """

    both: tuple[tuple[Facts, Facts], ...]
    base: str = "the baseline"
    name: str = "it"

    @property
    def before(self) -> Facts:
        """Means of the base."""
        return means([base for base, _ in self.both])

    @property
    def after(self) -> Facts:
        """Means after the change."""
        return means([own for _, own in self.both])

    def has(self, *names: str) -> bool:
        """Whether these were observed before and after."""
        return set(names) <= set(self.before) & set(self.after)

    def moved(self, name: str) -> float:
        """The mean difference, after minus before; 0 where it does not count."""
        if not self.has(name):
            return 0.0
        return _agreed([own[name] - base[name] for base, own in self.both], LEAST[name])

    def times(self, name: str) -> float:
        """By what it was multiplied, on the geometric mean; 1 where that does not count."""
        if not self.has(name):
            return 1.0
        pairs = [(base[name], own[name]) for base, own in self.both]
        if min(min(pair) for pair in pairs) <= 0:
            return 1.0
        return math.exp(_agreed([math.log(b / a) for a, b in pairs], math.log(TIMES[name])))


def means(facts: Sequence[Facts]) -> Facts:
    """Return the mean of every fact that was observed with each seed.

    Example:
        >>> means([{"right": 0.5, "sure": 0.1}, {"right": 1.0}])
        {'right': 0.75}
    """
    if not facts:
        return {}
    return {
        name: sum(one[name] for one in facts) / len(facts)
        for name in facts[0]
        if all(name in one for one in facts)
    }


def _agreed(differences: list[float], least: float) -> float:
    """Return the mean of differences; 0 where it is below the least, or where signs differ."""
    mean = sum(differences) / len(differences)
    agree = all(one * mean >= 0 for one in differences)
    # What is exactly the least counts, however its sum was rounded.
    return mean if agree and abs(mean) >= least * (1 - 1e-9) else 0.0
