"""fastText, supervised: from the CSV files to a model on disk, then its accuracy.

TASK is a folder with train.csv and test.csv (columns text, label). HOW: seed; threads; arguments,
those of `train_supervised` that are not its defaults.
"""

from __future__ import annotations

import csv
import tempfile
import time
from pathlib import Path
from typing import Any

import fasttext
from exchange import answer

MARK = "__label__"


def rewritten(source: Path, target: Path) -> int:
    """Write a CSV as fastText reads it, a text a line; return how many."""
    with (
        source.open(encoding="utf-8", newline="") as rows,
        target.open("w", encoding="utf-8") as to,
    ):
        lines = [
            f"{MARK}{row['label']} {' '.join(row['text'].split())}\n"
            for row in csv.DictReader(rows)
        ]
        to.writelines(lines)
    return len(lines)


def train(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train and save, and return times and what tests it."""
    home = tempfile.TemporaryDirectory()
    place = Path(home.name)
    texts = rewritten(Path(task) / "train.csv", place / "train.txt")
    begun = time.perf_counter()
    model = fasttext.train_supervised(
        str(place / "train.txt"),
        seed=how["seed"],
        thread=how.get("threads", 2),
        verbose=0,
        **how.get("arguments", {}),
    )
    seconds = time.perf_counter() - begun
    model.save_model(str(place / "model.bin"))
    found = {
        "seconds": seconds,
        "texts": texts,
        "model_bytes": (place / "model.bin").stat().st_size,
    }

    def test() -> dict[str, Any]:
        with home:
            count = rewritten(Path(task) / "test.csv", place / "test.txt")
            precision = model.test(str(place / "test.txt"))[1]
        return {"accuracy": precision, "test_texts": count}

    return found, test


if __name__ == "__main__":
    answer(("fasttext", "numpy"), train)
