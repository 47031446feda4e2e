"""Texts in, labels with probabilities out: what `predict` streams.

Texts that somebody sends one by one are answered one by one. Texts that are all there are answered
by the thousand, since a vectoriser takes a fraction of the time for many, and on all cores, a few
batches ahead of who reads; the answers are the same but for the last digit of a probability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

from textkaizen.deciding import Decision
from textkaizen.model import Model

# Of a batch: within one piece of the vectoriser, so that each core has a batch of its own.
BATCH_TEXTS, BATCH_CHARACTERS = 4096, 200_000
FEW_TEXTS = 256  # that are all: SciPy, which a batch needs, takes longer to import than they do

Answer = list[tuple[str, float]]


def predictions(model: Model, texts: Iterable[str], top_k: int = 1) -> Iterator[dict[str, Any]]:
    """Label each text as it comes.

    Args:
        model: any kind.
        texts: consumed one by one; nothing is read ahead.
        top_k: labels to give; more than one come under "top", best first.

    Yields:
        `text`, `label`, `probability`, and `top` when more than one label was asked for. Of a model
        with a fallback also `answered`, false where it does not know well enough, and then
        `between`, if it is one of two labels in most cases.
    """
    for text in texts:
        yield _answer(model, text, top_k)


def predictions_by_batch(
    model: Model, texts: Iterable[str], top_k: int = 1
) -> Iterator[dict[str, Any]]:
    """Label texts that are all there, in their order; memory holds some batches of them.

    Args:
        model, top_k: as for `predictions`.
        texts: read ahead by a batch of up to BATCH_TEXTS or BATCH_CHARACTERS for each core, and
            two more.

    Yields:
        What `predictions` does. If reading fails, what was read before is answered first.
    """
    failures: list[Exception] = []
    batches = _batches(texts, failures)
    head = list(islice(batches, 2))
    if len(head) < 2 and sum(map(len, head)) < FEW_TEXTS:
        answered: Iterable[list[dict[str, Any]]] = [
            [_answer(model, text, top_k) for text in batch] for batch in head
        ]
    else:
        from textkaizen.text.threads import in_order

        answered = in_order(_calls(model, chain(head, batches), top_k))
    for batch in answered:
        yield from batch
    for failure in failures:
        raise failure


def _calls(
    model: Model, batches: Iterable[list[str]], top_k: int
) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    for batch in batches:
        yield partial(_answers, model, batch, top_k)


def _answer(model: Model, text: str, top_k: int) -> dict[str, Any]:
    if model.fallback is None:
        return _prediction(text, model.answer(text, top_k), top_k)
    return _decided(text, model.decide(text, top_k), top_k)


def _answers(model: Model, batch: list[str], top_k: int) -> list[dict[str, Any]]:
    if model.fallback is None:
        found: Iterable = model.answers(batch, top_k)
        told: Callable[..., dict[str, Any]] = _prediction
    else:
        found, told = model.decide_all(batch, top_k), _decided
    return [told(text, each, top_k) for text, each in zip(batch, found, strict=True)]


def _batches(texts: Iterable[str], failures: list[Exception]) -> Iterator[list[str]]:
    """Yield texts in batches, none of them empty; what reading fails with goes into a list."""
    batch: list[str] = []
    characters = 0
    try:
        for text in texts:
            batch.append(text)
            characters += len(text)
            if len(batch) >= BATCH_TEXTS or characters >= BATCH_CHARACTERS:
                full, batch, characters = batch, [], 0
                yield full
    except Exception as error:
        failures.append(error)
    if batch:
        yield batch


def _prediction(text: str, best: Answer, top_k: int) -> dict[str, Any]:
    label, probability = best[0]
    found: dict[str, Any] = {"text": text, "label": label, "probability": round(probability, 6)}
    if top_k > 1:
        found["top"] = [{"label": name, "probability": round(p, 6)} for name, p in best]
    return found


def _decided(text: str, decision: Decision, top_k: int) -> dict[str, Any]:
    found = _prediction(text, decision.best, top_k) | {"answered": decision.answered}
    return found if decision.between is None else found | {"between": list(decision.between)}
