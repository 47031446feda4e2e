"""One epoch's texts as flat batches of equal room, nothing truncated.

A batch holds every non-zero of its texts, one after another: place, weight, number of the text.
All batches of an epoch get the room of the longest, rounded up to an eighth of an octave so that
folds and epochs share compiled programs. For lazy rows the ids of a batch are told once each, and
`places` point into them.

Rejected: padding each text to the longest (22 times the work on 20 Newsgroups).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

SPARE = 1.04  # how much more room is given than is needed
LOOKED_EPOCHS = 100
LOOKED_TEXTS = 1_000_000  # 10 ms
ROW_EPOCHS = 3
ROW_ENTRIES = 2_000_000  # non-zeros looked at for different features, at most
PIECE_ENTRIES = 1_000_000  # non-zeros laid out at once, at most: 20 MB
RUN_STEPS = 32  # batches of one length in a row, where texts are read in order
LOOKED_BATCHES = 200  # for different words
MORE_ROWS = 1.3  # a batch of long texts has more words than those that were looked at: an estimate
SCRATCH = 1 << 18  # cells, 1 MB: what a core keeps close


class Room(NamedTuple):
    """How large a program's arrays are; a program serves everything that fits.

    Args:
        steps: batches an epoch.
        entries: non-zeros a batch.
        rows: different features a batch, 0 on the plain path.
        length: words of the longest text, where texts are read in order; else 0. A batch then holds
            so many entries for each of its texts.
    """

    steps: int
    entries: int
    rows: int
    length: int = 0

    def holds(self, other: Room) -> bool:
        """Say whether what needs `other` fits into this room."""
        same_path = (self.rows > 0) == (other.rows > 0)
        return same_path and all(have >= need for have, need in zip(self, other, strict=True))

    def joined(self, other: Room) -> Room:
        """Return a room that holds both."""
        return Room(*(max(pair) for pair in zip(self, other, strict=True)))


class Batches(NamedTuple):
    """An epoch; the first axis counts batches.

    Args:
        ids: int32 [steps, rows], the different features of each batch; padding is beyond the
            table and different everywhere, so that a scatter drops it.
        since: int32 [steps, rows], the step of the epoch, from 1, in which a row was read last
            before this batch; 0 for its first.
        places: int32 [steps, entries], into `ids`, or features on the plain path.
        weights: float32 [steps, entries]; padding 0.
        texts: int32 [steps, entries], number of the text in its batch, ascending; where texts are
            read in order each has its own part of the entries, and this is [steps, 0].
        labels: int32 [steps, batch size].
        valid: float32 [steps, batch size]; 1 for a text, 0 for padding.
        vectors: float32 [steps, batch size, numbers], what stands beside the bags; none: 0 numbers.
    """

    ids: np.ndarray
    since: np.ndarray
    places: np.ndarray
    weights: np.ndarray
    texts: np.ndarray
    labels: np.ndarray
    valid: np.ndarray
    vectors: np.ndarray


class Chosen(NamedTuple):
    """Rows of a matrix, told by their numbers: parting texts copies none of their bags.

    Args:
        bags: [all texts, features].
        rows: int [texts], of `bags`.
    """

    bags: csr_matrix
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Texts and features, as of a matrix."""
        return len(self.rows), self.bags.shape[1]


def lengths_of(bags: csr_matrix | Chosen) -> np.ndarray:
    """Count the non-zeros of each text."""
    if isinstance(bags, Chosen):
        begins = sparse(bags.bags).indptr
        return begins[bags.rows + 1] - begins[bags.rows]
    return np.diff(sparse(bags).indptr)


def sparse(bags: Any) -> csr_matrix:
    """Return the sparse part of bags that have vectors beside them; others as they are."""
    return bags.bags if hasattr(bags, "vectors") else bags


def _vectors(bags: Any, order: np.ndarray, by_text: tuple[int, int]) -> np.ndarray:
    """Return the vectors beside the bags, a batch after the other; padding is zero."""
    if isinstance(bags, Chosen):
        bags, order = bags.bags, bags.rows[order]
    if not hasattr(bags, "vectors"):
        return np.zeros((*by_text, 0), np.float32)
    found = np.zeros((by_text[0] * by_text[1], bags.vectors.shape[1]), np.float32)
    found[: len(order)] = bags.vectors[order]
    return found.reshape(*by_text, -1)


