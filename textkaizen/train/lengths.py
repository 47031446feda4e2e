"""Batches of texts of like length, so that little is padded, in few sizes, so that few compile.

An epoch's shuffle is kept within each size; batches of one size run in runs, whose order is drawn
anew in each epoch, so that no length comes first. Texts that do not fill a batch of their size go
on to the next larger; the one batch that may be short is of the largest and comes last.

Rejected: sorting by length within a window (batches then differ by one word each, and every length
is a program of its own).
"""

from __future__ import annotations

import numpy as np

from textkaizen.train.batches import Room, rounded

SHARES = (0.5, 1.0)  # of the longest text: the sizes there are
LONG, SHARES_OF_LONG = 40, (0.3, 0.6, 1.0)  # where the longest has more words than LONG
LEAST_BATCHES = 4  # of a size; fewer go on to the next larger

Runs = dict[int, tuple[int, int]]  # first step -> steps, and words of their longest text


def sizes(length: int) -> list[int]:
    """Return how many words batches have room for, ascending; the last is `length`.

    Example:
        >>> sizes(20), sizes(60)
        ([10, 20], [18, 36, 60])
    """
    shares = SHARES_OF_LONG if length > LONG else SHARES
    return sorted(
        {rounded(max(int(np.ceil(share * length)), 1)) for share in shares[:-1]} | {length}
    )


def of_length(room: Room, batch_size: int, length: int) -> Room:
    """Return the part of a room that batches of shorter texts need."""
    entries = batch_size * length
    return room._replace(entries=entries, rows=min(room.rows, rounded(entries)), length=length)


def by_length(
    order: np.ndarray,
    lengths: np.ndarray,
    batch_size: int,
    room: Room,
    generator: np.random.Generator,
) -> tuple[np.ndarray, Runs]:
    """Bring an epoch's shuffle into batches of like length.

    Args:
        order: a permutation of the texts.
        lengths: words of each text.
        batch_size: texts a batch; only the last may hold fewer.
        room: `steps` batches are in a run at most; no text is longer than `length`.
        generator: decides the order of the runs.

    Returns:
        The new order, and its runs.
    """
    assert lengths.max(initial=0) <= room.length, (lengths.max(), room)
    runs, left = [], np.zeros(0, order.dtype)
    own, longest = lengths[order], sizes(room.length)
    for number, length in enumerate(longest):
        least = longest[number - 1] if number else -1
        some = np.concatenate([left, order[(own > least) & (own <= length)]])
        full, is_last = len(some) // batch_size, number == len(longest) - 1
        if not is_last and full < LEAST_BATCHES:
            left = some
            continue
        if not is_last:
            some, left = some[: full * batch_size], some[full * batch_size :]
        elif len(left):
            some = some[generator.permutation(len(some))]  # else those would always come first
        each = room.steps * batch_size
        runs += [(some[begin : begin + each], length) for begin in range(0, len(some), each)]
    short = len(runs[-1][0]) % batch_size > 0
    places = generator.permutation(len(runs) - short).tolist() + [len(runs) - 1] * short
    found, begin = {}, 0
    for place in places:
        steps = -(-len(runs[place][0]) // batch_size)
        found[begin] = steps, runs[place][1]
        begin += steps
    return np.concatenate([runs[place][0] for place in places]), found
