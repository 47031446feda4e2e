"""Decisions -> what is said, with a memory of each conversation so that no reply repeats itself."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from textkaizen.agent.chat import Replies
from textkaizen.agent.server.deciding import Decision
from textkaizen.agent.server.live import Live

# Rows of a file of replies that are about no label, and what is said where it has none of them.
UNKNOWN, BETWEEN = "(unknown)", "(between)"
SPOKEN = {
    UNKNOWN: ("I do not know that. Could you put it in other words?",),
    BETWEEN: ("Did you mean {a} or {b}?",),
}
MOST_CONVERSATIONS = 2000  # remembered, three kilobytes each; the oldest is forgotten


class Speaker:
    """Chooses what to say; of a worker its own."""

    def __init__(self) -> None:
        self._conversations: OrderedDict[tuple[str, str | None], Replies] = OrderedDict()

    def say(self, live: Live, decision: Decision, conversation: str | None) -> str:
        """Return the reply to a decision; requests without a conversation share one."""
        replies = self._replies(live, conversation)
        if decision.label is not None:
            return replies.choose(decision.label)
        if decision.between is None:
            return replies.choose(UNKNOWN)
        first, second = decision.between
        return replies.choose(BETWEEN).replace("{a}", first).replace("{b}", second)

    def _replies(self, live: Live, conversation: str | None) -> Replies:
        key = live.hash, conversation
        replies = self._conversations.pop(key, None)
        if replies is None:
            replies = Replies({**SPOKEN, **live.replies}, secrets.randbits(32))
        self._conversations[key] = replies
        if len(self._conversations) > MOST_CONVERSATIONS:
            self._conversations.popitem(last=False)
        return replies
