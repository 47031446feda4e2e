"""What Prometheus is told. Counters are in a registry of our own; with several workers they are
kept in files that all of them write, and whichever is asked adds them up.

No text, no label and no address is in them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import cache
from typing import Any

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GAUGE_SECONDS = 1.0
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # names the folder of those files; prometheus-client reads it


class Metrics:
    """Counts of one process.

    Args:
        gauges: name -> (what it is, function that returns it), read when Prometheus asks.
    """

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], float]]]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = registry = CollectorRegistry()
        requests = Counter(
            "textkaizen_requests",
            "Requests by path and status.",
            ["path", "status"],
            registry=registry,
        )
        seconds = Histogram(
            "textkaizen_request_seconds",
            "From the head of a request to the end of its answer.",
            ["path"],
            buckets=BUCKETS,
            registry=registry,
        )
        replies = Counter(
            "textkaizen_replies",
            "Replies: answered, asked back, or not known.",
            ["kind"],
            registry=registry,
        )
        thumbs = Counter("textkaizen_thumbs", "Thumbs given.", ["thumb"], registry=registry)
        # A child is found by its labels: once, for it takes as long as counting.
        self._requests = cache(lambda path, status: requests.labels(path, str(status)))
        self._seconds = cache(lambda path: seconds.labels(path))
        self._replies = cache(lambda kind: replies.labels(kind))
        self._thumbs = cache(lambda thumb: thumbs.labels(thumb))
        self._gauges: list[tuple[Any, Callable[[], float]]] = [
            (Gauge(name, about, registry=registry, multiprocess_mode="livesum"), read)
            for name, (about, read) in gauges.items()
        ]

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request; `path` is one of ours, or "other"."""
        self._requests(path, status).inc()
        self._seconds(path).observe(seconds)

    def reply(self, kind: str) -> None:
        """Count a reply: "answered", "between" or "unknown"."""
        self._replies(kind).inc()

    def thumb(self, thumb: str) -> None:
        """Count a thumb: "up" or "down"."""
        self._thumbs(thumb).inc()

    async def keep_up(self) -> None:
        """Read the gauges now and then, for ever: with several workers one tells those of all."""
        while True:
            self.refresh()
            await asyncio.sleep(GAUGE_SECONDS)

    def refresh(self) -> None:
        """Read the gauges."""
        for gauge, read in self._gauges:
            gauge.set(read())

    def page(self) -> tuple[bytes, str]:
        """Return the text that Prometheus reads, and its type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        self.refresh()
        registry = self._registry
        if SHARED in os.environ:
            from prometheus_client.multiprocess import MultiProcessCollector

            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
