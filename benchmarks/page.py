"""Result files -> docs/benchmarks.md; a test holds the page to the committed results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.lanes_page import lanes_section
from benchmarks.ordered_page import ordered_section
from benchmarks.scaling_page import figures, scaling_section
from benchmarks.serving_page import serving_section
from benchmarks.small import AMONG
from benchmarks.texts_page import predicting_section, tokenising_section, vectorising_section

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MEGABYTE = 1e6

HEAD = """# How fast it is

Measured by `make bench`; `make bench-peers` installs the peers that are not among the project's own
dependencies. Every section is drawn from a file in `benchmarks/results`, which says machine,
versions and commit.
"""

SMALL_HEAD = """## Small texts

One hidden layer of 32 units, 100 epochs, batches of 32, Adam, each program in a process of its own,
taking turns: our loop; `keras.Model.fit` on dense arrays; PyTorch, eager, with fused Adam;
scikit-learn's `MLPClassifier` on sparse input. Each peer was tried in several forms and took part
in its best one. "Training" comes after compiling and the first epoch, as if all epochs were like
the others. "From its start" is everything from the start of the process until the network was
trained; "started before" finds what an earlier process has compiled. Among lanes, networks that
differ in one knob and read the same batches fill all cores, as in a study. Two linear models, as
scikit-learn offers them, show what accuracy costs without a network.

Times are medians of the rounds, in seconds a network; a ratio is the median over rounds of what
stood side by side.

Texts are requests to a voice assistant (MASSIVE, English; FitzGerald et al. 2022, CC BY 4.0), drawn
stratified.
"""

WIDE_HEAD = """## Large vocabularies

Drawn texts of 24 words whose frequencies fall as one by their rank, a hidden layer of 32, batches
of 32, Adam. "Chosen" is what a lane does by itself; "plain" updates every row of the first layer at
every step. Medians of the rounds.
"""

NSMC_HEAD = """## 140,000 texts in Korean, beside fastText

Whole processes on the same files (NSMC, CC0 1.0), taking turns. "Training" is the loop of ours, and
what fastText's `train_supervised` takes, reading its file included; "trained and saved" is the
process from its start until the model is on disk (linear models: until trained, on bags made
before); "with scoring" holds the evaluation on the test texts, too; "started before" finds what an
earlier process has compiled. Medians of the rounds.
"""


STEPS_HEAD = """## Where a step's time goes

An epoch recorded by XLA's profiler, one network of 32 units alone; every operation belongs to a
part of the step. The bound is what the bytes that a step must read and write would take at the
speed of a large copy, or its products at the speed of a large product of matrices, whichever is
longer, on one core of this machine; a small table that stays in the processor's cache could be
faster still. What keeps a step from it: rows are scattered over the table, so each costs a wait
of its own and not a stream; batches are padded to the longest; and some sixty small operations
follow each other, each begun anew.
"""

KERAS_HEAD = """## A Keras model through our fit

`textkaizen.interop.keras.fit` beside the model's own `fit`, both on the JAX backend, 100 epochs,
batches of 32, Adam, after a first epoch. A ratio is the median over five rounds, against Keras' fit
on a dense array with the best of several `steps_per_execution`. A dense array of bags is read as
sparse rows; the one without zeros is not. The rows are ordered once, and a validation share is the
last tenth of them on both sides. Seconds are medians of the rounds, the fastest one beside them.
"""


def read(name: str) -> dict[str, Any]:
    """Return a result file's values."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def text() -> str:
    """Return the page, from the result files that are there."""
    there = [name for name in SECTIONS if (RESULTS / f"{name}.json").exists()]
    lines = [HEAD]
    for name in there:
        found = read(name)
        lines += [*SECTIONS[name](found), measured(found), ""]
    return "\n".join(lines)


def write_page() -> None:
    """Write the page and its figures."""
    PAGE.write_text(text(), encoding="utf-8")
    if (RESULTS / "scaling.json").exists():
        for path, drawn in figures(read("scaling")).items():
            path.write_text(drawn, encoding="utf-8")


