"""The catalogue: each improvement a pure function from recipe to recipe, with its source."""

import math
from dataclasses import astuple, replace
from itertools import groupby

import pytest

from textkaizen.errors import RecipeError, UsageError
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.catalogue import entry
from textkaizen.study.catalogue.groups import GROUPS
from textkaizen.study.catalogue.reading import READING
from textkaizen.study.improvements import CATALOGUE, applicable, chosen

BASE = Recipe()
BY_NAME = {improvement.name: improvement for improvement in CATALOGUE}
RATES = ("learning rate x3", "learning rate /3", "learning rate x10", "learning rate /10")
every = pytest.mark.parametrize("improvement", CATALOGUE, ids=lambda each: each.name)

# What brings something along, or is built from what is there; docs/improvements.md shows them all.
EXPECTED = {
    "early stopping": BASE.with_knobs(patience=5.0, epochs=200),
    "batch norm after": BASE.with_knobs(batch_norm="after"),
    "depth 3": BASE.with_shape(hidden=(64, 64, 64)),
    "no hidden layer": BASE.with_shape(hidden=()).with_knobs(learning_rate=0.01),
    "leaky ReLU": BASE.with_knobs(activation="leaky_relu", slope=0.3),
    "SELU": BASE.with_knobs(activation="selu", initialiser="lecun_normal"),
    "SELU, alpha dropout": BASE.with_knobs(
        activation="selu", initialiser="lecun_normal", dropout=0.1, dropout_kind="alpha"
    ),
    "Monte-Carlo dropout": BASE.with_knobs(dropout=0.5, monte_carlo=30),
    "SGD with momentum": BASE.with_knobs(optimiser="sgd", learning_rate=0.1, momentum=0.9),
    "Nesterov": BASE.with_knobs(optimiser="sgd", learning_rate=0.1, momentum=0.9, nesterov=True),
    "AdamW": BASE.with_knobs(optimiser="adamw", weight_decay=0.004),
    "Adam": BASE,
    "learning rate x3": BASE.with_knobs(learning_rate=0.003),
    "full batch": BASE.with_shape(batch_size=0).with_knobs(learning_rate=0.01),
    "batch size 4": BASE.with_shape(batch_size=4),
    "reduce on plateau": BASE.with_knobs(plateau_factor=0.5, plateau_patience=3),
    "best of 3 starts": BASE.with_knobs(starts=3),
    "no validation": BASE.with_knobs(validation=0.0),
    "L-infinity 0.01": BASE.with_knobs(linf=0.01),
}


def but_for_its_rate(recipe):
    return recipe.with_knobs(learning_rate=1.0)


def test_there_are_as_many_as_were_promised():
    assert len(CATALOGUE) >= 45
    # No two are the same network under two names.
    assert len({each.change(BASE) for each in CATALOGUE}) == len(CATALOGUE) - len(READING)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_makes_of_the_baseline_what_it_says(name):
    wanted, made = EXPECTED[name], BY_NAME[name].change(BASE)
    assert but_for_its_rate(made) == but_for_its_rate(wanted)
    assert made.knobs.learning_rate == pytest.approx(wanted.knobs.learning_rate, rel=1e-12)


@every
def test_each_has_a_name_a_group_a_change_a_claim_and_a_source_with_its_year(improvement):
    assert all(astuple(improvement))
    # A row of 80 columns has room for 31 beside the widest numbers, a verdict and "adopted".
    assert len(improvement.name) <= 26
    assert improvement.name == improvement.name.strip()
    assert improvement.claim.endswith(".")
    assert any(part.strip(",;").isdigit() for part in improvement.source.split())


def test_names_are_unique_and_no_group_has_the_name_of_another_groups_improvement():
    assert len(BY_NAME) == len(CATALOGUE)
    assert not [e.name for e in CATALOGUE if e.name in GROUPS and e.name != e.group]


def test_every_group_has_its_entry_and_every_entry_its_group():
    assert {each.group for each in CATALOGUE} == set(GROUPS)
    assert list(GROUPS) == sorted(GROUPS)


