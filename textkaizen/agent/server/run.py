"""Sockets, signals, workers: how a server begins and how it ends.

SIGTERM (and Ctrl-C) ends it without losing a request: nothing new is let in, what is open may still
send for a moment and is told to close with its answer, everything accepted is answered, and what is
to be kept is written. SIGHUP looks for a new model at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from textkaizen.agent.server.guard import LOG
from textkaizen.agent.server.live import Holder, load
from textkaizen.agent.server.metrics import SHARED
from textkaizen.agent.server.service import Service
from textkaizen.agent.server.settings import Settings
from textkaizen.agent.server.several import end_with_parent, oversee
from textkaizen.errors import MissingExtraError, UsageError
from textkaizen.files.conversations import ConversationStore

NEEDED = ("fastapi", "httptools", "orjson", "prometheus_client", "uvicorn")
BACKLOG = 2048
MOST_CONNECTIONS = 1000  # of a worker; further ones are told 503
DRAIN_LOOKS_SECONDS = 0.02


def serve(settings: Settings, tell: Callable[[str], Any]) -> None:
    """Serve until a signal ends it.

    Args:
        settings: what is asked.
        tell: told where the server is, once it can be asked.

    Raises:
        MissingExtraError: what a server needs is not installed.
        TextkaizenError: the model, the replies or the store cannot be used.
        UsageError: the address cannot be listened at.
    """
    require_installed()
    if settings.workers == 1:
        _end_at_sigterm()
        service = make_service(settings)
        with listening(settings) as heard:
            tell(_where(settings, heard))
            run(service, [heard])
        return
    load(settings)  # what is wrong is said here, once, and not by each worker
    if settings.store is not None:
        ConversationStore(settings.store).close()
    # The counters of all workers, which are told together; named before they are first imported.
    with (
        tempfile.TemporaryDirectory(prefix="textkaizen-") as counters,
        listening(settings) as heard,
    ):
        os.environ[SHARED] = counters
        _log_here()
        tell(_where(settings, heard))
        from prometheus_client.multiprocess import mark_process_dead

        interrupted = oversee(_work, (settings, heard), settings.workers, mark_process_dead)
        del os.environ[SHARED]
    if interrupted:
        raise KeyboardInterrupt


def require_installed() -> None:
    """Refuse to begin without what a server needs.

    Raises:
        MissingExtraError: with the command that installs it.
    """
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"A server needs {', '.join(missing)}, which is not installed. "
            'Run `pip install "textkaizen[serve]"`.'
        )


def make_service(settings: Settings) -> Service:
    """Load the model and open the store.

    Raises:
        TextkaizenError: one of them cannot be used.
    """
    holder = Holder(settings, LOG.info)
    store = ConversationStore(settings.store, LOG.error) if settings.store is not None else None
    return Service(settings, holder, store)


def listening(settings: Settings) -> socket.socket:
    """Return a socket that listens at the address.

    Raises:
        UsageError: it is in use, or not ours.
    """
    address = settings.host, settings.port
    try:
        kind = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server(address, family=kind, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"A server must have an address of its own; {settings.host}, port {settings.port}, "
            f"cannot be had: {getattr(error, 'strerror', None) or error}. Name another by --host "
            "or --port."
        ) from error


def run(service: Service, sockets: list[socket.socket]) -> None:
    """Serve in this process until a signal ends it."""
    _log_here()
    server = server_of(service)
    # What is there now stays: answers must not wait while a collection looks through all of it.
    gc.collect()
    gc.freeze()
    server.run(sockets=sockets)


def server_of(service: Service) -> Any:
    """Return uvicorn's server of a service; `run(sockets)` begins, `should_exit` ends it."""
    from uvicorn import Config

    from textkaizen.agent.server.app import create_app
    from textkaizen.agent.server.connection import connection_class

    settings = service.settings
    longest = settings.body_seconds + settings.answer_seconds
    config = Config(
        create_app(service),
        http=connection_class(settings.head_seconds, settings.body_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=math.ceil(settings.idle_seconds),
        timeout_graceful_shutdown=math.ceil(longest) + 5,
    )
    return _server_class()(config, service)


def _work(settings: Settings, heard: socket.socket) -> None:
    """Be one of several workers; Ctrl-C is for the process that has started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    _log_here()
    run(make_service(settings), [heard])


def _end_at_sigterm() -> None:
    """Have SIGTERM end this process with status 0.

    While it serves, uvicorn takes the signal, and raises it again when all is answered.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _server_class() -> Any:
    from uvicorn import Server

    class Draining(Server):
        def __init__(self, config: Any, service: Service) -> None:
            super().__init__(config)
            self.service = service

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """Let nothing new in, and give what is open the time to send what it has begun."""
            self.service.is_stopping = True
            await asyncio.sleep(0)  # what the system has accepted for us is taken over first
            for server in self.servers:
                server.close()
            loop = asyncio.get_running_loop()
            ends = loop.time() + self.service.settings.grace_seconds
            while self.server_state.connections and loop.time() < ends and not self.force_exit:
                await asyncio.sleep(DRAIN_LOOKS_SECONDS)
            await super().shutdown(sockets)

    return Draining


def _where(settings: Settings, heard: socket.socket) -> str:
    host, port = heard.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    kept = f"conversations are kept in {settings.store}" if settings.store else "nothing is kept"
    return f"Serving {settings.model} at http://{shown}:{port}/ ({kept}). Ctrl-C ends it."


def _log_here() -> None:
    """Write what is worth knowing to standard error; requests are counted, not written."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for name, level in (("textkaizen.server", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
