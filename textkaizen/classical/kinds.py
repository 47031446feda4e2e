"""The names of the classical classifiers: known without importing what fits or reads them."""

from __future__ import annotations

LINEAR_KINDS = ("logistic_regression", "linear_svm")
BAYES = ("multinomial_naive_bayes", "complement_naive_bayes")
ONE_LAYER = (*LINEAR_KINDS, *BAYES)  # a network without a hidden layer says the same
CLASSIFIERS: tuple[str, ...] = (
    *ONE_LAYER,
    "kernel_svm",
    "random_forest",
    "gradient_boosting",
    "nearest_neighbours",
)
MARGINS = ("linear_svm", "kernel_svm")  # tell no probabilities
