"""Do the intervals of real studies hold? The same study on two halves of the texts, forty times.

    python -m benchmarks.halves    writes benchmarks/results/halves.json (over an hour)

The truth of real texts is unknown, but it is the same for both halves: the difference between the
effects that they show should be zero but for chance, and its 95 % interval, whose variance is the
sum of both, should hold zero in 95 of 100. Halves are stratified and keep copies together. Nothing
is raced here: every improvement runs through all five folds of one seed, the hardest case there is
for knowing how much networks differ. The forty ways to cut overlap, and so do improvements that
share a base: the range given beside a rate is that of forty halvings drawn anew, each as a whole.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from benchmarks.facts import dataset, facts
from textkaizen.data import Corpus, canonical, folds, together, without_empty
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.measure.compare import Difference
from textkaizen.recipe import Recipe
from textkaizen.study.course import Means
from textkaizen.study.experiment import Experiment
from textkaizen.study.improvements import CATALOGUE, Improvement, applicable
from textkaizen.study.material import Material
from textkaizen.study.racing import Candidate, Race, blocks_of
from textkaizen.study.verdicts import Judge
from textkaizen.text.normalise import normalise
from textkaizen.workers.threads import Threads

HALVINGS, FOLDS, LEVEL = 40, 5, 0.95
RATE = 0.003
RESULT = Path(__file__).parent / "results" / "halves.json"
EIGHT = (
    "dropout 0.5",
    "label smoothing 0.1",
    "learning rate x3",
    "width 256",
    "batch size 64",
    "batch norm before",
    "early stopping",
    "class weights",
)


@dataclass(frozen=True)
class Work:
    """What is studied.

    Args:
        name: of the labelled texts.
        improvements: that are measured.
        epochs: of the baseline; fewer than usual, at a higher rate, since there are eighty studies.
    """

    name: str
    improvements: tuple[Improvement, ...]
    epochs: int


WORKS = (
    Work("sib200_de", CATALOGUE, 12),
    Work("banking77", tuple(one for one in CATALOGUE if one.name in EIGHT), 8),
)


def main() -> None:
    """Run both, and write the result file as it grows."""
    found: dict[str, Any] = {"facts": facts(), "halvings": HALVINGS, "folds": FOLDS}
    for work in WORKS:
        begun = time.perf_counter()
        found[work.name] = study_halves(work)
        found[work.name]["minutes"] = round((time.perf_counter() - begun) / 60, 1)
        print(work.name, json.dumps({k: v for k, v in found[work.name].items() if k != "each"}))
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def study_halves(work: Work) -> dict[str, Any]:
    """Study both halves of every halving; return how often the interval holds zero."""
    corpus = without_empty(canonical(load_corpus(dataset(work.name), Columns())))
    baseline = Recipe().with_knobs(epochs=work.epochs, learning_rate=RATE)
    threads, units = Threads(), _units(corpus)
    means, holds, errors = Means(threads, threads.stopping), [], []
    for number in range(HALVINGS):
        side = folds(corpus.labels, units, 2, number)
        both = [
            _effects(
                corpus.take(np.flatnonzero(side == half)), work, baseline, (number, half), means
            )
            for half in (0, 1)
        ]
        pairs = [(name, both[0][name], both[1][name]) for name in both[0] if name in both[1]]
        holds.append({name: _holds_zero(first, second) for name, first, second in pairs})
        errors += [np.hypot(first.error, second.error) for _, first, second in pairs]
        print(work.name, number, np.mean(list(holds[-1].values())), flush=True)
    rates = np.array([np.mean(list(one.values())) for one in holds])
    drawn = np.random.default_rng(0).choice(rates, (2000, HALVINGS)).mean(1)
    names = [name for name in holds[0] if all(name in one for one in holds)]
    return {
        "texts": len(corpus),
        "improvements": len(names),
        "holds_zero": float(rates.mean()),
        "range": [float(end) for end in np.quantile(drawn, [0.025, 0.975])],
        "median_error": float(np.median(errors)),
        "each": {name: float(np.mean([one[name] for one in holds])) for name in names},
    }


def _effects(
    corpus: Corpus, work: Work, baseline: Recipe, number: tuple[int, int], means: Means
) -> dict[str, Difference]:
    """Return what each improvement changes in macro-F1 on one half."""
    material = Material(corpus, FOLDS, (1 + 2 * number[0] + number[1],))
    texts = len(corpus) * (FOLDS - 1) // FOLDS
    known, _ = applicable(work.improvements, baseline, texts)
    changed = [Candidate(one, one.change(baseline)) for one in known]
    candidates = [one for one in changed if one.recipe != baseline]
    experiment = Experiment(material, means.worker, means.programs, means.stopping)
    race = Race(baseline, candidates, blocks_of(FOLDS, 1))
    for block in race.blocks:
        for recipe in (baseline, *(one.recipe for one in candidates)):
            list(experiment.run(experiment.jobs(recipe, baseline, block)))
    verdicts = Judge(experiment, race, 1, "macro_f1", seed=0).judge()
    return {one.name: one.gap for one in verdicts if one.gap is not None}


def _holds_zero(first: Difference, second: Difference) -> bool:
    """Whether the interval of the difference between two effects holds zero."""
    variances = np.square([first.error, second.error])
    if not variances.any():
        return True
    freedom = variances.sum() ** 2 / (variances**2 / [first.freedom, second.freedom]).sum()
    reach = student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variances.sum())
    return bool(abs(first.value - second.value) <= reach)


def _units(corpus: Corpus) -> np.ndarray:
    return together(corpus, [normalise(text) for text in corpus.texts])


if __name__ == "__main__":
    main()
