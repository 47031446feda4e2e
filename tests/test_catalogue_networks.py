"""Improvements of networks that read in order: what they change, and each as a lane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from textkaizen.recipe import Recipe
from textkaizen.study.budget import cheap, relative_cost
from textkaizen.study.improvements import CATALOGUE
from textkaizen.text.features import Texts
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.programs import Programs

NETWORK = {one.name: one for one in CATALOGUE if one.group == "network"}
BASE = Recipe()
READERS = [name for name, one in NETWORK.items() if one.change(BASE) != BASE]
WITHIN = [name for name in NETWORK if name not in READERS]
OTHERS = {"one way": "LSTM, both ways", "recurrent dropout 0.2": "GRU, both ways"}
SHARED = Programs()
WORDS = [
    "an",
    "book",
    "by",
    "can",
    "card",
    "day",
    "go",
    "how",
    "in",
    "lost",
    "my",
    "new",
    "old",
    "on",
    "open",
    "the",
    "to",
    "when",
]


def test_there_are_encoders_and_what_belongs_to_them_only() -> None:
    assert len(READERS) >= 9
    assert len(WITHIN) >= 10
    for name in WITHIN:
        base = NETWORK[OTHERS.get(name, "CNN")].change(BASE)
        assert NETWORK[name].change(base) != base, name


def test_text_rules_that_count_are_nothing_to_a_network_that_reads_in_order() -> None:
    base = NETWORK["CNN"].change(BASE)
    rules = {one.name: one.change(base) for one in CATALOGUE if one.group == "text"}
    for name in ("characters 1 to 4", "LSA 100", "binary", "hashed to 2**16", "chi-squared 5,000"):
        assert rules[name] == base, name
    for name in ("capitals kept", "numbers as one", "fugashi"):
        assert rules[name] != base, name


def test_a_plan_is_made_by_what_is_cheap() -> None:
    costs = [relative_cost(one.change(BASE), BASE) for one in CATALOGUE]
    assert max(cheap(costs)) < max(costs)
    dear = [relative_cost(NETWORK[name].change(BASE), BASE) for name in ("CNN", "transformer")]
    assert cheap(dear) == dear


def small(name: str) -> Recipe:
    """The improvement on a small network, trained for two epochs."""
    base = BASE if name in READERS else NETWORK[OTHERS.get(name, "CNN")].change(BASE)
    recipe = NETWORK[name].change(base)
    size = {"embedding": 8, "encoder_units": 6, "batch_size": 16, "word_vectors": "none"}
    return recipe.with_shape(**size).with_knobs(epochs=2)


def lane(recipe: Recipe, seed: int = 3) -> Lane:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, generator.integers(1, 9))) for _ in range(120)]
    labels = generator.integers(0, 3, 120).astype(np.int32)
    rows = np.arange(120)
    bags = Texts(texts).learn(recipe.text, rows, labels, 0).bags(rows)
    made = Lane(recipe, bags, labels, 3, seed)
    return replace(made, room=wanted_room(replace(made, seed=0)))


@pytest.mark.slow  # a program or two for each
@pytest.mark.parametrize("name", [n for n in NETWORK if not n.startswith("word vectors")])
def test_a_lane_repeats_and_needs_no_other_program_for_another_seed(name: str) -> None:
    recipe = small(name)
    first = train(lane(recipe), SHARED)
    compiled = SHARED.compilations
    again = train(lane(recipe), SHARED)
    train(lane(recipe, seed=4), SHARED)
    assert SHARED.compilations == compiled
    assert first.history == again.history
    for one, other in zip(first.network.kernels, again.network.kernels, strict=True):
        np.testing.assert_array_equal(one, other)
