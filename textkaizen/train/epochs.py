"""The epochs of a lane in pieces, each laid out while the one before it trains.

A piece is as many batches as have place in the program's room: a whole epoch of a small set, a part
of a large one, so that what is laid out stays small beside the bags. Dispatch returns before a
program has ended, so laying out the next piece costs one network on two cores nothing. Where lanes
fill the cores it costs as much as anything else: lanes that read the same share it (`layouts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.train.batches import (
    Batches,
    Chosen,
    Room,
    arrange,
    epoch_orders,
    lengths_of,
    spacious,
)
from textkaizen.train.layouts import Shelf
from textkaizen.train.lengths import by_length, of_length


class Piece(NamedTuple):
    """Batches that follow each other in an epoch.

    Args:
        batches, room: laid out, and the room they are laid out in.
        begin: number of its first step in the epoch, from 0.
        steps: how many it has.
    """

    batches: Batches
    room: Room
    begin: int
    steps: int


@dataclass
class Epochs:
    """What a lane trains on, piece by piece, epoch after epoch.

    Args:
        bags, labels: of the training texts.
        batch_size, seed: of the lane's start.
        table_rows: rows of a table whose rows are lazy; 0 on the plain path.
        room: of the program; grows where an epoch needs more after all.
        count: epochs at most.
        shelf: where pieces are kept for other lanes that read the same; None lays out for oneself.
    """

    bags: csr_matrix | Chosen
    labels: np.ndarray
    batch_size: int
    seed: int
    table_rows: int
    room: Room
    count: int
    shelf: Shelf | None = None

    def __post_init__(self) -> None:
        self.lengths = lengths_of(self.bags) if self.room.length else None
        self.steps = -(-self.bags.shape[0] // self.batch_size)
        self._orders = epoch_orders(self.bags.shape[0], self.seed)
        self._order, self._drawn = np.zeros(0, int), 0
        self._pieces = self._laid_out()
        self._ahead: Piece | None = None

    def take(self) -> Piece:
        """Return the next piece, laid out ahead or now."""
        piece, self._ahead = self._ahead or next(self._pieces), None
        return piece

    def look_ahead(self) -> None:
        """Lay out the piece after the one that was taken, if there is one."""
        self._ahead = self._ahead or next(self._pieces, None)

    def _laid_out(self) -> Iterator[Piece]:
        for epoch in range(self.count):
            begin = 0
            while begin < self.steps:
                make = partial(self._piece, epoch, begin)
                part = (epoch, begin, self.room)
                piece = self.shelf(part, make) if self.shelf is not None else make()
                if self.lengths is None:
                    self.room = piece.room  # later pieces are to use a larger one as well
                elif piece.room.rows > self.room.rows:
                    self.room = self.room._replace(rows=piece.room.rows)
                yield piece
                begin += piece.steps

    def _piece(self, epoch: int, begin: int) -> Piece:
        """Lay a piece out; for others, too, hand it to the device once."""
        order, room = self._order_of(epoch), self.room
        steps, length = min(room.steps, self.steps - begin), 0
        if self.lengths is not None:
            steps, length = self._runs[begin]
            room = of_length(room, self.batch_size, length)
        order = order[begin * self.batch_size : (begin + steps) * self.batch_size]
        batches, room = self._arranged(order, room, length)
        if self.shelf is not None:
            batches = jax.device_put(batches)
        return Piece(batches, room, begin, steps)

    def _order_of(self, epoch: int) -> np.ndarray:
        """Return the order of an epoch, from 0; those passed over are drawn on the way."""
        while self._drawn <= epoch:
            self._order, self._drawn = next(self._orders), self._drawn + 1
            if self.lengths is not None:
                generator = np.random.default_rng([self.seed, 13, self._drawn])
                self._order, self._runs = by_length(
                    self._order, self.lengths, self.batch_size, self.room, generator
                )
        return self._order

    def _arranged(self, order: np.ndarray, room: Room, length: int) -> tuple[Batches, Room]:
        """Lay texts out in the room, or in a larger one."""
        what = (self.bags, self.labels, self.batch_size, order)
        how: Any = {"table_rows": self.table_rows, "length": length}
        batches, laid = arrange(*what, room=room, **how)
        if laid == room:
            return batches, laid
        return arrange(*what, room=spacious(room.joined(laid)), **how)
