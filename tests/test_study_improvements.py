"""The catalogue: each improvement a pure function from recipe to recipe, with its source."""

import math
from collections import Counter

import pytest

from textkaizen.errors import UsageError
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.improvements import CATALOGUE, chosen

BASE = Recipe()
STEPS = ("learning rate x3", "learning rate /3")
every = pytest.mark.parametrize("improvement", CATALOGUE, ids=lambda each: each.name)

# What each makes of the baseline; the whole list that a first study must hold.
EXPECTED = {
    "early stopping": BASE.with_knobs(patience=5.0, epochs=200),
    "dropout 0.2": BASE.with_knobs(dropout=0.2),
    "dropout 0.5": BASE.with_knobs(dropout=0.5),
    "batch norm before": BASE.with_knobs(batch_norm="before"),
    "batch norm after": BASE.with_knobs(batch_norm="after"),
    "depth 2": BASE.with_shape(hidden=(64, 64)),
    "depth 3": BASE.with_shape(hidden=(64, 64, 64)),
    "width 256": BASE.with_shape(hidden=(256,)),
    "leaky ReLU": BASE.with_knobs(activation="leaky_relu", slope=0.3),
    "ELU": BASE.with_knobs(activation="elu"),
    "SELU": BASE.with_knobs(activation="selu", initialiser="lecun_normal"),
    "tanh": BASE.with_knobs(activation="tanh"),
    "L1 1e-5": BASE.with_knobs(l1=1e-5),
    "L2 1e-4": BASE.with_knobs(l2=1e-4),
    "Glorot normal": BASE.with_knobs(initialiser="glorot_normal"),
    "He normal": BASE.with_knobs(initialiser="he_normal"),
    "SGD with momentum": BASE.with_knobs(optimiser="sgd", learning_rate=0.1, momentum=0.9),
    "RMSprop": BASE.with_knobs(optimiser="rmsprop", learning_rate=0.001),
    "Adam": BASE,
    "learning rate x3": BASE.with_knobs(learning_rate=0.003),
    "learning rate /3": BASE.with_knobs(learning_rate=0.001 / 3),
    "batch size 8": BASE.with_shape(batch_size=8),
    "batch size 16": BASE.with_shape(batch_size=16),
    "batch size 64": BASE.with_shape(batch_size=64),
    "batch size 128": BASE.with_shape(batch_size=128),
}


def named(name):
    return next(improvement for improvement in CATALOGUE if improvement.name == name)


def test_the_whole_list_is_there_and_each_makes_of_the_baseline_what_it_says():
    assert Counter(improvement.name for improvement in CATALOGUE) == Counter(list(EXPECTED))
    for improvement in CATALOGUE:
        wanted, made = EXPECTED[improvement.name], improvement.change(BASE)
        assert made.with_knobs(learning_rate=1.0) == wanted.with_knobs(learning_rate=1.0)
        assert made.knobs.learning_rate == pytest.approx(wanted.knobs.learning_rate, rel=1e-12)


@every
def test_each_has_a_group_a_claim_and_a_source_with_its_year(improvement):
    assert improvement.group
    assert improvement.claim.endswith(".")
    assert any(part.rstrip(",").isdigit() for part in improvement.source.split())


@every
def test_each_is_a_pure_function_that_changes_the_baseline_unless_it_is_its_own(improvement):
    before = Recipe()
    made = improvement.change(before)
    assert before == Recipe()
    assert made == improvement.change(Recipe())
    assert (made == Recipe()) == (improvement.name == "Adam")
    assert bool(describe_difference(before, made)) == (made != before)


@every
def test_applied_twice_it_changes_nothing_more(improvement):
    once = improvement.change(BASE)
    twice = improvement.change(once)
    if improvement.name in STEPS:
        ratio = once.knobs.learning_rate / BASE.knobs.learning_rate
        assert twice.knobs.learning_rate / once.knobs.learning_rate == pytest.approx(ratio)
        assert twice.with_knobs(learning_rate=0.001) == BASE
    else:
        assert twice == once


@every
def test_each_can_follow_any_other_and_leaves_the_texts_rules_alone(improvement):
    for first in CATALOGUE:
        assert improvement.change(first.change(BASE)).text == BASE.text


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "SGD with momentum"])
def test_an_optimiser_that_is_there_already_keeps_the_learning_rate_found_for_it(name):
    there = named("learning rate x3").change(named(name).change(BASE))
    assert named(name).change(there) == there


@pytest.mark.parametrize("name", ["Adam", "RMSprop"])
def test_another_optimiser_after_sgd_leaves_no_momentum_behind(name):
    assert named(name).change(named("SGD with momentum").change(BASE)).knobs.momentum == 0


def test_the_two_learning_rate_steps_undo_each_other_to_the_last_digit():
    """So that going back meets the lanes that have run already."""
    faster, slower = (named(name) for name in STEPS)
    assert slower.change(faster.change(BASE)) == BASE
    assert faster.change(slower.change(BASE)) == BASE


def test_early_stopping_gives_a_recipe_without_validation_texts_some_to_watch():
    stopping = named("early stopping").change(BASE.with_knobs(validation=0.0))
    assert stopping.knobs.validation == 0.1
    assert named("early stopping").change(BASE.with_knobs(validation=0.2)).knobs.validation == 0.2
    assert stopping.knobs.patience < math.inf


def test_depth_and_width_keep_one_another():
    wide = named("width 256").change(BASE)
    assert named("depth 3").change(wide).shape.hidden == (256, 256, 256)
    deep = named("depth 2").change(BASE)
    assert named("width 256").change(deep).shape.hidden == (256, 256)
    bare = BASE.with_shape(hidden=())
    assert named("depth 2").change(bare).shape.hidden == (64, 64)
    assert named("width 256").change(bare).shape.hidden == (256,)


def test_names_and_groups_choose_in_the_catalogues_order():
    names = lambda found: [improvement.name for improvement in found]
    assert chosen() == chosen([]) == CATALOGUE
    assert names(chosen(["tanh", "dropout 0.5"])) == ["dropout 0.5", "tanh"]
    assert set(names(chosen(["batch norm", "depth 2"]))) == {
        "batch norm before",
        "batch norm after",
        "depth 2",
    }
    assert names(chosen(("early stopping",))) == ["early stopping"]  # a name and a group


def test_an_unknown_name_says_where_the_known_ones_are():
    with pytest.raises(UsageError, match=r"called dropuot, magic\. .*improvements.* lists"):
        chosen(["dropuot", "tanh", "magic"])
