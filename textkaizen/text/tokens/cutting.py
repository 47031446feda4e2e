"""Analysing texts: here or in other processes, each analyser read once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from textkaizen.text.tokens import apart
from textkaizen.text.tokens.analysis import Analyser, Batch, by_stretches

_READ: dict[str, Batch] = {}
_READING = Lock()
_LOCKS: dict[str, Lock] = {}  # analysers are not made for several threads at once


def analyse(analyser: Analyser, texts: Sequence[str]) -> list[str]:
    """Return the analysis of each text.

    Args:
        analyser: what analyses.
        texts: readable ones, of any length.
    """

    def here(batch: Sequence[str]) -> list[str]:
        own = _batch_of(analyser)
        with _LOCKS[analyser.name]:
            return list(own(batch))

    def batch(texts: Sequence[str]) -> list[str]:
        if analyser.apart and apart.are_worth_it(texts):
            return apart.analyse_apart(analyser.name, texts, here)
        return here(texts)

    return by_stretches(texts, batch)


def _batch_of(analyser: Analyser) -> Batch:
    with _READING:
        if analyser.name not in _READ:
            _LOCKS[analyser.name] = Lock()
            _READ[analyser.name] = analyser.make()
        return _READ[analyser.name]
