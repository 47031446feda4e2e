"""Rows that a batch did not touch catch up when they are next read, exactly.

A row was last updated at step l. For `gap` further steps its gradient was zero, so its moments
only shrank (m by keep_m, v by 1 - lose_v a step) while its weights went on moving by

    sum_{j=1..gap} rate_m[l+j] * keep_m**j * m / (rho**j * sqrt(v) + outside),

with rho = sqrt(1 - lose_v).

With s = sqrt(v) / (sqrt(v) + outside) the denominator is (sqrt(v) + outside) (1 - s (1 - rho**j)),
so the sum is m / (sqrt(v) + outside) * sum_k s**k A[k], where

    A[k] = sum_{j=1..gap} rate_m[l+j] * keep_m**j * (1 - rho**j)**k

is the difference of two entries of a table over the steps, G[k, l] = the same sum for ever:
the tail that starts at l + gap has j = gap + i and 1 - rho**j = (1 - a) + a (1 - rho**i) with
a = rho**gap. Four terms in k suffice: keep_m**j is below float precision long before 1 - rho**j
is near one (checked by a test for gaps up to 2,500). SGD and RMSprop have rate_m = 0 (nothing
moves), momentum has v = 0 (only k = 0 counts): one formula serves all. Adagrad's and Adadelta's
weights stay where they are, too.

Decoupled weight decay shrinks a weight at every step. With P[t] the product of 1 - shrink up to
step t, what was added at step l+j is worth P[now] / P[l+j] at step `now`: the rates in the sums are
divided by P, their result is multiplied by P[now], and the weight itself by P[now] / P[l]. The
logarithm of P is one more row of the table.

In float32 the difference of two sums over 1 / (1 - keep_m) steps is off by as many roundings of one
step: 6e-7 of it for Adam, more with a momentum near 1 whose rate or decay changes.

Nadam's epsilon changes with the step: it goes another way, see `lazy_nadam`.

At the end of each epoch all rows catch up, so that weights between epochs are the plain ones and
tables are only as long as an epoch.

Rejected: leaving epsilon out (it moved weights by 10 % within three epochs).
"""

from __future__ import annotations

from itertools import accumulate
from math import comb
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textkaizen.train.lazy_nadam import NADAM_TERMS, ahead, changes_epsilon, nadam_tables
from textkaizen.train.optimise import Optimiser, Rule

TERMS = 4
BLOCK = 512  # rows that catch up at once at the end of an epoch: they stay in a core's cache

Rows = tuple[Array, Array, Array]  # weights, m and v, [rows, units] each


def missed_tables(optimiser: Optimiser, begin: int, steps: int) -> np.ndarray:
    """Return the tables of an epoch as float64 [TERMS + 1, steps + 1]; for Nadam there are more.

    Row k < TERMS is G[k, l] for l = 0 .. steps, or they are those of `nadam_tables`. The last row
    is the logarithm of P, 0 at the first step.
    Steps beyond the optimiser's last are taken to have its last rate; a table made for more steps
    than are used is exact where it is used.

    Args:
        optimiser: of the whole training.
        begin: its step that is the epoch's first.
        steps: of the epoch.
    """
    keep, rho = float(optimiser.rule.keep_m), float(np.sqrt(1 - float(optimiser.rule.lose_v)))
    rate_m, shrink = optimiser.rates.rate_m, optimiser.rates.shrink
    known = min(begin + steps, len(rate_m))
    logs = np.log1p(-shrink[begin:known], dtype=np.float64)
    product = np.concatenate([[0.0], np.cumsum(logs), np.zeros(begin + steps - known)])
    product[known - begin + 1 :] = product[known - begin]
    if changes_epsilon(optimiser):
        return np.stack([*nadam_tables(optimiser, begin, steps, product), product])
    if keep == 0 or not rate_m.any():
        return np.stack([*np.zeros((TERMS, steps + 1)), product])
    if rho == 1:  # momentum: no term but the first, which may reach far back
        reach = 1
    else:
        reach = int(np.ceil(np.log(1e-12) / np.log(keep)))
    later = rate_m[begin : begin + steps + reach]
    later = np.concatenate([later, np.full(steps + reach - len(later), rate_m[-1])])
    later[:steps] /= np.exp(product[1:])
    later[steps:] /= np.exp(product[-1])
    if rho == 1:
        last = later[-1] * keep / (1 - keep)
        backwards = accumulate(
            later[steps - 1 :: -1].tolist() if steps else [],
            lambda g, rate: keep * (rate + g),
            initial=last,
        )
        return np.stack([list(backwards)[::-1], *np.zeros((TERMS - 1, steps + 1)), product])
    j = np.arange(1, reach + 1)
    kernels = keep**j * (1 - rho**j) ** np.arange(TERMS)[:, None]
    sums = [np.correlate(later, kernel, "valid")[: steps + 1] for kernel in kernels]
    return np.stack([*sums, product])


