"""The paired experiment: what every recipe meets alike, and what no network has seen."""

import math
from dataclasses import replace

import numpy as np
import pytest

from textkaizen.data import Corpus, canonical
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study import experiment as module
from textkaizen.study import material as material_module
from textkaizen.study.experiment import Answer, Block, Experiment, Job, Runs, lane_seed
from textkaizen.study.improvements import CATALOGUE, applicable
from textkaizen.study.material import Material
from textkaizen.train.batches import epoch_orders
from textkaizen.train.lanes import TrainedLane
from textkaizen.train.programs import Programs

PROGRAMS = Programs()
LEAST = 48  # texts a network of these folds has at least to train on
WORDS = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
BASE = Recipe(text=WORDS).with_shape(hidden=(4,)).with_knobs(epochs=4, learning_rate=0.02)
TOPICS = {
    "hours": "open close today monday",
    "loss": "lost bag key umbrella",
    "fee": "pay fine owe",
}


def corpus(size=84):
    """Short texts of three topics with a word that no other text has; some stand twice."""
    generator = np.random.default_rng(3)
    texts, labels = [], []
    for number in range(size):
        label = list(TOPICS)[number % 3]
        own = generator.choice(TOPICS[label].split(), 2)
        texts.append(f"{own[0]} my {own[1]} only{number:03}")
        labels.append(label)
    texts[3], texts[9] = "Pay  my OWE only000", "pay my owe ONLY000"
    labels[3] = labels[9] = "hours"
    groups = ["" if number % 7 else f"customer {number % 4}" for number in range(size)]
    return canonical(Corpus(tuple(texts), tuple(labels), tuple(groups)))


def made(fold_count=3, seeds=(1, 2), rows=None, **how):
    material = Material(rows or corpus(), fold_count, seeds)
    return Experiment(material, programs=PROGRAMS, **how)


def whole(seed_number, folds=3):
    """All folds of a seed."""
    return Block(seed_number, tuple(range(folds)))


@pytest.fixture
def lanes(monkeypatch):
    """The lanes that would be trained; each answers class 0 at once."""
    seen = []

    def train(lane, programs, callbacks, layouts):
        seen.append(lane)
        kernel = np.zeros((lane.bags.shape[1], lane.classes), np.float32)
        bias = np.zeros(lane.classes, np.float32)
        network = Network((kernel,), (bias,), (), "relu", "none", 0.0)
        return TrainedLane((network,), {}, 1, 0.0)

    monkeypatch.setattr(module, "train", train)
    return seen


def test_every_improvement_meets_the_same_texts_folds_seeds_and_orders(lanes):
    experiment = made()
    known = applicable(CATALOGUE, BASE, texts=LEAST, languages=("en",)).improvements
    recipes = [BASE, *(i.change(BASE) for i in known if i.change(BASE) != BASE)]
    recipes = [one for one in recipes if one.shape.word_vectors == "none"]  # there is no file
    met = {}
    for recipe in recipes:
        lanes.clear()
        for seed_number in range(2):
            list(experiment.run(experiment.jobs(recipe, BASE, whole(seed_number))))
        met[recipe] = [
            (
                lane.seed,
                lane.bags.toarray().tobytes() if recipe.text == BASE.text else b"",
                lane.labels.tobytes(),
                lane.units.tobytes(),
                lane.classes,
                next(epoch_orders(len(lane.labels), lane.seed)).tobytes(),
            )
            for lane in lanes
        ]
        assert {lane.recipe for lane in lanes} == {recipe}
    assert len(met) == len(recipes) > 20
    other = [(seed, b"", *rest) for seed, _, *rest in met[BASE]]
    assert all(
        found == (met[BASE] if recipe.text == BASE.text else other) for recipe, found in met.items()
    )
    seeds = [seed for seed, *_ in met[BASE]]
    assert len(seeds) == len(set(seeds)) == 6  # first weights of its own for each fold and seed


def test_a_network_predicts_just_the_texts_it_has_not_seen(lanes):
    experiment = made()
    material = experiment.material
    for seed_number in range(2):
        jobs = experiment.jobs(BASE, BASE, whole(seed_number))
        told = []
        for job in experiment.run(jobs):
            bags = material.fold_bags(WORDS, seed_number, job.fold)
            assert not set(bags.train) & set(bags.test)
            assert set(bags.train) | set(bags.test) == set(range(84))
            assert (material.partition[seed_number][bags.test] == job.fold).all()
            assert len(lanes[-1].labels) == len(bags.train)
            told += bags.test.tolist()
        assert sorted(told) == list(range(84))
    assert experiment.sweeps(BASE) == 2


