"""Our own loop in a process of its own, as the peers are.

HOW: seed; path, "chosen" (by the table's size) or "plain" (every row at every step); lanes, 0 for
one network in one thread, else so many on all cores.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from exchange import Rows, answer, load
from scipy.sparse import csr_matrix

from textkaizen.files.compiled import compiled_folder
from textkaizen.nets.plain import logits
from textkaizen.recipe import Recipe
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.layouts import Layouts
from textkaizen.train.programs import Programs


def matrix(rows: Rows) -> csr_matrix:
    """Return SciPy's."""
    return csr_matrix((rows.data, rows.indices, rows.indptr), shape=rows.shape)


def one(lane: Lane, programs: Programs) -> tuple[dict[str, Any], Any]:
    """Train a network; time what follows its first epoch."""
    ends: list[float] = []
    begun = time.perf_counter()
    network = train(lane, programs, [lambda *_: ends.append(time.perf_counter())]).network
    rest, epochs = ends[-1] - ends[0], len(ends)
    first = ends[0] - begun
    return {"first_epoch_seconds": first, "seconds": rest * epochs / (epochs - 1)}, network


def many(lane: Lane, count: int, programs: Programs) -> tuple[dict[str, Any], list[Any]]:
    """Train networks of a study on all cores, after one epoch that compiles.

    They differ in one knob, the learning rate, and read the same batches in the same order, as the
    improvements of a fold and a seed do; as there, the sizes of their program are found out once,
    and what is laid out alike is laid out once.
    """
    from textkaizen.workers.threads import Threads

    begun = time.perf_counter()
    lane = replace(lane, room=lane.room or wanted_room(lane))
    train(replace(lane, recipe=lane.recipe.with_knobs(epochs=1)), programs)
    first = time.perf_counter() - begun
    knobs, layouts = lane.recipe.knobs, Layouts()
    rates = [knobs.learning_rate * 2 ** (2 * n / count - 1) for n in range(count)]
    recipes = [lane.recipe.with_knobs(learning_rate=rate) for rate in rates]
    begun = time.perf_counter()
    each = lambda one: train(replace(lane, recipe=one), programs, layouts=layouts).network
    networks = list(Threads()(each, recipes))
    seconds = time.perf_counter() - begun
    return {"first_epoch_seconds": first, "seconds": seconds / count}, networks


def start(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train, and return times and what tests it."""
    work, programs = load(task), Programs(compiled_folder())
    recipe = Recipe().with_shape(hidden=(work.units,), batch_size=work.batch_size)
    recipe = recipe.with_knobs(epochs=work.epochs, validation=0.0)
    lane = Lane(recipe, matrix(work.bags), work.labels, work.classes, how["seed"])
    if how.get("path", "chosen") == "plain":
        lane = replace(lane, room=wanted_room(lane)._replace(rows=0))
    networks: list[Any]
    if how.get("lanes"):
        found, networks = many(lane, how["lanes"], programs)
    else:
        found, network = one(lane, programs)
        networks = [network]
    specification = programs.specifications[-1]
    found |= {"lazy": specification.room.rows > 0, "programs": programs.compilations}

    def test() -> dict[str, Any]:
        bags = matrix(work.test_bags)
        scores = [work.accuracy(logits(network, bags).argmax(1)) for network in networks]
        return {"accuracy": sum(scores) / len(scores), "accuracies": scores}

    return found, test


if __name__ == "__main__":
    answer(("textkaizen", "jax", "jaxlib", "numpy", "scipy"), start)
