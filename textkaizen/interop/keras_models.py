"""Is Keras there, and can this model be trained here? A sentence where not.

Keras is an extra and is imported in functions only, so that every file of this folder can be
imported without it. It must compute with JAX: its own steps then become part of our programs.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from textkaizen.errors import MissingExtraError, UsageError, listed

NORM_AXIS = (
    "BatchNormalization(0.5), which some textbooks print, sets no rate: its first argument is the "
    "axis, and a number below 1 becomes axis 0, the texts of a batch. Write BatchNormalization()"
)


def require_keras() -> ModuleType:
    """Return the module `keras`, computing with JAX.

    Raises:
        MissingExtraError: Keras is not installed.
        UsageError: it computes with something else than JAX.
    """
    try:
        import keras
    except ImportError as error:
        raise MissingExtraError(
            "Training a Keras model needs a part that is not installed: keras. Install it: "
            'pip install "textkaizen[keras]"'
        ) from error
    if keras.backend.backend() != "jax":
        raise UsageError(
            f"Keras must compute with JAX here; found the backend {keras.backend.backend()}. Set "
            "the environment variable KERAS_BACKEND to jax before Keras is first imported."
        )
    return keras


def require_model(model: Any) -> None:
    """Require a Keras model.

    Raises:
        UsageError: it is something else.
    """
    keras = require_keras()
    if not isinstance(model, keras.Model):
        raise UsageError(
            f"A Keras model is needed (keras.Sequential or keras.Model); found "
            f"{type(model).__name__}."
        )


def require_trainable(model: Any) -> None:
    """Require a model whose epochs can be compiled as a whole.

    Raises:
        UsageError: it is no Keras model, is not compiled, runs eagerly or without jit, carries
            states of an RNN from batch to batch, is spread over devices, or normalises over the
            axis of texts.
    """
    keras = require_keras()
    require_model(model)
    if not model.compiled:
        raise UsageError(
            f"The model must be compiled before it is trained; {model.name} is not. Call "
            'model.compile(loss=..., optimizer="adam") first.'
        )
    if model.run_eagerly or not model.jit_compile:
        told = "run_eagerly=True" if model.run_eagerly else "jit_compile=False"
        raise UsageError(
            f"An epoch is one compiled call here; {model.name} was compiled with {told}. Compile "
            "it without, or debug it with its own fit."
        )
    if keras.distribution.distribution() is not None:
        raise UsageError(
            "A model is trained on one device here; found a keras.distribution. Train it with "
            "its own fit, or take the distribution away."
        )
    _require_layers(keras, model)


def layers_of(model: Any) -> list[Any]:
    """Return all layers of a model, those within layers too; the model itself is not among them."""
    return list(model._flatten_layers(include_self=False))


def has_own_steps(model: Any) -> bool:
    """Say whether a model's class computes steps, losses or metrics in its own way."""
    keras = require_keras()
    names = ("train_step", "test_step", "compute_loss", "compute_metrics")
    return any(getattr(type(model), name) is not getattr(keras.Model, name) for name in names)


def has_own_call(model: Any) -> bool:
    """Say whether a model computes its predictions in another way than from layer to layer."""
    call = type(model).call
    return "call" in vars(model) or not call.__module__.startswith("keras.src.models.")


def _require_layers(keras: ModuleType, model: Any) -> None:
    layers = layers_of(model)
    stateful = [layer.name for layer in layers if getattr(layer, "stateful", False) is True]
    if stateful:
        raise UsageError(
            "A layer must begin each batch afresh here, because texts are shuffled; stateful=True "
            f"have: {listed(stateful)}. Leave stateful out, or train with the model's own fit."
        )
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    wrong = [layer.name for layer in norms if layer.axis == 0]
    if wrong:
        raise UsageError(
            f"Batch normalisation must be over features; over axis 0 are: {listed(wrong)}. "
            f"{NORM_AXIS}."
        )