def test_copies_and_groups_are_never_on_both_sides():
    material = Material(corpus(), 3, tuple(range(1, 9)))
    keys = [" ".join(text.lower().split()) for text in material.corpus.texts]
    groups = material.corpus.groups
    assert len(set(keys)) < len(keys)
    for fold_of in material.partition:
        for fold in range(3):
            test = np.flatnonzero(fold_of == fold)
            rest = np.flatnonzero(fold_of != fold)
            assert not {keys[n] for n in test} & {keys[n] for n in rest}
            assert not {groups[n] for n in test} & {groups[n] for n in rest} - {""}
            assert set(material.labels[test]) == {0, 1, 2}  # stratified


def test_another_seed_parts_the_texts_another_way():
    first, second = Material(corpus(), 3, (1, 2)).partition
    assert (first != second).any()
    assert lane_seed(1, 0) != lane_seed(1, 1) != lane_seed(2, 0)


def test_a_word_that_stands_only_in_the_test_part_has_no_column():
    material = Material(corpus(), 3, (1,))
    material.prepare(WORDS, 0)
    unknown = 0
    for fold in range(3):
        bags = material.fold_bags(WORDS, 0, fold)
        there = {word for n in bags.train for word in material.corpus.texts[n].lower().split()}
        assert bags.train_bags.shape[1] == bags.test_bags.shape[1] == len(there)
        for row, n in enumerate(bags.test):
            words = set(material.corpus.texts[n].lower().split())
            assert bags.test_bags[row].nnz == len(words & there)
            unknown += len(words - there)
        assert np.diff(bags.train_bags.tocsc().indptr).min() >= 1
    assert unknown == 81  # of 84 texts all but the three that are copies have a word of their own


def test_the_idf_knows_nothing_of_the_test_part():
    """Other words in the texts of one fold change nothing for the network that predicts them."""
    rows = Corpus(corpus().texts, corpus().labels)
    texts = list(rows.texts)
    before = Material(rows, 3, (1,))
    before.prepare(WORDS, 0)
    of_fold = before.fold_bags(WORDS, 0, 1)
    for n in of_fold.test:
        texts[n] = texts[n] + " my my today lost"  # known words, which would move every IDF
    after = Material(Corpus(tuple(texts), rows.labels), 3, (1,))
    assert (after.partition == before.partition).all()
    after.prepare(WORDS, 0)
    changed = after.fold_bags(WORDS, 0, 1)
    assert (changed.train_bags != of_fold.train_bags).nnz == 0
    assert (changed.test_bags != of_fold.test_bags).nnz > 0


def test_all_folds_of_a_seed_get_tables_with_the_same_number_of_rows(lanes):
    experiment = made()
    list(experiment.run(experiment.jobs(BASE, BASE, whole(0))))
    assert len({lane.table_rows for lane in lanes}) == 1
    assert len({lane.room for lane in lanes}) == 1
    assert all(lane.bags.shape[1] <= lane.table_rows for lane in lanes)
    assert len({lane.bags.shape[1] for lane in lanes}) > 1


def test_validation_shares_have_one_room_and_so_one_program():
    programs = Programs()
    experiment = replace(made(), programs=programs)
    stopping = BASE.with_knobs(validation=0.3, patience=4.0)
    shares = [stopping, BASE.with_knobs(validation=0.1), BASE.with_knobs(validation=0.0)]
    assert len(set(shares)) == 3
    for recipe in shares:
        list(experiment.run(experiment.jobs(recipe, BASE, whole(0))))
    assert programs.compilations == 1


def test_what_the_start_chooses_is_built_in_and_other_choices_are_switched_on():
    experiment = made()
    lean = lambda recipe, base=BASE: {job.lean for job in experiment.jobs(recipe, base, whole(0))}
    assert lean(BASE) == lean(BASE.with_knobs(dropout=0.5, optimiser="adagrad")) == {True}
    assert lean(BASE.with_knobs(activation="elu")) == {False}
    assert lean(BASE.with_knobs(batch_norm="after")) == {False}
    # A list that says the same of each layer is the same choice.
    assert lean(BASE.with_knobs(activation=("relu",))) == {True}


