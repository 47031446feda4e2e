"""Result files -> docs/benchmarks.md; a test holds the page to the committed results."""

from __future__ import annotations

from typing import Any

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