class Gaps(NamedTuple):
    """What a gap of some steps does, whichever row has it.

    Args:
        decay, gone: what is left of m, and what is not.
        shrunk: what is left of v.
        a, fallen: rho to the power of the gap, and 1 less that.
    """

    decay: Array
    gone: Array
    shrunk: Array
    a: Array
    fallen: Array


def after(gap: Array, rule: Rule) -> Gaps:
    """Return what gaps of so many steps do, an array each of the shape of `gap` (float)."""
    # What goes is taken for itself: as 1 less what stays it would have lost most of its digits.
    decay, gone = jnp.power(rule.keep_m, gap), -jnp.expm1(gap * jnp.log(rule.keep_m))
    # Not a power: lose_v is exact in float32, 1 - lose_v is not, and would err `gap` times.
    logs = gap * jnp.log1p(-rule.lose_v)
    return Gaps(decay, gone, jnp.exp(logs), jnp.exp(logs / 2), -jnp.expm1(logs / 2))


def gap_table(steps: int, rule: Rule) -> Array:
    """Return `Gaps` for 0 to `steps` steps, [steps + 1, 5]: rows read them, an epoch makes them."""
    gaps = jnp.arange(steps + 1).astype(jnp.asarray(rule.keep_m).dtype)
    return jnp.stack(after(gaps, rule), 1)


def catch_up(
    rows: Rows,
    last: Array,
    now: Array | int,
    rule: Rule,
    tables: Array | np.ndarray,
    gaps: Array | None = None,
) -> Rows:
    """Bring rows to step `now`.

    Args:
        rows: weights and moments m and v, [rows, units] each, right after step `last`.
        last: int [rows], from 0 to `now`.
        now: steps done in this epoch.
        rule: scalars.
        tables: of `missed_tables`, of this epoch; without its last row nothing decays.
        gaps: of `gap_table`, for as many steps at least; None works each row's out.

    Returns:
        Weights, m and v as if every step with a zero gradient had been taken.
    """
    weight, m, v = rows
    tables = jnp.asarray(tables)
    gap = now - last
    if gaps is None:
        found = after(gap.astype(weight.dtype), rule)
    else:
        found = Gaps(*jnp.moveaxis(gaps.at[gap].get(mode="clip"), -1, 0))
    at_last, at_now = tables[:, last], tables[:, now]
    terms, way = TERMS, _moved
    if len(tables) > TERMS + 1:
        terms, way = NADAM_TERMS + 1, _moved_by_nadam
    moved = way((m, v), gap, found, at_last[:terms], at_now[:terms], rule)
    if len(tables) > terms:
        lost = -jnp.expm1(at_now[terms] - at_last[terms])[:, None]
        moved = lost * weight + jnp.exp(at_now[terms]) * moved
    # Weights first: then each array can be changed in its place.
    weight, m, v = jax.lax.optimization_barrier((weight - moved, m, v))
    return weight, m * found.decay[:, None], v * found.shrunk[:, None]


def _moved(
    moments: tuple[Array, Array], gap: Array, found: Gaps, at_last: Array, at_now: Array, rule: Rule
) -> Array:
    """Return how far weights have gone, [rows, units], but for what decay does.

    Args:
        moments: m and v, [rows, units] each, of the step a row was read last.
        gap: [rows].
        found: for each row.
        at_last, at_now: of the tables, [.., rows] and [..].
        rule: scalars.
    """
    (m, v), (_, gone, _, a, fallen) = moments, found
    missed = []
    for k in range(TERMS):
        tail = sum(comb(k, i) * fallen ** (k - i) * a**i * at_now[i] for i in range(k + 1))
        missed.append(jnp.where(gap > 0, at_last[k] - tail + gone * tail, 0.0))
    # A number a row, worked out once and not again for each of its weights.
    missed = jax.lax.optimization_barrier(missed)
    missed = [part[:, None] for part in missed]
    # With an epsilon inside the root nothing moves (see above), so one root serves both.
    root = jnp.sqrt(v + rule.inside)
    under = 1 / (root + rule.outside)
    s = root * under
    total = missed[-1]
    for k in reversed(range(TERMS - 1)):
        total = total * s + missed[k]
    return m * under * total


