"""Arrays that no classifier has given are refused with a reason; none crashes or never ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from textkaizen.classical import forest
from textkaizen.classical.classifiers import Classifier, fit_classifier

CLASSES, FEATURES = 3, 6
BAGS = csr_matrix(np.kron(np.eye(3, 6), np.ones((4, 1))) + np.eye(12, 6), dtype=np.float32)
LABELS = np.repeat(np.arange(3), 4)
FORMS = ("logistic_regression", "kernel_svm", "random_forest", "nearest_neighbours")


def whole(kind):
    """A classifier's arrays, which may be changed, and its settings."""
    trees, forest.TREES = forest.TREES, 3
    try:
        found = fit_classifier(kind, BAGS, LABELS, CLASSES, 0)
    finally:
        forest.TREES = trees
    return {name: array.copy() for name, array in found.arrays().items()}, found.settings()


WHOLE = {kind: whole(kind) for kind in FORMS}


def changed(kind, name, value):
    arrays = WHOLE[kind][0] | {}
    arrays[name] = value(arrays[name].copy())
    return arrays


def at(place, value):
    def put(array):
        array.flat[place] = value
        return array

    return put


@pytest.mark.parametrize(
    ("kind", "name", "value", "reason"),
    [
        ("logistic_regression", "kernel", lambda a: a[:, :2], r"asked for"),
        ("logistic_regression", "bias", lambda a: a.astype(float), "bias as float64"),
        ("logistic_regression", "bias", at(0, np.nan), "not finite"),
        ("kernel_svm", "present", at(0, 2), "present out of order"),
        ("kernel_svm", "present", at(2, 3), "present with numbers that are not from 0 to 2"),
        ("kernel_svm", "present", lambda a: a[:1], "fewer than two classes"),
        ("kernel_svm", "counts", at(0, 1_000_000), "counts that are not those"),
        ("kernel_svm", "counts", at(0, -1), "counts that are not those"),
        ("kernel_svm", "weights", lambda a: a[:1], "weights as float32"),
        ("kernel_svm", "vectors.indices", at(0, FEATURES), "vectors.indices with numbers"),
        ("kernel_svm", "vectors.indptr", at(1, 10**12), "does not part its entries"),
        ("kernel_svm", "vectors.indptr", at(-1, 0), "does not part its entries"),
        ("kernel_svm", "vectors.data", lambda a: a[:-1], "vectors.data as float32"),
        ("random_forest", "left", at(0, 0), "children that do not come after"),
        ("random_forest", "right", at(0, -1), "children that do not come after"),
        ("random_forest", "right", at(0, 2**31 - 1), "children that do not come after"),
        ("random_forest", "roots", at(0, 1), "roots that are not those"),
        ("random_forest", "roots", at(2, 10**6), "roots that are not those"),
        ("random_forest", "roots", at(1, 0), "roots out of order"),
        ("random_forest", "roots", lambda a: a[:0], "roots that are not those"),
        ("random_forest", "feature", at(0, FEATURES), "feature with numbers"),
        ("random_forest", "feature", at(-1, 10**6), "feature with numbers"),
        ("random_forest", "values.data", at(0, -1.0), "votes below 0"),
        ("random_forest", "values.data", at(0, 1e300), "values that are too large"),
        ("random_forest", "values.indices", at(0, -1), "values.indices with numbers"),
        ("nearest_neighbours", "labels", at(0, CLASSES), "labels with numbers"),
        ("nearest_neighbours", "labels", lambda a: a[:-1], "vectors.indptr as int64"),
        ("nearest_neighbours", "vectors.indices", lambda a: a[::-1].copy(), "out of order"),
    ],
)
def test_damage_is_refused_with_a_reason(kind, name, value, reason):
    arrays, how = changed(kind, name, value), WHOLE[kind][1]
    with pytest.raises(ValueError, match=reason):
        Classifier.from_arrays(kind, arrays, how, CLASSES, FEATURES)


@pytest.mark.parametrize("kind", FORMS)
def test_arrays_that_are_missing_or_too_many_are_refused(kind):
    arrays, how = WHOLE[kind]
    for name in arrays:
        fewer = {each: array for each, array in arrays.items() if each != name}
        with pytest.raises(ValueError, match=f"^no {name}$"):
            Classifier.from_arrays(kind, fewer, how, CLASSES, FEATURES)
    with pytest.raises(ValueError, match="do not belong to it: more"):
        Classifier.from_arrays(kind, arrays | {"more": LABELS}, how, CLASSES, FEATURES)


@pytest.mark.parametrize(
    ("kind", "how", "reason"),
    [
        ("logistic_regression", {}, "None' as form"),
        ("logistic_regression", {"form": "trees"}, "'trees'"),
        ("kernel_svm", {"form": "kernel", "gamma": 0.0}, "0.0 as gamma"),
        ("kernel_svm", {"form": "kernel", "gamma": "1"}, "1 as gamma"),
        ("kernel_svm", {"form": "kernel", "gamma": float("inf")}, "inf as gamma"),
        ("random_forest", {"form": "trees", "voting": 1}, "1 as voting"),
        ("nearest_neighbours", {"form": "neighbours", "count": 0}, "0 as count"),
        ("nearest_neighbours", {"form": "neighbours", "count": 2.5}, "2.5 as count"),
        ("nearest_neighbours", {"form": "neighbours", "count": True}, "True as count"),
        ("nearest_neighbours", {"form": ["neighbours"]}, "as form"),
    ],
)
def test_settings_that_cannot_be_are_refused(kind, how, reason):
    with pytest.raises(ValueError, match=reason):
        Classifier.from_arrays(kind, WHOLE[kind][0], how, CLASSES, FEATURES)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_number_is_changed_it_is_refused_or_answers(data):
    kind = data.draw(st.sampled_from(FORMS))
    arrays, how = WHOLE[kind]
    name = data.draw(st.sampled_from(sorted(arrays)))
    array = arrays[name].copy()
    place = data.draw(st.integers(0, array.size - 1))
    if array.dtype.kind == "i":
        near = st.integers(-2, 14)
        array.flat[place] = data.draw(near | st.integers(-(2**31), 2**31 - 1))
    else:
        small, any_size = st.floats(-9, 9, width=32), st.floats(width=32, allow_nan=False)
        array.flat[place] = data.draw(small | any_size)
    try:
        found = Classifier.from_arrays(kind, arrays | {name: array}, how, CLASSES, FEATURES)
    except ValueError:
        return
    with np.errstate(all="ignore"):
        assert found.logits(BAGS).shape == (12, CLASSES)
