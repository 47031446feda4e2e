"""What a study can afford: by rounds from the size alone, by minutes from the clock handed in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.recipe import Recipe
from textkaizen.study.budget import (
    FOLDS,
    ROUND_SHARE,
    Budget,
    design_by_size,
    folds_by_time,
    relative_cost,
    shortened,
)
from textkaizen.study.improvements import CATALOGUE


def never():
    raise AssertionError("the clock must not be read")


def test_with_rounds_alone_the_clock_is_never_read():
    budget = Budget(rounds=2, clock=never)
    assert not budget.timed
    assert budget.left() == math.inf


def test_time_left_is_what_the_clock_has_not_used():
    budget = Budget(seconds=60, clock=lambda: 45.5)
    assert budget.timed
    assert budget.left() == 14.5
    assert Budget(seconds=60, clock=lambda: 61.0).left() == -1


def test_the_base_itself_costs_one():
    assert relative_cost(Recipe(), Recipe()) == pytest.approx(1)


@pytest.mark.parametrize("improvement", CATALOGUE, ids=lambda each: each.name)
def test_every_guess_is_a_positive_number(improvement):
    assert 0 < relative_cost(improvement.change(Recipe()), Recipe()) < math.inf


def test_what_does_more_work_is_guessed_to_cost_more():
    cost = lambda recipe: relative_cost(recipe, Recipe())
    sizes = [cost(Recipe().with_shape(batch_size=size)) for size in (8, 16, 32, 64, 128)]
    assert sizes == sorted(sizes, reverse=True)
    widths = [cost(Recipe().with_shape(hidden=(units,))) for units in (16, 64, 256)]
    assert widths == sorted(widths)
    depths = [cost(Recipe().with_shape(hidden=(64,) * layers)) for layers in (1, 2, 3)]
    assert depths == sorted(depths)
    assert cost(Recipe().with_knobs(l2=1e-4)) > 1 > cost(Recipe().with_knobs(patience=5.0))


def test_a_recipe_without_hidden_layers_has_a_cost_too():
    bare = Recipe().with_shape(hidden=())
    assert 0 < relative_cost(bare, Recipe()) < 1 < relative_cost(Recipe(), bare)


@pytest.mark.parametrize(
    ("texts", "design"),
    [(50, (5, 3)), (2_000, (5, 3)), (2_001, (5, 2)), (20_000, (5, 2)), (20_001, (3, 2))],
)
def test_by_rounds_folds_and_seeds_follow_from_the_number_of_texts(texts, design):
    assert design_by_size(texts) == design


def test_the_most_folds_are_taken_whose_sweep_fits_a_rounds_share():
    # A lane on all texts takes 1 s, so a fold's takes 0.8 s of 5 and 2/3 s of 3. The base and two
    # improvements that cost 1 and 2, of which racing leaves four folds of five and three of three:
    # (5 + 3 * 4) * 0.8 = 13.6 s, or (3 + 3 * 3) * 2/3 = 8 s.
    design = lambda seconds, cores=1: folds_by_time(
        Budget(seconds=seconds, cores=cores), 1.0, [1.0, 2.0]
    )
    assert design(13.7 / ROUND_SHARE) == 5
    assert design(13.5 / ROUND_SHARE) == 3
    assert design(6.9 / ROUND_SHARE, cores=2) == 5
    assert design(6.7 / ROUND_SHARE, cores=2) == 3
    assert design(0.1) == 3  # too little for anything still needs folds


@given(st.floats(1, 1e5), st.floats(0.001, 100), st.lists(st.floats(0.1, 10), max_size=30))
def test_more_time_never_means_fewer_folds(seconds, lane_seconds, costs):
    folds = [folds_by_time(Budget(seconds=s), lane_seconds, costs) for s in (seconds, 2 * seconds)]
    assert folds == sorted(folds)
    assert set(folds) <= set(FOLDS)


def test_epochs_are_cut_by_the_share_of_the_work_that_there_is_time_for():
    budget = Budget(seconds=100, clock=lambda: 40.0, cores=2)  # 120 seconds of one core are left
    assert shortened(budget, Recipe(), 240.0) == 30
    assert shortened(budget, Recipe(), 120.0) == shortened(budget, Recipe(), 1.0) == 60
    assert shortened(budget, Recipe(), 1e9) == 15  # never less than a quarter
    assert shortened(budget, Recipe().with_knobs(epochs=1), 1e9) == 1


def test_networks_and_starts_are_paid_for_one_by_one():
    cost = lambda **knobs: relative_cost(Recipe().with_knobs(**knobs), Recipe())
    assert cost(ensemble=3) == pytest.approx(3)
    assert cost(starts=2, ensemble=2) == pytest.approx(4)
    assert cost(label_smoothing=0.1) > 1
    assert relative_cost(Recipe().with_shape(batch_size=0), Recipe()) < 1
