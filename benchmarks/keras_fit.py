"""A Keras model through our fit beside its own, on the JAX backend: 100 epochs, batches of 32.

    python -m benchmarks.keras_fit [--quick] [--out FOLDER]

In each of five rounds every program trains once, one after another, each on a model of its own
that is set back to its first weights. All are timed after a first epoch, which holds the compiling
and is shown. Keras' own fit is timed with several `steps_per_execution`; ratios are to the setting
with the lowest median, round by round. Rows are ordered once, and both programs hold back the
last ones: the same rows are trained on and judged by.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

from benchmarks.rounds import Size, size_asked, write_result
from benchmarks.tasks import RULES, Task, requests, zipf
from textkaizen.data import hold_out

FEATURES, EPOCHS, BATCH_SIZE, SHARE = 3000, 100, 32, 0.1
SHIFT = 1e-3  # added to every number of the array without zeros, the tests' too
STEPS_PER_EXECUTION = (1, 4, 29)  # 29 are an epoch
SHAPES = {"one hidden layer of 32": (32,), "three of 128, batch norm, dropout": (128, 128, 128)}


def bags_task(size: Size) -> Task:
    """Words and word pairs of requests, cut to the most frequent features.

    Its rows are shuffled, with a share of each class at the end: those are held back.
    """
    if size.quick:
        return zipf(200, 500, epochs=3)
    work = requests(RULES["words and word pairs"], FEATURES)
    order = np.random.default_rng(0).permutation(len(work.labels))
    held = hold_out(work.labels.tolist(), np.arange(len(order)), SHARE, seed=0)
    order = order[np.argsort(held[order], kind="stable")]
    return replace(work, bags=work.bags[order], labels=work.labels[order], epochs=EPOCHS)


class Trainer:
    """One compiled model that is set back to its first weights before each training.

    Args:
        work: what is trained on, and the bags that it is tested on.
        hidden: units of each hidden layer.
        steps_per_execution: of Keras' own fit.
        shift: added to the bags of the tests, as to those that are trained on.
    """

    def __init__(
        self,
        work: Task,
        hidden: tuple[int, ...],
        steps_per_execution: int = 1,
        shift: float = 0.0,
    ) -> None:
        import keras

        keras.utils.set_random_seed(0)
        layers: list[Any] = []
        for units in hidden:
            layers.append(keras.layers.Dense(units, activation="relu"))
            if len(hidden) > 1:
                layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
        layers.append(keras.layers.Dense(work.classes, activation="softmax"))
        self.model = keras.Sequential([keras.Input((work.bags.shape[1],)), *layers])
        self.model.compile(
            "adam", "sparse_categorical_crossentropy", steps_per_execution=steps_per_execution
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self.variables = self.model.variables + self.model.optimizer.variables
        self.first = [np.asarray(variable.value) for variable in self.variables]
        self.test = work.test_bags.toarray() + np.float32(shift), work.test_labels
        self.epochs, self.first_epoch_seconds = work.epochs, 0.0

    def __call__(self, train: Callable[..., Any], **how: Any) -> tuple[float, float]:
        """Train from the first weights; return seconds after a first epoch, and accuracy."""
        begun = time.perf_counter()
        train(epochs=1, batch_size=BATCH_SIZE, verbose=0, **how)
        self.first_epoch_seconds = self.first_epoch_seconds or time.perf_counter() - begun
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)
        begun = time.perf_counter()
        train(epochs=self.epochs, batch_size=BATCH_SIZE, verbose=0, **how)
        seconds = time.perf_counter() - begun
        found = self.model.predict(self.test[0], verbose=0, batch_size=1024).argmax(1)
        return seconds, float((found == self.test[1]).mean())


def measure(work: Task, hidden: tuple[int, ...], share: float, rounds: int) -> dict[str, Any]:
    """Time every program so many times, taking turns."""
    from textkaizen.interop.keras import fit

    bags = work.bags.toarray()
    inputs = {
        "dense array without zeros": bags + np.float32(SHIFT),
        "dense array of bags": bags,
        "CSR matrix": work.bags,
    }
    how = {"validation_split": share}
    shifts = {"dense array without zeros": SHIFT}
    ours = {name: Trainer(work, hidden, shift=shifts.get(name, 0.0)) for name in inputs}
    theirs = {steps: Trainer(work, hidden, steps) for steps in STEPS_PER_EXECUTION}
    seconds: dict[str, list[float]] = {}
    scores: dict[str, list[float]] = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}: {hidden}, held back {share:g}", flush=True)
        for steps, trainer in theirs.items():
            train = lambda own=trainer, **more: own.model.fit(bags, work.labels, **more)
            taken, score = trainer(train, **how)
            _note(seconds, scores, f"Keras fit, steps_per_execution {steps}", taken, score)
        for name, trainer in ours.items():
            x = inputs[name]
            train = lambda own=trainer, x=x, **more: fit(own.model, x, work.labels, **more)
            taken, score = trainer(train, seed=number, split="last rows", **how)
            _note(seconds, scores, f"textkaizen fit, {name}", taken, score)
    first = {
        "textkaizen fit": ours["CSR matrix"].first_epoch_seconds,
        "Keras fit": theirs[1].first_epoch_seconds,
    }
    return _summary(seconds, scores) | {"first_epoch_seconds": first}


def _summary(seconds: dict[str, list[float]], scores: dict[str, list[float]]) -> dict[str, Any]:
    """Return medians, fastest rounds, and ratios to the best of Keras' own programs."""
    peers = [name for name in seconds if name.startswith("Keras")]
    best = min(peers, key=lambda name: statistics.median(seconds[name]))
    ratios = {
        name.removeprefix("textkaizen fit, "): np.divide(seconds[best], values).tolist()
        for name, values in seconds.items()
        if name not in peers
    }
    return {
        "seconds": {
            name: {"median": statistics.median(values), "min": min(values)}
            for name, values in seconds.items()
        },
        "accuracy": {name: statistics.median(values) for name, values in scores.items()},
        "times_faster": {name: statistics.median(values) for name, values in ratios.items()},
    }


def _note(seconds, scores, name: str, taken: float, score: float) -> None:
    seconds.setdefault(name, []).append(taken)
    scores.setdefault(name, []).append(score)


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    work = bags_task(size)
    shapes = dict(list(SHAPES.items())[:1]) if size.quick else SHAPES
    found: dict[str, Any] = {
        "texts": work.bags.shape[0],
        "features": work.bags.shape[1],
        "non_zeros_a_text": round(work.bags.nnz / work.bags.shape[0], 1),
        "tasks": {
            f"{name}, {'a validation share' if share else 'nothing held back'}": measure(
                work, hidden, share, size.rounds
            )
            for name, hidden in shapes.items()
            for share in (0.0, SHARE)
        },
    }
    write_result(size, "keras_fit", found)


if __name__ == "__main__":
    main()
