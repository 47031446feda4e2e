"""What is said follows the replies that are there now."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

from textkaizen.agent.decisions import Decision
from textkaizen.agent.server.speaking import Speaker

SURE = Decision("hours", [("hours", 0.9)])


def live(*replies: str) -> Any:
    return SimpleNamespace(hash="same", replies={"hours": replies})


def test_new_replies_are_said_though_the_model_is_the_same() -> None:
    speaker, first, second = Speaker(), live("At nine."), live("At ten.")
    assert speaker.say(first, SURE, "c") == "At nine."
    assert speaker.say(second, SURE, "c") == "At ten."


def test_a_conversation_hears_no_reply_twice_running() -> None:
    speaker, own = Speaker(), live("One.", "Two.")
    said = [speaker.say(own, SURE, "c") for _ in range(6)]
    assert all(one != other for one, other in itertools.pairwise(said))
