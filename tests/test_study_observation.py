"""What is observed of a lane: of real trainings, and of histories made by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.data import canonical, hold_out
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.nets.plain import Network, log_softmax, logits, softmax
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.material import Material
from textkaizen.study.observation import SAMPLE, observed
from textkaizen.train.lanes import Lane, TrainedLane, train
from textkaizen.train.programs import Programs

ROOT = Path(__file__).parent.parent
PROGRAMS = Programs()
WORDS = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
BASE = Recipe(text=WORDS).with_shape(hidden=(8,)).with_knobs(epochs=6, learning_rate=0.01)
LAYERS = ("dead", "moving", "directions", "units", "dead_1", "scale_1", "gradient_1")
HELD = ("held", "held_right", "sure", "lowest_epoch", "risen", "val_falling")


@pytest.fixture(scope="module")
def fold():
    """The first fold of the English example, cut into words."""
    corpus = canonical(load_corpus(ROOT / "examples" / "library-en.csv", Columns("text", "label")))
    material = Material(corpus, 5, (1,))
    material.prepare(WORDS, 0)
    return material, material.fold_bags(WORDS, 0, 0)


@pytest.fixture(scope="module")
def look(fold):
    """Train a recipe on that fold; return the lane, what came of it, and what was observed."""
    material, bags = fold
    known = {}

    def looked(recipe):
        if recipe not in known:
            lane = Lane(
                recipe,
                bags.train_bags,
                material.labels[bags.train],
                len(material.classes),
                seed=3,
                units=material.units[bags.train],
            )
            with np.errstate(over="ignore", invalid="ignore"):
                trained = train(lane, PROGRAMS)
            known[recipe] = (lane, trained, observed(trained, lane, 0.5))
        return known[recipe]

    return looked


def made_lane(texts=40, hidden=(), **knobs):
    """A lane of nothing in particular, of one text a row."""
    recipe = BASE.with_shape(hidden=hidden, batch_size=8).with_knobs(**knobs)
    bags = csr_matrix(np.eye(5, dtype=np.float32)[np.arange(texts) % 5])
    return Lane(recipe, bags, np.arange(texts) % 2, 2, seed=1)


def made_trained(best_epoch=1, value=0.0, **history):
    """A linear network whose weights are all the same, with a history of one's own."""
    kernel = np.full((5, 2), value, np.float32)
    network = Network((kernel,), (np.zeros(2, np.float32),), (), "relu", "none", 0.0)
    return TrainedLane((network,), history, best_epoch, 0.0)


def test_answers_are_those_of_all_texts_it_has_learnt_from_and_of_those_held_back(look):
    lane, trained, facts = look(BASE)
    held = hold_out(lane.labels.tolist(), lane.units, 0.1, lane.seed)
    assert 0 < held.sum() < (~held).sum() <= SAMPLE  # so few that all of them are looked at
    found, labels = logits(trained.network, lane.bags[~held]), lane.labels[~held]
    assert facts["train_right"] == pytest.approx((found.argmax(1) == labels).mean())
    own = log_softmax(found)[np.arange(len(labels)), labels]
    assert facts["train_loss"] == pytest.approx(-own.mean(), rel=1e-5)
    assert facts["gap"] == facts["train_right"] - facts["right"]
    assert facts["right"] == 0.5
    assert (facts["texts"], facts["held"]) == ((~held).sum(), held.sum())
    # What the lane itself has judged by is what is observed of it.
    assert facts["held_right"] == pytest.approx(trained.history["val_accuracy"][-1])
    probabilities = softmax(logits(trained.network, lane.bags[held]))
    assert facts["sure"] == pytest.approx(probabilities.max(1).mean())


def test_a_sample_of_many_texts_is_spread_evenly_over_them():
    lane = made_lane(texts=5 * SAMPLE, validation=0.0)
    labels = np.zeros(5 * SAMPLE, int)
    labels[: 2 * SAMPLE] = 1  # the first two fifths; the network answers 0 to all
    kept = Lane(lane.recipe, lane.bags, labels, 2, seed=1)
    facts = observed(made_trained(), kept, 1.0)
    assert facts["train_right"] == pytest.approx(0.6, abs=1 / SAMPLE)


def test_epochs_and_losses_worked_by_hand():
    loss = [4.0, 3.0, 2.5, 2.0, 1.5, 1.2, 1.1, 1.05, 1.0, 0.8]
    val_loss = [4.0, 3.0, 2.0, 2.2, 2.4, 2.5, 2.6, 2.7, 2.5, 3.0]
    trained = made_trained(best_epoch=3, loss=loss, val_loss=val_loss)
    facts = observed(trained, made_lane(epochs=12, patience=7.0), 0.5)
    assert (facts["epochs"], facts["epochs_allowed"], facts["kept_epoch"]) == (10, 12, 3)
    assert facts["steps"] == 10 * 5  # 36 texts are learnt from, in batches of 8
    assert facts["falling"] == pytest.approx(0.2 / 3.2)
    assert facts["val_falling"] == pytest.approx(-0.5)
    assert facts["lowest_epoch"] == 3
    assert facts["risen"] == pytest.approx(1.5)
    assert facts["diverged"] == 0
    assert "diverged_epoch" not in facts


