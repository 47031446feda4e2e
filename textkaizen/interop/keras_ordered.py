"""A network that reads texts in order as a Keras model: the same layers, weights and predictions.

Its input is a row of whole numbers a text, 0 where no word is: `word_numbers` makes it. Where
padding would leave a trace (a bias, a state that goes on) Keras' answers are masked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.interop.keras_models import require_keras
from textkaizen.model import Model
from textkaizen.nets.constants import NORM_EPSILON
from textkaizen.nets.encoders.arrays import EMBEDDING
from textkaizen.nets.encoders.plain import Encoder
from textkaizen.train.batches import sparse

FAR = -1e9


def word_numbers(model: Model, texts: list[str]) -> np.ndarray:
    """Return what the Keras model reads: int32 [texts, words], from 1; 0 is padding.

    Args:
        model: whose network reads in order.
        texts: any; the longest decides how many words there are, at least one.
    """
    rows = sparse(model.vocabulary.bags(texts))
    lengths = np.diff(rows.indptr)
    found = np.zeros((len(texts), max(int(lengths.max(initial=1)), 1)), np.int32)
    found[np.arange(found.shape[1]) < lengths[:, None]] = rows.indices + 1
    return found


def encoder_layers(model: Model) -> tuple[Any, Any]:
    """Return the input of a functional model, and the vector that its hidden layers read.

    Raises:
        UsageError: it is a transformer, which no layer of Keras is equal to.
    """
    keras, encoder = require_keras(), model.networks[0].encoder
    assert encoder is not None
    shape = encoder.shape
    if shape.encoder == "transformer":
        raise UsageError(
            "A Keras model is made of Keras' own layers; none is equal to this transformer's "
            "blocks. Take an embedding, a CNN, an LSTM or a GRU."
        )
    read = keras.Input((None,), dtype="int32", name="words")
    there = keras.ops.expand_dims(keras.ops.not_equal(read, 0), -1)
    table = encoder.arrays[EMBEDDING]
    embedding = keras.layers.Embedding(len(table) + 1, shape.embedding)
    x = embedding(read)
    embedding.set_weights([np.concatenate([np.zeros_like(table[:1]), table])])
    x = _hidden_where(keras, there, x)
    last = None
    for layer in range(shape.encoder_layers if shape.encoder != "embedding" else 0):
        if shape.encoder == "cnn":
            x = _hidden_where(keras, there, _convolved(keras, encoder, layer, (x, there)))
        else:
            x, last = _recurred(keras, encoder, layer, x, keras.ops.squeeze(there, -1))
            x = _hidden_where(keras, there, x)
    return read, _pooled(keras, encoder, x, there, last)


def _hidden_where(keras: Any, there: Any, x: Any) -> Any:
    return x * keras.ops.cast(there, "float32")


def _convolved(keras: Any, encoder: Encoder, layer: int, given: tuple[Any, Any]) -> Any:
    """Convolutions of all widths, normalised where the shape says so, and their ReLU."""
    (x, _), shape, found = given, encoder.shape, []
    for number, width in enumerate(shape.windows):
        own = f"cnn.{layer}.{number}"
        kernel, bias = encoder.arrays[f"{own}.kernel"], encoder.arrays[f"{own}.bias"]
        made = keras.layers.Conv1D(
            shape.encoder_units, width, padding="same", dilation_rate=shape.dilation
        )
        found.append(made(x))
        made.set_weights([kernel.reshape(width, -1, shape.encoder_units), bias])
    x = keras.layers.Concatenate()(found) if len(found) > 1 else found[0]
    if shape.encoder_norm:
        names = ("scale", "shift", "mean", "variance")
        norm = keras.layers.BatchNormalization(epsilon=NORM_EPSILON)
        x = norm(x)
        norm.set_weights([encoder.arrays[f"cnn.{layer}.{name}"] for name in names])
    return keras.layers.Activation("relu")(x)


def _recurred(keras: Any, encoder: Encoder, layer: int, x: Any, there: Any) -> tuple[Any, Any]:
    """States at all words, and the last, of all directions."""
    shape = encoder.shape
    states, lasts = [], []
    for direction in range(shape.directions):
        kind = keras.layers.LSTM if shape.encoder == "lstm" else keras.layers.GRU
        made = kind(
            shape.encoder_units,
            return_sequences=True,
            return_state=True,
            go_backwards=direction == 1,
        )
        all_states, last, *_ = made(x, mask=there)
        made.set_weights(_weights(encoder, f"{shape.encoder}.{layer}.{direction}"))
        states.append(keras.ops.flip(all_states, 1) if direction else all_states)
        lasts.append(last)
    join = lambda parts: keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    return join(states), join(lasts)


def _weights(encoder: Encoder, own: str) -> list[np.ndarray]:
    arrays = encoder.arrays
    bias = arrays[f"{own}.bias"]
    if f"{own}.recurrent_bias" in arrays:
        bias = np.stack([bias, arrays[f"{own}.recurrent_bias"]])
    return [arrays[f"{own}.kernel"], arrays[f"{own}.recurrent"], bias]


def _pooled(keras: Any, encoder: Encoder, x: Any, there: Any, last: Any) -> Any:
    ops, shape = keras.ops, encoder.shape
    counted = ops.cast(there, "float32")
    if shape.pooling == "max":
        largest = ops.max(ops.where(there, x, FAR), axis=1)
        return ops.where(ops.any(there, axis=1), largest, 0.0)
    if shape.pooling == "mean":
        return ops.sum(x, axis=1) / ops.maximum(ops.sum(counted, axis=1), 1.0)
    if shape.pooling == "last":
        return last if last is not None else _last_word(ops, x, counted)
    told = keras.layers.Dense(x.shape[-1], activation="tanh")
    score = keras.layers.Dense(1, use_bias=False)
    scores = ops.where(there, score(told(x)), FAR)
    told.set_weights([encoder.arrays["pool.kernel"], encoder.arrays["pool.bias"]])
    score.set_weights([encoder.arrays["pool.vector"][:, None]])
    return ops.sum(ops.softmax(scores, axis=1) * x, axis=1)


def _last_word(ops: Any, x: Any, counted: Any) -> Any:
    """The last word's vector: where a word is and none follows."""
    behind = ops.concatenate([counted[:, 1:], ops.zeros_like(counted[:, :1])], axis=1)
    return ops.sum(x * counted * (1 - behind), axis=1)
