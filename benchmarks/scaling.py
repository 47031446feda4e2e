"""How time grows: with texts (1,000 to a million), with the vocabulary (the same), with lanes.

    python -m benchmarks.scaling [--quick] [--out FOLDER]

Drawn texts of 24 words. A point is the median of up to five runs, as many as fit into a minute, one
at the least. A program's curve ends where a run took more than a minute, or where what it holds
(a dense array, a table and its moments) would not fit into the memory given; the result file says
which.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.processes import KERAS_JAX, MLP, ONE, Program, ask
from benchmarks.rounds import ROUNDS, Size, size_asked, write_result
from benchmarks.tasks import Task, drawn_words, written, zipf
from textkaizen.recipe import TextRules
from textkaizen.text.count import count
from textkaizen.text.vectorise import bags, learn

LONGEST_SECONDS, MOST_BYTES = 60.0, 6e9
KILLED_SECONDS = 5 * LONGEST_SECONDS  # of a whole process, loading and compiling included
THOUSAND_TO_MILLION = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
LANES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
QUICK_SIZES, QUICK_LANES = (300, 1_000), (1, 2)
FEATURES, TEXTS = 20_000, 10_000  # of the curves that vary the other one
LANE_TEXTS, LANE_FEATURES, LANE_EPOCHS = 917, 3_000, 10
FLOAT_BYTES = 4

Point = dict[str, Any]
# What a curve is made of: size -> seconds of one run, or a word on why there is none.
Run = Callable[[int], float | str]


def curve(name: str, sizes: Sequence[int], run: Run, rounds: int) -> dict[str, Any]:
    """Measure a curve up to where it ends."""
    points: list[Point] = []
    for size in sizes:
        begun, taken = time.perf_counter(), []
        while len(taken) < rounds and (not taken or time.perf_counter() - begun < LONGEST_SECONDS):
            found = run(size)
            if isinstance(found, str):
                print(f"  {name}, {size:,}: ends here, {found}", flush=True)
                return {"points": points, "ends": found}
            taken.append(found)
        seconds = statistics.median(taken)
        points.append({"size": size, "seconds": seconds, "min": min(taken), "runs": len(taken)})
        print(f"  {name}, {size:,}: {seconds:.3f} s ({len(taken)} runs)", flush=True)
        if min(taken) > LONGEST_SECONDS:
            return {"points": points, "ends": "more than a minute"}
    return {"points": points, "ends": ""}


def training(program: Program, tasks: Callable[[int], tuple[Task, Path]]) -> Run:
    """Return what times an epoch of a program, its first one not counted."""
    how = next(iter(program.variants.values()))

    def once(size: int) -> float | str:
        task, path = tasks(size)
        if held(program, task) > MOST_BYTES:
            return "more memory than given"
        answer = ask(program, path, KILLED_SECONDS, **how)
        return "no answer" if answer is None else answer["seconds"] / task.epochs

    return once


def held(program: Program, task: Task) -> float:
    """Compute what a program must hold: bags (dense ones by Keras), the table and its moments."""
    texts, features = task.bags.shape
    dense = (texts + len(task.test_labels)) * features
    bags = dense if program is KERAS_JAX else 3 * task.bags.nnz
    return FLOAT_BYTES * (bags + 4 * features * task.units)


class Tasks:
    """Drawn tasks on disk, the last one kept: programs take turns on it.

    Args:
        place: folder for the files.
        make: size -> task.
    """

    def __init__(self, place: Path, make: Callable[[int], Task]) -> None:
        self.place, self.make, self.last = place, make, -1

    def __call__(self, size: int) -> tuple[Task, Path]:
        """Return the task of a size, and its file."""
        if size != self.last:
            self.task, self.last = self.make(size), size
            self.path = self.task.save(self.place / "task.npz")
        return self.task, self.path


def vectorising(library: str) -> Run:
    """Return what times texts -> bags, words alone: ours, or scikit-learn's TfidfVectorizer."""
    rules = TextRules(words=(1, 1), characters=(0, 0), min_texts=2)

    def once(size: int) -> float:
        texts = written(drawn_words(size, FEATURES, seed=0)[0])
        begun = time.perf_counter()
        if library == "scikit-learn":
            TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32).fit_transform(texts)
        else:
            counts, rows = count(texts, rules), np.arange(size)
            bags(counts, rows, *learn(counts, rows))
        return time.perf_counter() - begun

    return once


def among_lanes(task: Task, path: Path) -> Run:
    """Return what times a network among so many that share all cores."""

    def once(lanes: int) -> float | str:
        answer = ask(ONE, path, KILLED_SECONDS, lanes=lanes)
        return "no answer" if answer is None else answer["seconds"]

    return once


def measure(size: Size) -> dict[str, Any]:
    """Measure all curves."""
    sizes = QUICK_SIZES if size.quick else THOUSAND_TO_MILLION
    programs = [ONE] if size.quick else [ONE, KERAS_JAX, MLP]
    features, texts = (1_000, 300) if size.quick else (FEATURES, TEXTS)
    kinds = {
        "texts": lambda count: zipf(count, features),
        "vocabulary": lambda count: zipf(texts, count),
    }
    found: dict[str, Any] = {"texts": texts, "features": features, "curves": {}}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for kind, make in kinds.items():
            print(f"{kind}: seconds an epoch", flush=True)
            tasks = Tasks(place, make)
            found["curves"][kind] = {
                one.name: curve(one.name, sizes, training(one, tasks), size.rounds)
                for one in programs
            }
        print("texts -> bags", flush=True)
        found["curves"]["texts to bags"] = {
            one: curve(one, sizes, vectorising(one), size.rounds)
            for one in ("textkaizen", "scikit-learn")
        }
        print("lanes: seconds a network", flush=True)
        lanes_task = replace(zipf(LANE_TEXTS, LANE_FEATURES), epochs=LANE_EPOCHS)
        run = among_lanes(lanes_task, lanes_task.save(place / "lanes.npz"))
        lanes = QUICK_LANES if size.quick else LANES
        found["curves"]["lanes"] = {"textkaizen": curve("textkaizen", lanes, run, size.rounds)}
    return (
        found
        | {"lane_texts": LANE_TEXTS, "lane_features": LANE_FEATURES}
        | {
            "lane_epochs": LANE_EPOCHS,
            "most_bytes": MOST_BYTES,
            "rounds": ROUNDS,
        }
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    write_result(size, "scaling", measure(size))


if __name__ == "__main__":
    main()
