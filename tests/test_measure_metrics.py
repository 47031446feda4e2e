"""Metrics: worked by hand, equal to scikit-learn, influence against finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics as reference

from textkaizen.errors import UsageError
from textkaizen.measure.metrics import (
    accuracy,
    confusion,
    influence,
    log_loss,
    log_losses,
    macro_f1,
    macro_f1_of_counts,
    probabilities_of,
)

CLASSES = 6
pairs = st.lists(
    st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=40
)


def unzipped(drawn):
    true, predicted = np.array(drawn).T
    return true, predicted


@given(pairs)
def test_counting_metrics_equal_those_of_scikit_learn(drawn):
    true, predicted = unzipped(drawn)
    expected_f1 = reference.f1_score(
        true, predicted, average="macro", labels=np.unique(true), zero_division=0
    )
    assert macro_f1(true, predicted, CLASSES) == pytest.approx(expected_f1, abs=1e-12)
    assert accuracy(true, predicted) == pytest.approx(reference.accuracy_score(true, predicted))
    expected = reference.confusion_matrix(true, predicted, labels=np.arange(CLASSES))
    assert (confusion(true, predicted, CLASSES) == expected).all()


def test_macro_f1_worked_by_hand_leaves_out_classes_that_are_not_true():
    # Class 0: 2 hits of 2, found 3 times: 4/5. Class 1: 1 hit of 2, found once: 2/3. 2 is not true.
    assert macro_f1([0, 0, 1, 1], [0, 0, 0, 1], 3) == pytest.approx((4 / 5 + 2 / 3) / 2)
    # One text of class 1 goes to class 2, which has no F1 of its own: 1 and 2/3.
    assert macro_f1([0, 0, 1, 1], [0, 0, 2, 1], 3) == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_loss_equals_that_of_scikit_learn_also_where_a_probability_is_0(dtype):
    generator = np.random.default_rng(3)
    probabilities = generator.dirichlet(np.ones(CLASSES), 50).astype(dtype)
    probabilities[0] = np.eye(CLASSES, dtype=dtype)[1]
    true = generator.integers(0, CLASSES, 50)
    true[0] = 0
    expected = reference.log_loss(true, probabilities, labels=np.arange(CLASSES))
    assert log_loss(true, probabilities) == pytest.approx(expected, rel=1e-5)


@given(pairs)
def test_influence_equals_finite_differences_and_sums_to_0(drawn):
    true, predicted = unzipped(drawn)

    def reweighted(text, step):
        weights = np.ones(len(true))
        weights[text] += step
        hit = true == predicted
        return macro_f1_of_counts(
            np.bincount(true[hit], weights[hit], CLASSES),
            np.bincount(predicted, weights, CLASSES),
            np.bincount(true, weights, CLASSES),
        )

    # Central differences err by step ** 2 times the third derivative, below 1e-5 for 40 texts.
    step = 1e-4
    slopes = [
        len(true) * (reweighted(text, step) - reweighted(text, -step)) / (2 * step)
        for text in range(len(true))
    ]
    values = influence(true, predicted, CLASSES)
    assert values == pytest.approx(np.array(slopes), abs=1e-5)
    assert values.sum() == pytest.approx(0, abs=1e-9)


def test_influence_predicts_what_leaving_a_text_out_does():
    generator = np.random.default_rng(5)
    true = generator.integers(0, 3, 600)
    predicted = np.where(generator.random(600) < 0.8, true, generator.integers(0, 3, 600))
    whole, values = macro_f1(true, predicted, 3), influence(true, predicted, 3)
    left_out = np.array(
        [macro_f1(np.delete(true, i), np.delete(predicted, i), 3) for i in range(100)]
    )
    # Second order: (1 / texts of a class) of the effect itself, 200 texts a class.
    assert 600 * (whole - left_out) == pytest.approx(values[:100], rel=0.02, abs=0.01)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: accuracy([], []), "at least 1"),
        (lambda: accuracy([0, 1], [0]), r"\(2,\) and \(1,\)"),
        (lambda: macro_f1([0, 1], [0, -1], 2), "found -1 to 0.*every text been predicted"),
        (lambda: confusion([0, 2], [0, 1], 2), "true labels must be from 0 to 1"),
        (lambda: accuracy(np.array(["a"]), np.array(["a"])), "positions, not names"),
        (lambda: log_loss([0], [[2.0, -1.0]]), "2 of 2 values do not.*softmax"),
        (lambda: log_loss([0], [[np.nan, 1.0]]), "1 of 2 values do not"),
        (lambda: log_loss([0], [1.0]), "one row a text"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_what_to_do(call, told):
    with pytest.raises(UsageError, match=told):
        call()


def test_the_log_loss_of_each_text_averages_to_the_log_loss():
    generator = np.random.default_rng(4)
    probabilities, true = generator.dirichlet(np.ones(3), 20), generator.integers(0, 3, 20)
    each = log_losses(true, probabilities)
    assert each == pytest.approx(-np.log(probabilities[np.arange(20), true]))
    assert log_loss(true, probabilities) == pytest.approx(each.mean())


def test_probabilities_of_logits_are_their_softmax_however_large_they_are():
    logits = np.array([[1.0, 2.0, 3.0], [1e4, 0.0, -1e4]], np.float32)
    found = probabilities_of(logits)
    assert found.dtype == np.float32
    assert found[0] == pytest.approx(softmax(logits[0].astype(float)), rel=1e-6)
    assert found[1].tolist() == [1, 0, 0]


def test_a_network_that_diverged_finds_every_class_as_probable():
    for broken in (np.nan, np.inf, -np.inf):
        assert probabilities_of(np.array([[broken, 0.0, 1.0, 2.0]])).tolist() == [[0.25] * 4]
