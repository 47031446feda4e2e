"""One network by one recipe, on all texts: what `train` does on the command line and in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textkaizen.data import Corpus, canonical, require, without_empty
from textkaizen.model import Model, learn_model
from textkaizen.recipe import Recipe

if TYPE_CHECKING:
    from textkaizen.train.lanes import TrainedLane
    from textkaizen.train.programs import Programs

LEAST_TEXTS = 2  # of each class


def trainable(corpus: Corpus) -> Corpus:
    """Bring labelled texts into canonical order, check them, and leave empty ones out.

    Raises:
        CorpusError: the texts cannot be trained on.
    """
    corpus = canonical(corpus)
    require(corpus, LEAST_TEXTS)
    return without_empty(corpus)


def train_one(
    corpus: Corpus, recipe: Recipe, seed: int, programs: Programs | None = None
) -> tuple[Model, TrainedLane]:
    """Check labelled texts, leave empty ones out, and train a network on all others.

    Args:
        corpus: labelled texts in any order.
        recipe: how.
        seed: decides everything random, >= 0.
        programs: compiled epochs to share.

    Returns:
        The model, and how its training went.

    Raises:
        CorpusError: the texts cannot be trained on.
        RecipeError: a batch is larger than the texts there are to train on.
    """
    return learn_model(trainable(corpus), recipe, seed, programs)
