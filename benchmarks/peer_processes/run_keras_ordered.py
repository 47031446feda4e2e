"""`keras.Model.fit` on texts in order, padded to the longest, masked.

HOW: seed; shape, of the encoder; steps_per_execution, 1 or "epoch".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from exchange import Rows, Work, answer, load, timed_epochs


def padded(rows: Rows, words: int) -> np.ndarray:
    """Return whole numbers from 1, [texts, words]; 0 where no word is."""
    lengths = np.minimum(np.diff(rows.indptr), words)
    found = np.zeros((len(lengths), words), np.int32)
    for text, (begin, length) in enumerate(zip(rows.indptr, lengths, strict=False)):
        found[text, :length] = rows.indices[begin : begin + length] + 1
    return found


def model_of(work: Work, words: int, how: dict[str, Any]) -> Any:
    """Build and compile the network."""
    import keras

    keras.utils.set_random_seed(how["seed"])
    shape, layers = how["shape"], keras.layers
    read = keras.Input((words,), dtype="int32")
    is_recurrent = shape["encoder"] in ("lstm", "gru")
    embedding = layers.Embedding(work.bags.shape[1] + 1, shape["embedding"], mask_zero=is_recurrent)
    x = embedding(read)
    if is_recurrent:
        cell = {"lstm": layers.LSTM, "gru": layers.GRU}[shape["encoder"]]
        x = layers.Bidirectional(cell(shape["encoder_units"]))(x)
    else:
        units = shape["encoder_units"]
        found = [
            layers.Conv1D(units, w, padding="same", activation="relu") for w in shape["windows"]
        ]
        x = layers.Concatenate()([layers.GlobalMaxPooling1D()(one(x)) for one in found])
    model = keras.Model(read, layers.Dense(work.classes, activation="softmax")(x))
    steps = how.get("steps_per_execution", 1)
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        steps_per_execution=-(-len(work.labels) // work.batch_size) if steps == "epoch" else steps,
    )
    return model


def train(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train, and return times and what tests it."""
    work = load(task)
    words = int(np.diff(work.bags.indptr).max())
    model, read = model_of(work, words, how), padded(work.bags, words)
    fit = lambda epochs: model.fit(
        read, work.labels, batch_size=work.batch_size, epochs=epochs, verbose=0
    )
    found = timed_epochs(work.epochs, fit)

    def test() -> dict[str, Any]:
        answers = model.predict(padded(work.test_bags, words), verbose=0, batch_size=1024)
        return {"accuracy": work.accuracy(answers.argmax(1))}

    return found, test


if __name__ == "__main__":
    answer(("keras", "numpy", "jax", "jaxlib"), train)
