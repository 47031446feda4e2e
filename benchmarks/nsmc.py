"""140,000 short texts in Korean: `textkaizen train` and `evaluate` beside fastText, from the files.

    python -m benchmarks.nsmc [--quick] [--out FOLDER]

Whole processes on the same files, one after another: ours is the command line with the recipe
benchmarks/recipes/nsmc.yaml, fastText's reads the CSV, writes it in fastText's own form, trains on
all cores, saves the model and tests it. fastText's training time holds reading its file and making
its vocabulary, ours the loop alone, with reading and counting told by the whole process. Two linear
models of scikit-learn learn from the bags of our recipe: they show what a network adds to them.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.facts import dataset
from benchmarks.processes import CACHE, FASTTEXT, SGD, SVC, Answer, ask, run, there
from benchmarks.rounds import Notes, Size, ratios, size_asked, write_result
from benchmarks.tasks import Task, drawn_words, written

RECIPE = Path(__file__).parent / "recipes" / "nsmc.yaml"
OURS = "textkaizen"
WARM = "textkaizen, started before"
FLOAT_BYTES = 4
TIMES = ("seconds", "from_start_seconds", "whole_seconds")


def files(size: Size, place: Path) -> Path:
    """Return the folder with train.csv and test.csv; of drawn texts for a quick run."""
    if not size.quick:
        dataset("nsmc_200k", "test")
        return dataset("nsmc_200k").parent
    words, labels = drawn_words(1500, 500, seed=0, classes=2)
    rows = list(zip(written(words), labels.tolist(), strict=True))
    for name, part in (("train", rows[:1000]), ("test", rows[1000:])):
        with (place / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *part])
    return place


def ours(folder: Path, model: Path, kept: Path, seed: int) -> Answer | None:
    """Train and evaluate in two processes, as a person would; None where one of them failed.

    `from_start_seconds` are those of `train`, until the model is on disk; `whole_seconds` those of
    both. Compiled programs are kept in `kept`.
    """
    program = [sys.executable, "-m", "textkaizen.cli"]
    how = ["--recipe", str(RECIPE), "--seed", str(seed), "--out", str(model), "--json"]
    variables = {CACHE: str(kept)}
    trained = run([*program, "train", str(folder / "train.csv"), *how], environment=variables)
    if trained is None:
        return None
    test = ["evaluate", str(model), str(folder / "test.csv"), "--json"]
    if (scored := run([*program, *test], environment=variables)) is None:
        return None
    return {
        "seconds": json.loads(trained["output"])["seconds"],
        "from_start_seconds": trained["whole_seconds"],
        "whole_seconds": trained["whole_seconds"] + scored["whole_seconds"],
        "peak_bytes": trained["peak_bytes"],
        "accuracy": _accuracy(json.loads(scored["output"])),
    }


def _accuracy(found: Mapping[str, Any]) -> float:
    value = found["accuracy"]
    return value["value"] if isinstance(value, dict) else value


def bags_task(folder: Path) -> Task:
    """Return the bags that our recipe makes of the files, for linear models."""
    from textkaizen.data import without_empty
    from textkaizen.files.corpora import Columns, load_corpus
    from textkaizen.files.recipes import load_recipe
    from textkaizen.text.count import count
    from textkaizen.text.vectorise import bags, learn

    columns = Columns("text", "label", None)
    train = without_empty(load_corpus(folder / "train.csv", columns))
    test = load_corpus(folder / "test.csv", columns)
    counts = count(train.texts, load_recipe(RECIPE).text)
    rows = np.arange(len(train))
    vocabulary, kept = learn(counts, rows)
    number = {label: position for position, label in enumerate(sorted(set(train.labels)))}
    labels = [np.array([number[one] for one in part.labels], np.int32) for part in (train, test)]
    own = bags(counts, rows, vocabulary, kept)
    return Task(own, labels[0], vocabulary.bags(test.texts), labels[1], len(number))


def measure(size: Size) -> dict[str, Any]:
    """Run every program, taking turns."""
    programs, notes = there([FASTTEXT, SGD, SVC]), Notes()
    with tempfile.TemporaryDirectory() as home:
        place = Path(home)
        folder = files(size, place)
        task = bags_task(folder)
        bags = task.save(place / "bags.npz")
        about = task.about()
        for number in range(size.rounds):
            print(f"round {number + 1} of {size.rounds}", flush=True)
            for name in (OURS, WARM):  # nothing is kept before the first
                model, kept = place / f"{name}{number}", place / f"kept{number}"
                if answer := ours(folder, model, kept, number):
                    notes.add(name, answer)
            for program in programs:
                given = folder if program is FASTTEXT else bags
                for variant, how in program.variants.items():
                    if answer := ask(program, given, seed=number, **how):
                        told = f"{program.name}, {variant}" if variant else program.name
                        notes.add(told, answer)
    dense = about["texts"] * about["features"] * FLOAT_BYTES
    return {**about, "dense_bytes": dense, "recipe": RECIPE.name, **summary(notes, dense)}


def summary(notes: Notes, dense: float) -> dict[str, Any]:
    """Return medians, and ratios and differences to each of fastText's forms."""
    numbers, programs = notes.numbers, notes.spreads()
    found: dict[str, Any] = {"programs": programs, "versions": notes.versions}
    if OURS not in numbers:
        return found
    found["dense_by_peak"] = dense / programs[OURS]["peak_bytes"]["median"]
    found["beside"] = {}
    for peer in (name for name in numbers if name.startswith(FASTTEXT.name)):
        times = {one: ratios(numbers, peer, [OURS], one).get(OURS) for one in TIMES}
        own, theirs = (programs[name]["accuracy"]["median"] for name in (OURS, peer))
        found["beside"][peer] = {
            **{f"times_the_{one}": value for one, value in times.items()},
            "accuracy_above": own - theirs,
        }
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    write_result(size, "nsmc", measure(size))


if __name__ == "__main__":
    main()
