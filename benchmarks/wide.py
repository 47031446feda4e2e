"""Large vocabularies: seconds a step at 2,000 to 200,000 features, by lazy rows and by plain ones.

    python -m benchmarks.wide [--quick] [--out FOLDER]

90,000 drawn texts of 24 words, a hidden layer of 32, batches of 32. "chosen" is what a lane does by
itself; "plain" updates every row of the table at every step, as a dense layer does. Each trains
three epochs in a process of its own; the first one, which compiles, is not counted.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import ONE, ask
from benchmarks.rounds import Notes, Size, size_asked, write_result
from benchmarks.tasks import Task, zipf

FEATURES, TEXTS = (2_000, 20_000, 200_000), 90_000
QUICK_FEATURES, QUICK_TEXTS = (20_000,), 1_000
PATHS = ("chosen", "plain")


def measure(size: Size) -> dict[str, Any]:
    """Time both paths at every width, taking turns."""
    texts = QUICK_TEXTS if size.quick else TEXTS
    widths = QUICK_FEATURES if size.quick else FEATURES
    notes, tasks, lazy = Notes(), {}, {}
    with tempfile.TemporaryDirectory() as place:
        for width in widths:
            work = zipf(texts, width)
            work.save(Path(place) / f"{width}.npz")
            tasks[width] = work
        for number in range(size.rounds):
            print(f"round {number + 1} of {size.rounds}", flush=True)
            for width in widths:
                for path in PATHS:
                    task = Path(place) / f"{width}.npz"
                    if answer := ask(ONE, task, seed=number, path=path):
                        notes.add(f"{path}, {width}", answer)
                        lazy[f"{path}, {width}"] = answer["lazy"]
    return summary(tasks, notes, lazy)


def summary(tasks: dict[int, Task], notes: Notes, lazy: dict[str, bool]) -> dict[str, Any]:
    """Return a step's milliseconds by width and path, and the ratios that were promised."""
    first, *_ = tasks
    found: dict[str, Any] = {"widths": {}}
    for width, work in tasks.items():
        steps = -(-work.bags.shape[0] // work.batch_size) * work.epochs
        row: dict[str, Any] = work.about()
        for path in PATHS:
            own = notes.numbers.get(f"{path}, {width}")
            if own is None:
                continue
            each = [1000 * seconds / steps for seconds in own["seconds"]]
            row[path] = {
                "milliseconds_a_step": {"median": statistics.median(each), "min": min(each)},
                "lazy": lazy[f"{path}, {width}"],
                "accuracy": statistics.median(own["accuracy"]),
                "peak_bytes": statistics.median(own["peak_bytes"]),
            }
        row["times_faster_than_plain"] = _ratio(notes, f"plain, {width}", f"chosen, {width}")
        row["times_the_narrowest"] = _ratio(notes, f"chosen, {width}", f"chosen, {first}")
        found["widths"][str(width)] = row
    return found


def _ratio(notes: Notes, above: str, below: str) -> float | None:
    """Return the median of the rounds' ratios; None where a round is missing."""
    pair = [notes.numbers.get(name, {}).get("seconds", []) for name in (above, below)]
    if not pair[0] or len(pair[0]) != len(pair[1]):
        return None
    return statistics.median(np.divide(*pair).tolist())


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    write_result(size, "wide", measure(size))


if __name__ == "__main__":
    main()
