"""What is done to a batch in training only: by hand, by its distribution, and nothing when off."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from scipy import stats

from textkaizen.nets.mlp import Bags, bag_sums
from textkaizen.recipe import LOSSES
from textkaizen.train import augment
from textkaizen.train.augment import mixed, soft_targets
from textkaizen.train.losses import training_loss
from textkaizen.train.state import Extras

KEY = jax.random.key(0)
noisy_bags, mixing = jax.jit(augment.noisy_bags), jax.jit(augment.mixing)
OFF = Extras(
    np.int32(0), *map(np.float32, (2, 0, 0, 0, 0, np.inf)), class_weights=np.ones(3, np.float32)
)


def with_extras(**changes):
    return OFF._replace(**{name: np.float32(value) for name, value in changes.items()})


def flat(count=20_000):
    """Bags of one batch; the last fifth is padding with weight 0."""
    weights = np.random.default_rng(1).normal(size=count).astype(np.float32)
    weights[-count // 5 :] = 0
    return Bags(np.arange(count, dtype=np.int32), weights, np.zeros(count, np.int32))


BAGS = flat()
REAL = BAGS.weights != 0


def test_noise_is_added_to_non_zeros_only():
    found = np.asarray(noisy_bags(BAGS, with_extras(input_noise=0.5), key=KEY).weights)
    assert (found[~REAL] == 0).all()
    noise = (found - BAGS.weights)[REAL]
    # 16,000 draws; p of a true normal is below 0.001 in one of a thousand, and the key is fixed.
    assert stats.kstest(noise, stats.norm(0, 0.5).cdf).pvalue > 0.001
    assert stats.kstest(noise, stats.norm(0, 0.53).cdf).pvalue < 0.001
    # Noise does not depend on what it is added to: four standard errors of a correlation.
    assert abs(np.corrcoef(noise, BAGS.weights[REAL])[0, 1]) < 4 / np.sqrt(REAL.sum())


def test_input_dropout_drops_its_share_and_scales_the_rest():
    found = np.asarray(noisy_bags(BAGS, with_extras(input_dropout=0.3), key=KEY).weights)
    kept = found != 0
    assert not kept[~REAL].any()
    np.testing.assert_allclose(found[kept], BAGS.weights[kept] / 0.7, rtol=1e-6)
    # Four standard errors of 16,000 draws.
    assert kept[REAL].mean() == pytest.approx(0.7, abs=0.0145)


def test_what_is_dropped_gets_no_noise():
    both = with_extras(input_dropout=0.3, input_noise=0.5)
    found = np.asarray(noisy_bags(BAGS, both, key=KEY).weights)
    dropped = noisy_bags(BAGS, with_extras(input_dropout=0.3), key=KEY).weights
    assert ((found == 0) == (dropped == 0)).all()


def test_places_and_texts_of_bags_stay():
    found = noisy_bags(BAGS, with_extras(input_dropout=0.3, input_noise=0.5), key=KEY)
    assert (found.places == BAGS.places).all()
    assert (found.texts == BAGS.texts).all()


def test_another_key_draws_other_noise_and_the_same_key_the_same():
    extras = with_extras(input_dropout=0.3, input_noise=0.5)
    of = lambda key: np.asarray(noisy_bags(BAGS, extras, key=key).weights)
    assert (of(KEY) == of(KEY)).all()
    assert (of(KEY) != of(jax.random.key(1))).mean() > 0.5


@pytest.mark.parametrize("key", [0, 7])
def test_what_is_off_changes_no_bit_whatever_the_key(key):
    key = jax.random.key(key)
    assert (noisy_bags(BAGS, OFF, key=key).weights == BAGS.weights).all()
    own, partner = mixing(OFF, jnp.ones(8), key=key)
    assert own == 1
    values = jnp.array(np.random.default_rng(2).normal(size=(8, 3)), jnp.float32)
    assert (mixed(values, own, partner) == values).all()
    labels = np.array([0, 2, 1, 0, 1, 1, 0, 2])
    targets, counts = soft_targets(jnp.array(labels), OFF, own, partner, 3)
    assert (targets == np.eye(3)[labels]).all()
    assert (counts == 1).all()


def test_a_texts_partner_is_the_next_and_the_lasts_is_the_first():
    """Five texts and three rows of padding, whose partners are texts too."""
    valid = jnp.array([1.0] * 5 + [0.0] * 3)
    _, partner = mixing(with_extras(mixup=0.4), valid, key=KEY)
    assert partner[:5].tolist() == [1, 2, 3, 4, 0]
    assert (np.asarray(partner[5:]) < 5).all()


def test_the_only_text_of_a_batch_is_its_own_partner():
    own, partner = mixing(with_extras(mixup=0.4), jnp.array([1.0] + [0.0] * 7), key=KEY)
    assert partner[0] == 0
    values = jnp.array([[2.0, 3.0]] + [[9.0, 9.0]] * 7)
    np.testing.assert_allclose(mixed(values, own, partner)[0], [2, 3], rtol=1e-6)


@jax.jit
def mixing_weights(extras, keys):
    return jax.vmap(lambda key: augment.mixing(extras, jnp.ones(8), key=key)[0])(keys)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_the_mixing_weight_is_drawn_from_the_beta_distribution(alpha):
    """2,000 keys; p of a true Beta is below 0.001 in one of a thousand, and the keys are fixed."""
    keys = jax.random.split(jax.random.key(4), 2000)
    own = np.asarray(mixing_weights(with_extras(mixup=alpha), keys))
    assert own.shape == (2000,)
    assert stats.kstest(own, stats.beta(alpha, alpha).cdf).pvalue > 0.001
    assert stats.kstest(own, stats.beta(1.5 * alpha, 1.5 * alpha).cdf).pvalue < 0.001


def test_mixing_by_hand():
    """Three quarters of its own, a quarter of the next."""
    values = jnp.array([[4.0, 0.0], [8.0, 4.0], [0.0, 0.0]])
    found = mixed(values, jnp.float32(0.75), jnp.array([1, 2, 0]))
    assert found.tolist() == [[5, 1], [6, 3], [1, 0]]


def test_mixed_targets_and_counts_by_hand():
    """Labels 0, 1, 2 and their class weights 1, 2, 4, each with a quarter of the next."""
    extras = OFF._replace(class_weights=np.float32([1, 2, 4]))
    mix = (jnp.float32(0.75), jnp.array([1, 2, 0]))
    targets, counts = soft_targets(jnp.array([0, 1, 2]), extras, *mix, 3)
    assert targets.tolist() == [[0.75, 0.25, 0], [0, 0.75, 0.25], [0.25, 0, 0.75]]
    assert counts.tolist() == [1.25, 2.5, 3.25]


def test_smoothing_comes_after_mixing_and_leaves_the_counts():
    extras = with_extras(label_smoothing=0.3)._replace(class_weights=np.float32([1, 2, 4]))
    mix = (jnp.float32(0.75), jnp.array([1, 2, 0]))
    targets, counts = soft_targets(jnp.array([0, 1, 2]), extras, *mix, 3)
    np.testing.assert_allclose(targets[0], [0.1 + 0.7 * 0.75, 0.1 + 0.7 * 0.25, 0.1], rtol=1e-6)
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-6)
    assert counts.tolist() == [1.25, 2.5, 3.25]


def test_smoothed_and_weighted_targets_give_the_loss_of_keras():
    logits = np.random.default_rng(5).normal(size=(6, 3)).astype(np.float32)
    labels = np.array([0, 1, 2, 0, 1, 0])
    weights = np.float32([0.5, 1.5, 2])
    extras = with_extras(label_smoothing=0.2)._replace(class_weights=weights)
    alone = (jnp.ones(()), jnp.zeros(6, int))
    targets, counts = soft_targets(jnp.array(labels), extras, *alone, 3)
    own = training_loss(LOSSES.index("cross_entropy"), logits, targets, jnp.float32(2)) * counts
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    theirs = loss(np.eye(3)[labels], logits, sample_weight=weights[labels])
    np.testing.assert_allclose(own.mean(), theirs, rtol=1e-5)


def test_mixing_sums_is_mixing_bags():
    """Sums are linear in the bags, so nothing need be made denser: the same from dense rows."""
    generator = np.random.default_rng(6)
    dense = (generator.normal(size=(4, 9)) * (generator.random((4, 9)) < 0.4)).astype(np.float32)
    texts, places = (part.astype(np.int32) for part in np.nonzero(dense))
    rows = jnp.array(generator.normal(size=(9, 5)), jnp.float32)
    own, partner = jnp.float32(0.3), jnp.array([1, 2, 3, 0])
    sums = bag_sums(rows, Bags(places, dense[texts, places], texts), 4)
    found = mixed(sums, own, partner)
    np.testing.assert_allclose(
        found, mixed(jnp.array(dense), own, partner) @ rows, rtol=1e-5, atol=1e-6
    )
