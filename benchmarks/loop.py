"""The loop beside Keras and scikit-learn: one hidden layer of 32, 100 epochs, batches of 32.

    python -m benchmarks.loop        writes benchmarks/results/loop.json and docs/benchmarks.md

In each of five rounds every program trains once, one after another; a round's ratio compares what
stood side by side. Keras is timed after its first epoch (that holds its compiling), ours after
compiling; both are shown. scikit-learn has nothing to compile.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.facts import dataset, facts
from benchmarks.peers import Keras, Ours, ScikitLearn, Task
from textkaizen.data import Corpus, canonical, hold_out
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import TextRules
from textkaizen.text.count import count
from textkaizen.text.vectorise import bags, learn

TEXTS, ROUNDS, LANES = 917, 5, 16
RULES = {
    "words and word pairs": TextRules(words=(1, 2), characters=(0, 0), min_texts=1),
    "words and characters (the default)": TextRules(),
}
RESULT = Path(__file__).parent / "results" / "loop.json"


def task(rules: TextRules) -> Task:
    """917 requests to a voice assistant, 60 intents, drawn stratified from MASSIVE (English)."""
    columns = Columns("text", "label", None)
    train = canonical(load_corpus(dataset("massive_en"), columns))
    test = canonical(load_corpus(dataset("massive_en", "test"), columns))
    drawn = hold_out(train.labels, np.arange(len(train)), TEXTS / len(train), seed=0)
    train = train.take(np.flatnonzero(drawn))
    test = test.take(np.flatnonzero(np.isin(test.labels, train.classes)))
    both = Corpus(train.texts + test.texts, train.labels + test.labels)
    counts, own = count(both.texts, rules), np.arange(len(train))
    vocabulary, kept = learn(counts, own)
    number = {label: position for position, label in enumerate(train.classes)}
    labels = np.array([number[label] for label in both.labels], np.int32)
    rest = np.arange(len(train), len(both))
    return Task(
        bags(counts, own, vocabulary, kept),
        labels[own],
        bags(counts, rest, vocabulary, kept),
        labels[rest],
        len(train.classes),
    )


def measure(rules: TextRules) -> dict[str, Any]:
    """Time every program ROUNDS times, taking turns."""
    work = task(rules)
    steps = -(-work.bags.shape[0] // work.batch_size)
    ours, keras, sklearn = Ours(work), Keras(work), ScikitLearn(work)
    whole_epochs = Keras(work, steps_per_execution=steps)
    times: dict[str, list[float]] = {}
    scores: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        begun = time.perf_counter()
        score = ours(number)
        _note(times, scores, "textkaizen, one network", time.perf_counter() - begun, [score])
        begun = time.perf_counter()
        found = ours.lanes(range(LANES * (number + 1), LANES * (number + 2)))
        each = (time.perf_counter() - begun) / LANES
        _note(times, scores, "textkaizen, a network among lanes", each, found)
        for name, peer in (
            ("Keras fit (JAX)", keras),
            ("Keras fit (JAX), an epoch an execution", whole_epochs),
            ("scikit-learn MLP", sklearn),
        ):
            score = peer(number)
            _note(times, scores, name, peer.seconds, [score])
    return {
        "texts": work.bags.shape[0],
        "features": work.bags.shape[1],
        "classes": work.classes,
        "non_zeros_a_text": round(work.bags.nnz / work.bags.shape[0], 1),
        "test_texts": len(work.test_labels),
        "first_epoch_seconds": {
            "textkaizen": ours.first_epoch_seconds,
            "Keras fit (JAX)": keras.first_epoch_seconds,
        },
        "seconds": {name: _spread(values) for name, values in times.items()},
        "accuracy": {name: _spread(values) for name, values in scores.items()},
        "times_faster": _ratios(times),
    }


def _note(times, scores, name: str, seconds: float, found: list[float]) -> None:
    times.setdefault(name, []).append(seconds)
    scores.setdefault(name, []).extend(found)


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _ratios(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """How many times faster ours is, the median over the rounds."""
    ours = [name for name in times if name.startswith("textkaizen")]
    return {
        own: {
            peer: statistics.median(np.divide(times[peer], times[own]).tolist())
            for peer in times
            if peer not in ours
        }
        for own in ours
    }


def main() -> None:
    """Measure, write the result file, and draw the page of the docs."""
    from benchmarks.page import write_page

    found = {"facts": facts(), "tasks": {name: measure(rules) for name, rules in RULES.items()}}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(write_page())


if __name__ == "__main__":
    main()
