"""Finished lanes on disk: found again to the last bit, and never those of another run."""

import json
import sqlite3
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textkaizen.data import Corpus
from textkaizen.errors import UsageError
from textkaizen.files import lanes as module
from textkaizen.files.asked import (
    candidates_asked,
    differences,
    improvements_asked,
    texts_asked,
    versions_asked,
)
from textkaizen.files.database import FILE
from textkaizen.files.lanes import LaneStore
from textkaizen.model import learn_linear, learn_model
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Answer
from textkaizen.study.finale import Learnt, Shelf
from textkaizen.study.improvements import chosen
from textkaizen.study.result import Curve

ASKED = {"--seed": 1, "the recipe": {"knobs": {"epochs": 60}}, "--rounds": None}
DROPOUT = Recipe().with_knobs(dropout=0.5)
LANE = Answer(np.array([2, 0, 1], np.int32), None, 0.1, 7, {"right": 1 / 3})
TEXTS = Corpus(("renew my card", "renew it", "lost my card", "lost a bag"), tuple("xxyy"))


class Candidate:
    """What is no recipe, and is told from others by its key."""

    def __init__(self, name, key):
        self.name, self.key = name, key


def store_in(folder, asked=ASKED):
    folder.mkdir(exist_ok=True)
    return LaneStore(folder, asked)


def same(one, other):
    """Whether two answers are the same to the last bit."""
    bits = lambda array: None if array is None else (array.dtype, array.shape, array.tobytes())
    plain = lambda answer: (repr(answer.seconds), answer.best_epoch, repr(answer.facts))
    whole = lambda answer: (bits(answer.predicted), bits(answer.probabilities), plain(answer))
    return whole(one) == whole(other)


floats = st.floats(allow_nan=True, allow_infinity=True)
answers = st.integers(1, 6).flatmap(
    lambda texts: st.builds(
        Answer,
        arrays(np.int32, texts, elements=st.integers(0, 2**31 - 1)),
        st.none() | arrays(np.float32, (texts, 3), elements=st.floats(0, 1, width=32)),
        st.floats(0, 1e6),
        st.integers(0, 10**6),
        st.dictionaries(st.text(max_size=5), floats, max_size=3),
    )
)


@given(st.lists(answers, min_size=1, max_size=4))
@settings(max_examples=12, deadline=None)  # a file and its syncs each
def test_what_is_kept_is_found_again_to_the_last_bit(tmp_path_factory, kept):
    folder = tmp_path_factory.mktemp("out")
    with store_in(folder) as store:
        for fold, answer in enumerate(kept):
            store.keep(DROPOUT, 1, fold, answer)
    with store_in(folder) as store:
        assert store.lanes == len(kept)
        for fold, answer in enumerate(kept):
            assert same(store.find(DROPOUT, 1, fold), answer)


def test_a_lane_is_found_by_its_recipe_seed_and_fold_alone(tmp_path):
    with store_in(tmp_path) as store:
        store.keep(DROPOUT, 1, 2, LANE)
        assert same(store.find(Recipe().with_knobs(dropout=0.5), 1, 2), LANE)
        for other in ((Recipe(), 1, 2), (DROPOUT, 0, 2), (DROPOUT, 1, 0)):
            assert store.find(*other) is None


def test_what_is_no_recipe_is_found_by_its_key_whatever_it_is_called(tmp_path):
    with store_in(tmp_path) as store:
        store.keep(Candidate("svm", "C=1"), 0, 0, LANE)
        assert same(store.find(Candidate("mine", "C=1"), 0, 0), LANE)
        assert store.find(Candidate("svm", "C=2"), 0, 0) is None


def test_threads_keep_and_find_side_by_side(tmp_path):
    found = []

    def work(seed_number):
        for fold in range(20):
            store.keep(DROPOUT, seed_number, fold, LANE._replace(best_epoch=fold))
            found.append(store.find(DROPOUT, seed_number, fold).best_epoch == fold)

    with store_in(tmp_path) as store:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 80
    with store_in(tmp_path) as store:
        assert store.lanes == 80


