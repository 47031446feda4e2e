"""All lanes of a study without racing, beside Keras, which trains one network after another.

    python -m benchmarks.lanes [--quick] [--out FOLDER]

25 improvements, each with an equivalent in Keras, on five folds with three seeds: 375 lanes, in a
process of its own, on all cores. It runs twice: the second run finds what the first has compiled.
Peers train ten of the improvements, one of every kind, on the texts of one fold, each a new model
in one process, as a tuner does; a fit stands for all lanes of its kind. They are measured in their
best form, and without what a process does once; Keras uses all cores by itself.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import (
    CACHE,
    KERAS_JAX,
    KERAS_TENSORFLOW,
    Answer,
    Program,
    ask,
    there,
)
from benchmarks.rounds import Size, best_variants, size_asked, write_result
from benchmarks.tasks import RULES, Task, drawn_words, request_texts, written
from textkaizen.data import Corpus, canonical, hold_out
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import lane_seed
from textkaizen.study.improvements import chosen
from textkaizen.study.material import Material

IMPROVEMENTS = (
    *("dropout 0.5", "dropout 0.2", "batch norm before", "batch norm after"),
    *("learning rate x3", "learning rate /3", "cosine schedule", "reduce on plateau"),
    *("AdamW", "RMSprop", "SGD with momentum", "Adagrad", "Nadam"),
    *("tanh", "leaky ReLU", "ELU", "GELU", "label smoothing 0.1", "gradient clipping 1"),
    *("Glorot normal", "He uniform", "He normal", "LeCun normal", "L2 1e-4", "L1 1e-5"),
)
FITS = (
    *("dropout 0.5", "batch norm before", "learning rate x3", "cosine schedule", "AdamW"),
    *("GELU", "label smoothing 0.1", "gradient clipping 1", "He normal", "L2 1e-4"),
)
TRIED = FITS[:2]  # by which a peer's best form is found
FOLDS, SEEDS, EPOCHS, UNITS = 5, (1, 2, 3), 100, 32
OURS = Program("textkaizen", "run_lanes.py")
PEERS = tuple(replace(one, script="run_keras_lanes.py") for one in (KERAS_JAX, KERAS_TENSORFLOW))
WHOLE, APART = "seconds", "without_compiling_seconds"


def study(size: Size) -> dict[str, Any]:
    """Return what is run: texts, the recipe it starts from, improvements, those of peers, parts."""
    base = replace(Recipe(), text=RULES["words and word pairs"])
    base = base.with_shape(hidden=(UNITS,)).with_knobs(epochs=2 if size.quick else EPOCHS)
    whole = {"base": base, "improvements": IMPROVEMENTS, "fits": FITS, "tried": TRIED}
    if not size.quick:
        return {**whole, "corpus": request_texts()[0], "folds": FOLDS, "seeds": SEEDS}
    words, labels = drawn_words(200, 300, seed=0)
    corpus = canonical(Corpus(tuple(written(words)), tuple(f"c{label}" for label in labels)))
    two = ("dropout 0.5", "label smoothing 0.1")
    small = {"improvements": two, "fits": two}
    return {**whole, **small, "corpus": corpus, "folds": 2, "seeds": (1,)}


def one_fold(work: dict[str, Any]) -> tuple[Task, int]:
    """Return the bags of the first fold, the validation share last, and how many those are."""
    base = work["base"]
    material = Material(work["corpus"], work["folds"], work["seeds"])
    material.prepare(base.text, 0)
    bags = material.fold_bags(base.text, 0, 0)
    labels, seed = material.labels[bags.train], lane_seed(work["seeds"][0], 0)
    share = base.knobs.validation
    held = hold_out(labels.tolist(), material.units[bags.train], share, seed)
    order = np.argsort(held, kind="stable")
    parts = bags.train_bags[order], labels[order], bags.test_bags, material.labels[bags.test]
    classes, epochs = len(material.classes), base.knobs.epochs
    return Task(*parts, classes, UNITS, epochs, base.shape.batch_size), int(held.sum())


def knobs_of(base: Recipe, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the knobs of improvements as JSON can hold them: what is off by infinity is None."""
    plain = lambda value: None if value == math.inf else value
    recipes = {one.name: one.change(base).to_dict()["knobs"] for one in chosen(names)}
    return {name: {knob: plain(recipes[name][knob]) for knob in recipes[name]} for name in names}


