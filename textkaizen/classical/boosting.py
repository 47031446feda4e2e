"""Gradient boosting: LightGBM fits, its trees are kept as arrays of our own.

A hundred rounds of one tree a class, 31 leaves each, as LightGBM has it by default; at least 5
texts a leaf instead of 20 (a class may have few), weights sorted into 15 bins instead of 255 and a
fifth of the features for each tree. These cost accuracy where texts are many (a half to one and a
half points on germeval2018_coarse and jrte_pn) and half the time everywhere. A penalty of 1 on what
leaves say keeps many classes from running away: of 150, each has next to no curvature at first, and
without it ten rounds on clinc150 ended at 11 % right.

Rejected: scikit-learn's (its fast one reads dense tables only, its other one is far too slow for
many classes), XGBoost (brings 200 MB of GPU code along, takes as long), LightGBM's own file (its
reader is not made for files that are damaged on purpose), several threads (they wait for each other
at every leaf: where something else wants a core, a fit of seconds takes minutes).

Source: Friedman 2001, Greedy function approximation; Ke et al. 2017, LightGBM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.classical.linear import NEVER
from textkaizen.classical.trees import LEAF, Tree, Trees, rounded_down, side_by_side, values_of
from textkaizen.errors import MissingExtraError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ROUNDS = 100
BOOSTING = {
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 5,
    "max_bin": 15,
    "feature_fraction": 0.2,
    "lambda_l2": 1.0,
}
ALWAYS = {
    "verbosity": -1,
    "deterministic": True,
    "force_col_wise": True,
    "use_missing": False,  # what a text lacks is 0, as everywhere else
}


def require_lightgbm() -> Any:
    """Return the module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtraError(
            'Gradient boosting needs LightGBM: pip install "textkaizen[boosting]", or take '
            "another classifier."
        ) from error
    return lightgbm


def fit_boosting(bags: csr_matrix, labels: np.ndarray, classes: int, seed: int) -> Trees:
    """Add up trees; the softmax of their scores is LightGBM's `predict`.

    Args:
        bags: float [texts, features].
        labels: int [texts], of two classes at least.
        classes: how many labels there are.
        seed: >= 0.

    Raises:
        MissingExtraError: LightGBM is not installed.
    """
    lightgbm = require_lightgbm()
    present, own = np.unique(labels, return_inverse=True)
    count = len(present)
    asked: dict[str, Any] = {"objective": "binary"}
    if count > 2:
        asked = {"objective": "multiclass", "num_class": count}
    asked |= {"seed": seed % 2**31, "num_threads": 1}
    texts = lightgbm.Dataset(
        bags.astype(np.float32), own, params={"verbosity": -1, "num_threads": 1}
    )
    found = lightgbm.train(BOOSTING | ALWAYS | asked, texts, ROUNDS)
    made = []
    for number, tree in enumerate(found.dump_model()["tree_info"]):
        own_class = present if count == 2 else present[[number % count]]
        made.append(_tree(tree["tree_structure"], own_class, classes))
    if count < classes:
        made.append(_never(present, classes))
    return side_by_side(made, voting=False)


def _tree(root: dict[str, Any], present: np.ndarray, classes: int) -> Tree:
    """Return a tree as arrays, parents first.

    Args:
        root: of LightGBM's nested nodes.
        present: the class it is about, or both of two: then it tells the odds of the second.
        classes: how many labels there are.
    """
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    said: list[float] = []
    waiting: list[tuple[dict[str, Any], list[int] | None, int]] = [(root, None, 0)]
    while waiting:
        node, children, parent = waiting.pop()
        if children is not None:
            children[parent] = len(left)
        leaf = "split_feature" not in node
        feature.append(len(said) if leaf else node["split_feature"])
        threshold.append(0.0 if leaf else node["threshold"])
        if leaf:
            said.append(node["leaf_value"])
        else:
            waiting.append((node["right_child"], right, len(left)))
            waiting.append((node["left_child"], left, len(left)))
        left.append(LEAF)
        right.append(LEAF)
    values = np.array(said)[:, None]
    if len(present) == 2:
        values = np.concatenate([-values / 2, values / 2], 1)
    whole = lambda numbers: np.array(numbers, np.int32)
    return Tree(
        whole(feature),
        rounded_down(np.array(threshold)),
        whole(left),
        whole(right),
        values_of(values, present, classes),
    )


def _never(present: np.ndarray, classes: int) -> Tree:
    """Return a tree of one leaf that rules out the classes without texts."""
    absent = np.setdiff1d(np.arange(classes), present)
    leaf, none = np.array([LEAF], np.int32), np.zeros(1, np.int32)
    values = values_of(np.full((1, len(absent)), NEVER), absent, classes)
    return Tree(none, np.zeros(1, np.float32), leaf, leaf, values)
