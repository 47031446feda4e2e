"""What holds for every request, before and after its route.

Who may come in (name of the server, origin, token, rate), headers that every answer has, what is
counted, and that a mistake of ours is told without its trace.
"""

from __future__ import annotations

import hmac
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from textkaizen.agent.server.limits import Rates, client_of
from textkaizen.agent.server.problems import MEDIA_TYPE, Problem
from textkaizen.agent.server.reading import Gone, Receive, discard, read_body
from textkaizen.agent.server.service import Service

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Post = Callable[[bytes], Awaitable[bytes]]

LOG = logging.getLogger("textkaizen.server")
# Nothing is loaded from elsewhere, nothing in a page is run but our own file, no page frames ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
JSON = (b"content-type", b"application/json")
CLOSE = (b"connection", b"close")
NOT_KEPT = (b"cache-control", b"no-store")  # answers are about what somebody wrote
GUARDED = ("/v1/", "/metrics")  # need the token; the page, its files and health do not
UNLIMITED = ("/healthz", "/readyz", "/metrics")  # asked by machines, at their own pace
GONE = 499  # counted where nobody waits for an answer any more


class Guard:
    """Wraps the routes, and answers those that are asked most by itself.

    FastAPI takes longer for a request than the answer does (`benchmarks.serving`), so the functions
    that read a body and return one are called from here.

    Args:
        app: the other routes.
        posts: path -> what makes an answer of a body.
        service: with the settings.
        paths: what is counted by its own name.
    """

    def __init__(
        self, app: App, posts: Mapping[str, Post], service: Service, paths: frozenset[str]
    ) -> None:
        self._app, self._posts, self._service, self._paths = app, posts, service, paths
        settings = service.settings
        self._most = settings.body_bytes
        self._token = settings.token.encode() if settings.token else None
        self._hosts = {name.encode() for name in settings.hosts}
        rate = settings.rate_of_worker
        self._rates = Rates(rate) if rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] == "http":
            begun, path = time.perf_counter(), scope["path"]
            name = path if path in self._paths else "other"
            status = await self._answer(scope, receive, send)
            self._service.metrics.request(name, status, time.perf_counter() - begun)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer a request; return the status."""
        path = scope["path"]
        try:
            self._admit(scope, path)
            post = self._posts.get(path) if scope["method"] == "POST" else None
            if post is None:
                return await self._pass_on(scope, receive, send)
            body = await post(await read_body(scope, receive, self._most))
        except Problem as problem:
            return await self._refuse(problem, scope, receive, send)
        except Gone:
            return GONE
        except Exception:
            LOG.exception("A request to %s has failed.", path if path in self._paths else "a path")
            mistake = Problem(500, "The server has made a mistake. It is written in its log.")
            return await self._refuse(mistake, scope, receive, send)
        headers = [JSON, (b"content-length", b"%d" % len(body)), *self._headers(path)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return 200

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Have the other routes answer, with our headers; return the status."""
        status = 0

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._headers(scope["path"])]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            if not status:
                raise
            LOG.exception("A request has failed.")  # what was sent says that, and no more
        return status

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> int:
        """Send a problem; where the connection ends with it, let the client hear it first."""
        body = problem.body()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            *((name.encode(), value.encode()) for name, value in problem.headers.items()),
            *self._headers(scope["path"]),
        ]
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": problem.closes})
        if problem.closes:
            if not any(name == b"expect" for name, _ in scope["headers"]):
                await discard(receive)
            await send({"type": "http.response.body", "body": b""})
        return problem.status

    def _headers(self, path: str) -> list[tuple[bytes, bytes]]:
        """Return what every answer carries."""
        headers = [*HEADERS, NOT_KEPT] if path.startswith(GUARDED) else HEADERS
        return [*headers, CLOSE] if self._service.is_stopping else headers

    def _admit(self, scope: Scope, path: str) -> None:
        """Let a request in.

        Raises:
            Problem: it is not for us, not from our page, without the token, or one too many.
        """
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"")
        if self._hosts and _name_of(host) not in self._hosts:
            raise Problem(
                421, "This server goes by the names of its own machine only, such as localhost."
            )
        origin = headers.get(b"origin")
        if origin is not None and origin.partition(b"://")[2] != host:
            raise Problem(403, "Pages of other sites may not ask this server.")
        if self._rates is not None and path not in UNLIMITED:
            client = scope.get("client")
            wait = self._rates.wait(client_of(client[0]) if client else "")
            if wait:
                seconds = str(math.ceil(wait))
                raise Problem(
                    429, f"Too many requests. Try again in {seconds} s.", {"retry-after": seconds}
                )
        if self._token is not None and path.startswith(GUARDED):
            scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
            # Compared in a time that tells nothing of where the two differ.
            if not hmac.compare_digest(token.strip(), self._token) or scheme.lower() != b"bearer":
                raise Problem(
                    401,
                    "The token is missing or wrong: send the header Authorization: Bearer TOKEN.",
                    {"www-authenticate": "Bearer"},
                )


def _name_of(host: bytes) -> bytes:
    """Return the name of a Host header without its port."""
    if host.startswith(b"["):
        return host.partition(b"]")[0] + b"]"
    return host.partition(b":")[0].lower()
