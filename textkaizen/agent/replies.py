"""What is said to a decision: a reply of its label, a question back, or that nothing is known.

Where several replies are known for a label, one is chosen that was not the last. Placeholders are
functions by name; what they return is put in as it is and not looked at again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import partial

from textkaizen.agent.decisions import Decision
from textkaizen.errors import UsageError, listed
from textkaizen.files.replies import BETWEEN, BUILT_IN, UNKNOWN, Parts, names_for, parts_of

Placeholders = Mapping[str, Callable[[], str]]

SENTENCES = {
    UNKNOWN: ("I am not sure what you mean. Could you say it in other words?",),
    BETWEEN: ("Did you mean {a} or {b}?",),
}
FORMS = dict(zip(BUILT_IN, ("%Y-%m-%d", "%H:%M", "%A"), strict=True))


def _now(form: str) -> str:
    return datetime.now().strftime(form)


PLACEHOLDERS: Placeholders = {name: partial(_now, form) for name, form in FORMS.items()}


class Replies:
    """Chooses among the replies of a label, never the same twice running where there is a choice.

    Args:
        known: label -> replies; a label without one is answered with its name. What is said where
            nothing is known has the label `UNKNOWN`, what asks back `BETWEEN`.
        seed: of the choice.
        placeholders: name -> function of nothing that returns what is put in its place; they come
            beside those there are (date, time, weekday) or take their place.

    Raises:
        UsageError: a reply has a placeholder that there is not, or a single brace.
    """

    def __init__(
        self,
        known: Mapping[str, Sequence[str]],
        seed: int = 0,
        placeholders: Placeholders | None = None,
    ) -> None:
        self._placeholders = {**PLACEHOLDERS, **(placeholders or {})}
        given = {label: replies for label, replies in known.items() if replies}
        self._known = _read({**SENTENCES, **given}, self._placeholders)
        self._begin(seed)

    def _begin(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._last: dict[str, str] = {}

    def anew(self, seed: int) -> Replies:
        """Return these replies for another conversation: nothing said yet, what was read shared."""
        other = copy(self)
        other._begin(seed)
        return other

    def choose(self, label: str) -> str:
        """Return a reply for a label.

        Example:
            >>> Replies({"hello": ("Good morning.",)}).choose("hello")
            'Good morning.'
        """
        return self._choose(label, {"label": lambda: label}) or f"[{label}]"

    def to(self, decision: Decision) -> str:
        """Return what is said to a decision.

        Example:
            >>> Replies({}).to(Decision(None, [], ("fees", "opening hours")))
            'Did you mean fees or opening hours?'
        """
        if decision.between is not None:
            a, b = decision.between
            return self._choose(BETWEEN, {"a": lambda: a, "b": lambda: b})
        if decision.label is None:
            return self._choose(UNKNOWN, {})
        return self.choose(decision.label)

    def _choose(self, label: str, own: Placeholders) -> str:
        known = self._known.get(label)
        if not known:
            return ""
        fresh = [reply for reply in known if reply != self._last.get(label)] or list(known)
        self._last[label] = self._random.choice(fresh)
        return _filled(known[self._last[label]], {**self._placeholders, **own})


def without_reply(labels: Sequence[str], known: Mapping[str, Sequence[str]]) -> str:
    """Say which labels have no reply; "" if all have one.

    Example:
        >>> without_reply(["fees", "hours", "loss"], {"fees": ("None.",)})
        '2 of 3 labels have no reply and are answered with their names: hours, loss.'
    """
    missing = [label for label in labels if not known.get(label)]
    if not missing:
        return ""
    have, are = ("has", "is") if len(missing) == 1 else ("have", "are")
    own = "its name" if len(missing) == 1 else "their names"
    return (
        f"{len(missing)} of {len(labels)} labels {have} no reply and {are} answered with {own}: "
        f"{listed(missing)}."
    )


def _read(
    known: Mapping[str, Sequence[str]], placeholders: Placeholders
) -> dict[str, dict[str, Parts]]:
    """Cut all replies at their placeholders: label -> reply -> its parts."""
    read: dict[str, dict[str, Parts]] = {}
    for label, replies in known.items():
        names = names_for(label, placeholders)
        for reply in replies:
            try:
                read.setdefault(label, {})[reply] = parts_of(reply, names)
            except ValueError as error:
                raise UsageError(
                    f"Placeholders of a reply must be known by name; one of '{label}' {error}. "
                    f"Known are {listed(names, len(names))}."
                ) from None
    return read


def _filled(parts: Parts, values: Placeholders) -> str:
    return "".join(literal + (values[name]() if name else "") for literal, name in parts)
