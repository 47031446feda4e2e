"""One model on all texts, a network or a classical classifier: what `train` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textkaizen.classical.classifiers import require_classifier
from textkaizen.data import Corpus, canonical, require, without_empty
from textkaizen.model import Model, learn_classifier, learn_model, require_savable
from textkaizen.recipe import Recipe

if TYPE_CHECKING:
    from textkaizen.data.word_vectors import WordVectors
    from textkaizen.train.lanes import TrainedLane
    from textkaizen.train.programs import Programs

NETWORK = "network"  # what is trained where no classifier is asked for
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
    corpus: Corpus,
    recipe: Recipe,
    seed: int,
    programs: Programs | None = None,
    word_vectors: WordVectors | None = None,
) -> tuple[Model, TrainedLane]:
    """Check labelled texts, leave empty ones out, and train a network on all others.

    Args:
        corpus: labelled texts in any order.
        recipe: how.
        seed: decides everything random, >= 0.
        programs: compiled epochs to share.
        word_vectors: what embeddings begin with, where the recipe says so.

    Returns:
        The model, and how its training went.

    Raises:
        CorpusError: the texts cannot be trained on.
        RecipeError: a batch is larger than the texts there are to train on.
    """
    return learn_model(trainable(corpus), recipe, seed, programs, (), word_vectors)


def require_trainable(kind: str, recipe: Recipe) -> None:
    """Refuse a classifier that cannot be had, or not be saved, before anything is read.

    Args:
        kind: NETWORK or one of CLASSIFIERS.
        recipe: whose text rules it would read.

    Raises:
        UsageError: there is no such classifier.
        RecipeError: it cannot be saved with these text rules.
        MissingExtraError: its package is not installed.
    """
    if kind != NETWORK:
        require_classifier(kind)
        require_savable(kind, recipe)


def train_classifier(
    corpus: Corpus, recipe: Recipe, seed: int, kind: str
) -> tuple[Model, tuple[str, ...]]:
    """Check labelled texts, leave empty ones out, and fit a classical classifier on all others.

    Args:
        corpus: labelled texts in any order.
        recipe: its text rules are used.
        seed: decides everything random, >= 0.
        kind: one of CLASSIFIERS.

    Returns:
        The model, and what scikit-learn warned of.

    Raises:
        CorpusError: the texts cannot be trained on.
        UsageError, RecipeError, MissingExtraError: as of `require_trainable`.
    """
    require_trainable(kind, recipe)
    return learn_classifier(trainable(corpus), recipe, seed, kind)
