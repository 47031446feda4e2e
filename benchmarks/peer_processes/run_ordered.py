"""Our own loop on texts in order, in a process of its own.

HOW: seed; shape, of the encoder; lanes, 0 for one network in one thread, else so many on all cores.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from exchange import Rows, answer, load
from scipy.sparse import csr_matrix

from textkaizen.nets.plain import logits
from textkaizen.recipe import Recipe
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.layouts import Layouts
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads


def matrix(rows: Rows) -> csr_matrix:
    """Return SciPy's; words stay in their order."""
    return csr_matrix((rows.data, rows.indices, rows.indptr), shape=rows.shape)


def start(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train, and return times and what tests it."""
    work, programs = load(task), Programs()
    knobs = {"epochs": work.epochs, "validation": 0.0}
    shape = {"hidden": (), "batch_size": work.batch_size, **how["shape"]}
    recipe = Recipe().changed({"order": "words"}, shape, knobs)
    lane = Lane(recipe, matrix(work.bags), work.labels, work.classes, how["seed"])
    lane = replace(lane, room=wanted_room(lane))
    ends: list[float] = []
    begun = time.perf_counter()
    network = train(lane, programs, [lambda *_: ends.append(time.perf_counter())]).network
    rest, first = ends[-1] - ends[0], ends[0] - begun
    found = {"first_epoch_seconds": first, "seconds": rest * work.epochs / (work.epochs - 1)}
    if how.get("lanes"):  # what is compiled is there; they share what is laid out, as in a study
        rates = [0.001 * (1 + n / 10) for n in range(how["lanes"])]
        lanes = [replace(lane, recipe=recipe.with_knobs(learning_rate=rate)) for rate in rates]
        layouts, begun = Layouts(), time.perf_counter()
        each = lambda one: train(one, programs, layouts=layouts).network
        *_, network = list(Threads()(each, lanes))
        found["seconds"] = (time.perf_counter() - begun) / len(lanes)

    def test() -> dict[str, Any]:
        return {"accuracy": work.accuracy(logits(network, matrix(work.test_bags)).argmax(1))}

    return found | {"programs": programs.compilations}, test


if __name__ == "__main__":
    answer(("textkaizen", "jax", "jaxlib", "numpy", "scipy"), start)
