"""Lanes with more than one network, with full batches, and with what changes weights after a step.

All on one small table, with shared programs: what is tested is what a lane makes of its recipe.
"""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.errors import RecipeError
from textkaizen.nets.plain import log_softmax, logits, softmax
from textkaizen.recipe import Recipe
from textkaizen.train import lanes
from textkaizen.train.lanes import Lane, start_seed, train
from textkaizen.train.programs import Programs
from textkaizen.train.schedules import Plateau, update_plateau

TEXTS, FEATURES, CLASSES = 60, 20, 3
SIZES = (32, 20, 8)  # texts of each class
RECIPE = Recipe().with_shape(hidden=(6,), batch_size=16)
RECIPE = RECIPE.with_knobs(epochs=4, learning_rate=0.01, validation=0.2)
SHARED = Programs()


def bags_and_labels():
    """Texts whose first features tell their class, more often than not."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), SIZES)
    dense = random_array((TEXTS, FEATURES), density=0.2, rng=generator).toarray()
    dense[np.arange(TEXTS), labels] += generator.random(TEXTS) < 0.7
    return csr_matrix(dense.astype(np.float32)), labels


BAGS, LABELS = bags_and_labels()


def trained(recipe=RECIPE, seed=1, **knobs):
    return train(Lane(recipe.with_knobs(**knobs), BAGS, LABELS, CLASSES, seed), SHARED)


def bits(network):
    return [part.tobytes() for part in (*network.kernels, *network.biases, *network.norms)]


# More than one network


def test_the_first_start_has_the_lanes_seed_and_every_other_one_of_its_own():
    assert start_seed(7, 0) == 7
    assert len({start_seed(seed, n) for seed in (7, 8, 2**40) for n in range(20)}) == 60


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy"])
def test_of_several_starts_the_best_by_the_monitor_is_kept_and_all_are_told(monitor):
    best = {"val_loss": min, "val_accuracy": max}[monitor]
    alone = trained(monitor=monitor)
    kept = set()
    for seed in range(1, 5):
        several = trained(seed=seed, starts=3, monitor=monitor)
        assert len(several.starts) == 3
        assert len(several.networks) == 1
        assert several.history[monitor][several.best_epoch - 1] == best(several.starts)
        kept.add(several.starts.index(best(several.starts)))
        if seed == 1:
            assert several.starts[0] == alone.history[monitor][alone.best_epoch - 1]
    assert kept != {0}  # it is not always the first that is best
    assert len(alone.starts) == 1


def test_a_start_that_diverges_is_not_the_best(monkeypatch):
    real = lanes._Start.judge
    lost = lambda start, state: (
        real(start, state) | ({"val_loss": float("nan")} if start.seed == 1 else {})
    )
    monkeypatch.setattr(lanes._Start, "judge", lost)
    several = trained(starts=3)
    assert np.isnan(several.starts[0])
    assert several.history["val_loss"][-1] == min(several.starts[1:])


def test_members_of_an_ensemble_differ_and_the_first_is_the_plain_lanes_network():
    plain, several = trained(), trained(ensemble=3)
    assert bits(several.networks[0]) == bits(plain.network)
    assert len({tuple(bits(network)) for network in several.networks}) == 3
    assert several.history == plain.history
    assert several.network is several.networks[0]
    answers = np.mean([softmax(logits(network, BAGS)) for network in several.networks], 0)
    found = several.logits(RECIPE.with_knobs(ensemble=3).knobs, BAGS)
    np.testing.assert_allclose(softmax(found), answers, rtol=1e-5)  # rounding of a logarithm


def test_each_member_of_an_ensemble_is_the_best_of_its_own_starts():
    several = trained(ensemble=2, starts=2)
    assert len(several.starts) == 4
    assert len(several.networks) == 2
    assert several.history["val_loss"][-1] == min(several.starts[:2])


# Batches


def test_a_full_batch_is_one_step_an_epoch_over_all_texts():
    recipe = RECIPE.with_knobs(validation=0.0, optimiser="sgd", learning_rate=0.5)
    full = trained(recipe.with_shape(batch_size=0))
    said = trained(recipe.with_shape(batch_size=TEXTS))
    steps = trained(recipe.with_shape(batch_size=0), schedule="range_test")
    assert len(steps.step_losses) == 4
    np.testing.assert_allclose(steps.step_losses, steps.history["loss"], rtol=1e-6)
    for one, other in zip(full.network.kernels, said.network.kernels, strict=True):
        # The same sums, over 60 texts in an order of their own: rounding.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    # One step of descent by hand: the gradient of the output's bias is the mean error.
    one = trained(recipe.with_shape(batch_size=0), epochs=1, learning_rate=1e-9).network
    error = softmax(logits(one, BAGS)) - np.eye(CLASSES)[LABELS]
    moved = trained(recipe.with_shape(batch_size=0), epochs=1).network.biases[-1]
    np.testing.assert_allclose(moved, -0.5 * error.mean(0), rtol=1e-4, atol=1e-6)


def test_a_batch_larger_than_the_texts_there_are_to_train_on_is_refused():
    """A fifth of the 60 is held back: 48 are left."""
    message = r"shape\.batch_size is 49, and there are 48 texts .*Lower it, or say 0"
    with pytest.raises(RecipeError, match=message):
        trained(RECIPE.with_shape(batch_size=49))
    fits = trained(RECIPE.with_shape(batch_size=48), schedule="range_test")
    assert len(fits.step_losses) == 4


@pytest.mark.parametrize("batch_size", [16, 7])
def test_every_step_tells_its_loss_and_an_epochs_is_their_mean_over_texts(batch_size):
    recipe = RECIPE.with_shape(batch_size=batch_size)
    found = trained(recipe, validation=0.0, schedule="range_test")
    assert len(trained(recipe, validation=0.0).step_losses) == 0  # nobody asks for them
    steps = -(-TEXTS // batch_size)
    assert found.step_losses.shape == (4 * steps,)
    sizes = np.full(steps, batch_size)
    sizes[-1] = TEXTS - batch_size * (steps - 1)
    means = (found.step_losses.reshape(4, steps) * sizes).sum(1) / TEXTS
    np.testing.assert_allclose(means, found.history["loss"], rtol=1e-9)


# Rates and weights


def test_a_plateau_lowers_the_rate_of_what_comes_after_it_and_of_nothing_else():
    how = {"epochs": 12, "learning_rate": 0.3, "plateau_patience": 2}
    off, on = trained(**how), trained(**how, plateau_factor=0.1)
    knobs, state, lowered = RECIPE.with_knobs(**how, plateau_factor=0.1).knobs, Plateau(), 0
    for epoch, value in enumerate(off.history["val_loss"], 1):
        state = update_plateau(state, value, knobs)
        if state.factor < 1:
            lowered = epoch
            break
    assert 2 < lowered < 11
    for name in ("loss", "val_loss"):
        assert on.history[name][:lowered] == off.history[name][:lowered]
    assert on.history["loss"][lowered:] != off.history["loss"][lowered:]
    assert len(on.history["loss"]) == 12


def test_an_average_of_weights_is_what_predicts_and_is_judged():
    """One step an epoch, so that weights after each step can be had from shorter trainings."""
    recipe = RECIPE.with_shape(batch_size=0)
    weights = [trained(recipe, epochs=epochs).network for epochs in (1, 2, 3)]
    found = trained(recipe, epochs=3, average=0.75)
    for place, own in enumerate(found.network.kernels):
        first, second, third = (network.kernels[place] for network in weights)
        expected = 0.75 * (0.75 * first + 0.25 * second) + 0.25 * third
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-7)
    texts = lanes._parted(Lane(RECIPE, BAGS, LABELS, CLASSES, 1))
    answers = log_softmax(logits(found.network, texts.val_bags))
    loss = -answers[np.arange(len(answers)), texts.val_labels].mean()
    assert found.history["val_loss"][-1] == pytest.approx(loss, rel=1e-6)


def test_balanced_class_weights_by_hand():
    """A class of n of 60 texts counts 60 / (3 n); what is held back counts as it is."""
    still = {"epochs": 1, "learning_rate": 1e-9, "validation": 0.0, "optimiser": "sgd"}
    plain, weighted = (trained(**still, class_weights=name) for name in ("none", "balanced"))
    each = -log_softmax(logits(plain.network, BAGS))[np.arange(TEXTS), LABELS]
    counts = (TEXTS / (CLASSES * np.array(SIZES)))[LABELS]
    assert plain.history["loss"] == [pytest.approx(each.mean(), rel=1e-5)]
    assert weighted.history["loss"] == [pytest.approx((counts * each).mean(), rel=1e-5)]


def test_class_weights_do_not_reach_the_validation_loss():
    still = {"epochs": 1, "learning_rate": 1e-9, "optimiser": "sgd"}
    plain, weighted = (trained(**still, class_weights=name) for name in ("none", "balanced"))
    assert plain.history["val_loss"] == pytest.approx(weighted.history["val_loss"], rel=1e-6)
    assert abs(plain.history["loss"][0] - weighted.history["loss"][0]) > 1e-3


def test_max_norm_holds_for_every_column_of_every_weight_matrix():
    knobs = {"learning_rate": 0.1, "epochs": 8}
    free, limited = trained(**knobs), trained(**knobs, max_norm=0.5)
    for kernel in limited.network.kernels:
        lengths = np.linalg.norm(kernel, axis=0)
        assert (lengths <= 0.5 * (1 + 1e-6)).all()
        assert lengths.max() > 0.499
    assert all(np.linalg.norm(kernel, axis=0).min() > 0.6 for kernel in free.network.kernels)


def test_the_penalty_on_the_largest_weight_lowers_it_in_the_layers_that_have_it():
    knobs = {"epochs": 15}
    off, output = trained(**knobs), trained(**knobs, linf=(0.0, 1.0))
    largest = lambda found, layer: np.abs(found.network.kernels[layer]).max()
    assert largest(output, 1) < 0.8 * largest(off, 1)
    assert largest(output, 0) > 0.9 * largest(off, 0)
    still = {"epochs": 1, "learning_rate": 1e-9, "optimiser": "sgd"}
    for amounts in ((0.5, 0.0), (0.5, 2.0)):
        told = trained(**still, linf=amounts)
        expected = sum(a * largest(told, layer) for layer, a in enumerate(amounts))
        assert told.history["penalty"] == [pytest.approx(expected, rel=1e-5)]


# Off


@pytest.mark.parametrize(
    "settings",
    [
        {"focal_gamma": 5.0},
        {"slope": 0.9},
        {"initialiser_spread": 3.0, "initialiser_mean": 1.0},
        {"plateau_patience": 1},
        {"min_delta": 0.5},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_the_settings_of_what_is_off_change_no_bit(settings):
    plain, other = trained(), trained(**settings)
    assert bits(plain.network) == bits(other.network)
    assert plain.history == other.history


@pytest.mark.parametrize("how", [{"lean": False}, {"extras": True}])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_lane_in_a_program_that_could_do_more_is_that_lane_but_for_rounding(name, how):
    """The same sums in other fused loops: the last bit of a weight may differ, 12 steps long."""
    recipe = RECIPE.with_knobs(optimiser=name, dropout=0.3)
    plain = train(Lane(recipe, BAGS, LABELS, CLASSES, 1), SHARED)
    rich = train(Lane(recipe, BAGS, LABELS, CLASSES, 1, **how), SHARED)
    for one, other in zip(plain.network.kernels, rich.network.kernels, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(plain.step_losses, rich.step_losses, rtol=1e-6)