def ours(work: dict[str, Any], place: Path) -> dict[str, Answer]:
    """Run all lanes twice, the second time with what the first has left behind."""
    path, found = place / "texts.csv", {}
    with path.open("w", encoding="utf-8", newline="") as file:
        pairs = zip(work["corpus"].texts, work["corpus"].labels, strict=True)
        csv.writer(file).writerows([("text", "label"), *pairs])
    how = {name: work[name] for name in ("improvements", "folds", "seeds")}
    how["recipe"] = work["base"].to_dict()
    program = replace(OURS, environment={CACHE: str(place / "home")})
    for name in ("cold", "warm"):
        if answer := ask(program, path, **how):
            answer.pop("output")
            found[name] = answer | {
                "seconds_a_lane": answer["from_start_seconds"] / answer["lanes"]
            }
            told = f"{answer['lanes']} lanes, {answer['from_start_seconds']:.1f} s"
            print(f"  {name}: {told}, {answer['programs']} programs", flush=True)
    return found


def peer(program: Program, work: dict[str, Any], path: Path, held: int) -> dict[str, Any] | None:
    """Time a peer's fits in its best form; None where it gave no answer."""
    ask_one = partial(ask, task=path, held=held)
    knobs = knobs_of(work["base"], work["fits"])
    form, tried = next(iter(program.variants)), {}
    if work["fits"] == FITS:
        some = {name: knobs[name] for name in work["tried"]}
        best, tried = best_variants(program, partial(ask_one, recipes=some))
        if not best:
            return None
        form = best[WHOLE]
    answer = ask_one(program, recipes=knobs, **program.variants[form])
    if answer is None:
        return None
    found = {name: answer[name] for name in ("fits", "accuracy", "peak_bytes", "versions")}
    print(f"  {program.name}, {form}: {answer[WHOLE]:.1f} s for {len(knobs)} fits", flush=True)
    return {"form": form, "tried": tried, **found}


def extrapolated(fits: dict[str, dict[str, float]], lanes: dict[str, int], what: str) -> float:
    """Return seconds of all lanes one after another: a fit's, times the lanes it stands for.

    Example:
        >>> fits = {"a": {"seconds": 2.0}, "b": {"seconds": 3.0}}
        >>> extrapolated(fits, {"a": 1, "b": 4}, "seconds")
        14.0
    """
    return sum(fits[name][what] * lanes[name] for name in fits)


def stands_for(work: dict[str, Any]) -> dict[str, int]:
    """Return for each fit of a peer how many lanes its kind has."""
    each = work["folds"] * len(work["seeds"])
    kinds = Counter(one.group for one in chosen(work["improvements"]))
    return {one.name: kinds[one.group] * each for one in chosen(work["fits"])}


def measure(size: Size) -> dict[str, Any]:
    """Run ours, then each peer."""
    work = study(size)
    lanes, peers = stands_for(work), {}
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        task, held = one_fold(work)
        path = task.save(place / "task.npz")
        own = ours(work, place)
        for program in there(PEERS):
            if answer := peer(program, work, path, held):
                peers[program.name] = answer
    for answer in peers.values():
        for what in (WHOLE, APART):
            answer[f"extrapolated_{what}"] = extrapolated(answer["fits"], lanes, what)
            if "warm" in own:
                answer[f"times_longer_{what}"] = (
                    answer[f"extrapolated_{what}"] / own["warm"]["from_start_seconds"]
                )
    base = work["base"]
    return {
        "texts": len(work["corpus"]),
        "training_texts": task.bags.shape[0],
        "held": held,
        "features": task.bags.shape[1],
        "classes": task.classes,
        "units": UNITS,
        "epochs": base.knobs.epochs,
        "batch_size": base.shape.batch_size,
        "folds": work["folds"],
        "seeds": len(work["seeds"]),
        "improvements": list(work["improvements"]),
        "stands_for": lanes,
        "ours": own,
        "peers": peers,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    write_result(size, "lanes", measure(size))


if __name__ == "__main__":
    main()
