"""A sparse matrix that would not fit as a dense array trains a Keras model in little memory."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json, resource
import keras, numpy as np
from scipy.sparse import csr_matrix
from textkaizen.interop.keras import fit, predict

texts, features, classes, words = 20_000, 100_000, 20, 50
rng = np.random.default_rng(0)
labels = rng.integers(0, classes, texts)
# A fifth of a text's words are of its class's own thousand.
ids = rng.integers(0, features, (texts, words))
own = rng.random((texts, words)) < 0.2
ids = np.where(own, labels[:, None] * 1000 + rng.integers(0, 1000, (texts, words)), ids)
rows = np.repeat(np.arange(texts), words)
bags = csr_matrix((np.ones(texts * words, np.float32), (rows, ids.ravel())), (texts, features))

keras.utils.set_random_seed(0)
layers = [keras.layers.Dense(128, "relu"), keras.layers.Dense(classes, "softmax")]
model = keras.Sequential(layers)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = fit(model, bags, labels, epochs=2, batch_size=128, validation_split=0.1, verbose=0)
found = (predict(model, bags).argmax(1) == labels).mean()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({
    "peak_megabytes": peak,
    "dense_megabytes": texts * features * 4 / 2**20,
    "val_accuracy": history.history["val_accuracy"],
    "accuracy": float(found),
}))
"""


@pytest.mark.slow
def test_a_matrix_of_8_gb_trains_in_less_than_2():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    assert found["dense_megabytes"] > 7000
    assert found["peak_megabytes"] < 2000
    # Chance is 0.05; ten words of a text's fifty are its class's (seed 0).
    assert found["val_accuracy"][-1] > 0.5
    assert found["accuracy"] > 0.9
