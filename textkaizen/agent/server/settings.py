"""What a server is asked, and what it refuses to do."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textkaizen.errors import UsageError

TOKEN_VARIABLE = "TEXTKAIZEN_TOKEN"
SHORTEST_TOKEN = 16  # characters: 64 bits as hexadecimal digits
PUBLIC_RATE = 20.0  # requests a second of one client, where the address is not this machine's own
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
LARGEST_ESCAPE = 12  # bytes that JSON may take for one character: two escapes of six


@dataclass(frozen=True)
class Settings:
    """What a server is asked.

    Args:
        model: folder.
        replies: CSV with the columns label and reply; None says labels.
        host: address or name to listen at.
        port: 0 takes any that is free.
        token: that requests must carry; None asks for none.
        is_open: listen at an address that others reach although there is no token.
        workers: processes, >= 1.
        store: SQLite file for requests, replies and thumbs; None keeps nothing.
        rate: requests a second of one client, shared out among workers; 0 is off; None is off on
            loopback and PUBLIC_RATE elsewhere.
        characters: longest text.
        texts: most texts of one request.
        head_seconds: until the head of a request must be there.
        body_seconds: until its body must be there.
        answer_seconds: until it must be answered.
        idle_seconds: how long a connection may wait between requests.
        grace_seconds: how long, at the end, connections that wait may still send a request.
        watch_seconds: between looks at the model's folder.
    """

    model: Path
    replies: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    is_open: bool = False
    workers: int = 1
    store: Path | None = None
    rate: float | None = None
    characters: int = 10_000
    texts: int = 1000
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    answer_seconds: float = 30.0
    idle_seconds: float = 30.0
    grace_seconds: float = 1.0
    watch_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not (self.is_open or self.token or is_loopback(self.host)):
            raise UsageError(
                f"A server that others can reach must ask for a token; {self.host} is not an "
                f"address of this machine alone, and there is no token. Set {TOKEN_VARIABLE} or "
                "--token-file, or let everybody in by --open."
            )

    @property
    def body_bytes(self) -> int:
        """Largest body of a request, bytes: one text of the longest kind always fits."""
        return max(2**20, LARGEST_ESCAPE * self.characters + 2**12)

    @property
    def rate_of_worker(self) -> float:
        """Requests a second that one worker takes of one client; 0 is off."""
        if self.rate is not None:
            return self.rate / self.workers
        return 0.0 if is_loopback(self.host) else PUBLIC_RATE / self.workers

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that a request may call this server by; none: any.

        A page of another site can let its own name point at this machine, and would so be let in
        by whoever visits it. Where neither a token nor `is_open` says who may come in, only names
        of this machine are taken.
        """
        return () if self.token or self.is_open else LOOPBACK_NAMES


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach an address.

    Example:
        >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "me.org")]
        [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_from(file: Path | None, variables: Mapping[str, str] = os.environ) -> str | None:
    """Return the token of a file or, without one, of the environment; None where there is neither.

    Raises:
        UsageError: the file cannot be read, or the token is too short or cannot be sent.
    """
    if file is not None:
        where = str(file)
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            found = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageError(
                f"The file of the token must be readable; {file} is not: {found}. Name another one."
            ) from error
    elif (found := variables.get(TOKEN_VARIABLE)) is not None:
        where, token = TOKEN_VARIABLE, found.strip()
    else:
        return None
    if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()):
        raise UsageError(
            f"A token must have at least {SHORTEST_TOKEN} characters, printable and of ASCII; that "
            f"of {where} has not. `openssl rand -hex 32` makes a good one."
        )
    return token
