"""Programs that take turns: the best form of each, rounds, medians, and ratios side by side."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.facts import facts
from benchmarks.processes import Answer, Program

ROUNDS = 5
RESULTS = Path(__file__).parent / "results"
TIMES = ("seconds", "from_start_seconds")  # a program may be at its best in two forms


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Args:
        quick: only see that it works, on little and made-up data.
        out: folder of the result file.
        load: how busy the machine was before, processes on the average of a minute.
    """

    quick: bool
    out: Path
    load: float = 0.0

    @property
    def rounds(self) -> int:
        """How often all programs take their turn."""
        return 1 if self.quick else ROUNDS


def size_asked(about: str, arguments: Sequence[str] | None = None) -> Size:
    """Read the command line of a benchmark.

    Args:
        about: what it measures.
        arguments: for tests; None reads those of the process.
    """
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny version, to see that it works")
    parser.add_argument("--out", type=Path, help="folder for the result file")
    found = parser.parse_args(arguments)
    # What a quick run finds must never stand where measured results do.
    out = found.out or (Path(tempfile.mkdtemp()) if found.quick else RESULTS)
    return Size(found.quick, out, round(os.getloadavg()[0], 2))


def write_result(size: Size, name: str, found: Mapping[str, Any]) -> None:
    """Write a result file with machine, versions and commit, and draw the page if it is a real one.

    Args:
        size: says where to.
        name: of the benchmark and its file.
        found: what was measured.
    """
    from benchmarks.page import write_page

    size.out.mkdir(parents=True, exist_ok=True)
    path = size.out / f"{name}.json"
    text = json.dumps(
        {"facts": facts(), "load_before": size.load, **found}, indent=1, ensure_ascii=False
    )
    path.write_text(text + "\n", encoding="utf-8")
    print(f"Written: {path}", flush=True)
    if size.out == RESULTS:
        write_page()


def best_variants(
    program: Program, try_one: Callable[..., Answer | None]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Try every form of a program once.

    Args:
        program: with its variants.
        try_one: runs it in one form.

    Returns:
        The best form by each of TIMES (nothing where none gave an answer), and what each took.
    """
    if len(program.variants) == 1:
        return dict.fromkeys(TIMES, next(iter(program.variants))), {}
    tried = {}
    for name, how in program.variants.items():
        if answer := try_one(program, **how):
            tried[name] = {time: answer[time] for time in TIMES} | {"accuracy": answer["accuracy"]}
            print(f"  {program.name}, {name}: {tried[name]['seconds']:.3f} s", flush=True)
    best = {time: min(tried, key=lambda name: tried[name][time]) for time in TIMES if tried}
    return best, tried


class Notes:
    """What was measured, by program, a number a round."""

    def __init__(self) -> None:
        self.numbers: dict[str, dict[str, list[float]]] = {}
        self.versions: dict[str, dict[str, str]] = {}
        self.begun = time.perf_counter()

    def add(self, name: str, answer: Answer, **other: float) -> None:
        """Keep one round of a program; `other` stands in for what the answer says."""
        kept = ("first_epoch_seconds", *TIMES, "whole_seconds", "peak_bytes", "accuracy")
        values = {**{one: answer[one] for one in kept if one in answer}, **other}
        own = self.numbers.setdefault(name, {})
        for one, value in values.items():
            own.setdefault(one, []).append(value)
        self.versions[name] = answer.get("versions", {})
        told = f"{values['seconds']:.3f} s, from its start {values['from_start_seconds']:.2f} s"
        ago = time.perf_counter() - self.begun
        print(f"  [{ago:5.0f} s] {name}: {told}, {100 * values['accuracy']:.1f} %", flush=True)

    def spreads(self) -> dict[str, dict[str, Any]]:
        """Return least, median and most of everything, by program."""
        return {
            name: {one: spread(values) for one, values in own.items()}
            for name, own in self.numbers.items()
        }

    def times_faster(self, own: str, peers: Sequence[str], what: str) -> dict[str, float]:
        """Return how many times longer peers took, the median of the rounds' ratios."""
        return ratios(self.numbers, own, [name for name in peers if name in self.numbers], what)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return least, median and most.

    Example:
        >>> spread([3, 1, 2])
        {'min': 1, 'median': 2, 'max': 3}
    """
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def ratios(
    numbers: Mapping[str, Mapping[str, list[float]]], own: str, peers: Sequence[str], what: str
) -> dict[str, float]:
    """Return the median over rounds of what stood side by side: peer's number by ours."""
    ours = numbers[own][what]
    found = {}
    for peer in peers:
        theirs = numbers[peer][what]
        if len(theirs) == len(ours):  # a round without an answer has nothing to stand beside
            found[peer] = statistics.median(np.divide(theirs, ours).tolist())
    return found
