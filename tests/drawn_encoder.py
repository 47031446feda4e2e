"""An encoder that draws a vector for each word from its hash: texts with like words are near."""

from __future__ import annotations

import zlib

import numpy as np

from textkaizen.text import sentence_vectors
from textkaizen.text.sentence_vectors import NUMBERS, SentenceEncoder

IDENTITY = "drawn-encoder 1.0, 4000 characters"


def drawn(texts):
    """Vectors of readable texts, float32 [texts, NUMBERS]; not of length one."""
    vectors = np.zeros((len(texts), NUMBERS), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for word in text.split():
            vector += np.random.default_rng(zlib.crc32(word.encode())).normal(size=NUMBERS)
    return vectors


def take(monkeypatch, identity=IDENTITY, batch=drawn):
    """Let it stand where the real one would."""
    made = lambda store=None: SentenceEncoder(identity, batch, store)
    monkeypatch.setattr(sentence_vectors, "sentence_encoder", made)
