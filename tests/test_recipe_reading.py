"""Recipes from plain values: what is wrong is told with its name, its cause and a cure."""

import json
import math

import pytest

from textkaizen.errors import RecipeError
from textkaizen.recipe import Knobs, Recipe, Shape, describe_difference
from textkaizen.recipe.choices import FROM_KERAS


def refused(values):
    with pytest.raises(RecipeError) as error:
        Recipe.from_dict(values)
    return str(error.value)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"dropuot": 0.5}, ["'knobs' has no 'dropuot'", "did you mean 'dropout'?"]),
        ({"l2": -0.1}, ["knobs.l2 must be 0 or more", "found -0.1"]),
        ({"learning_rate": -1}, ["knobs.learning_rate must be more than 0", "found -1.0"]),
        ({"dropout": 1.0}, ["knobs.dropout must be at least 0 and less than 1", "found 1.0"]),
        ({"activation": "rellu"}, ["knobs.activation must be one of", "did you mean 'relu'?"]),
        ({"optimiser": "lion"}, ["knobs.optimiser must be one of adam, adamw", "found 'lion'"]),
    ],
)
def test_what_people_get_wrong_is_told_with_what_was_found_and_what_can_be(knobs, words):
    message = refused({"knobs": knobs})
    for word in words:
        assert word in message


@pytest.mark.parametrize("value", [0.5, 1, 0.99])
def test_batch_normalization_with_a_number_is_refused_with_the_cause(value):
    """BatchNormalization(0.5), which textbooks print: in Keras 3 the number would be an axis."""
    message = refused({"knobs": {"batch_norm": value}})
    assert f"'knobs.batch_norm' must be like 'none'; found {value}" in message
    assert "BatchNormalization(0.5)" in message
    assert "gives an axis and not a rate, and Keras 3 fails at it" in message
    assert "Say before or after" in message


def test_batch_normalization_with_a_number_is_refused_in_a_list_too():
    assert "Keras 3 fails at it" in refused({"knobs": {"batch_norm": ["before", 0.5]}})


@pytest.mark.parametrize("name", FROM_KERAS)
def test_a_name_of_keras_is_refused_with_ours(name):
    assert refused({"knobs": {name: 1}}).endswith(f"what Keras calls so is {FROM_KERAS[name]} here")
    assert name not in Knobs.__dataclass_fields__


def test_a_name_of_keras_is_known_in_other_parts_and_other_letters_too():
    assert "what Keras calls so is hidden here" in refused({"shape": {"units": 64}})
    assert "what Keras calls so is learning_rate here" in refused({"knobs": {"LR": 0.1}})


def test_every_name_for_keras_names_leads_to_a_knob_or_a_shape():
    known = {*Knobs.__dataclass_fields__, "hidden"}
    for ours in FROM_KERAS.values():
        assert set(ours.replace(" or ", ", ").split(", ")) <= known


def test_a_name_of_another_part_is_refused_with_that_part():
    assert "it belongs to 'shape'" in refused({"knobs": {"hidden": [64]}})
    assert "it belongs to 'knobs'" in refused({"shape": {"dropout": 0.5}})
    assert "it belongs to 'knobs'" in refused({"dropout": 0.5})


def test_a_name_that_is_like_none_is_refused_with_all_of_them():
    names = ", ".join(Shape.__dataclass_fields__)
    assert refused({"shape": {"xyzzy": 1}}).endswith(f"known are {names}.")


@pytest.mark.parametrize(
    ("part", "name", "value", "says"),
    [
        ("knobs", "epochs", 2.5, "must be a whole number; found 2.5"),
        ("knobs", "epochs", math.inf, "must be a whole number; found inf"),
        ("knobs", "epochs", "ten", "must be a whole number; found 'ten'"),
        ("knobs", "epochs", True, "must be a whole number; found True"),
        ("knobs", "dropout", "half", "must be a number; found 'half'"),
        ("knobs", "dropout", None, "must be a number; found None"),
        ("knobs", "dropout", True, "must be a number; found True"),
        ("knobs", "dropout", [0.5, "half"], "must be a number; found 'half'"),
        ("knobs", "dropout", [[0.5]], "must be one value a layer; found [[0.5]]"),
        ("knobs", "activation", [["relu"]], "must be one value a layer; found [['relu']]"),
        ("knobs", "learning_rate", [0.1], "must be a number; found [0.1]"),
        ("knobs", "activation", 3, "must be like 'relu'; found 3"),
        ("knobs", "activation", ["relu", None], "must be like 'relu'; found None"),
        ("knobs", "batch_norm", True, "must be like 'none'; found True"),
        ("knobs", "nesterov", 1, "must be like False; found 1"),
        ("shape", "hidden", 64, "must be a list of whole numbers; found 64"),
        ("shape", "hidden", [64.0], "must be a list of whole numbers; found [64.0]"),
        ("shape", "hidden", None, "must be a list of whole numbers; found None"),
        ("text", "words", "12", "must be a list of whole numbers; found '12'"),
        ("text", "hashed", True, "must be a whole number; found True"),
        ("text", "hashed", 1000.5, "must be a whole number; found 1000.5"),
        ("text", "sublinear", "yes", "must be like True; found 'yes'"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_name(part, name, value, says):
    assert refused({part: {name: value}}).startswith(f"'{part}.{name}' {says}")


@pytest.mark.parametrize("values", [None, [], "knobs", 3, {"knobs": [1]}, {"knobs": "dropout"}])
def test_what_is_not_names_with_values_is_refused(values):
    assert "must be names with values" in refused(values)


def test_whole_numbers_are_numbers_and_whole_floats_are_whole_numbers():
    knobs = Recipe.from_dict({"knobs": {"epochs": 3.0, "l2": 1, "patience": 2}}).knobs
    assert (knobs.epochs, knobs.l2, knobs.patience) == (3, 1.0, 2.0)
    assert type(knobs.epochs) is int
    assert type(knobs.l2) is float


def test_what_is_left_out_or_empty_keeps_its_default():
    for values in ({}, {"knobs": {}}, {"knobs": None, "shape": {}}):
        assert Recipe.from_dict(values) == Recipe()


def test_plain_values_are_what_json_can_hold_and_off_is_none():
    recipe = Recipe().with_shape(hidden=(8, 4)).with_knobs(dropout=(0.5, 0.1), max_norm=3)
    values = recipe.to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["knobs"]["dropout"] == [0.5, 0.1]
    assert values["knobs"]["max_norm"] == 3
    assert values["knobs"]["clip_norm"] is values["knobs"]["patience"] is None
    assert Recipe.from_dict(values) == recipe


def test_a_difference_names_what_changed_and_nothing_else():
    before = Recipe().with_shape(hidden=(8, 4))
    after = before.with_knobs(dropout=(0.5, 0.2), clip_norm=1.0)
    assert describe_difference(before, after) == "dropout: 0.0 -> [0.5, 0.2], clip_norm: off -> 1.0"
    assert describe_difference(before, before) == ""
