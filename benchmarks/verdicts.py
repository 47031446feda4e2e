"""Are verdicts true? Hundreds of simulated studies through the real ladder, on every core.

    python -m benchmarks.verdicts            everything; writes benchmarks/results/verdicts.json,
                                             and in docs/ verdicts.md and verdicts-power.svg
    python -m benchmarks.verdicts NAME ...   these parts only; the others stay as they were

Seeds are fixed: the same code gives the same numbers, on however many cores. Nearly all of the time
goes into drawing texts anew, a thousand times for every comparison.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.facts import facts
from benchmarks.simulation import Outcome, compared, simulate
from benchmarks.truth import Truth, World

RESULT = Path(__file__).parent / "results" / "verdicts.json"
TENTH = 0.1  # of the texts get another result


@dataclass(frozen=True)
class Asked:
    """Studies of one kind.

    Args:
        about: what is true in them.
        world: that they are drawn from.
        studies: how many.
        first_seed: of the first; the others follow.
    """

    about: str
    world: World
    studies: int
    first_seed: int


SCENARIOS = {
    "null 1": Asked("nothing changes but the seed", World(), 300, 10_000),
    "null 2": Asked("a tenth of the texts change, no effect", World(changing=TENTH), 300, 20_000),
    "null 3": Asked(
        "one effect of 6 points among 19 of null 2",
        World(changing=TENTH, effects=(0.06,)),
        300,
        30_000,
    ),
    "several": Asked(
        "effects of 6, 5 and 4 points among 17 of null 2",
        World(changing=TENTH, effects=(0.06, 0.05, 0.04)),
        100,
        40_000,
    ),
    "power 1000": Asked(
        "one effect of 5 points on 1,000 texts",
        World(changing=TENTH, effects=(0.05,)),
        200,
        50_000,
    ),
    "power 5000": Asked(
        "one effect of 3 points on 5,000 texts",
        World(texts=5000, changing=TENTH, effects=(0.03,)),
        200,
        60_000,
    ),
    "restless": Asked(
        "one effect of 5 points on 1,000 texts, of which 15 % change",
        World(changing=0.15, effects=(0.05,)),
        200,
        70_000,
    ),
}
CURVE_EFFECTS = tuple(points / 100 for points in range(1, 9))
CURVE = {
    f"curve {texts}": Asked(
        "effects of 1 to 8 points among 12 of null 2, one round",
        World(texts=texts, changing=TENTH, effects=CURVE_EFFECTS),
        100,
        80_000 + texts,
    )
    for texts in (300, 1000, 3000, 10_000)
}
UNCORRECTED, COMPARISONS = "uncorrected", 5  # of each study of null 2
PARTS = (*SCENARIOS, UNCORRECTED, *CURVE)


def rate(found: int, of: int) -> dict[str, float]:
    """Return a share with the standard error that simulating so few gives it.

    Example:
        >>> rate(15, 300)
        {'found': 15, 'of': 300, 'rate': 0.05, 'error': 0.0126}
    """
    share = found / max(of, 1)
    error = math.sqrt(share * (1 - share) / max(of, 1))
    return {"found": found, "of": of, "rate": round(share, 4), "error": round(error, 4)}


def summary(world: World, outcomes: list[Outcome]) -> dict[str, Any]:
    """Say how often studies claimed what is not so, found what is, and held it.

    Args:
        world: of the studies.
        outcomes: one a study.
    """
    false = [[claim for claim in each.claims if claim.false] for each in outcomes]
    claims = Counter(f"{claim.said}, {claim.where}" for each in false for claim in each)
    found = {
        f"{100 * effect:g} points": rate(sum(_found(each, number) for each in outcomes), len(false))
        for number, effect in enumerate(world.effects)
    }
    lanes = sum(each.lanes for each in outcomes) / sum(each.all_lanes for each in outcomes)
    return {
        "studies": len(outcomes),
        "false": rate(sum(bool(each) for each in false), len(false)),
        "false_claims": dict(sorted(claims.items())),
        "found": found,
        "held": {metric: _held(outcomes, metric) for metric in ("macro_f1", "accuracy")},
        "lanes_of_all": round(lanes, 4),
        "rounds": dict(sorted(Counter(str(each.rounds) for each in outcomes).items())),
        "adopted": dict(sorted(Counter(str(len(each.adopted)) for each in outcomes).items())),
    }


def _found(outcome: Outcome, number: int) -> bool:
    """Whether a round said that a true improvement helps."""
    return any(
        claim.number == number and claim.where.startswith("round") and not claim.false
        for claim in outcome.claims
    )


def _held(outcomes: list[Outcome], metric: str) -> dict[str, Any]:
    """Return how many intervals hold the truth: of all, and by how the race went."""
    intervals = [one for each in outcomes for one in each.intervals if one.metric == metric]
    kinds = {"all": intervals}
    for one in intervals:
        kinds.setdefault(one.race or "to the end", []).append(one)
    return {kind: rate(sum(one.held for one in some), len(some)) for kind, some in kinds.items()}


def described(world: World, seed: int) -> tuple[float, float, float]:
    """Return what a study's first seed looks like: accuracy, churn, and share of texts changed.

    Churn is the share whose result differs between two networks of the baseline.
    """
    truth = Truth(world, seed)
    material = truth.material
    right = []
    for bits, seed_number in ((0, 0), (0, -1), (1 << world.improvements - 1, 0)):
        answers = np.empty_like(material.labels)
        for fold in range(material.fold_count):
            own = material.partition[seed_number] == fold
            answers[own] = truth.answers(bits, seed_number % len(material.seeds), fold)
        right.append(answers == material.labels)
    base, other, changed = right
    return float(base.mean()), float((base != other).mean()), float((base != changed).mean())


def measure_scenario(asked: Asked, each: Callable, rounds: float = math.inf) -> dict[str, Any]:
    """Simulate the studies of one kind; `each` maps a function over seeds."""
    begun = time.perf_counter()
    seeds = range(asked.first_seed, asked.first_seed + asked.studies)
    outcomes = list(each(partial(simulate, asked.world, rounds=rounds), seeds))
    looks = np.mean([described(asked.world, seed) for seed in seeds[:40]], axis=0)
    named = zip(("accuracy", "churn", "changed"), looks.round(4).tolist(), strict=True)
    return {
        "about": asked.about,
        "texts": asked.world.texts,
        **summary(asked.world, outcomes),
        "first_40": dict(named),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def measure_uncorrected(each: Callable) -> dict[str, Any]:
    """Count the errors of single comparisons at 5 %: all lanes, no effect, no correction."""
    asked = SCENARIOS["null 2"]
    begun = time.perf_counter()
    seeds = range(asked.first_seed, asked.first_seed + asked.studies)
    found = [
        one
        for some in each(partial(compared, asked.world, count=COMPARISONS), seeds)
        for one in some
    ]
    errors = {
        metric: rate(sum(one[metric].p <= 0.05 for one in found), len(found))
        for metric in ("macro_f1", "accuracy")
    }
    return {"errors": errors, "seconds": round(time.perf_counter() - begun, 1)}


def measure(part: str, each: Callable[..., Iterable]) -> dict[str, Any]:
    """Measure one of PARTS."""
    if part == UNCORRECTED:
        return measure_uncorrected(each)
    if part in CURVE:
        return measure_scenario(CURVE[part], each, rounds=1)
    return measure_scenario(SCENARIOS[part], each)


def main(names: list[str]) -> None:
    """Measure, write the result file, and draw what the docs show of it."""
    from benchmarks.verdicts_page import write_page

    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise SystemExit(f"There is no part {unknown[0]!r}. Name some of {', '.join(PARTS)}.")
    kept = json.loads(RESULT.read_text(encoding="utf-8"))["parts"] if names else {}
    own = facts()
    cores, context = int(str(own["cores"])), multiprocessing.get_context("spawn")
    # One thread each: the cores are used by studies side by side.
    workers = partial(threadpool_limits, 1)
    with ProcessPoolExecutor(cores, mp_context=context, initializer=workers) as pool:
        for name in names or PARTS:
            kept[name] = measure(name, partial(pool.map, chunksize=2)) | {"facts": own}
            print(name, kept[name]["seconds"], "s", flush=True)
            found = {"parts": {part: kept[part] for part in PARTS if part in kept}}
            RESULT.parent.mkdir(exist_ok=True)
            RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_page()


if __name__ == "__main__":
    main(sys.argv[1:])
