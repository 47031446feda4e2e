"""Answers averaged over networks and over dropout masks: the same for a text whoever asks."""

from itertools import pairwise, product

import jax
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.nets import dropout
from textkaizen.nets.ensemble import averaged, ensemble_logits, masks
from textkaizen.nets.plain import Network, after_first, logits, softmax
from textkaizen.recipe import DROPOUT_KINDS, Knobs

SATURATED = -1.6732632 * 1.0507010  # what SELU tends to far below zero


def linear(*biases):
    """A network of one feature that answers by its biases alone."""
    kernel = np.zeros((1, len(biases)), np.float32)
    return Network((kernel,), (np.log(np.float32(biases)),), (), "relu", "none", 0.3)


def network(seed=0, widths=(4, 3), inputs=5, activation="selu"):
    generator = np.random.default_rng(seed)
    drawn = lambda *shape: generator.normal(size=shape).astype(np.float32)
    sizes = (inputs, *widths, 3)
    return Network(
        tuple(drawn(*pair) for pair in pairwise(sizes)),
        tuple(drawn(units) for units in sizes[1:]),
        tuple(np.abs(drawn(4, units)) for units in widths),
        *(activation, "none", 0.3),
    )


def bags(texts=6, inputs=5, seed=9):
    return csr_matrix(np.random.default_rng(seed).normal(size=(texts, inputs)).astype(np.float32))


EMPTY = csr_matrix((1, 1), dtype=np.float32)


def test_an_ensemble_answers_with_the_mean_of_its_members_probabilities():
    """(0.5, 0.5) and (0.9, 0.1): together (0.7, 0.3), where mean logits would say (0.75, 0.25)."""
    found = ensemble_logits([linear(0.5, 0.5), linear(0.9, 0.1)], Knobs(), EMPTY)
    np.testing.assert_allclose(np.exp(found), [[0.7, 0.3]], rtol=1e-6)
    assert found.dtype == np.float32


def test_members_may_be_any_number_and_in_any_order():
    members = [network(seed) for seed in range(5)]
    expected = np.mean([softmax(logits(member, bags())) for member in members], axis=0)
    for order in (members, members[::-1]):
        found = np.exp(ensemble_logits(order, Knobs(), bags()))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_one_network_without_masks_gives_its_own_logits_to_the_last_bit():
    one = network()
    assert (ensemble_logits([one], Knobs(), bags()) == logits(one, bags())).all()
    knobs = Knobs(dropout=0.5, dropout_kind="alpha")  # of training only
    assert (ensemble_logits([one], knobs, bags()) == logits(one, bags())).all()


def test_a_probability_of_zero_has_a_finite_logarithm():
    sure = Network((np.zeros((1, 2), "f"),), (np.float32([0, -500]),), (), "relu", "none", 0.3)
    found = ensemble_logits([sure, sure], Knobs(), EMPTY)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(softmax(found), [[1, 0]], atol=1e-30)


@pytest.mark.parametrize("kind", DROPOUT_KINDS)
def test_many_masks_come_near_the_mean_over_all_there_can_be(kind):
    """Two units, each dropped with 0.25: four masks, their answers weighted by their chances."""
    one, rate = network(widths=(2,)), 0.25
    first = bags() @ one.kernels[0]
    expected, squares = 0, 0
    for kept in product((0, 1), repeat=2):
        chance = np.prod([0.75 if unit else 0.25 for unit in kept])
        kept = np.float32(kept)
        if kind == "standard":
            by_hand = (kept / 0.75, np.zeros(2))
        else:
            a = (0.75 * (1 + 0.25 * SATURATED**2)) ** -0.5
            by_hand = (a * kept, a * SATURATED * (1 - kept) - a * SATURATED * 0.25)
        answer = softmax(after_first(one, first, [by_hand]))
        expected, squares = expected + chance * answer, squares + chance * answer**2
    knobs = Knobs(dropout=rate, dropout_kind=kind, monte_carlo=3000)
    found = np.exp(ensemble_logits([one], knobs, bags()))
    # Five standard errors of 3,000 masks; the generator is seeded by the program itself.
    error = np.sqrt(np.maximum(squares - expected**2, 0) / 3000)
    assert (np.abs(found - expected) < 5 * error + 1e-6).all()
    plain = softmax(logits(one, bags()))
    assert (np.abs(plain - expected) > 5 * error).any()  # the plain prediction is another


