"""What two recipes answered so far, brought to the same texts and seeds, and compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from textkaizen.measure.compare import (
    Answers,
    Difference,
    lane_differences,
    paired,
    quick,
    resampled_t,
)
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Experiment, Other
from textkaizen.study.racing import Done


@dataclass(frozen=True)
class Comparison:
    """Two recipes on the texts and seeds that both have run through.

    Args:
        experiment: what has run.
        before, after: the recipes.
        done: how far both can be compared.
        metric: that decides.
    """

    experiment: Experiment
    before: Recipe | Other
    after: Recipe | Other
    done: Done
    metric: str

    @property
    def seen(self) -> np.ndarray:
        """Which texts have been answered, bool [texts]."""
        material = self.experiment.material
        if len(self.done.folds) == material.fold_count:
            return np.ones(len(material.labels), bool)
        return np.isin(material.partition[0], self.done.folds)

    @property
    def share(self) -> float:
        """Share of the texts that have been answered."""
        return float(self.seen.mean())

    @property
    def same(self) -> float:
        """Share of the answers that both give."""
        before, after = (self._answers(recipe) for recipe in (self.before, self.after))
        return float((before.predicted == after.predicted).mean())

    def differences(self, seed: int) -> dict[str, Difference]:
        """Return the differences of the deciding metric and of accuracy.

        Raises:
            UsageError: the metric is not defined on the texts that were answered.
        """
        metrics = tuple(dict.fromkeys((self.metric, "accuracy")))
        return paired(
            *self._tables(), classes=self._classes, units=self._units, seed=seed, metrics=metrics
        )

    def glance(self) -> tuple[float, float]:
        """Return the difference and its standard error, to first order."""
        return quick(*self._tables(), classes=self._classes, units=self._units, metric=self.metric)

    def resampled(self) -> Difference | None:
        """Return the corrected resampled t interval over lanes; None of a single lane."""
        lanes = lane_differences(*self._tables(), classes=self._classes, metric=self.metric)
        folds = self.experiment.material.fold_count
        return resampled_t(lanes, 1 / folds) if len(lanes) > 1 else None

    @property
    def _classes(self) -> int:
        return len(self.experiment.material.classes)

    @property
    def _units(self) -> np.ndarray:
        return self.experiment.material.units[self.seen]

    def _tables(self) -> tuple[np.ndarray, Answers, Answers, np.ndarray]:
        """Truth, what both answered, and which fold's network it was."""
        material, seen = self.experiment.material, self.seen
        both = (self._answers(self.before), self._answers(self.after))
        return material.labels[seen], *both, material.partition[: self.done.seeds, seen]

    def _answers(self, recipe: Recipe | Other) -> Answers:
        runs, seen, seeds = self.experiment.runs[recipe], self.seen, self.done.seeds
        whole = runs.probabilities
        return Answers(runs.predicted[:seeds, seen], None if whole is None else whole[:seeds, seen])