def _moved_by_nadam(
    moments: tuple[Array, Array], gap: Array, found: Gaps, at_last: Array, at_now: Array, rule: Rule
) -> Array:
    """The same where epsilon changes with the step."""
    m, v = moments
    root = jnp.sqrt(v)
    from_last = ahead(at_last, root, rule.outside)
    from_now = ahead(at_now[:, None], root * found.a[:, None], rule.outside)
    missed = from_last - found.decay[:, None] * from_now
    return jnp.where(gap[:, None] > 0, m * missed, 0.0)


def side_by_side(weight: np.ndarray, m: Any, v: Any) -> np.ndarray:
    """Return weights and moments as one table, [features, 3 * units].

    A row of it is read at once: rows are scattered over memory, and each costs a wait of its own.

    Args:
        weight: [features, units].
        m, v: of that shape, or a number each.
    """
    table = np.empty((len(weight), 3 * weight.shape[1]), weight.dtype)
    for own, part in zip(parts(table), (weight, m, v), strict=True):
        own[:] = part
    return table


def parts(table: Any) -> Rows:
    """Return weights, m and v of a table, side by side or not, [features, units] each."""
    if isinstance(table, tuple):
        return table
    units = table.shape[1] // 3
    weight, m, v = (table[:, part * units : (part + 1) * units] for part in range(3))
    return weight, m, v


def desk_for(table: Array, rows: int) -> Array:
    """Return where so many rows of a table can be laid out; one more than is ever filled."""
    return jnp.zeros((rows + 1, table.shape[1]), table.dtype)


def read_rows(
    table: Array, ids: Array | np.ndarray, desk: Array | tuple = ()
) -> tuple[Rows, Array | tuple]:
    """Read rows; return their parts and the desk.

    Args:
        table: side by side.
        ids: int32 [rows]; what is beyond the table is read as its last row.
        desk: of `desk_for`, to lay them out there: an operation that reads a table into an array of
            its own is shared among threads on a CPU, which takes longer than reading does.
    """
    own = jnp.asarray(ids).astype(jnp.uint32)  # no id is counted from the end
    found = table.at[own].get(mode="clip")
    if isinstance(desk, Array):
        desk = desk.at[: len(own)].set(found)
        found = desk[: len(own)]
    return parts(found), desk


def write_rows(table: Array, ids: Array | np.ndarray, rows: Rows) -> Array:
    """Write the parts of rows; padding has ids beyond the table and is dropped."""
    flat = table.reshape(-1, table.shape[1] // len(rows))
    first = len(rows) * jnp.asarray(ids).astype(jnp.uint32)
    for number, part in enumerate(rows):
        flat = flat.at[first + number].set(part, unique_indices=True, mode="drop")
    return flat.reshape(table.shape)


def all_caught_up(
    table: Array,
    last: Array,
    now: Array | int,
    rule: Rule,
    tables: Array | np.ndarray,
    gaps: Array | None = None,
) -> Array:
    """Bring all rows of a table to step `now`, a block after the other; arguments as `catch_up`."""

    def one(number: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        table, desk = carry
        begin = number * block
        desk = desk.at[:block].set(jax.lax.dynamic_slice_in_dim(table, begin, block))
        since = jax.lax.dynamic_slice_in_dim(last, begin, block)
        rows = catch_up(parts(desk[:block]), since, now, rule, tables, gaps)
        for place, part in enumerate(rows):
            table = jax.lax.dynamic_update_slice(table, part, (begin, place * part.shape[1]))
        return table, desk

    block = next(size for size in range(min(BLOCK, len(table)), 0, -1) if len(table) % size == 0)
    carry = table, desk_for(table, block)
    return jax.lax.fori_loop(0, len(table) // block, one, carry)[0]


def last_read(features: int, ids: Array | np.ndarray) -> Array:
    """Return the step, from 1, in which each row of a table is read last, int32 [features]; or 0.

    Args:
        features: rows of the table.
        ids: int32 [steps, rows], what each step reads; what is beyond the table is padding.
    """
    steps = jnp.broadcast_to(jnp.arange(1, len(ids) + 1, dtype=jnp.int32)[:, None], ids.shape)
    return jnp.zeros(features, jnp.int32).at[ids].max(steps, mode="drop")


def lazy_pays(features: int, rows: int) -> bool:
    """Say whether touching a batch's rows is cheaper than updating the whole table.

    Measured on two busy cores at 32 units, in processor time: with 4.3 times as many features as
    rows the lazy path took 0.5 to 0.8 of the plain path's, with 2.5 to 3.2 times 0.8 to 1.3.
    """
    return features > 4 * rows
