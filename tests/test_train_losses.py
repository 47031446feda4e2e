"""Losses beside Keras', by finite differences, by hand, and the same in training and judging."""

from functools import partial

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads
from sklearn.utils.class_weight import compute_class_weight

from textkaizen.recipe import LOSSES
from textkaizen.train.losses import (
    FUNCTIONS,
    class_weights,
    label_cross_entropy,
    smoothed,
    training_loss,
    validation_loss,
)

TEXTS, CLASSES = 12, 5
softmax = keras.activations.softmax
REFERENCES = {
    "cross_entropy": lambda y, x, gamma: keras.losses.categorical_crossentropy(
        y, x, from_logits=True
    ),
    "squared_error": lambda y, x, gamma: keras.losses.mean_squared_error(y, softmax(x)),
    "hinge": lambda y, x, gamma: keras.losses.categorical_hinge(y, x),
    "focal": lambda y, x, gamma: keras.losses.categorical_focal_crossentropy(
        y, x, alpha=1.0, gamma=gamma, from_logits=True
    ),
}
CASES = [
    *((name, 2.0) for name in LOSSES),
    *(("focal", gamma) for gamma in (0.0, 0.5, 1.0, 5.0)),
]


def drawn(scale=2.0, form=np.float32):
    """Logits, and labels among which every class is."""
    logits = scale * np.random.default_rng(3).normal(size=(TEXTS, CLASSES))
    return logits.astype(form), np.arange(TEXTS) % CLASSES


def one_hot(labels, form=np.float32):
    return np.eye(CLASSES, dtype=form)[labels]


def loss_of(name, logits, targets, gamma=2.0):
    return training_loss(LOSSES.index(name), jnp.array(logits), jnp.array(targets), gamma)


def test_every_loss_of_a_recipe_is_there_and_compared():
    assert set(FUNCTIONS) == set(LOSSES) == set(REFERENCES)


@pytest.mark.parametrize(("name", "gamma"), CASES)
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_loss_and_its_gradient_are_those_of_keras(name, gamma, share):
    """With hard targets and with smoothed ones, as Keras smooths them."""
    logits, labels = drawn()
    targets = one_hot(labels) * (1 - share) + share / CLASSES
    found = loss_of(name, logits, targets, gamma)
    assert found.shape == (TEXTS,)
    assert found.dtype == np.float32
    reference = lambda x: REFERENCES[name](targets, x, gamma)
    np.testing.assert_allclose(found, reference(logits), rtol=1e-5, atol=1e-7)
    own = jax.grad(lambda x: loss_of(name, x, targets, gamma).sum())(jnp.array(logits))
    theirs = jax.grad(lambda x: reference(x).sum())(jnp.array(logits))
    # A slope is a difference of probabilities: 1e-5 of these, which are up to 1.
    np.testing.assert_allclose(own, theirs, rtol=1e-5, atol=1e-6)


def test_the_cross_entropy_of_labels_has_the_values_and_slopes_of_that_of_targets():
    with jax.enable_x64(True):
        logits, labels = (jnp.array(part) for part in drawn(form=np.float64))
        targets, weights = jnp.array(one_hot(labels, np.float64)), jnp.arange(1.0, TEXTS + 1)
        own = lambda x: label_cross_entropy(x, labels) @ weights
        theirs = lambda x: loss_of("cross_entropy", x, targets) @ weights
        found, expected = (jax.value_and_grad(loss)(logits) for loss in (own, theirs))
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-14), found, expected)


def test_label_smoothing_is_that_of_keras():
    logits, labels = drawn()
    own = loss_of("cross_entropy", logits, smoothed(jnp.array(one_hot(labels)), 0.1))
    theirs = keras.losses.categorical_crossentropy(
        one_hot(labels), logits, from_logits=True, label_smoothing=0.1
    )
    np.testing.assert_allclose(own, theirs, rtol=1e-5)


def test_smoothing_by_hand_and_off():
    targets = jnp.array([[1.0, 0.0]])
    np.testing.assert_allclose(smoothed(targets, 0.1), [[0.95, 0.05]], rtol=1e-6)
    assert (smoothed(targets, jnp.float32(0)) == targets).all()


