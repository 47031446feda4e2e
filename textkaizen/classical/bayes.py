"""Naive Bayes, multinomial and complement: a matrix of logarithms, so a linear model.

scikit-learn fits on the weighed bags (TF-IDF instead of counts, as Rennie et al. propose). Each
feature's column is kept less its mean over the classes: that changes no probability and keeps the
numbers small enough for float32.

The smoothing is fixed: 0.03 for the multinomial and 0.1 for the complement one, the best on the
average of three folds of the training texts of sib200_ja, germeval2018_coarse, jrte_pn and
clinc150_small (macro-F1 74.5 and 74.2; with scikit-learn's 1, meant for counts, 52.6 and 66.6).

Source: Rennie et al. 2003, Tackling the poor assumptions of naive Bayes text classifiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textkaizen.classical.linear import Linear, spread
from textkaizen.errors import RecipeError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MULTINOMIAL, COMPLEMENT = {"alpha": 0.03}, {"alpha": 0.1}


def fit_bayes(kind: str, bags: csr_matrix, labels: np.ndarray, classes: int) -> Linear:
    """Fit naive Bayes; the softmax of its scores is scikit-learn's `predict_proba`.

    Args:
        kind: "multinomial_naive_bayes" or "complement_naive_bayes".
        bags: float [texts, features], none less than 0.
        labels: int [texts], of two classes at least.
        classes: how many labels there are.

    Raises:
        RecipeError: a feature is less than 0.
    """
    from sklearn.naive_bayes import ComplementNB, MultinomialNB

    if bags.nnz and bags.data.min() < 0:
        raise RecipeError(
            "Naive Bayes needs features that are not less than 0; those of this recipe are, since "
            "they are reduced or have vectors beside them. Set text.reduce to none, and so "
            "text.vectors, or take another classifier."
        )
    present, own = np.unique(labels, return_inverse=True)
    if kind == "complement_naive_bayes":
        found = ComplementNB(**COMPLEMENT).fit(bags, own)
        bias = np.zeros(len(present))  # its prior counts only where there is one class
    else:
        found = MultinomialNB(**MULTINOMIAL).fit(bags, own)
        bias = found.class_log_prior_
    kernel = found.feature_log_prob_.T
    return spread(kernel - kernel.mean(1, keepdims=True), bias, present, classes)
