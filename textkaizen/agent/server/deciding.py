"""The one place where the server asks a model for an answer, and the one where it asks why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textkaizen.agent.decisions import Decision

Why = Callable[[Any, str], Sequence[tuple[str, float]]]


def decide(model: Any, text: str) -> Decision:
    """Ask a model about one text: the fast way."""
    return model.decide(text)


def decide_all(model: Any, texts: Sequence[str]) -> list[Decision]:
    """Ask a model about the texts that wait; the same but for rounding."""
    if len(texts) == 1:  # the way for many takes longer for one
        return [model.decide(texts[0])]
    return model.decide_all(texts)


def label_all(model: Any, texts: Sequence[str], top_k: int) -> list[list[tuple[str, float]]]:
    """Return the most probable labels of each text, whether it is known well or not."""
    if len(texts) == 1:
        return [model.answer(texts[0], top_k)]
    return model.answers(texts, top_k)


def why_function() -> Why:
    """Return what tells the words that decided."""
    from textkaizen.agent.why import why

    return why
