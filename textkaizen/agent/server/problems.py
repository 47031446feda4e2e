"""What is said to a request that cannot be answered.

Source: RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request is answered with a status of its own and one sentence.

    Args:
        status: of HTTP, 400 to 599.
        detail: what must hold, what was found, what to do.
        headers: further ones.
        closes: whether the connection must not be used again.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        closes: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.closes = status, detail, closes
        self.headers = dict(headers or {}) | ({"connection": "close"} if closes else {})

    def body(self) -> bytes:
        """Return it as JSON."""
        return problem_body(self.status, self.detail)


def problem_body(status: int, detail: str) -> bytes:
    """Return a problem as JSON.

    Example:
        >>> problem_body(404, "There is nothing here.")
        b'{"title": "Not Found", "status": 404, "detail": "There is nothing here."}'
    """
    title = HTTPStatus(status).phrase
    return json.dumps({"title": title, "status": status, "detail": detail}).encode()