@pytest.mark.parametrize("kind", DROPOUT_KINDS)
def test_a_mask_of_prediction_is_one_of_training(kind):
    """What is kept and what is dropped is multiplied and shifted by the same numbers."""
    knobs = Knobs(dropout=0.3, dropout_kind=kind, monte_carlo=1)
    generator = np.random.default_rng(0)
    (own,) = masks(network(widths=(400,)), knobs, generator)
    number = DROPOUT_KINDS.index(kind)
    trained = dropout.mask((400,), np.float32(0.3), number, key=jax.random.key(0))
    for kept in (True, False):
        (ours,) = np.unique(np.stack(own)[:, (own[0] > 0) == kept], axis=1).T
        theirs = np.stack(trained)[:, (np.asarray(trained[0]) > 0) == kept]
        np.testing.assert_allclose(ours[:, None] + 0 * theirs, theirs, rtol=1e-6, atol=1e-7)
    # 400 draws, four standard errors.
    assert (own[0] == 0).mean() == pytest.approx(0.3, abs=0.092)
    assert all(part.dtype == np.float32 for part in own)


@pytest.mark.parametrize("kind", DROPOUT_KINDS)
def test_masks_follow_the_rate_of_each_layer(kind):
    knobs = Knobs(dropout=(0.9, 0.0, 0.5), dropout_kind=kind, monte_carlo=1)
    first, second, third = masks(network(widths=(200, 200, 200)), knobs, np.random.default_rng(0))
    assert (second[0] == 1).all()
    assert (second[1] == 0).all()
    # Four standard errors of 200 draws.
    assert (first[0] == 0).mean() == pytest.approx(0.9, abs=0.085)
    assert (third[0] == 0).mean() == pytest.approx(0.5, abs=0.142)


MASKED = Knobs(dropout=0.5, monte_carlo=7)


@pytest.mark.parametrize("members", [1, 3])
def test_the_same_question_has_the_same_answer_twice(members):
    networks = [network(seed) for seed in range(members)]
    first, second = (ensemble_logits(networks, MASKED, bags()) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("members", [1, 3])
def test_an_answer_does_not_depend_on_what_is_asked_beside_it(members):
    """But for the rounding of float32 sums, which a matrix product may add in another order."""
    networks = [network(seed) for seed in range(members)]
    together = softmax(ensemble_logits(networks, MASKED, bags()))
    for row in range(6):
        alone = softmax(ensemble_logits(networks, MASKED, bags()[row]))
        np.testing.assert_allclose(alone, together[row : row + 1], rtol=1e-5, atol=1e-7)
    turned = softmax(ensemble_logits(networks, MASKED, bags()[::-1]))
    np.testing.assert_allclose(turned[::-1], together, rtol=1e-5, atol=1e-7)


def test_the_members_of_an_ensemble_have_masks_of_their_own():
    """The same network twice is averaged over twice as many masks, and so answers otherwise."""
    one, two = (ensemble_logits([network()] * count, MASKED, bags()) for count in (1, 2))
    assert np.abs(one - two).max() > 1e-3


def test_more_masks_begin_with_the_fewer():
    """One text, masks 1 to 2: the mean of two is twice that mean less the first."""
    ask = lambda count: np.exp(
        ensemble_logits([network()], Knobs(dropout=0.5, monte_carlo=count), bags())
    )
    second = 2 * ask(2) - ask(1)
    assert (second > -1e-6).all()
    np.testing.assert_allclose(second.sum(1), 1, atol=1e-5)


def test_first_sums_of_ones_own_give_the_same_answer():
    networks = [network(seed) for seed in range(2)]
    found = averaged(networks, MASKED, lambda one: bags() @ one.kernels[0])
    assert (found == ensemble_logits(networks, MASKED, bags())).all()
