"""Classifiers: what scikit-learn and LightGBM answer, from arrays of our own."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from textkaizen.classical import bayes, boosting, forest, kernel, linear
from textkaizen.classical.classifiers import (
    Classifier,
    fit_classifier,
    long_wait,
    require_classifier,
)
from textkaizen.classical.kinds import CLASSIFIERS, MARGINS
from textkaizen.classical.neighbours import NEIGHBOURS
from textkaizen.errors import MissingExtraError, RecipeError, UsageError
from textkaizen.nets.plain import log_softmax, softmax

SEED = 5
FEATURES = 40


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few trees: what is compared is the same of ten as of a hundred."""
    monkeypatch.setattr(forest, "TREES", 10)
    monkeypatch.setattr(boosting, "ROUNDS", 10)


def texts(classes, count=150, seed=3):
    """Sparse bags whose first features tell the class, with noise; the last three are empty."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=count)
    noise = random_array((count, FEATURES), density=0.2, rng=generator).tocsr()
    rows = np.arange(count)
    signal = csr_matrix((np.full(count, 0.7), (rows, labels)), shape=(count, FEATURES))
    bags = csr_matrix(noise + signal, dtype=np.float32).tolil()
    bags[-3:] = 0
    return csr_matrix(bags, dtype=np.float32), labels


def fitted(kind, bags, labels, classes=None):
    return fit_classifier(kind, bags, labels, classes or int(labels.max()) + 1, SEED)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("multinomial_naive_bayes", MultinomialNB(**bayes.MULTINOMIAL)),
        ("complement_naive_bayes", ComplementNB(**bayes.COMPLEMENT)),
        ("random_forest", RandomForestClassifier(10, random_state=SEED)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_probabilities_are_those_of_scikit_learn(kind, reference, classes):
    bags, labels = texts(classes)
    asked, _ = texts(classes, seed=4)
    reference.fit(bags, labels)
    found = fitted(kind, bags, labels)
    for own in (bags, asked):
        logits = found.logits(own)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(softmax(logits), reference.predict_proba(own), atol=1e-5)
        assert (logits.argmax(1) == reference.predict(own)).all()


def test_logarithms_of_naive_bayes_are_those_of_scikit_learn():
    bags, labels = texts(5)
    expected = MultinomialNB(**bayes.MULTINOMIAL).fit(bags, labels).predict_log_proba(bags)
    found = log_softmax(fitted("multinomial_naive_bayes", bags, labels).logits(bags))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_decision_values_of_the_kernel_machine_are_those_of_scikit_learn(classes):
    bags, labels = texts(classes)
    asked, _ = texts(classes, seed=4)
    # Votes may be equal: only then is the largest decision value asked.
    reference = SVC(**kernel.SVC, break_ties=classes > 2).fit(bags, labels)
    found = fitted("kernel_svm", bags, labels)
    expected = reference.decision_function(asked)
    if classes == 2:
        expected = np.stack([-expected, expected], 1)
    np.testing.assert_allclose(found.logits(asked), expected, atol=1e-5)
    assert (found.logits(asked).argmax(1) == reference.predict(asked)).all()


@pytest.mark.parametrize("classes", [2, 5])
def test_boosting_is_that_of_lightgbm(classes):
    lightgbm = pytest.importorskip("lightgbm")
    bags, labels = texts(classes)
    asked, _ = texts(classes, seed=4)
    objective = {"objective": "binary"}
    if classes > 2:
        objective = {"objective": "multiclass", "num_class": classes}
    asked_for = boosting.BOOSTING | boosting.ALWAYS | objective | {"seed": SEED, "num_threads": 2}
    data = lightgbm.Dataset(bags, labels, params={"verbosity": -1})
    expected = lightgbm.train(asked_for, data, boosting.ROUNDS).predict(asked, num_threads=1)
    if classes == 2:
        expected = np.stack([1 - expected, expected], 1)
    found = fitted("gradient_boosting", bags, labels).logits(asked)
    np.testing.assert_allclose(softmax(found), expected, atol=1e-5)
    assert found.std(0).min() > 0.1  # not all alike


@pytest.mark.parametrize("classes", [2, 5])
def test_neighbours_are_those_of_scikit_learn(classes):
    bags, labels = texts(classes)
    asked, _ = texts(classes, seed=4)
    asked = asked[:-3]  # scikit-learn answers empty texts with its first class
    votes = lambda distances: 1 - distances
    reference = KNeighborsClassifier(NEIGHBOURS, metric="cosine", weights=votes).fit(bags, labels)
    found = fitted("nearest_neighbours", bags, labels).logits(asked)
    np.testing.assert_allclose(np.exp(found), reference.predict_proba(asked), atol=1e-5)
    assert (found.argmax(1) == reference.predict(asked)).all()


def test_of_texts_equally_near_the_first_are_asked():
    bags = csr_matrix(np.ones((2 * NEIGHBOURS, 1), np.float32))
    labels = np.repeat([0, 1], NEIGHBOURS)
    found = fitted("nearest_neighbours", bags, labels)
    np.testing.assert_allclose(softmax(found.logits(bags[:1])), [[1, 0]], atol=1e-6)


def test_a_text_that_is_near_to_none_is_answered_by_the_shares():
    bags, labels = csr_matrix(np.eye(4, dtype=np.float32)[:, :3]), np.array([0, 1, 1, 1])
    found = fitted("nearest_neighbours", bags, labels)
    np.testing.assert_allclose(softmax(found.logits(bags[3:])), [[0.25, 0.75]], atol=1e-6)


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("classes", [2, 4])
def test_arrays_and_settings_give_the_same_classifier_again(kind, classes):
    bags, labels = texts(classes)
    first = fitted(kind, bags, labels)
    arrays = {name: array.copy() for name, array in first.arrays().items()}
    again = Classifier.from_arrays(kind, arrays, first.settings(), classes, FEATURES)
    assert (again.logits(bags) == first.logits(bags)).all()
    assert again.settings() == first.settings()
    assert {str(array.dtype) for array in arrays.values()} <= {
        "float32",
        "float64",
        "int32",
        "int64",
    }


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_the_same_seed_gives_the_same_classifier_on_one_core_or_all(kind):
    bags, labels = texts(3)
    one = fit_classifier(kind, bags, labels, 3, SEED)
    all_cores = fit_classifier(kind, bags, labels, 3, SEED, threads=True)
    for name, array in one.arrays().items():
        assert (array == all_cores.arrays()[name]).all(), name


def test_another_seed_gives_another_forest():
    bags, labels = texts(3)
    one, other = (fit_classifier("random_forest", bags, labels, 3, seed) for seed in (0, 1))
    assert (one.logits(bags) != other.logits(bags)).any()


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_texts_are_answered_alike_alone_together_and_shuffled(kind, monkeypatch):
    bags, labels = texts(4)
    found = fitted(kind, bags, labels)
    together = found.logits(bags)
    for name in ("trees", "kernel", "neighbours"):
        module = sys.modules[f"textkaizen.classical.{name}"]
        for limit in ("AT_ONCE", "WALKS", "LAID_OUT"):
            if hasattr(module, limit):
                monkeypatch.setattr(module, limit, 200)
    np.testing.assert_allclose(found.logits(bags), together, atol=1e-5)
    for number in (0, 1, len(labels) - 1):
        alone = found.logits(bags[number])
        np.testing.assert_allclose(alone[0], together[number], atol=1e-5)
    assert found.logits(bags[:0]).shape == (0, 4)


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("present", [2, 3])
def test_a_class_without_texts_is_never_predicted(kind, present):
    bags, labels = texts(present)
    places = np.array([4, 0, 2])[:present]
    found = fitted(kind, bags, places[labels], classes=5).logits(bags)
    assert found.shape == (len(labels), 5)
    assert np.isfinite(found).all()
    assert set(found.argmax(1).tolist()) <= set(places.tolist())
    missing = sorted(set(range(5)) - set(places.tolist()))
    assert softmax(found)[:, missing].max() < 1e-30
    assert (found.argmax(1)[:-3] == places[labels][:-3]).mean() > 0.7  # chance: a half or less


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_class_with_one_text_does_no_harm(kind):
    bags, labels = texts(3)
    labels[labels == 2] = 1
    labels[0] = 2
    found = fitted(kind, bags, labels).logits(bags)
    assert found.shape == (len(labels), 3)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_without_features_or_with_one_class_the_shares_decide(kind):
    bags, labels = texts(2)
    none = fitted(kind, bags[:4, :0], np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(softmax(none.logits(bags[:1, :0])), [[0.25, 0.75]], rtol=1e-6)
    one = fitted(kind, bags, np.ones_like(labels))
    np.testing.assert_allclose(softmax(one.logits(bags[:1])), [[0, 1]])
    again = Classifier.from_arrays(kind, one.arrays(), one.settings(), 2, FEATURES)
    assert (again.logits(bags) == one.logits(bags)).all()


def test_naive_bayes_refuses_features_less_than_0():
    bags, labels = texts(2)
    with pytest.raises(RecipeError, match=r"Set text\.reduce to none"):
        fitted("complement_naive_bayes", -bags, labels)


def test_what_scikit_learn_warns_of_is_kept_and_not_printed(monkeypatch):
    bags, labels = texts(3)
    monkeypatch.setitem(linear.LOGISTIC, "max_iter", 1)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = fitted("logistic_regression", bags, labels)
    assert not seen
    assert "failed to converge" in found.warned[0]
    assert fitted("multinomial_naive_bayes", bags, labels).warned == ()


def test_margins_are_told_from_probabilities():
    assert set(MARGINS) < set(CLASSIFIERS)


def test_an_unknown_classifier_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="Did you mean 'random_forest'"):
        require_classifier("random_forrest")
    with pytest.raises(ValueError, match="found 'forest'"):
        fit_classifier("forest", *texts(2), 2, 0)


def test_a_missing_package_is_one_sentence_with_the_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r'pip install "textkaizen\[boosting\]"') as error:
        require_classifier("gradient_boosting")
    assert "\n" not in str(error.value)
    require_classifier("random_forest")


def test_who_will_wait_is_told_before():
    assert "four times" in long_wait("kernel_svm", 20_000, 2)
    assert "150 classes" in long_wait("gradient_boosting", 15_000, 150)
    assert not long_wait("kernel_svm", 900, 40)
    assert not long_wait("gradient_boosting", 900, 40)
    assert not long_wait("random_forest", 100_000, 200)


def test_predicting_imports_neither_scikit_learn_nor_lightgbm():
    script = (
        "import sys\n"
        "import numpy as np\n"
        "from scipy.sparse import csr_matrix\n"
        "from textkaizen.classical.classifiers import Classifier\n"
        "arrays = dict(left=[1, -1, -1], right=[2, -1, -1], feature=[0, 0, 1], roots=[0])\n"
        "arrays = {name: np.array(each, np.int32) for name, each in arrays.items()}\n"
        "arrays |= {'threshold': np.zeros(3, np.float32), 'values.data': np.ones(2)}\n"
        "arrays |= {'values.indices': np.array([0, 1], np.int32)}\n"
        "arrays |= {'values.indptr': np.array([0, 1, 2], np.int64)}\n"
        "how = {'form': 'trees', 'voting': True}\n"
        "found = Classifier.from_arrays('random_forest', arrays, how, 2, 1)\n"
        "print(found.logits(csr_matrix([[0.0], [0.5]], dtype=np.float32)).argmax(1).tolist())\n"
        "print([name for name in ('sklearn', 'lightgbm', 'jax') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "[0, 1]\n[]\n", done.stderr
