"""Arrays as a file holds them: what must be true of each before anything is computed with it.

A file may be damaged or made by somebody else. Each function raises `ValueError` with a reason that
ends the sentence "the classifier has ...".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SPARSE = ("data", "indices", "indptr")  # what a sparse matrix is kept as, after its name and a dot
Arrays = Mapping[str, np.ndarray]


def array_of(arrays: Arrays, name: str, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an array of finite numbers.

    Args:
        arrays: by name.
        name: of the array.
        dtype: that it must have.
        shape: the same; None for any number.

    Raises:
        ValueError: it is missing, of another kind or shape, or not finite.
    """
    found = arrays.get(name)
    if found is None:
        raise ValueError(f"no {name}")
    fits = found.ndim == len(shape) and all(
        wanted in (None, size) for wanted, size in zip(shape, found.shape, strict=True)
    )
    if found.dtype != dtype or not fits:
        asked = ["any" if size is None else size for size in shape]
        raise ValueError(
            f"{name} as {found.dtype} {list(found.shape)} where {dtype} {asked} is asked for"
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{name} with numbers that are not finite")
    return found


def within(name: str, numbers: np.ndarray, end: int) -> np.ndarray:
    """Return whole numbers from 0 up to, not including, an end.

    Raises:
        ValueError: one is not.
    """
    if numbers.size and (numbers.min() < 0 or numbers.max() >= end):
        raise ValueError(f"{name} with numbers that are not from 0 to {end - 1}")
    return numbers


def rising(name: str, numbers: np.ndarray) -> np.ndarray:
    """Return whole numbers, each larger than the one before.

    Raises:
        ValueError: one is not.
    """
    if (numbers[1:] <= numbers[:-1]).any():
        raise ValueError(f"{name} out of order")
    return numbers


def number_of(settings: Mapping[str, Any], name: str, least: float = 0.0) -> float:
    """Return a finite number above `least`.

    Raises:
        ValueError: it is missing or something else.
    """
    found: Any = settings.get(name)
    plain = isinstance(found, (int, float)) and not isinstance(found, bool)
    if not plain or not math.isfinite(found) or found <= least:
        raise ValueError(f"{str(found)[:40]} as {name}")
    return found


def kept(name: str, matrix: csr_matrix, dtype: str = "float32") -> dict[str, np.ndarray]:
    """Return a sparse matrix as arrays."""
    matrix = matrix.sorted_indices()
    return {
        f"{name}.data": matrix.data.astype(dtype),
        f"{name}.indices": matrix.indices.astype("int32"),
        f"{name}.indptr": matrix.indptr.astype("int64"),
    }


def sparse_of(
    arrays: Arrays, name: str, rows: int | None, columns: int, dtype: str = "float32"
) -> csr_matrix:
    """Return a sparse matrix; each row's columns are in order and none stands there twice.

    Args:
        arrays: by name.
        name: of the matrix.
        rows: that it must have, None for any number from 1 on.
        columns: that it has.
        dtype: of its numbers.

    Raises:
        ValueError: its arrays are missing, of another kind, or no sparse matrix together.
    """
    from scipy.sparse import csr_matrix

    ends = array_of(arrays, f"{name}.indptr", "int64", (None if rows is None else rows + 1,))
    indices = array_of(arrays, f"{name}.indices", "int32", (None,))
    data = array_of(arrays, f"{name}.data", dtype, (len(indices),))
    whole = len(ends) > 1 and ends[0] == 0 and ends[-1] == len(indices)
    if not whole or (ends[1:] < ends[:-1]).any():
        raise ValueError(f"{name}.indptr that does not part its entries into rows")
    within(f"{name}.indices", indices, columns)
    falls = indices[1:] <= indices[:-1]
    starts = ends[1:-1]  # a row's first column may be smaller than the last of the row before
    falls[starts[(starts > 0) & (starts < len(indices))] - 1] = False
    if falls.any():
        raise ValueError(f"{name}.indices out of order")
    return csr_matrix((data, indices, ends), shape=(len(ends) - 1, columns))
