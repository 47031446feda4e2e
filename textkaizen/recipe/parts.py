"""Two parts of a recipe: shape and knobs. Defaults follow Keras. Text rules: `text.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from textkaizen.recipe.choices import PER_HIDDEN_LAYER, PER_LAYER


@dataclass(frozen=True)
class Shape:
    """What a compiled program is built for.

    Args:
        hidden: units of each hidden layer, first to last; empty is a linear model.
        batch_size: texts a step; 0 is all of them (full batch).
        encoder: what turns a text into the numbers that the hidden layers read: "bag" sums the rows
            of its features; the others read `text.order` in its order: "embedding" as it stands,
            "cnn" by convolutions, "lstm" and "gru" word after word, "transformer" by attention.
        embedding: numbers of a word (or character), >= 1; of a transformer a multiple of `heads`.
        word_vectors: "tuned" begins with the vectors that a file has of the words, whose numbers
            then take the place of `embedding`, "frozen" keeps all embeddings as they begin.
        encoder_units: filters of each window, or units of each direction, >= 1.
        encoder_layers: convolutions, recurrent layers or transformer blocks on each other, >= 1.
        windows: of "cnn": how many words each of its convolutions sees, 1 to 99 each.
        encoder_norm: of "cnn": batch norm of what each convolution answers, before its activation,
            over the words that are there.
        dilation: of "cnn": distance between the words of a window, >= 1.
        directions: of "lstm" and "gru": 1 reads forwards, 2 backwards as well.
        heads: of "transformer", >= 1.
        pooling: how what was read becomes one vector: the "max" or the "mean" over words, the
            "last" of them, or a weighted mean whose weights are learnt ("attention").
    """

    hidden: tuple[int, ...] = (64,)
    batch_size: int = 32
    encoder: str = "bag"
    embedding: int = 64
    word_vectors: str = "none"
    encoder_units: int = 64
    encoder_layers: int = 1
    windows: tuple[int, ...] = (2, 3, 4)
    encoder_norm: bool = False
    dilation: int = 1
    directions: int = 2
    heads: int = 4
    pooling: str = "max"

    def __post_init__(self) -> None:
        _tuples(self, ("hidden", "windows"))

    @property
    def reads_in_order(self) -> bool:
        """Whether the order of words counts."""
        return self.encoder != "bag"


@dataclass(frozen=True)
class Knobs:
    """Values and choices. "Off" is a value: 0 for rates and penalties, infinity for limits.

    Those marked * are for all layers alike, or a list with one for each: of hidden layers, or,
    marked **, of hidden layers and the output.

    Args:
        activation: * one of ACTIVATIONS, of the hidden layers.
        slope: of leaky ReLU below zero, >= 0 (Keras 2: 0.3).
        batch_norm: * "none", "before" the activation or "after" it.
        dropout: * share of a hidden layer's units dropped in training, 0 <= dropout < 1.
        dropout_kind: "standard", or "alpha", which keeps what SELU normalises.
        monte_carlo: masks of dropout over which a prediction is averaged; 0 predicts with all
            units; at most 10,000.
        input_dropout: share of a text's features dropped in training, 0 <= share < 1.
        input_noise: standard deviation of what is added to a text's non-zeros in training, >= 0.
        embedding_dropout: share of an embedding's numbers dropped in training, the same for all
            words of a text, 0 <= share < 1.
        recurrent_dropout: share of an LSTM's or GRU's state dropped before it is read again, the
            same at all words of a text, 0 <= share < 1.
        pooled_dropout: share of what an encoder hands on dropped in training, 0 <= share < 1.
        initialiser: ** one of INITIALISERS, of the weight matrices; biases start at zero. An
            encoder's matrices follow the first; embeddings are uniform within 0.05, what an LSTM or
            GRU reads again is orthogonal, the bias of an LSTM's forget gate is 1.
        initialiser_mean: of "normal", "truncated_normal" and "uniform".
        initialiser_spread: standard deviation of "normal" and of "truncated_normal" (before it is
            cut at two of them), half the width of "uniform"; > 0.
        loss: one of LOSSES.
        focal_gamma: how much less what is sure already counts in the focal loss, >= 0.
        label_smoothing: share of the target given to all classes alike, 0 <= share < 1.
        class_weights: "none", or "balanced": a class counts as if it had as many texts as others.
        mixup: alpha of the Beta distribution by which pairs of texts are mixed; 0 is off.
        optimiser: one of OPTIMISERS.
        learning_rate: > 0.
        momentum: of "sgd", 0 <= momentum < 1; 0 is plain stochastic gradient descent.
        nesterov: look ahead by the momentum; of "sgd".
        weight_decay: share of each weight that goes at each step, times the learning rate; >= 0.
        schedule: "constant"; "cosine": down to 0 at the last step; or "range_test": from a
            thousandth of the learning rate to a thousand times as much, to see which one suits.
        warmup: share of all steps in which the rate grows from 0, 0 <= share < 1.
        plateau_factor: what the rate is multiplied by when the monitor is no better for
            `plateau_patience` epochs, 0 < factor <= 1; 1 is off.
        plateau_patience: epochs, >= 1.
        clip_norm: largest length of all gradients together, > 0; infinity is off.
        average: decay of the moving average of weights that predicts, 0 <= decay < 1; 0 is off.
        l1: ** adds l1 * sum(|w|) of a weight matrix to the loss.
        l2: ** adds l2 * sum(w ** 2).
        linf: ** adds linf * max(|w|).
        max_norm: largest length of a unit's incoming weights, > 0; infinity is off.
        epochs: the most epochs trained, >= 1.
        validation: share of the training texts held back, drawn stratified, 0 <= share < 1.
        monitor: what early stopping, plateaus and starts go by, one of MONITORS.
        min_delta: the least change that counts as better to early stopping, >= 0.
        patience: epochs without a better value before training stops; infinity is off. When on,
            the weights of the best epoch are restored.
        starts: networks trained from different first weights, of which the best by the monitor is
            kept; 1 is off, at most 100.
        ensemble: networks trained from different first weights whose answers are averaged; 1 is
            off, at most 100.
    """

    activation: str | tuple[str, ...] = "relu"
    slope: float = 0.3
    batch_norm: str | tuple[str, ...] = "none"
    dropout: float | tuple[float, ...] = 0.0
    dropout_kind: str = "standard"
    monte_carlo: int = 0
    input_dropout: float = 0.0
    input_noise: float = 0.0
    embedding_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    pooled_dropout: float = 0.0
    initialiser: str | tuple[str, ...] = "glorot_uniform"
    initialiser_mean: float = 0.0
    initialiser_spread: float = 0.05
    loss: str = "cross_entropy"
    focal_gamma: float = 2.0
    label_smoothing: float = 0.0
    class_weights: str = "none"
    mixup: float = 0.0
    optimiser: str = "adam"
    learning_rate: float = 0.001
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup: float = 0.0
    plateau_factor: float = 1.0
    plateau_patience: int = 5
    clip_norm: float = math.inf
    average: float = 0.0
    l1: float | tuple[float, ...] = 0.0
    l2: float | tuple[float, ...] = 0.0
    linf: float | tuple[float, ...] = 0.0
    max_norm: float = math.inf
    epochs: int = 60
    validation: float = 0.1
    monitor: str = "val_loss"
    min_delta: float = 0.0
    patience: float = math.inf
    starts: int = 1
    ensemble: int = 1

    def __post_init__(self) -> None:
        _tuples(self, (*PER_HIDDEN_LAYER, *PER_LAYER))


def layerwise(value: Any, layers: int) -> tuple:
    """Return a knob's value for each layer.

    Args:
        value: one for all layers, or a tuple with one for each.
        layers: how many there are.

    Example:
        >>> layerwise(0.5, 2), layerwise((0.5, 0.2), 2)
        ((0.5, 0.5), (0.5, 0.2))
    """
    return value if isinstance(value, tuple) else (value,) * layers


def stretched(knobs: Knobs, hidden: int) -> dict[str, Any]:
    """Return the per-layer lists of knobs cut or drawn out to so many hidden layers.

    A list that is too short goes on with its last hidden layer's value; the output layer keeps
    its own.

    Example:
        >>> stretched(Knobs(dropout=(0.5, 0.2), l2=(0.1, 0.0, 0.3)), 3)
        {'dropout': (0.5, 0.2, 0.2), 'l2': (0.1, 0.0, 0.0, 0.3)}
    """
    found = {}
    for name in (*PER_HIDDEN_LAYER, *PER_LAYER):
        value = getattr(knobs, name)
        if isinstance(value, tuple):
            inner, last = (value[:-1], value[-1:]) if name in PER_LAYER else (value, ())
            inner = (inner or last or (getattr(Knobs(), name),))[:hidden]
            found[name] = inner + inner[-1:] * (hidden - len(inner)) + last
    return found


def _tuples(part: Any, names: tuple[str, ...]) -> None:
    """Turn lists into tuples, so that a recipe can be a key."""
    for name in names:
        if isinstance(getattr(part, name), list):
            object.__setattr__(part, name, tuple(getattr(part, name)))
