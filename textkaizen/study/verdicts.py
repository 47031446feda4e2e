"""Out-of-fold answers -> verdicts of one round.

Round r tests at alpha / 2**r, Holm's correction over all improvements of the round, tried or not,
so that all rounds together claim something false in at most alpha of the studies: the benchmark
`verdicts` shows it on simulated truth. Not seen: the recipe a later round starts from was chosen
for its results on these texts, and part of that was luck; only the held-out texts tell what it is
worth. Intervals are the plain 95 % of each difference; a verdict asks for more than an interval
that leaves zero out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from textkaizen.errors import UsageError
from textkaizen.measure.compare import Difference, benjamini_hochberg, decide, holm
from textkaizen.measure.moderate import moderated
from textkaizen.measure.power import Needed, detectable, needed
from textkaizen.measure.scores import OWN_METRICS
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.comparison import Comparison
from textkaizen.study.experiment import Experiment, Other
from textkaizen.study.explanation import why
from textkaizen.study.racing import (
    EARLY_SHARE,
    LIKELY_SEEDS,
    Candidate,
    Race,
    is_futile,
)
from textkaizen.study.result import HELPS, NO_EVIDENCE, NOT_TRIED, Verdict

ALPHA = 0.05
DETECTABLE = 0.01  # data that cannot show one point are "too few for evidence"
DROPPED, DECIDED_EARLY = "dropped as futile", "decided early"


def round_alpha(number: int) -> float:
    """Error rate that round `number`, from 1, may spend.

    Example:
        >>> round_alpha(1), round_alpha(2)
        (0.025, 0.0125)
    """
    return ALPHA / 2**number


class Judge:
    """Compares the candidates of a round with its base.

    Args:
        experiment: what has run.
        race: the round.
        number: of the round, from 1.
        metric: that decides.
        seed: of the bootstrap.
    """

    def __init__(
        self, experiment: Experiment, race: Race, number: int, metric: str, seed: int
    ) -> None:
        self.experiment, self.race, self.number = experiment, race, number
        self.metric, self.seed = metric, seed

    def look(self, block: int) -> None:
        """Drop what is futile and decide what is clear, after block `block`, from 0.

        The last block is not looked at: the round is judged then.
        """
        if block + 1 >= len(self.race.blocks):
            return
        first_seed_ends = self.race.is_seed_end(block) and self.race.blocks[block].seed_number == 0
        if first_seed_ends and not self.race.looked_early:
            self._decide_clear()
        if self.metric in OWN_METRICS:  # of others there is no quick look
            self._drop_futile()

    def judge(self) -> list[Verdict]:
        """Return a verdict for each candidate; those that have not run are *not tried*."""
        race = self.race
        verdicts = _moderated([self._measured(candidate) for candidate in race.candidates])
        left = [place for place, v in enumerate(verdicts) if v.name not in race.early]
        asked = [self._last_p(verdicts[place]) for place in left]
        rest = 1 - EARLY_SHARE if race.looked_early else 1.0
        adjusted = np.minimum(holm(np.array(asked + [1.0] * race.unasked)) / rest, 1.0)
        p_adjusted = race.early | {
            verdicts[place].name: p for place, p in zip(left, adjusted.tolist(), strict=False)
        }
        tried = [v for v in verdicts if v.gap is not None]
        rates = benjamini_hochberg(np.array([v.gap.p for v in tried if v.gap is not None]))
        p_rate = {v.name: p for v, p in zip(tried, rates.tolist(), strict=True)}
        concluded = []
        for candidate, verdict in zip(race.candidates, verdicts, strict=True):
            if verdict.gap is not None:
                p, rate = p_adjusted[verdict.name], p_rate[verdict.name]
                found = decide(verdict.gap, p, round_alpha(self.number))
                verdict = replace(verdict, p_adjusted=p, p_rate=rate, verdict=found)
                verdict = replace(verdict, needed=self._needed(verdict))
                verdict = replace(verdict, why=self._why(candidate, verdict))
            concluded.append(verdict)
        return concluded

    def _needed(self, verdict: Verdict) -> Needed | None:
        """What it would take to show one point, where there is no evidence."""
        gap = verdict.gap
        if verdict.verdict != NO_EVIDENCE or gap is None or gap.error == 0:
            return None
        questions = len(self.race.candidates) + self.race.unasked
        alpha = round_alpha(self.number) / questions
        texts = round(verdict.share * len(self.experiment.material.labels))
        wanted = needed(gap, DETECTABLE, alpha, verdict.seeds, texts)
        # One seed does not tell what would last over many: unknown is not "no number will do".
        unknown = verdict.seeds == 1 and wanted.seeds is None
        return replace(wanted, seeds=0) if unknown else wanted

    def _why(self, candidate: Candidate, verdict: Verdict) -> str:
        """Say what was observed of its training beside the base's."""
        both = self._comparison(candidate)
        if both is None:
            return ""
        base, own = (self.experiment.runs[recipe].facts for recipe in (both.before, both.after))
        group = candidate.improvement.group
        return why(base, own, verdict, group, both.same, self.race.base_name)

    def _last_p(self, verdict: Verdict) -> float:
        """What the end asks of a verdict: what was dropped or not tried counts, and claims nothing.

        Later rounds try first what looked best on these very texts.
        """
        if verdict.gap is None or verdict.name in self.race.dropped:
            return 1.0
        return verdict.gap.p

    def _decide_clear(self) -> None:
        """Close what is clear with the early look's share of the error rate."""
        race, alpha = self.race, round_alpha(self.number)
        race.looked_early = True
        found = {c.improvement.name: self._gap(c) for c in race.candidates}
        known = moderated([gap for gap in found.values() if gap is not None])
        found |= dict(zip([n for n, gap in found.items() if gap is not None], known, strict=True))
        asked = [1.0 if gap is None else gap.p for gap in found.values()]
        adjusted = np.minimum(holm(np.array(asked + [1.0] * race.unasked)) / EARLY_SHARE, 1.0)
        for (name, gap), p in zip(found.items(), adjusted.tolist(), strict=False):
            if gap is not None and name not in race.dropped and p <= alpha and gap.value != 0:
                race.early[name] = p
                race.helping |= gap.value > 0

    def _gap(self, candidate: Candidate) -> Difference | None:
        both = self._comparison(candidate)
        if both is None or candidate.improvement.name in self.race.dropped:
            return None
        gaps = self._differences(both)
        return None if gaps is None else gaps[self.metric]

    def _drop_futile(self) -> None:
        """Close what has so small a chance of a verdict that lanes are better spent elsewhere."""
        race = self.race
        last = min(race.blocks[-1].seed_number + 1, LIKELY_SEEDS)
        looks = {c.improvement.name: self._comparison(c) for c in race.open}
        asked = len(race.candidates) + race.unasked - len(race.early)
        p = round_alpha(self.number) * (1 - EARLY_SHARE) / max(asked, 1)
        for name, both in looks.items():
            if both is None:
                continue
            share, seeds = both.share, both.done.seeds
            # A look is only taken where another block may follow.
            ahead = (seeds, max(last, seeds + (share == 1)))
            if is_futile(*both.glance(), share, ahead, p):
                race.dropped.add(name)

    def _comparison(self, candidate: Candidate) -> Comparison | None:
        """Bring a candidate and the base together; None where they cannot be compared yet."""
        done = self.race.done(self.experiment, candidate)
        if done is None:
            return None
        return Comparison(self.experiment, self.race.base, candidate.recipe, done, self.metric)

    def _differences(self, both: Comparison) -> dict[str, Difference] | None:
        """Compare; None where a scorer needs every class, which part of the texts may lack."""
        try:
            return both.differences(self.seed)
        except UsageError:
            if both.done.blocks > 1:
                raise
            return None

    def _measured(self, candidate: Candidate) -> Verdict:
        """Compare one candidate; its verdict is not yet concluded."""
        race, own = self.race, candidate.improvement
        change = changed(race.base, candidate.recipe)
        blank = Verdict(own.name, own.group, self.number, None, None, None, NOT_TRIED, "", change)
        both = self._comparison(candidate)
        gaps = None if both is None else self._differences(both)
        if both is None or gaps is None:
            return blank
        runs = self.experiment.runs[candidate.recipe]
        early, dropped = own.name in race.early, own.name in race.dropped
        return replace(
            blank,
            gap=gaps[self.metric],
            accuracy=gaps["accuracy"],
            verdict="",
            resampled=both.resampled(),
            race=DECIDED_EARLY if early else DROPPED if dropped else "",
            share=both.share,
            seeds=both.done.seeds,
            lanes=runs.lanes,
            seconds=runs.seconds,
        )


