"""What an error is made of: texts, networks, and what more seeds never remove."""

import numpy as np
import pytest
from test_measure_rates import World

from textkaizen.measure.compare import paired
from textkaizen.measure.difference import Difference, Sources, difference_of


def errors(world, comparisons, first_seed):
    """Accuracy's differences in samples of a world."""
    return world.compare(comparisons, first_seed)["accuracy"]


def test_the_squares_of_both_parts_add_up_to_the_error():
    for found in errors(World(spread=0.05), 20, first_seed=70_000):
        parts = found.texts_error**2 + found.networks_error**2
        assert found.error**2 == pytest.approx(parts)


def test_a_difference_made_without_its_parts_says_nothing_of_them():
    bare = Difference(0.01, 0.0, 0.02, 0.05)
    assert (bare.texts_error, bare.networks_error, bare.lasting_error) == (0, 0, 0)
    assert bare.sources is None


def test_with_one_seed_all_of_the_texts_error_is_taken_to_last():
    for found in errors(World(seeds=1), 5, first_seed=71_000):
        assert found.lasting_error == found.texts_error > 0


def test_where_all_seeds_change_the_same_texts_all_of_the_texts_error_lasts():
    for found in errors(World(lasting=1.0), 5, first_seed=72_000):
        assert found.lasting_error == pytest.approx(found.texts_error)


def test_where_each_seed_changes_texts_of_its_own_hardly_anything_lasts():
    # Right before and wrong after, or the other way round, is a matter of chance for each seed,
    # but which of the two a text can do at all is its own, and its share of the variance is
    # small: with 8 % changing, gains need a text found wrong (chance 0.16 in a quarter of the
    # texts), losses one found right (0.053 in three quarters); the variance of a text's expected
    # move is 0.0085, of a single move 0.08.
    shares = [
        (found.lasting_error / found.texts_error) ** 2
        for found in errors(World(texts=1000), 40, first_seed=73_000)
    ]
    expected = 0.0085 / (0.0085 + (0.08 - 0.0085) / 3)
    # 40 samples of a share whose standard deviation is about 0.1: known to 0.016, cut off at 0.
    assert np.mean(shares) == pytest.approx(expected, abs=0.05)


def test_the_lasting_part_is_what_texts_and_seeds_of_a_model_leave_for_good():
    # move = text + rest: P = 0.05 of texts' own, R of each seed. Half of the texts last.
    texts, seeds = 4000, 4
    world = World(texts=texts, seeds=seeds, lasting=0.5)
    found = errors(world, 10, first_seed=74_000)
    by_hand = []
    for seed in range(74_000, 74_010):
        true, before, after, _ = world.draw(seed)
        moves = (after == true).astype(float) - (before == true)
        by_hand.append(np.mean(moves[0] * moves[1]) - np.mean(moves[0]) * np.mean(moves[1]))
    lasting = np.mean([texts * d.lasting_error**2 for d in found])
    # Both means are of 10 samples, each known to about 5 % from 300 draws and 4,000 texts.
    assert lasting == pytest.approx(np.mean(by_hand), rel=0.08)


def test_an_interval_can_be_put_together_anew_from_its_sources():
    true, before, after, folds = World(spread=0.03).draw(5)
    for found in paired(true, before, after, folds, classes=4, seed=1).values():
        assert difference_of(found.value, found.sources) == found


def test_more_noise_between_lanes_costs_degrees_of_freedom_and_no_error():
    sources = Sources(1e-4, 1e-4, 1000, 1e-4, 1e-4, 4.0, least_p=0.0, level=0.95)
    half, whole = (difference_of(0.03, sources._replace(shrunk=s)) for s in (0.5, 1.0))
    assert half.error == whole.error
    # With nothing between lanes the doubt is (1e-4 shrunk)^2 / 4, and texts' own of 999.
    assert half.freedom == pytest.approx(1 / (1 / 999 + 0.25 / 4))
    assert whole.freedom == pytest.approx(1 / (1 / 999 + 1 / 4))
    assert half.p < whole.p
