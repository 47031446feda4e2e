"""A connection: how long and how large the head of a request may be, and what is said to no HTTP.

Uvicorn ends a connection that is idle between requests, but waits for ever, and keeps everything,
of a head that never ends. A client that sends a byte now and then would hold a connection each.
"""

from __future__ import annotations

import asyncio
from functools import cache
from http import HTTPStatus
from typing import Any

from textkaizen.agent.server.problems import MEDIA_TYPE, problem_body

MOST_HEAD_BYTES = 32 * 2**10


@cache
def connection_class(head_seconds: float) -> type:
    """Return the protocol that uvicorn makes one of for each connection.

    Args:
        head_seconds: from the opening of the connection, or the first byte of a further request,
            to the end of the head.
    """
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    return type("Connection", (Heads, HttpToolsProtocol), {"head_seconds": head_seconds})


class Heads:
    """What is added to uvicorn's protocol; its methods are called by it, or by its parser."""

    head_seconds: float
    # Of uvicorn's protocol.
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    cycle: Any
    # Our own.
    _timer: asyncio.TimerHandle | None = None  # set while a head is awaited
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[misc]
        self._await_head()

    def connection_lost(self, error: Exception | None) -> None:
        """Wait no more."""
        self._head_is_there()
        super().connection_lost(error)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """Refuse a head that is too large."""
        super().data_received(data)  # type: ignore[misc]
        if self._timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(431, f"A head must have at most {MOST_HEAD_BYTES:,} bytes.")

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a further head."""
        super().on_message_begin()  # type: ignore[misc]
        if self._timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Wait no more: the body has a time of its own."""
        self._head_is_there()
        super().on_headers_complete()  # type: ignore[misc]

    def send_400_response(self, _message: str) -> None:
        """Refuse what is no HTTP as everything else is refused."""
        self._refuse(400, "This is no request of HTTP/1.1.")

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._time_is_up)

    def _head_is_there(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._head_bytes = None, 0

    def _time_is_up(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._await_head()  # a request before this one is still answered
        elif self._head_bytes:
            self._refuse(408, f"The head must be there within {self.head_seconds:g} s.")
        else:
            self._head_is_there()
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        self._head_is_there()
        if self.transport.is_closing():
            return
        body = problem_body(status, detail)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
