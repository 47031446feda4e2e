"""One look at the held-out texts: baseline, adopted recipe and linear models side by side.

Linear models and the baseline network are trained before the first round (the baseline's time
tells what a lane costs); nobody looks at the held-out texts before the last network is trained.
Which of the two linear models the network has to beat is decided on a fifth of the training texts:
chosen by the held-out texts, it would look better than it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from textkaizen.data import hold_out, together
from textkaizen.measure.compare import paired
from textkaizen.measure.intervals import score_interval
from textkaizen.model import Model, learn_linear, learn_model
from textkaizen.recipe import Recipe
from textkaizen.study.advice import advise
from textkaizen.study.course import Means
from textkaizen.study.preparation import Prepared
from textkaizen.study.result import Curve, Finalist, Score
from textkaizen.text.normalise import normalise

LINEAR = ("logistic_regression", "linear_svm")
ORDER = ("baseline", "adopted", *LINEAR)
TRIAL = 0.2  # share of the training texts on which the linear models are compared


class Learnt(NamedTuple):
    """A contender, and how it came to be.

    Args:
        model: trained on all training texts.
        curve: how a network learnt; None of a linear model.
        seconds: training time of a network while it held texts back; None of a linear model.
        trial: accuracy of a linear model on texts kept from it; None of a network.
    """

    model: Model
    curve: Curve | None = None
    seconds: float | None = None
    trial: float | None = None


@runtime_checkable
class Shelf(Protocol):
    """A store that keeps contenders, too, so that a run can go on from there; safe for threads."""

    def find_contender(self, name: str, recipe: Recipe) -> Learnt | None:
        """Return what is kept of a contender."""

    def keep_contender(self, name: str, recipe: Recipe, learnt: Learnt) -> None:
        """Keep a contender; on return it is durable."""


@dataclass(frozen=True)
class Contenders:
    """Trained models by name, before the held-out texts are looked at.

    Args:
        models: what may be used in the end.
        curves: how the networks among them learnt.
        seconds: training time of each that held texts back, as a lane does.
        trial: accuracy of the linear models on training texts that were kept from them for it.
    """

    models: dict[str, Model] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    trial: dict[str, float] = field(default_factory=dict)

    @property
    def yardstick(self) -> str:
        """The better linear model; of equals the first, which has calibrated probabilities."""
        # In a fixed order: that of `trial` is the order in which the fits happened to end.
        return max(LINEAR, key=lambda name: self.trial.get(name, 0.0))

    def joined(self, other: Contenders) -> Contenders:
        """Return both."""
        return Contenders(
            self.models | other.models,
            self.curves | other.curves,
            self.seconds | other.seconds,
            self.trial | other.trial,
        )

    def with_copy(self, name: str, copy: str) -> Contenders:
        """Return these with one of them under a second name."""
        return replace(self, models=self.models | {copy: self.models[name]})


def learn_contenders(
    prepared: Prepared,
    recipes: Mapping[str, Recipe],
    seed: int,
    means: Means,
    linear: bool = False,
) -> Contenders:
    """Train networks by these recipes, and linear models if asked for, on all training texts.

    A network is trained twice: with its validation share held back, which shows how it learns and
    at which epoch it is best, then on all texts for so many epochs; but for one whose rate or start
    is chosen by the texts held back. Linear models hold nothing back either.

    Raises:
        KeyboardInterrupt: training was stopped before its end.
    """
    first = next(iter(recipes.values()))
    jobs = [*recipes.items(), *((name, first) for name in LINEAR if linear)]
    shelf = means.store if isinstance(means.store, Shelf) else None

    def learn(job: tuple[str, Recipe]) -> tuple[str, Learnt]:
        found = shelf.find_contender(*job) if shelf is not None else None
        if found is None:
            found = _learnt(prepared, *job, seed, means)
            if shelf is not None and not means.stopping():
                shelf.keep_contender(*job, found)
        return job[0], found

    contenders = Contenders()
    for name, learnt in means.worker(learn, jobs):
        if means.stopping():
            raise KeyboardInterrupt
        contenders.models[name] = learnt.model
        if learnt.trial is not None:
            contenders.trial[name] = learnt.trial
        if learnt.curve is not None and learnt.seconds is not None:
            contenders.curves[name] = learnt.curve
            contenders.seconds[name] = learnt.seconds
    return contenders


def _learnt(prepared: Prepared, name: str, recipe: Recipe, seed: int, means: Means) -> Learnt:
    """Train one contender: a linear model if that is what its name says, else a network."""
    if name in LINEAR:
        model = learn_linear(prepared.training, recipe, seed, kind=name)
        return Learnt(model, trial=_trial(prepared, recipe, seed, name))
    again = not _is_chosen_by_it(recipe)
    network = lambda recipe: learn_model(
        prepared.training, recipe, seed, means.programs, [means.stopping], means.word_vectors
    )
    with np.errstate(over="ignore", invalid="ignore"):  # it may diverge, as in a round
        model, trained = network(recipe)
        if recipe.knobs.validation and again and not means.stopping():
            model, _ = network(on_all_texts(recipe, trained.best_epoch))
    history = trained.history
    curve = Curve(
        name,
        tuple(history["loss"]),
        tuple(history.get("val_loss", ())),
        tuple(history.get("val_accuracy", ())),
        trained.best_epoch,
        again=again,
    )
    return Learnt(model, curve, trained.seconds)


def _is_chosen_by_it(recipe: Recipe) -> bool:
    """Whether a recipe cannot do without validation texts: its rate or its start hangs on them."""
    return recipe.knobs.plateau_factor < 1 or recipe.knobs.starts > 1


def on_all_texts(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe that trains so many epochs and holds nothing back.

    Source: Goodfellow et al. 2016, Deep learning, algorithm 7.2.
    """
    return recipe.with_knobs(validation=0.0, patience=math.inf, epochs=epochs)


