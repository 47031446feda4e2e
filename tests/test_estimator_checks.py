"""scikit-learn's own checks of the estimator, on texts.

They hand over rows of numbers. `RowsAsTexts` reads each row out as words, so that the checks run
on texts all the way through the estimator; those that make no sense of texts are named in
CANNOT_APPLY, each with its reason and with what stands in its place in `test_estimator.py`.
"""

import numpy as np
import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator
from sklearn.utils.validation import validate_data

from textkaizen.estimator import TextClassifier
from textkaizen.recipe import Recipe, TextRules

SMALL = (
    Recipe(TextRules(words=(1, 1), characters=(0, 0), min_texts=1))
    .with_shape(hidden=(8,), batch_size=5)
    .with_knobs(epochs=20, learning_rate=0.03, validation=0.0)
)

NUMBER_OF_FEATURES = (
    "a text has no number of features; the same check of our own: "
    "test_a_table_of_several_columns_is_refused"
)
ONLY_TEXTS = (
    "asks how bad numbers are told; here every number is refused: "
    "test_what_is_no_text_is_refused_with_the_place"
)
SPARSE = (
    "a sparse matrix holds no texts; the same check of our own: test_what_is_not_a_list_is_refused"
)
CANNOT_APPLY = {
    "check_n_features_in": NUMBER_OF_FEATURES,
    "check_n_features_in_after_fitting": NUMBER_OF_FEATURES,
    "check_estimators_partial_fit_n_features": "there is no partial_fit: a network of an epoch "
    "more would not be the one that the recipe and the seed say",
    "check_fit1d": "asks that one dimension is refused, and texts have one",
    "check_fit2d_predict1d": "asks that one dimension is refused, and texts have one",
    "check_estimators_empty_data_messages": "asks for no features; of no texts at all: "
    "test_labels_that_cannot_be_learnt_are_refused",
    "check_dtype_object": ONLY_TEXTS,
    "check_complex_data": ONLY_TEXTS,
    "check_estimators_nan_inf": ONLY_TEXTS,
    "check_positive_only_tag_during_fit": "a text has no sign",
    "check_estimator_sparse_tag": SPARSE,
    "check_estimator_sparse_array": SPARSE,
    "check_estimator_sparse_matrix": SPARSE,
    "check_array_api_input": "other array libraries hold no texts",
    "check_methods_subset_invariance": "wants 1e-7 of what is added up in float32; with 1e-5: "
    "test_a_text_alone_is_answered_as_among_others",
}


class RowsAsTexts(TextClassifier):
    """The estimator on rows of numbers, each read out as words: 'f0p3 f1n2'."""

    def fit(self, X, y):
        return super().fit(read_out(validate_data(self, X)), y)

    def _logits(self, X):
        # An unfitted one must be told by the estimator itself, so it gets the rows as they are.
        fitted = hasattr(self, "n_features_in_")
        return super()._logits(read_out(validate_data(self, X, reset=False)) if fitted else X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags


def read_out(rows):
    halves = np.round(2 * np.asarray(rows, float)).astype(int)
    return [
        " ".join(f"f{place}{'pn'[half < 0]}{abs(half)}" for place, half in enumerate(row))
        for row in halves.tolist()
    ]


def name(check):
    return check.func.__name__


CHECKS = [check for _, check in estimator_checks_generator(RowsAsTexts(SMALL))]
APPLIED = [check for check in CHECKS if name(check) not in CANNOT_APPLY]


def test_check_estimator_passes():
    """It runs what is left for estimators of strings, and says that the rest was left out."""
    with pytest.warns(SkipTestWarning, match="TextClassifier which requires input"):
        results = check_estimator(TextClassifier())
    assert [result["status"] for result in results] == ["passed"]


@pytest.mark.parametrize("check", APPLIED, ids=name)
def test_every_check_of_scikit_learn_holds_of_rows_read_out_as_texts(check):
    check(RowsAsTexts(SMALL))


def test_only_checks_that_there_are_are_left_out():
    assert set(CANNOT_APPLY) <= {name(check) for check in CHECKS}
    assert len(APPLIED) > 2 * len(CANNOT_APPLY)
