"""Labelled texts and their one order.

A corpus is a value: nothing changes it, and a step of work returns another one. Rows are brought
into a canonical order before anything is drawn, so that the order of a file changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Corpus:
    """Texts and their labels.

    Args:
        texts, labels: one each a row.
        groups: rows of one group belong together; None: no row does.
        lines: line of the file where each row starts, from 1; empty when not from a file.
        name: for messages, usually the file's.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    lines: tuple[int, ...] = ()
    name: str = "these texts"

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def classes(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted(set(self.labels)))

    def take(self, rows: np.ndarray) -> Corpus:
        """Return some rows, in the order given."""
        places = np.asarray(rows).tolist()
        pick = lambda values: tuple(values[place] for place in places)
        return Corpus(
            pick(self.texts),
            pick(self.labels),
            None if self.groups is None else pick(self.groups),
            pick(self.lines) if self.lines else (),
            self.name,
        )


def canonical(corpus: Corpus) -> Corpus:
    """Sort the rows by text, label and group, so that the order of the file changes nothing.

    Example:
        >>> canonical(Corpus(("b", "a"), ("x", "y"))).texts
        ('a', 'b')
    """
    groups = corpus.groups or ("",) * len(corpus)
    keys = list(zip(corpus.texts, corpus.labels, groups, strict=True))
    return corpus.take(np.array(sorted(range(len(corpus)), key=keys.__getitem__), np.int64))


def content_hash(corpus: Corpus) -> str:
    """Return the SHA-256 of the rows in canonical order, in hexadecimal; groups count if any."""
    digest = hashlib.sha256()
    ordered = canonical(corpus)
    columns = [ordered.texts, ordered.labels]
    columns += [ordered.groups] if ordered.groups is not None else []
    for row in zip(*columns, strict=True):
        written = "".join(f"{len(value)}:{value}" for value in row)
        digest.update(written.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def without_empty(corpus: Corpus) -> Corpus:
    """Drop the rows whose text is empty or blank: there is nothing in them to learn from.

    What is blank here is just what `text.normalise` turns into the empty text.

    Example:
        >>> without_empty(Corpus(("a", " "), ("x", "y"))).texts
        ('a',)
    """
    filled = [row for row, text in enumerate(corpus.texts) if text.strip()]
    return corpus if len(filled) == len(corpus) else corpus.take(np.array(filled, np.int64))
