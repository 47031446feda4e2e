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
from textkaizen.measure.compare import (
    Answers,
    benjamini_hochberg,
    decide,
    holm,
    lane_differences,
    paired,
    quick,
    resampled_t,
)
from textkaizen.measure.moderate import moderated
from textkaizen.measure.power import Needed, detectable, needed
from textkaizen.measure.scores import OWN_METRICS
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.experiment import Experiment, Other
from textkaizen.study.explanation import why
from textkaizen.study.racing import (
    EARLY_SHARE,
    LIKELY_SEEDS,
    Candidate,
    Done,
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
        return needed(gap, DETECTABLE, alpha, verdict.seeds, texts)

    def _why(self, candidate: Candidate, verdict: Verdict) -> str:
        """Say what was observed of its training beside the base's."""
        done = self.race.done(self.experiment, candidate)
        if done is None:
            return ""
        before, after, _ = self._answers(candidate, done)
        same = float((before.predicted == after.predicted).mean())
        base, own = (self.experiment.runs[r].facts for r in (self.race.base, candidate.recipe))
        return why(base, own, verdict, candidate.improvement.group, same)

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

    def _gap(self, candidate: Candidate):
        done = self.race.done(self.experiment, candidate)
        if done is None or candidate.improvement.name in self.race.dropped:
            return None
        return self._compare(candidate, done)[self.metric]

    def _drop_futile(self) -> None:
        """Close what has so small a chance of a verdict that lanes are better spent elsewhere."""
        race = self.race
        last = min(race.blocks[-1].seed_number + 1, LIKELY_SEEDS)
        looks = {c.improvement.name: self._quick(c) for c in race.open}
        asked = len(race.candidates) + race.unasked - len(race.early)
        p = round_alpha(self.number) * (1 - EARLY_SHARE) / max(asked, 1)
        for name, look in looks.items():
            if look is None:
                continue
            value, error, done = look
            share = self._share(done)
            # A look is only taken where another block may follow.
            seeds = (done.seeds, max(last, done.seeds + (share == 1)))
            if is_futile(value, error, share, seeds, p):
                race.dropped.add(name)

    def _quick(self, candidate: Candidate) -> tuple[float, float, Done] | None:
        done = self.race.done(self.experiment, candidate)
        if done is None:
            return None
        before, after, seen = self._answers(candidate, done)
        material = self.experiment.material
        value, error = quick(
            material.labels[seen],
            before,
            after,
            material.partition[: done.seeds, seen],
            classes=len(material.classes),
            units=material.units[seen],
            metric=self.metric,
        )
        return value, error, done

    def _share(self, done: Done) -> float:
        """Share of the texts that have been answered."""
        return float(self._seen(done).mean())

    def _seen(self, done: Done) -> np.ndarray:
        """Which texts have been answered, bool [texts]."""
        material = self.experiment.material
        if len(done.folds) == material.fold_count:
            return np.ones(len(material.labels), bool)
        return np.isin(material.partition[0], done.folds)

    def _answers(self, candidate: Candidate, done: Done) -> tuple[Answers, Answers, np.ndarray]:
        """Return what base and candidate said so far, and about which texts."""
        seen = self._seen(done)
        answers = []
        for recipe in (self.race.base, candidate.recipe):
            runs = self.experiment.runs[recipe]
            whole = runs.probabilities
            probabilities = None if whole is None else whole[: done.seeds, seen]
            answers.append(Answers(runs.predicted[: done.seeds, seen], probabilities))
        return answers[0], answers[1], seen

    def _compare(self, candidate: Candidate, done: Done):
        before, after, seen = self._answers(candidate, done)
        material = self.experiment.material
        return paired(
            material.labels[seen],
            before,
            after,
            material.partition[: done.seeds, seen],
            classes=len(material.classes),
            units=material.units[seen],
            seed=self.seed,
            metrics=tuple(dict.fromkeys((self.metric, "accuracy"))),
        )

    def _measured(self, candidate: Candidate) -> Verdict:
        """Compare one candidate; its verdict is not yet concluded."""
        race, name = self.race, candidate.improvement.name
        blank = Verdict(
            name,
            candidate.improvement.group,
            self.number,
            None,
            None,
            None,
            NOT_TRIED,
            change=changed(race.base, candidate.recipe),
        )
        done = race.done(self.experiment, candidate)
        if done is None:
            return blank
        material, runs = self.experiment.material, self.experiment.runs[candidate.recipe]
        try:
            gaps = self._compare(candidate, done)
        except UsageError:
            if done.blocks > 1:
                raise
            return blank  # a scorer that needs every class, which part of the texts may lack
        before, after, seen = self._answers(candidate, done)
        lanes = lane_differences(
            material.labels[seen],
            before,
            after,
            material.partition[: done.seeds, seen],
            classes=len(material.classes),
            metric=self.metric,
        )
        how = DECIDED_EARLY if name in race.early else DROPPED if name in race.dropped else ""
        return replace(
            blank,
            gap=gaps[self.metric],
            accuracy=gaps["accuracy"],
            verdict="",
            resampled=resampled_t(lanes, 1 / material.fold_count) if len(lanes) > 1 else None,
            race=how,
            share=self._share(done),
            seeds=done.seeds,
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

    At Holm's first step. Of what was dropped after some of the texts, the error is taken as all
    texts would have it. Improvements that changed no answer have no error to go by; None when there
    are no others.
    """
    tried = [(v.gap, v.share) for v in verdicts if v.gap is not None and v.gap.error > 0]
    if not tried:
        return None
    error = np.median([gap.error * np.sqrt(share) for gap, share in tried])
    freedom = np.median([gap.freedom for gap, _ in tried])
    return detectable(float(error), float(freedom), round_alpha(verdicts[0].round) / len(verdicts))
