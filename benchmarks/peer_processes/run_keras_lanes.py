"""Networks of several recipes by `keras.Model.fit`, one after another, as a tuner trains them.

The last texts of the task's training part are the validation share. HOW: recipes, an object of
knobs (those in KNOBS) by name; held, how many texts are held back; steps_per_execution, jit_compile
and input as in run_keras.py; seed. Every fit is a new model. A fit of one epoch goes before them,
so that what a process does once stands in none of them.
"""

from __future__ import annotations

import math
import os
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from exchange import Work, answer, load

KNOBS = (
    *("activation", "slope", "batch_norm", "dropout", "initialiser", "label_smoothing"),
    *("optimiser", "learning_rate", "momentum", "nesterov", "weight_decay", "schedule"),
    *("plateau_factor", "plateau_patience", "clip_norm", "l1", "l2"),
)
OPTIMISERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
}


def network(knobs: dict[str, Any], features: int, units: int, classes: int) -> keras.Sequential:
    """Build a network of one hidden layer."""
    penalty = keras.regularizers.L1L2(knobs["l1"], knobs["l2"])
    first = {"kernel_initializer": knobs["initialiser"]}
    if knobs["l1"] or knobs["l2"]:
        first["kernel_regularizer"] = penalty
    activation = keras.layers.Activation(knobs["activation"])
    if knobs["activation"] == "leaky_relu":
        activation = keras.layers.LeakyReLU(negative_slope=knobs["slope"])
    layers = [keras.Input((features,)), keras.layers.Dense(units, **first), activation]
    if knobs["batch_norm"] != "none":
        place = {"before": -1, "after": len(layers)}[knobs["batch_norm"]]
        layers.insert(place, keras.layers.BatchNormalization())
    if knobs["dropout"]:
        layers.append(keras.layers.Dropout(knobs["dropout"]))
    return keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax", **first)])


def optimiser(knobs: dict[str, Any], steps: int) -> keras.optimizers.Optimizer:
    """Make the optimiser, with its schedule."""
    rate = knobs["learning_rate"]
    if knobs["schedule"] == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    others: dict[str, Any] = {}
    if knobs["optimiser"] == "sgd":
        others = {"momentum": knobs["momentum"], "nesterov": knobs["nesterov"]}
    if knobs["clip_norm"] is not None:
        others["global_clipnorm"] = knobs["clip_norm"]
    if knobs["weight_decay"]:
        others["weight_decay"] = knobs["weight_decay"]
    return OPTIMISERS[knobs["optimiser"]](learning_rate=rate, **others)


class Trainer:
    """Arrays, and how they are given to fit."""

    def __init__(self, work: Work, how: dict[str, Any]) -> None:
        self.work, self.how = work, how
        bags, held = work.bags.dense(), how["held"]
        self.own = bags[:-held], work.labels[:-held]
        self.held = bags[-held:], work.labels[-held:]
        self.test = work.test_bags.dense()
        self.steps = math.ceil(len(self.own[0]) / work.batch_size)

    def given(self, smoothed: bool) -> dict[str, Any]:
        """Return what fit is given; labels one-hot where they are smoothed."""
        own, held = self.own, self.held
        if smoothed:
            one_hot = np.eye(self.work.classes, dtype=np.float32)
            own, held = (own[0], one_hot[own[1]]), (held[0], one_hot[held[1]])
        size = self.work.batch_size
        if self.how.get("input") != "tf.data":
            return {"x": own[0], "y": own[1], "batch_size": size, "validation_data": held}
        import tensorflow

        data = tensorflow.data.Dataset.from_tensor_slices(own)
        data = data.shuffle(len(own[0]), seed=self.how["seed"]).batch(size)
        other = tensorflow.data.Dataset.from_tensor_slices(held).batch(size).cache()
        ahead = tensorflow.data.AUTOTUNE
        return {"x": data.prefetch(ahead), "validation_data": other.prefetch(ahead)}

    def fit(self, knobs: dict[str, Any], epochs: int) -> tuple[dict[str, float], Any]:
        """Build, compile and train a network; return its times and itself.

        `without_compiling_seconds` is what all epochs would take if the first were like the others.
        """
        begun, ends = time.perf_counter(), []
        keras.utils.set_random_seed(self.how["seed"])
        work, smoothing = self.work, knobs["label_smoothing"]
        model = network(knobs, work.bags.shape[1], work.units, work.classes)
        whole = self.how.get("steps_per_execution") == "epoch"
        model.compile(
            optimiser(knobs, self.steps * work.epochs),
            keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
            if smoothing
            else "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=self.steps if whole else 1,
            jit_compile=self.how.get("jit_compile", "auto"),
        )
        callbacks = [
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
        ]
        if knobs["plateau_factor"] < 1:
            factor, patience = knobs["plateau_factor"], knobs["plateau_patience"]
            callbacks.append(keras.callbacks.ReduceLROnPlateau(factor=factor, patience=patience))
        given = self.given(bool(smoothing))
        model.fit(**given, epochs=epochs, callbacks=callbacks, verbose=0)
        seconds = time.perf_counter() - begun
        rest = (ends[-1] - ends[0]) * epochs / max(epochs - 1, 1)
        return {"seconds": seconds, "without_compiling_seconds": rest}, model

    def accuracy(self, model: Any) -> float:
        """Return the share of test texts that are answered rightly."""
        logits = model.predict(self.test, verbose=0, batch_size=1024)
        return self.work.accuracy(logits.argmax(1))


def train(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train all, and return each one's times and accuracy."""
    work, fits = load(task), {}
    trainer = Trainer(work, how)
    trainer.fit(next(iter(how["recipes"].values())), 1)
    for name, knobs in how["recipes"].items():
        keras.utils.clear_session()
        times, model = trainer.fit(knobs, work.epochs)
        fits[name] = {**times, "accuracy": trainer.accuracy(model)}
    score = sum(one["accuracy"] for one in fits.values()) / len(fits)
    seconds = sum(one["seconds"] for one in fits.values())
    return {"seconds": seconds, "fits": fits}, lambda: {"accuracy": score}


if __name__ == "__main__":
    backend = {"jax": ("jax", "jaxlib"), "tensorflow": ("tensorflow-cpu",)}
    answer(("keras", "numpy", *backend[os.environ["KERAS_BACKEND"]]), train)
