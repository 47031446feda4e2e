"""What simulated studies are drawn from: texts, networks, and what improvements really do.

Text i has a margin; a network adds a shift of its own to all texts that it answers, and for each
of them a noise of its own:

    right  <=>  level[class of i] + own[i] + gain + shift[network] + noise[network, i] > 0

A wrong answer is a class that goes with the text. Two recipes never share a network, even where
they differ in nothing else. An improvement draws `own` anew for a share of the texts; a true one
adds a gain to all. So a null has exactly no effect in expectation, alone and on top of any other,
and the macro-F1 that a recipe is expected to have can be worked out.

Rejected: gains and losses drawn text by text (adopting would have no meaning, and two networks of
one recipe would have nothing in common).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from textkaizen.data import folds
from textkaizen.study.budget import design_by_size

ACCURACY = (0.75, 0.85)  # of the baseline, drawn uniformly for each study, as the next two
CHURN = (0.05, 0.08)  # share of texts that two networks of one recipe answer differently
NETWORKS = (0.0, 1.0)  # of the variance that texts give a lane's difference, what networks add
DIFFICULTY = 0.3  # standard deviation between classes, where that of all texts is 1
OWN = float(np.sqrt(1 - DIFFICULTY**2))  # and that between texts of a class
LARGEST = 5.0  # how many times the smallest class the largest is
CONFUSED = (0.6, 0.3, 0.1)  # how often a text goes with each of three other classes
QUANTILES = norm.ppf((np.arange(400) + 0.5) / 400)


@dataclass(frozen=True)
class World:
    """What studies are drawn from.

    Args:
        texts: of a study.
        changing: share of the texts whose result differs between a network without an improvement
            and one with it; two networks of one recipe are among what makes it. 0: improvements
            do nothing at all.
        effects: what the first improvements add to accuracy, as shares; the others add nothing.
        improvements: how many are tried.
        classes: of unequal size.
    """

    texts: int = 1000
    changing: float = 0.0
    effects: tuple[float, ...] = ()
    improvements: int = 20
    classes: int = 20


@dataclass(frozen=True)
class Scales:
    """How texts, networks and improvements vary in one study.

    Args:
        shares: of the classes, sum 1.
        levels: mean margin of each class.
        shift: standard deviation of networks.
        noise: standard deviation of a network's texts.
        drawn: share of the texts that each improvement draws anew.
        gains: what it adds to their margins.
    """

    shares: np.ndarray
    levels: np.ndarray
    shift: float
    noise: float
    drawn: tuple[float, ...]
    gains: tuple[float, ...]

    @property
    def spread(self) -> float:
        """Standard deviation of margins over the texts of a class and networks."""
        return float(np.sqrt(OWN**2 + self.shift**2 + self.noise**2))


def drawn_scales(world: World, generator: np.random.Generator) -> Scales:
    """Draw what one study is like: its accuracy, how often and in which way networks differ."""
    accuracy, churn, networks = (generator.uniform(*ends) for ends in (ACCURACY, CHURN, NETWORKS))
    shares = 1 / (np.arange(world.classes) + (world.classes - 1) / (LARGEST - 1))
    shares /= shares.sum()
    offsets = generator.normal(0, DIFFICULTY, world.classes)

    def levels(variance: float) -> np.ndarray:
        spread = np.sqrt(OWN**2 + variance)
        excess = lambda level: shares @ norm.cdf((level + offsets) / spread) - accuracy
        return brentq(excess, -9, 9) + offsets

    # Shift and noise together make two networks differ; the shift alone makes lanes differ.
    excess_churn = lambda variance: _differing(shares, levels(variance), variance) - churn
    variance = brentq(excess_churn, 1e-4, 3)
    reached, spread = levels(variance), np.sqrt(OWN**2 + variance)
    slope = shares @ norm.pdf(reached / spread) / spread
    lane_texts = world.texts / design_by_size(world.texts)[0]
    shift = networks * (world.changing or churn) / lane_texts / (2 * slope**2)
    shift = min(shift, variance)
    effects = (*world.effects, *[0.0] * world.improvements)[: world.improvements]
    gains = {effect: _gain(effect, shares, reached / spread) * spread for effect in set(effects)}
    drawn = {
        effect: _drawn_share(world.changing, gain, shares, reached, variance)
        for effect, gain in gains.items()
    }
    return Scales(
        shares,
        reached,
        float(np.sqrt(shift)),
        float(np.sqrt(variance - shift)),
        tuple(drawn[effect] for effect in effects),
        tuple(gains[effect] for effect in effects),
    )


def _differing(shares: np.ndarray, levels: np.ndarray, variance: float, gain: float = 0.0) -> float:
    """Share of the texts that two networks answer differently, the second with a gain."""
    margins = levels[:, None] + OWN * QUANTILES
    one, other = (norm.cdf((margins + more) / np.sqrt(variance)) for more in (0.0, gain))
    return float(shares @ (one + other - 2 * one * other).mean(1))


def _gain(effect: float, shares: np.ndarray, levels: np.ndarray) -> float:
    """What must be added to margins, in standard deviations, for an effect on accuracy."""
    missing = lambda gain: shares @ (norm.cdf(levels + gain) - norm.cdf(levels)) - effect
    return float(brentq(missing, -12, 12)) if effect else 0.0


def _drawn_share(
    changing: float, gain: float, shares: np.ndarray, levels: np.ndarray, variance: float
) -> float:
    """Share of the texts to draw anew, so that so many change; 0 where enough do anyway."""
    if not changing:
        return 0.0
    kept = _differing(shares, levels, variance, gain)
    spread = np.sqrt(OWN**2 + variance)
    one, other = norm.cdf(levels / spread), norm.cdf((levels + gain) / spread)
    fresh = shares @ (one + other - 2 * one * other)
    return float(max((changing - kept) / (fresh - kept), 0.0))


@dataclass
class Drawn:
    """The material of a simulated study: what the ladder reads of real texts, and no more."""

    labels: np.ndarray
    units: np.ndarray
    partition: np.ndarray
    classes: tuple[str, ...]
    seeds: tuple[int, ...]
    fold_count: int


class Truth:
    """One study's texts, and what every network would answer to them.

    Args:
        world: it is drawn from.
        seed: of everything that is drawn; the same seed gives the same study.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed = world, seed
        generator = np.random.default_rng([seed, 1])
        self.scales = drawn_scales(world, generator)
        fold_count, seeds = design_by_size(world.texts)
        labels = _drawn_labels(world, self.scales.shares, fold_count, generator)
        units = np.arange(world.texts)
        partition = [
            folds(labels.tolist(), units, fold_count, seed * 1000 + one) for one in range(seeds)
        ]
        names = tuple(f"class {number:02}" for number in range(world.classes))
        self.material = Drawn(
            labels, units, np.stack(partition), names, tuple(range(seeds)), fold_count
        )
        self.others = np.stack(
            [
                generator.permutation(np.delete(np.arange(world.classes), own))[: len(CONFUSED)]
                for own in range(world.classes)
            ]
        )
        taken = generator.choice(len(CONFUSED), world.texts, p=CONFUSED)
        self.wrong = self.others[labels, taken].astype(np.int32)
        self._margins: dict[int, np.ndarray] = {}

    def margins(self, bits: int) -> np.ndarray:
        """Margins of the texts, whatever network answers, when these improvements are on."""
        if bits not in self._margins:
            labels = self.material.labels
            own = self._drawn(0)[0]
            gain = 0.0
            for number in _numbers(bits):
                fresh, chance = self._drawn(number + 1)
                own = np.where(chance < self.scales.drawn[number], fresh, own)
                gain += self.scales.gains[number]
            self._margins[bits] = self.scales.levels[labels] + OWN * own + gain
        return self._margins[bits]

    def _drawn(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng([self.seed, 2, number])
        return generator.normal(size=self.world.texts), generator.random(self.world.texts)

    def answers(self, bits: int, seed_number: int, fold: int) -> np.ndarray:
        """What the network of a lane answers to the texts of its fold."""
        own = np.flatnonzero(self.material.partition[seed_number] == fold)
        generator = np.random.default_rng([self.seed, 3, bits, seed_number, fold])
        shift = generator.normal(0, self.scales.shift)
        noise = generator.normal(0, self.scales.noise, len(own))
        right = self.margins(bits)[own] + shift + noise > 0
        return np.where(right, self.material.labels[own], self.wrong[own]).astype(np.int32)

    def expected(self, bits: int) -> dict[str, float]:
        """What a recipe scores on all texts that there could be, by metric."""
        gain = sum(self.scales.gains[number] for number in _numbers(bits))
        right = norm.cdf((self.scales.levels + gain) / self.scales.spread)
        hits = self.scales.shares * right
        found = hits.copy()
        np.add.at(found, self.others, np.outer(self.scales.shares - hits, CONFUSED))
        macro_f1 = (2 * hits / (found + self.scales.shares)).mean()
        return {"accuracy": float(hits.sum()), "macro_f1": float(macro_f1)}


def _numbers(bits: int) -> list[int]:
    """Improvements that are on, in their order."""
    return [number for number in range(bits.bit_length()) if bits >> number & 1]


def _drawn_labels(
    world: World, shares: np.ndarray, least: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw labels until each class has a text for every fold, as a corpus must have."""
    while True:
        labels = generator.choice(world.classes, world.texts, p=shares)
        if np.bincount(labels, minlength=world.classes).min() >= least:
            return labels
