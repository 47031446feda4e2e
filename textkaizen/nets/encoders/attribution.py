"""How much each word of a text moves a logit, where order counts: integrated gradients in steps.

The line from a text whose embeddings are all zero to the text itself is gone in STEPS pieces, and
in each piece word after word, forwards in one piece and backwards in the next. What a word adds is
what the logit moves by while its embedding grows, so contributions sum to the logit's difference
but for rounding; the finer the pieces, the nearer each comes to its integrated gradient. No slope
is computed: a text of ten words costs some hundred forward passes, taken together.

Rejected: gradients at points of the line (through ReLU and max a hundred points miss a hundredth of
the sum), leaving words out one by one (words that say the same then count nothing).

Source: Sundararajan, Taly & Yan 2017, Axiomatic attribution for deep networks, section 3; Aumann &
Shapley 1974, Values of non-atomic games (what the pieces tend to).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textkaizen.nets.encoders.arrays import EMBEDDING
from textkaizen.nets.encoders.plain import MOST_NUMBERS, NUMPY
from textkaizen.nets.encoders.reading import read
from textkaizen.nets.plain import Network, after_first

STEPS, MOST_PASSES = 16, 4000  # pieces of the line, fewer for long texts: passes at most
MOST_GROUPS = 200  # of a longer text neighbours grow together, and share what comes of it


def word_contributions(
    networks: Sequence[Network], numbers: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """Return what each word adds to a combination of logits.

    Args:
        networks: members that read in order; their mean is what is added to.
        numbers: int32 [words], a text.
        direction: float64 [classes], the combination.

    Returns:
        Contributions, float64 [words]; the combination at the text, and where nothing is said by
        any of its words.
    """
    words = len(numbers)
    groups = min(words, MOST_GROUPS)
    group_of = np.arange(words) * groups // max(words, 1)
    steps = max(min(STEPS, MOST_PASSES // max(groups, 1)), 1)
    scales = _scales(groups, steps)
    found = np.zeros(len(scales))
    for network in networks:
        found += _combined(network, numbers, (scales, group_of), direction)
    found /= len(networks)
    moved, total = np.diff(found), np.zeros(groups)
    for step in range(steps):
        own = moved[step * groups : (step + 1) * groups]
        total += own if step % 2 == 0 else own[::-1]
    each = (total / np.maximum(np.bincount(group_of, minlength=groups), 1))[group_of]
    return each, float(found[-1]), float(found[0])


def _scales(words: int, steps: int) -> np.ndarray:
    """How much of each embedding is there at each point, float32 [steps * words + 1, words]."""
    found, now = np.zeros((steps * words + 1, words), np.float32), np.zeros(words, np.float32)
    for step in range(steps):
        order = range(words) if step % 2 == 0 else range(words - 1, -1, -1)
        for place, word in enumerate(order):
            now[word] = (step + 1) / steps
            found[step * words + place + 1] = now
    return found


def _combined(
    network: Network,
    numbers: np.ndarray,
    points: tuple[np.ndarray, np.ndarray],
    direction: np.ndarray,
) -> np.ndarray:
    """Return the combination of logits at each point, float64 [points].

    Args:
        network, numbers, direction: as of `word_contributions`.
        points: how much of each group is there, and the group of each word.
    """
    encoder = network.encoder
    assert encoder is not None
    embedded, found = encoder.arrays[EMBEDDING][numbers], []
    scales, group_of = points
    each = max(MOST_NUMBERS // max(embedded.size, 1), 1)
    for begin in range(0, len(scales), each):
        some = scales[begin : begin + each][:, group_of, None] * embedded
        mask = np.ones(some.shape[:2], bool)
        pooled = read(NUMPY, encoder.shape, encoder.arrays, some, mask) if mask.size else None
        if pooled is None:
            pooled = np.zeros((len(some), len(network.kernels[0])), np.float32)
        found.append(after_first(network, pooled @ network.kernels[0]) @ direction)
    return np.concatenate(found)
