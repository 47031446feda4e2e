"""One hidden layer on the same bags by our loop, by Keras and by scikit-learn; a trainer each.

A trainer is made once (data laid out, model compiled where that can be kept) and then called with a
seed: it trains and returns test accuracy. All train the same number of epochs with Adam at 0.001.
"""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Task:
    """What is to be learnt: bags and labels, hidden units, epochs, batch size."""

    bags: csr_matrix
    labels: np.ndarray
    test_bags: csr_matrix
    test_labels: np.ndarray
    classes: int
    units: int = 32
    epochs: int = 100
    batch_size: int = 32


class Ours:
    """textkaizen's loop; one network in one thread, or lanes in threads."""

    def __init__(self, task: Task) -> None:
        from textkaizen.recipe import Recipe
        from textkaizen.train.lanes import Lane, wanted_room
        from textkaizen.train.programs import Programs

        self.task, self.programs = task, Programs()
        recipe = Recipe().with_shape(hidden=(task.units,), batch_size=task.batch_size)
        self.recipe = recipe.with_knobs(epochs=task.epochs, validation=0.0)
        # As in a study, lanes share a program: its sizes are found out once.
        self.room = wanted_room(Lane(self.recipe, task.bags, task.labels, task.classes, seed=0))
        begun = time.perf_counter()
        self._train(0, epochs=1)
        self.first_epoch_seconds = time.perf_counter() - begun

    def __call__(self, seed: int) -> float:
        """Train one network."""
        return self._train(seed, self.task.epochs)

    def lanes(self, seeds: range) -> list[float]:
        """Train networks on all cores."""
        from textkaizen.workers.threads import Threads

        return list(Threads()(self, seeds))

    def _train(self, seed: int, epochs: int) -> float:
        from textkaizen.nets.plain import logits
        from textkaizen.train.lanes import Lane, train

        task = self.task
        recipe = self.recipe.with_knobs(epochs=epochs)
        lane = Lane(recipe, task.bags, task.labels, task.classes, seed, room=self.room)
        network = train(lane, self.programs).network
        return float((logits(network, task.test_bags).argmax(1) == task.test_labels).mean())


class Keras:
    """`keras.Model.fit` with its JAX backend on dense input, compiled before it is timed."""

    def __init__(self, task: Task, steps_per_execution: int = 1) -> None:
        self.task, self.steps = task, steps_per_execution
        self.x, self.test_x = task.bags.toarray(), task.test_bags.toarray()
        self.first_epoch_seconds = 0.0

    def __call__(self, seed: int) -> float:
        """Train one network; only what follows its first epoch is timed by `seconds`."""
        import keras

        task = self.task
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [
                keras.Input((task.bags.shape[1],)),
                keras.layers.Dense(task.units, activation="relu"),
                keras.layers.Dense(task.classes, activation="softmax"),
            ]
        )
        model.compile(
            optimizer="adam",
            loss="sparse_categorical_crossentropy",
            steps_per_execution=self.steps,
        )
        how = {"batch_size": task.batch_size, "verbose": 0}
        begun = time.perf_counter()
        model.fit(self.x, task.labels, epochs=1, **how)
        self.first_epoch_seconds = time.perf_counter() - begun
        begun = time.perf_counter()
        model.fit(self.x, task.labels, epochs=task.epochs, **how)
        self.seconds = time.perf_counter() - begun
        found = model.predict(self.test_x, verbose=0, batch_size=1024).argmax(1)
        return float((found == task.test_labels).mean())


class ScikitLearn:
    """`MLPClassifier` on sparse input."""

    def __init__(self, task: Task) -> None:
        self.task, self.first_epoch_seconds = task, 0.0

    def __call__(self, seed: int) -> float:
        """Train one network."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        task = self.task
        model = MLPClassifier(
            (task.units,),
            alpha=0.0,
            batch_size=task.batch_size,
            max_iter=task.epochs,
            n_iter_no_change=task.epochs + 1,
            tol=0.0,
            random_state=seed,
        )
        begun = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(task.bags, task.labels)
        self.seconds = time.perf_counter() - begun
        return float((model.predict(task.test_bags) == task.test_labels).mean())
