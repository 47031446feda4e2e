"""The words a recipe may use, in the order in which compiled programs number them."""

from __future__ import annotations

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "tanh", "linear", "gelu", "sigmoid")
BATCH_NORMS = ("none", "before", "after")
CLASS_WEIGHTS = ("none", "balanced")
DROPOUT_KINDS = ("standard", "alpha")
ENCODERS = ("bag", "embedding", "cnn", "lstm", "gru", "transformer")
POOLINGS = ("max", "mean", "last", "attention")
WORD_VECTORS = ("none", "tuned", "frozen")
INITIALISERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "normal",
    "uniform",
    "truncated_normal",
)
LOSSES = ("cross_entropy", "squared_error", "hinge", "focal")
MONITORS = ("val_loss", "val_accuracy")
OPTIMISERS = ("adam", "adamw", "nadam", "sgd", "rmsprop", "adagrad", "adadelta")
SCHEDULES = ("constant", "cosine", "range_test")

CHOICES = {
    "activation": ACTIVATIONS,
    "batch_norm": BATCH_NORMS,
    "class_weights": CLASS_WEIGHTS,
    "dropout_kind": DROPOUT_KINDS,
    "initialiser": INITIALISERS,
    "loss": LOSSES,
    "monitor": MONITORS,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
}

SHAPE_CHOICES = {"encoder": ENCODERS, "pooling": POOLINGS, "word_vectors": WORD_VECTORS}

# Knobs of which a list gives each layer its own: hidden layers only, or the output layer too.
PER_HIDDEN_LAYER = ("activation", "batch_norm", "dropout")
PER_LAYER = ("initialiser", "l1", "l2", "linf")

# What people who come from Keras write -> what it is called here.
FROM_KERAS = {
    "batch_normalization": "batch_norm",
    "class_weight": "class_weights",
    "clipnorm": "clip_norm",
    "ema_momentum": "average",
    "factor": "plateau_factor",
    "global_clipnorm": "clip_norm",
    "kernel_constraint": "max_norm",
    "kernel_initializer": "initialiser",
    "kernel_regularizer": "l1, l2 or linf",
    "layers": "hidden",
    "lr": "learning_rate",
    "negative_slope": "slope",
    "rate": "dropout",
    "restore_best_weights": "patience",
    "stddev": "initialiser_spread",
    "units": "hidden",
    "use_ema": "average",
    "validation_split": "validation",
}
