"""Which questions of a round are still open: what is dropped as futile, what is clear early.

    folds 1 and 2 of the first seed   look: drop what cannot become a verdict any more
    the other folds of that seed      look: decide what is clear, drop what is futile
    further seeds, one by one         look: drop what is futile
    the end                           judge what is left

A round looks when all its open candidates have run through a block of lanes, never earlier for one
than for another, so what is decided does not hang on which lane happened to end first.

Dropping costs no error rate, since what is dropped claims nothing; it still counts for Holm's
correction. The one early look at clear effects spends a fifth of the round's error rate and the
end the rest: by the union bound both together keep it. What was decided early is no longer asked
at the end: were one of those claims false, the early look's share would have paid for it already;
if none is, fewer questions are left. A round that has but one seed has no early look.

Rejected: group-sequential boundaries (they gain little over a fifth and four fifths with two looks,
and need joint normality); a bandit by best estimate (it answers "which is best", not "does it
help").
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scipy.stats import norm

from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Block, Experiment, Other
from textkaizen.study.improvements import Improvement

EARLY_SHARE = 0.2  # of the round's error rate, for the early look
FUTILE = 0.05  # chance of a verdict below which a candidate is dropped
LASTING = 0.5  # share of the variance that no further seed removes, a guess for all texts
FIRST_FOLDS = 2  # folds of the first block
LIKELY_SEEDS = 3  # of a timed round: more may follow, but whether they do the clock decides


@dataclass(frozen=True)
class Candidate:
    """An improvement and what it makes of the round's base."""

    improvement: Improvement
    recipe: Recipe | Other


@dataclass(frozen=True)
class Done:
    """How far two recipes can be compared.

    Args:
        blocks: that both have run through, from the first on.
        seeds: those the blocks belong to.
        folds: of the last seed; all but for the first block.
    """

    blocks: int
    seeds: int
    folds: tuple[int, ...]


@dataclass
class Race:
    """One round as it goes.

    Args:
        base: what every candidate is compared with.
        candidates: all of the round, in the order in which they run.
        blocks: that the round may run, in order.
        early: names of those that the early look has decided, with their adjusted p.
        helping: whether one of these helps, so that there is something to adopt.
        dropped: names of those that were futile.
        looked_early: whether the early look took place.
        family: questions that are corrected for at least, where candidates were chosen of so many.
        base_name: how people call the base, where it has a name of its own.
    """

    base: Recipe | Other
    candidates: list[Candidate]
    blocks: tuple[Block, ...]
    early: dict[str, float] = field(default_factory=dict)
    helping: bool = False
    dropped: set[str] = field(default_factory=set)
    looked_early: bool = False
    family: int = 0
    base_name: str = ""

    @property
    def unasked(self) -> int:
        """Questions beyond the candidates that count in the correction."""
        return max(self.family - len(self.candidates), 0)

    @property
    def open(self) -> list[Candidate]:
        """Candidates that lanes are still spent on."""
        closed = self.dropped | set(self.early)
        return [c for c in self.candidates if c.improvement.name not in closed]

    def reach(self, experiment: Experiment, recipe: Recipe | Other) -> int:
        """How many blocks, from the first on, a recipe has run through."""
        for number, block in enumerate(self.blocks):
            if not experiment.has(recipe, block):
                return number
        return len(self.blocks)

    def seeds(self, experiment: Experiment) -> int:
        """Seeds of the blocks that the base has run through, the last perhaps in part."""
        blocks = self.reach(experiment, self.base)
        return self.blocks[blocks - 1].seed_number + 1 if blocks else 0

    def done(self, experiment: Experiment, candidate: Candidate) -> Done | None:
        """How far a candidate can be compared with the base; None: not at all."""
        both = (self.base, candidate.recipe)
        blocks = min(self.reach(experiment, recipe) for recipe in both)
        if not blocks:
            return None
        last = self.blocks[blocks - 1]
        whole = tuple(range(experiment.material.fold_count))
        return Done(blocks, last.seed_number + 1, last.folds if blocks == 1 else whole)

    def is_seed_end(self, number: int) -> bool:
        """Whether a seed is complete with block `number`, from 0."""
        last = number + 1 == len(self.blocks)
        return last or self.blocks[number + 1].seed_number > self.blocks[number].seed_number


def blocks_of(fold_count: int, seeds: int) -> tuple[Block, ...]:
    """Part the lanes of a round into blocks: the first seed in two, every other in one.

    Example:
        >>> blocks_of(3, 2)[0], len(blocks_of(3, 2))
        (Block(seed_number=0, folds=(0, 1)), 3)
    """
    whole = tuple(range(fold_count))
    first = [Block(0, whole)]
    if fold_count > FIRST_FOLDS:
        first = [Block(0, whole[:FIRST_FOLDS]), Block(0, whole[FIRST_FOLDS:])]
    return (*first, *(Block(number, whole) for number in range(1, seeds)))


def is_futile(value: float, error: float, share: float, seeds: tuple[int, int], p: float) -> bool:
    """Whether a verdict at the round's end has become so unlikely that lanes are better spent.

    With nothing known of the effect but what is seen so far, the difference at the end is normal
    around it, with the variance that it still has to lose. A verdict of the other sign than it has
    now is not waited for. In simulated studies of 20 improvements, one of which helps, racing found
    it in 83 of 100 instead of 89 with 36 % of the lanes (1,000 texts, 3 seeds), and in 45 of 60
    instead of 46 with 47 % (2,001 texts, 2 seeds); at a chance of 0.02 in 86 with 43 %, and 45 with
    56 %.

    Args:
        value: the difference so far.
        error: its standard error; 0 where all answers changed alike, or none.
        share: of the texts that have been answered, over 0 to 1.
        seeds: run through so far (the last perhaps in part), and at the end.
        p: what p must be at the end for a verdict.

    Example:
        >>> is_futile(0.001, 0.01, 0.4, (1, 3), 0.001), is_futile(0.02, 0.01, 0.4, (1, 3), 0.001)
        (True, False)

    Source: Spiegelhalter, Freedman and Blackburn 1986, Monitoring clinical trials: conditional or
    predictive power?
    """
    if error == 0:
        return value == 0
    now, then = ((LASTING + (1 - LASTING) / number) for number in seeds)
    final = error * math.sqrt(share * then / now)
    spread = math.sqrt(max(error**2 - final**2, 1e-12))
    chance = norm.sf((norm.isf(p / 2) * final - abs(value)) / spread)
    return bool(chance < FUTILE)
