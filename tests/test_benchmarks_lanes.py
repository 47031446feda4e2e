"""All lanes of a study beside Keras: what is run, what a fit stands for, and a run in small."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import lanes, run
from benchmarks.facts import ROOT
from benchmarks.lanes_page import lanes_section
from benchmarks.page import SECTIONS
from benchmarks.rounds import Size
from textkaizen.recipe import Recipe
from textkaizen.study.improvements import chosen
from textkaizen.study.material import Material
from textkaizen.train.lanes import Lane, _parted


@pytest.fixture(scope="module")
def peer():
    """The module that builds Keras' networks, as its own process would import it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks" / "peer_processes"))
        import run_keras_lanes

        yield run_keras_lanes


@pytest.fixture
def quick(tmp_path):
    return lanes.study(Size(True, tmp_path))


def test_375_lanes_are_answered_and_ten_fits_stand_for_all_of_them(monkeypatch, tmp_path):
    monkeypatch.setattr(lanes, "request_texts", lambda: (None, None))
    work = lanes.study(Size(False, tmp_path))
    stands = lanes.stands_for(work)
    assert len(set(work["improvements"])) == 25
    assert sum(stands.values()) == 25 * work["folds"] * len(work["seeds"]) == 375
    assert len(stands) == len(work["fits"]) == 10
    kinds = [{one.group for one in chosen(work[name])} for name in ("improvements", "fits")]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("name", lanes.IMPROVEMENTS)
def test_an_improvement_changes_only_what_keras_is_told_and_keeps_the_shape(name, peer):
    base = Recipe().with_shape(hidden=(32,))
    changed = chosen([name])[0].change(base)
    assert (changed.text, changed.shape) == (base.text, base.shape)
    before, after = (one.to_dict()["knobs"] for one in (base, changed))
    differs = {knob for knob in after if after[knob] != before[knob]}
    assert differs
    assert differs <= set(peer.KNOBS)


def test_keras_networks_are_what_the_knobs_say(peer):
    knobs = lanes.knobs_of(Recipe(), lanes.IMPROVEMENTS)
    layers = lambda name: [
        type(layer).__name__ for layer in peer.network(knobs[name], 7, 32, 3).layers
    ]
    assert layers("tanh") == ["Dense", "Activation", "Dense"]
    assert layers("leaky ReLU") == ["Dense", "LeakyReLU", "Dense"]
    assert layers("dropout 0.5") == ["Dense", "Activation", "Dropout", "Dense"]
    assert layers("batch norm before") == ["Dense", "BatchNormalization", "Activation", "Dense"]
    assert layers("batch norm after") == ["Dense", "Activation", "BatchNormalization", "Dense"]
    first = peer.network(knobs["L2 1e-4"], 7, 32, 3).layers[0]
    assert first.kernel.shape == (7, 32)
    assert float(first.kernel_regularizer.l2) == pytest.approx(1e-4)
    assert peer.optimiser(knobs["gradient clipping 1"], 10).global_clipnorm == 1.0
    assert peer.optimiser(knobs["SGD with momentum"], 10).momentum == 0.9
    assert peer.optimiser(knobs["AdamW"], 10).weight_decay == pytest.approx(0.004)
    cosine = peer.optimiser(knobs["cosine schedule"], 10)
    assert float(cosine.learning_rate) == pytest.approx(0.001)
    assert type(cosine).__name__ == "Adam"


def test_peers_train_on_the_texts_that_a_lane_trains_on(quick):
    task, held = lanes.one_fold(quick)
    material = Material(quick["corpus"], quick["folds"], quick["seeds"])
    material.prepare(quick["base"].text, 0)
    bags = material.fold_bags(quick["base"].text, 0, 0)
    lane = Lane(
        recipe=quick["base"],
        bags=bags.train_bags,
        labels=material.labels[bags.train],
        classes=task.classes,
        seed=lanes.lane_seed(quick["seeds"][0], 0),
        units=material.units[bags.train],
    )
    texts, held_labels, held_bags = _parted(lane), task.labels[-held:], task.bags[-held:]
    own = texts.bags.bags[texts.bags.rows]
    np.testing.assert_array_equal(task.bags[:-held].toarray(), own.toarray())
    np.testing.assert_array_equal(held_bags.toarray(), texts.val_bags.toarray())
    np.testing.assert_array_equal(task.labels[:-held], texts.labels)
    np.testing.assert_array_equal(held_labels, texts.val_labels)
    np.testing.assert_array_equal(task.test_bags.toarray(), bags.test_bags.toarray())


@pytest.mark.slow
def test_a_quick_run_answers_every_lane_twice_and_its_section_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.lanes", "--quick", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert not done.returncode, done.stderr
    found = json.loads((tmp_path / "lanes.json").read_text(encoding="utf-8"))
    cold, warm = (found["ours"][name] for name in ("cold", "warm"))
    assert cold["lanes"] == warm["lanes"] == 4
    assert cold["base"]["lanes"] == 2
    assert cold["accuracies"] == warm["accuracies"]
    assert cold["programs"] == warm["programs"] >= 1
    assert 0 < warm["seconds"] < warm["from_start_seconds"]
    assert warm["seconds_a_lane"] == pytest.approx(warm["from_start_seconds"] / 4)
    keras = found["peers"]["Keras fit (JAX)"]
    fits = keras["fits"]
    assert set(fits) == set(found["stands_for"])
    assert all(one["seconds"] > one["without_compiling_seconds"] > 0 for one in fits.values())
    total = 2 * sum(one["seconds"] for one in fits.values())
    assert keras["extrapolated_seconds"] == pytest.approx(total)
    ratio = keras["times_longer_seconds"]
    assert ratio == pytest.approx(total / warm["from_start_seconds"])
    told = "\n".join(lanes_section(found))
    assert f"| warm | 4 | {warm['from_start_seconds']:.1f} |" in told
    assert f" | {ratio:.1f} | " in told


def test_the_section_is_whole_without_peers(quick):
    found = {
        **{"texts": 9, "classes": 2, "folds": 2, "seeds": 1, "epochs": 2, "training_texts": 5},
        **{"held": 1, "features": 4, "improvements": ["tanh"], "ours": {}, "peers": {}},
    }
    told = "\n".join(lanes_section(found))
    assert "1 seed," in told
    assert "Keras fit" not in told


def test_it_is_among_all_benchmarks_and_sections():
    assert lanes in run.EVERY
    assert SECTIONS["lanes"] is lanes_section
