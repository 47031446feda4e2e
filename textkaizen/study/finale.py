"""One look at the held-out texts: baseline, adopted recipe and linear models side by side.

Linear models and the baseline network are trained before the first round (the baseline's time
tells what a lane costs); nobody looks at the held-out texts before the last network is trained.
The advice names one model. A network that is not shown to be better than a linear model is not
recommended over it: the linear one is simpler, smaller and quicker to train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from textkaizen.measure.compare import Difference, paired
from textkaizen.measure.intervals import score_interval
from textkaizen.model import Model, learn_linear, learn_model
from textkaizen.recipe import Recipe
from textkaizen.study.preparation import Prepared
from textkaizen.study.result import Curve, Finalist, Score
from textkaizen.study.rounds import Means

LINEAR = {"logistic_regression": "logistic regression", "linear_svm": "the linear SVM"}
ORDER = ("baseline", "adopted", *LINEAR)


@dataclass(frozen=True)
class Contenders:
    """Trained models by name, before the held-out texts are looked at.

    Args:
        models: what may be used in the end.
        curves: how the networks among them learnt.
        seconds: training time of each.
    """

    models: dict[str, Model] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def joined(self, other: Contenders) -> Contenders:
        """Return both."""
        return Contenders(
            self.models | other.models, self.curves | other.curves, self.seconds | other.seconds
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
    """Train networks by these recipes on all training texts, and linear models if asked for.

    Raises:
        KeyboardInterrupt: training was stopped before its end.
    """
    first = next(iter(recipes.values()))
    jobs = [*recipes.items(), *((name, first) for name in LINEAR if linear)]

    def learn(job: tuple[str, Recipe]):
        name, recipe = job
        if name in LINEAR:
            return name, learn_linear(prepared.training, recipe, seed, kind=name), None
        model, trained = learn_model(
            prepared.training, recipe, seed, programs=means.programs, callbacks=[means.stopping]
        )
        return name, model, trained

    contenders = Contenders()
    for name, model, trained in means.worker(learn, jobs):
        if means.stopping():
            raise KeyboardInterrupt
        contenders.models[name] = model
        if trained is not None:
            history = trained.history
            contenders.seconds[name] = trained.seconds
            contenders.curves[name] = Curve(
                name,
                tuple(history["loss"]),
                tuple(history.get("val_loss", ())),
                tuple(history.get("val_accuracy", ())),
                trained.best_epoch,
            )
    return contenders


def look_once(prepared: Prepared, contenders: Contenders, seed: int) -> dict[str, Any]:
    """Score every contender on the held-out texts; return the last fields of a `Result`.

    Nothing is looked at while the adopted network is missing (an interrupted run).
    """
    found: dict[str, Any] = {
        "models": contenders.models,
        "curves": tuple(contenders.curves.values()),
    }
    if prepared.held_out is None or "adopted" not in contenders.models:
        return found
    held_out, labels = prepared.held_out, prepared.training.classes
    position = {label: number for number, label in enumerate(labels)}
    truth = np.array([position[label] for label in held_out.labels], np.int32)
    predicted = {
        name: contenders.models[name].logits(held_out.texts).argmax(1).astype(np.int32)
        for name in ORDER
        if name in contenders.models
    }
    finalists = tuple(_finalist(name, truth, predicted, len(labels), seed) for name in predicted)
    return found | {
        "finalists": finalists,
        "advice": advice(finalists),
        "test_texts": held_out.texts,
        "test_labels": tuple(truth.tolist()),
    }


def advice(finalists: tuple[Finalist, ...]) -> str:
    """Say which model to use, and why, in two sentences."""
    by_name = {finalist.name: finalist for finalist in finalists}
    linear = max((by_name[name] for name in LINEAR), key=lambda f: f.accuracy.value)
    name, gap = LINEAR[linear.name], linear.versus_adopted
    baseline = by_name["baseline"].versus_adopted
    texts = len(linear.predicted)
    if gap.low > 0:
        which = "Use the adopted network"
        why = f"it is better than the best linear model, {name}, by {_points(gap)} of accuracy"
    elif gap.high < 0:
        which = f"Use {name}"
        why = f"it is better than the adopted network by {_points(_mirrored(gap))} of accuracy"
    else:
        which = f"Use {name}"
        why = (
            f"the adopted network is not shown to be better (by {_points(gap)} of accuracy on "
            f"{texts} held-out texts), and a linear model is simpler"
        )
    if by_name["adopted"].predicted == by_name["baseline"].predicted:
        kept = "Nothing that was adopted changes an answer of the baseline network."
    else:
        kept = f"Against the baseline network the adopted one differs by {_points(baseline)}."
    return f"{which}: {why}. {kept}"


def _finalist(
    name: str, truth: np.ndarray, predicted: dict[str, np.ndarray], classes: int, seed: int
) -> Finalist:
    own = predicted[name]
    scores = {
        metric: Score(*score_interval(metric, truth, own, classes, seed=seed))
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
            seed=seed,
        )["accuracy"]
    return Finalist(name, versus_adopted=versus, predicted=tuple(own.tolist()), **scores)


def _mirrored(gap: Difference) -> Difference:
    return replace(gap, value=-gap.value, low=-gap.high, high=-gap.low)


def _points(gap: Difference) -> str:
    low, high = 100 * gap.low, 100 * gap.high
    return f"{100 * gap.value:+.1f} points [{low:+.1f}, {high:+.1f}]"
