"""Fewer features: those that tell labels apart best, or a few numbers made of all of them.

What is chosen or projected is learnt from training texts only. A projection is linear, so a trained
first layer takes it in (`folded`): a model that was trained on reduced features reads bags, and
nothing but its weights tells that there was one.

Rejected: projected texts brought to length one again, as is often done after latent semantic
analysis (not linear: it could not be folded, and every prediction would have to project).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

POWER_ITERATIONS = 5  # of the randomised decomposition, scikit-learn's default


@dataclass(frozen=True)
class Projection:
    """Turns a bag into a few numbers: bag @ matrix + offset.

    Args:
        matrix: float32 [features, numbers], an array or CSR.
        offset: float32 [numbers].
    """

    matrix: np.ndarray | csr_matrix
    offset: np.ndarray

    def apply(self, bags: csr_matrix) -> csr_matrix:
        """Return float32 CSR [texts, numbers] whose rows hold all of the numbers there are."""
        found = bags @ self.matrix
        dense = found.toarray() if hasattr(found, "toarray") else np.asarray(found)
        dense = np.asarray(dense + self.offset, np.float32)
        texts, numbers = dense.shape
        columns = np.tile(np.arange(numbers, dtype=np.int32), texts)
        starts = np.arange(texts + 1, dtype=np.int32) * numbers
        return csr_matrix((dense.ravel(), columns, starts), shape=dense.shape)


def fit(kind: str, bags: csr_matrix, numbers: int, seed: int) -> Projection:
    """Learn a projection from the bags of training texts.

    Args:
        kind: "svd", "pca" or "random_projection".
        bags: [texts, features]; it is not made dense.
        numbers: how many each text shall have, >= 1; fewer where texts or features are fewer.
        seed: of first directions, >= 0.

    Source: Deerwester et al. 1990, Indexing by latent semantic analysis (svd); Halko, Martinsson &
    Tropp 2011, Finding structure with randomness, section 4 (how it is found); Li, Hastie & Church
    2006, Very sparse random projections (random_projection).
    """
    texts, features = bags.shape
    seed %= 2**32  # the most that scikit-learn takes
    if min(texts, features) < 2:  # nothing to learn from
        return Projection(np.ones((features, 1), np.float32), np.zeros(1, np.float32))
    if kind == "random_projection":
        return _random(features, min(numbers, features), seed)
    possible = min(numbers, texts, features)
    if kind == "svd":
        return _latent(bags, possible, seed)
    return _principal(bags, min(possible, min(texts, features) - 1), seed)


def _latent(bags: csr_matrix, numbers: int, seed: int) -> Projection:
    from sklearn.decomposition import TruncatedSVD

    with np.errstate(divide="ignore", invalid="ignore"):  # texts that are all alike
        model = TruncatedSVD(numbers, n_iter=POWER_ITERATIONS, random_state=seed).fit(bags)
    return Projection(model.components_.T.astype(np.float32), np.zeros(numbers, np.float32))


def _principal(bags: csr_matrix, numbers: int, seed: int) -> Projection:
    from scipy.sparse.linalg import ArpackError, ArpackNoConvergence
    from sklearn.decomposition import PCA

    model = PCA(numbers, svd_solver="arpack", random_state=seed)
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            model.fit(bags.astype(np.float64))
    except ArpackNoConvergence:
        raise
    except ArpackError:  # all texts are alike: nothing lies about their mean
        return Projection(np.zeros((bags.shape[1], 1), np.float32), np.zeros(1, np.float32))
    offset = -(model.mean_ @ model.components_.T)
    return Projection(model.components_.T.astype(np.float32), offset.astype(np.float32))


def _random(features: int, numbers: int, seed: int) -> Projection:
    from sklearn.random_projection import SparseRandomProjection

    shape = csr_matrix((1, features), dtype=np.float32)
    model = SparseRandomProjection(numbers, random_state=seed).fit(shape)
    matrix = csr_matrix(model.components_.T, dtype=np.float32)
    return Projection(matrix, np.zeros(numbers, np.float32))


def folded(
    projection: Projection, kernel: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Let a first layer of projected texts read bags.

    Args:
        projection: what it was trained on.
        kernel: [numbers, units].
        bias: [units].

    Returns:
        float32 kernel [features, units] and bias [units].
    """
    found = np.asarray(projection.matrix @ kernel, np.float32)
    return found, (projection.offset @ kernel + bias).astype(np.float32)


def chosen(kind: str, bags: csr_matrix, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the columns that tell labels apart best, ascending, int64 [count or fewer].

    Args:
        kind: "chi2", of the weights, or "mutual_information", of whether a feature is there.
        bags: of the training texts, [texts, features], no weight below 0.
        labels: int [texts].
        count: how many to keep; of equals the first.

    Source: Yang & Pedersen 1997, A comparative study on feature selection in text categorization,
    sections 2.3 and 2.4.
    """
    score = _chi_squared if kind == "chi2" else _mutual_information
    worth = np.nan_to_num(score(bags, labels), nan=-1.0)
    return np.sort(np.argsort(-worth, kind="stable")[:count])


def _chi_squared(bags: csr_matrix, labels: np.ndarray) -> np.ndarray:
    """Statistic of each feature; not a number for one that no text has."""
    from sklearn.feature_selection import chi2

    if min(bags.shape) == 0:
        return np.zeros(bags.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return chi2(bags, labels)[0]


def _mutual_information(bags: csr_matrix, labels: np.ndarray) -> np.ndarray:
    """Mutual information of each feature's being there and the label, in nats.

    Same as scikit-learn's `mutual_info_classif` of zeros and ones, all features at once.
    """
    texts, features = bags.shape
    if not texts:
        return np.zeros(features)
    numbers = np.unique(labels, return_inverse=True)[1]
    ones = (bags.data != 0).astype(np.float64)
    there = csr_matrix((ones, bags.indices, bags.indptr), shape=bags.shape)
    which = csr_matrix((np.ones(texts), (numbers, np.arange(texts))))
    both = np.asarray((which @ there).todense()) / texts  # [classes, features]
    of_class, of_feature = np.bincount(numbers)[:, None] / texts, both.sum(0)
    return _gain(both, of_class * of_feature) + _gain(of_class - both, of_class * (1 - of_feature))


def _gain(joint: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Sum of joint * log(joint / apart) over classes; nothing where nothing is."""
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=(joint > 0) & (apart > 0))
    return (np.maximum(joint, 0) * np.log(ratio)).sum(0)
