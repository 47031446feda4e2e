"""The one place where a model is asked for an answer, and the one where it is asked why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

BEST = 3  # labels that an answer names
Why = Callable[[Any, str], Sequence[tuple[str, float]]]


class Decision(NamedTuple):
    """What a model says to a text.

    Args:
        label: the answer; None: it does not know.
        best: the best labels with their probabilities, best first.
        between: two labels to ask back between; None: there is nothing to ask.
    """

    label: str | None
    best: list[tuple[str, float]]
    between: tuple[str, str] | None = None


def decide(model: Any, text: str) -> Decision:
    """Ask a model about one text: the fast way."""
    if hasattr(model, "decide"):
        return model.decide(text)
    best = model.answer(text, BEST)
    return Decision(best[0][0], best)


def decide_all(model: Any, texts: Sequence[str]) -> list[Decision]:
    """Ask a model about the texts that wait; the same but for rounding."""
    if len(texts) == 1:  # the way for many takes longer for one
        return [decide(model, texts[0])]
    if hasattr(model, "decide_all"):
        return model.decide_all(texts)
    return [Decision(best[0][0], best) for best in model.answers(texts, BEST)]


def label_all(model: Any, texts: Sequence[str], top_k: int) -> list[list[tuple[str, float]]]:
    """Return the most probable labels of each text, whether it is known well or not."""
    if len(texts) == 1:
        return [model.answer(texts[0], top_k)]
    return model.answers(texts, top_k)


def why_function() -> Why | None:
    """Return what tells the words that decided; None where there is nothing that does."""
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("textkaizen.agent.why") is None:
        return None
    return import_module("textkaizen.agent.why").why
