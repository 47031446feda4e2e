"""Labelled texts, brought into one order and parted without leaks.

Texts that belong together (equal once normalised, or of one group) form a unit; a unit is never on
both sides of a split. Rows are brought into a canonical order first, so that the order of a file
changes nothing. Callers say which texts are equal: this module knows nothing of normalising.

Rejected: scikit-learn's StratifiedGroupKFold (a Python loop with a standard deviation for each
group: minutes at 200,000 texts).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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
    """Return the SHA-256 of the rows in canonical order, in hexadecimal."""
    digest = hashlib.sha256()
    ordered = canonical(corpus)
    for text, label in zip(ordered.texts, ordered.labels, strict=True):
        digest.update(f"{len(text)}:{text}{len(label)}:{label}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def together(corpus: Corpus, equal: Sequence[str]) -> np.ndarray:
    """Number the units: rows with the same key or of the same group share a number, transitively.

    Args:
        corpus: the rows.
        equal: a key a row; rows with the same key are the same text.

    Returns:
        int64 [rows], numbered from 0 in order of first appearance.

    Example:
        >>> together(Corpus(("a", "A", "b"), ("x", "x", "y")), ["a", "a", "b"]).tolist()
        [0, 0, 1]
    """
    parent = list(range(len(corpus)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for keys in (equal, corpus.groups):
        first: dict[str, int] = {}
        for row, key in enumerate(keys if keys is not None else ()):
            parent[root(row)] = root(first.setdefault(key, row))
    numbers: dict[int, int] = {}
    roots = (root(row) for row in range(len(corpus)))
    return np.array([numbers.setdefault(r, len(numbers)) for r in roots], np.int64)


def hold_out(labels: Sequence, units: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Draw rows to hold out: stratified by label, whole units, seeded.

    Each class gives its share, rounded so that the sum is the share of all rows, and keeps at
    least one row. Units of several rows go only where they fit.

    Args:
        labels: one a row.
        units: int [rows], see `together`.
        share: of the rows, 0 <= share < 1.
        seed: of the draw.

    Returns:
        bool [rows], True where held out.
    """
    classes, label = np.unique(np.asarray(labels), return_inverse=True)
    generator = np.random.default_rng([seed, 11])
    counts = np.bincount(label, minlength=len(classes))
    exact = share * counts
    wanted = np.floor(exact).astype(int)
    rest = round(share * len(label)) - wanted.sum()
    order = np.lexsort((generator.random(len(classes)), -(exact - wanted)))
    wanted[order[: max(rest, 0)]] += 1
    wanted = np.minimum(wanted, counts - 1)
    held = np.zeros(len(label), bool)
    several, singles = _units(units, generator)
    have = np.zeros(len(classes), int)
    for rows in several:
        adds = np.bincount(label[rows], minlength=len(classes))
        if (have + adds <= wanted).all():
            held[rows] = True
            have += adds
    for number in range(len(classes)):
        own = singles[label[singles] == number]
        held[own[: wanted[number] - have[number]]] = True
    return held


def folds(labels: Sequence, units: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Deal the rows into folds: stratified by label, shuffled, whole units, seeded.

    Units of several rows are dealt first, the largest first, each to the fold that has the fewest
    rows of its classes; single rows then level every class out, and the folds as far as they can.

    Args:
        labels: one a row.
        units: int [rows], see `together`.
        count: folds, >= 2.
        seed: of the shuffle.

    Returns:
        int64 [rows], from 0 to count - 1.
    """
    classes, label = np.unique(np.asarray(labels), return_inverse=True)
    generator = np.random.default_rng([seed, 12])
    fold = np.full(len(label), -1, np.int64)
    have = np.zeros((len(classes), count), np.int64)
    several, singles = _units(units, generator)
    for rows in sorted(several, key=len, reverse=True):
        own, adds = np.unique(label[rows], return_counts=True)
        place = np.lexsort((generator.random(count), have.sum(0), (have[own].T @ adds)))[0]
        fold[rows] = place
        have[own, place] += adds
    of_class = label[singles]
    by_class = np.argsort(of_class, kind="stable")
    bounds = np.searchsorted(of_class[by_class], np.arange(len(classes) + 1))
    for number in generator.permutation(len(classes)):
        rows = singles[by_class[bounds[number] : bounds[number + 1]]]
        # Fill each class from its emptiest fold up; between equals the emptiest fold of all.
        rank = np.empty(count, np.int64)
        rank[np.lexsort((generator.random(count), have.sum(0)))] = np.arange(count)
        levels = have[number][:, None] + np.arange(len(rows))
        slots = np.lexsort((np.repeat(rank, len(rows)), levels.ravel()))[: len(rows)]
        dealt = slots // max(len(rows), 1)
        fold[rows] = dealt
        have[number] += np.bincount(dealt, minlength=count)
    return fold


def overlap(training: Sequence[str], test: Sequence[str]) -> np.ndarray:
    """Say which training rows have a text that also stands in the test: bool [training rows].

    Args:
        training, test: a key a row; equal texts have equal keys.
    """
    there = set(test)
    return np.fromiter((key in there for key in training), bool, len(training))


def _units(
    units: np.ndarray, generator: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the units of several rows, shuffled, and the single rows, shuffled."""
    units = np.asarray(units)
    order = np.argsort(units, kind="stable")
    _, starts, sizes = np.unique(units[order], return_index=True, return_counts=True)
    several = [
        order[starts[place] : starts[place] + sizes[place]]
        for place in generator.permutation(len(starts)).tolist()
        if sizes[place] > 1
    ]
    return several, generator.permutation(order[starts[sizes == 1]])
