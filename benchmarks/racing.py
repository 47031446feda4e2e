"""Does racing say what the full design says, and with how many of its lanes?

    python -m benchmarks.racing    writes benchmarks/results/racing.json

Every improvement of the catalogue on three real sets: first raced, as `study --rounds 1` does it,
then with all the lanes that racing left out, judged once at the round's whole error rate. Both know
the same lanes, so a verdict that differs is due to racing alone. Networks have few epochs at a
higher rate: what is compared are two ways to ask, not networks.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.facts import dataset, facts
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import Recipe
from textkaizen.study.budget import Budget, design_by_size
from textkaizen.study.course import Course, Ladder, Means
from textkaizen.study.design import experiment_of
from textkaizen.study.improvements import CATALOGUE, applicable
from textkaizen.study.preparation import prepare
from textkaizen.study.racing import Race, blocks_of
from textkaizen.study.rounds import candidates_of, measure_round
from textkaizen.study.verdicts import Judge
from textkaizen.workers.threads import Threads

SEED, METRIC = 1, "macro_f1"
EPOCHS = {"sib200_ja": 20, "jrte_pn": 10, "germeval2018_coarse": 8}
RATE = 0.003
RESULT = Path(__file__).parent / "results" / "racing.json"


def main() -> None:
    """Run all sets, and write the result file as it grows."""
    found: dict[str, Any] = {"facts": facts()}
    for name, epochs in EPOCHS.items():
        found[name] = race_and_whole(name, epochs)
        print(name, json.dumps(found[name]), flush=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def race_and_whole(name: str, epochs: int) -> dict[str, Any]:
    """Race a set, then run the rest; return lanes and verdicts of both."""
    threads = Threads()
    means = Means(threads, threads.stopping)
    prepared = prepare(load_corpus(dataset(name), Columns()), None, SEED, hold=False)
    baseline = Recipe().with_knobs(epochs=epochs, learning_rate=RATE)
    improvements, _ = applicable(CATALOGUE, baseline, len(prepared.training) * 2 // 3)
    design = design_by_size(len(prepared.training))
    experiment = experiment_of(prepared, design, SEED, METRIC, means)
    course = Course(improvements, Budget(rounds=1), 0.0, baseline, SEED)
    candidates = candidates_of(Ladder(baseline), course)
    raced, facts_of = measure_round(experiment, course, candidates, baseline, 1, means)
    lanes = experiment.lanes
    blocks = blocks_of(experiment.material.fold_count, len(experiment.material.seeds))
    for block in blocks:
        for recipe in (baseline, *(one.recipe for one in candidates)):
            list(experiment.run(experiment.jobs(recipe, baseline, block)))
    race = Race(baseline, candidates, blocks)
    whole = Judge(experiment, race, 1, METRIC, SEED).judge()
    pairs = list(zip(raced, whole, strict=True))
    return {
        "texts": len(prepared.training),
        "folds": design[0],
        "seeds": design[1],
        "improvements": len(candidates),
        "lanes_raced": lanes,
        "lanes_whole": experiment.lanes,
        "share": lanes / experiment.lanes,
        "dropped": facts_of["dropped"],
        "decided_early": facts_of["decided_early"],
        "verdicts_raced": Counter(one.verdict for one, _ in pairs),
        "verdicts_whole": Counter(two.verdict for _, two in pairs),
        "different": [
            {
                "name": one.name,
                "raced": one.verdict,
                "race": one.race,
                "whole": two.verdict,
                "p_whole": two.p_adjusted,
            }
            for one, two in pairs
            if one.verdict != two.verdict
        ],
    }


if __name__ == "__main__":
    main()
