"""The learning-rate range test: where a loss falls fastest, goes astray, or shows nothing."""

import json
import math

import numpy as np
import pytest
from command_line import ROWS

from textkaizen.data import Corpus
from textkaizen.errors import CorpusError, RecipeError
from textkaizen.recipe import Recipe
from textkaizen.study.rates import FLAT, LEAST_STEPS, range_test, read_curve, smoothed

TEXTS, LABELS = (tuple(column) for column in zip(*ROWS, strict=True))
CORPUS = Corpus(TEXTS, LABELS, name="desk.csv")
STEPS = 600
EXPONENTS = np.linspace(-6, 0, STEPS)
RATES = 10.0**EXPONENTS


def curve(fall=-3.0, rise=-1.0, noise=0.0, seed=0):
    """A loss that falls around 10 ** fall from 3 to 1, and goes up beyond 10 ** rise."""
    losses = 1 + 2 / (1 + np.exp(4 * (EXPONENTS - fall)))
    losses += 200 * np.maximum(EXPONENTS - rise, 0) ** 2
    return losses + noise * np.random.default_rng(seed).normal(size=STEPS)


def read(losses, epochs=1):
    return read_curve(Recipe(), RATES, losses, (100, epochs))


@pytest.mark.parametrize("fall", [-4.0, -3.0, -2.2])
def test_the_suggestion_is_where_the_loss_falls_fastest(fall):
    found = read(curve(fall))
    # A logistic curve is steepest in its middle; steps are a hundredth of a decade apart.
    assert math.log10(found.steepest) == pytest.approx(fall, abs=0.01)
    assert found.suggestion == float(f"{found.steepest:.2g}")
    assert "Smith 2017" in found.reason


def test_noise_of_batches_seldom_moves_it_by_a_quarter_of_a_decade():
    # The noise is that of three layers with batch norm, 0.06 of the loss. Of these 40 seeds one is
    # further away (0.34), the next 0.21.
    found = [read(curve(noise=0.18, seed=seed)).steepest for seed in range(40)]
    assert sorted(abs(math.log10(rate) + 3) for rate in found)[-2] < 0.25


def test_what_comes_after_the_loss_has_gone_astray_is_not_read():
    losses = curve()
    losses[EXPONENTS > -0.5] = -50.0  # a fall that would be the steepest of all
    found = read(losses)
    assert found.suggestion == read(curve()).suggestion
    assert RATES[found.end] < 10**-0.5
    assert found.smoothed[found.end] > 2 * min(found.smoothed[: found.end])
    assert found.least == pytest.approx(0.1, rel=0.3)


@pytest.mark.parametrize("strange", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_what_is_read(strange):
    losses = curve(rise=9.0)
    losses[450] = strange
    found = read(losses)
    assert found.end == 450
    assert found.suggestion == read(curve()).suggestion
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (told["losses"][450], told["read"], told["steps"]) == (None, 450, STEPS)


@pytest.mark.parametrize(
    ("losses", "advice"),
    [
        (np.full(STEPS, 3.0), "flat: .* Raise learning_rate"),
        (curve(rise=9.0) * 0.01 + 3 * (1 - FLAT / 2), "flat: .* Raise learning_rate"),
        (curve(fall=0.2, rise=9.0), "ends too soon. Raise learning_rate"),
        (np.exp(np.arange(STEPS) / 3.0), "goes astray at the least rates .* Lower learning_rate"),
        (np.full(STEPS, math.nan), "goes astray at the least rates"),
    ],
)
def test_a_curve_that_shows_no_rate_gets_no_suggestion(losses, advice):
    found = read(losses)
    assert found.suggestion is None
    assert advice.split(".*")[0].strip() in found.reason
    assert advice.split(".*")[-1].strip() in found.reason
    assert "Smith" not in found.reason


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_flat(seed):
    """The least of a smoothed curve is below its mean by chance: by less than what counts."""
    assert read(curve(fall=9.0, rise=9.0, noise=0.18, seed=seed)).suggestion is None


def test_texts_known_by_heart_are_said_to_hide_which_rate_is_too_large():
    falling = 3 / (1 + np.exp(4 * (EXPONENTS + 3)))
    assert "known by heart" in read(falling, epochs=20).reason
    assert "known by heart" not in read(falling, epochs=1).reason
    assert "did not rise again" in read(falling, epochs=1).reason
    assert "did not rise again" not in read(curve(), epochs=20).reason


def test_the_average_by_hand_and_off():
    losses = np.array([4.0, 1.0, 1.0])
    # Weights 1/2, 1/4, 1/8 from the newest on, made to add up to 1.
    assert smoothed(losses, 1.0) == pytest.approx([4, 2, (1 / 2 + 1 / 4 + 4 / 8) / (7 / 8)])
    assert smoothed(losses, 0.0).tolist() == losses.tolist()
    assert smoothed(np.full(50, 2.5), 7.0) == pytest.approx(np.full(50, 2.5))


def test_a_network_is_trained_over_six_decades_in_at_least_so_many_steps():
    recipe = Recipe().with_shape(hidden=(8,), batch_size=16).with_knobs(learning_rate=0.004)
    found = range_test(CORPUS, recipe, seed=1)
    assert found.learning_rate == 0.004
    assert (found.rates[0], found.rates[-1]) == pytest.approx((4e-6, 4.0))
    assert len(found.rates) == len(found.losses) == len(found.smoothed) == found.epochs * 4
    assert LEAST_STEPS <= len(found.rates) < LEAST_STEPS + 4
    assert found.texts == len(ROWS)
    # Before anything is learnt the loss is that of guessing among three classes.
    assert np.mean(found.losses[:40]) == pytest.approx(math.log(3), rel=0.05)
    assert 1e-4 < found.suggestion < 1.0


def test_the_same_seed_gives_the_same_curve_whatever_the_order_of_the_rows():
    recipe = Recipe().with_shape(hidden=(4,))
    turned = CORPUS.take(np.random.default_rng(0).permutation(len(ROWS)))
    first = range_test(CORPUS, recipe, seed=3)
    assert range_test(turned, recipe, seed=3) == first
    assert range_test(CORPUS, recipe, seed=4).losses != first.losses


def test_what_a_recipe_does_between_and_after_epochs_is_left_aside():
    recipe = Recipe().with_shape(hidden=(4,), batch_size=0).with_knobs(dropout=0.2)
    busy = recipe.with_knobs(
        validation=0.2, patience=0.0, starts=2, ensemble=2, plateau_factor=0.1, warmup=0.5, epochs=2
    )
    assert range_test(CORPUS, busy, seed=0) == range_test(CORPUS, recipe, seed=0)


def test_a_network_that_diverges_is_no_failure():
    recipe = Recipe().with_shape(hidden=(4,)).with_knobs(optimiser="sgd", learning_rate=1e8)
    found = range_test(CORPUS, recipe, seed=0)
    assert found.suggestion is None
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_texts_and_batches_that_cannot_be_trained_on_are_refused():
    with pytest.raises(CorpusError, match="two"):
        range_test(Corpus(("a", "b"), ("x", "x")), Recipe(), seed=0)
    with pytest.raises(RecipeError, match="A batch must not be larger than the texts"):
        range_test(CORPUS, Recipe().with_shape(batch_size=999), seed=0)
