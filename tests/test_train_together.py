"""Lanes in one program: each is what it is alone, and those that have ended cost nothing."""

import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Block, Experiment
from textkaizen.study.material import Material
from textkaizen.train import lanes, programs
from textkaizen.train.inputs import first_state
from textkaizen.train.lanes import Lane, train, wanted_room
from textkaizen.train.programs import Programs
from textkaizen.train.together import (
    MOST_BYTES,
    Together,
    most_together,
    padded,
    trained_together,
)
from textkaizen.workers.threads import Threads

TEXTS, FEATURES, CLASSES, LANES = 64, 20, 3, 4
RECIPE = Recipe().with_shape(hidden=(6,), batch_size=8).with_knobs(epochs=6, learning_rate=0.02)
# The same sums in another order, some 40 steps, most weights equal to the last bit. A mask, a batch
# or a rate of another lane shows from 1e-3 on. Not Adam where units may be as good as dead (batch
# norm, noise): it divides a gradient that is zero but for rounding by itself; 3e-5 were found then.
NEAR = {"rtol": 1e-4, "atol": 1e-5}
NOISY = {"mixup": 0.4, "input_noise": 0.1, "input_dropout": 0.1, "dropout": 0.3}
MOMENTUM = {"optimiser": "sgd", "momentum": 0.9, "learning_rate": 0.1}
SECONDS = 300


def made(number, recipe=RECIPE, **rest):
    """A lane with texts, a seed and a number of features of its own: another fold."""
    generator = np.random.default_rng(number)
    features = FEATURES - number
    labels = generator.integers(0, CLASSES, TEXTS)
    dense = random_array((TEXTS, features), density=0.2, rng=generator).toarray()
    dense[np.arange(TEXTS), labels] += generator.random(TEXTS) < 0.6
    bags = csr_matrix(dense.astype(np.float32))
    return Lane(recipe, bags, labels, CLASSES, seed=number, table_rows=FEATURES, **rest)


def crowd(knobs, **rest):
    """Lanes of one room, whose numbers may differ."""
    each = [made(n, RECIPE.with_knobs(**own), **rest) for n, own in enumerate(knobs)]
    room = wanted_room(each[0])
    for lane in each[1:]:
        room = room.joined(wanted_room(lane))
    return [replace(lane, room=room) for lane in each]


@pytest.fixture
def met(monkeypatch):
    """Let lanes begin only when all have a seat; tell how many pieces each meeting had."""
    sizes, real = [], Programs._train_group

    def group(self, group, parts):
        sizes.append(len(parts))
        return real(self, group, parts)

    monkeypatch.setattr(Programs, "_train_group", group)
    seated, began = threading.Barrier(LANES), threading.local()

    def first(*given):
        if not getattr(began, "once", False):
            began.once = True
            seated.wait(SECONDS)
        return first_state(*given)

    return sizes, lambda: monkeypatch.setattr(lanes, "first_state", first)


def numbers(trained):
    network = trained.network
    return [*network.kernels, *network.biases, *network.norms]


def assert_alike(one, other):
    assert one.best_epoch == other.best_epoch
    assert one.history.keys() == other.history.keys()
    for name, values in one.history.items():
        np.testing.assert_allclose(values, other.history[name], err_msg=name, **NEAR)
    for own, its in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_allclose(own, its, **NEAR)


CROWDS = {
    # What is a number may differ from lane to lane; each stops when it is time for it.
    "numbers": (
        [
            {"l2": 1e-4, "patience": 1, "learning_rate": 0.2, "epochs": 30},
            {"l2": 0.01, "patience": 2, "epochs": 9},
            {"l2": 0.02, "optimiser": "sgd", "momentum": 0.9},
            {"l1": 0.001, "learning_rate": 0.01, "validation": 0.2},
        ],
        {},
    ),
    # What is drawn at random, rows that catch up, weights that decay.
    "drawn": (
        [
            NOISY | MOMENTUM | {"weight_decay": decay, "batch_norm": "after"}
            for decay in (1e-3, 1e-4, 1e-3, 1e-5)
        ],
        {},
    ),
}


SLOW = {"drawn": [pytest.mark.slow]}  # its program takes a minute to compile


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, [])) for name in CROWDS])
def test_a_lane_in_one_program_with_others_is_that_lane_alone(name, met, monkeypatch):
    sizes, meet = met
    monkeypatch.setattr(lanes, "lazy_pays", lambda rows, _: name == "drawn" and rows > 0)
    given = crowd(*CROWDS[name][:1], **CROWDS[name][1])
    if name == "drawn":  # several pieces an epoch
        given = [replace(lane, room=lane.room._replace(steps=3)) for lane in given]
    asked = lambda number: [lambda epoch, logs: number == 3 and epoch == 4]
    alone = Programs()
    apart = [train(lane, alone, asked(number)) for number, lane in enumerate(given)]
    meet()
    together = Programs(together=True)
    found = list(
        Threads(LANES)(lambda job: train(job[1], together, asked(job[0])), list(enumerate(given)))
    )
    for one, other in zip(apart, found, strict=True):
        assert_alike(one, other)
    lengths = [len(lane.history["loss"]) for lane in apart]
    assert lengths[3] == 4 < max(lengths)  # it was asked to stop, the others were not
    pieces = 3 if name == "drawn" else 1
    # A lane that has stopped is in no program: as many pieces were trained as epochs were needed.
    assert sum(sizes) == pieces * sum(lengths)
    assert sizes[0] == LANES
    assert sorted(sizes, reverse=True) == sizes
    assert any(isinstance(key, Together) for key in together.specifications)
    assert len({tuple(np.ravel(numbers(lane)[1])) for lane in found}) == LANES