@pytest.mark.parametrize("group", GROUPS)
def test_of_each_group_it_is_said_what_is_tried_and_what_off_is(group):
    told = GROUPS[group]
    assert told.values.endswith(".")
    assert told.off.startswith("`")
    assert told.clashes == "" or told.clashes.endswith(".")
    for name in told.off.split("`")[1::2]:
        knob, _, value = name.partition(": ")
        if name.startswith("textkaizen "):  # a command that shows them all
            continue
        shape = BASE.to_dict()["shape"] | BASE.to_dict()["knobs"]
        written = {"null": None}.get(value, value)
        is_it = shape[knob] == written or str(shape[knob]) == value or float(value) == shape[knob]
        assert is_it, f"the baseline's {knob} is {shape[knob]}"


@every
def test_each_is_a_pure_function_that_changes_the_baseline_unless_it_is_its_own(improvement):
    before = Recipe()
    made = improvement.change(before)
    assert before == Recipe()
    assert made == improvement.change(Recipe())
    # What belongs to networks that read in order only is nothing to one that does not.
    assert (made == Recipe()) == (improvement.name == "Adam" or improvement in READING)
    assert bool(describe_difference(before, made)) == (made != before)


@every
def test_applied_twice_it_changes_nothing_more_but_a_factor_of_the_rate(improvement):
    once = improvement.change(BASE)
    twice = improvement.change(once)
    if improvement.name in RATES:
        ratio = once.knobs.learning_rate / BASE.knobs.learning_rate
        assert twice.knobs.learning_rate / once.knobs.learning_rate == pytest.approx(ratio)
        assert but_for_its_rate(twice) == but_for_its_rate(BASE)
    else:
        assert twice == once


@every
def test_each_can_follow_any_other_and_changes_only_text_rules_or_all_else(improvement):
    for first in CATALOGUE:
        # A recipe checks itself when it is made: what cannot be would raise.
        before = first.change(BASE)
        made = improvement.change(before)
        if improvement.group == "text":
            assert (made.shape, made.knobs) == (before.shape, before.knobs)
        elif improvement.group != "network":
            assert made.text == before.text
        assert Recipe.from_dict(made.to_dict()) == made


@every
def test_each_can_change_a_recipe_whose_knobs_are_lists(improvement):
    lists = BASE.with_shape(hidden=(32, 16)).with_knobs(
        activation=("relu", "tanh"), dropout=(0.5, 0.0), l2=(0.0, 0.0, 0.1)
    )
    made = improvement.change(lists)
    assert Recipe.from_dict(made.to_dict()) == made


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "SGD with momentum", "AdamW", "Nesterov"])
def test_an_optimiser_that_is_there_already_keeps_the_learning_rate_found_for_it(name):
    there = BY_NAME["learning rate x3"].change(BY_NAME[name].change(BASE))
    assert BY_NAME[name].change(there) == there


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "SGD"])
def test_another_optimiser_leaves_no_momentum_and_no_decay_behind(name):
    for before in ("Nesterov", "AdamW"):
        made = BY_NAME[name].change(BY_NAME[before].change(BASE)).knobs
        assert (made.momentum, made.nesterov, made.weight_decay) == (0.0, False, 0.0)


def test_two_steps_of_the_learning_rate_undo_each_other_to_the_last_digit():
    """So that going back meets the lanes that have run already."""
    faster, slower = BY_NAME["learning rate x3"], BY_NAME["learning rate /3"]
    assert slower.change(faster.change(BASE)) == BASE
    assert faster.change(slower.change(BASE)) == BASE


@pytest.mark.parametrize("name", ["early stopping", "reduce on plateau", "best of 3 starts"])
def test_what_watches_validation_texts_gets_some_and_they_are_not_taken_away_again(name):
    watching = BY_NAME[name].change(BASE.with_knobs(validation=0.0))
    assert watching.knobs.validation == 0.1
    assert BY_NAME[name].change(BASE.with_knobs(validation=0.2)).knobs.validation == 0.2
    assert BY_NAME["no validation"].change(watching) == watching
    assert BY_NAME["early stopping"].change(watching).knobs.patience < math.inf


def test_depth_and_width_keep_one_another():
    change = lambda name, recipe: BY_NAME[name].change(recipe).shape.hidden
    wide, deep = BY_NAME["width 256"].change(BASE), BY_NAME["depth 2"].change(BASE)
    assert change("depth 3", wide) == (256, 256, 256)
    assert change("width 256", deep) == (256, 256)
    bare = BASE.with_shape(hidden=())
    assert change("depth 2", bare) == (64, 64)
    assert change("width 256", bare) == (256,)


