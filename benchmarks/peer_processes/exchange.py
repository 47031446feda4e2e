"""What a peer's process is given and what it answers; needs NumPy and nothing else.

A peer is started as `python run_NAME.py TASK ANSWER HOW`: TASK is an .npz (or a folder of texts),
ANSWER the JSON file to write, HOW a JSON object that says which variant and which seed. Peers live
in environments of their own, so nothing here imports the project.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Rows:
    """Bags as the three arrays of CSR.

    Args:
        data, indices, indptr: as in SciPy.
        shape: texts, features.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]

    def dense(self) -> np.ndarray:
        """Return float32 [texts, features]."""
        array = np.zeros(self.shape, np.float32)
        rows = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        array[rows, self.indices] = self.data
        return array


@dataclass
class Work:
    """Bags to learn from and to be tested on, and how long."""

    bags: Rows
    labels: np.ndarray
    test_bags: Rows
    test_labels: np.ndarray
    classes: int
    units: int
    epochs: int
    batch_size: int

    def accuracy(self, found: np.ndarray) -> float:
        """Return the share of test labels that were found."""
        return float((np.asarray(found) == self.test_labels).mean())


def load(path: str) -> Work:
    """Read a task."""
    with np.load(path) as kept:
        rows = {
            part: Rows(*(kept[f"{part}_{name}"] for name in ("data", "indices", "indptr")), (0, 0))
            for part in ("bags", "test_bags")
        }
        for part, each in rows.items():
            texts, features = kept[f"{part}_shape"].tolist()
            each.shape = (texts, features)
        numbers = {name: int(kept[name]) for name in ("classes", "units", "epochs", "batch_size")}
        labels, test_labels = kept["labels"], kept["test_labels"]
    return Work(rows["bags"], labels, rows["test_bags"], test_labels, **numbers)


def timed_epochs(epochs: int, run: Callable[[int], object]) -> dict[str, float]:
    """Train one epoch, then the others; `seconds` is what all would take without compiling.

    Args:
        epochs: at least 2.
        run: trains so many epochs on.
    """
    begun = time.perf_counter()
    run(1)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    run(epochs - 1)
    rest = time.perf_counter() - begun
    return {"first_epoch_seconds": first, "seconds": rest * epochs / (epochs - 1)}


def answer(
    packages: tuple[str, ...],
    train: Callable[[str, dict[str, Any]], tuple[dict[str, Any], Callable[[], dict[str, Any]]]],
) -> None:
    """Do what the command line asks for, and write the answer.

    Args:
        packages: whose versions are told.
        train: takes task and HOW, trains, and returns what it found and a function that tests.
    """
    task, place, how = sys.argv[1:4]
    found, test = train(task, json.loads(how))
    found["trained_at"] = time.monotonic()
    found |= test()
    found["versions"] = {package: version(package) for package in packages}
    Path(place).write_text(json.dumps(found), encoding="utf-8")