def measured(found: dict[str, Any]) -> str:
    """Say on what, and with which versions."""
    told = ", ".join(f"{name} {value}" for name, value in found["facts"].items())
    load = found.get("load_before")
    return f"Measured with: {told}{'' if load is None else f', load before {load:.1f}'}."


def small_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.small`."""
    lines = [SMALL_HEAD]
    for name, task in found["tasks"].items():
        lines += [
            f"### {name[0].upper()}{name[1:]}",
            "",
            f"{task['texts']:,} texts, {task['features']:,} features ({task['non_zeros_a_text']} a "
            f"text), {task['classes']} classes, accuracy on {task['test_texts']:,} other texts.",
            "",
            "| program | training | fastest | from its start | accuracy | in all rounds |",
            "|---|---|---|---|---|---|",
        ]
        for program, own in task["programs"].items():
            seconds, score = own["seconds"], own["accuracy"]
            begun = f"{own['from_start_seconds']['median']:.2f}"
            if program == AMONG:
                begun = ""  # its process trains many
            lines.append(
                f"| {program} | {seconds['median']:.3f} | {seconds['min']:.3f} | {begun} | "
                f"{100 * score['median']:.1f} | "
                f"{100 * score['min']:.1f} to {100 * score['max']:.1f} |"
            )
        tables = {"times faster, training": task["times_faster"]}
        tables["times faster, from its start"] = task["times_faster_from_start"]
        for title, ratios in tables.items():
            lines += ["", *ratio_table(title, ratios)]
        lines += ["", f"Best forms: {best_forms(task['best'])}.", ""]
    told = {
        f"{one}: {_plainly(own)}"
        for task in found["tasks"].values()
        for one, own in task["versions"].items()
        if not one.startswith("textkaizen")
    }
    return [*lines, f"Peers: {'; '.join(sorted(told))}.", ""]


def _plainly(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in versions.items())


def best_forms(best: dict[str, dict[str, str]]) -> str:
    """Say in which form each peer took part; where they differ, by which time."""
    told = []
    for program, by_time in best.items():
        training, start = by_time["seconds"], by_time["from_start_seconds"]
        if training == start and training:
            told.append(f"{program}: {training}")
        elif training:
            told.append(f"{program}: {training} (from its start: {start})")
    return "; ".join(told)


def ratio_table(title: str, ratios: dict[str, dict[str, float]]) -> list[str]:
    """Return a row for each form of ours, a column for each peer; nothing without peers."""
    peers = list(dict.fromkeys(peer for own in ratios.values() for peer in own))
    if not peers:
        return []
    lines = [f"| {title} | {' | '.join(peers)} |", "|---|" + "---|" * len(peers)]
    for own, by_peer in ratios.items():
        cells = [f"{by_peer[peer]:.1f}" if peer in by_peer else "" for peer in peers]
        lines.append(f"| {own} | {' | '.join(cells)} |")
    return lines


def wide_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.wide`."""
    lines = [
        WIDE_HEAD,
        "| features | texts | chosen | ms a step | plain, ms a step | times faster | "
        "times the narrowest | accuracy | plain |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for width, row in found["widths"].items():
        if not {"chosen", "plain"} <= set(row):
            continue
        chosen, plain = row["chosen"], row["plain"]
        times = [one["milliseconds_a_step"]["median"] for one in (chosen, plain)]
        factors = (row["times_faster_than_plain"], row["times_the_narrowest"])
        told = ["" if factor is None else f"{factor:.2f}" for factor in factors]
        lines.append(
            f"| {int(width):,} | {row['texts']:,} | {'lazy' if chosen['lazy'] else 'plain'} | "
            f"{times[0]:.3f} | {times[1]:.3f} | {' | '.join(told)} | "
            f"{100 * chosen['accuracy']:.1f} | {100 * plain['accuracy']:.1f} |"
        )
    return [*lines, ""]


def nsmc_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.nsmc`."""
    lines = [
        NSMC_HEAD,
        f"{found['texts']:,} texts, {found['features']:,} features of our recipe "
        f"(`benchmarks/recipes/{found['recipe']}`), accuracy on {found['test_texts']:,} texts.",
        "",
        "| program | training | trained and saved | with scoring | most memory, MB | accuracy |",
        "|---|---|---|---|---|---|",
    ]
    for program, own in found["programs"].items():
        middle = {name: value["median"] for name, value in own.items()}
        lines.append(
            f"| {program} | {middle['seconds']:.1f} | {middle['from_start_seconds']:.1f} | "
            f"{middle['whole_seconds']:.1f} | {middle['peak_bytes'] / MEGABYTE:,.0f} | "
            f"{100 * middle['accuracy']:.2f} |"
        )
    if found.get("beside"):
        lines += [
            "",
            "| ours beside | times the training | times until saved | times with scoring | "
            "points of accuracy above |",
            "|---|---|---|---|---|",
        ]
    for peer, own in found.get("beside", {}).items():
        times = ("seconds", "from_start_seconds", "whole_seconds")
        factors = [own[f"times_the_{name}"] for name in times]
        told = ["" if factor is None else f"{factor:.1f}" for factor in factors]
        above = 100 * own["accuracy_above"]
        lines.append(f"| {peer} | {' | '.join(told)} | {above:+.2f} |")
    if "dense_by_peak" in found:
        lines += [
            "",
            "A dense array of these bags, as Keras would be given, would hold "
            f"{found['dense_bytes'] / 1e9:,.1f} GB (computed), {found['dense_by_peak']:.0f} times "
            "what `textkaizen train` held at most in all.",
        ]
    return [*lines, ""]


