"""What `paired` promises on simulated truth: false findings, coverage, power.

A rate of 5 % over 400 comparisons has a standard deviation of sqrt(0.05 * 0.95 / 400) = 1.1
points: 2 to 7 % are about two of them to either side and a little, so that a method that is right
on average passes and one that finds 10 % does not. Seeds are fixed: the rates are the same each
time.
"""

from dataclasses import dataclass

import numpy as np

from textkaizen.measure.compare import paired
from textkaizen.measure.metrics import accuracy, macro_f1

RIGHT = 0.75  # share of texts the recipe before finds


@dataclass(frozen=True)
class World:
    """Two recipes whose true difference in accuracy is `effect`.

    A share `changing` of the texts changes between right and wrong, in both directions as often
    but for the effect; `spread` is the standard deviation between networks; in a share `lasting`
    of the texts all seeds change alike (a text's own effect), in the others each by itself.
    """

    texts: int = 300
    classes: int = 4
    seeds: int = 3
    folds: int = 5
    changing: float = 0.08
    effect: float = 0.0
    spread: float = 0.0
    lasting: float = 0.0

    def draw(self, seed):
        """Return true labels, predictions before and after, folds."""
        generator = np.random.default_rng(seed)
        true = generator.integers(0, self.classes, self.texts)
        wrong = (true + generator.integers(1, self.classes, (2, self.texts))) % self.classes
        found = generator.random(self.texts) < RIGHT
        before = np.tile(np.where(found, true, wrong[0]), (self.seeds, 1))
        folds = np.stack(
            [generator.permutation(self.texts) % self.folds for _ in range(self.seeds)]
        )
        networks = generator.normal(0, self.spread, (self.seeds, self.folds))
        shift = self.effect + networks[np.arange(self.seeds)[:, None], folds]
        chance = generator.random((self.seeds, self.texts))
        chance = np.where(generator.random(self.texts) < self.lasting, chance[0], chance)
        gains = ~found & (chance < (self.changing + shift) / 2 / (1 - RIGHT))
        losses = found & (chance < (self.changing - shift) / 2 / RIGHT)
        after = np.where(gains, true, np.where(losses, wrong[1], before))
        return true, before, after, folds

    def compare(self, comparisons, first_seed, blind=False):
        """Return for each metric a list of differences; `blind` hides which network did what."""
        found = {"accuracy": [], "macro_f1": []}
        for seed in range(first_seed, first_seed + comparisons):
            true, before, after, folds = self.draw(seed)
            if blind:
                before, after, folds = before[:1], after[:1], np.zeros((1, self.texts), int)
            both = paired(true, before, after, folds, classes=self.classes, seed=seed, draws=300)
            for metric, difference in both.items():
                found[metric].append(difference)
        return found


def false_findings(found):
    return {metric: np.mean([d.p < 0.05 for d in each]) for metric, each in found.items()}


def test_lucky_networks_are_no_better_recipe():
    found = World(spread=0.025).compare(400, first_seed=10_000)
    rates = false_findings(found)
    assert all(0.02 <= rate <= 0.07 for rate in rates.values()), rates


def test_lucky_networks_of_a_single_seed_are_no_better_recipe():
    found = World(seeds=1, spread=0.025).compare(400, first_seed=20_000)
    rates = false_findings(found)
    assert all(0.02 <= rate <= 0.07 for rate in rates.values()), rates


def test_a_test_of_texts_alone_would_have_taken_them_for_one():
    world = World(seeds=1, spread=0.05)
    rates = false_findings(world.compare(400, first_seed=30_000, blind=True))
    assert all(rate > 0.10 for rate in rates.values()), rates
    rates = false_findings(world.compare(400, first_seed=30_000))
    # One seed of five folds is the design with the highest rate: 7.0 % (see the module), and two
    # standard deviations of 400 comparisons above it 9.6 %.
    assert all(0.02 <= rate <= 0.096 for rate in rates.values()), rates


def test_texts_that_change_under_every_seed_are_no_better_recipe():
    found = World(lasting=1.0).compare(400, first_seed=40_000)
    rates = false_findings(found)
    assert all(0.02 <= rate <= 0.07 for rate in rates.values()), rates


def test_intervals_hold_the_true_difference_as_often_as_promised():
    world = World(effect=0.03, spread=0.02, lasting=0.5)
    big = World(texts=400_000, seeds=1, folds=1, effect=0.03)
    true, before, after, _ = big.draw(1)
    # 400,000 texts: standard error 0.05 points, against intervals some 5 points wide.
    truths = {
        "accuracy": accuracy(true, after[0]) - accuracy(true, before[0]),
        "macro_f1": macro_f1(true, after[0], 4) - macro_f1(true, before[0], 4),
    }
    for metric, each in world.compare(400, first_seed=50_000).items():
        held = np.mean([d.low <= truths[metric] <= d.high for d in each])
        assert 0.93 <= held <= 0.98, (metric, held)


def test_five_points_on_a_thousand_texts_are_found():
    world = World(texts=1000, changing=0.1, effect=0.05, spread=0.01, lasting=0.5)
    for metric, each in world.compare(60, first_seed=60_000).items():
        # Error about 0.9 points: at the strictest step of 25 comparisons, 0.025 / 25, t is about
        # 5.5 where 3.3 is asked for, so 97 % are found; nine in ten leaves room for 60 samples.
        assert np.mean([d.p <= 0.001 and d.value > 0 for d in each]) >= 0.9, metric
