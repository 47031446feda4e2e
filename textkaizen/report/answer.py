"""The short answer, in sentences: what page and terminal both say before they show anything.

How sure a gain is follows from its interval on the held-out texts alone; what the rounds found
chose the recipe, so it cannot also vouch for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from textkaizen.errors import listed
from textkaizen.measure.compare import Difference
from textkaizen.report.wording import counted, joined, points, points_interval, told_chance
from textkaizen.study.result import (
    HELPS,
    HURTS,
    NO_EVIDENCE,
    NOT_TRIED,
    Finalist,
    Result,
    Verdict,
)

ONE_POINT = 0.01
ENDS = {
    "nothing more helps": "The run ended because nothing more helps.",
    "time is used": "The run ended because its time was used.",
    "rounds are used": "The run ended after the rounds it was given.",
    "interrupted": "The run was interrupted: this is what was known by then.",
}


@dataclass(frozen=True)
class Round:
    """What one round found.

    Args:
        number: from 1.
        start: the recipe it started from, in words.
        tried: measured improvements, the largest difference first.
        untried: names of those there was no time for.
        choice: the one that was adopted, if any.
        alpha: what an adjusted p is held against; None when unknown.
        detectable: the difference it finds in four of five cases, as a share; None when unknown.
        seeds: how many its start had run through; None when unknown.
        again: whether the next round asks the same once more, with more seeds.
    """

    number: int
    start: str
    tried: tuple[Verdict, ...]
    untried: tuple[str, ...]
    choice: Verdict | None
    alpha: float | None
    detectable: float | None
    seeds: int | None = None
    again: bool = False


@dataclass(frozen=True)
class Answer:
    """The answer for a person in a hurry.

    Args:
        title: a few words.
        reason: why; "" when the title says all.
        sure: how sure the gain is; "" without held-out texts.
    """

    title: str
    reason: str
    sure: str


def is_study(result: Result) -> bool:
    """Whether nothing was held out, because nothing was to be adopted."""
    return not result.finalists and not result.data.get("test_texts")


def training_texts(result: Result) -> int | None:
    """How many texts the rounds were measured on; None when unknown."""
    return result.data.get("training_texts", result.data.get("texts"))


def rounds(result: Result) -> tuple[Round, ...]:
    """Sort the verdicts into rounds."""
    facts = result.design.get("each_round") or []
    alphas = result.design.get("alpha") or []
    adopted: list[str] = []
    found = []
    numbers = sorted({verdict.round for verdict in result.verdicts})
    for number in numbers:
        own = [verdict for verdict in result.verdicts if verdict.round == number]
        tried = [verdict for verdict in own if verdict.macro_f1 is not None]
        tried.sort(key=lambda verdict: -verdict.macro_f1.value)  # type: ignore[union-attr]
        fact = facts[number - 1] if number <= len(facts) else {}
        choice = next((verdict for verdict in own if verdict.adopted), None)
        found.append(
            Round(
                number,
                " + ".join(["the baseline", *adopted]),
                tuple(tried),
                tuple(verdict.name for verdict in own if verdict.macro_f1 is None),
                choice,
                alphas[number - 1] if number <= len(alphas) else None,
                fact.get("smallest_detectable"),
                fact.get("seeds", result.design.get("seeds")),
                choice is None and number != numbers[-1],
            )
        )
        adopted += [choice.name] if choice else []
    return tuple(found)


def last_words(result: Result) -> tuple[Round, ...]:
    """Return the rounds that were not asked again: what they say stands."""
    return tuple(one for one in rounds(result) if not one.again)


def finalist(result: Result, name: str) -> Finalist | None:
    """Return the finalist of that name, if there is one."""
    return next((one for one in result.finalists if one.name == name), None)


def gain(result: Result) -> Difference | None:
    """The adopted network's accuracy minus the baseline's on the held-out texts, if both ran."""
    baseline = finalist(result, "baseline")
    return baseline.versus_adopted if baseline and finalist(result, "adopted") else None


def tally(verdicts: tuple[Verdict, ...]) -> str:
    """Count the verdicts.

    Example:
        >>> tally(())
        'nothing was measured'
    """
    words = {HELPS: "helps", HURTS: "hurts", NO_EVIDENCE: "without evidence", NOT_TRIED: NOT_TRIED}
    plural = words | {HELPS: "help", HURTS: "hurt"}
    parts = []
    for verdict in words:
        number = sum(one.verdict == verdict for one in verdicts)
        if number:
            parts.append(f"{number} {words[verdict] if number == 1 else plural[verdict]}")
    return ", ".join(parts) or "nothing was measured"


def answer(result: Result) -> Answer:
    """Say what to do, why, and how sure it is."""
    if result.advice:
        title, colon, reason = result.advice.partition(": ")
        if not colon or len(title) > 60:
            title, reason = "What improved the network", result.advice
        return Answer(title, reason[:1].upper() + reason[1:], how_sure(result))
    measured = [verdict for verdict in result.verdicts if verdict.macro_f1 is not None]
    if not measured:
        return Answer("Nothing was measured", "No improvement was trained to its end.", "")
    return Answer(*_found(measured), "")


def how_sure(result: Result) -> str:
    """Say what the held-out texts say about the adopted recipe's gain; "" without them."""
    found = gain(result)
    if found is None:
        return ""
    if not result.adopted:
        return "Nothing was adopted, so the adopted network is the baseline."
    if found.value == found.low == found.high == 0:
        return "No held-out text is answered differently: what was adopted changes nothing there."
    if found.low > 0:
        return f"The gain is shown: its interval lies above zero ({told_chance(found.p)})."
    if found.high < 0:
        return (
            "On the held-out texts the adopted network does worse: the interval lies below zero "
            f"({told_chance(found.p)})."
        )
    return (
        f"The gain is not shown on these texts: its interval holds zero ({told_chance(found.p)}). "
        "More held-out texts would narrow it."
    )


