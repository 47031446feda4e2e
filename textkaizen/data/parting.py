"""Rows parted without leaks: what belongs together is never on both sides of a split.

Texts that belong together (equal once normalised, or of one group) form a unit; a unit is never
torn apart. Callers say which texts are equal: this module knows nothing of normalising.

Rejected: scikit-learn's StratifiedGroupKFold (a Python loop with a standard deviation for each
group: minutes at 200,000 texts).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textkaizen.data.corpus import Corpus


def together(corpus: Corpus, equal: Sequence[str]) -> np.ndarray:
    """Number the units: rows with the same key or of the same group share a number, transitively.

    Args:
        corpus: the rows; one whose group is the empty string is of no group.
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

    groups = (None if group == "" else group for group in corpus.groups or ())
    for keys in (equal, groups):
        first: dict[str, int] = {}
        for row, key in enumerate(keys):
            if key is not None:
                parent[root(row)] = root(first.setdefault(key, row))
    numbers: dict[int, int] = {}
    roots = (root(row) for row in range(len(corpus)))
    return np.array([numbers.setdefault(r, len(numbers)) for r in roots], np.int64)


def hold_out(
    labels: Sequence, units: np.ndarray, share: float, seed: int, keep: int = 1
) -> np.ndarray:
    """Draw rows to hold out: stratified by label, whole units, seeded.

    Each class gives its share, rounded so that the sum is the share of all rows, as far as it
    keeps `keep` rows. A unit of several rows goes where that brings the classes nearer to their
    shares; single rows then fill up. With a few large units the share can be missed widely, and
    where no unit fits nothing is held out.

    Args:
        labels: one a row.
        units: int [rows], see `together`.
        share: of the rows, 0 <= share < 1.
        seed: of the draw.
        keep: rows of each class that stay, >= 1; a smaller class stays whole.

    Returns:
        bool [rows], True where held out.
    """
    label, classes = _numbered(labels)
    generator = np.random.default_rng([seed, 11])
    counts = np.bincount(label, minlength=classes)
    most = np.maximum(counts - keep, 0)
    wanted = np.minimum(_shares(counts, share, generator), most)
    held = np.zeros(len(label), bool)
    several, singles = _units(units, generator)
    have = np.zeros(classes, int)
    for rows in several:
        own, adds = np.unique(label[rows], return_counts=True)
        gap = wanted[own] - have[own]
        # Squared distance to the shares: (gap - adds)^2 < gap^2, summed over the unit's classes.
        if (adds * (adds - 2 * gap)).sum() < 0 and (have[own] + adds <= most[own]).all():
            held[rows] = True
            have[own] += adds
    for number in range(classes):
        own = singles[label[singles] == number]
        held[own[: max(wanted[number] - have[number], 0)]] = True
    return held


def _shares(counts: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Return a share of each count in whole numbers that add up to the share of all."""
    exact = share * counts
    wanted = np.floor(exact).astype(int)
    rest = round(share * counts.sum()) - wanted.sum()
    order = np.lexsort((generator.random(len(counts)), -(exact - wanted)))
    wanted[order[: max(rest, 0)]] += 1
    return wanted


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
    label, classes = _numbered(labels)
    generator = np.random.default_rng([seed, 12])
    fold = np.full(len(label), -1, np.int64)
    have = np.zeros((classes, count), np.int64)
    several, singles = _units(units, generator)
    for rows in sorted(several, key=len, reverse=True):
        own, adds = np.unique(label[rows], return_counts=True)
        place = np.lexsort((generator.random(count), have.sum(0), (have[own].T @ adds)))[0]
        fold[rows] = place
        have[own, place] += adds
    of_class = label[singles]
    by_class = np.argsort(of_class, kind="stable")
    bounds = np.searchsorted(of_class[by_class], np.arange(classes + 1))
    for number in generator.permutation(classes):
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
        training, test: a key a row; equal texts have equal keys. The empty key is no text.
    """
    there = set(test) - {""}
    return np.fromiter((key in there for key in training), bool, len(training))


def _numbered(labels: Sequence) -> tuple[np.ndarray, int]:
    """Return the number of each row's class in sorted order, and how many classes there are."""
    # Not np.unique: an array of strings is as wide as its longest one.
    position = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.fromiter((position[label] for label in labels), int, len(labels)), len(position)


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
