"""A choice is a whole number: built into a program where it is known, switched on where it is not.

The same network code serves both. `choose` takes a Python int (the branch is compiled in) or a
traced one (`lax.switch` picks at run time), so that whether lanes share a program or have one of
their own is decided by whoever compiles, not by the network. Rejected: two versions of each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import numpy as np
from jax import Array


def choose(index: int | Array | np.integer, branches: Sequence[Callable], *operands):
    """Apply one of the branches to the operands.

    Args:
        index: position of the branch; a Python int is built in, an array is switched on.
        branches: functions of the operands whose results have the same shapes.

    Example:
        >>> choose(1, [lambda x: x, lambda x: -x], 3.0)
        -3.0
    """
    if isinstance(index, int):
        return branches[index](*operands)
    return jax.lax.switch(index, branches, *operands)
