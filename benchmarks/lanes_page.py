"""The section of the page on `benchmarks.lanes`."""

from __future__ import annotations

from typing import Any

HEAD = """## All lanes of a study

A study without racing: every improvement on every fold with every seed, one hidden layer of 32,
batches of 32, a tenth of the training texts held back for validation, on all cores. Seconds go from
the start of the process, which reads and cuts the texts, until the last lane has answered; "cold"
compiles, "warm" finds what the first process has compiled. The recipe that the improvements start
from is told apart.

Keras trains a new model for each lane, as a tuner does, one after another in one process, on dense
arrays, in the best of the forms tried, and uses all cores by itself. One improvement of every kind
was measured, on the training texts of one fold, and stands for all lanes of its kind: what all of
them would take is computed, not measured, without the start of the process, the cutting of texts
and the predictions. "Without compiling" is as if the first epoch of each fit were like the others.
Accuracies beside a fit are those of that fold.

Texts are requests to a voice assistant (MASSIVE, English; FitzGerald et al. 2022, CC BY 4.0), drawn
stratified, as words and word pairs; every fold has a vocabulary of its own.
"""

TIMES = ("seconds", "without_compiling_seconds")


def lanes_section(found: dict[str, Any]) -> list[str]:
    """Return the section."""
    lines = [
        HEAD,
        f"{found['texts']:,} texts, {found['classes']} classes; {len(found['improvements'])} "
        f"improvements, {_many(found['folds'], 'fold')}, {_many(found['seeds'], 'seed')}, "
        f"{found['epochs']} epochs. The fold of the peers has {found['training_texts']:,} training "
        f"texts, {found['held']} of them held back, and {found['features']:,} features.",
        "",
        *_ours(found["ours"]),
        *_peers(found),
        f"Improvements: {', '.join(found['improvements'])}.",
        "",
    ]
    told = {f"{name}: {_plainly(one['versions'])}" for name, one in found["peers"].items()}
    return [*lines, f"Peers: {'; '.join(sorted(told))}.", ""] if told else lines


def _ours(runs: dict[str, Any]) -> list[str]:
    lines = [
        "| textkaizen | lanes | seconds | seconds a lane | programs | accuracy | "
        "lanes of the recipe apart | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, own in runs.items():
        lines.append(
            f"| {name} | {own['lanes']} | {own['from_start_seconds']:.1f} | "
            f"{own['seconds_a_lane']:.3f} | {own['programs']} | {100 * own['accuracy']:.1f} | "
            f"{own['base']['lanes']} | {own['base']['seconds']:.1f} |"
        )
    return [*lines, ""]


def _peers(found: dict[str, Any]) -> list[str]:
    """Return a table of what all lanes would take, and one of the fits; nothing without peers."""
    peers, warm = found["peers"], found["ours"].get("warm")
    if not peers:
        return []
    lines = [
        "| all lanes, computed | seconds | without compiling | times longer than warm | "
        "without compiling |",
        "|---|---|---|---|---|",
    ]
    for name, one in peers.items():
        seconds = [one[f"extrapolated_{what}"] for what in TIMES]
        times = [f"{one[f'times_longer_{what}']:.1f}" if warm else "" for what in TIMES]
        told = [f"{value:,.0f}" for value in seconds]
        lines.append(f"| {name} | {' | '.join(told)} | {' | '.join(times)} |")
    heads = [f"{name}, seconds | without compiling | accuracy" for name in peers]
    lines += ["", f"| one fit | stands for lanes | {' | '.join(heads)} | textkaizen, accuracy |"]
    lines.append("|---|---|" + "---|---|---|" * len(peers) + "---|")
    for fit, lanes in found["stands_for"].items():
        own = [one["fits"][fit] for one in peers.values()]
        told = [_fit(one) for one in own]
        told.append(f"{100 * warm['first_fold'][fit]:.1f}" if warm else "")
        lines.append(f"| {fit} | {lanes} | {' | '.join(told)} |")
    forms = "; ".join(f"{name}: {one['form']}" for name, one in peers.items())
    return [*lines, "", f"Best forms: {forms}.", ""]


def _fit(one: dict[str, float]) -> str:
    return f"{one[TIMES[0]]:.2f} | {one[TIMES[1]]:.2f} | {100 * one['accuracy']:.1f}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _plainly(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in versions.items())
