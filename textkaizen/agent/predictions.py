"""Texts in, labels with probabilities out, one at a time: what `predict` streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from textkaizen.model import Model


def predictions(model: Model, texts: Iterable[str], top_k: int = 1) -> Iterator[dict[str, Any]]:
    """Label each text as it comes.

    Args:
        model: any kind.
        texts: consumed one by one; nothing is read ahead.
        top_k: labels to give; more than one come under "top", best first.

    Yields:
        `text`, `label`, `probability`, and `top` when more than one label was asked for.
    """
    for text in texts:
        best = model.answer(text, top_k)
        label, probability = best[0]
        answer: dict[str, Any] = {
            "text": text,
            "label": label,
            "probability": round(probability, 6),
        }
        if top_k > 1:
            answer["top"] = [{"label": name, "probability": round(p, 6)} for name, p in best]
        yield answer
