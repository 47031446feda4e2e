"""Answers of several networks, or of one under several dropout masks, averaged; in NumPy.

What is averaged are probabilities; their logarithms are given back as logits. Masks are drawn from
a fixed seed and are the same for every text, so that an answer does not depend on what is asked
beside it. One network without masks gives its own logits, untouched.

Source: Hansen & Salamon 1990, Neural network ensembles, section III (ensembles); Gal & Ghahramani
2016, Dropout as a Bayesian approximation, section 3, equation 6 (Monte-Carlo dropout).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from textkaizen.nets.constants import SATURATED
from textkaizen.nets.plain import Mask, Network, after_first, first_sums, softmax
from textkaizen.recipe import Knobs, layerwise

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FLOOR = np.finfo(np.float32).tiny  # a probability of 0 has a finite logarithm, too


def ensemble_logits(networks: Sequence[Network], knobs: Knobs, bags: csr_matrix) -> np.ndarray:
    """Return logits, float32 [texts, classes], of sparse bags [texts, inputs].

    Args:
        networks: one or more, of the same recipe.
        knobs: of that recipe: `monte_carlo`, `dropout` and `dropout_kind` are read.
        bags: any number of texts.
    """
    return averaged(networks, knobs, lambda network: first_sums(network, bags))


def averaged(
    networks: Sequence[Network], knobs: Knobs, sums_of: Callable[[Network], np.ndarray]
) -> np.ndarray:
    """Return logits as `ensemble_logits` does, from each network's first sums [texts, units]."""
    if len(networks) == 1 and not knobs.monte_carlo:
        return after_first(networks[0], sums_of(networks[0]))
    total: np.ndarray | float = 0.0
    for number, network in enumerate(networks):
        sums = sums_of(network)
        drawn: list[list[Mask] | None] = [None]
        if knobs.monte_carlo:
            generator = np.random.default_rng([number, 11])
            drawn = [masks(network, knobs, generator) for _ in range(knobs.monte_carlo)]
        for each in drawn:
            total = total + softmax(after_first(network, sums, each)) / len(drawn)
    return np.log(np.maximum(total / len(networks), FLOOR), dtype=np.float32)


def masks(network: Network, knobs: Knobs, generator: np.random.Generator) -> list[Mask]:
    """Draw one dropout mask for each hidden layer of a network."""
    rates = layerwise(knobs.dropout, len(network.norms))
    return [
        _mask(norm.shape[1], rate, knobs.dropout_kind, generator)
        for norm, rate in zip(network.norms, rates, strict=True)
    ]


def _mask(units: int, rate: float, kind: str, generator: np.random.Generator) -> Mask:
    kept = (generator.random(units, dtype=np.float32) >= rate).astype(np.float32)
    if kind == "standard":
        return kept / np.float32(1 - rate), np.zeros(units, np.float32)
    scale = np.float32(((1 - rate) * (1 + rate * SATURATED**2)) ** -0.5)
    saturated = np.float32(SATURATED)
    shift = scale * saturated * (1 - kept) - scale * saturated * np.float32(rate)
    return scale * kept, shift
