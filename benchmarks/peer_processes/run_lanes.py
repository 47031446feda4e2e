"""All lanes of a study without racing, in a process of its own, on all cores.

TASK is a CSV of texts (columns text, label). HOW: recipe, as `Recipe.to_dict` gives it;
improvements, by name; folds; seeds, a list. What is timed ends when the improvements' lanes have
answered; those of the recipe they start from come after it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from exchange import answer

from textkaizen.data import canonical
from textkaizen.files.compiled import compiled_folder
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Block, Experiment, Job
from textkaizen.study.improvements import chosen
from textkaizen.study.material import Material
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads


def jobs(experiment: Experiment, recipes: Iterable[Recipe], base: Recipe) -> Iterator[Job]:
    """Make the lanes of all folds and seeds; a seed is cut when its first one is about to run."""
    material = experiment.material
    for number in range(len(material.seeds)):
        block = Block(number, tuple(range(material.fold_count)))
        for recipe in recipes:
            yield from experiment.jobs(recipe, base, block)


def start(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Run the improvements' lanes, and return what they took and what runs the others."""
    corpus = canonical(load_corpus(Path(task), Columns("text", "label", None)))
    threads = Threads()
    programs = Programs(compiled_folder())
    material = Material(corpus, how["folds"], tuple(how["seeds"]))
    experiment = Experiment(material, threads, programs, threads.stopping)
    base = Recipe.from_dict(how["recipe"])
    recipes = {one.name: one.change(base) for one in chosen(how["improvements"])}
    begun = time.perf_counter()
    lanes = sum(1 for _ in experiment.run(jobs(experiment, recipes.values(), base)))
    found = {
        "seconds": time.perf_counter() - begun,
        "lanes": lanes,
        "lane_seconds": sum(runs.seconds for runs in experiment.runs.values()),
        "programs": programs.compilations,
        "cores": threads.count,
    }

    def test() -> dict[str, Any]:
        begun = time.perf_counter()
        base_lanes = sum(1 for _ in experiment.run(jobs(experiment, [base], base)))
        seconds = time.perf_counter() - begun
        right = lambda recipe: experiment.runs[recipe].predicted == material.labels
        scores = {name: float(right(recipe).mean()) for name, recipe in recipes.items()}
        first = material.partition[0] == 0
        return {
            "base": {
                "lanes": base_lanes,
                "seconds": seconds,
                "accuracy": float(right(base).mean()),
            },
            "accuracies": scores,
            "first_fold": {
                name: float(right(recipe)[0, first].mean()) for name, recipe in recipes.items()
            },
            "accuracy": sum(scores.values()) / len(scores),
        }

    return found, test


if __name__ == "__main__":
    answer(("textkaizen", "jax", "jaxlib", "numpy", "scipy"), start)
