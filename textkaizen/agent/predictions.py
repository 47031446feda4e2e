"""Texts in, labels with probabilities out: what `predict` streams.

Texts that somebody sends one by one are answered one by one. Texts that are all there are answered
by the thousand, since a vectoriser takes a fraction of the time for many; the answers are the same
but for the last digit of a probability.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from textkaizen.model import Model

# Of a batch: enough that nothing is gained by more, and some megabytes of memory.
BATCH_TEXTS, BATCH_CHARACTERS = 4096, 1_000_000
FEW_TEXTS = 256  # are answered one by one before SciPy, which a batch needs, has been imported


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
        yield _prediction(text, model.answer(text, top_k), top_k)


def predictions_by_batch(
    model: Model, texts: Iterable[str], top_k: int = 1
) -> Iterator[dict[str, Any]]:
    """Label texts that are all there, in their order; memory holds a batch of them.

    Args:
        model, top_k: as for `predictions`.
        texts: read ahead by up to BATCH_TEXTS or BATCH_CHARACTERS.

    Yields:
        What `predictions` does. If reading fails, what was read before is answered first.
    """
    for batch in _batches(texts):
        if len(batch) < FEW_TEXTS:
            answers = [model.answer(text, top_k) for text in batch]
        else:
            answers = model.answers(batch, top_k)
        for text, best in zip(batch, answers, strict=True):
            yield _prediction(text, best, top_k)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    try:
        for text in texts:
            batch.append(text)
            characters += len(text)
            if len(batch) == BATCH_TEXTS or characters >= BATCH_CHARACTERS:
                full, batch, characters = batch, [], 0
                yield full
    except Exception:
        yield batch
        raise
    yield batch


def _prediction(text: str, best: list[tuple[str, float]], top_k: int) -> dict[str, Any]:
    label, probability = best[0]
    found: dict[str, Any] = {"text": text, "label": label, "probability": round(probability, 6)}
    if top_k > 1:
        found["top"] = [{"label": name, "probability": round(p, 6)} for name, p in best]
    return found
