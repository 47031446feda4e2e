"""Result files -> docs/benchmarks.md; a test holds the page to the committed results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS, PAGE = Path(__file__).parent / "results", "docs/benchmarks.md"

HEAD = """# How fast the loop is

One hidden layer of 32 units, 100 epochs, batches of 32, Adam: our loop, `keras.Model.fit` with its
JAX backend on dense input, and scikit-learn's `MLPClassifier` on sparse input, in one process,
taking turns. Keras is timed after its first epoch, ours after compiling; the first epochs stand
below. Among lanes, networks of different seeds fill all cores, as in a study. Times are medians of
five rounds, in seconds a network; a ratio is the median over rounds of what stood side by side.

Texts are requests to a voice assistant (MASSIVE, English; FitzGerald et al. 2022, CC BY 4.0), drawn
stratified.

Written by `make bench`.
"""


KERAS_HEAD = """## A Keras model through our fit

`textkaizen.interop.keras.fit` beside the model's own `fit`, both on the JAX backend, 100 epochs,
batches of 32, Adam, after a first epoch. A ratio is the median over five rounds, against Keras' fit
on a dense array with the best of several `steps_per_execution`. A dense array of bags is read as
sparse rows; the one without zeros is not. The rows are ordered once, and a validation share is the
last tenth of them on both sides. Seconds are medians of the rounds, the fastest one beside them.
"""


def write_page() -> str:
    """Write the page from the result files that are there, and return it."""
    read = lambda name: json.loads((RESULTS / name).read_text(encoding="utf-8"))
    parts = [page(read("loop.json"))]
    if (RESULTS / "keras_fit.json").exists():
        parts.append(keras_section(read("keras_fit.json")))
    text = "\n".join(parts)
    (Path(__file__).parent.parent / PAGE).write_text(text, encoding="utf-8")
    return text


def keras_section(found: dict[str, Any]) -> str:
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
    told = ", ".join(f"{name} {value}" for name, value in found["facts"].items())
    return "\n".join([*lines, f"Measured with: {told}.", ""])


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    lines = [HEAD]
    for name, task in found["tasks"].items():
        lines += [
            f"## {name[0].upper()}{name[1:]}",
            "",
            f"{task['texts']:,} texts, {task['features']:,} features ({task['non_zeros_a_text']} a "
            f"text), {task['classes']} classes, accuracy on {task['test_texts']:,} other texts.",
            "",
            "| program | seconds a network | fastest | accuracy | in all rounds |",
            "|---|---|---|---|---|",
        ]
        for program, times in task["seconds"].items():
            score = task["accuracy"][program]
            lines.append(
                f"| {program} | {times['median']:.3f} | {times['min']:.3f} | "
                f"{100 * score['median']:.1f} | "
                f"{100 * score['min']:.1f} to {100 * score['max']:.1f} |"
            )
        lines += ["", _ratio_table(task["times_faster"]), ""]
        first = task["first_epoch_seconds"]
        told = ", ".join(f"{program} {seconds:.2f} s" for program, seconds in first.items())
        lines += [f"First epoch, compiling included: {told}.", ""]
    facts = found["facts"]
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    return "\n".join([*lines, f"Measured with: {told}.", ""])


def _ratio_table(ratios: dict[str, dict[str, float]]) -> str:
    peers = list(next(iter(ratios.values())))
    lines = [f"| times faster than | {' | '.join(peers)} |", "|---|" + "---|" * len(peers)]
    for own, by_peer in ratios.items():
        lines.append(f"| {own} | " + " | ".join(f"{by_peer[peer]:.1f}" for peer in peers) + " |")
    return "\n".join(lines)
