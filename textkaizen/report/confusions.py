"""Which classes are taken for which, and which of them to show.

A heat map of 150 classes is a grey square. Only the classes of the most frequent mistakes are
shown then, in the order in which their mistakes come up, so that classes taken for one another
stand side by side; all others are gathered in one last column. Few classes are shown whole, in
the order of their names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_CLASSES = 25
MOST_PAIRS = 12


@dataclass(frozen=True)
class Pair:
    """A class and what it was taken for.

    Args:
        true, predicted: labels.
        count: texts, >= 1.
        of: texts of the true class.
    """

    true: str
    predicted: str
    count: int
    of: int


@dataclass(frozen=True)
class Confusions:
    """Counts of true and predicted classes.

    Args:
        labels: of the rows, and of the columns but the last one if there are `others`.
        counts: texts, [rows, columns], rows true.
        texts: of each row's class, predicted as whatever.
        others: how many classes are not shown; the last column then counts what was taken for one
            of them.
        pairs: the most frequent mistakes among all classes.
        mistakes: how many texts were given a wrong label.
        kinds: how many different mistakes there are.
    """

    labels: tuple[str, ...]
    counts: np.ndarray
    texts: tuple[int, ...]
    others: int
    pairs: tuple[Pair, ...]
    mistakes: int
    kinds: int


def confusions(
    true: tuple[int, ...],
    predicted: tuple[int, ...],
    labels: tuple[str, ...],
    most: int = MOST_CLASSES,
) -> Confusions:
    """Count which class was taken for which, and choose what to show.

    Args:
        true, predicted: positions in `labels`, one each a text.
        labels: of all classes.
        most: classes to show, >= 2; none of more than that are shown if nothing is mistaken.

    Example:
        >>> confusions((0, 0, 1), (0, 1, 1), ("a", "b")).counts.tolist()
        [[1, 1], [0, 1]]
    """
    classes = len(labels)
    places = np.array(true, np.int64) * classes + predicted
    counts = np.bincount(places, minlength=classes**2).reshape(classes, classes)
    texts = counts.sum(1)
    wrong = counts * (1 - np.eye(classes, dtype=np.int64))
    rows, columns = wrong.nonzero()
    order = np.lexsort((columns, rows, -wrong[rows, columns]))
    found = list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))
    top = found[:MOST_PAIRS]
    shown = list(range(classes)) if classes <= most else _shown(found, most)
    square = counts[np.ix_(shown, shown)]
    if len(shown) < classes:
        square = np.column_stack([square, texts[shown] - square.sum(1)])
    return Confusions(
        tuple(labels[place] for place in shown),
        square,
        tuple(texts[shown].tolist()),
        classes - len(shown),
        tuple(Pair(labels[r], labels[c], *map(int, (wrong[r, c], texts[r]))) for r, c in top),
        int(wrong.sum()),
        len(found),
    )


def _shown(found: list[tuple[int, int]], most: int) -> list[int]:
    """Take classes from the most frequent mistakes on, until there are enough."""
    shown: list[int] = []
    for pair in found:
        shown += [place for place in pair if place not in shown]
        if len(shown) >= most:
            break
    return shown[:most]
