"""Vectors beside bags under one network: the same as if they were entries of the bag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.data.mixed import Mixed
from textkaizen.recipe import Recipe
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.programs import Programs

TEXTS, FEATURES, NUMBERS = 120, 300, 5
PROGRAMS = Programs()


def drawn() -> tuple[Mixed, np.ndarray]:
    generator = np.random.default_rng(0)
    bags = csr_matrix(random_array((TEXTS, FEATURES), density=0.03, rng=generator)).astype("f")
    vectors = generator.normal(size=(TEXTS, NUMBERS)).astype("f")
    return Mixed(bags, vectors), (vectors[:, 0] > 0).astype(np.int32)


def lane(bags: Mixed | csr_matrix, labels: np.ndarray, **knobs) -> Lane:
    recipe = Recipe().with_shape(hidden=(8,)).with_knobs(epochs=4, validation=0.2, **knobs)
    made = Lane(recipe, bags, labels, 2, seed=3)
    return replace(made, room=wanted_room(made))


@pytest.mark.parametrize("knobs", [{}, {"l2": 1e-3}, {"weight_decay": 0.01, "mixup": 0.2}])
def test_a_network_on_both_is_the_network_on_all_entries(knobs: dict) -> None:
    mixed, labels = drawn()
    beside = train(lane(mixed, labels, **knobs), PROGRAMS).network
    entries = train(lane(mixed.hstacked(), labels, **knobs), PROGRAMS).network
    assert beside.kernels[0].shape == (FEATURES + NUMBERS, 8)
    for own, other in zip(beside.kernels, entries.kernels, strict=True):
        # float32 after 12 steps of Adam; sums in another order
        np.testing.assert_allclose(own, other, atol=3e-5)


def test_lanes_with_and_without_vectors_do_not_share_a_program() -> None:
    mixed, labels = drawn()
    programs, room = Programs(), wanted_room(lane(mixed.bags, labels))
    for bags in (mixed.bags, mixed):
        train(replace(lane(bags, labels), room=room, table_rows=304), programs)
    assert programs.compilations == 2


def test_what_predicts_reads_both_parts() -> None:
    mixed, labels = drawn()
    trained = train(lane(mixed, labels), PROGRAMS)
    knobs = lane(mixed, labels).recipe.knobs
    found = trained.logits(knobs, mixed)
    np.testing.assert_allclose(found, trained.logits(knobs, mixed.hstacked()), atol=1e-5)
