"""Labelled texts: the noun, how it is parted without leaks, and what is wrong with it."""

from textkaizen.data.checks import lone_languages, require, require_labelled, warnings
from textkaizen.data.corpus import Corpus, canonical, content_hash, without_empty
from textkaizen.data.parting import folds, hold_out, overlap, together

__all__ = [
    "Corpus",
    "canonical",
    "content_hash",
    "folds",
    "hold_out",
    "lone_languages",
    "overlap",
    "require",
    "require_labelled",
    "together",
    "warnings",
    "without_empty",
]
