"""Knobs for each layer: one value or a list, drawn out and cut with the number of layers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.errors import RecipeError
from textkaizen.recipe import PER_HIDDEN_LAYER, PER_LAYER, Knobs, Recipe, layerwise
from textkaizen.recipe.parts import stretched

THREE = {  # a list for three hidden layers, and one for these and the output
    "activation": ("relu", "selu", "gelu"),
    "batch_norm": ("none", "before", "after"),
    "dropout": (0.1, 0.2, 0.3),
    "initialiser": ("he_normal", "orthogonal", "normal", "uniform"),
    "l1": (0.1, 0.2, 0.3, 0.4),
    "l2": (0.5, 0.6, 0.7, 0.8),
    "linf": (0.0, 0.0, 0.1, 0.9),
}
DEEP = Recipe().with_shape(hidden=(8, 8, 8))


def test_one_value_is_for_all_layers_and_a_list_for_each():
    assert layerwise(0.5, 3) == (0.5, 0.5, 0.5)
    assert layerwise("relu", 2) == ("relu", "relu")
    assert layerwise((0.5, 0.2), 2) == (0.5, 0.2)
    assert layerwise(0.5, 0) == layerwise((), 0) == ()


def test_every_knob_for_each_layer_is_tried():
    assert set(THREE) == {*PER_HIDDEN_LAYER, *PER_LAYER}


@pytest.mark.parametrize("name", THREE)
def test_a_list_as_long_as_the_layers_can_be_and_may_be_a_python_list(name):
    for kind in (list, tuple):
        recipe = DEEP.with_knobs(**{name: kind(THREE[name])})
        assert getattr(recipe.knobs, name) == THREE[name]
        assert hash(recipe) == hash(DEEP.with_knobs(**{name: THREE[name]}))


@pytest.mark.parametrize("name", THREE)
def test_a_list_that_is_too_short_or_too_long_is_refused_with_the_length_it_needs(name):
    layers, which = (3, "hidden layers") if name in PER_HIDDEN_LAYER else (4, "layers, the output")
    for found in (THREE[name][1:], (*THREE[name], THREE[name][-1])):
        with pytest.raises(RecipeError) as error:
            DEEP.with_knobs(**{name: found})
        says = str(error.value)
        assert f"knobs.{name} must be one value or a list of {layers}" in says
        assert f"one for each of the {layers} {which}" in says
        assert f"found {len(found)}." in says


def test_fewer_hidden_layers_cut_lists_and_the_output_keeps_its_own():
    knobs = DEEP.with_knobs(**THREE).with_shape(hidden=(5,)).knobs
    assert (knobs.activation, knobs.batch_norm, knobs.dropout) == (("relu",), ("none",), (0.1,))
    assert knobs.initialiser == ("he_normal", "uniform")
    assert (knobs.l1, knobs.l2, knobs.linf) == ((0.1, 0.4), (0.5, 0.8), (0.0, 0.9))


def test_more_hidden_layers_go_on_with_the_last_and_the_output_keeps_its_own():
    knobs = DEEP.with_knobs(**THREE).with_shape(hidden=(8,) * 5).knobs
    assert knobs.dropout == (0.1, 0.2, 0.3, 0.3, 0.3)
    assert knobs.activation == ("relu", "selu", "gelu", "gelu", "gelu")
    assert knobs.l2 == (0.5, 0.6, 0.7, 0.7, 0.7, 0.8)
    assert knobs.initialiser == ("he_normal", "orthogonal", "normal", "normal", "normal", "uniform")


def test_no_hidden_layer_leaves_the_output_and_back_again_there_are_defaults():
    linear = DEEP.with_knobs(**THREE).with_shape(hidden=())
    assert linear.knobs.dropout == linear.knobs.activation == ()
    assert linear.knobs.l2 == (0.8,)
    again = linear.with_shape(hidden=(4, 4)).knobs
    assert again.dropout == (0.0, 0.0)
    assert again.activation == ("relu", "relu")
    assert again.l2 == (0.8, 0.8, 0.8)  # all that was known of any layer


@pytest.mark.parametrize("name", THREE)
def test_one_value_stays_one_value_whatever_the_layers(name):
    recipe = Recipe().with_knobs(**{name: THREE[name][0]})
    for hidden in ((), (3,), (3, 3, 3)):
        assert getattr(recipe.with_shape(hidden=hidden).knobs, name) == THREE[name][0]
    assert name not in stretched(recipe.knobs, 3)


def test_the_same_number_of_layers_changes_no_knob():
    recipe = DEEP.with_knobs(**THREE)
    assert recipe.with_shape(hidden=(1, 2, 3)).knobs == recipe.knobs
    assert recipe.with_shape(batch_size=8).knobs == recipe.knobs


@given(st.integers(0, 6), st.integers(0, 6))
def test_what_is_stretched_always_fits(first, second):
    recipe = (
        DEEP.with_knobs(**THREE).with_shape(hidden=(2,) * first).with_shape(hidden=(3,) * second)
    )
    for name in PER_HIDDEN_LAYER:
        assert len(getattr(recipe.knobs, name)) == second
    for name in PER_LAYER:
        assert len(getattr(recipe.knobs, name)) == second + 1
        assert getattr(recipe.knobs, name)[-1] == THREE[name][-1]


def test_stretching_tells_only_what_is_a_list():
    assert stretched(Knobs(), 4) == {}
    assert stretched(Knobs(dropout=(0.5, 0.2)), 1) == {"dropout": (0.5,)}
