"""Every improvement of the catalogue as a lane: off is nothing, a crowd is nothing, one program."""

import math
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.recipe import Recipe
from textkaizen.study.improvements import CATALOGUE
from textkaizen.train.batches import arrange, room_needed
from textkaizen.train.inputs import (
    choice_numbers,
    epoch_inputs,
    first_state,
    fixed_inputs,
    specification,
    uses_extras,
)
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.optimise import optimiser
from textkaizen.train.programs import Programs
from textkaizen.train.schedules import learning_rates
from textkaizen.train.step import network_step
from textkaizen.workers.threads import Threads

TEXTS, FEATURES, CLASSES = 160, 48, 3
BASE = Recipe().with_shape(hidden=(8,)).with_knobs(epochs=3)
SHARED = Programs()
# There are not so many texts here; it differs from 128 by a number. Bags are given: text rules have
# nothing to do with lanes. Networks that read in order: `test_catalogue_networks.py`.
BY_NAME = {
    one.name: one
    for one in CATALOGUE
    if one.name != "batch size 512" and one.group not in ("text", "network")
}


@cache
def texts():
    generator = np.random.default_rng(0)
    bags = csr_matrix(random_array((TEXTS, FEATURES), density=0.15, rng=generator))
    return bags.astype(np.float32), generator.integers(0, CLASSES, TEXTS).astype(np.int32)


def improved(name: str) -> Recipe:
    """The improvement on a small network, trained for a few epochs, with an eighth of the units."""
    recipe = BY_NAME[name].change(BASE)
    units = [8 if size in (8, 64) else size // 8 for size in recipe.shape.hidden]
    patience = min(recipe.knobs.patience, 1.0) if recipe.knobs.patience < math.inf else math.inf
    return recipe.with_knobs(epochs=3, patience=patience).with_shape(hidden=units)


def lane(recipe: Recipe, seed: int = 3) -> Lane:
    """As a study makes it: what shares the base's choices shares its program."""
    bags, labels = texts()
    lean = choice_numbers(recipe) == choice_numbers(BASE) and not uses_extras(recipe.knobs)
    made = Lane(recipe, bags, labels, CLASSES, seed, lean=lean)
    return replace(made, room=wanted_room(replace(made, seed=0)))


def numbers(trained) -> list[np.ndarray]:
    """Every number of a trained lane, its history too."""
    parts = [part for one in trained.networks for group in one[:3] for part in group]
    return [*parts, *(np.array(values) for values in trained.history.values())]


@cache
def crowd() -> dict[str, list[np.ndarray]]:
    """All lanes at once, in threads, the last of the catalogue first."""
    names = list(BY_NAME)[::-1]
    found = Threads()(lambda name: (name, numbers(train(lane(improved(name)), SHARED))), names)
    return dict(found)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_lane_alone_equals_that_lane_in_a_crowd_and_is_compiled_once(name):
    beside = crowd()[name]
    compiled = SHARED.compilations
    alone = numbers(train(lane(improved(name)), SHARED))
    assert len(alone) == len(beside)
    for one, other in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(one, other)
    # Another seed needs no other program either.
    train(lane(improved(name), seed=4), SHARED)
    assert SHARED.compilations == compiled


def test_the_whole_catalogue_needs_few_programs():
    crowd()
    # Base, the one that switches, penalties, max-norm, averages, Adadelta; 2 widths, 3 depths;
    # 8 batch sizes and another number of steps where more or fewer texts are held back (3).
    assert SHARED.compilations <= 22


def prepared(spec, recipe: Recipe):
    """First state, inputs and batches of a recipe in a program that was made for another."""
    bags, labels = texts()
    steps = -(-TEXTS // spec.batch_size)
    chosen = optimiser(recipe.knobs, learning_rates(recipe.knobs, 3 * steps))
    state = first_state(recipe, spec, (FEATURES, 0), 5, chosen.first_squares)
    order = np.random.default_rng(1).permutation(TEXTS)
    batches, room = arrange(bags, labels, spec.batch_size, order, room=spec.room)
    assert room == spec.room
    inputs = epoch_inputs(fixed_inputs(recipe, labels, CLASSES, seed=5), chosen, 0, room)
    return state, inputs._replace(epoch=np.int32(1)), batches, np.int32(steps)


def step_by_step(spec, recipe: Recipe) -> list[np.ndarray]:
    """Take two steps, each operation by itself: what is written, without what a compiler fuses."""
    state, inputs, batches, _ = prepared(spec, recipe)
    with jax.disable_jit():
        for number in range(2):
            batch = jax.tree.map(lambda part, at=number: jnp.asarray(part[at]), batches)
            state, _ = network_step(spec, state, inputs, batch, jnp.int32(number))
    return [np.array(part) for part in jax.tree.leaves(state[:5])]


COMPILED = Programs()


def compiled(spec, recipe: Recipe) -> list[np.ndarray]:
    """Train one epoch in the compiled program."""
    arguments = prepared(spec, recipe)
    state, _ = COMPILED.epoch(spec, *arguments)(*arguments)
    return [np.array(part) for part in jax.tree.leaves(state[:5])]


def program_for(recipe: Recipe, lean: bool = True):
    bags, _ = texts()
    room = room_needed(bags, BASE.shape.batch_size, 0, 0)._replace(rows=0)
    return specification(recipe, CLASSES, FEATURES, room, lean, False)


def own_program(name: str):
    """The program that an improvement is trained in, for the base's layers and batches."""
    recipe = improved(name)
    recipe = recipe.with_shape(hidden=BASE.shape.hidden, batch_size=BASE.shape.batch_size)
    lean = choice_numbers(recipe) == choice_numbers(BASE) and not uses_extras(recipe.knobs)
    # Adadelta is another rule, not a value: what it is without is another optimiser.
    return program_for(recipe, lean)._replace(adadelta=False)


OWN = {name: own_program(name) for name in BY_NAME}
PROGRAMS = {spec: name for name, spec in reversed(OWN.items())}


def test_programs_of_the_catalogue_differ_where_they_must():
    # The base's own, the one that switches, penalties, max-norm, averages, decay.
    assert len(PROGRAMS) == 6
    assert OWN["dropout 0.5"] == program_for(BASE)


@pytest.mark.parametrize("name", PROGRAMS.values())
def test_what_is_switched_off_changes_nothing_to_the_last_bit(name):
    off, plain = step_by_step(OWN[name], BASE), step_by_step(program_for(BASE), BASE)
    for one, other in zip(off, plain, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", PROGRAMS.values())
def test_compiled_it_changes_nothing_but_how_the_last_bit_is_rounded(name):
    # A compiler fuses a product and a sum into one rounding where it can, and where it can depends
    # on what else is in the program: five steps of Adam at 0.001 move a weight by 5e-3, a last bit
    # of which is 5e-10, and weights near 1 have a last bit of 6e-8.
    off, plain = compiled(OWN[name], BASE), compiled(program_for(BASE), BASE)
    for one, other in zip(off, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
