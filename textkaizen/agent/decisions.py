"""What a model makes of a text: the one place where the agent asks it."""

from __future__ import annotations

from textkaizen.deciding import Decision
from textkaizen.model import Model

__all__ = ["Decision", "decide"]


def decide(model: Model, text: str) -> Decision:
    """Return what a model takes a text for; a model without a fallback always answers."""
    return model.decide(text)