def steps_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.steps`."""
    able, tasks = found["machine"], found["tasks"]
    lines = [
        STEPS_HEAD,
        f"One core copies {able['bytes_a_second'] / 1e9:.1f} GB a second, read and written, and "
        f"multiplies and adds {able['products_a_second'] / 1e9:.0f} times 1e9 a second.",
        "",
        f"| | {' | '.join(tasks)} |",
        "|---|" + "---|" * len(tasks),
    ]
    rows = list(tasks.values())
    parts = list(dict.fromkeys(part for row in rows for part in row["shares"]))
    told = {
        "microseconds a step": [f"{row['microseconds']:.0f}" for row in rows],
        "bytes, KB": [f"{row['bytes'] / 1e3:.0f}" for row in rows],
        "products, thousands": [f"{row['products'] / 1e3:.0f}" for row in rows],
        "bound, microseconds": [f"{row['bound_microseconds']:.0f}" for row in rows],
        **{
            f"share: {part}": [f"{100 * row['shares'].get(part, 0):.0f} %" for row in rows]
            for part in parts
        },
    }
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in told.items()), ""]


def keras_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.keras_fit`."""
    lines = [
        KERAS_HEAD,
        f"{found['texts']:,} texts, {found['features']:,} features ({found['non_zeros_a_text']} a "
        "text).",
        "",
    ]
    for name, task in found["tasks"].items():
        lines += [
            f"### {name[0].upper()}{name[1:]}",
            "",
            "| program | seconds | fastest | accuracy | times faster |",
            "|---|---|---|---|---|",
        ]
        ratios = task["times_faster"]
        for program, times in task["seconds"].items():
            ratio = ratios.get(program.removeprefix("textkaizen fit, "))
            told = "" if ratio is None else f"{ratio:.1f}"
            score = 100 * task["accuracy"][program]
            lines.append(
                f"| {program} | {times['median']:.3f} | {times['min']:.3f} | {score:.1f} | {told} |"
            )
        first = task["first_epoch_seconds"]
        told = ", ".join(f"{program} {seconds:.2f} s" for program, seconds in first.items())
        lines += ["", f"First epoch, compiling included: {told}.", ""]
    return lines


SECTIONS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "small": small_section,
    "wide": wide_section,
    "nsmc": nsmc_section,
    "ordered": ordered_section,
    "steps": steps_section,
    "lanes": lanes_section,
    "scaling": scaling_section,
    "vectorising": vectorising_section,
    "tokenising": tokenising_section,
    "predicting": predicting_section,
    "serving": serving_section,
    "keras_fit": keras_section,
}