def test_losses_that_are_no_numbers_any_more_are_told_and_left_out():
    trained = made_trained(loss=[2.0, math.inf, math.nan], val_loss=[1.0, 0.5, math.nan])
    facts = observed(trained, made_lane(), 0.5)
    assert (facts["diverged"], facts["diverged_epoch"], facts["lowest_epoch"]) == (1, 2, 2)
    assert not {"falling", "val_falling", "risen"} & set(facts)
    facts = observed(made_trained(value=math.nan, loss=[2.0]), made_lane(), 0.5)
    assert facts["diverged"] == 1
    assert not {"diverged_epoch", "train_loss", "weights", "sure"} & set(facts)


def test_a_lane_without_a_history_has_no_epochs_to_tell_of():
    facts = observed(made_trained(), made_lane(), 0.25)
    assert (facts["right"], facts["epochs"], facts["train_right"]) == (0.25, 0, 0.5)
    assert not {"falling", "risen", "lowest_epoch"} & set(facts)


def test_a_training_that_diverges_is_seen_to():
    """Steps of 1e15 times the gradient: products of such weights are beyond float32's 3e38."""
    lane = made_lane(hidden=(4, 4), optimiser="sgd", learning_rate=1e15, epochs=5)
    with np.errstate(over="ignore", invalid="ignore"):
        facts = observed(train(lane, PROGRAMS), lane, 0.5)
    assert facts["diverged"] == 1
    assert 1 <= facts["diverged_epoch"] <= 5
    assert "train_loss" not in facts


def test_weights_are_measured_together_and_the_largest_of_them(look):
    _, trained, facts = look(BASE)
    whole = np.concatenate([kernel.ravel() for kernel in trained.network.kernels])
    assert facts["weights"] == pytest.approx(np.linalg.norm(whole))
    assert facts["largest_weight"] == np.abs(whole).max()


def test_what_does_not_apply_is_left_out(look):
    everything = look(BASE)[2]
    assert set(LAYERS) | set(HELD) | {"gradient_ratio"} <= set(everything)
    assert not {"scale_ratio", "together", "starts", "networks"} & set(everything)
    linear = look(BASE.with_shape(hidden=()))[2]
    assert not {*LAYERS, "gradient_ratio"} & set(linear)
    assert linear["gradient_last"] > 0
    unwatched = look(BASE.with_knobs(validation=0.0))[2]
    assert not set(HELD) & set(unwatched)
    assert unwatched["texts"] == everything["texts"] + everything["held"]


def test_two_hidden_layers_are_told_one_by_one(look):
    facts = look(BASE.with_shape(hidden=(8, 6)))[2]
    assert facts["units"] == 14
    assert facts["dead"] == pytest.approx((8 * facts["dead_1"] + 6 * facts["dead_2"]) / 14)
    assert facts["scale_ratio"] == pytest.approx(facts["scale_2"] / facts["scale_1"])
    assert facts["gradient_ratio"] == facts["gradient_1"] / facts["gradient_last"]
    assert "gradient_2" in facts
    assert "gradient_3" not in facts


def test_of_an_ensemble_the_average_is_told_beside_its_members(look):
    lane, trained, facts = look(BASE.with_knobs(ensemble=2))
    held = hold_out(lane.labels.tolist(), lane.units, 0.1, lane.seed)
    alone = [(logits(n, lane.bags[held]).argmax(1) == lane.labels[held]) for n in trained.networks]
    assert (facts["networks"], facts["masks"]) == (2, 0)
    assert facts["alone"] == pytest.approx(np.mean(alone))
    assert facts["together"] == facts["held_right"]
    assert not set(LAYERS) & set(facts)


def test_masks_are_counted_and_the_inside_is_that_of_all_units(look):
    plain = look(BASE.with_knobs(dropout=0.3))[2]
    facts = look(BASE.with_knobs(dropout=0.3, monte_carlo=4))[2]
    assert (facts["networks"], facts["masks"]) == (1, 4)
    assert facts["alone"] == plain["held_right"]
    assert [facts[name] for name in LAYERS] == [plain[name] for name in LAYERS]


@pytest.mark.parametrize(("monitor", "best"), [("val_loss", min), ("val_accuracy", max)])
def test_where_several_starts_ended_is_told_from_the_best_to_the_worst(look, monitor, best):
    _, trained, facts = look(BASE.with_knobs(starts=3, monitor=monitor))
    worst = max if best is min else min
    assert len(trained.starts) == facts["starts"] == 3
    assert facts["start_best"] == best(trained.starts)
    assert facts["start_worst"] == worst(trained.starts)


@pytest.mark.parametrize("changes", [{}, {"ensemble": 2}, {"validation": 0.0}])
def test_looking_twice_tells_the_same_in_plain_numbers_and_changes_nothing(look, changes):
    lane, trained, facts = look(BASE.with_knobs(**changes))
    before = [kernel.tobytes() for net in trained.networks for kernel in net.kernels]
    again = observed(trained, lane, 0.5)
    assert json.dumps(again, allow_nan=False) == json.dumps(facts, allow_nan=False)
    assert {type(value) for value in facts.values()} == {float}
    assert before == [kernel.tobytes() for net in trained.networks for kernel in net.kernels]


def test_every_fact_stands_in_the_docs(look):
    page = (ROOT / "docs" / "explanations.md").read_text(encoding="utf-8")
    recipes = [
        BASE,
        BASE.with_shape(hidden=(8, 6)),
        BASE.with_knobs(ensemble=2),
        BASE.with_knobs(starts=3),
    ]
    names = {name for recipe in recipes for name in look(recipe)[2]} | {"diverged_epoch"}
    assert len(names) > 30
    assert not [name for name in names if f"`{name}`" not in page and not name.endswith("_2")]