def test_masks_of_dropout_go_with_the_layer_they_act_on():
    masked = BY_NAME["Monte-Carlo dropout"].change(BASE)
    assert BY_NAME["no hidden layer"].change(masked).knobs.monte_carlo == 0
    assert BY_NAME["dropout 0.2"].change(masked).knobs.monte_carlo == masked.knobs.monte_carlo


@pytest.mark.parametrize("texts", [40, 100, 300, 512])
def test_batches_larger_than_the_texts_are_left_out_and_nothing_else(texts):
    kept, left_out, *_ = applicable(CATALOGUE, BASE, texts)
    sizes = {each.name: each.change(BASE).shape.batch_size for each in CATALOGUE}
    # A tenth is held back, whole texts of small classes more.
    assert [each.name for each in kept] == [
        name for name in sizes if sizes[name] <= texts * 0.9 * 0.95
    ]
    assert set(left_out) == {name for name in sizes if sizes[name] > texts * 0.9 * 0.95}
    assert all(name.startswith("batch size") for name in left_out)
    assert "full batch" not in left_out


def test_the_batch_size_that_a_study_starts_from_is_no_reason_to_leave_anything_out():
    kept, left_out, *_ = applicable(CATALOGUE, BASE, 20)
    assert {"dropout 0.5", "batch size 16", "full batch"} <= {each.name for each in kept}
    assert set(left_out) == {f"batch size {size}" for size in (64, 128, 512)}
    kept = applicable(CATALOGUE, BASE.with_shape(batch_size=64), 20).improvements
    assert "batch size 64" in {each.name for each in kept}


def test_analysers_are_for_their_languages_and_must_be_installed(monkeypatch):
    german = applicable(CATALOGUE, BASE, 1000, ("de",))
    assert {"fugashi", "kiwi", "jieba", "stop words, English"} <= set(german.other_languages)
    assert "stop words, German" in {each.name for each in german.improvements}
    monkeypatch.setattr(entry, "find_spec", lambda module: None)
    japanese = applicable(CATALOGUE, BASE, 1000, ("en", "ja"))
    assert {"fugashi", "Sudachi A", "neologdn"} <= set(japanese.not_installed["ja"])
    assert set(japanese.not_installed) == {"ja", "subwords", "encoder"}
    tried = {each.name for each in japanese.improvements}
    assert {"characters 1 to 4", "stop words, Japanese"} <= tried
    assert not tried & {"fugashi", "kiwi", "stop words, German"}


def test_text_rules_that_contradict_others_change_nothing():
    hashed = BY_NAME["hashed to 2**16"].change(BASE)
    assert BY_NAME["chi-squared 5,000"].change(hashed) == hashed
    bare = BY_NAME["characters only"].change(BASE)
    assert bare.text.words == (0, 0)
    assert BY_NAME["words only"].change(bare) == bare
    assert BY_NAME["fugashi"].change(bare).text.words == (1, 2)


def test_the_likeliest_come_first_and_none_twice():
    assert CATALOGUE[0].name == "dropout 0.5"
    groups = [name for name, _ in groupby(each.group for each in CATALOGUE[:10])]
    assert len(set(groups)) >= 8  # whoever has time for ten sees eight kinds


def test_names_and_groups_choose_in_the_catalogues_order():
    names = lambda found: [improvement.name for improvement in found]
    assert chosen() == chosen([]) == CATALOGUE
    assert names(chosen(["tanh", "dropout 0.5"])) == ["dropout 0.5", "tanh"]
    assert set(names(chosen(["batch norm", "depth 2"]))) == {
        "batch norm before",
        "batch norm after",
        "depth 2",
    }
    assert names(chosen(["mixup", "mixup 0.2"])) == ["mixup 0.2"]


def test_an_unknown_name_says_which_is_near_and_where_the_known_ones_are():
    with pytest.raises(UsageError, match=r"called dropuot, magic\. .*improvements.* lists"):
        chosen(["dropuot", "tanh", "magic"])
    with pytest.raises(UsageError, match="Did you mean 'dropout'"):
        chosen(["dropuot"])


def test_what_does_not_go_together_cannot_be_made_by_hand():
    """The improvements above never do this: so their changes are not merely unchecked."""
    with pytest.raises(RecipeError, match="monte_carlo averages over masks"):
        replace(BASE, knobs=replace(BASE.knobs, monte_carlo=3))
    with pytest.raises(RecipeError, match="adamw is adam with weight_decay"):
        BASE.with_knobs(optimiser="adamw")
