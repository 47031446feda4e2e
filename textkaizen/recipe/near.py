"""The nearest known name to one that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


def near(value: Any, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known name, "" when none is near."""
    found = difflib.get_close_matches(str(value).lower(), list(known), n=1, cutoff=0.5)
    return f"; did you mean '{found[0]}'?" if found else ""
