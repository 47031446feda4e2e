"""A Keras model -> a recipe of its layers, loss and optimiser, or a sentence that says why not.

What a model does not hold (text rules, epochs, validation) keeps the recipe's defaults. Nothing is
left out in silence: an argument that has no knob must have Keras' default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from textkaizen.errors import RecipeError, UsageError
from textkaizen.interop.keras_models import NORM_AXIS, require_keras, require_model
from textkaizen.interop.keras_settings import (
    initialiser_of,
    loss_of,
    max_norm_of,
    optimiser_of,
    penalties_of,
)
from textkaizen.recipe import ACTIVATIONS, Recipe

KNOWN = (
    "Dense, BatchNormalization, Activation, ReLU, LeakyReLU, ELU, Dropout, AlphaDropout and, at "
    "the end, Softmax"
)


@dataclass
class _Block:
    """A Dense layer and what follows it up to the next one.

    Args:
        dense: the layer.
        activation: of ACTIVATIONS, or "softmax".
        slope: of leaky ReLU; None where it is another activation.
        batch_norm, dropout, dropout_kind: as in the knobs.
    """

    dense: Any
    activation: str
    slope: float | None
    batch_norm: str = "none"
    dropout: float = 0.0
    dropout_kind: str | None = None
    norm_layers: list[Any] = field(default_factory=list)


def recipe_from_keras(model: Any) -> Recipe:
    """Return the recipe of a Keras Sequential whose layers are all in the catalogue.

    Args:
        model: a Sequential of Dense, BatchNormalization, activations and Dropout, built or not,
            ending in one unit for each class. If it is compiled, its loss and optimiser are read.

    Raises:
        UsageError: it is no Keras Sequential.
        RecipeError: a layer, an initialiser, a penalty, the loss or the optimiser is none that a
            recipe knows; the message names it and what is known.
        MissingExtraError: Keras is not installed.
    """
    keras = require_keras()
    require_model(model)
    if not isinstance(model, keras.Sequential):
        raise UsageError(
            f"A recipe is a row of layers, so a keras.Sequential is needed; found "
            f"{type(model).__name__}."
        )
    first, layers = _first_dropout(keras, model.layers)
    blocks = _blocks(keras, model, layers)
    *hidden, output = blocks
    recipe = Recipe().with_shape(hidden=tuple(block.dense.units for block in hidden))
    knobs: dict[str, Any] = {"input_dropout": first}
    for name in ("activation", "batch_norm", "dropout"):
        if hidden:
            knobs[name] = _one_or_all([getattr(block, name) for block in hidden])
    slopes = {block.slope for block in hidden if block.slope is not None}
    kinds = {block.dropout_kind for block in hidden if block.dropout_kind is not None}
    knobs["slope"] = _only(slopes, "slope of leaky ReLU", recipe.knobs.slope)
    knobs["dropout_kind"] = _only(kinds, "kind of dropout", "standard")
    knobs |= _weights([block.dense for block in blocks])
    if model.compiled:
        knobs |= loss_of(model.loss, output.activation) | optimiser_of(model.optimizer)
    elif output.activation not in ("softmax", "linear"):
        raise _refused(output.dense, f"it ends in {output.activation}; softmax or linear is known")
    return recipe.with_knobs(**knobs)


def _first_dropout(keras: Any, layers: list[Any]) -> tuple[float, list[Any]]:
    """Return the rate of dropout on the inputs, and the layers after it."""
    # Zeros stay zeros, so dropping inputs is dropping features that a text has.
    if layers and type(layers[0]) is keras.layers.Dropout and layers[0].noise_shape is None:
        return float(layers[0].rate), layers[1:]
    return 0.0, layers


def _blocks(keras: Any, model: Any, layers: list[Any]) -> list[_Block]:
    blocks: list[_Block] = []
    for layer in layers:
        if type(layer) is keras.layers.Dense:
            if blocks and blocks[-1].activation == "softmax":
                raise _refused(layer, "softmax stands before it, and is known at the end only")
            _require_plain(keras, layer)
            blocks.append(_Block(layer, *_activation(keras, layer, layer.activation)))
        elif not blocks:
            raise _refused(layer, f"a Dense layer must come first; known are {KNOWN}")
        else:
            _add(keras, blocks[-1], layer)
    if not blocks:
        raise RecipeError(
            f"A recipe needs a Dense layer with one unit for each class; {model.name} has none."
        )
    output = blocks[-1]
    if output.batch_norm != "none" or output.dropout_kind is not None or output.norm_layers:
        raise _refused(output.dense, "the last layer must not be normalised or dropped")
    return blocks


def _add(keras: Any, block: _Block, layer: Any) -> None:
    """Take in a layer that follows a Dense layer: batch norm, activation, batch norm, dropout."""
    layers = keras.layers
    if block.dropout_kind is not None:
        raise _refused(layer, "dropout stands before it, and is known at the end of a layer only")
    if type(layer) in (layers.Dropout, layers.AlphaDropout):
        if layer.noise_shape is not None:
            raise _refused(layer, "its noise_shape has no knob")
        block.dropout_kind = "standard" if type(layer) is layers.Dropout else "alpha"
        block.dropout = float(layer.rate)
    elif type(layer) is layers.BatchNormalization:
        _require_default_norm(keras, layer)
        if block.norm_layers:
            raise _refused(layer, "a layer is normalised once")
        block.norm_layers.append(layer)
        block.batch_norm = "before" if block.activation == "linear" else "after"
    elif type(layer) in (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU) or (
        type(layer) is layers.Softmax
    ):
        if block.activation != "linear":
            raise _refused(layer, f"{block.activation} stands before it, and one is known")
        block.activation, block.slope = _activation(keras, layer, layer)
    else:
        raise _refused(layer, f"it is a {type(layer).__name__}; known are {KNOWN}")


def _activation(keras: Any, layer: Any, function: Any) -> tuple[str, float | None]:
    """Return the name of an activation, given as function or as layer, and a leaky one's slope."""
    layers = keras.layers
    if type(function) is layers.Activation:
        function = function.activation
    if type(function) is layers.LeakyReLU:
        return "leaky_relu", float(function.negative_slope)
    if type(function) is layers.ReLU:
        if (function.max_value, function.negative_slope, function.threshold) != (None, 0, 0):
            raise _refused(layer, "a ReLU with a limit, a slope or a threshold has no knob")
        return "relu", None
    if type(function) is layers.ELU:
        if function.alpha != 1:
            raise _refused(layer, f"an ELU with alpha {function.alpha} has no knob; 1 is known")
        return "elu", None
    if type(function) is layers.Softmax:
        return "softmax", None
    for name in (*ACTIVATIONS, "softmax"):
        if function is getattr(keras.activations, name):
            return name, 0.2 if name == "leaky_relu" else None  # Keras' slope of the function
    told = getattr(function, "__name__", type(function).__name__)
    raise _refused(layer, f"its activation is {told}; known are {', '.join(ACTIVATIONS)}")


