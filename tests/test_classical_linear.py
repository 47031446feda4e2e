"""Linear models: the same as scikit-learn's, in two arrays."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from textkaizen.classical import linear
from textkaizen.classical.linear import LINEAR_KINDS, LOGISTIC, NEVER, SVM, fit_linear
from textkaizen.nets.plain import softmax


def texts(classes, count=120, features=40, seed=3):
    """Sparse bags whose first features tell the class, with noise."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=count)
    noise = random_array((count, features), density=0.2, rng=generator).tocsr()
    rows = np.arange(count)
    signal = csr_matrix((np.full(count, 0.7), (rows, labels)), shape=(count, features))
    return csr_matrix(noise + signal, dtype=np.float32), labels


def scores(found, bags):
    return bags @ found.kernel + found.bias


def reference(kind, bags, labels):
    if kind == "linear_svm":
        return LinearSVC(**SVM, random_state=5).fit(bags, labels)
    return LogisticRegression(**LOGISTIC).fit(bags, labels)


@pytest.mark.parametrize("kind", LINEAR_KINDS)
def test_scores_are_those_of_scikit_learn(kind):
    bags, labels = texts(classes=4)
    found = fit_linear(kind, bags, labels, classes=4, seed=5)
    expected = reference(kind, bags, labels).decision_function(bags)
    assert found.kernel.dtype == found.bias.dtype == np.float32
    np.testing.assert_allclose(scores(found, bags), expected, atol=1e-5)


def test_the_softmax_of_logistic_regression_is_its_predict_proba():
    for classes in (2, 4):
        bags, labels = texts(classes)
        found = fit_linear("logistic_regression", bags, labels, classes)
        expected = reference("logistic_regression", bags, labels).predict_proba(bags)
        np.testing.assert_allclose(softmax(scores(found, bags)), expected, atol=1e-5)


def test_two_classes_of_an_svm_have_opposite_margins():
    bags, labels = texts(classes=2)
    found = fit_linear("linear_svm", bags, labels, classes=2, seed=5)
    margin = reference("linear_svm", bags, labels).decision_function(bags)
    np.testing.assert_allclose(scores(found, bags), np.stack([-margin, margin], 1), atol=1e-5)


@pytest.mark.parametrize("kind", LINEAR_KINDS)
@pytest.mark.parametrize("present", [2, 3])
def test_a_class_without_texts_has_a_column_and_is_never_predicted(kind, present):
    bags, labels = texts(classes=present)
    places = np.array([4, 0, 2])[:present]
    found = fit_linear(kind, bags, places[labels], classes=5)
    assert found.kernel.shape == (bags.shape[1], 5)
    missing = sorted(set(range(5)) - set(places.tolist()))
    assert not found.kernel[:, missing].any()
    assert (found.bias[missing] == NEVER).all()
    predicted = scores(found, bags).argmax(1)
    assert set(predicted.tolist()) == set(places.tolist())
    assert softmax(scores(found, bags))[:, missing].max() == 0


@pytest.mark.parametrize("kind", LINEAR_KINDS)
def test_without_features_or_with_one_class_the_shares_decide(kind):
    bags, labels = texts(classes=2)
    none = fit_linear(kind, bags[:, :0], np.array([0, 1, 1, 1]), classes=2)
    np.testing.assert_allclose(softmax(none.bias), [0.25, 0.75], rtol=1e-6)
    one = fit_linear(kind, bags, np.ones_like(labels), classes=2)
    np.testing.assert_allclose(softmax(one.bias), [0, 1])
    assert not one.kernel.any()


@pytest.mark.parametrize("kind", LINEAR_KINDS)
def test_the_same_seed_gives_the_same_weights(kind):
    bags, labels = texts(classes=3)
    first, second = (fit_linear(kind, bags, labels, classes=3, seed=9) for _ in range(2))
    assert (first.kernel == second.kernel).all()
    assert (first.bias == second.bias).all()


def test_a_solver_that_has_not_converged_is_taken_as_it_stands(monkeypatch):
    bags, labels = texts(classes=3)
    monkeypatch.setitem(linear.SVM, "max_iter", 1)
    monkeypatch.setitem(linear.SVM, "tol", 1e-12)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = fit_linear("linear_svm", bags, labels, classes=3)
        reference("linear_svm", bags, labels)
    assert [warning.category for warning in seen] == [ConvergenceWarning]  # the reference's own
    assert (scores(found, bags).argmax(1) == labels).mean() > 0.5  # chance is a third


def test_an_unknown_kind_is_named():
    bags, labels = texts(classes=2)
    with pytest.raises(ValueError, match="found 'forest'"):
        fit_linear("forest", bags, labels, classes=2)