def test_what_the_start_does_not_read_is_left_to_the_program_that_serves_all_others():
    experiment = made()
    extra, noise = BASE.with_knobs(label_smoothing=0.1), BASE.with_knobs(input_noise=0.1)
    of = lambda recipe, base: {(j.lean, j.extras) for j in experiment.jobs(recipe, base, whole(0))}
    assert of(extra, BASE) == of(noise, BASE) == {(False, False)}
    # When the start has one of them, its program reads them all, also for those that have none.
    assert of(extra, extra) == of(noise, extra) == of(BASE, extra) == {(True, True)}
    assert of(noise.with_knobs(activation="elu"), extra) == {(False, True)}


def test_what_has_run_through_a_seed_is_not_asked_for_again(lanes):
    experiment = made()
    assert len(experiment.jobs(BASE, BASE, whole(0))) == 3
    list(experiment.run(experiment.jobs(BASE, BASE, whole(0))))
    assert experiment.jobs(BASE, BASE, whole(0)) == []
    assert len(experiment.jobs(BASE, BASE, whole(1))) == 3
    assert (experiment.lanes, experiment.sweeps(BASE)) == (3, 1)


def test_a_seed_counts_when_every_text_of_it_and_of_those_before_is_predicted():
    predicted = np.zeros((3, 5), np.int32)
    assert Runs(predicted).sweeps == 3
    predicted[1, 4] = -1
    assert Runs(predicted).sweeps == 1
    assert made().sweeps(BASE) == 0


def test_a_block_asks_for_its_folds_and_a_seed_may_be_run_in_several(lanes):
    experiment = made()
    first, rest = Block(0, (0, 1)), Block(0, (2,))
    list(experiment.run(experiment.jobs(BASE, BASE, first)))
    assert [job.fold for job in experiment.jobs(BASE, BASE, whole(0))] == [2]
    assert experiment.has(BASE, first)
    assert not experiment.has(BASE, rest)
    assert (experiment.lanes, experiment.sweeps(BASE)) == (2, 0)
    list(experiment.run(experiment.jobs(BASE, BASE, rest)))
    assert experiment.has(BASE, whole(0))
    assert experiment.sweeps(BASE) == 1


class Kept(dict):
    """A store in memory."""

    def find(self, *place):
        return self.get(place)

    def keep(self, trained, seed_number, fold, answer):
        self[trained, seed_number, fold] = answer


def test_a_lane_that_the_store_has_kept_is_not_run_again_and_answers_the_same(lanes):
    store = Kept()
    first, again = made(store=store), made(store=store)
    list(first.run(first.jobs(BASE, BASE, Block(0, (0, 1)))))
    assert list(store) == [(BASE, 0, 0), (BASE, 0, 1)]
    list(first.run(first.jobs(BASE, BASE, whole(0))))
    trained = len(lanes)
    list(again.run(again.jobs(BASE, BASE, whole(0))))
    assert len(lanes) == trained == len(store) == 3
    one, other = first.runs[BASE], again.runs[BASE]
    assert (one.predicted == other.predicted).all()
    assert (one.lanes, one.seconds, one.facts) == (other.lanes, other.seconds, other.facts)


def test_what_was_told_to_stop_is_not_kept_in_the_store(lanes):
    store = Kept()
    experiment = made(store=store, stopping=lambda *_: True)
    list(experiment.run(experiment.jobs(BASE, BASE, whole(0))))
    assert len(lanes) == 1
    assert store == {}


def test_probabilities_are_kept_for_metrics_that_ask_for_them():
    plain, experiment = made(seeds=(1,)), made(seeds=(1,), probabilities=True)
    for one in (plain, experiment):
        list(one.run(one.jobs(BASE, BASE, whole(0))))
    runs = experiment.runs[BASE]
    assert runs.probabilities.shape == (1, 84, 3)
    assert runs.probabilities.sum(2) == pytest.approx(np.ones((1, 84)))
    assert (runs.probabilities.argmax(2) == runs.predicted).all()
    assert plain.runs[BASE].probabilities is None
    assert (plain.runs[BASE].predicted == runs.predicted).all()


class Majority:
    """What is no network: it answers the label that most of its texts have."""

    name = "majority"

    def answer(self, material, seed_number, fold):
        own = material.partition[seed_number] == fold
        most = np.bincount(material.labels[~own]).argmax()
        return Answer(np.full(own.sum(), most, np.int32), None, 0.5, 0, {})


