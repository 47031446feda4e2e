"""What `evaluate` found, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from textkaizen.report.wording import (
    counted,
    per_cent,
    per_cent_interval,
    points,
    points_interval,
    told_chance,
)

NAMES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


def scores_told(found: Mapping[str, Any]) -> str:
    """Return the scores with their intervals, a line each.

    Args:
        found: what `study.evaluation.evaluate` returns. With scores of Monte-Carlo dropout there is
            a second block for these, and a third for the difference they make.
    """
    lines = [f"{NAMES[metric]:10} {_score(found[metric])}" for metric in NAMES]
    averaged = found.get("monte_carlo")
    if averaged:
        masks = counted(averaged["masks"], "dropout mask")
        lines = ["All units", *lines, f"Average over {masks}"]
        lines += [f"{NAMES[metric]:10} {_score(averaged[metric])}" for metric in NAMES]
        lines.append("Average minus all units, points, text by text")
        lines += [f"{NAMES[name]:10} {_gap(averaged['difference'][name])}" for name in NAMES]
    if "words_unknown" in found:
        lines.append(
            f"{per_cent(found['words_unknown'])} % of the words are not known to the model"
        )
    on = f"on {counted(found['texts'], 'text')} of {counted(found['classes'], 'class', 'classes')}"
    return "\n".join([*lines, f"{on}; in brackets the 95 % interval"])


def _score(score: Mapping[str, float]) -> str:
    ends = SimpleNamespace(**score)
    return f"{per_cent(ends.value)} % {per_cent_interval(ends)}"


def _gap(gap: Mapping[str, float]) -> str:
    ends = SimpleNamespace(value=gap["difference"], low=gap["low"], high=gap["high"])
    return f"{points(ends.value)} {points_interval(ends)} {told_chance(gap['p'])}"
