"""Decisions -> what is said, with a memory of each conversation so that no reply repeats itself."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from textkaizen.agent.decisions import Decision
from textkaizen.agent.replies import Replies
from textkaizen.agent.server.live import Live

MOST_CONVERSATIONS = 2000  # remembered, three kilobytes each; the oldest is forgotten


class Speaker:
    """Chooses what to say; of a worker its own."""

    def __init__(self) -> None:
        self._conversations: OrderedDict[tuple[str, str | None], Replies] = OrderedDict()
        self._known: tuple[Live, Replies] | None = None  # what answers now, and its replies

    def say(self, live: Live, decision: Decision, conversation: str | None) -> str:
        """Return the reply to a decision; requests without a conversation share one."""
        return self._replies(live, conversation).to(decision)

    def _replies(self, live: Live, conversation: str | None) -> Replies:
        if self._known is None or self._known[0] is not live:  # a new model, or new replies
            self._known = live, Replies(live.replies)
            self._conversations.clear()
        key = live.hash, conversation
        replies = self._conversations.pop(key, None)
        if replies is None:
            replies = self._known[1].anew(secrets.randbits(32))
        self._conversations[key] = replies
        if len(self._conversations) > MOST_CONVERSATIONS:
            self._conversations.popitem(last=False)
        return replies