def test_what_is_no_recipe_stands_beside_recipes(lanes):
    experiment, other = made(), Majority()
    assert experiment.jobs(other, BASE, whole(0)) == [Job(other, 0, fold) for fold in range(3)]
    list(experiment.run(experiment.jobs(other, BASE, whole(0))))
    # Nor does a recipe need a recipe for a base.
    list(experiment.run(experiment.jobs(BASE, other, whole(0))))
    assert experiment.sweeps(other) == experiment.sweeps(BASE) == 1
    assert experiment.runs[other].seconds == 1.5
    assert {job.lean for job in experiment.jobs(BASE, other, whole(1))} == {True}


def test_one_lane_a_seed_tells_what_training_looks_like():
    experiment = made()
    for number in range(2):
        list(experiment.run(experiment.jobs(BASE, BASE, whole(number))))
    runs = experiment.runs[BASE]
    assert (runs.lanes, len(runs.epochs), len(runs.facts)) == (6, 6, 2)
    truth, fold_of = experiment.material.labels, experiment.material.partition
    for number, facts in enumerate(runs.facts):
        own = fold_of[number] == 0
        assert facts["right"] == pytest.approx((runs.predicted[number] == truth)[own].mean())


def test_the_same_recipe_by_another_way_answers_the_same_to_the_last_text():
    """A null: choices switched on instead of built in, and a penalty of nothing, change nothing."""
    one, other = made(seeds=(1,)), made(seeds=(1,))
    elsewhere = BASE.with_knobs(activation="elu")
    list(one.run(one.jobs(BASE, BASE, whole(0))))
    list(other.run(other.jobs(BASE, elsewhere, whole(0))))
    assert (one.runs[BASE].predicted == other.runs[BASE].predicted).all()
    assert len(np.unique(one.runs[BASE].predicted)) == 3  # it has learnt to tell them apart


def test_lanes_that_are_told_to_stop_are_not_kept():
    experiment = made(seeds=(1,), stopping=lambda *_: True)
    assert list(experiment.run(experiment.jobs(BASE, BASE, whole(0)))) == []
    assert experiment.lanes == 0


@pytest.mark.parametrize("rate", [1e6, 1e12, 1e18, 1e24])
@pytest.mark.parametrize("activation", ["relu", "selu"])
def test_huge_weights_are_no_reason_to_warn(rate, activation):
    """They overflow in float32; what comes out is a bad network, and the verdict says so."""
    knobs = {"optimiser": "sgd", "learning_rate": rate, "activation": activation}
    wild, experiment = BASE.with_knobs(**knobs), made(seeds=(1,))
    list(experiment.run(experiment.jobs(wild, wild, whole(0))))
    assert experiment.sweeps(wild) == 1


def test_a_network_that_diverges_is_a_bad_network_and_no_crash():
    """Steps far too large: the weights are no numbers any more, and every text gets class 0."""
    wild = BASE.with_knobs(optimiser="sgd", learning_rate=1e30)
    experiment = made(seeds=(1,))
    list(experiment.run(experiment.jobs(wild, BASE, whole(0))))
    assert (experiment.runs[wild].predicted == 0).all()
    assert experiment.runs[wild].facts[0]["diverged"] == 1
    stopping = wild.with_knobs(patience=2.0)
    list(experiment.run(experiment.jobs(stopping, BASE, whole(0))))
    assert experiment.sweeps(stopping) == 1
    assert math.isfinite(experiment.runs[stopping].seconds)


def test_bags_that_made_way_for_others_are_cut_again_alike(monkeypatch):
    """Fifty text rules on many texts would not all have room in memory."""
    monkeypatch.setattr(material_module, "MOST_BYTES", 1)
    material, other = Material(corpus(), 3, (1,)), TextRules(words=(1, 2), characters=(0, 0))
    material.prepare(WORDS, 0)
    first = material.fold_bags(WORDS, 0, 1)
    assert material.fold_bags(WORDS, 0, 1) is first
    material.prepare(other, 0)
    again = material.fold_bags(WORDS, 0, 1)
    assert again is not first
    assert (again.train_bags != first.train_bags).nnz == 0
    assert (again.test_bags != first.test_bags).nnz == 0