@pytest.mark.parametrize(("name", "gamma"), CASES)
def test_a_gradient_agrees_with_finite_differences(name, gamma):
    with jax.enable_x64(True):
        logits, labels = drawn(form=np.float64)
        targets = jnp.array(one_hot(labels, np.float64) * 0.8 + 0.04)
        # Central differences in float64 err by about 1e-9; the seed keeps away from hinge's kinks.
        check_grads(
            lambda x: training_loss(LOSSES.index(name), x, targets, jnp.array(gamma)),
            *((jnp.array(logits),), 1),
            modes=("rev",),
            rtol=1e-6,
        )


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_is_switched_on_is_the_one_built_in(name):
    logits, labels = drawn()
    built_in = jax.jit(training_loss, static_argnums=0)(
        LOSSES.index(name), logits, one_hot(labels), np.float32(2)
    )
    switched = jax.jit(training_loss)(LOSSES.index(name), logits, one_hot(labels), np.float32(2))
    np.testing.assert_allclose(switched, built_in, rtol=1e-6)  # the last bit is the compiler's


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LOSSES), st.integers(0, 2**32), st.floats(0, 5), st.floats(0.1, 20))
def test_a_loss_of_validation_is_that_of_training_without_extras(name, seed, gamma, scale):
    generator = np.random.default_rng(seed)
    logits = (scale * generator.normal(size=(7, CLASSES))).astype(np.float32)
    labels = generator.integers(0, CLASSES, 7)
    found = validation_loss(name, logits, labels, gamma)
    assert type(found) is float
    expected = float(loss_of(name, logits, one_hot(labels), np.float32(gamma)).mean())
    # 1 - p of an answer that is nearly sure has few digits left in float32.
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_losses_by_hand():
    """Logits (0, ln 3) are probabilities (1/4, 3/4); the label is the first."""
    logits, targets = [[0.0, np.log(3)]], [[1.0, 0.0]]
    found = {name: float(loss_of(name, logits, targets)[0]) for name in LOSSES}
    assert found == pytest.approx(
        {
            "cross_entropy": np.log(4),
            "squared_error": (0.75**2 + 0.75**2) / 2,
            "hinge": np.log(3) - 0 + 1,
            "focal": 0.75**2 * np.log(4),
        },
        rel=1e-6,
    )


def test_a_hinge_has_a_margin_of_one_and_is_flat_beyond_it():
    hinge = lambda right, wrong: float(loss_of("hinge", [[right, wrong]], [[1.0, 0.0]])[0])
    assert hinge(3.0, 1.5) == 0
    assert hinge(3.0, 2.5) == 0.5
    assert hinge(0.5, -4.0) == 0.5  # Keras compares with 0 where all others are below
    slope = jax.grad(lambda x: loss_of("hinge", x, jnp.array([[1.0, 0.0]])).sum())
    assert (slope(jnp.array([[3.0, 1.5]])) == 0).all()
    assert slope(jnp.array([[3.0, 2.5]])).tolist() == [[-1, 1]]


def test_a_focal_loss_with_gamma_zero_is_the_cross_entropy_to_the_last_bit():
    logits, labels = drawn()
    focal, plain = (
        loss_of(name, logits, one_hot(labels), 0.0) for name in ("focal", "cross_entropy")
    )
    assert (focal == plain).all()


@pytest.mark.parametrize(("name", "gamma"), CASES)
@pytest.mark.parametrize("size", [100.0, 1e4])
def test_losses_and_slopes_of_sure_answers_are_finite(name, gamma, size):
    """Right and wrong; where Keras' focal loss cuts a probability at 1e-7, ours goes on."""
    logits = np.float32([[size, -size, 0], [-size, size, 0], [0, 0, 0]])
    targets = np.float32([[1, 0, 0], [1, 0, 0], [1, 0, 0]])
    loss = lambda x: loss_of(name, x, targets, gamma).sum()
    each = loss_of(name, logits, targets, gamma)
    assert np.isfinite(each).all()
    assert np.isfinite(jax.grad(loss)(jnp.array(logits))).all()
    assert each[0] < each[2] < each[1]
    assert validation_loss(name, logits, np.zeros(3, int), gamma) == pytest.approx(
        float(each.mean()), rel=1e-5
    )


def test_balanced_class_weights_are_those_of_scikit_learn():
    labels = np.array([0] * 7 + [1] * 2 + [2] * 11)
    found = class_weights(labels, 3, balanced=True)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32
    # All classes together count the same, and all texts as much as without weights.
    np.testing.assert_allclose(found * np.bincount(labels), 20 / 3, rtol=1e-6)


def test_class_weights_are_one_when_off_and_zero_for_a_class_without_texts():
    labels = np.array([0, 0, 2])
    assert class_weights(labels, 3, balanced=False).tolist() == [1, 1, 1]
    assert class_weights(labels, 3, balanced=True).tolist() == [0.5, 0, 1]


def test_a_weighted_loss_is_that_of_keras_with_class_weight():
    """Keras' model hands logits on unchanged; its loss of a batch is a mean over texts."""
    logits, labels = drawn()
    labels[6:] = 0
    weights = class_weights(labels, CLASSES, balanced=True)
    model = keras.Sequential([keras.Input((CLASSES,)), keras.layers.Dense(CLASSES, use_bias=False)])
    model.set_weights([np.eye(CLASSES)])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), loss, run_eagerly=True)
    given = dict(enumerate(weights.tolist()))
    theirs = model.train_on_batch(logits, one_hot(labels), class_weight=given)
    own = loss_of("cross_entropy", logits, one_hot(labels)) * weights[labels]
    assert float(own.mean()) == pytest.approx(float(theirs), rel=1e-5)
    unweighted = float(loss_of("cross_entropy", logits, one_hot(labels)).mean())
    assert abs(unweighted - float(theirs)) > 0.05
