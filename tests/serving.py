"""Servers for tests: one without a network, and one in a process of its own; models to serve.

The models are linear and so are there in milliseconds. Those of `models(folder)` give their labels
in capital or small letters: an answer of both would show.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from command_line import ROWS, environment

from textkaizen.agent.server.app import create_app
from textkaizen.agent.server.guard import App
from textkaizen.agent.server.live import Holder
from textkaizen.agent.server.service import Service
from textkaizen.agent.server.settings import Settings
from textkaizen.data import Corpus
from textkaizen.files.conversations import ConversationStore
from textkaizen.files.models import save_model
from textkaizen.model import Model, learn_linear
from textkaizen.recipe import Recipe

JSON = {"content-type": "application/json"}
HOST = {"host": "127.0.0.1:8000"}
SCRIPT = """
import sys
from pathlib import Path
from textkaizen.agent.server.run import serve
from textkaizen.agent.server.settings import Settings
asked = eval(sys.argv[1])  # written by the test
serve(Settings(**asked), lambda told: print(told, flush=True))
"""
STOP_SECONDS = 30


class Answer(NamedTuple):
    """What a server has answered: headers with small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@cache
def model(shout: bool = False) -> Model:
    """A model of three classes, whose names are in capitals if it shouts."""
    texts, labels = zip(*ROWS, strict=True)
    names = tuple(label.upper() for label in labels) if shout else labels
    return learn_linear(Corpus(texts, names), Recipe(), seed=0)


def served(folder: Path, store: bool = False, **asked: Any) -> Service:
    """A service of the small model, saved in a folder."""
    save_model(model(), folder / "model")
    settings = Settings(folder / "model", **asked)
    kept = ConversationStore(folder / "kept.sqlite") if store else None
    return Service(settings, Holder(settings), kept)


def ask(
    service: Service,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    pieces: Sequence[bytes] | None = None,
    client: str = "127.0.0.1",
) -> Answer:
    """Ask a service without a network; a body that is no bytes is sent as JSON."""
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    sent = HOST | (JSON if method == "POST" else {}) | (headers or {})
    if pieces is None:
        sent = {"content-length": str(len(content))} | sent
    pieces = pieces or [content]
    messages = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]
    return asyncio.run(_ask(service, method, path, sent, messages, client))


@cache
def app_of(service: Service) -> App:
    """The application of a service; a client's rate is counted there."""
    return create_app(service)


async def _ask(
    service: Service,
    method: str,
    path: str,
    headers: dict[str, str],
    messages: Sequence[dict[str, Any]],
    client: str,
) -> Answer:
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method},
        **{"scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b""},
        **{"root_path": "", "client": (client, 50000), "server": ("127.0.0.1", 8000)},
        "headers": [(n.encode(), v.encode("latin-1")) for n, v in headers.items() if v is not None],
    }
    coming = iter(messages)
    said: list[Any] = []

    async def receive() -> Any:
        for message in coming:
            return message
        await asyncio.Event().wait()  # nothing more comes, and nobody goes

    async def send(message: Any) -> None:
        said.append(message)

    await app_of(service)(scope, receive, send)
    told = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return Answer(said[0]["status"], told, b"".join(one.get("body", b"") for one in said[1:]))


class Process(NamedTuple):
    """A server in a process of its own."""

    popen: subprocess.Popen
    port: int

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Ask on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            return send(connection, method, path, body, headers)
        finally:
            connection.close()

    def raw(self, sent: bytes, wait: bool = True) -> bytes:
        """Send bytes and return all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(sent)
            parts = []
            while wait and (part := connection.recv(65536)):
                parts.append(part)
            return b"".join(parts)

    def stop(self) -> int:
        """Ask for the end; return the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(STOP_SECONDS)


def send(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Ask on a connection that may be used again."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection.request(method, path, content, (JSON if body is not None else {}) | (headers or {}))
    answer = connection.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, told, answer.read())


@contextmanager
def process(folder: Path, shout: bool = False, **asked: Any) -> Iterator[Process]:
    """Serve a small model in a process of its own; what it has logged is in `folder/log`."""
    save_model(model(shout), folder / "model")
    asked = {"model": folder / "model", "port": 0} | asked
    written = "{" + ", ".join(f"{k!r}: {_literal(v)}" for k, v in asked.items()) + "}"
    with (folder / "log").open("wb") as log:
        popen = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", "-c", SCRIPT, written],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(OMP_NUM_THREADS="1"),
        )
        try:
            told = popen.stdout.readline().decode()
            assert "http://" in told, (folder / "log").read_text(encoding="utf-8")
            yield Process(popen, int(told.split("127.0.0.1:")[1].split("/")[0]))
        finally:
            if popen.poll() is None:
                os.kill(popen.pid, signal.SIGKILL)
            popen.wait(STOP_SECONDS)
            popen.stdout.close()


def _literal(value: Any) -> str:
    return f"Path({str(value)!r})" if isinstance(value, Path) else repr(value)