def _moderated(verdicts: list[Verdict]) -> list[Verdict]:
    """Let the differences of a round tell each other how much networks add."""
    tried = [(place, v.gap, v.accuracy) for place, v in enumerate(verdicts)]
    known = [(place, gap, right) for place, gap, right in tried if gap and right]
    gaps = moderated([gap for _, gap, _ in known])
    rights = moderated([right for _, _, right in known])
    told = list(verdicts)
    for (place, _, _), gap, right in zip(known, gaps, rights, strict=True):
        told[place] = replace(told[place], gap=gap, accuracy=right)
    return told


def changed(base: Recipe | Other, recipe: Recipe | Other) -> str:
    """Say what is different: knobs of recipes, or the name of what is no recipe."""
    if isinstance(base, Recipe) and isinstance(recipe, Recipe):
        return describe_difference(base, recipe)
    return recipe.name if not isinstance(recipe, Recipe) else "a network"


def best_to_adopt(verdicts: list[Verdict]) -> tuple[int, str] | None:
    """Choose what to adopt from a round: its place and "adopted" or "adopted without evidence".

    The largest difference among those that help. Where nothing does and the data are too few to
    show one point, the largest difference that is positive in both measures and would be evidence
    had it been the only question (its p before correction is below the round's error rate).
    """
    tried = [(v.gap, v, place) for place, v in enumerate(verdicts) if v.gap is not None]
    helping = [(gap.value, place) for gap, verdict, place in tried if verdict.verdict == HELPS]
    if helping:
        return max(helping)[1], "adopted"
    smallest = smallest_detectable(verdicts)
    if smallest is None or smallest <= DETECTABLE:
        return None
    hopeful = [
        (gap.value, place)
        for gap, verdict, place in tried
        if gap.p <= round_alpha(verdict.round) and gap.value > 0
        if verdict.accuracy is not None and verdict.accuracy.value > 0
    ]
    return (max(hopeful)[1], "adopted without evidence") if hopeful else None


def smallest_detectable(verdicts: list[Verdict]) -> float | None:
    """Difference a round finds in four of five cases, from the median error and freedom.

    At Holm's first step, of what ran through the most seeds: what was dropped soon says little of
    what the round could show. Where that is all, its error is taken as all texts would have it.
    Improvements that changed no answer have no error to go by; None when there are no others.
    """
    tried = [v for v in verdicts if v.gap is not None and v.gap.error > 0]
    farthest = max(((v.seeds, v.share) for v in tried), default=None)
    known = [(v.gap, v.share) for v in tried if v.gap and (v.seeds, v.share) == farthest]
    if not known:
        return None
    error = np.median([gap.error * np.sqrt(share) for gap, share in known])
    freedom = np.median([gap.freedom for gap, _ in known])
    return detectable(float(error), float(freedom), round_alpha(verdicts[0].round) / len(verdicts))
