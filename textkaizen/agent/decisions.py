"""What a model makes of a text: the one place where the agent asks it."""

from __future__ import annotations

from dataclasses import dataclass

from textkaizen.model import Model

BEST = 3  # labels that are named


@dataclass(frozen=True)
class Decision:
    """What a text is taken for.

    Args:
        label: of the answer; None: not answered.
        best: the most probable labels with their probabilities, best first.
        between: two labels to ask back about.
    """

    label: str | None
    best: list[tuple[str, float]]
    between: tuple[str, str] | None = None


def decide(model: Model, text: str) -> Decision:
    """Return what a model takes a text for; a model without a fallback always answers."""
    best = model.answer(text, BEST)
    return Decision(best[0][0], best)
