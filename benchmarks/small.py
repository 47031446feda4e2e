"""Small texts: one hidden layer of 32, 100 epochs, batches of 32, beside four peers.

    python -m benchmarks.small [--quick] [--out FOLDER]

Every program runs in a process of its own, once a round, one after another; a round's ratio
compares what stood side by side. In a process a network is trained for its first epoch, which
holds the compiling, and then for the others: `seconds` is what those would take for all epochs.
`from_start_seconds` goes from the start of the process until the network was trained. Each peer is
tried in several forms first, and its best one takes part: by each of the two times.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.processes import CACHE, NETWORKS, ONE, SGD, SVC, Program, ask, there
from benchmarks.rounds import TIMES, Notes, Size, best_variants, size_asked, write_result
from benchmarks.tasks import RULES, Task, requests, zipf

LANES, FEATURES = 16, 3000
AMONG = "textkaizen, a network among lanes"
WARM = "textkaizen, one network, started before"


def tasks(size: Size) -> dict[str, Task]:
    """Return what is to be learnt, by name."""
    if size.quick:
        return {"drawn texts": zipf(200, 500, epochs=4)}
    pairs, characters = RULES
    return {
        f"{pairs}, the {FEATURES:,} most frequent": requests(RULES[pairs], FEATURES),
        characters: requests(RULES[characters]),
    }


def chosen(
    programs: list[Program], path: Path, size: Size
) -> tuple[dict[str, dict[str, str]], dict[str, Any]]:
    """Return each program's best forms, and what was tried."""
    if size.quick:
        return {one.name: dict.fromkeys(TIMES, next(iter(one.variants))) for one in programs}, {}
    best, tried = {}, {}
    for program in programs:
        best[program.name], found = best_variants(program, lambda one, **how: ask(one, path, **how))
        if found:
            tried[program.name] = found
    return {name: one for name, one in best.items() if one}, tried


def peer_round(program: Program, best: dict[str, str], ask_one, notes: Notes) -> None:
    """Run a peer's best form; where another one is the best from its start, that one, too."""
    by_time = [program.variants[best[time]] for time in TIMES]
    if (answer := ask_one(program, **by_time[0])) is None:
        return
    if by_time[1] != by_time[0] and (other := ask_one(program, **by_time[1])):
        answer["from_start_seconds"] = other["from_start_seconds"]
    notes.add(program.name, answer)


def own_round(ask_one, lanes: int, home: Path, notes: Notes) -> None:
    """Run ours: from nothing, again with what the first run has left behind, and among lanes."""
    own = replace(ONE, environment={CACHE: str(home)})
    for name in (ONE.name, WARM):  # nothing is kept there before the first
        if answer := ask_one(own):
            notes.add(name, answer)
    if answer := ask_one(own, lanes=lanes):
        notes.add(AMONG, answer)


def measure(name: str, work: Task, size: Size) -> dict[str, Any]:
    """Time every program, taking turns."""
    print(f"{name}: {work.about()}", flush=True)
    programs, lanes = there([*NETWORKS, SGD, SVC]), 2 if size.quick else LANES
    with tempfile.TemporaryDirectory() as place:
        path, notes = work.save(Path(place) / "task.npz"), Notes()
        best, tried = chosen(programs, path, size)
        for number in range(size.rounds):
            print(f"round {number + 1} of {size.rounds}", flush=True)
            ask_one = partial(ask, task=path, seed=100 * number)
            own_round(ask_one, lanes, Path(place) / f"home{number}", notes)
            for program in programs:
                if program.name in best:
                    peer_round(program, best[program.name], ask_one, notes)
    peers = [program.name for program in NETWORKS]
    numbers = notes.numbers
    return {
        **work.about(),
        "units": work.units,
        "epochs": work.epochs,
        "batch_size": work.batch_size,
        "lanes": lanes,
        "best": best,
        "tried": tried,
        "programs": notes.spreads(),
        "times_faster": {
            own: notes.times_faster(own, peers, "seconds")
            for own in (ONE.name, AMONG)
            if own in numbers
        },
        "times_faster_from_start": {
            own: notes.times_faster(own, peers, "from_start_seconds")
            for own in (ONE.name, WARM)
            if own in numbers
        },
        "versions": notes.versions,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    found = {name: measure(name, work, size) for name, work in tasks(size).items()}
    write_result(size, "small", {"tasks": found})


if __name__ == "__main__":
    main()
