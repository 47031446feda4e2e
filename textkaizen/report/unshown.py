"""What a run could not show: how small an effect it can see, what it would take to see more.

"No evidence" is not "no effect"; so beside it stands how large the effect could still be, and how
many texts or seeds would tell.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from textkaizen.errors import listed
from textkaizen.measure.power import Needed
from textkaizen.report.ladder import Round, rounds, training_texts
from textkaizen.report.units import unit
from textkaizen.report.wording import counted, joined
from textkaizen.study.result import NO_EVIDENCE, Result, Verdict
from textkaizen.study.verdicts import DETECTABLE

MOST_PROMISING = 5
MOST_SEEDS = 100  # a number beyond it is nobody's plan


class Promise(NamedTuple):
    """An improvement without evidence that may help all the same, and what would tell."""

    verdict: Verdict
    takes: str


def reach(result: Result, one: Round) -> str:
    """Say how small a difference the round could have found, and what finding less would take."""
    told, texts = unit(result), training_texts(result)
    if not one.detectable:
        return ""
    said = f"A difference of {told.size(one.detectable)} is found in four of five cases"
    if one.detectable <= DETECTABLE or not texts:
        return said + "."
    takes = _typical(one) or Needed(int(texts * (one.detectable / DETECTABLE) ** 2), 0)
    return f"{said}; to find {told.size(DETECTABLE)} would take {takes_told(takes, texts)}."


def _typical(one: Round) -> Needed | None:
    """What it takes of most improvements without evidence; None where nobody knows."""
    wanted = [verdict.needed for verdict in one.tried if verdict.needed is not None]
    texts = [each.texts for each in wanted if each.texts is not None]
    if not texts:
        return None
    seeds = [each.seeds for each in wanted if each.seeds is not None]
    most = round(median(seeds)) if 2 * len(seeds) > len(wanted) else None
    return Needed(round(median(texts)), most)


def takes_told(wanted: Needed, texts: int) -> str:
    """Say how many texts or seeds would show an effect.

    Args:
        wanted: `seeds` of 0 are unknown.
        texts: that there are.

    Example:
        >>> takes_told(Needed(6240, 7), 1000)
        'roughly 6,000 texts, or 7 seeds on these'
        >>> takes_told(Needed(6240, None), 1000)
        'roughly 6,000 texts (no number of seeds on these will do)'
        >>> takes_told(Needed(800, 1), 1000)
        'no more than there is'
    """
    if wanted.texts is None:
        return "nobody knows how many"
    if wanted.texts <= texts:
        return "no more than there is"
    said = f"roughly {float(f'{wanted.texts:.1g}'):,.0f} texts"
    if wanted.seeds is None:
        return f"{said} (no number of seeds on these will do)"
    if not wanted.seeds:
        return said
    few = wanted.seeds <= MOST_SEEDS
    number = counted(wanted.seeds, "seed") if few else f"more than {MOST_SEEDS} seeds"
    return f"{said}, or {number} on these"


def promises(result: Result) -> list[Promise]:
    """Return what may help most of what the last round could not show."""
    every, texts = rounds(result), training_texts(result)
    if not every:
        return []
    found = []
    for verdict in every[-1].tried:
        hopeful = verdict.gap is not None and verdict.gap.value > 0
        if verdict.verdict == NO_EVIDENCE and hopeful and not verdict.adopted:
            wanted = verdict.needed
            takes = takes_told(wanted, texts) if wanted is not None and texts else ""
            found.append(Promise(verdict, takes))
    return found[:MOST_PROMISING]


def dropped_told(one: Round) -> str:
    """Say how many a round has dropped or decided before its end; "" for none."""
    count = lambda word: sum(word in verdict.race for verdict in one.tried)
    dropped, early = count("dropped"), count("early")
    parts = [f"{dropped} dropped as futile"] if dropped else []
    parts += [f"{early} decided early"] if early else []
    were = "was" if dropped + early == 1 else "were"
    return f"{joined(parts)}.".replace(" ", f" {were} ", 1) if parts else ""


def fewer_epochs(result: Result) -> str:
    """Say that a study trained for fewer epochs than it was asked to; "" where it did not."""
    epochs, asked = (result.design.get(name, 0) for name in ("epochs", "epochs_asked"))
    if epochs >= asked:
        return ""
    return (
        f"To measure more in the time, networks were trained for {counted(epochs, 'epoch')} "
        f"instead of {asked}, but for improvements that bring a number of their own."
    )


def left_out(result: Result) -> str:
    """Say which improvements were left out since they need more texts; "" without any."""
    names = result.design.get("left_out") or []
    if not names:
        return ""
    return (
        f"Left out ({len(names)}), since a batch would be larger than the texts there are to train "
        f"on: {listed(names)}."
    )


def not_installed(result: Result) -> str:
    """Say which improvements need a package that is not there; "" without any."""
    lacking = result.design.get("not_installed") or {}
    return " ".join(
        f"Not installed, so not tried ({len(names)}): {listed(names)}; "
        f'`pip install "textkaizen[{extra}]"` brings {"it" if len(names) == 1 else "them"}.'
        for extra, names in lacking.items()
    )


def why_untried(result: Result, one: Round) -> str:
    """Say why improvements of a round were not tried."""
    last = one.number == max(verdict.round for verdict in result.verdicts)
    stopped = result.design.get("stopped") == "interrupted" and last
    return "the run was interrupted" if stopped else "no time was left"


def warnings_told(result: Result) -> list[str]:
    """Return what is to be said about the data, and about what learnt from them."""
    return [*(result.data.get("warnings") or []), *(result.design.get("warnings") or [])]
