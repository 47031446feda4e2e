"""A request's body: never more of it than is allowed, and JSON of the form that is described.

What is wrong is told by a `Problem`: 400 no JSON, 413 too large, 415 another type,
422 JSON of another form. Only `application/json` is taken: a form of another site could send
anything else without being asked.
"""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

from textkaizen.agent.server.problems import Problem
from textkaizen.errors import listed

JSON_TYPE = b"application/json"
MOST_DISCARDED = 64 * 2**20  # bytes that are read of a body nobody wants, so that its sender can
DISCARD_SECONDS = 3.0  # hear why; and for how long
CONVERSATION_CHARACTERS = 64

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Gone(Exception):
    """The client has gone; there is nobody to answer."""


async def read_body(scope: Mapping[str, Any], receive: Receive, most: int) -> bytes:
    """Return the body of a request of at most so many bytes.

    Raises:
        Problem: it is not JSON by its type, or too large.
        Gone: nobody waits for an answer any more.
    """
    length = 0
    headers = {name: value for name, value in scope["headers"] if name.startswith(b"content-")}
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != JSON_TYPE:
        raise Problem(
            415,
            "The body must be JSON and say so: send the header Content-Type: application/json.",
            closes=True,
        )
    if b"content-encoding" in headers:
        raise Problem(415, "The body must be sent as it is, without a coding.", closes=True)
    told = headers.get(b"content-length", b"0")
    if told.isdigit() and int(told) > most:
        refuse_large(most)
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(part := message.get("body", b""))
        length += len(part)
        if length > most:
            refuse_large(most)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def refuse_large(most: int) -> NoReturn:
    """Raise the problem of a body of more than so many bytes."""
    raise Problem(
        413, f"The body must have at most {most:,} bytes. Send less at once.", closes=True
    )


async def discard(receive: Receive) -> None:
    """Read what still comes of a body, for a while, and forget it.

    A connection that is closed while its client still sends is reset, and takes the answer along.
    """
    length = 0
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while length < MOST_DISCARDED:
                message = await receive()
                length += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def parse(body: bytes, needed: Mapping[str, str], optional: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a JSON object.

    Args:
        body: UTF-8.
        needed, optional: names of the fields, with what each must be, for the message.

    Raises:
        Problem: it is no JSON object, a field is missing, or there is one too many.
    """
    import orjson

    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            body.decode()
        except UnicodeDecodeError as wrong:
            raise Problem(400, f"The body must be UTF-8; byte {wrong.start} is not.") from None
        raise Problem(400, f"The body must be JSON: {error}.") from None
    if not isinstance(values, dict):
        raise Problem(422, "The body must be a JSON object: {...}.")
    for name, form in needed.items():
        if name not in values:
            raise Problem(422, f"{name} is missing: {form}.")
    if len(values) > len(needed):
        known = [*needed, *optional]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(name[:100], known, n=1)
                meant = f"; did you mean {near[0]}?" if near else f"; there are {listed(known)}."
                raise Problem(422, f"There is no field {shown(name)}{meant}")
    return values


def checked_text(value: Any, most: int, name: str = "text") -> str:
    """Return a text.

    Raises:
        Problem: it is none, empty, or too long.
    """
    if not isinstance(value, str):
        raise Problem(422, f"{name} must be a string; found {shown(value)}.")
    if not value or len(value) > most:
        raise Problem(422, f"{name} must have 1 to {most:,} characters; it has {len(value):,}.")
    return value


def shown(value: Any) -> str:
    """Return a value as JSON, shortened: what is sent back must not be long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
