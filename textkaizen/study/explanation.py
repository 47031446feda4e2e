"""One sentence a verdict: the most telling difference that was measured, with its numbers.

What is said is what `observation` has seen of the base's networks and of the candidate's, on the
same fold of the same seeds. It goes with the verdict; whether it is its cause is not known, and no
sentence says so. Of several remarks that one is told that belongs to the group of the improvement,
then any other; in both what speaks for the verdict before what speaks against it.

Rejected: telling the largest difference (every fact has a scale of its own); a text from a
language model (a sentence that nobody can check).
"""

from __future__ import annotations

from collections.abc import Sequence

from textkaizen.study.pairs import LEAST, Facts, Pair, means
from textkaizen.study.remarks import (
    BY_GROUP,
    GENERAL,
    RISEN,
    above,
    diverged,
    gap,
    networks,
    per_cent,
    shares,
    still_falling,
)
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, Verdict

SAME = 0.95  # of the answers: nothing else tells more


def why(
    base_facts: Sequence[Facts],
    own_facts: Sequence[Facts],
    verdict: Verdict,
    group: str,
    same: float | None = None,
    base_name: str = "",
) -> str:
    """Say in one sentence what goes with a verdict; "" where nothing was observed.

    Args:
        base_facts, own_facts: see `observation.observed`; one a seed, in the same order.
        verdict: its name, round and verdict are read.
        group: of the improvement.
        same: share of the answers that the base gives, too, 0 to 1; None where it is not known.
        base_name: how people call the base; "" for the baseline, or what a later round starts from.

    Example:
        >>> verdict = Verdict("dropout 0.5", "dropout", 1, None, None, None, "helps")
        >>> base = {"train_right": 0.98, "right": 0.81, "gap": 0.17}
        >>> own = {"train_right": 0.95, "right": 0.84, "gap": 0.11}
        >>> print(why([base], [own], verdict, "dropout").replace("; ", ";\\n"))
        the baseline has 98 % of its training texts right and 81 % of the others;
        dropout 0.5 narrows that gap from 17 to 11 points
    """
    base = base_name or ("the baseline" if verdict.round == 1 else "the round's start")
    pair = Pair(tuple(zip(base_facts, own_facts, strict=False)), base, verdict.name)
    broken = diverged(pair)
    if broken is not None:
        return broken.words
    if same is not None and same >= SAME and verdict.verdict == NO_EVIDENCE:
        return f"it answers {_all_but(same)} of the texts as before"
    asked = dict.fromkeys((*BY_GROUP.get(group, ()), *GENERAL))
    if verdict.verdict == NO_EVIDENCE:
        asked.pop(gap)  # half of it is just what there is no evidence of
    found = [line for line in (remark(pair) for remark in asked) if line is not None]
    wanted = {HELPS: 1, HURTS: -1}.get(verdict.verdict, 0)
    fitting = [line for line in found if line.tone * wanted >= 0]
    return next((line.words for line in (*fitting, *found)), "") or _alike(pair, same)


def baseline_story(facts: Sequence[Facts], name: str = "The baseline") -> str:
    """Say in a sentence or two how the baseline learns; "" where nothing was observed.

    Args:
        facts: see `observation.observed`; one a seed.
        name: how people call it.

    Example:
        >>> facts = {"train_right": 0.98, "right": 0.81, "risen": 1.34, "epochs": 60}
        >>> print(baseline_story([facts | {"lowest_epoch": 9}]).replace(", ", ",\\n"))
        The baseline overfits from epoch 9 of 60: its validation loss ends 34 % above its lowest,
        with 98 % of its training texts right and 81 % of the others.
    """
    known, broken = means(facts), int(sum(one.get("diverged", 0) for one in facts))
    if broken:
        return f"{name} diverges: {broken} of {networks(len(facts))} ended without a loss."
    if not {"train_right", "right"} <= set(known):
        return ""
    texts, falling = " and ".join(shares(known)), still_falling(known)
    lowest = ""
    if {"lowest_epoch", "epochs"} <= set(known):
        lowest = f"epoch {known['lowest_epoch']:.0f} of {known['epochs']:.0f}"
    if lowest and known.get("risen", 1.0) >= RISEN:
        ends = f"its validation loss ends {above(known)} above its lowest"
        said = f"{name} overfits from {lowest}: {ends}, with {texts}."
    elif falling is not None:
        said = f"{name}'s training had not ended: {falling}, with {texts}."
    else:
        said = f"{name} has {texts}"
        said += f"; its validation loss is lowest in {lowest}." if lowest else "."
    if known.get("dead", 0.0) >= LEAST["dead"]:
        said += f" {per_cent(known['dead'])} of its hidden units are dead: flat for every text."
    return said


def _alike(pair: Pair, same: float | None) -> str:
    """Say that nothing differs that counts, with a number; "" without any."""
    before, after = pair.before, pair.after
    told = []
    if pair.has("train_right"):
        shown = f"{per_cent(before['train_right'])} and {per_cent(after['train_right'])}"
        told.append(f"{shown} of the training texts right")
    if pair.has("right"):
        shown = f"{per_cent(before['right'])} and {per_cent(after['right'])}"
        told.append(f"{shown} of the others" if told else f"{shown} of the unseen texts right")
    if told:
        return f"training looks alike: {', '.join(told)}"
    return "" if same is None else f"it answers {_all_but(same)} of the texts as before"


def _all_but(same: float) -> str:
    """Word a share of which the rest must not be rounded away: "99.8 %", "all"."""
    if same == 1:
        return "100 %"
    return f"{min(100 * same, 99.99):.2g} %" if same < 0.99 else f"{min(100 * same, 99.99):.4g} %"
