"""What a recipe answered to texts it was not trained on, as metrics read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.metrics import checked


@dataclass(frozen=True)
class Answers:
    """Out-of-fold answers of one recipe.

    Args:
        predicted: whole numbers [seeds, texts], positions of labels.
        probabilities: [seeds, texts, classes], each 0 to 1; None where no metric needs them.

    Raises:
        UsageError: the shapes do not fit.
    """

    predicted: np.ndarray
    probabilities: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.probabilities is None:
            return
        found, shape = np.shape(self.probabilities), np.shape(self.predicted)
        if len(found) != 3 or found[:2] != shape:
            raise UsageError(
                "Probabilities must be a table of seeds by texts by classes beside predictions "
                f"of seeds by texts; found the shapes {found} and {shape}. Give one row of "
                "probabilities for each prediction."
            )


def as_answers(answered: Answers | np.ndarray) -> Answers:
    """Return answers; a plain array is predictions without probabilities."""
    return answered if isinstance(answered, Answers) else Answers(np.asarray(answered))


def part_of(answers: Answers, seed: int, own: np.ndarray) -> Answers:
    """Return the answers of one seed to some texts, as those of a single seed.

    Args:
        answers: of several seeds.
        seed: its number, from 0.
        own: which texts, bool [texts].
    """
    probabilities = answers.probabilities
    return Answers(
        np.asarray(answers.predicted)[seed, own][None],
        None if probabilities is None else np.asarray(probabilities)[seed, own][None],
    )


def require_same_shape(tables: Sequence[Answers]) -> None:
    """Refuse recipes that did not predict the same texts for the same seeds."""
    shapes = [np.shape(table.predicted) for table in tables]
    if len(set(shapes)) > 1:
        raise UsageError(
            "Recipes must have predicted the same texts for the same seeds; found the shapes "
            f"{' and '.join(map(str, shapes))}. Compare the seeds and texts that all have."
        )


def checked_answers(
    true: np.ndarray, tables: Sequence[Answers], classes: int
) -> tuple[np.ndarray, list[Answers]]:
    """Return labels and answers of several recipes as whole numbers, or refuse them.

    Args:
        true: whole numbers [texts].
        tables: of the same texts and seeds.
        classes: how many there are.

    Raises:
        UsageError: different shapes, a number that is no class, or probabilities of other classes.
    """
    require_same_shape(tables)
    clean = []
    for table in tables:
        rows = [checked(true, row, classes) for row in np.asarray(table.predicted)]
        if table.probabilities is not None and table.probabilities.shape[2] != classes:
            raise UsageError(
                f"Each text needs one probability for each of {classes} classes; found "
                f"{table.probabilities.shape[2]}. Give the columns of all classes, in their order."
            )
        clean.append(Answers(np.stack([found for _, found in rows]), table.probabilities))
    return rows[0][0], clean
