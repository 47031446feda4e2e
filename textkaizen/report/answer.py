"""The short answer, in sentences: what page and terminal both say before they show anything.

How sure a gain is follows from its interval on the held-out texts alone; what the rounds found
chose the recipe, so it cannot also vouch for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from textkaizen.measure.compare import Difference
from textkaizen.report.ladder import Round, compared, is_study, rounds
from textkaizen.report.units import unit
from textkaizen.report.unshown import reach
from textkaizen.report.wording import (
    counted,
    joined,
    points,
    points_interval,
    told_chance,
    upper_first,
)
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, NOT_TRIED, Finalist, Result, Verdict

LONGEST_TITLE = 60
ENDS = {
    "nothing more helps": "The run ended because nothing more helps.",
    "time is used": "The run ended because its time was used.",
    "rounds are used": "The run ended after the rounds it was given.",
    "interrupted": "The run was interrupted: this is what was known by then.",
}


@dataclass(frozen=True)
class Answer:
    """The answer for a person in a hurry.

    Args:
        title: what to use, or what helps, in a few words.
        gain: in one line, what that gains with its interval, and how sure it is; "" when unknown.
        reason: why; "" when the title says all.
    """

    title: str
    gain: str
    reason: str


def finalist(result: Result, name: str) -> Finalist | None:
    """Return the finalist of that name, if there is one."""
    return next((one for one in result.finalists if one.name == name), None)


def gain(result: Result) -> Difference | None:
    """The adopted network's accuracy minus the baseline's on the held-out texts, if both ran."""
    baseline = finalist(result, "baseline")
    return baseline.versus_adopted if baseline and finalist(result, "adopted") else None


def tally(verdicts: tuple[Verdict, ...], words: dict[str, str]) -> str:
    """Count the verdicts.

    Args:
        verdicts: of a round.
        words: how they are told, see `verdict_words`.

    Example:
        >>> tally((), {})
        'nothing was measured'
    """
    plural = {"helps": "help", "hurts": "hurt", NO_EVIDENCE: "without evidence"}
    parts = []
    for verdict in (HELPS, HURTS, NO_EVIDENCE, NOT_TRIED):
        number = sum(one.verdict == verdict for one in verdicts)
        if number:
            word = words[verdict]
            several = number > 1 or verdict == NO_EVIDENCE
            parts.append(f"{number} {plural.get(word, word) if several else word}")
    return ", ".join(parts) or "nothing was measured"


def answer(result: Result) -> Answer:
    """Say what to do, what it gains, how sure that is, and why."""
    if result.advice:
        title, colon, reason = result.advice.partition(": ")
        if not colon or len(title) > LONGEST_TITLE:
            title, reason = "What improved the network", result.advice
        return Answer(title, gain_told(result), reason[:1].upper() + reason[1:])
    measured = [verdict for verdict in result.verdicts if verdict.gap is not None]
    if not measured:
        tried = "candidate" if compared(result) else "improvement"
        return Answer("Nothing was measured", "", f"No {tried} was trained to its end.")
    return _found(result, measured)


def gain_told(result: Result) -> str:
    """Say in one line what was adopted gains on the held-out texts; "" without them."""
    found = gain(result)
    if found is None:
        return ""
    if not result.adopted:
        return "Nothing was adopted, so the adopted network is the baseline."
    if found.value == found.low == found.high == 0:
        return "No held-out text is answered differently: what was adopted changes nothing there."
    sure = "shown" if found.low > 0 else "shown to be worse" if found.high < 0 else "not shown"
    return (
        f"{points(found.value)} points of accuracy {points_interval(found)} over the baseline on "
        f"{counted(len(result.test_labels), 'held-out text')}: {sure} ({told_chance(found.p)})."
    )


def ending(result: Result) -> str:
    """Say why the run ended; "" for a study that took its one round."""
    stopped = result.design.get("stopped", "")
    if stopped == "nothing more helps" and not result.adopted:
        return "The run ended because nothing is shown to help."
    return "" if is_study(result) and stopped == "rounds are used" else ENDS.get(stopped, "")


def adopted_sentence(result: Result) -> str:
    """Say what was adopted, and what of it was taken out again."""
    if is_study(result):
        return "A study adopts nothing."
    removed = [place.name for place in result.places if place.removed]
    gone = f" Taken out again at the end, being in the way: {joined(removed)}." if removed else ""
    if not result.adopted:
        return f"Nothing was adopted.{gone}" if not gone else f"Nothing stayed adopted.{gone}"
    marks = {verdict.name: verdict.adopted for verdict in result.verdicts if verdict.adopted}
    names = [
        f"{name} (without evidence)" if marks.get(name, "adopted") != "adopted" else name
        for name in result.adopted
    ]
    return f"Adopted: {', then '.join(names)}.{gone}"


def _found(result: Result, measured: list[Verdict]) -> Answer:
    """The answer when nothing was held out, or nobody has looked at it."""
    helping = [verdict for verdict in measured if verdict.verdict == HELPS]
    # The difference is there for every measured verdict.
    best = max(helping or measured, key=lambda v: v.gap.value)  # type: ignore[union-attr]
    assert best.gap is not None
    names = list(dict.fromkeys(verdict.name for verdict in helping))
    title = f"{counted(len(names), 'improvement')} help"
    if not names:
        title = "No improvement is shown to help"
    elif len(joined(names)) <= LONGEST_TITLE:
        title = upper_first(f"{joined(names)} {'helps' if len(names) == 1 else 'help'}")
    base = compared(result)
    if base:
        title = _compared_title(names, base)
    said = f"The largest difference is that of {best.name}: {unit(result).told(best.gap)}."
    own = next(one for one in rounds(result) if one.number == best.round)
    return Answer(title, said, _how_far(result, own, best))


def _compared_title(names: list[str], base: str) -> str:
    """Say which candidates are better than what they were compared with."""
    if not names:
        return f"Nothing is shown to be better than {base}"
    who = joined(names) if len(joined(names)) <= LONGEST_TITLE else f"{len(names)} candidates"
    return f"{who} {'is' if len(names) == 1 else 'are'} better than {base}"


def _how_far(result: Result, one: Round, best: Verdict) -> str:
    """Say how far the largest difference of a round is to be believed."""
    asked = counted(len(one.tried) + len(one.untried), "comparison")
    if best.verdict != HELPS:
        return reach(result, one)
    sure = f", adjusted {told_chance(best.p_adjusted)}" if best.p_adjusted is not None else ""
    lucky = (
        "; the largest of several estimates is likely somewhat too large" if one.tried[1:] else ""
    )
    return f"It stands the correction for all {asked} of its round{sure}{lucky}."
