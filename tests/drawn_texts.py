"""Texts whose classes are known and can be confused: as many as one likes, always the same ones."""

from __future__ import annotations

import numpy as np

from textkaizen.data import Corpus

WORDS = {
    "fees": ["fine", "charge", "pay", "owe", "cost", "money"],
    "hours": ["open", "close", "sunday", "evening", "noon", "when"],
    "loss": ["lost", "missing", "gone", "stolen", "found", "wallet"],
    "renewal": ["renew", "extend", "prolong", "longer", "keep", "due"],
}
STRANGE = ["weather", "recipe", "football", "train", "pasta", "rain", "goal", "oven", "cloud"]
EVERY = [word for words in WORDS.values() for word in words]


def drawn_corpus(texts: int, seed: int, classes: tuple[str, ...] = tuple(WORDS)) -> Corpus:
    """Draw labelled texts of seven words each; some have hardly a word of their own class."""
    generator = np.random.default_rng([31, seed])
    found, labels = [], []
    for _ in range(texts):
        label = classes[generator.integers(len(classes))]
        clear = 0.15 + 0.85 * generator.random()
        own = [
            generator.choice(WORDS[label] if generator.random() < clear else EVERY)
            for _ in range(7)
        ]
        found.append(" ".join(own))
        labels.append(label)
    return Corpus(tuple(found), tuple(labels))


def drawn_strange(texts: int, seed: int) -> tuple[str, ...]:
    """Draw texts that belong to no class, some known words among theirs."""
    generator = np.random.default_rng([32, seed])
    every = [*STRANGE, *STRANGE, *EVERY]
    return tuple(" ".join(generator.choice(every, 7)) for _ in range(texts))