def test_a_network_is_kept_as_a_model_that_answers_the_same(tmp_path):
    recipe = Recipe().with_knobs(epochs=2)
    model, trained = learn_model(TEXTS, recipe, seed=3)
    curve = Curve("baseline", (0.7, float("nan")), (), (), 2, again=False)
    linear = learn_linear(TEXTS, recipe, seed=3, kind="linear_svm")
    with store_in(tmp_path) as store:
        assert isinstance(store, Shelf)
        assert store.find_contender("baseline", recipe) is None
        store.keep_contender("baseline", recipe, Learnt(model, curve, trained.seconds))
        store.keep_contender("linear_svm", recipe, Learnt(linear, trial=0.9))
    with store_in(tmp_path) as store:
        network = store.find_contender("baseline", recipe)
        assert (repr(network.curve), network.seconds) == (repr(curve), trained.seconds)
        assert network.model.recipe == recipe
        kept_linear = store.find_contender("linear_svm", recipe).model
        for kept, made in ((network.model, model), (kept_linear, linear)):
            assert kept.facts == made.facts
            assert kept.logits(TEXTS.texts).tobytes() == made.logits(TEXTS.texts).tobytes()
        assert store.find_contender("linear_svm", recipe)[1:] == (None, None, 0.9)
        assert store.find_contender("adopted", recipe) is None
        assert store.find_contender("baseline", DROPOUT) is None


def test_a_network_that_has_diverged_is_not_kept(tmp_path):
    linear = learn_linear(TEXTS, Recipe(), seed=3)
    linear.network.kernels[0][0, 0] = np.nan
    with store_in(tmp_path) as store:
        store.keep_contender("baseline", Recipe(), Learnt(linear))
        assert store.find_contender("baseline", Recipe()) is None


def test_a_decision_is_made_once_and_outlives_the_process(tmp_path):
    with store_in(tmp_path) as store:
        assert store.recall("folds", lambda: 5) == 5
        assert store.recall("folds", lambda: 3) == 5
        assert store.recall("seconds", lambda: np.float64(0.1)) == 0.1
        store.keep(DROPOUT, 0, 0, LANE)
        assert store.recall("enough", lambda: True) is True
    with store_in(tmp_path) as store:
        fail = lambda: pytest.fail("decided twice")
        names = ("folds", "seconds", "enough")
        assert [store.recall(name, fail) for name in names] == [5, 0.1, True]


def test_the_clock_goes_on_from_the_last_lane_of_the_earlier_part(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with store_in(tmp_path) as store:
        now[0] = 130.0
        assert store.clock() == 30
        store.keep(DROPOUT, 0, 0, LANE)
        now[0] = 150.0  # in flight when the process ends
    now[0] = 1000.0
    with store_in(tmp_path) as store:
        assert store.clock() == 30
        now[0] = 1005.0
        assert store.clock() == 35


def test_a_program_is_counted_once_in_all_parts_of_a_run(tmp_path):
    class Compiled:
        def __init__(self, *specifications):
            self.specifications = specifications

    with store_in(tmp_path) as store:
        assert store.compilations == 0
        store.programs = Compiled("a", "b")
        assert store.compilations == 2
        store.keep(DROPOUT, 0, 0, LANE)
    with store_in(tmp_path) as store:
        store.programs = Compiled("b", "c")
        assert store.compilations == 3


def test_a_program_that_another_thread_compiles_meanwhile_is_written_with_the_next_lane(tmp_path):
    class Compiling:
        """Has compiled one program more whenever somebody looks."""

        looks = 0

        @property
        def specifications(self):
            self.looks += 1
            return tuple(range(self.looks))

    with store_in(tmp_path) as store:
        store.programs = Compiling()
        store.keep(DROPOUT, 0, 0, LANE)
        store.keep(DROPOUT, 0, 1, LANE)
    with store_in(tmp_path) as store:
        assert store.compilations == 2


def test_a_file_in_which_nothing_was_kept_is_removed(tmp_path):
    with store_in(tmp_path) as store:
        assert store.file.exists()
    assert list(tmp_path.iterdir()) == []
    with store_in(tmp_path) as store:
        store.keep(DROPOUT, 0, 0, LANE)
    with store_in(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"--seed": 2}, r"What differs: --seed \(1 -> 2\)\. Name another folder"),
        ({"--rounds": 2}, r"--rounds \(none -> 2\)"),
        ({"the recipe": {"knobs": {"epochs": 3}}}, r"the recipe: knobs: epochs \(60 -> 3\)"),
        (
            {"--metric": "f1", "--seed": 5},
            r"--seed \(1 -> 5\), --metric \(none -> f1\)",
        ),
    ],
)
def test_what_was_asked_otherwise_is_refused_and_left_alone(tmp_path, now, said):
    with store_in(tmp_path) as store:
        store.keep(DROPOUT, 0, 0, LANE)
    before = store.file.read_bytes()
    with pytest.raises(UsageError, match=said) as error:
        store_in(tmp_path, ASKED | now)
    assert str(error.value).startswith("A run goes on only where the same is asked; ")
    assert str(store.file) in str(error.value)
    assert "delete that file" in str(error.value)
    assert store.file.read_bytes() == before


