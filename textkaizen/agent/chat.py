"""A conversation in the terminal: a line in, a reply out.

Works at a prompt and with pipes alike. Where several replies are known for a label, one is chosen
that was not the last. `/top` shows the labels behind the last reply, `/quit` ends.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from io import TextIOWrapper

from textkaizen.files.corpora import open_lines
from textkaizen.model import Model

PROMPT, TOP = "> ", 3


class Replies:
    """Chooses among the replies of a label, never the same twice running where there is a choice.

    Args:
        known: label -> replies; a label without one is answered with its name.
        seed: of the choice.
    """

    def __init__(self, known: Mapping[str, tuple[str, ...]], seed: int = 0) -> None:
        self._known = known
        self._random = random.Random(seed)
        self._last: dict[str, str] = {}

    def choose(self, label: str) -> str:
        """Return a reply for a label.

        Example:
            >>> Replies({"hello": ("Good morning.",)}).choose("hello")
            'Good morning.'
        """
        known = self._known.get(label) or (f"[{label}]",)
        fresh = [reply for reply in known if reply != self._last.get(label)] or list(known)
        self._last[label] = self._random.choice(fresh)
        return self._last[label]


def converse(model: Model, known: Mapping[str, tuple[str, ...]], seed: int = 0) -> None:
    """Talk on standard input and output until `/quit` or the end of the input.

    Raises:
        CorpusError: bytes of a pipe that are not UTF-8.
    """
    with open_lines(None) as piped:
        lines = _typed() if sys.stdin.isatty() else piped
        for reply in answers(model, Replies(known, seed), lines):
            print(reply, flush=True)


def answers(model: Model, replies: Replies, lines: Iterable[str]) -> Iterator[str]:
    """Yield what is to be said to each line; blank lines say nothing."""
    last = ""
    for line in lines:
        said = line.strip()
        if said == "/quit":
            return
        if said == "/top":
            found = model.answer(last, TOP) if last else []
            yield "\n".join(f"{p:6.1%}  {label}" for label, p in found) or "Nothing was said yet."
        elif said.startswith("/"):
            yield f"There is no {said.split()[0]}; there are /top and /quit."
        elif said:
            last = said
            yield replies.choose(model.answer(said)[0][0])


def _typed() -> Iterator[str]:
    """Yield what somebody types at the prompt."""
    print("Write something; /top shows what else it could be, /quit ends.")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a stray byte must not end the conversation
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return
