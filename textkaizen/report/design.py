"""How a run was designed, in plain words: folds, seeds, looks, error rates."""

from __future__ import annotations

from typing import Any

from textkaizen.report.ladder import (
    Round,
    compared,
    is_study,
    rounds,
    trained_noun,
    training_texts,
)
from textkaizen.report.unshown import dropped_told
from textkaizen.report.wording import counted
from textkaizen.study.racing import EARLY_SHARE, FUTILE
from textkaizen.study.result import Result
from textkaizen.study.verdicts import ALPHA

CHANGED = "improvement, so only the change differs"


def design(result: Result) -> list[tuple[str, str]]:
    """Say how the run was designed, as heads and sentences; without rounds there are none."""
    every = rounds(result)
    if not every:
        return []
    return [
        ("Folds and seeds", _folds(result)),
        ("Looks", _looks(result, every)),
        ("Error rates", _error_rates(result, every)),
        ("Intervals", _intervals(result)),
    ]


def lanes_told(result: Result, one: Round) -> str:
    """Say how often the recipes of a round were trained; "" when unknown."""
    folds, seeds = result.design.get("folds"), one.seeds
    if not folds or not seeds:
        return ""
    texts = training_texts(result)
    of = f" of {counted(texts, 'text')}" if texts else ""
    lanes = [verdict.lanes for verdict in one.tried]
    least, most = min(lanes, default=0), max(lanes, default=0)
    times = counted(most, "time") if least == most else f"{least} to {counted(most, 'time')}"
    said = (
        f"Each recipe was trained {times}, on {counted(folds, 'fold')}{of} with up to "
        f"{counted(seeds, 'seed')}, the same for all."
    )
    return f"{said} {dropped_told(one)}".rstrip()


def _folds(result: Result) -> str:
    folds, texts = result.design.get("folds"), training_texts(result)
    if not folds:
        return "Nothing was parted into folds."
    seeds = result.design.get("seeds") or 1
    trained = trained_noun(result)
    parted = f"{counted(texts, 'text')} were" if texts else "The texts were"
    return (
        f"{parted} parted into {counted(folds, 'fold')}. A {trained} learns from all but one of "
        f"them and answers that one, so that each text is answered by a {trained} that has never "
        "seen it. "
        f"This was done with up to {counted(seeds, 'seed')}: other folds, other first weights, "
        "another order of batches. Within a seed all of this is the same for every "
        f"{'candidate, so only the candidates differ' if compared(result) else CHANGED}."
    )


def _looks(result: Result, every: tuple[Round, ...]) -> str:
    facts: list[dict[str, Any]] = result.design.get("each_round") or []
    dropped = sum(fact.get("dropped") or 0 for fact in facts)
    early = sum(fact.get("decided_early") or 0 for fact in facts)
    where = "the round" if len(every) == 1 else "all rounds"
    return (
        "After the first folds and after each seed a round looks at what is open. What has less "
        f"than {100 * FUTILE:.0f} chances in 100 of a verdict is dropped as futile, and its time "
        "goes to the others; it still counts in the correction. Once, after the first seed, what "
        f"is already clear is decided early. In {where} {dropped} were dropped and {early} decided "
        "early."
    )


def _error_rates(result: Result, every: tuple[Round, ...]) -> str:
    alphas = [one.alpha for one in every if one.alpha is not None]
    rates = ", ".join(f"{100 * alpha:.3g} %" for alpha in alphas)
    claimed, asked = "to help or to hurt", "improvements"
    if compared(result):
        claimed, asked = "to be better or worse", "candidates"
    said = (
        "In a run where nothing does anything, the chance that anything at all is said "
        f"{claimed} is at most {100 * ALPHA:.0f} %. "
    )
    if rates:
        halved = ", each round half as much as the one before" if len(alphas) > 1 else ""
        said += f"{'Rounds have' if halved else 'The round has'} {rates} of it{halved}. "
    closing = (result.design.get("closing") or {}).get("alpha")
    if closing:
        said += f"Leaving out in turn what was adopted has {100 * closing:.3g} %. "
    return said + (
        f"Within a round Holm's correction allows for all {asked}, tried or not; the early "
        f"look has {100 * EARLY_SHARE:.0f} % of the round's rate, the end the rest."
    )


def _intervals(result: Result) -> str:
    said = (
        "Each interval holds the true difference in 95 of 100 such studies, taken alone and "
        "without correction. It allows for other texts of the same kind and for other networks."
    )
    if is_study(result):
        return said
    return (
        f"{said} The gain of the adopted recipe is estimated on the held-out texts only, which "
        "nothing was chosen on and which were looked at once."
    )
