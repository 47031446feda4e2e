"""The routes. What each does is in `service`, how it is described in `described`.

Annotations are no strings here: FastAPI reads them, and what they name is imported in the function.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from importlib.resources import files
from typing import Any

from textkaizen.agent.server import described
from textkaizen.agent.server.guard import GUARDED, App, Guard, Post
from textkaizen.agent.server.problems import MEDIA_TYPE, Problem, problem_body
from textkaizen.agent.server.reading import shown
from textkaizen.agent.server.service import Service

PAGE = {  # path -> file and type
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def create_app(service: Service) -> App:
    """Return the ASGI application of a service; it is closed when the application ends."""
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGHUP, asked.set)  # not on Windows, nor in a thread
        ways = (service.holder.watch(asked), service.metrics.keep_up())
        tasks = [asyncio.create_task(way) for way in ways]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.to_thread(service.close)

    app: Any = FastAPI(
        title="textkaizen",
        version="1",
        summary="A text classifier in use",
        description=described.ABOUT,
        docs_url=None,  # their page would load its scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={HTTPException: _refused, Problem: _own_problem, Exception: _mistake},
        redirect_slashes=False,
    )
    posts = _add_posts(app, service)
    _add_gets(app, service)
    _add_page(app)
    _describe(app, service)
    return Guard(app, posts, service, frozenset(route.path for route in app.routes))


def _add_posts(app: Any, service: Service) -> dict[str, Post]:
    """Add what reads a body; the guard answers it, here it is known by its path and its method."""
    posts: dict[str, Post] = {"/v1/reply": service.reply, "/v1/predict": service.predict}
    if service.why_of is not None:
        posts["/v1/why"] = service.why
    if service.store is not None:
        posts["/v1/feedback"] = service.feedback

    async def answered_by_the_guard() -> None:
        raise NotImplementedError

    for path in posts:
        app.add_api_route(path, answered_by_the_guard, methods=["POST"])
    return posts


def _add_gets(app: Any, service: Service) -> None:
    from fastapi import Response

    async def model() -> Response:
        return Response(service.model(), media_type="application/json")

    async def healthz() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def readyz() -> Response:
        if service.is_stopping:
            raise Problem(503, "The server is about to stop.")
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def metrics() -> Response:
        text, kind = service.metrics.page()
        return Response(text, headers={"content-type": kind})

    gets = {"/v1/model": model, "/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
    for path, endpoint in gets.items():
        app.add_api_route(path, endpoint, methods=["GET"], response_class=Response)


def _add_page(app: Any) -> None:
    from fastapi import Request, Response

    async def page(request: Request) -> Response:
        content, tag, kind = page_file(request.scope["path"])
        headers = {"etag": tag, "cache-control": "no-cache", "content-type": kind}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers)

    for path in PAGE:
        app.add_route(path, page, methods=["GET"], include_in_schema=False)


@cache
def page_file(path: str) -> tuple[bytes, str, str]:
    """Return a file of the page by its path: content, tag, type."""
    from hashlib import sha256

    name, kind = PAGE[path]
    content = (files("textkaizen.agent") / "page" / name).read_bytes()
    return content, f'"{sha256(content).hexdigest()[:32]}"', kind


async def _own_problem(_request: Any, problem: Problem) -> Any:
    from fastapi import Response

    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)


async def _mistake(request: Any, _error: Exception) -> Any:
    return await _own_problem(request, Problem(500, "The server has made a mistake."))


async def _refused(request: Any, error: Any) -> Any:
    """Answer what the router refuses: a path that there is not, a method that it does not have."""
    from fastapi import Response

    details = {
        404: "There is nothing at this path; /openapi.json lists what there is.",
        405: f"This path cannot be asked by {shown(request.method)}; Allow says by what it can.",
    }
    body = problem_body(error.status_code, details.get(error.status_code, str(error.detail)))
    return Response(body, error.status_code, error.headers, MEDIA_TYPE)


def _describe(app: Any, service: Service) -> None:
    """Put our descriptions in the place of those that FastAPI would make of types."""
    plain = app.openapi

    @cache
    def openapi() -> dict[str, Any]:
        found = plain()
        for path, methods in found["paths"].items():
            for method in methods.values():
                method |= described.PATHS[path](service.settings)
                if service.settings.token and path.startswith(GUARDED):
                    method["security"] = [{"token": []}]
        schemes = {"token": {"type": "http", "scheme": "bearer"}}
        found["components"] = {"securitySchemes": schemes} if service.settings.token else {}
        return found

    app.openapi = openapi