def look_once(prepared: Prepared, contenders: Contenders, seed: int) -> dict[str, Any]:
    """Score every contender on the held-out texts; return the last fields of a `Result`.

    Nothing is looked at while the adopted network is missing (an interrupted run).
    """
    found: dict[str, Any] = {
        "models": contenders.models,
        "curves": tuple(contenders.curves.values()),
        "yardstick": contenders.yardstick,
    }
    if prepared.held_out is None or "adopted" not in contenders.models:
        return found
    held_out, labels = prepared.held_out, prepared.training.classes
    position = {label: number for number, label in enumerate(labels)}
    truth = np.array([position[label] for label in held_out.labels], np.int32)
    with np.errstate(over="ignore", invalid="ignore"):
        predicted = {
            name: contenders.models[name].logits(held_out.texts).argmax(1).astype(np.int32)
            for name in ORDER
            if name in contenders.models
        }
    units = together(held_out, [normalise(text) for text in held_out.texts])
    finalists = tuple(
        _finalist(name, truth, predicted, units, len(labels), seed) for name in predicted
    )
    use, advice = advise(finalists, contenders.yardstick)
    return found | {
        "finalists": finalists,
        "use": use,
        "advice": advice,
        "test_texts": held_out.texts,
        "test_labels": tuple(truth.tolist()),
    }


def _trial(prepared: Prepared, recipe: Recipe, seed: int, kind: str) -> float:
    """Accuracy of a linear model on a fifth of the training texts, learnt from the others."""
    corpus = prepared.training
    units = together(corpus, [normalise(text) for text in corpus.texts])
    held = hold_out(corpus.labels, units, TRIAL, seed)
    if not held.any():
        return 0.0
    judged = corpus.take(np.flatnonzero(held))
    model = learn_linear(corpus.take(np.flatnonzero(~held)), recipe, seed, kind=kind)
    return float(np.mean(np.array(model.predict(judged.texts)) == np.array(judged.labels)))


def _finalist(
    name: str,
    truth: np.ndarray,
    predicted: dict[str, np.ndarray],
    units: np.ndarray,
    classes: int,
    seed: int,
) -> Finalist:
    own = predicted[name]
    scores = {
        metric: Score(*score_interval(metric, truth, own, classes, units=units, seed=seed))
        for metric in ("accuracy", "macro_f1")
    }
    versus = None
    if name != "adopted":
        one_network = np.zeros((1, len(truth)), np.int32)
        versus = paired(
            truth,
            own[None],
            predicted["adopted"][None],
            one_network,
            classes=classes,
            units=units,
            seed=seed,
        )["accuracy"]
    return Finalist(name, versus_adopted=versus, predicted=tuple(own.tolist()), **scores)