@pytest.mark.slow
def test_a_study_finds_the_same_whether_lanes_go_together_or_not():
    corpus = Corpus(
        tuple(f"{verb} my {noun} {n}" for verb in "ab" for noun in "cdefg" for n in range(4)),
        tuple("ab"[n >= 20] for n in range(40)),
    )
    recipe = Recipe().with_shape(hidden=(4,)).with_knobs(epochs=5, learning_rate=0.01)
    found = []
    for worker, how in ((map, {}), (Threads(3), {"together": True})):
        experiment = Experiment(Material(corpus, 3, (1,)), worker, Programs(**how))
        experiment.probabilities = True
        list(experiment.run(experiment.jobs(recipe, recipe, Block(0, (0, 1, 2)))))
        found.append(experiment.runs[recipe])
    alone, together = found
    assert alone.epochs == together.epochs
    np.testing.assert_allclose(alone.probabilities, together.probabilities, **NEAR)
    np.testing.assert_array_equal(alone.predicted, together.predicted)  # none is on the edge


def test_lanes_are_grouped_by_their_choices_and_not_by_their_numbers():
    def group(**knobs):
        lane = made(0, RECIPE.with_knobs(**knobs), lean=False)
        start = started(lane)
        return start.group

    usual = group()
    for same in ({"learning_rate": 0.1}, {"label_smoothing": 0.1}, {"optimiser": "rmsprop"}):
        assert group(**same) == usual, same
    assert group(dropout=0.2) == group(dropout=0.5) != usual
    for other in (
        *({"activation": "tanh"}, {"batch_norm": "after"}, {"loss": "focal"}),
        *({"mixup": 0.1}, {"input_noise": 0.1}, {"input_dropout": 0.1}, {"l2": 0.1}),
        {"dropout": 0.2, "dropout_kind": "alpha", "activation": "selu"},
    ):
        assert group(**other) != usual, other


def started(lane):
    texts = lanes._parted(lane)
    return lanes._Start(lane, texts, lanes._specification(lane, texts), lane.seed, Programs())


@pytest.mark.parametrize("knobs", [{}, NOISY])
def test_a_choice_that_a_group_shares_picks_one_branch_for_all_of_its_lanes(knobs):
    """Batched, a switch would become a selection among the results of all branches."""
    given = [started(lane) for lane in crowd([knobs] * 2, lean=False)]
    arguments = []
    for start in given:
        state = first_state(start.lane.recipe, start.spec, (FEATURES - 1, 0), start.seed, 0.0)
        piece = start.epochs.take()
        inputs = lanes.epoch_inputs(start.fixed, start.optimiser, 0, piece.room)
        arguments.append((state, inputs, piece.batches))
    one = lambda *own: programs.epoch(given[0].spec, *own, np.int32(piece.steps))
    several = lambda *all_of: trained_together(
        programs.epoch, given[0].group, *all_of, np.int32(piece.steps)
    )
    branches = [
        str(jax.make_jaxpr(function)(*parts)).count("cond[")
        for function, parts in ((one, arguments[0]), (several, zip(*arguments, strict=True)))
    ]
    # What is drawn for some of a group may be off for others, and is selected: dropout of the
    # layer, mixing, features dropped, noise.
    assert branches[1] == branches[0] - (4 if knobs else 0)
    assert branches[1] >= 3  # activation, batch norm, loss


def test_there_are_programs_for_few_sizes_and_they_hold_what_memory_does():
    assert [padded(n) for n in range(1, 10)] == [1, 2, 4, 4, 8, 8, 8, 8, 16]
    sizes = (4, MOST_BYTES // 5, MOST_BYTES, 3 * MOST_BYTES)
    assert [most_together(SimpleNamespace(nbytes=size)) for size in sizes] == [16, 4, 1, 1]


def test_lanes_whose_program_cannot_be_compiled_all_say_so(met, monkeypatch):
    _, meet = met

    def failing(*_):
        raise ValueError("no")

    monkeypatch.setattr(programs, "trained_together", failing)
    meet()
    shared = Programs(together=True)

    def message(lane):
        with pytest.raises(ValueError, match="no"):
            train(lane, shared)
        return True

    assert all(Threads(LANES)(message, crowd([{}] * LANES)))
    assert shared.compilations == 0


def test_a_lane_trains_on_the_device_that_it_is_given(tmp_path):
    """Two devices that the process makes of its CPU: a lane on the second, which is not JAX' own
    choice, alone and together."""
    script = tmp_path / "second.py"
    script.write_text(SECOND)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "1", "1", "True"]


SECOND = """
import os
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
import jax, numpy as np
from scipy.sparse import csr_matrix
from textkaizen.recipe import Recipe
from textkaizen.train import lanes
from textkaizen.train.programs import Programs

bags, labels = csr_matrix(np.eye(12, dtype=np.float32)), np.arange(12) % 2
recipe = Recipe().with_shape(hidden=(3,), batch_size=4).with_knobs(epochs=2, validation=0.0)
lane, ids, real = lanes.Lane(recipe, bags, labels, 2, seed=1), set(), lanes.run

def run(train_epoch, state, *rest):
    def epoch(state, number):
        state, logs = train_epoch(state, number)
        ids.update(d.id for part in jax.tree.leaves(state) for d in part.devices())
        return state, logs
    return real(epoch, state, *rest)

lanes.run, found = run, []
second = {"device": jax.devices()[1]}
for how in ({}, second, second | {"together": True}):
    found.append(lanes.train(lane, Programs(**how)).network.kernels[0])
    print(*ids)
    ids.clear()
print(all(np.array_equal(found[0], other) for other in found))
"""