def test_a_run_that_was_killed_before_its_first_lane_binds_nobody(tmp_path):
    killed = store_in(tmp_path)
    killed._connection.close()
    with store_in(tmp_path, ASKED | {"--seed": 2}) as store:
        store.keep(DROPOUT, 0, 0, LANE)
    with pytest.raises(UsageError, match=r"--seed \(2 -> 1\)"):
        store_in(tmp_path)


def test_texts_recipes_improvements_candidates_and_versions_are_told_apart():
    other = Corpus(("renew my card", "renew it", "lost my card", "lost a bag!"), tuple("xxyy"))
    turned = TEXTS.take(np.arange(4)[::-1])
    assert texts_asked(TEXTS, None) == texts_asked(turned, None)
    assert differences(texts_asked(TEXTS, None), texts_asked(other, None)) == "the labelled texts"
    assert differences(texts_asked(TEXTS, None), texts_asked(TEXTS, other)) == "the test texts"
    asked = improvements_asked(Recipe(), chosen(["ELU"]))
    assert differences(asked, improvements_asked(Recipe(), chosen(["GELU"]))) == "the improvements"
    assert "the recipe: knobs: dropout (0.0 -> 0.5)" in differences(
        asked, improvements_asked(DROPOUT, chosen(["ELU"]))
    )
    candidates = {"mine": Recipe(), "svm": Candidate("svm", "C=1")}
    again = candidates | {"svm": Candidate("svm", "C=2")}
    assert differences(candidates_asked(candidates), candidates_asked(again)) == "the candidates"
    assert differences(versions_asked(), versions_asked()) == ""
    assert {"textkaizen", "jax", "numpy", "scikit-learn"} <= set(versions_asked())


def test_what_is_kept_is_plain_values(tmp_path):
    """Whoever opens the file with another tool can read it: no pickle, no format of our own."""
    with store_in(tmp_path) as store:
        store.keep(DROPOUT, 0, 4, LANE)
    connection = sqlite3.connect(tmp_path / FILE)
    rows = connection.execute("SELECT seed_number, fold, predicted, facts FROM lanes").fetchall()
    asked = dict(connection.execute("SELECT name, value FROM asked").fetchall())
    connection.close()
    ((seed_number, fold, predicted, facts),) = rows
    assert (seed_number, fold, json.loads(facts)) == (0, 4, {"right": 1 / 3})
    assert np.frombuffer(predicted, "<i4").tolist() == [2, 0, 1]
    assert {name: json.loads(value) for name, value in asked.items()} == ASKED


def test_finding_a_lane_takes_no_time_beside_training_one(tmp_path):
    """A finished run repeats at once: 500 lanes in less than a second, on a busy machine, too."""
    with store_in(tmp_path) as store:
        store.keep(DROPOUT, 0, 0, LANE._replace(predicted=np.zeros(1000, np.int32)))
        begin = time.process_time()
        for _ in range(500):
            store.find(DROPOUT, 0, 0)
        assert time.process_time() - begin < 1
