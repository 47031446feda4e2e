"""Keras' initialisers, penalties, constraints, losses and optimisers -> knobs, and two back.

Which arguments differ from Keras' defaults is told by Keras itself (`get_config`), so that one
that is new there is not left out in silence.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from textkaizen.errors import RecipeError
from textkaizen.interop.keras_models import require_keras
from textkaizen.recipe import OPTIMISERS

INITIALISERS = {
    "GlorotUniform": "glorot_uniform",
    "GlorotNormal": "glorot_normal",
    "HeUniform": "he_uniform",
    "HeNormal": "he_normal",
    "LecunUniform": "lecun_uniform",
    "LecunNormal": "lecun_normal",
    "Orthogonal": "orthogonal",
    "OrthogonalInitializer": "orthogonal",
    "RandomNormal": "normal",
    "RandomUniform": "uniform",
    "TruncatedNormal": "truncated_normal",
}
CLASSES = {name: kind for kind, name in INITIALISERS.items() if kind != "OrthogonalInitializer"}
LOSSES = {
    "CategoricalCrossentropy": "cross_entropy",
    "SparseCategoricalCrossentropy": "cross_entropy",
    "MeanSquaredError": "squared_error",
    "CategoricalHinge": "hinge",
    "CategoricalFocalCrossentropy": "focal",
}
LOSS_READ = {"name", "from_logits", "label_smoothing", "alpha", "gamma"}
READ = {"name", "learning_rate", "weight_decay", "global_clipnorm", "use_ema", "ema_momentum"}


def initialiser_of(layer: Any) -> tuple[str, tuple[float, float] | None]:
    """Return the name of a Dense layer's initialiser, and mean and spread where it has its own."""
    own = layer.kernel_initializer
    name = INITIALISERS.get(type(own).__name__)
    if name is None or getattr(own, "gain", 1.0) != 1.0:
        known = ", ".join(dict.fromkeys(INITIALISERS.values()))
        raise RecipeError(
            f"The layer {layer.name} begins with {type(own).__name__}, which a recipe does not "
            f"know; known are {known} (orthogonal with a gain of 1)."
        )
    if name == "uniform":
        return name, ((own.minval + own.maxval) / 2, (own.maxval - own.minval) / 2)
    if name in ("normal", "truncated_normal"):
        return name, (float(own.mean), float(own.stddev))
    return name, None


def start_of_knobs(name: str, mean: float, spread: float) -> Any:
    """Return Keras' initialiser of a name; mean and spread are of those that are one's own."""
    found = getattr(require_keras().initializers, CLASSES[name])
    if name == "uniform":
        return found(mean - spread, mean + spread)
    return found(mean, spread) if name in ("normal", "truncated_normal") else found()


def penalty_of_knobs(l1: float, l2: float) -> Any | None:
    """Return Keras' penalty, None where both are off."""
    return require_keras().regularizers.L1L2(l1, l2) if l1 or l2 else None


def penalties_of(layer: Any) -> tuple[float, float]:
    """Return l1 and l2 of a Dense layer's weights."""
    keras, own = require_keras(), layer.kernel_regularizer
    kinds = keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2
    if own is not None and type(own) not in kinds:
        raise RecipeError(
            f"The layer {layer.name} has the penalty {type(own).__name__}, which a recipe does not "
            "know; known are L1, L2 and L1L2."
        )
    return _number(getattr(own, "l1", 0.0)), _number(getattr(own, "l2", 0.0))


def max_norm_of(layer: Any) -> float:
    """Return the limit of a Dense layer's incoming weights, infinity where there is none."""
    keras, own = require_keras(), layer.kernel_constraint
    if own is None:
        return math.inf
    if type(own) is not keras.constraints.MaxNorm or own.axis != 0:
        raise RecipeError(
            f"The layer {layer.name} has the constraint {type(own).__name__}, which a recipe does "
            "not know; known is MaxNorm with axis 0."
        )
    return _number(own.max_value)


