"""How many requests a client may send: a bucket of tokens for each, which fills steadily."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

BURST_SECONDS = 2.0  # worth of requests that may come at once
MOST_CLIENTS = 10_000  # remembered; who has waited longest is forgotten, and begins anew


class Rates:
    """Buckets of all clients.

    Args:
        rate: requests a second, > 0.
        clock: seconds, never going back.

    Example:
        >>> rates = Rates(0.5, clock=lambda: 0.0)
        >>> rates.wait("me"), rates.wait("me"), rates.wait("you")
        (0.0, 2.0, 0.0)
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._most = max(1.0, rate * BURST_SECONDS)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Take a token; return 0, or the seconds until there is one again."""
        now = self._clock()
        tokens, then = self._buckets.pop(client, (self._most, now))
        tokens = min(self._most, tokens + (now - then) * self._rate)
        missing = 1.0 - tokens
        self._buckets[client] = (tokens if missing > 0 else tokens - 1.0, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return max(0.0, missing / self._rate)


def client_of(address: str) -> str:
    """Return what counts as one client: of IPv6 the network of 64 bits that one line is given.

    Example:
        >>> client_of("192.0.2.7"), client_of("2001:db8:1:2:3::4")
        ('192.0.2.7', '2001:db8:1:2')
    """
    if ":" not in address:
        return address
    import ipaddress

    try:
        whole = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(whole) >> 64 << 64)).rstrip(":")
