"""The way of a run: its rounds, what each step of the ladder added, what does the same work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from textkaizen.report.units import Unit, unit
from textkaizen.report.wording import counted, told_chance
from textkaizen.study.result import (
    EARNS,
    HELPS,
    HURTS,
    IN_THE_WAY,
    NO_EVIDENCE,
    NOT_TRIED,
    Place,
    Result,
    Substitutes,
    Verdict,
)

PLACES = {
    EARNS: "earns its place",
    NO_EVIDENCE: "not shown to add anything",
    IN_THE_WAY: "in the way",
    NOT_TRIED: "not left out",
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
        detectable: the difference it finds in four of five cases; None when unknown.
        seeds: how many its start had run through; None when unknown.
        seconds: training time of one lane of its start; None when unknown.
    """

    number: int
    start: str
    tried: tuple[Verdict, ...]
    untried: tuple[str, ...]
    choice: Verdict | None
    alpha: float | None
    detectable: float | None
    seeds: int | None = None
    seconds: float | None = None


class Step(NamedTuple):
    """A step of the ladder.

    Args:
        when: "Start", "Round 1" and so on, "End".
        title: what was adopted, or that nothing was.
        mark: how it was adopted; "" where nothing was.
        change: of the recipe; "" without one.
        facts: sentences about it.
    """

    when: str
    title: str
    mark: str = ""
    change: str = ""
    facts: tuple[str, ...] = ()


def is_study(result: Result) -> bool:
    """Whether nothing was held out, because nothing was to be adopted."""
    return not result.finalists and not result.data.get("test_texts")


def training_texts(result: Result) -> int | None:
    """How many texts the rounds were measured on; None when unknown."""
    return result.data.get("training_texts", result.data.get("texts"))


def compared(result: Result) -> str:
    """Name what a person's own candidates were compared with; "" where improvements were tried."""
    return str((result.design.get("compared") or {}).get("base", ""))


def verdict_words(result: Result) -> dict[str, str]:
    """How verdicts are told: a candidate that is no change cannot help, but it can be better."""
    plain = {word: word for word in (HELPS, HURTS, NO_EVIDENCE, NOT_TRIED)}
    return plain | ({HELPS: "better", HURTS: "worse"} if compared(result) else {})


def rounds(result: Result) -> tuple[Round, ...]:
    """Sort the verdicts into rounds."""
    facts = result.design.get("each_round") or []
    alphas = result.design.get("alpha") or []
    adopted: list[Verdict] = []
    start = compared(result) or "the baseline"
    found = []
    for number in sorted({verdict.round for verdict in result.verdicts}):
        own = [verdict for verdict in result.verdicts if verdict.round == number]
        tried = [verdict for verdict in own if verdict.gap is not None]
        tried.sort(key=lambda verdict: -verdict.gap.value)  # type: ignore[union-attr]
        fact = facts[number - 1] if number <= len(facts) else {}
        choice = next((verdict for verdict in own if verdict.adopted), None)
        found.append(
            Round(
                number,
                " + ".join([start, *(verdict.name for verdict in adopted)]),
                tuple(tried),
                tuple(verdict.name for verdict in own if verdict.gap is None),
                choice,
                alphas[number - 1] if number <= len(alphas) else None,
                fact.get("smallest_detectable"),
                fact.get("seeds", result.design.get("seeds")),
                _start_seconds(fact, adopted),
            )
        )
        adopted += [choice] if choice else []
    return tuple(found)


def _start_seconds(fact: dict[str, Any], adopted: list[Verdict]) -> float | None:
    """Training time of a lane of a round's start: as the round says, or as when it was adopted."""
    base = fact.get("base") or {}
    if base.get("lanes") and base.get("seconds"):
        return base["seconds"] / base["lanes"]
    return lane_seconds(adopted[-1]) if adopted else None


def lane_seconds(verdict: Verdict) -> float | None:
    """Training time of one lane of an improvement; None when none was trained."""
    return verdict.seconds / verdict.lanes if verdict.lanes and verdict.seconds else None


def cost(verdict: Verdict, one: Round) -> str:
    """Say how much longer an improvement trains than the start of its round; "" when unknown."""
    own = lane_seconds(verdict)
    return f"\N{MULTIPLICATION SIGN}{own / one.seconds:.1f}" if own and one.seconds else ""


def raced(verdict: Verdict) -> str:
    """Say after how much an improvement was dropped or decided; "" where the end decided."""
    if not verdict.race:
        return ""
    after = counted(verdict.seeds, "seed")
    if verdict.share < 1:
        after = f"{100 * verdict.share:.0f} % of the texts"
    return f"{verdict.race} after {after}"


def baseline_story(result: Result) -> str:
    """Say how the baseline learns, as the study has observed it; "" where it has not."""
    return str(result.design.get("baseline_story", ""))


def trained_noun(result: Result) -> str:
    """What was trained: networks, or models where a person's own candidates were compared."""
    return "model" if compared(result) else "network"


def ladder(result: Result) -> list[Step]:
    """Return the steps from the baseline to the last recipe, and what it gains in the end."""
    steps = [Step("Start", "The baseline", facts=tuple(filter(None, [baseline_story(result)])))]
    for one in rounds(result):
        when, choice = f"Round {one.number}", one.choice
        if choice is not None:
            facts = _adopted_facts(result, one, choice)
            steps.append(Step(when, choice.name, choice.adopted, choice.change, facts))
        else:
            tried = "Nothing adopted" if one.tried else "Nothing was measured to its end"
            steps.append(Step(when, tried))
    return steps


def _adopted_facts(result: Result, one: Round, choice: Verdict) -> tuple[str, ...]:
    """What was known of an improvement when it was adopted, and what it adds at the end."""
    told = unit(result)
    assert choice.gap is not None
    said = f"When adopted: {told.told(choice.gap)}"
    if choice.p_adjusted is not None:
        said += f", adjusted {told_chance(choice.p_adjusted)}"
    longer = cost(choice, one)
    facts = [f"{said}.", f"Training time: {longer} that of the recipe before." if longer else ""]
    place = next((place for place in result.places if place.name == choice.name), None)
    if place is not None:
        facts.insert(1, f"At the end, {place_told(place, told)}.")
    return tuple(fact for fact in facts if fact)


def place_told(place: Place, told: Unit) -> str:
    """Say what an adopted improvement adds beside all others.

    Example:
        >>> from textkaizen.report.units import unit_of
        >>> place_told(Place("dropout 0.5", None, NOT_TRIED), unit_of("macro_f1"))
        'there was no time to leave it out'
    """
    if place.gap is None:
        return "there was no time to leave it out"
    ends = f"left out in turn, it adds {told.told(place.gap)}"
    words = {
        EARNS: "it earns its place",
        NO_EVIDENCE: "it is not shown to add anything beside the others",
        IN_THE_WAY: "it is in the way",
    }
    gone = " and was taken out again" if place.removed else ""
    return f"{ends}: {words[place.verdict]}{gone}"


def substitutes_told(pair: Substitutes, told: Unit) -> str:
    """Say that two improvements do the same work, and how much that is."""
    alone = f"{told.gap(pair.first_alone.value)} and {told.gap(pair.second_alone.value)}"
    noun = f" {told.noun}" if told.noun else ""
    return (
        f"{pair.first} and {pair.second} do the same work: alone {alone}, together "
        f"{told.gap(pair.both.value)}{noun} of {told.metric}."
    )