def reach(one: Round, texts: int | None) -> str:
    """Say how small a difference the round could have found; "" when unknown."""
    if not one.detectable:
        return ""
    said = f"A difference of {points(one.detectable)[1:]} points is found in four of five cases"
    if one.detectable <= ONE_POINT or not texts:
        return said + "."
    needed = texts * (one.detectable / ONE_POINT) ** 2
    rounded = float(f"{needed:.1g}")
    return f"{said}; to find 1.0 would take roughly {rounded:,.0f} texts."


def ending(result: Result) -> str:
    """Say why the run ended; "" for a study that took its one round."""
    stopped = result.design.get("stopped", "")
    if stopped == "nothing more helps" and not result.adopted:
        return "The run ended because nothing is shown to help."
    return "" if is_study(result) and stopped == "rounds are used" else ENDS.get(stopped, "")


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


def why_untried(result: Result, one: Round) -> str:
    """Say why improvements of a round were not tried."""
    last = one.number == max(verdict.round for verdict in result.verdicts)
    stopped = result.design.get("stopped") == "interrupted" and last
    return "the run was interrupted" if stopped else "no time was left"


def adopted_sentence(result: Result) -> str:
    """Say what was adopted."""
    if is_study(result):
        return "A study adopts nothing."
    if not result.adopted:
        return "Nothing was adopted."
    marks = {verdict.name: verdict.adopted for verdict in result.verdicts if verdict.adopted}
    names = [
        f"{name} (without evidence)" if marks.get(name, "adopted") != "adopted" else name
        for name in result.adopted
    ]
    return f"Adopted: {', then '.join(names)}."


def _found(measured: list[Verdict]) -> tuple[str, str]:
    """Title and reason when there is no advice."""
    helping = [verdict for verdict in measured if verdict.verdict == HELPS]
    # The difference is there for every measured verdict.
    best = max(helping or measured, key=lambda v: v.macro_f1.value)  # type: ignore[union-attr]
    gap = best.macro_f1
    assert gap is not None
    shown = f"{points(gap.value)} points of macro-F1 {points_interval(gap)}"
    names = list(dict.fromkeys(verdict.name for verdict in helping))
    title = f"{counted(len(names), 'improvement')} help"
    if not names:
        title = "No improvement is shown to help"
    elif len(joined(names)) <= 60:
        title = f"{joined(names)} {'helps' if len(names) == 1 else 'help'}"
        title = title[:1].upper() + title[1:]
    reason = f"The largest difference is that of {best.name}: {shown}."
    return title, reason
