"""`keras.Model.fit` on a dense array, on the backend that KERAS_BACKEND names.

HOW: seed; steps_per_execution, 1 or "epoch"; jit_compile, "auto" or a boolean; input, "arrays" or
"tf.data".
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from exchange import Work, answer, load, timed_epochs


def model_of(work: Work, how: dict[str, Any]) -> Any:
    """Build and compile the network."""
    import keras

    keras.utils.set_random_seed(how["seed"])
    model = keras.Sequential(
        [
            keras.Input((work.bags.shape[1],)),
            keras.layers.Dense(work.units, activation="relu"),
            keras.layers.Dense(work.classes, activation="softmax"),
        ]
    )
    steps = how.get("steps_per_execution", 1)
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        steps_per_execution=-(-len(work.labels) // work.batch_size) if steps == "epoch" else steps,
        jit_compile=how.get("jit_compile", "auto"),
    )
    return model


def train(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train, and return times and what tests it."""
    work = load(task)
    model, bags = model_of(work, how), work.bags.dense()
    given: dict[str, Any] = {"x": bags, "y": work.labels, "batch_size": work.batch_size}
    if how.get("input") == "tf.data":
        import tensorflow

        data = tensorflow.data.Dataset.from_tensor_slices((bags, work.labels))
        data = data.shuffle(len(bags), seed=how["seed"]).batch(work.batch_size)
        given = {"x": data.prefetch(tensorflow.data.AUTOTUNE)}
    found = timed_epochs(work.epochs, lambda epochs: model.fit(**given, epochs=epochs, verbose=0))

    def test() -> dict[str, Any]:
        logits = model.predict(work.test_bags.dense(), verbose=0, batch_size=1024)
        return {"accuracy": work.accuracy(logits.argmax(1))}

    return found, test


if __name__ == "__main__":
    backend = {"jax": ("jax", "jaxlib"), "tensorflow": ("tensorflow-cpu",)}
    answer(("keras", "numpy", *backend[os.environ["KERAS_BACKEND"]]), train)
