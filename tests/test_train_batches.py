"""Batches: nothing is dropped, nothing is added, padding is where it does no harm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from textkaizen.train.batches import Chosen, Room, arrange, epoch_orders, room_needed, rounded


@st.composite
def epochs(draw):
    """Bags with empty texts and doubled features, labels, an order, a batch size."""
    texts, features = draw(st.integers(1, 20)), draw(st.integers(1, 12))
    lengths = draw(st.lists(st.integers(0, 9), min_size=texts, max_size=texts))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = generator.integers(0, features, sum(lengths)).astype(np.int32)
    values = generator.integers(1, 9, sum(lengths)).astype(np.float32)
    bags = csr_matrix((values, columns, np.append(0, np.cumsum(lengths))), (texts, features))
    labels = generator.integers(0, 5, texts).astype(np.int32)
    return bags, labels, draw(st.integers(1, 25)), generator.permutation(texts)


def rebuilt(batches, texts, batch_size, features, lazy):
    """The matrix that stands in the batches, in their order; whole numbers, so exact."""
    matrix = np.zeros((texts, features))
    for step, (places, weights, numbers) in enumerate(
        zip(batches.places, batches.weights, batches.texts, strict=True)
    ):
        columns = batches.ids[step][places] if lazy else places
        there = weights != 0
        np.add.at(matrix, (step * batch_size + numbers[there], columns[there]), weights[there])
    return matrix


@pytest.mark.parametrize("lazy", [False, True])
@settings(max_examples=200, deadline=None)
@given(epoch=epochs(), more=st.sampled_from([None, 0, 1, 7]))
def test_the_matrix_can_be_rebuilt_from_the_batches(lazy, epoch, more):
    bags, labels, batch_size, order = epoch
    texts, features = bags.shape
    how = {"table_rows": features if lazy else 0}
    batches, need = arrange(bags, labels, batch_size, order, **how)
    if more is not None:
        room = Room(need.steps + more, need.entries + more, need.rows + more * (need.rows > 0))
        batches, found = arrange(bags, labels, batch_size, order, room=room, **how)
        assert found == room
    expected = bags.toarray()[order]  # small by construction; doubled features are added up
    lazy = lazy and need.rows > 0
    assert (rebuilt(batches, texts, batch_size, features, lazy) == expected).all()
    assert (batches.labels.ravel()[:texts] == labels[order]).all()
    assert (batches.valid.ravel() == (np.arange(batches.valid.size) < texts)).all()
    assert (batches.weights != 0).sum() == bags.nnz
    assert (np.diff(batches.texts, axis=1) >= 0).all()
    assert batches.texts.min() >= 0
    assert batches.texts.max() < batch_size


@settings(max_examples=100, deadline=None)
@given(epochs(), st.integers(0, 5))
def test_the_ids_of_a_batch_differ_and_padding_is_beyond_the_table(epoch, beyond):
    bags, labels, batch_size, order = epoch
    table_rows = bags.shape[1] + beyond
    batches, room = arrange(bags, labels, batch_size, order, table_rows=table_rows)
    shuffled = bags[order]
    most = 0
    for step, ids in enumerate(batches.ids):
        assert len(set(ids.tolist())) == len(ids)
        own = set(shuffled[step * batch_size : (step + 1) * batch_size].indices.tolist())
        assert own == {i for i in ids.tolist() if i < table_rows}
        most = max(most, len(own))
    assert room.rows == most
    assert (batches.places < max(room.rows, 1)).all()


def bags_of(*lengths):
    indptr = np.append(0, np.cumsum(lengths))
    columns = np.concatenate([np.arange(length) for length in lengths]).astype(np.int32)
    return csr_matrix((np.ones(len(columns), np.float32), columns, indptr), (len(lengths), 50))


def test_a_batch_worked_out_by_hand():
    bags = csr_matrix(np.float32([[0, 2, 0], [3, 0, 4], [0, 5, 0]]))
    batches, room = arrange(bags, np.int32([7, 8, 9]), 2, np.array([2, 1, 0]), table_rows=3)
    assert room == Room(steps=2, entries=3, rows=3)
    features = [batches.ids[step][batches.places[step]].tolist() for step in (0, 1)]
    assert features[0] == [1, 0, 2]
    assert features[1][0] == 1
    assert batches.weights.tolist() == [[5, 3, 4], [2, 0, 0]]
    assert batches.texts.tolist() == [[0, 1, 1], [0, 1, 1]]
    assert batches.labels.tolist() == [[9, 8], [7, 0]]
    assert batches.valid.tolist() == [[1, 1], [1, 0]]
    assert batches.ids[1].tolist() == [1, 4, 5]  # beyond the table of 3


@pytest.mark.parametrize("room", [Room(9, 3, 0), Room(1, 99, 0), Room(9, 99, 4)])
def test_what_does_not_fit_gets_the_room_it_needs(room):
    bags, labels = bags_of(1, 30, 2), np.zeros(3, np.int32)
    batches, found = arrange(bags, labels, 2, np.arange(3), room=room)
    assert found == Room(2, 31, 0)
    assert batches.weights.sum() == 33


def test_rooms_joined_hold_both():
    one, other = Room(1, 20, 3), Room(4, 5, 6)
    assert one.joined(other) == Room(4, 20, 6)
    assert one.joined(other).holds(one)
    assert one.joined(other).holds(other)
    assert not one.holds(other)
    assert not Room(9, 99, 9).holds(Room(1, 1, 0))  # the other path


@given(st.integers(0, 10**7))
def test_rounding_adds_at_most_an_eighth_and_sizes_fall_together(size):
    assert size <= rounded(size) <= max(size * 1.125, size)
    assert rounded(rounded(size)) == rounded(size)


@given(st.integers(9, 10**6))
def test_an_octave_has_at_most_eight_sizes(size):
    octave = 1 << (size.bit_length() - 1)
    assert (rounded(size) - octave) % (octave // 8) == 0


def test_orders_are_permutations_that_differ_and_repeat_with_the_seed():
    first, second = epoch_orders(50, 3), epoch_orders(50, 3)
    epochs = [next(first) for _ in range(4)]
    for order in epochs:
        assert (np.sort(order) == np.arange(50)).all()
        assert (order == next(second)).all()
    assert len({tuple(order) for order in epochs}) == 4
    assert (next(epoch_orders(50, 4)) != epochs[0]).any()


def test_rows_told_by_number_are_laid_out_as_rows_that_were_copied():
    bags = csr_matrix(
        np.random.default_rng(0).random((40, 9)) * (np.random.default_rng(1).random((40, 9)) < 0.3),
        dtype=np.float32,
    )
    rows = np.array([3, 5, 8, 13, 21, 34])
    chosen, copied, order = Chosen(bags, rows), bags[rows], np.random.default_rng(2).permutation(6)
    assert chosen.shape == copied.shape
    assert room_needed(chosen, 2, 0, 9) == room_needed(copied, 2, 0, 9)
    found, expected = (
        arrange(one, rows.astype(np.int32), 2, order, table_rows=9)[0] for one in (chosen, copied)
    )
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own, other)
