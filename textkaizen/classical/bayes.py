"""Naive Bayes, multinomial and complement: a matrix of logarithms, so a linear model.

scikit-learn fits on the weighed bags (TF-IDF instead of counts, as Rennie et al. propose). Each
feature's column is kept less its mean over the classes: that changes no probability and keeps the
numbers small enough for float32.

The smoothing is fixed: 0.1 for the multinomial and 0.3 for the complement one. Of 1 (scikit-learn's
default, meant for counts), 0.3, 0.1 and 0.03 they were best or near to it on clinc150,
germeval2018_coarse and jrte_pn; 1 is too much for bags of length one.

Source: Rennie et al. 2003, Tackling the poor assumptions of naive Bayes text classifiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textkaizen.classical.linear import Linear, spread
from textkaizen.errors import RecipeError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MULTINOMIAL, COMPLEMENT = {"alpha": 0.1}, {"alpha": 0.3}


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
            "they are reduced. Set text.reduce to none, or take another classifier."
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
