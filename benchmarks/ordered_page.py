"""The section of the page on `benchmarks.ordered`."""

from __future__ import annotations

from typing import Any

HEAD = """## Networks that read in order

Texts of `snips` (CC0 1.0), embeddings of 128, Adam, batches of 32, beside `keras.Model.fit` with
the same layers on JAX, padded to the longest text. An epoch comes after the first one, which
compiles. One network of ours takes one thread; among lanes all cores have a network each, and the
time is that of all by their number. Keras uses all cores. Medians of the rounds; a ratio is the
median over rounds of what stood side by side.
"""


def ordered_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.ordered`."""
    lines = [
        HEAD,
        f"{found['texts']:,} texts of {found['non_zeros_a_text']} words.",
        "",
        "| network | program | an epoch, s | accuracy | times faster than Keras |",
        "|---|---|---|---|---|",
    ]
    for network, own in found["networks"].items():
        for program, numbers in own["programs"].items():
            ratios = list(own["times_faster"].get(program, {}).values())
            told = f"{ratios[0]:.2f}" if ratios else ""
            epoch = numbers["seconds"]["median"] / found["epochs"]
            accuracy = 100 * numbers["accuracy"]["median"]
            lines.append(f"| {network} | {program} | {epoch:.2f} | {accuracy:.1f} | {told} |")
    return [*lines, ""]
