"""Logits -> an answer, or none: what a model does with a text it may not know.

A fallback is plain numbers that were learnt from texts (`study/fallback.py`) and are kept with the
model; `docs/fallback.md` tells what it promises. A model that is trained again, with a further
class or without, is another model and has none until it is given one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textkaizen.measure.answering import answerability, softmax

BEST = 3  # labels that a decision names


@dataclass(frozen=True, eq=False)
class Fallback:
    """When to answer.

    Args:
        score: one of `measure.answering.SCORES`.
        threshold: texts whose score reaches it are answered.
        temperature: that logits are divided by, > 0.
        ask: where there is no answer and the two best labels together have at least this
            probability, 0 to 1, it may be asked which of the two is meant; above 1 never.
        facts: plain values: what was asked for and what the promise rests on.
        means: of the score "distance", float32 [classes, classes]; else None.
    """

    score: str
    threshold: float
    temperature: float
    ask: float
    facts: dict[str, Any] = field(default_factory=dict)
    means: np.ndarray | None = None

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """Return how sure each answer is, [texts], of a model's own logits [texts, classes]."""
        return answerability(self.score, logits / self.temperature, self.means)


@dataclass(frozen=True)
class Decision:
    """What a model says to a text.

    Args:
        label: the answer; None where the model rather says that it does not know.
        best: the three best labels with their probabilities, best first; fewer of few classes.
        between: two labels to choose from, where nothing is answered and it is one of these in
            most cases; else None.
    """

    label: str | None
    best: list[tuple[str, float]]
    between: tuple[str, str] | None = None

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.label is not None


def decisions(
    labels: Sequence[str], logits: np.ndarray, fallback: Fallback | None, best: int = BEST
) -> list[Decision]:
    """Decide on each text.

    Args:
        labels: class n is labels[n].
        logits: [texts, classes].
        fallback: None answers every text.
        best: labels to name, >= 1.

    Example:
        >>> unsure, sure = [0.2, 0.0, -9.0], [9.0, 0.0, 0.0]
        >>> careful = Fallback("probability", threshold=0.9, temperature=1.0, ask=0.8)
        >>> found = decisions("abc", np.array([unsure, sure]), careful)
        >>> [(each.label, each.between) for each in found]
        [(None, ('a', 'b')), ('a', None)]
    """
    order = np.argsort(-logits, axis=1, kind="stable")[:, : max(best, 2)]
    tempered = logits if fallback is None else logits / np.float32(fallback.temperature)
    found = softmax(tempered)[np.arange(len(logits))[:, None], order]
    if fallback is None:
        answered = asks = np.ones(len(logits), bool)
    else:
        answered = fallback.scores(logits) >= fallback.threshold
        asks = ~answered & (found[:, :2].sum(1) >= fallback.ask)
    made = []
    for number, places in enumerate(order.tolist()):
        names = [labels[place] for place in places]
        pairs = list(zip(names, found[number].tolist(), strict=True))[:best]
        if answered[number]:
            made.append(Decision(names[0], pairs))
        else:
            between = (names[0], names[1]) if asks[number] and len(names) > 1 else None
            made.append(Decision(None, pairs, between))
    return made
