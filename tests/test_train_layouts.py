"""What lanes share: made once, bounded, told apart by what it is made of, and not to be seen."""

import threading
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Block, Experiment
from textkaizen.study.material import Material
from textkaizen.train import epochs, inputs, lanes, layouts
from textkaizen.train.batches import Room
from textkaizen.train.lanes import Lane, train
from textkaizen.train.layouts import STALE, Layouts, Same, bytes_of
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads

TEXTS, FEATURES, SECONDS = 90, 40, 30
SHARED = Programs()
RECIPE = Recipe().with_shape(hidden=(4,), batch_size=8).with_knobs(epochs=4, validation=0.2)


def drawn(seed=0) -> csr_matrix:
    drawn = random_array((TEXTS, FEATURES), density=0.15, rng=np.random.default_rng(seed))
    return csr_matrix(drawn.astype(np.float32))


BAGS, LABELS = drawn(), np.arange(TEXTS, dtype=np.int32) % 3
ROOM = Room(12, 80, 0)


def lane(recipe=RECIPE, bags=BAGS, labels=LABELS, seed=2, room=ROOM) -> Lane:
    return Lane(recipe, bags, labels, 3, seed, room=room)


def bits(trained) -> list[bytes]:
    parts = (*trained.network.kernels, *trained.network.biases, *trained.history.values())
    return [np.asarray(part).tobytes() for part in parts]


def kilobytes(count: int) -> np.ndarray:
    return np.zeros(count << 10, np.uint8)


@pytest.fixture
def laid_out(monkeypatch):
    """How often batches were laid out and rates made."""
    counts = {"arrange": 0, "_rates_and_tables": 0, "hold_out": 0}

    def count(module, name):
        real = getattr(module, name)

        def counted(*given, **how):
            counts[name] += 1
            return real(*given, **how)

        monkeypatch.setattr(module, name, counted)

    for module, name in ((epochs, "arrange"), (inputs, "_rates_and_tables"), (lanes, "hold_out")):
        count(module, name)
    return counts


def test_lanes_that_read_the_same_lay_it_out_once_and_find_what_each_finds_alone(laid_out):
    recipes = [RECIPE.with_knobs(dropout=rate) for rate in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)]
    given = [lane(recipe, labels=LABELS.copy()) for recipe in recipes]
    alone = [bits(train(one, SHARED)) for one in given]
    assert laid_out == {"arrange": 24, "_rates_and_tables": 24, "hold_out": 6}
    laid_out.update(dict.fromkeys(laid_out, 0))
    shared = Layouts()
    found = list(Threads(3)(lambda one: bits(train(one, SHARED, (), shared)), given))
    assert found == alone
    assert laid_out == {"arrange": 4, "_rates_and_tables": 4, "hold_out": 1}
    assert len({one[0] for one in found}) == 6