def _weights(layers: list[Any]) -> dict[str, Any]:
    """Return the knobs of the weight matrices: initialisers, penalties, max-norm."""
    knobs: dict[str, Any] = {}
    drawn = [initialiser_of(layer) for layer in layers]
    knobs["initialiser"] = _one_or_all([name for name, _ in drawn])
    own = {given for _, given in drawn if given is not None}
    mean, spread = _only(own, "mean and spread of an initialiser", (0.0, 0.05))
    knobs |= {"initialiser_mean": mean, "initialiser_spread": spread}
    penalties = [penalties_of(layer) for layer in layers]
    knobs["l1"] = _one_or_all([l1 for l1, _ in penalties])
    knobs["l2"] = _one_or_all([l2 for _, l2 in penalties])
    knobs["max_norm"] = _only({max_norm_of(layer) for layer in layers}, "max-norm", math.inf)
    return knobs


def _require_plain(keras: Any, layer: Any) -> None:
    """Require of a Dense layer what a recipe has no knob for."""
    if not layer.use_bias:
        raise _refused(layer, "it has no bias, and every layer of a recipe has one")
    if type(layer.bias_initializer) is not keras.initializers.Zeros:
        raise _refused(layer, "its bias does not start at zero")
    for name in ("bias_regularizer", "bias_constraint", "activity_regularizer", "lora_rank"):
        if getattr(layer, name) is not None:
            raise _refused(layer, f"its {name} has no knob")
    if not layer.trainable:
        raise _refused(layer, "it is frozen, and every layer of a recipe is trained")


def _require_default_norm(keras: Any, layer: Any) -> None:
    if layer.axis == 0:
        raise _refused(layer, NORM_AXIS)
    own, default = layer.get_config(), keras.layers.BatchNormalization().get_config()
    other = [name for name in own if name != "name" and own[name] != default.get(name)]
    if other:
        raise _refused(layer, f"its {', '.join(other)} must be Keras' default")


def _one_or_all(values: list[Any]) -> Any:
    """One value where all are the same, else a tuple with one for each."""
    return values[0] if all(value == values[0] for value in values) else tuple(values)


def _only(values: set[Any], what: str, default: Any) -> Any:
    """The only value there is, the default where there is none."""
    if len(values) > 1:
        told = ", ".join(sorted(str(value) for value in values))
        raise RecipeError(f"A recipe has one {what} for all layers; the model has {told}.")
    return values.pop() if values else default


def _refused(layer: Any, why: str) -> RecipeError:
    return RecipeError(f"The layer {layer.name} cannot be said in a recipe: {why}.")
