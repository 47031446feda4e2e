"""What a recipe's values must be: a clause for each that is out of its range."""

from __future__ import annotations

import math
from collections.abc import Iterator

from textkaizen.recipe.choices import CHOICES, PER_HIDDEN_LAYER, PER_LAYER, SHAPE_CHOICES
from textkaizen.recipe.near import near
from textkaizen.recipe.parts import Knobs, Shape, layerwise
from textkaizen.recipe.text import TextRules
from textkaizen.recipe.text_checks import text_problems

# Ranges of numbers: [least, most) where `most` is finite; 0 or more, more than 0, at least 1.
SHARES = (
    "dropout",
    "input_dropout",
    "embedding_dropout",
    "recurrent_dropout",
    "pooled_dropout",
    "label_smoothing",
    "momentum",
    "warmup",
    "average",
    "validation",
)
NOT_NEGATIVE = (
    "slope",
    "input_noise",
    "focal_gamma",
    "mixup",
    "weight_decay",
    "l1",
    "l2",
    "linf",
    "min_delta",
)
POSITIVE = ("initialiser_spread", "learning_rate")
LIMITS = ("clip_norm", "max_norm")
SIZES = ("embedding", "encoder_units", "encoder_layers", "dilation", "heads")
WIDEST_WINDOW = 99
MOST_LAYERS = 20  # a model file must not ask for arrays without end
WHOLE = ("plateau_patience", "epochs")
NETWORKS = ("starts", "ensemble")
MOST_NETWORKS, MOST_MASKS = 100, 10_000  # a model file must not make an answer take for ever


def problems(text: TextRules, shape: Shape, knobs: Knobs) -> Iterator[str]:
    """Yield a clause for each value that is out of its range or contradicts another."""
    yield from text_problems(text)
    yield from _shape_problems(shape)
    yield from _order_problems(text, shape, knobs)
    yield from _choice_problems(knobs)
    yield from _number_problems(knobs)
    yield from _length_problems(knobs, len(shape.hidden))
    yield from _contradictions(knobs, len(shape.hidden))


def _shape_problems(shape: Shape) -> Iterator[str]:
    if any(units < 1 for units in shape.hidden):
        yield f"shape.hidden must hold positive numbers; found {shape.hidden}"
    if shape.batch_size < 0:
        yield f"shape.batch_size must be at least 1, or 0 for all texts; found {shape.batch_size}"
    for name, known in SHAPE_CHOICES.items():
        value = getattr(shape, name)
        if value not in known:
            yield f"shape.{name} must be one of {', '.join(known)}; found {value!r}" + near(
                value, known
            )
    yield from _size_problems(shape)


def _size_problems(shape: Shape) -> Iterator[str]:
    for name in SIZES:
        if getattr(shape, name) < 1:
            yield f"shape.{name} must be at least 1; found {getattr(shape, name)}"
    if shape.encoder_layers > MOST_LAYERS:
        yield f"shape.encoder_layers must be at most {MOST_LAYERS}; found {shape.encoder_layers}"
    if len(shape.windows) > MOST_LAYERS:
        yield f"shape.windows must be at most {MOST_LAYERS} numbers; found {len(shape.windows)}"
    if not shape.windows or not all(1 <= width <= WIDEST_WINDOW for width in shape.windows):
        yield f"shape.windows must hold numbers from 1 to {WIDEST_WINDOW}; found {shape.windows}"
    if shape.directions not in (1, 2):
        yield f"shape.directions must be 1 or 2; found {shape.directions}"
    if shape.encoder == "transformer" and shape.heads >= 1 and shape.embedding % shape.heads:
        yield (
            "shape.embedding of a transformer must be a multiple of shape.heads; found "
            f"{shape.embedding} and {shape.heads}"
        )