def loss_of(loss: Any, output: str) -> dict[str, Any]:
    """Return the knobs of a compiled loss.

    Args:
        loss: what `compile` was given: a name, a function or a Loss.
        output: the activation of the last layer.
    """
    name, settings = _loss(loss)
    knobs: dict[str, Any] = {"loss": LOSSES[name]}
    if knobs["loss"] == "focal":
        if settings.get("alpha") != 1:
            raise RecipeError(
                f"The focal loss of a recipe has no factor alpha; found {settings.get('alpha')}. "
                "Compile with keras.losses.CategoricalFocalCrossentropy(alpha=1.0)."
            )
        knobs["focal_gamma"] = _number(settings["gamma"])
    knobs["label_smoothing"] = _number(settings.get("label_smoothing", 0.0))
    raw = settings.get("from_logits", False) or knobs["loss"] == "hinge"
    if output != ("linear" if raw else "softmax"):
        raise RecipeError(
            f"The loss {name} must read {'logits' if raw else 'probabilities'}; the last layer "
            f"ends in {output}. Give it the activation {'linear' if raw else 'softmax'}."
        )
    return knobs


def _loss(loss: Any) -> tuple[str, dict[str, Any]]:
    """Return the name of a loss's class and its settings; a name or function has the defaults."""
    keras = require_keras()
    given = loss
    if not isinstance(loss, keras.losses.Loss):
        function = keras.losses.get(loss) if isinstance(loss, str) else loss
        named = getattr(function, "__name__", str(loss))
        same = [name for name in LOSSES if name.lower() == named.replace("_", "")]
        given = getattr(keras.losses, same[0])() if same else loss
    name = type(given).__name__
    if name not in LOSSES or type(given) is not getattr(keras.losses, name):
        raise RecipeError(
            f"A recipe does not know the loss {loss if isinstance(loss, str) else name}; known are "
            f"{', '.join(LOSSES)}."
        )
    settings, default = given.get_config(), type(given)().get_config()
    other = [key for key in settings if key not in LOSS_READ and settings[key] != default[key]]
    if other:
        told = ", ".join(f"{key}={settings[key]}" for key in other)
        raise RecipeError(f"The loss {name} has settings that a recipe does not know: {told}.")
    return name, settings


def optimiser_of(optimiser: Any) -> dict[str, Any]:
    """Return the knobs of a compiled optimiser."""
    name = type(optimiser).__name__.lower()
    if name not in OPTIMISERS:
        raise RecipeError(
            f"A recipe does not know the optimiser {type(optimiser).__name__}; known are "
            f"{', '.join(OPTIMISERS)}."
        )
    own, default = optimiser.get_config(), type(optimiser)().get_config()
    if not isinstance(own["learning_rate"], (int, float)):
        raise RecipeError(
            "The optimiser must have a number for its learning rate; found a schedule. Compile "
            "with a number, and say schedule: cosine and warmup in the recipe."
        )
    read = READ | ({"momentum", "nesterov"} if name == "sgd" else set())
    other = [key for key in own if key not in read and own[key] != default.get(key)]
    if other:
        told = ", ".join(f"{key}={own[key]}" for key in other)
        raise RecipeError(f"The optimiser {name} has settings that a recipe does not know: {told}.")
    knobs = {"optimiser": name, "learning_rate": _number(own["learning_rate"])}
    knobs["weight_decay"] = _number(own["weight_decay"] or 0.0)
    knobs["clip_norm"] = _number(own["global_clipnorm"] or math.inf)
    knobs["average"] = _number(own["ema_momentum"]) if own["use_ema"] else 0.0
    if name == "sgd":
        knobs |= {"momentum": _number(own["momentum"]), "nesterov": bool(own["nesterov"])}
    return knobs


def _number(value: Any) -> float:
    """The shortest number that is the same in float32: 0.001, not 0.0010000000474974513."""
    return float(str(np.float32(value)))
