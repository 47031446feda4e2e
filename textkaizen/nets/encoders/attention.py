"""Attention: transformer blocks, and pooling by weights that are learnt.

A block normalises before it attends and before its two dense layers, and adds what comes of them to
what it was given. Where a word stands is told by sines and cosines added to its embedding: there is
nothing to learn, so any length is read. Words beyond a text's end get no weight.

Source: Vaswani et al. 2017, Attention is all you need, sections 3.2 to 3.5; Xiong et al. 2020,
On layer normalization in the transformer architecture, figure 1b (before instead of after); Yang et
al. 2016, Hierarchical attention networks, equations 5 to 7 (pooling).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from textkaizen.nets.encoders.operations import Operations, over_words

NORM_EPSILON = 1e-3  # Keras' own, of its LayerNormalization
FAR = -1e9  # what a word gets that must have no weight
LONGEST_WAVE = 10_000.0


def positions(words: int, numbers: int) -> np.ndarray:
    """Return where words stand as sines, then cosines, float32 [words, numbers]."""
    half = (numbers + 1) // 2
    waves = LONGEST_WAVE ** (-np.arange(half) / max(half, 1))
    angles = np.arange(words)[:, None] * waves
    return np.concatenate([np.sin(angles), np.cos(angles)], 1)[:, :numbers].astype(np.float32)


def weights_over_words(ops: Operations, scores, mask):
    """Turn scores [..., words] into weights that add up to 1 over the words that are there."""
    scores = ops.np.where(mask, scores, np.float32(FAR))
    shifted = ops.np.exp(scores - scores.max(-1, keepdims=True))
    shifted = ops.np.where(mask, shifted, np.float32(0))
    return shifted / ops.np.maximum(shifted.sum(-1, keepdims=True), np.float32(1e-30))


def block(ops: Operations, x, mask, arrays: dict[str, Any], heads: int, name: str):
    """Return what a transformer block makes of [texts, words, numbers]."""
    at = lambda part: arrays[f"{name}.{part}"]
    normal = _normalise(ops, x, at("norm.0.scale"), at("norm.0.shift"))
    x = x + _attend(ops, normal, mask, at, heads)
    normal = _normalise(ops, x, at("norm.1.scale"), at("norm.1.shift"))
    inner = ops.np.maximum(over_words(ops, normal, at("wide.kernel")) + at("wide.bias"), 0)
    return x + over_words(ops, inner, at("narrow.kernel")) + at("narrow.bias")


def _attend(ops: Operations, x, mask, at, heads: int):
    texts, words, numbers = x.shape
    each = numbers // heads

    def parted(part: str):
        own = over_words(ops, x, at(f"{part}.kernel")) + at(f"{part}.bias")
        return own.reshape(texts, words, heads, each).transpose(0, 2, 1, 3)

    query, key, value = parted("query"), parted("key"), parted("value")
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32(each**0.5)
    seen = weights_over_words(ops, scores, mask[:, None, None, :]) @ value
    seen = seen.transpose(0, 2, 1, 3).reshape(texts, words, numbers)
    return over_words(ops, seen, at("output.kernel")) + at("output.bias")


def _normalise(ops: Operations, x, scale, shift):
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return centred / ops.np.sqrt(variance + np.float32(NORM_EPSILON)) * scale + shift


def pooled(ops: Operations, x, mask, arrays: dict[str, Any]):
    """Return a weighted mean over words, [texts, numbers]; zero for a text without any word."""
    told = ops.np.tanh(over_words(ops, x, arrays["pool.kernel"]) + arrays["pool.bias"])
    weights = weights_over_words(ops, (told * arrays["pool.vector"]).sum(-1), mask)
    return (weights[..., None] * x).sum(1)
