"""The words nearest to a vector, by cosine, among any number of words: a block of them at a time.

A file of vectors comes in many blocks, the embedding of a network in one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np


def nearest(
    blocks: Iterable[tuple[Sequence[str], np.ndarray]],
    vector: np.ndarray,
    count: int,
    without: Collection[str] = (),
) -> list[tuple[str, float]]:
    """Return the nearest words with their cosines, -1 to 1, the nearest first; of equals the first.

    Args:
        blocks: words, and their vectors as float32 [words, dimensions]. Vectors of zeros are near
            to nothing; of a word that is among the nearest twice the nearer one counts.
        vector: [dimensions], not all zeros.
        count: how many, >= 1; all there are when there are fewer.
        without: words left out, usually the one whose vector it is.

    Example:
        >>> vectors = np.array([[1, 0], [2, 1], [0, 3]], np.float32)
        >>> near = nearest([(["tea", "cocoa", "rain"], vectors)], vectors[0], 1, without=["tea"])
        >>> [(word, round(cosine, 4)) for word, cosine in near]
        [('cocoa', 0.8944)]
    """
    own = (vector / np.linalg.norm(vector.astype(np.float64))).astype(np.float32)
    best: dict[str, float] = {}
    for words, vectors in blocks:
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        products = vectors @ own
        cosines = np.divide(products, lengths, out=np.full(len(words), -np.inf), where=lengths > 0)
        some = min(count + len(without), len(words))
        for place in np.argsort(-cosines, kind="stable")[:some].tolist():
            word, cosine = words[place], float(cosines[place])
            if lengths[place] > 0 and word not in without and cosine > best.get(word, -np.inf):
                best[word] = cosine
        best = dict(sorted(best.items(), key=lambda each: -each[1])[:count])
    return list(best.items())
