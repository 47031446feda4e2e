"""A textkaizen model as a Keras model: the same layers, the same weights, the same predictions.

Layers are written out one by one (Dense, BatchNormalization, Activation, Dropout), so that what
comes out reads like a textbook and can be trained further.

Rejected: an average of an ensemble's members as one functional model (its input would go into
several layers, and no sparse row could be read any more).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.interop.keras_models import require_keras
from textkaizen.interop.keras_ordered import encoder_layers
from textkaizen.interop.keras_settings import penalty_of_knobs, start_of_knobs
from textkaizen.model import Model
from textkaizen.nets.constants import NORM_EPSILON, NORM_MOMENTUM
from textkaizen.recipe import Knobs, layerwise


def to_keras(model: Model) -> Any:
    """Return a Keras model with the same predictions: Sequential on bags.

    Its input is a row of `model.vocabulary.bags(texts)`, its output the probabilities of
    `model.labels`; `interop.keras.predict` reads the bags as they are, sparse. A network that reads
    texts in order becomes a functional model whose input is `keras_ordered.word_numbers`. Dropout
    of hidden layers stands where
    the recipe has it and is off in prediction. Initialisers, l1, l2 and max-norm of a network's
    recipe are in the Dense layers, for a training that goes on; linf, and whatever does not belong
    to a layer (dropout on the input, loss, optimiser), is not carried over. The model is not
    compiled.

    Args:
        model: a network or a linear model (naive Bayes is one).

    Raises:
        UsageError: it is another classifier, an ensemble, a transformer, or averages its answers
            over dropout masks.
        MissingExtraError: Keras is not installed.
    """
    keras, knobs = require_keras(), model.recipe.knobs
    if model.classifier is not None:
        raise UsageError(
            f"A Keras model is made of layers; this model is a {model.kind.replace('_', ' ')}. "
            "Take a network, naive Bayes or a linear model."
        )
    if len(model.networks) > 1:
        raise UsageError(
            f"One network becomes one Keras model; this model has {len(model.networks)} whose "
            "answers are averaged. Take one: dataclasses.replace(model, others=())."
        )
    if knobs.monte_carlo:
        raise UsageError(
            "A Keras model predicts with all units; this model averages over "
            f"{knobs.monte_carlo} dropout masks. Take model.with_masks(0)."
        )
    network, hidden = model.networks[0], len(model.networks[0].norms)
    norms = layerwise(network.batch_norm, hidden)
    activations = layerwise(network.activation, hidden)
    rates = layerwise(knobs.dropout, hidden)
    made, weights = [], []
    for number, norm in enumerate(network.norms):
        made.append(_dense(keras, model, number))
        weights += [network.kernels[number], network.biases[number]]
        for kind in ("before", "activation", "after"):
            if kind == "activation":
                made += _activation(keras, activations[number], network.slope)
            elif kind == norms[number]:
                made.append(_norm(keras))
                weights += list(norm)
        made += _dropout(keras, knobs.dropout_kind, rates[number])
    made.append(_dense(keras, model, hidden, activation="softmax"))
    weights += [network.kernels[-1], network.biases[-1]]
    return _with_input(keras, model, made, weights)


def _with_input(keras: Any, model: Model, made: list[Any], weights: list[np.ndarray]) -> Any:
    """Return a model of these layers, their weights set."""
    if model.networks[0].encoder is None:
        found = keras.Sequential([keras.Input((model.networks[0].kernels[0].shape[0],)), *made])
        # Seeds of dropout are variables, too, but no weights.
        found.set_weights([np.asarray(one) for one in weights])
        return found
    read, x = encoder_layers(model)
    for layer in made:
        x = layer(x)
    begin = 0
    for layer in made:
        if not isinstance(layer, (keras.layers.Dropout, keras.layers.AlphaDropout)):
            end = begin + len(layer.weights)
            layer.set_weights([np.asarray(one) for one in weights[begin:end]])
            begin = end
    return keras.Model(read, x)


def _dense(keras: Any, model: Model, number: int, **more: Any) -> Any:
    """Return a Dense layer with what the recipe says of its weights; a linear model has none."""
    kernels = model.networks[0].kernels
    knobs = model.recipe.knobs if model.kind == "network" else Knobs()
    start, l1, l2 = (
        layerwise(value, len(kernels))[number] for value in (knobs.initialiser, knobs.l1, knobs.l2)
    )
    limit = knobs.max_norm
    return keras.layers.Dense(
        kernels[number].shape[1],
        kernel_initializer=start_of_knobs(start, knobs.initialiser_mean, knobs.initialiser_spread),
        kernel_regularizer=penalty_of_knobs(l1, l2),
        kernel_constraint=None if math.isinf(limit) else keras.constraints.MaxNorm(limit, axis=0),
        **more,
    )


def _norm(keras: Any) -> Any:
    return keras.layers.BatchNormalization(momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON)


def _activation(keras: Any, name: str, slope: float) -> list[Any]:
    if name == "linear":
        return []
    if name == "leaky_relu":
        return [keras.layers.LeakyReLU(negative_slope=slope)]
    return [keras.layers.Activation(name)]


def _dropout(keras: Any, kind: str, rate: float) -> list[Any]:
    if rate == 0:
        return []
    layer = keras.layers.AlphaDropout if kind == "alpha" else keras.layers.Dropout
    return [layer(rate)]
