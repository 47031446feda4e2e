"""Result file of `benchmarks.scaling` -> its section of docs/benchmarks.md and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.curves import figure

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """## How time grows

Drawn texts of 24 words whose frequencies fall as one by their rank, 10 classes, a hidden layer of
32, batches of 32; every program in a process of its own. A point is the median of up to
{rounds} runs, as many as fit into a minute. A curve ends where a run took more than a minute, or
where what the program must hold (Keras: a dense array of all texts) is more than
{gigabytes:.0f} GB.
"""
KINDS = {
    "texts": (
        "Over texts",
        "texts",
        "seconds an epoch",
        "{features:,} features; seconds an epoch.",
    ),
    "vocabulary": (
        "Over the vocabulary",
        "features",
        "seconds an epoch",
        "{texts:,} texts; seconds an epoch.",
    ),
    "texts to bags": (
        "From texts to bags",
        "texts",
        "seconds",
        "Words alone, TF-IDF: ours, and scikit-learn's `TfidfVectorizer`; seconds.",
    ),
    "lanes": (
        "Over lanes",
        "lanes",
        "seconds a network",
        "{lane_texts:,} texts, {lane_features:,} features, {lane_epochs} epochs, on all cores; "
        "seconds a network.",
    ),
}


def figure_path(kind: str) -> Path:
    """Return where a curve's figure stands."""
    return DOCS / f"benchmarks-{kind.replace(' ', '-')}.svg"


def figures(found: dict[str, Any]) -> dict[Path, str]:
    """Return the figures, by their paths."""
    drawn = {}
    for kind, (_, across, up, _) in KINDS.items():
        curves = {
            name: [(point["size"], point["seconds"]) for point in one["points"]]
            for name, one in found["curves"].get(kind, {}).items()
        }
        if any(curves.values()):
            base = 2 if kind == "lanes" else 10
            drawn[figure_path(kind)] = figure(curves, across, up, base)
    return drawn


def scaling_section(found: dict[str, Any]) -> list[str]:
    """Return the section's lines."""
    head = HEAD.format(rounds=found["rounds"], gigabytes=found["most_bytes"] / 1e9)
    lines = [head]
    for kind, (title, across, _, about) in KINDS.items():
        curves = found["curves"].get(kind, {})
        if not any(one["points"] for one in curves.values()):
            continue
        lines += [
            f"### {title}",
            "",
            about.format(**{name: found[name] for name in found if name != "curves"}),
            "",
            f"![{title}]({figure_path(kind).name})",
            "",
            f"| {across} | {' | '.join(curves)} |",
            "|---|" + "---|" * len(curves),
            *_rows(curves),
            "",
        ]
        ends = [f"{name}: {one['ends']}" for name, one in curves.items() if one["ends"]]
        lines += [f"Where curves end: {', '.join(ends)}.", ""] if ends else []
    return lines


def _rows(curves: dict[str, Any]) -> list[str]:
    """Return a row of the table for every size that any program reached."""
    seconds = {
        name: {point["size"]: point["seconds"] for point in one["points"]}
        for name, one in curves.items()
    }
    sizes = sorted({size for own in seconds.values() for size in own})
    written = lambda own, size: f"{own[size]:.3g}" if size in own else ""
    return [
        f"| {size:,} | {' | '.join(written(own, size) for own in seconds.values())} |"
        for size in sizes
    ]