OTHERS = {
    "other bags of the same form": lane(bags=drawn(1)),
    "the same bags at another place": lane(bags=BAGS.copy()),
    "other labels": lane(labels=LABELS[::-1].copy()),
    "another seed": lane(seed=3),
    "another batch size": lane(RECIPE.with_shape(batch_size=9)),
    "another share held back": lane(RECIPE.with_knobs(validation=0.1)),
    "nothing held back": lane(RECIPE.with_knobs(validation=0.0)),
    "texts that belong together": replace(lane(), units=np.arange(TEXTS) // 2),
    "pieces": lane(room=ROOM._replace(steps=5)),
    "lazy rows": lane(room=ROOM._replace(rows=48)),
    "several starts": lane(RECIPE.with_knobs(starts=2)),
    "a plateau": lane(RECIPE.with_knobs(plateau_factor=0.1, plateau_patience=1)),
}


def test_what_tells_lanes_apart_tells_what_they_read_apart():
    """One store for all of them, in turn and then all at once."""
    shared = Layouts()
    train(lane(), SHARED, (), shared)
    for name, other in OTHERS.items():
        assert bits(train(other, SHARED, (), shared)) == bits(train(other, SHARED)), name
    again = list(Threads(3)(lambda one: bits(train(one, SHARED, (), shared)), OTHERS.values()))
    assert again == [bits(train(one, SHARED)) for one in OTHERS.values()]


def test_a_room_that_grows_grows_for_all_who_read_the_same(laid_out):
    given = lane(RECIPE.with_knobs(validation=0.0), room=Room(12, 32, 0))
    expected = bits(train(given, SHARED))
    once, shared = laid_out["arrange"], Layouts()
    assert once > 4  # what has no room is laid out again
    for number in range(3):
        compiled = SHARED.compilations
        assert bits(train(given, SHARED, (), shared)) == expected
        assert laid_out["arrange"] == 2 * once, number
        assert SHARED.compilations == compiled


def test_lanes_of_a_study_share_what_a_fold_and_a_seed_lay_out(laid_out):
    texts = tuple(f"{verb} my {noun}" for verb in "abcde" for noun in "fghijk")
    material = Material(Corpus(texts, tuple("xy"[n % 2] for n in range(30))), 2, (1, 2))
    experiment = Experiment(material, programs=SHARED)
    base = RECIPE.with_knobs(validation=0.0)
    recipes = [base.with_knobs(learning_rate=rate) for rate in (0.01, 0.02, 0.03)]
    blocks = [Block(number, (0, 1)) for number in (0, 1)]
    for recipe, block in product(recipes, blocks):
        list(experiment.run(experiment.jobs(recipe, base, block)))
    assert experiment.lanes == 12
    assert laid_out["arrange"] == 4 * 4  # two folds, two seeds, four epochs


def test_a_store_that_keeps_nothing_changes_nothing(laid_out):
    nothing = Layouts(most_bytes=0)
    assert bits(train(lane(), SHARED, (), nothing)) == bits(train(lane(), SHARED))
    assert nothing.size == 0
    assert laid_out["arrange"] == 8


def test_no_more_is_kept_than_was_asked_for():
    """The first epochs of each fold stay while a study goes round its folds."""
    shared, made = Layouts(most_bytes=100 << 10), []
    make = lambda: made.append(1) or kilobytes(6)
    for _ in range(4):
        for fold in range(5):
            shelf = shared.shelf(("fold", fold))
            for epoch in range(5):
                shelf(epoch, make)
                assert shared.size <= shared.most_bytes
    assert shared.size == 16 * 6 << 10
    # Of 25 pieces 16 have room: those are made once, the others whenever they are read.
    assert len(made) == 16 + 4 * 9


def test_what_has_not_been_read_for_long_makes_room():
    shared = Layouts(most_bytes=100 << 10)
    old, read = shared.shelf("old"), shared.shelf("read")
    for number in range(8):
        old(number, lambda: kilobytes(6))
        read(number, lambda: kilobytes(6))
    for _ in range(STALE):
        shared.shelf("another lane")
    read(0, lambda: pytest.fail("it is there"))
    shared.shelf("new")(0, lambda: kilobytes(6))
    assert shared.size == 9 * 6 << 10
    read(7, lambda: pytest.fail("it is there"))
    assert old(0, lambda: "made again") == "made again"


def test_what_is_large_is_not_kept():
    shared = Layouts(most_bytes=160 << 10)
    shelf = shared.shelf("a large set")
    shelf("small", lambda: kilobytes(10))
    shelf("large", lambda: kilobytes(11))
    assert shared.size == 10 << 10
    assert shelf("large", lambda: "made again") == "made again"


@pytest.mark.parametrize("most_bytes", [0, 1 << 20])
def test_threads_that_want_the_same_wait_for_the_one_that_makes_it(most_bytes):
    shelf, begun, go_on, made = Layouts(most_bytes).shelf("plan"), *events(2), []

    def make():
        begun.set()
        assert go_on.wait(SECONDS)
        made.append(kilobytes(1))
        return made[-1]

    found = []
    threads = [threading.Thread(target=lambda: found.append(shelf(0, make))) for _ in range(4)]
    threads[0].start()
    assert begun.wait(SECONDS)
    for thread in threads[1:]:
        thread.start()
    # Something else is not waited for; all others come before the first has ended.
    assert shelf(1, lambda: "else") == "else"
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert len(found) == 4
    if most_bytes:
        assert len(made) == 1
        assert all(one is made[0] for one in found)


def events(count):
    return [threading.Event() for _ in range(count)]


def test_who_waits_for_one_that_fails_makes_it_for_himself():
    shelf, begun, go_on, failures, found = Layouts().shelf("plan"), *events(2), [], []

    def failing():
        begun.set()
        assert go_on.wait(SECONDS)
        raise ValueError("no")

    def first():
        try:
            shelf(0, failing)
        except ValueError as error:
            failures.append(error)

    threads = [
        threading.Thread(target=first),
        threading.Thread(target=lambda: found.append(shelf(0, lambda: 42))),
    ]
    threads[0].start()
    assert begun.wait(SECONDS)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert len(failures) == 1
    assert found == [42]


def test_a_key_keeps_its_object_so_that_no_other_takes_its_place():
    """As a number alone an object's place would be given to the next one when it is gone."""
    shared = Layouts()
    for number in range(50):
        shelf = shared.shelf(Same(np.full(3, number)))
        assert shelf(0, lambda own=number: own) == number


def test_bytes_are_those_of_all_arrays():
    bags = csr_matrix(np.eye(4, dtype=np.float32))
    expected = bags.data.nbytes + bags.indices.nbytes + bags.indptr.nbytes + 8
    assert bytes_of((bags, np.zeros(1), "a name", 3)) == expected
    assert layouts.digest(np.zeros(2, np.int32)) != layouts.digest(np.zeros(2, np.float32))
    assert layouts.digest(np.zeros((2, 1))) != layouts.digest(np.zeros((1, 2)))
