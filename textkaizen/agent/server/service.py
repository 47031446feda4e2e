"""Request bodies in, answers out: what the routes do, without a word of HTTP but its statuses."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from textkaizen.agent.server.deciding import (
    Decision,
    decide,
    decide_all,
    label_all,
    why_function,
)
from textkaizen.agent.server.live import Holder, Live
from textkaizen.agent.server.metrics import Metrics
from textkaizen.agent.server.problems import Problem
from textkaizen.agent.server.reading import (
    CONVERSATION_CHARACTERS,
    checked_text,
    parse,
    shown,
)
from textkaizen.agent.server.settings import Settings
from textkaizen.agent.server.speaking import Speaker
from textkaizen.agent.server.together import Together
from textkaizen.errors import TextkaizenError
from textkaizen.files.conversations import ConversationStore, Exchange

# Measured by `benchmarks.serving`: a thread costs more than what such an answer takes.
AT_ONCE_SECONDS, AT_ONCE_CHARACTERS = 0.001, 1000
TEXT_FORM = "a string, the text to answer"
THUMBS = ("up", "down")
THREADS = 2  # for many texts at once, and for explanations
MOST_LABELS = 1000  # that a prediction names


class Service:
    """A server without its network.

    Args:
        settings: what is allowed.
        holder: of the model in use.
        store: of exchanges and thumbs; None keeps nothing.
    """

    def __init__(self, settings: Settings, holder: Holder, store: ConversationStore | None) -> None:
        self.settings, self.holder, self.store = settings, holder, store
        self.is_stopping = False
        self.why_of = why_function()
        self._together = Together(decide_all)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="work")
        self._speaker = Speaker()
        self.metrics = Metrics(self._gauges())

    async def reply(self, body: bytes) -> bytes:
        """Answer a text as an agent does."""
        values = parse(body, {"text": TEXT_FORM}, {"conversation": "a string"})
        text = checked_text(values["text"], self.settings.characters)
        conversation = values.get("conversation")
        if "conversation" in values:
            checked_text(conversation, CONVERSATION_CHARACTERS, "conversation")
        live = self.holder.live
        decision = await self._decide(live, text)
        said = self._speaker.say(live, decision, conversation)
        label, best, between = decision.label, decision.best, decision.between
        self.metrics.reply("answered" if label is not None else "between" if between else "unknown")
        name = secrets.token_hex(12)
        listed_best = _best(best)
        if self.store is not None:
            as_text = _as_json(listed_best).decode()
            at, first = time.time(), listed_best[0]["probability"]
            self.store.note(
                Exchange(name, at, conversation, text, label, first, as_text, said, live.hash)
            )
        return _as_json(
            {
                "id": name,
                "reply": said,
                "label": label,
                "best": listed_best,
                "between": None if between is None else list(between),
                "model": live.hash,
            }
        )

    async def predict(self, body: bytes) -> bytes:
        """Label one text or many; every text gets a label, however sure."""
        form = {"text": TEXT_FORM, "texts": "strings", "top_k": "a whole number"}
        values = parse(body, {}, form)
        if ("text" in values) == ("texts" in values):
            raise Problem(422, "Either text (a string) or texts (a list of strings) must be there.")
        most = self.settings.characters
        texts = [values["text"]] if "text" in values else values["texts"]
        if not isinstance(texts, list) or not 1 <= len(texts) <= self.settings.texts:
            raise Problem(422, f"texts must be a list of 1 to {self.settings.texts:,} strings.")
        names = ["text"] if "text" in values else [f"texts[{n}]" for n in range(len(texts))]
        for text, name in zip(texts, names, strict=True):
            checked_text(text, most, name)
        top_k = _whole(values.get("top_k", 1))
        live = self.holder.live
        if len(texts) == 1 and self._is_quick(live, texts[0]):
            found = label_all(live.model, texts, top_k)
        else:
            found = await self._in_thread(label_all, live.model, texts, top_k)
        predictions = [{**_best(best[:1])[0], "best": _best(best)} for best in found]
        return _as_json({"predictions": predictions, "model": live.hash})

    async def why(self, body: bytes) -> bytes:
        """Tell the words that decided, and how much each did."""
        assert self.why_of is not None
        text = checked_text(parse(body, {"text": TEXT_FORM}, {})["text"], self.settings.characters)
        live = self.holder.live
        try:
            label, words = await self._in_thread(self._told, live.model, text)
        except TextkaizenError as error:  # not every kind of model can tell
            raise Problem(422, str(error)) from None
        listed_words = [{"word": word, "contribution": round(float(c), 6)} for word, c in words]
        return _as_json({"label": label, "words": listed_words, "model": live.hash})

    async def feedback(self, body: bytes) -> bytes:
        """Keep a thumb; it is on disk when this returns."""
        assert self.store is not None
        form = {"id": "a string, the id of a reply", "thumb": "up or down"}
        values = parse(body, form, {})
        name = checked_text(values["id"], CONVERSATION_CHARACTERS, "id")
        thumb = values["thumb"]
        if thumb not in THUMBS:
            raise Problem(422, f'thumb must be "up" or "down"; found {shown(thumb)}.')
        try:
            kept = self.store.thumb(name, thumb == "up", time.time())
            was_known = await self._in_time(asyncio.wrap_future(kept))
        except sqlite3.Error:
            raise Problem(503, "Thumbs cannot be written now. Try again later.") from None
        if not was_known:
            raise Problem(404, "There is no reply of this id.")
        self.metrics.thumb(thumb)
        return _as_json({"id": name, "thumb": thumb})

    def model(self) -> bytes:
        """Tell what answers, and what may be asked."""
        live, limits = self.holder.live, self.settings
        return _as_json(
            {
                "model": live.hash,
                "kind": live.model.kind,
                "labels": list(live.model.labels),
                "texts": live.model.facts.get("texts"),
                "since": live.since,
                "textkaizen": _version(),
                "why": self.why_of is not None and bool(live.model.networks),
                "feedback": self.store is not None,
                "characters": limits.characters,
                "texts_at_once": limits.texts,
            }
        )

    def close(self) -> None:
        """End the threads; everything that is to be kept is on disk."""
        self._together.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.store is not None:
            self.store.close()

    async def _decide(self, live: Live, text: str) -> Decision:
        if self._is_quick(live, text):
            return decide(live.model, text)
        return await self._in_time(self._together.answer(live.model, text))

    def _is_quick(self, live: Live, text: str) -> bool:
        return live.seconds <= AT_ONCE_SECONDS and len(text) <= AT_ONCE_CHARACTERS

    def _told(self, model: Any, text: str) -> tuple[str, Any]:
        assert self.why_of is not None
        return model.answer(text)[0][0], self.why_of(model, text)

    async def _in_thread(self, work: Callable, *given: Any) -> Any:
        """Wait for work in threads of its own, so that no swap and no end waits for it."""
        loop = asyncio.get_running_loop()
        return await self._in_time(loop.run_in_executor(self._threads, partial(work, *given)))

    async def _in_time(self, answer: Any) -> Any:
        try:
            async with asyncio.timeout(self.settings.answer_seconds):
                return await answer
        except TimeoutError:
            seconds = self.settings.answer_seconds
            raise Problem(503, f"There was no answer within {seconds:g} s. Try later.") from None

    def _gauges(self) -> dict[str, tuple[str, Callable[[], float]]]:
        holder, store = self.holder, self.store
        return {
            "textkaizen_model_swaps": (
                "Models that have taken another's place.",
                lambda: holder.swaps,
            ),
            "textkaizen_models_refused": ("Models that could not be used.", lambda: holder.refused),
            "textkaizen_exchanges_waiting": (
                "Exchanges that are not on disk yet.",
                lambda: store.waiting if store else 0,
            ),
            "textkaizen_exchanges_lost": (
                "Exchanges that could not be written.",
                lambda: store.lost if store else 0,
            ),
        }


def _as_json(values: Any) -> bytes:
    import orjson

    try:
        return orjson.dumps(values)
    except TypeError:  # a label that was read from JSON may hold half a surrogate pair
        return json.dumps(values).encode()


def _best(best: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"label": label, "probability": round(float(p), 6)} for label, p in best]


def _whole(value: Any) -> int:
    """Return `top_k`; to JSON 3.0 is a whole number, and true is none.

    Raises:
        Problem: it is none, or out of range.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 1 <= value <= MOST_LABELS or value != int(value):
        raise Problem(
            422, f"top_k must be a whole number, 1 to {MOST_LABELS:,}; found {shown(value)}."
        )
    return int(value)


def _version() -> str:
    try:
        return version("textkaizen")
    except PackageNotFoundError:
        return "not installed"
