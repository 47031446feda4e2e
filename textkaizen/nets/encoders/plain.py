"""An encoder that predicts, in NumPy: texts as numbers in, one vector a text out.

Texts are read some at a time, those of like length together, so that little is padded.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from textkaizen.nets.encoders.arrays import EMBEDDING, pooled_units
from textkaizen.nets.encoders.operations import Operations
from textkaizen.nets.encoders.reading import read
from textkaizen.nets.encoders.recurrence import run
from textkaizen.recipe import Shape

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_NUMBERS = 1 << 19  # embedded at once, of a piece: 2 MB
_WITHOUT_LOOP = Operations(np, np.matmul, run)
NUMPY = _WITHOUT_LOOP._replace(recurrence=partial(run, _WITHOUT_LOOP))


class Encoder(NamedTuple):
    """A trained encoder.

    Args:
        shape: of the network.
        arrays: by name, float32; the embedding [words, numbers] among them.
    """

    shape: Shape
    arrays: dict[str, Any]


def encoded(encoder: Encoder, texts: csr_matrix) -> np.ndarray:
    """Return one vector a text, float32 [texts, pooled].

    Args:
        texts: as of `text.ordered`: a row holds a text's numbers in their order.
    """
    lengths = np.diff(texts.indptr)
    found = np.zeros((texts.shape[0], pooled_units(encoder.shape)), np.float32)
    order = np.argsort(lengths, kind="stable")
    ascending, begin = lengths[order], 0
    while begin < len(order):
        end = _end_of_piece(ascending, begin, encoder.shape.embedding)
        own = order[begin:end]
        found[own] = _read(encoder, texts, own, lengths[own])
        begin = end
    return found


def encoded_one(encoder: Encoder, numbers: np.ndarray) -> np.ndarray:
    """Return the vector of one text, float32 [1, pooled]."""
    if not len(numbers):
        return np.zeros((1, pooled_units(encoder.shape)), np.float32)
    embedded = encoder.arrays[EMBEDDING][numbers][None]
    return read(NUMPY, encoder.shape, encoder.arrays, embedded, np.ones((1, len(numbers)), bool))


def _end_of_piece(lengths: np.ndarray, begin: int, numbers: int) -> int:
    """Where a piece ends that begins there; lengths ascend."""
    end, step = begin + 1, 64
    while step:
        far = min(end + step, len(lengths))
        if far > end and (far - begin) * max(int(lengths[far - 1]), 1) * numbers <= MOST_NUMBERS:
            end = far
        else:
            step //= 2
    return end


def _read(encoder: Encoder, texts: csr_matrix, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    begins, words = texts.indptr[rows], max(int(lengths[-1]), 1)
    mask = np.arange(words) < lengths[:, None]
    numbers = np.zeros(mask.shape, np.int64)
    numbers[mask] = texts.indices[(begins[:, None] + np.arange(words))[mask]]
    return read(NUMPY, encoder.shape, encoder.arrays, encoder.arrays[EMBEDDING][numbers], mask)
