"""A random forest: scikit-learn grows each tree, what it knows is kept small, and it is let go.

A hundred trees, grown until their leaves are pure, the square root of the features tried at each
node: scikit-learn's defaults, and its trees to the last node. Grown one by one, since
scikit-learn's own forest holds a number for each class in every node of every tree.

Rejected: `RandomForestClassifier` (950 MB for 15,000 texts of 150 classes).

Source: Breiman 2001, Random forests.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.classical.trees import Tree, Trees, rounded_down, side_by_side, values_of
from textkaizen.text.threads import in_order

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

TREES = 100


def fit_forest(
    bags: csr_matrix, labels: np.ndarray, classes: int, seed: int, threads: bool = False
) -> Trees:
    """Grow a forest; its scores are the logarithms of scikit-learn's `predict_proba`.

    Args:
        bags: float [texts, features].
        labels: int [texts], of two classes at least.
        classes: how many labels there are.
        seed: 0 <= seed < 2**32.
        threads: use every core; the forest is the same.
    """
    columns = bags.astype(np.float32).tocsc()
    columns.sort_indices()
    generator = np.random.RandomState(seed)  # as scikit-learn draws
    seeds = [int(generator.randint(np.iinfo(np.int32).max)) for _ in range(TREES)]
    calls = [partial(_grown, columns, labels, classes, each) for each in seeds]
    grown = in_order(calls) if threads else (call() for call in calls)
    return side_by_side(list(grown), voting=True)


def _grown(bags: csc_matrix, labels: np.ndarray, classes: int, seed: int) -> Tree:
    """Grow a tree on texts drawn with replacement."""
    from sklearn.tree import DecisionTreeClassifier

    texts = len(labels)
    drawn = np.random.RandomState(seed).randint(0, texts, texts, dtype=np.int32)
    weights = np.bincount(drawn, minlength=texts).astype(np.float64)
    present, own = np.unique(labels, return_inverse=True)
    made = DecisionTreeClassifier(max_features="sqrt", random_state=seed)
    return _kept(made.fit(bags, own, sample_weight=weights).tree_, present, classes)


def _kept(tree: Any, present: np.ndarray, classes: int) -> Tree:
    left, right = tree.children_left.astype(np.int32), tree.children_right.astype(np.int32)
    leaves = np.flatnonzero(left == -1)
    feature = tree.feature.astype(np.int32)
    feature[leaves] = np.arange(len(leaves))
    threshold = rounded_down(tree.threshold)
    threshold[leaves] = 0
    shares = tree.value[leaves, 0]
    shares = shares / shares.sum(1, keepdims=True)
    return Tree(feature, threshold, left, right, values_of(shares, present, classes))
