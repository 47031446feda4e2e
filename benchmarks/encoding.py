"""Sentence vectors beside bags: what they add to a linear SVM, and how fast the encoder is.

    python -m benchmarks.encoding [--quick] [--out FOLDER]

Accuracy on test texts of SVMs that learn from the training texts alone, C 1: on bags (the default
rules), on bags with vectors beside, and the difference text by text with its interval (one fit
each: about these two, over other texts). Speed: texts a second of the first TEXTS training texts,
in one thread and in one a core; the median of three turns, the weights read before.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from benchmarks.facts import dataset
from benchmarks.rounds import size_asked, write_result
from textkaizen.classical.classifiers import fit_classifier
from textkaizen.data import Corpus, together
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.measure.compare import paired
from textkaizen.recipe import TextRules
from textkaizen.text import sentence_vectors
from textkaizen.text.features import Texts
from textkaizen.text.normalise import normalise
from textkaizen.text.sentence_vectors import sentence_encoder

SETS = ("sib200_ja", "clinc150_small", "banking77")
ROUNDS, SEED = 3, 0
TEXTS, QUICK_TEXTS = 10_000, 200
RULES = {"bags": TextRules(), "bags and vectors": TextRules(vectors="sentence")}


def read(name: str, part: str) -> Corpus:
    """Return the labelled texts of a part of a set."""
    return load_corpus(dataset(name, part), Columns("text", "label", None))


def scored(name: str) -> dict[str, Any]:
    """Return test accuracy by rules, in per cent, and the difference that vectors make."""
    train, test = read(name, "train"), read(name, "test")
    labels = sorted({*train.labels})
    number = {label: place for place, label in enumerate(labels)}
    learnt = np.array([number[label] for label in train.labels])
    truth = np.array([number[label] for label in test.labels], np.int32)
    texts, found = Texts([*train.texts, *test.texts]), {}
    rows, rest = np.arange(len(train)), np.arange(len(train), len(train) + len(test))
    for rules_name, rules in RULES.items():
        features = texts.learn(rules, rows, learnt, SEED)
        svm = fit_classifier("linear_svm", features.bags(rows), learnt, len(labels), SEED)
        found[rules_name] = svm.logits(features.bags(rest)).argmax(1).astype(np.int32)
    before, after = found.values()
    one_fit = np.zeros((1, len(truth)), np.int32)
    units = together(test, [normalise(text) for text in test.texts])
    gap = paired(
        truth, before[None], after[None], one_fit, classes=len(labels), units=units, seed=SEED
    )["accuracy"]
    return {
        "training_texts": len(train),
        "test_texts": len(test),
        "accuracy": {name: 100 * float((own == truth).mean()) for name, own in found.items()},
        "difference": {"value": gap.value, "low": gap.low, "high": gap.high},
    }


def speed(texts: list[str]) -> dict[str, Any]:
    """Return texts a second on one core and on all, taking turns."""
    encoder, threads = sentence_encoder(), sentence_vectors.in_order
    one_by_one = lambda calls: (call() for call in calls)
    times: dict[str, list[float]] = {"one core": [], "all cores": []}
    encoder.encode(texts[:10])
    try:
        for _ in range(ROUNDS):
            for name, way in (("one core", one_by_one), ("all cores", threads)):
                sentence_vectors.in_order = way
                begun = time.perf_counter()
                encoder.encode(texts)
                times[name].append(time.perf_counter() - begun)
    finally:
        sentence_vectors.in_order = threads
    return {
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "texts_a_second": {
            name: len(texts) / statistics.median(seconds) for name, seconds in times.items()
        },
        "seconds": times,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    sets = SETS[:1] if size.quick else SETS
    some = list(dict.fromkeys(read("clinc150", "train").texts))
    found = {"sets": {name: scored(name) for name in sets}}
    how_fast = speed(some[: QUICK_TEXTS if size.quick else TEXTS])
    write_result(size, "encoding", {"encoder": sentence_encoder().identity, **found, **how_fast})


if __name__ == "__main__":
    main()
