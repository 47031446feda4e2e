"""X, y and weights of a Keras model as a table: checked once, parted, never made dense.

A table's parts are trees of arrays, as Keras takes them (an array, or a list or dict of arrays for
several inputs or outputs), or for X one CSR matrix. Floating-point numbers become Keras' `floatx`,
as in Keras' own `fit`.

Rejected: data that is read piece by piece (generators, `PyDataset`, `tf.data`): an epoch is one
compiled call, and its data stand in memory.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from scipy.sparse import csr_matrix, issparse

from textkaizen.data import hold_out
from textkaizen.errors import UsageError, listed
from textkaizen.interop.keras_models import require_keras

SPLITS = ("stratified", "last rows")


class LastRowsWarning(UserWarning):
    """The last rows hold classes that none of the rows before them has."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows to train on or to judge by.

    Args:
        x: a CSR matrix, or a tree of arrays whose first axis counts rows.
        y: a tree of such arrays, or None.
        weights: of the rows, a tree of such arrays, or None where all count alike.
    """

    x: Any
    y: Any
    weights: Any

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.x.shape[0] if self.is_sparse else len(jax.tree.leaves(self.x)[0])

    @property
    def is_sparse(self) -> bool:
        """Whether X is a sparse matrix."""
        return issparse(self.x)

    def take(self, rows: np.ndarray) -> Table:
        """Return these rows."""
        x = self.x[rows] if self.is_sparse else jax.tree.map(lambda part: part[rows], self.x)
        y, weights = jax.tree.map(lambda part: part[rows], (self.y, self.weights))
        return Table(x, y, weights)


def table(x: Any, y: Any, weights: Any, where: str) -> Table:
    """Return checked rows.

    Args:
        x, y, weights: as for Keras' `fit`; X may be a SciPy sparse matrix of any format. Anything
            that has a shape and can become an array is one.
        where: what the rows are for, for messages.

    Raises:
        UsageError: X is missing, a generator or the like, has no rows or holds NaN; there is
            something that is no array of numbers; lengths differ, or the parts of y and weights.
    """
    if x is None:
        raise UsageError(f"X must hold the rows; X of {where} is None. Hand in an array.")
    if issparse(x):
        x = csr_matrix(x, dtype=require_keras().backend.floatx())
    else:
        x = _arrays(x, f"X of {where}")
    y, weights = _arrays(y, f"y of {where}"), _arrays(weights, f"sample_weight of {where}")
    _require_rows({"X": x, "y": y, "sample_weight": weights}, where)
    _require_numbers(x, where)
    one_for_all = not isinstance(weights, (list, tuple, dict, type(None)))
    if one_for_all and len(jax.tree.leaves(y)) > 1:
        weights = jax.tree.map(lambda _: weights, y)
    if weights is not None and y is not None and _names(weights) != _names(y):
        raise UsageError(
            "sample_weight must have the parts of y, or be one array for all; for "
            f"{where} y has {listed(_names(y))} and sample_weight {listed(_names(weights))}. Hand "
            "in one array for each part of y, under the same name."
        )
    return Table(x, y, weights)


def class_weighted(rows: Table, class_weight: dict[int, float] | None) -> Table:
    """Return rows that count as their classes do; classes that are not named count 1, as in Keras.

    Raises:
        UsageError: it is no mapping, there are weights of rows already, or y has several parts.
    """
    if class_weight is None:
        return rows
    if not isinstance(class_weight, Mapping):
        raise UsageError(
            f"class_weight must be a mapping of classes to numbers; found "
            f"{type(class_weight).__name__}. Write it as {{0: 1.0, 1: 2.0}}."
        )
    if rows.weights is not None:
        raise UsageError(
            "A row's weight comes from class_weight or from sample_weight; found both. Multiply "
            "them into sample_weight, or leave one out."
        )
    outputs = len(jax.tree.leaves(rows.y))
    if outputs != 1:
        raise UsageError(
            f"class_weight needs a y that is one array of classes; found {outputs}. Use "
            "sample_weight with one array for each."
        )
    classes, number = np.unique(_classes(jax.tree.leaves(rows.y)[0]), return_inverse=True)
    weights = [class_weight.get(int(one), 1.0) for one in classes]
    return Table(rows.x, rows.y, np.asarray(weights, require_keras().backend.floatx())[number])


def parted(rows: Table, share: float, split: str, seed: int) -> tuple[Table, Table | None]:
    """Return rows to train on and rows to judge by.

    Args:
        rows: all there are.
        share: of the rows held back, 0 <= share < 1; 0 holds back none.
        split: "stratified": drawn, each class its share; without regard to classes where y holds
            none (numbers with fractions, several outputs, or hardly two rows of a kind).
            "last rows": those, as Keras does.
        seed: of the draw.

    Raises:
        UsageError: there is no such split, the share is out of its range, or one part is empty.

    Warns:
        LastRowsWarning: the last rows hold classes that the rows before them lack.
    """
    if split not in SPLITS:
        raise UsageError(f"split must be one of {', '.join(SPLITS)}; found {split!r}.")
    if not 0 <= share < 1:
        raise UsageError(
            f"validation_split must be at least 0 and less than 1; found {share}. Say 0.1 for a "
            "tenth of the rows."
        )
    if share == 0:
        return rows, None
    labels = labels_of(rows.y)
    if split == "last rows":
        held = np.arange(rows.rows) >= math.floor(rows.rows * (1.0 - share))
        _warn_of_unseen(labels, held)
    else:
        strata = np.zeros(rows.rows, int) if labels is None else labels
        held = hold_out(strata.tolist(), np.arange(rows.rows), share, seed)
    if held.all() or not held.any():
        raise UsageError(
            f"validation_split must leave rows on both sides; {share} of {rows.rows} rows leaves "
            f"{int((~held).sum())} to train on. Hand in more rows or another share."
        )
    return rows.take(np.flatnonzero(~held)), rows.take(np.flatnonzero(held))


def labels_of(y: Any) -> np.ndarray | None:
    """Return the class of each row, int [rows], or None where y does not hold classes.

    Classes are whole numbers of which each stands for two rows or more on average, or rows with
    a single 1 among zeros.
    """
    leaves = jax.tree.leaves(y)
    if len(leaves) != 1:
        return None
    values = leaves[0]
    if not np.isfinite(values).all():
        return None
    if values.ndim == 2 and values.shape[1] > 1:
        is_one_hot = np.isin(values, (0, 1)).all() and (values.sum(1) == 1).all()
        return values.argmax(1) if is_one_hot else None
    if values.size != len(values) or not (np.mod(values, 1) == 0).all():
        return None
    whole = values.reshape(-1).astype(np.int64)
    return whole if 2 * len(np.unique(whole)) <= len(whole) else None


@contextmanager
def told_to_fit(model: Any, rows: Table) -> Iterator[None]:
    """Tell what Keras cannot make of a model and its data, where it does so in this `with`.

    Raises:
        UsageError: Keras raised an error.
    """
    try:
        yield
    except jax.errors.JaxRuntimeError:  # a machine's, such as too little memory
        raise
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        x = [rows.x] if rows.is_sparse else jax.tree.leaves(rows.x)
        shapes = [", ".join(str(part.shape[1:]) for part in x)]
        shapes.append(", ".join(str(part.shape[1:]) for part in jax.tree.leaves(rows.y)))
        raise UsageError(
            f"Model, X and y must fit each other; X has rows of {shapes[0]}, y of "
            f"{shapes[1] or 'nothing'}, and the model is {model.name}. Change the first layer, the "
            f"last one, the loss or the data. Keras says: {error}"
        ) from error


def _names(tree: Any) -> list[str]:
    """The parts of a tree by which Keras tells its outputs: names, or numbers."""
    if isinstance(tree, dict):
        return sorted(map(str, tree))
    return [str(number) for number in range(len(jax.tree.leaves(tree)))]


def _arrays(tree: Any, where: str) -> Any:
    """Turn what Keras would take into a tree of arrays."""
    if isinstance(tree, dict):
        return {name: _array(part, where) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)) and len(tree) and all(map(_is_column, tree)):
        return type(tree)(_array(part, where) for part in tree)
    return None if tree is None else _array(tree, where)


def _is_column(part: Any) -> bool:
    """Whether it is an array of rows, not a number."""
    return len(getattr(part, "shape", ())) > 0


def _array(part: Any, where: str) -> np.ndarray:
    arrays = hasattr(part, "__array__") or isinstance(part, (list, tuple, int, float))
    if not arrays or issparse(part):
        raise UsageError(
            f"{where} must be an array (or a list or dict of arrays, or for X one SciPy sparse "
            f"matrix); found {type(part).__name__}. An epoch is one compiled call, so read the "
            "data into arrays first."
        )
    values = np.asarray(part)
    if values.ndim == 1 and type(part).__name__ == "Series":
        values = values[:, None]  # as Keras does with a column of pandas
    if values.dtype.kind not in "biuf" or values.ndim == 0:
        raise UsageError(
            f"{where} must hold numbers, a row each; found {values.dtype} of shape "
            f"{values.shape}. Turn texts and labels into numbers first."
        )
    return values.astype(require_keras().backend.floatx()) if values.dtype.kind == "f" else values


def _require_rows(parts: dict[str, Any], where: str) -> None:
    lengths = [
        (name, leaf.shape[0])
        for name, part in parts.items()
        for leaf in ([part] if issparse(part) else jax.tree.leaves(part))
    ]
    rows = lengths[0][1]
    for name, length in lengths:
        if length != rows:
            raise UsageError(
                f"X, y and sample_weight must have as many rows as each other; {where} has {rows} "
                f"rows of X and {length} of {name}. Hand in one row of each for every text."
            )
    if not rows:
        raise UsageError(f"A model needs at least one row; {where} has none. Hand in rows.")


def _require_numbers(x: Any, where: str) -> None:
    for part in [x] if issparse(x) else jax.tree.leaves(x):
        stored = part.data if issparse(part) else part
        if stored.dtype.kind != "f" or not np.isnan(stored.sum()):
            continue
        entries = np.flatnonzero(np.isnan(stored).reshape(len(stored), -1).any(1))
        if not len(entries):
            continue
        rows = np.searchsorted(part.indptr, entries, "right") - 1 if issparse(part) else entries
        told = [str(row) for row in np.unique(rows)]
        raise UsageError(
            f"X must not hold NaN; X of {where} does in {len(told)} rows: {listed(told)} "
            "(counted from 0). Fill them in or leave the rows out."
        )


def _classes(y: np.ndarray) -> np.ndarray:
    """The class of each row, from whole numbers or one-hot rows, as Keras reads them."""
    if y.ndim > 1:
        y = y.argmax(-1) if y.shape[-1] != 1 else y[..., 0]
    return np.round(y).astype(np.int32)


def _warn_of_unseen(labels: np.ndarray | None, held: np.ndarray) -> None:
    if labels is None:
        return
    unseen = np.setdiff1d(labels[held], labels[~held])
    if len(unseen):
        warnings.warn(
            f"The last rows hold {len(unseen)} classes that no row before them has: "
            f"{listed(unseen)}. The model cannot learn these, and the validation loss says "
            'little. Say split="stratified", or shuffle the rows first.',
            LastRowsWarning,
            stacklevel=4,
        )
