"""What networks add to the error of a difference.

All texts of a lane share one network, with its own first weights and order of batches. How much
lanes differ beyond what their texts explain is an analysis of variance by moments: the squares of
the lanes' totals, less what the products of residuals within units explain.

A metric that is no mean of texts is represented by what each text adds to it (its influence). With
one network for all texts nothing can be seen of networks: the answer is then about this network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from textkaizen.errors import UsageError

SHRUNK = 0.5  # share of the lanes' noise that counts against the degrees of freedom


@dataclass(frozen=True)
class Runs:
    """Out-of-fold predictions of one recipe.

    Args:
        predicted: whole numbers [seeds, texts].
        lane: which fold's network predicted it, [texts] or [seeds, texts]; networks of different
            seeds are different networks, whatever their numbers.

    Raises:
        UsageError: the shapes do not fit.
    """

    predicted: np.ndarray
    lane: np.ndarray

    def __post_init__(self) -> None:
        predicted, lane = np.asarray(self.predicted), np.asarray(self.lane)
        fits = (
            predicted.ndim == 2
            and predicted.size
            and lane.shape
            in (
                predicted.shape,
                predicted.shape[1:],
            )
        )
        if not fits:
            raise UsageError(
                "Predictions must be a table of seeds by texts, with a fold for each; found the "
                f"shapes {predicted.shape} and {lane.shape}. Give one row a seed."
            )

    @property
    def networks(self) -> np.ndarray:
        """Number the networks of all seeds from 0 without gaps, [seeds, texts]."""
        lane = np.broadcast_to(self.lane, np.shape(self.predicted)).astype(np.int64)
        apart = (lane - lane.min()) + np.arange(len(lane))[:, None] * (np.ptp(lane) + 1)
        return np.unique(apart, return_inverse=True)[1].reshape(lane.shape)


@dataclass(frozen=True)
class Lanes:
    """How far the lanes of a difference lie apart, as variances of that difference.

    Args:
        spread: what was found between lanes, 0 or more.
        noise: how much of it texts alone are expected to make.
        freedom: degrees of freedom of `spread`, one less than there are lanes.
    """

    spread: float
    noise: float
    freedom: float

    @property
    def variance(self) -> float:
        """What networks add, never below 0."""
        return max(self.spread - self.noise, 0.0)


def between_lanes(moves: np.ndarray, units: np.ndarray, networks: np.ndarray) -> Lanes:
    """Estimate what networks add to the variance of the mean of `moves`.

    The total of lane l is size_l * network_l + its texts'. Less its share of the grand total, its
    expected square is known but for the variance of networks: what texts put there is taken from
    residuals, the products of each unit's in its lane (or, over seeds, in its two lanes).

    Args:
        moves: what each text adds, [seeds, texts] or, where some are missing, [answers].
        units: numbered from 0, of each text or answer: the last axis of `moves`.
        networks: numbered from 0 without gaps, of the shape of `moves`.

    Source: Searle, Casella and McCulloch 1992, Variance Components, chapter 5.
    """
    lanes = int(networks.max()) + 1
    if lanes == 1:
        return Lanes(0.0, 0.0, 0.0)
    sizes = np.bincount(networks.ravel(), minlength=lanes).astype(float)
    totals = np.bincount(networks.ravel(), moves.ravel(), lanes)
    residuals = moves - (totals / sizes)[networks]
    places = (np.broadcast_to(units, networks.shape).ravel(), networks.ravel())
    by_unit = sparse.coo_matrix((residuals.ravel(), places), (units.max() + 1, lanes)).tocsr()
    present = sparse.coo_matrix((np.ones(moves.size), places), by_unit.shape).tocsr()
    members = np.diff(present.tocsc().indptr)
    # A mean was taken out of each lane's units: divide by one less than there are.
    lost = members / np.maximum(members - 1, 1)
    products = (by_unit.T @ by_unit).toarray() * np.sqrt(np.outer(lost, lost))
    centre = np.eye(lanes) - np.outer(sizes / sizes.sum(), np.ones(lanes))
    found = np.square(centre @ totals).sum()
    from_texts = max(np.trace(centre @ products @ centre.T), 0.0)
    each = np.square(centre * sizes).sum()
    weight = np.square(sizes / sizes.sum()).sum() / each
    return Lanes(found * weight, from_texts * weight, lanes - 1.0)


def combined(texts: float, units: int, lanes: Lanes, shrunk: float = SHRUNK) -> tuple[float, float]:
    """Return the standard error and Satterthwaite's degrees of freedom of texts and lanes together.

    Args:
        texts: variance of the difference from other texts.
        units: how many were drawn from.
        lanes: what networks add.
        shrunk: share of the lanes' noise that counts against the degrees of freedom.

    Source: Satterthwaite 1946, An Approximate Distribution of Estimates of Variance Components.
    """
    total = texts + lanes.variance
    if total == 0:
        return 0.0, math.inf
    doubt = texts**2 / max(units - 1, 1)
    doubt += (lanes.variance + shrunk * lanes.noise) ** 2 / max(lanes.freedom, 1)
    return math.sqrt(total), float(total**2 / doubt)
