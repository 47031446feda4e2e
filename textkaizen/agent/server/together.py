"""Requests that wait are answered together, in a thread: the loop stays free for other requests.

A batch is whatever came while the one before was answered: no request waits for others to come, and
the busier the server, the larger the batches. Requests of different models are never mixed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MOST = 64  # of a batch: a stop must not wait for more


class Together:
    """Answers one by one from outside, many at a time inside.

    Args:
        answer_all: (model, texts) -> an answer for each text; called in a thread of its own, by one
            batch at a time.
    """

    def __init__(self, answer_all: Callable[[Any, Sequence[str]], Sequence[Any]]) -> None:
        self._answer_all = answer_all
        self._waiting: deque[tuple[Any, str, asyncio.Future]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="textkaizen-answers")
        self._task: asyncio.Task | None = None

    async def answer(self, model: Any, text: str) -> Any:
        """Return the answer to one text."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append((model, text, future))
        if self._task is None:
            self._task = loop.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._one_batch()
        finally:
            self._task = None

    async def _one_batch(self) -> None:
        model = self._waiting[0][0]
        texts: list[str] = []
        futures: list[asyncio.Future] = []
        while self._waiting and self._waiting[0][0] is model and len(texts) < MOST:
            _, text, future = self._waiting.popleft()
            if not future.done():  # somebody may have gone
                texts.append(text)
                futures.append(future)
        if not texts:
            return
        call = asyncio.get_running_loop().run_in_executor
        try:
            answers = await call(self._thread, self._answer_all, model, texts)
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in zip(futures, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    def close(self) -> None:
        """End the thread once it has answered."""
        self._thread.shutdown(wait=True)
