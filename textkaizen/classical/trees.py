"""Decision trees as arrays, many together: a forest that votes, or one that adds up.

A node holds a feature, a threshold and two children; a text goes left where its weight is at most
the threshold. Children come after their parent, so every walk ends. All trees are walked at once,
some texts at a time; of a text only the features that it has are laid out, beside one column of
zeros for all that it lacks.

Rejected: scikit-learn's and LightGBM's own objects (a pickle; code of others reading a file that
may be damaged), one value for each class in every node (of 150 classes 9.5 MB a tree, and nearly
all of them 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from textkaizen.classical.linear import NEVER
from textkaizen.classical.reading import Arrays, array_of, kept, rising, sparse_of, within
from textkaizen.nets.ensemble import FLOOR

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WALKS = 2**18  # of a text through a tree, at once
LAID_OUT = 2**22  # weights of texts, at once
LEAF = -1  # children of a leaf


class Tree(NamedTuple):
    """One tree, its root first.

    Args:
        feature: int32 [nodes]; of a leaf its row in `values`.
        threshold: float32 [nodes]; of a leaf 0.
        left, right: int32 [nodes], from 0 in this tree; LEAF twice for a leaf.
        values: float64 CSR [leaves, classes].
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    values: csr_matrix


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees side by side.

    Args:
        feature, threshold, left, right, values: as of `Tree`, numbered through all trees.
        roots: int32 [trees].
        voting: scores are the logarithm of the trees' mean; else their sum.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    roots: np.ndarray
    values: csr_matrix
    voting: bool

    def scores(self, bags: csr_matrix) -> np.ndarray:
        """Return float32 [texts, classes]: log-probabilities of a vote, log-odds of a sum."""
        found = np.zeros((bags.shape[0], self.values.shape[1]), np.float32)
        begin = 0
        while begin < bags.shape[0]:
            end = begin + self._step(bags, begin)
            total = self._sums(self.leaves(bags[begin:end]))
            if self.voting:
                total = np.log(np.maximum(total / len(self.roots), FLOOR))
            found[begin:end] = total
            begin = end
        return found

    def _step(self, bags: csr_matrix, begin: int) -> int:
        """How many texts are walked together, >= 1."""
        step = min(max(1, WALKS // len(self.roots)), bags.shape[0] - begin)
        while step > 1 and step * (bags.indptr[begin + step] - bags.indptr[begin]) > LAID_OUT:
            step //= 2
        return step

    def leaves(self, bags: csr_matrix) -> np.ndarray:
        """Return the row of `values` that each text reaches in each tree, int32 [texts, trees]."""
        features, places = np.unique(bags.indices, return_inverse=True)
        column = np.zeros(bags.shape[1], np.int32)
        column[features] = np.arange(1, len(features) + 1)
        weights = np.zeros((bags.shape[0], len(features) + 1), np.float32)
        rows = np.repeat(np.arange(bags.shape[0]), np.diff(bags.indptr))
        weights[rows, places.ravel() + 1] = bags.data
        at = np.tile(self.roots, bags.shape[0])
        text = np.repeat(np.arange(bags.shape[0]), len(self.roots))
        going = np.flatnonzero(self.left[at] >= 0)
        while len(going):
            nodes = at[going]
            values = weights[text[going], column[self.feature[nodes]]]
            nodes = np.where(values <= self.threshold[nodes], self.left[nodes], self.right[nodes])
            at[going] = nodes
            going = going[self.left[nodes] >= 0]
        return self.feature[at].reshape(bags.shape[0], len(self.roots))

    def _sums(self, leaves: np.ndarray) -> np.ndarray:
        """Add up what leaves say, tree by tree: float64 [texts, classes]."""
        from scipy.sparse import csr_matrix

        texts, trees = leaves.shape
        ends = np.arange(texts + 1) * trees
        ones = np.ones(leaves.size)
        reached = csr_matrix((ones, leaves.ravel(), ends), shape=(texts, self.values.shape[0]))
        return (reached @ self.values).toarray()

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all of it but `voting` by name."""
        names = ("feature", "threshold", "left", "right", "roots")
        found = {name: getattr(self, name) for name in names}
        return found | kept("values", self.values, "float64")

    def settings(self) -> dict[str, Any]:
        return {"voting": self.voting}


def side_by_side(trees: Sequence[Tree], voting: bool) -> Trees:
    """Number the nodes and leaves of trees through."""
    from scipy.sparse import vstack

    nodes = np.array([len(tree.left) for tree in trees])
    leaves = np.array([tree.values.shape[0] for tree in trees])
    roots = np.concatenate([[0], np.cumsum(nodes)[:-1]])
    first = np.concatenate([[0], np.cumsum(leaves)[:-1]])
    joined = lambda name: np.concatenate([getattr(tree, name) for tree in trees])
    left, right, is_leaf = joined("left"), joined("right"), joined("left") == LEAF
    shift = np.repeat(roots, nodes)
    return Trees(
        (joined("feature") + np.where(is_leaf, np.repeat(first, nodes), 0)).astype(np.int32),
        joined("threshold").astype(np.float32),
        np.where(is_leaf, LEAF, left + shift).astype(np.int32),
        np.where(is_leaf, LEAF, right + shift).astype(np.int32),
        roots.astype(np.int32),
        vstack([tree.values for tree in trees], format="csr"),
        voting,
    )


def rounded_down(thresholds: np.ndarray) -> np.ndarray:
    """Return float32 thresholds that part float32 weights as the float64 ones do.

    Example:
        >>> float(rounded_down(np.array([0.1]))[0]) <= 0.1
        True
    """
    thresholds = np.asarray(thresholds, np.float64)
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


def values_of(rows: np.ndarray, own: np.ndarray, classes: int) -> csr_matrix:
    """Return what leaves say as a sparse matrix over all classes.

    Args:
        rows: float64 [leaves, own].
        own: int [own], the classes they speak of, rising.
        classes: how many there are.
    """
    from scipy.sparse import csr_matrix

    said = csr_matrix(rows)
    return csr_matrix((said.data, own[said.indices], said.indptr), shape=(len(rows), classes))


def read_trees(arrays: Arrays, settings: Mapping[str, Any], classes: int, features: int) -> Trees:
    """Return what `arrays` and `settings` gave, checked: every walk ends in a leaf of its tree.

    Raises:
        ValueError: it cannot be.
    """
    left = array_of(arrays, "left", "int32", (None,))
    nodes = len(left)
    right, feature = (array_of(arrays, name, "int32", (nodes,)) for name in ("right", "feature"))
    threshold = array_of(arrays, "threshold", "float32", (nodes,))
    roots = rising("roots", array_of(arrays, "roots", "int32", (None,)))
    if not len(roots) or roots[0] != 0 or roots[-1] >= nodes:
        raise ValueError("roots that are not those of its trees")
    values = sparse_of(arrays, "values", None, classes, "float64")
    if np.abs(values.data).max(initial=0) > -NEVER:
        raise ValueError("values that are too large")
    _require_forward(left, right, roots)
    is_leaf = left == LEAF
    within("feature", feature[~is_leaf], features)
    within("feature", feature[is_leaf], values.shape[0])
    voting = settings.get("voting")
    if type(voting) is not bool:
        raise ValueError(f"{str(voting)[:40]} as voting")
    if voting and (values.data < 0).any():
        raise ValueError("votes below 0")
    return Trees(feature, threshold, left, right, roots, values, voting)


def _require_forward(left: np.ndarray, right: np.ndarray, roots: np.ndarray) -> None:
    """Refuse children before their parents, or in another tree."""
    nodes = np.arange(len(left))
    ends = np.repeat(np.append(roots[1:], len(left)), np.diff(np.append(roots, len(left))))
    leaf = (left == LEAF) & (right == LEAF)
    forward = (left > nodes) & (right > nodes) & (left < ends) & (right < ends)
    if not (leaf | forward).all():
        raise ValueError("children that do not come after their parents")