def rounded(size: int) -> int:
    """Round up to an eighth of an octave: at most 12.5 % more.

    Example:
        >>> [rounded(n) for n in (0, 7, 17, 100, 1000)]
        [0, 7, 18, 104, 1024]
    """
    if size <= 8:
        return max(size, 0)
    grain = 1 << max((size - 1).bit_length() - 4, 0)
    return -(-size // grain) * grain


def epoch_orders(texts: int, seed: int) -> Iterator[np.ndarray]:
    """Yield a shuffle of the texts for each epoch; the same for every recipe of a seed."""
    generator = np.random.default_rng([seed, 1])
    while True:
        yield generator.permutation(texts)


def room_needed(
    bags: csr_matrix | Chosen, batch_size: int, seed: int, table_rows: int, in_order: bool = False
) -> Room:
    """Tell the room that the epochs of a lane need, with some to spare, rounded.

    Non-zeros are counted in as many epochs as LOOKED_TEXTS allow, in the lane's own order;
    different features in ROW_EPOCHS of them, and 4.5 standard deviations above their mean are
    given. An epoch that needs more after all gets a larger program.

    Args:
        bags: [texts, features], what the lane trains on.
        batch_size, seed: the lane's.
        table_rows: rows of a table whose rows are lazy; 0 for the plain path.
        in_order: texts are read in their order; the room is one for the longest of them.
    """
    texts, lengths = bags.shape[0], lengths_of(bags)
    if in_order:
        return _room_in_order(bags, batch_size, seed, table_rows)
    starts = np.arange(0, texts, batch_size)
    looked = min(max(LOOKED_TEXTS // texts, ROW_EPOCHS), LOOKED_EPOCHS)
    entries, different = 1, []
    for number, order in enumerate(islice(epoch_orders(texts, seed), looked)):
        counts = np.add.reduceat(lengths[order].astype(np.int64), starts)
        entries = max(entries, int(counts.max()))
        if table_rows and number < ROW_EPOCHS:
            offsets = np.cumsum(counts) - counts
            seen = max(int(np.searchsorted(offsets, ROW_ENTRIES // ROW_EPOCHS)), 1)
            some = rows_of(bags, order[: seen * batch_size]).indices
            different += _different(some, offsets[:seen], counts[:seen], table_rows).sizes.tolist()
    most = max(different, default=0)
    if most:
        most = min(max(most, int(np.mean(different) + 4.5 * np.std(different))), entries)
    room = spacious(Room(len(starts), entries, most))
    return room._replace(steps=min(room.steps, max(PIECE_ENTRIES // room.entries, 1)))


def _room_in_order(bags: csr_matrix | Chosen, batch_size: int, seed: int, table_rows: int) -> Room:
    """The room of batches of the longest texts; those of shorter ones have a part of it."""
    length = rounded(max(int(lengths_of(bags).max(initial=1)), 1))
    steps = min(rounded(-(-bags.shape[0] // batch_size)), RUN_STEPS)
    rows = 0
    if table_rows:
        order = next(epoch_orders(bags.shape[0], seed))[: LOOKED_BATCHES * batch_size]
        own = rows_of(bags, order)
        starts = own.indptr[::batch_size][: -(-len(order) // batch_size)].astype(np.int64)
        counts = np.diff(np.append(starts, own.nnz))
        most = int(_different(own.indices, starts, counts, table_rows).sizes.max(initial=1))
        rows = min(rounded(int(most * MORE_ROWS)), batch_size * length)
    return Room(steps, batch_size * length, rows, length)


def spacious(room: Room) -> Room:
    """Give some more room than needed, rounded, so that other lanes find place in it."""
    if room.length:
        return room._replace(steps=min(rounded(room.steps), RUN_STEPS), rows=rounded(room.rows))
    return Room(*(rounded(int(size * SPARE)) for size in room))


def arrange(
    bags: csr_matrix | Chosen,
    labels: np.ndarray,
    batch_size: int,
    order: np.ndarray,
    *,
    table_rows: int = 0,
    room: Room | None = None,
    length: int = 0,
) -> tuple[Batches, Room]:
    """Lay out one epoch.

    Args:
        bags: [texts, features].
        labels: int32 [texts].
        batch_size: texts a batch; the last batch may hold fewer.
        order: a permutation of the texts.
        table_rows: rows of the table whose rows are lazy (each batch's different features are
            then told once); 0 for the plain path.
        room: to be used if the epoch fits; else, and by default, exactly the room it needs.
        length: words of a text at most, where texts are read in order; else 0.

    Returns:
        The epoch and the room it was laid out in.
    """
    shuffled = rows_of(bags, order)
    texts, steps = len(order), -(-len(order) // batch_size)
    starts = shuffled.indptr[::batch_size][:steps].astype(np.int64)
    counts = np.diff(np.append(starts, shuffled.indptr[-1]))
    different = None
    if table_rows:
        different = _different(shuffled.indices, starts, counts, table_rows)
    most = int(different.sizes.max()) if different else 0
    entries = batch_size * length or max(int(counts.max()), 1)
    need = Room(steps, entries, most, length)
    room = room if room is not None and room.holds(need) else need
    ids = np.zeros((room.steps, room.rows), np.int32)
    ids[:] = table_rows + np.arange(room.rows, dtype=np.int32)
    since = np.zeros_like(ids)
    if different:
        _tell_rows(different, table_rows, ids, since)
    # Position of each non-zero: its batch's row, its place in the batch.
    flat = np.arange(shuffled.nnz)
    if length:
        flat += np.repeat(
            np.arange(texts) * length - shuffled.indptr[:-1], np.diff(shuffled.indptr)
        )
    else:
        flat += np.repeat(np.arange(steps) * room.entries - starts, counts)
    size = room.steps * room.entries
    places, weights = np.zeros(size, np.int32), np.zeros(size, np.float32)
    places[flat] = different.inner if different else shuffled.indices
    weights[flat] = shuffled.data
    numbers = np.zeros(0, np.int32)
    if not length:
        numbers = np.full(size, batch_size - 1, np.int32)
        number = np.arange(texts, dtype=np.int32) % batch_size
        numbers[flat] = np.repeat(number, np.diff(shuffled.indptr))
    padded = np.zeros(room.steps * batch_size, np.int32)
    padded[:texts] = labels[order]
    valid = np.zeros(room.steps * batch_size, np.float32)
    valid[:texts] = 1
    by_entry, by_text = (room.steps, room.entries), (room.steps, batch_size)
    batches = Batches(
        ids,
        since,
        places.reshape(by_entry),
        weights.reshape(by_entry),
        numbers.reshape(by_entry if not length else (room.steps, 0)),
        padded.reshape(by_text),
        valid.reshape(by_text),
        _vectors(bags, order, (room.steps, batch_size)),
    )
    return batches, room


def _tell_rows(different: _Different, table_rows: int, ids: np.ndarray, since: np.ndarray) -> None:
    """Fill in each batch's rows, and when each was read before."""
    last, begin = np.zeros(table_rows, np.int32), 0
    for step, size in enumerate(different.sizes.tolist()):
        own = different.ids[begin : begin + size]
        ids[step, :size] = own
        since[step, :size] = last[own]
        last[own] = step + 1
        begin += size


class Rows(NamedTuple):
    """Rows of a sparse matrix, one after another; as of `csr_matrix`."""

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray

    @property
    def nnz(self) -> int:
        """How many non-zeros they have."""
        return len(self.indices)


def rows_of(bags: csr_matrix | Chosen, order: np.ndarray) -> Rows:
    """Pick rows; the same as `bags[order]`, without what SciPy checks on the way."""
    if isinstance(bags, Chosen):
        bags, order = bags.bags, bags.rows[order]
    bags = sparse(bags)
    begins = bags.indptr[order]
    lengths = bags.indptr[order + 1] - begins
    indptr = np.zeros(len(order) + 1, np.int64)
    np.cumsum(lengths, out=indptr[1:])
    places = np.repeat(begins - indptr[:-1], lengths)
    places += np.arange(indptr[-1])
    return Rows(indptr, bags.indices[places], bags.data[places])


class _Different(NamedTuple):
    """The different ids of each batch, one batch after another.

    Args:
        ids: told once a batch.
        sizes: how many each batch has.
        inner: for each non-zero its position among the ids of its batch.
    """

    ids: np.ndarray
    sizes: np.ndarray
    inner: np.ndarray


def _different(
    indices: np.ndarray, starts: np.ndarray, counts: np.ndarray, table_rows: int
) -> _Different:
    """Tell each batch's different ids and, for each non-zero, its position among them.

    Linear in the non-zeros: the last writer of a scratch cell represents its id. No sort. As many
    batches go at once as SCRATCH cells hold: few calls on small tables, few cells on large ones.
    """
    together = min(max(SCRATCH // table_rows, 1), len(counts))
    owner_of = np.zeros(together * table_rows, np.int32)
    inner, told, sizes = np.empty(len(indices), np.int32), [], []
    for begin in range(0, len(counts), together):
        ends = np.cumsum(counts[begin : begin + together])
        span = slice(starts[begin], starts[begin] + ends[-1])
        number = np.repeat(np.arange(len(ends)), counts[begin : begin + together])
        ids, place = indices[span], np.arange(ends[-1], dtype=np.int32)
        cells = number * table_rows + ids
        owner_of[cells] = place
        owner = owner_of[cells]
        first = owner == place
        rank = np.cumsum(first, dtype=np.int32)
        done = np.append(np.int32(0), rank)[ends]  # ids told up to the end of each batch
        before = np.append(np.int32(0), done[:-1])
        inner[span] = (rank - 1)[owner] - before[number]
        told.append(ids[first])
        sizes.append(done - before)
    return _Different(np.concatenate(told), np.concatenate(sizes), inner)
