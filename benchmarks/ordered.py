"""Networks that read in order on `snips`: seconds an epoch beside Keras' `fit` on JAX.

    python -m benchmarks.ordered [--quick] [--out FOLDER]

A bidirectional LSTM of 128 units (its last states) and a CNN of 128 filters of 3, 4 and 5 words,
both on embeddings of 128, Adam, batches of 32. Both programs read the same words of the same
texts, 99 of 100 of them whole. Every program runs in a process of its own, once a round; the
first epoch, which compiles, is not counted. Keras uses all cores by itself; ours one thread a
network, and, among lanes, all cores with a network each.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.facts import dataset
from benchmarks.processes import KERAS, Program, ask, there
from benchmarks.rounds import Notes, Size, best_variants, size_asked, write_result
from benchmarks.tasks import Task, drawn_words, written
from textkaizen.data import Corpus, canonical
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import Recipe
from textkaizen.text.features import Texts

SHAPES = {
    "LSTM, both ways, 128": {
        "encoder": "lstm",
        "embedding": 128,
        "encoder_units": 128,
        "pooling": "last",
    },
    "CNN, 128 filters of 3, 4 and 5": {
        "encoder": "cnn",
        "embedding": 128,
        "encoder_units": 128,
        "windows": [3, 4, 5],
    },
}
EPOCHS, LANES = 3, 2
ONE, AMONG = "textkaizen, one network", "textkaizen, a network among lanes"
OURS = Program(ONE, "run_ordered.py")
PEER = Program(
    "Keras fit (JAX)", "run_keras_ordered.py", variants=KERAS, environment={"KERAS_BACKEND": "jax"}
)


def task(size: Size) -> Task:
    """Return the texts in their order."""
    if size.quick:
        words, labels = drawn_words(300, 200, seed=0, classes=4)
        train = Corpus(tuple(written(words)), tuple(f"c{label}" for label in labels))
        test = train
    else:
        columns = Columns("text", "label", None)
        train, test = (load_corpus(dataset("snips", part), columns) for part in ("train", "test"))
    train, test = canonical(train), canonical(test)
    both = Corpus(train.texts + test.texts, train.labels + test.labels)
    number = {label: place for place, label in enumerate(train.classes)}
    labels = np.array([number[label] for label in both.labels], np.int32)
    own, rest = np.arange(len(train)), np.arange(len(train), len(both))
    rules = Recipe().changed({"order": "words"}, {"encoder": "cnn"}).text
    features = Texts(both.texts).learn(rules, own, labels[own], 0)
    parts = features.bags(own), labels[own], features.bags(rest), labels[rest]
    return Task(*parts, len(train.classes), epochs=2 if size.quick else EPOCHS)


def measure(size: Size) -> dict[str, Any]:
    """Time every program, taking turns."""
    work, found, lanes = task(size), {}, 2 if size.quick else LANES
    peers = there([PEER])
    with tempfile.TemporaryDirectory() as place:
        path = work.save(Path(place) / "task.npz")
        for name, shape in SHAPES.items():
            notes, best = Notes(), {}
            for peer in peers:
                best[peer.name] = next(iter(peer.variants))
                if not size.quick:
                    tried, _ = best_variants(peer, partial(ask, task=path, seed=0, shape=shape))
                    best[peer.name] = tried["seconds"]
            for number in range(size.rounds):
                print(f"{name}: round {number + 1} of {size.rounds}", flush=True)
                how = {"seed": number, "shape": shape}
                if answer := ask(OURS, path, **how):
                    notes.add(ONE, answer)
                if answer := ask(OURS, path, lanes=lanes, **how):
                    notes.add(AMONG, answer)
                for peer in peers:
                    if answer := ask(peer, path, **how, **peer.variants[best[peer.name]]):
                        notes.add(peer.name, answer)
            names = [peer.name for peer in peers if peer.name in notes.numbers]
            found[name] = {
                "shape": shape,
                "best": best,
                "programs": notes.spreads(),
                "times_faster": {
                    own: notes.times_faster(own, names, "seconds") for own in (ONE, AMONG)
                },
            }
    return {**work.about(), "epochs": work.epochs, "lanes": lanes, "networks": found}


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    write_result(size, "ordered", measure(size))


if __name__ == "__main__":
    main()