def _order_problems(text: TextRules, shape: Shape, knobs: Knobs) -> Iterator[str]:
    if shape.reads_in_order and text.order == "none":
        yield f"shape.encoder = {shape.encoder} needs text.order: words or characters; found none"
    if not shape.reads_in_order and text.order != "none":
        yield f"text.order = {text.order} needs a shape.encoder that reads in order; found bag"
    if not shape.reads_in_order:
        for name in ("embedding_dropout", "pooled_dropout"):
            if getattr(knobs, name):
                yield f"knobs.{name} needs a shape.encoder that reads in order; found bag"
    if shape.word_vectors != "none" and text.order != "words":
        yield (
            f"shape.word_vectors = {shape.word_vectors} needs a network that reads words in order "
            f"(text.order: words); found {text.order}"
        )
    if shape.encoder_norm and shape.encoder != "cnn":
        yield f"shape.encoder_norm belongs to cnn; found {shape.encoder}"
    if knobs.recurrent_dropout and shape.encoder not in ("lstm", "gru"):
        yield f"knobs.recurrent_dropout belongs to lstm and gru; found {shape.encoder}"


def _choice_problems(knobs: Knobs) -> Iterator[str]:
    for name, known in CHOICES.items():
        for value in _values(knobs, name):
            if value not in known:
                yield f"knobs.{name} must be one of {', '.join(known)}; found {value!r}" + near(
                    value, known
                )


def _number_problems(knobs: Knobs) -> Iterator[str]:
    ranges = (
        (SHARES, lambda value: 0 <= value < 1, "at least 0 and less than 1"),
        (NOT_NEGATIVE, lambda value: 0 <= value < math.inf, "0 or more"),
        (POSITIVE, lambda value: 0 < value < math.inf, "more than 0"),
        (LIMITS, lambda value: value > 0, "more than 0 (null is off)"),
        (WHOLE, lambda value: value >= 1, "at least 1"),
        (NETWORKS, lambda value: 1 <= value <= MOST_NETWORKS, f"from 1 to {MOST_NETWORKS}"),
        (("monte_carlo",), lambda value: 0 <= value <= MOST_MASKS, f"from 0 to {MOST_MASKS:,}"),
        (("plateau_factor",), lambda value: 0 < value <= 1, "more than 0 and at most 1"),
        (("patience",), lambda value: value >= 0, "0 or more (null is off)"),
        (("initialiser_mean",), math.isfinite, "a finite number"),
    )
    for names, holds, wanted in ranges:
        for name in names:
            for value in _values(knobs, name):
                if not holds(value):
                    yield f"knobs.{name} must be {wanted}; found {value}"


def _length_problems(knobs: Knobs, hidden: int) -> Iterator[str]:
    for names, layers, which in (
        (PER_HIDDEN_LAYER, hidden, "hidden layers"),
        (PER_LAYER, hidden + 1, "layers, the output among them"),
    ):
        for name in names:
            value = getattr(knobs, name)
            if isinstance(value, tuple) and len(value) != layers:
                yield (
                    f"knobs.{name} must be one value or a list of {layers}, one for each of the "
                    f"{layers} {which}; found {len(value)}"
                )


def _contradictions(knobs: Knobs, hidden: int) -> Iterator[str]:
    if knobs.validation == 0:
        if knobs.patience < math.inf:
            yield "knobs.patience needs a validation share: knobs.validation is 0"
        if knobs.plateau_factor < 1:
            yield "knobs.plateau_factor needs a validation share: knobs.validation is 0"
        if knobs.starts > 1:
            yield "knobs.starts needs a validation share to choose by: knobs.validation is 0"
    if knobs.optimiser == "adamw" and knobs.weight_decay == 0:
        yield "knobs.optimiser adamw is adam with weight_decay > 0 (Keras: 0.004); found 0.0"
    if knobs.optimiser != "sgd" and knobs.nesterov:
        yield f"knobs.nesterov belongs to the optimiser sgd; found {knobs.optimiser}"
    if knobs.optimiser != "sgd" and knobs.momentum:
        yield f"knobs.momentum belongs to the optimiser sgd; found {knobs.optimiser}"
    if knobs.monte_carlo and not any(layerwise(knobs.dropout, hidden)):
        none = "knobs.dropout is 0" if hidden else "there is no hidden layer to drop units of"
        yield f"knobs.monte_carlo averages over masks of dropout: {none}"


def _values(knobs: Knobs, name: str) -> tuple:
    """The values of a knob, one or many."""
    value = getattr(knobs, name)
    return value if isinstance(value, tuple) else (value,)
