"""Where a step's time goes, and how far it is from what memory and arithmetic would allow.

    python -m benchmarks.steps [--quick] [--out FOLDER]

One epoch of a lane is recorded by XLA's profiler. Every operation belongs to the part of the step
that its name says; recording makes each a little longer, so shares are told, and the time of a step
is measured without. The bound is the larger of two times: the bytes that a step has to read and
write over what this machine copies in a second, and its multiplications over what a large product
of matrices reaches, both on one core and measured in the same run.
"""

from __future__ import annotations

import glob
import gzip
import json
import re
import statistics
import tempfile
import time
from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.rounds import Size, size_asked, write_result
from benchmarks.tasks import RULES, Task, requests, zipf
from textkaizen.recipe import Recipe
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.programs import ONE_THREAD, Programs

# Part of a step -> what its operations' names hold, in this order.
PARTS = {
    "read rows": r"read_rows",
    "catch up": r"catch_up",
    "write rows": r"write_rows",
    "update of the rows": r"update_table",
    "update of other layers": r"update_layers",
    "sums of a text's rows, and back": r"bag_sums",
    "other layers and loss, and back": r"jvp",
}
REST = "copies, counting, logs"
FLOAT = 4


def tasks(size: Size) -> dict[str, Task]:
    """Return what a step is taken of, by name."""
    if size.quick:
        return {"drawn texts": zipf(200, 500, epochs=4)}
    pairs, _ = RULES
    small = requests(RULES[pairs], 3000)
    return {
        "917 texts, 3,000 features, batches of 32": small,
        "90,000 texts, 200,000 features, batches of 32": zipf(90_000, 200_000, epochs=2),
    }


def measure(task: Task) -> dict[str, Any]:
    """Record an epoch, time others, and work the bound out."""
    recipe = Recipe().with_shape(hidden=(task.units,), batch_size=task.batch_size)
    recipe = recipe.with_knobs(epochs=task.epochs, validation=0.0)
    lane = Lane(recipe, task.bags, task.labels, task.classes, seed=0)
    room = wanted_room(lane)
    lane, programs = Lane(recipe, *task_parts(task), seed=0, room=room), Programs()
    train(lane, programs)
    steps = -(-task.bags.shape[0] // task.batch_size)
    microseconds = 1e6 * _epoch_seconds(lane, programs) / steps
    shares = _shares(lane, programs, steps)
    bytes_moved, products = needed(task, room.rows)
    return {
        **task.about(),
        "rows": room.rows,
        "entries": room.entries,
        "microseconds": microseconds,
        "shares": shares,
        "bytes": bytes_moved,
        "products": products,
    }


def task_parts(task: Task) -> tuple[Any, ...]:
    """Return the arguments of a lane."""
    return task.bags, task.labels, task.classes


def needed(task: Task, rows: int) -> tuple[float, float]:
    """Return the bytes a step must read and write, and its multiplications with an addition each.

    Rows of the table with both moments are read and written; each non-zero brings place, weight and
    text, reads its row, and adds to its slope; the layers after it are read and written with both
    moments. On the plain path the whole table is read and written.
    """
    entries = task.batch_size * task.bags.nnz / task.bags.shape[0]
    distinct = _distinct(task) if rows else task.bags.shape[1]
    later = task.units * task.classes
    moved = 6 * (distinct * task.units + later) + 2 * entries * task.units + 3 * entries
    products = 2 * entries * task.units + 3 * task.batch_size * later
    return FLOAT * moved, products


def _distinct(task: Task) -> float:
    """Different features of a batch, on the average over a hundred drawn ones."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(100):
        rows = generator.integers(0, task.bags.shape[0], task.batch_size)
        found.append(len(np.unique(task.bags[rows].indices)))
    return statistics.fmean(found)


def _epoch_seconds(lane: Lane, programs: Programs) -> float:
    """The median epoch of three trainings, without the first epoch of each."""
    stamps: list[float] = []
    found = []
    for _ in range(3):
        stamps.clear()
        train(lane, programs, [lambda *_: stamps.append(time.perf_counter())])
        found += np.diff(stamps).tolist()
    return statistics.median(found)


def _shares(lane: Lane, programs: Programs, steps: int) -> dict[str, float]:
    """The share of each part in the time that operations take."""
    (compiled,) = programs._programs.values()
    part_of = parts_by_operation(compiled.as_text())  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as place:
        with jax.profiler.trace(place):
            train(lane, programs)
        (file,) = glob.glob(f"{place}/**/*.trace.json.gz", recursive=True)
        with gzip.open(file) as opened:
            events = json.load(opened)["traceEvents"]
    total: Counter[str] = Counter()
    for event in events:
        part = part_of.get(event.get("name", ""))
        if event.get("ph") == "X" and part:
            total[part] += event["dur"]
    return {part: took / total.total() for part, took in total.most_common()}


def parts_by_operation(program: str) -> dict[str, str]:
    """Return the part of a step that each operation of the compiled loop belongs to.

    Args:
        program: text of the compiled epoch.
    """
    computations: dict[str, list[str]] = {}
    current: list[str] = []
    for line in program.splitlines():
        if begun := re.match(r"(?:ENTRY )?%?([\w.\-]+) \(.*\{$", line):
            current = computations.setdefault(begun[1], [])
        elif line.startswith("  "):
            current.append(line)
    loops = [line for line in program.splitlines() if " while(" in line]
    main = max(loops, key=len)  # the loop over batches carries the most
    body = computations[re.search(r"body=%?([\w.\-]+)", main)[1]]  # type: ignore[index]
    found = {}
    for line in body:
        if (name := re.match(r"\s+(?:ROOT )?%?([\w.\-]+) = ", line)) is None:
            continue
        about = re.search(r'op_name="([^"]*)"', line)
        path = about[1] if about else ""
        found[name[1]] = next((part for part, how in PARTS.items() if re.search(how, path)), REST)
    return found


def machine() -> dict[str, float]:
    """What one core does: bytes read and written a second in a copy, products a second."""
    source = np.ones(1 << 26, np.float32)
    target = np.zeros_like(source)
    copied = min(_seconds(lambda: np.copyto(target, source)) for _ in range(5))
    size = 1024
    square = jnp.ones((size, size), jnp.float32)
    product = jax.jit(jnp.matmul).lower(square, square).compile(compiler_options=ONE_THREAD)
    multiplied = min(
        _seconds(lambda: product(square, square).block_until_ready()) for _ in range(5)
    )
    return {
        "bytes_a_second": 2 * source.nbytes / copied,
        "products_a_second": size**3 / multiplied,
    }


def _seconds(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    able = machine()
    found: dict[str, Any] = {"machine": able, "tasks": {}}
    for name, task in tasks(size).items():
        row = measure(task)
        bound = max(
            row["bytes"] / able["bytes_a_second"], row["products"] / able["products_a_second"]
        )
        row["bound_microseconds"] = 1e6 * bound
        found["tasks"][name] = row
        print(name, json.dumps(row, indent=1), flush=True)
    write_result(size, "steps", found)


if __name__ == "__main__":
    main()
