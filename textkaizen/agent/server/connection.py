"""A connection: how long and how large a request may be until it is there, and what is no HTTP.

Uvicorn ends a connection that is idle between requests, but waits for ever for a request that never
ends, and keeps everything of its head. A client that sends a byte now and then would hold a
connection each.

Rejected: a time-out around each read of a body (it costs a tenth of an answer).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from textkaizen.agent.server.problems import MEDIA_TYPE, problem_body

MOST_HEAD_BYTES = 32 * 2**10
HEAD, BODY = "head", "body"
CONTINUE = b"HTTP/1.1 100 "  # what is said before an answer to who has asked whether to go on


@cache
def connection_class(head_seconds: float, body_seconds: float) -> type:
    """Return the protocol that uvicorn makes one of for each connection.

    Args:
        head_seconds: from the opening of the connection, or the first byte of a further request,
            to the end of the head.
        body_seconds: from there to the end of the body.
    """
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    times = {"seconds": {HEAD: head_seconds, BODY: body_seconds}}
    return type("Connection", (Timed, HttpToolsProtocol), times)


class Joined:
    """Writes the head of an answer with the first of its body: one call of the system, not two.

    Such a call takes as long as a quick model's answer, for it wakes the client up.

    Args:
        transport: of the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head, self._is_body = transport, b"", False

    def write(self, data: bytes) -> None:
        """Write what uvicorn does: a head, then pieces of its body."""
        if self._is_body:
            self._transport.write(self._head + data if self._head else data)
            self._head = b""
        elif data.startswith(CONTINUE):
            self._transport.write(data)
        else:
            self._head, self._is_body = data, True

    def flush(self) -> None:
        """End an answer; what comes next is a head."""
        if self._head:
            self._transport.write(self._head)
        self._head, self._is_body = b"", False

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection once all is sent."""
        self.flush()
        self._transport.close()


class Timed:
    """What is added to uvicorn's protocol; its methods are called by it, or by its parser."""

    seconds: Mapping[str, float]
    # Of uvicorn's protocol.
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    cycle: Any
    pipeline: Any
    # Our own.
    _joined: Joined
    _awaited = ""  # HEAD or BODY, or nothing
    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[misc]
        self._joined = Joined(transport)
        self._await(HEAD)

    def connection_lost(self, error: Exception | None) -> None:
        """Wait no more."""
        self._await("")
        super().connection_lost(error)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """Refuse a head that is too large."""
        super().data_received(data)  # type: ignore[misc]
        if self._awaited == HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(431, f"A head must have at most {MOST_HEAD_BYTES:,} bytes.")

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a further head."""
        super().on_message_begin()  # type: ignore[misc]
        if self._awaited != HEAD:
            self._await(HEAD)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        self._head_bytes = 0
        self._await(BODY)
        super().on_headers_complete()  # type: ignore[misc]
        self.cycle.transport = self._joined

    def on_message_complete(self) -> None:
        """Wait no more."""
        self._await("")
        super().on_message_complete()  # type: ignore[misc]

    def on_response_complete(self) -> None:
        """Send a head that had no body."""
        self._joined.flush()
        super().on_response_complete()  # type: ignore[misc]

    def send_400_response(self, _message: str) -> None:
        """Refuse what is no HTTP as everything else is refused."""
        self._refuse(400, "This is no request of HTTP/1.1.")

    def _await(self, what: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._awaited = what
        self._timer = self.loop.call_later(self.seconds[what], self._time_is_up) if what else None

    def _time_is_up(self) -> None:
        what, cycle = self._awaited, self.cycle
        running = cycle is not None and not cycle.response_complete
        if self.pipeline or (what == HEAD and running):
            self._await(what)  # a request before this one is still answered
        elif self._head_bytes or (what == BODY and running and not cycle.response_started):
            seconds = self.seconds[what]
            self._refuse(408, f"The {what} of a request must be there within {seconds:g} s.")
        else:
            self._await("")
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        self._await("")
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
