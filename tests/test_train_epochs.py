"""Epochs in pieces: what is laid out, when, and that training does not see where they end."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.recipe import Recipe
from textkaizen.train import batches, lanes
from textkaizen.train.batches import Room, epoch_orders, room_needed, rows_of
from textkaizen.train.epochs import Epochs
from textkaizen.train.lanes import Lane, train
from textkaizen.train.lazy import last_read
from textkaizen.train.programs import Programs

TEXTS, FEATURES, BATCH = 50, 40, 4
STEPS = 13


@pytest.fixture
def bags():
    drawn = random_array((TEXTS, FEATURES), density=0.15, rng=np.random.default_rng(0))
    return csr_matrix(drawn.astype(np.float32))


def epochs_of(bags, steps, count=2, lazy=True):
    room = Room(steps, 60, 40 if lazy else 0)
    labels = np.arange(TEXTS, dtype=np.int32) % 3
    return Epochs(bags, labels, BATCH, 7, FEATURES if lazy else 0, room, count)


def taken(epochs):
    """All pieces, each laid out ahead but for the first."""
    pieces = []
    while True:
        try:
            pieces.append(epochs.take())
        except StopIteration:
            return pieces
        epochs.look_ahead()


def test_pieces_hold_the_batches_of_each_epoch_in_order(bags):
    whole = taken(epochs_of(bags, STEPS))
    parts = taken(epochs_of(bags, 5))
    assert [(piece.begin, piece.steps) for piece in whole] == [(0, 13)] * 2
    assert [(piece.begin, piece.steps) for piece in parts] == [(0, 5), (5, 5), (10, 3)] * 2
    for number, epoch in enumerate(whole):
        own = parts[3 * number : 3 * number + 3]
        for name in ("weights", "texts", "labels", "valid"):
            found = [getattr(piece.batches, name)[: piece.steps] for piece in own]
            expected = getattr(epoch.batches, name)[:STEPS]
            np.testing.assert_array_equal(np.concatenate(found), expected)


def test_looking_ahead_twice_lays_out_one_piece(bags):
    epochs = epochs_of(bags, STEPS, count=3)
    epochs.look_ahead()
    epochs.look_ahead()
    assert len(taken(epochs)) == 3


@pytest.mark.parametrize("steps", [STEPS, 5])
def test_a_row_knows_when_its_piece_has_read_it_last(bags, steps):
    """By hand: from batch to batch, the features that its texts have."""
    order = next(epoch_orders(TEXTS, 7))
    for piece in taken(epochs_of(bags, steps, count=1)):
        last = np.zeros(FEATURES, int)
        for number in range(piece.steps):
            begin = (piece.begin + number) * BATCH
            there = set(bags[order[begin : begin + BATCH]].indices.tolist())
            ids, since = (part[number] for part in piece.batches[:2])
            assert set(ids[ids < FEATURES].tolist()) == there
            for row, when in zip(ids.tolist(), since.tolist(), strict=True):
                assert when == (last[row] if row < FEATURES else 0)
            last[sorted(there)] = number + 1
        np.testing.assert_array_equal(last_read(FEATURES, piece.batches.ids), last)


def test_picked_rows_are_those_that_scipy_picks(bags):
    for order in (np.array([3, 3, 0, 49]), np.arange(TEXTS)[::-1], np.array([], int)):
        found, expected = rows_of(bags, order), bags[order]
        for name in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


DECAYED = {"optimiser": "adamw", "weight_decay": 0.01, "dropout": 0.4}


@pytest.mark.parametrize(
    ("lazy", "knobs"),
    [(True, DECAYED), (False, {}), pytest.param(False, DECAYED, marks=pytest.mark.slow)],
)
def test_where_pieces_end_does_not_show(bags, monkeypatch, lazy, knobs):
    """Rows catch up at the end of a piece: float32 rounds a few more times, no more."""
    monkeypatch.setattr(lanes, "lazy_pays", lambda *_: lazy)
    recipe = Recipe().with_shape(hidden=(6,), batch_size=BATCH)
    recipe = recipe.with_knobs(epochs=6, validation=0.0, **knobs)
    lane = Lane(recipe, bags, np.arange(TEXTS) % 3, 3, seed=2, room=Room(STEPS, 60, 40 * lazy))
    whole = train(lane, Programs())
    parts = train(replace(lane, room=lane.room._replace(steps=5)), Programs())
    assert len(parts.history["loss"]) == 6
    for name, values in whole.history.items():
        # 78 steps of a rate of 0.001 and a last bit of 6e-8 each: 1e-5 is twenty times as much.
        np.testing.assert_allclose(parts.history[name], values, rtol=1e-5, err_msg=name)
    for one, other in zip(whole.network.kernels, parts.network.kernels, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-6)


def test_a_large_epoch_is_laid_out_in_pieces(bags, monkeypatch):
    monkeypatch.setattr(batches, "PIECE_ENTRIES", 200)
    room = room_needed(bags, BATCH, 7, FEATURES)
    assert room.steps * room.entries <= 200
    assert room.steps < STEPS
