"""Lanes: beside Keras, alone as in a crowd, with a validation share that is fair."""

import math
from dataclasses import replace
from itertools import pairwise

import jax
import keras
import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.nets.plain import log_softmax, logits
from textkaizen.recipe import Recipe
from textkaizen.train import lanes
from textkaizen.train.batches import Room, epoch_orders, rounded
from textkaizen.train.epochs import Epochs
from textkaizen.train.inputs import first_state, mask_key
from textkaizen.train.lanes import Lane, train
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads

TEXTS, FEATURES, CLASSES = 75, 20, 3
RECIPE = Recipe().with_shape(hidden=(6,), batch_size=16).with_knobs(epochs=4, learning_rate=0.01)


def bags_and_labels(texts=TEXTS, features=FEATURES, seed=0):
    """Texts whose first features tell their class, more often than not; sorted by class."""
    generator = np.random.default_rng(seed)
    labels = np.sort(np.arange(texts) % CLASSES)
    dense = random_array((texts, features), density=0.2, rng=generator).toarray()
    dense[np.arange(texts), labels] += generator.random(texts) < 0.7
    return csr_matrix(dense.astype(np.float32)), labels


BAGS, LABELS = bags_and_labels()
SHARED = Programs()  # lanes share nothing else; most tests here need not compile anew


def lane(recipe=RECIPE, seed=1, **rest):
    return Lane(recipe, BAGS, LABELS, CLASSES, seed, **rest)


def bits(trained):
    return [
        part.tobytes()
        for network in trained.networks
        for part in (*network.kernels, *network.biases, *network.norms)
    ]


# Keras


def keras_network(recipe, kernels):
    """The same network with the same first weights, to be trained on dense batches."""
    knobs, layers = recipe.knobs, [keras.Input((FEATURES,))]
    norm = keras.layers.BatchNormalization
    regulariser = lambda: keras.regularizers.L1L2(knobs.l1, knobs.l2)
    for units in recipe.shape.hidden:
        layers.append(keras.layers.Dense(units, kernel_regularizer=regulariser()))
        layers += [norm()] if knobs.batch_norm == "before" else []
        layers.append(keras.layers.Activation(knobs.activation))
        layers += [norm()] if knobs.batch_norm == "after" else []
    layers.append(keras.layers.Dense(CLASSES, kernel_regularizer=regulariser()))
    model = keras.Sequential(layers)
    for layer, kernel in zip(dense_layers(model), kernels, strict=True):
        layer.kernel.assign(kernel)
    rate = knobs.learning_rate
    optimiser = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=knobs.momentum),
    }[knobs.optimiser]()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimiser, loss=loss)
    return model


def dense_layers(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def trained_by_keras(model, recipe, seed):
    """Train on the batches of a lane, in its order; return each epoch's mean loss."""
    dense, losses, size = BAGS.toarray(), [], recipe.shape.batch_size
    for _, order in zip(range(recipe.knobs.epochs), epoch_orders(TEXTS, seed), strict=False):
        total = 0.0
        for start in range(0, TEXTS, size):
            rows = order[start : start + size]
            model.reset_metrics()
            total += len(rows) * float(model.train_on_batch(dense[rows], LABELS[rows]))
        losses.append(total / TEXTS)
    return losses


@pytest.mark.parametrize(
    ("shape", "knobs"),
    [
        ((6,), {}),
        # Not Adam here: the gradient of a bias before batch norm is zero but for rounding, which
        # Adam would divide by itself.
        ((6, 5), {"batch_norm": "before", "activation": "elu", "optimiser": "rmsprop"}),
        ((6,), {"batch_norm": "after"}),
        ((6,), {"l2": 0.01, "l1": 0.001, "activation": "tanh"}),
        ((5,), {"optimiser": "sgd", "momentum": 0.9, "learning_rate": 0.1, "activation": "selu"}),
    ],
    ids=["plain", "norm before", "norm after", "penalties", "momentum"],
)
def test_a_lane_is_a_network_trained_by_keras_on_the_same_batches(shape, knobs):
    recipe = RECIPE.with_shape(hidden=shape).with_knobs(epochs=5, validation=0.0, **knobs)
    given = lane(recipe)
    spec = lanes._specification(given, lanes._parted(given))
    first = first_state(recipe, spec, (FEATURES, 0), given.seed, first_squares=0.0)
    kernels = [first.table[0][:FEATURES], *(layer.kernel for layer in first.layers[1:])]
    model = keras_network(recipe, [np.asarray(kernel) for kernel in kernels])
    losses = trained_by_keras(model, recipe, given.seed)
    trained = train(given, SHARED)
    network = trained.network
    # 25 steps of up to 0.01 or 0.1, five of them with 11 texts. Keras' Adam itself is 6e-6 of a
    # step off (test_train_optimise.py), sums are rounded in another order; a wrong epsilon or
    # decay, a variance divided by n - 1 or a batch in another order shows from 1e-3 on.
    near = {"rtol": 1e-5, "atol": 5e-6}
    for layer, kernel, bias in zip(
        dense_layers(model), network.kernels, network.biases, strict=True
    ):
        assert np.abs(kernel).max() > 0.1
        np.testing.assert_allclose(kernel, layer.kernel, **near)
        np.testing.assert_allclose(bias, layer.bias, **near)
    norms = [o for o in model.layers if isinstance(o, keras.layers.BatchNormalization)]
    for layer, norm in zip(norms, network.norms, strict="batch_norm" in knobs):
        for own, other in zip(norm, layer.variables, strict=True):
            np.testing.assert_allclose(own, other.value, **near)
    np.testing.assert_allclose(
        logits(network, BAGS), model(BAGS.toarray(), training=False), rtol=1e-5, atol=3e-5
    )
    if "l2" not in knobs:  # Keras reports the loss with its penalties, we report them apart
        np.testing.assert_allclose(trained.history["loss"], losses, rtol=1e-5)


# Alone and in a crowd


CROWD = [
    lane(RECIPE.with_knobs(**knobs), seed)
    for seed in (1, 2)
    for knobs in (
        *({}, {"dropout": 0.5}, {"optimiser": "sgd", "momentum": 0.5}, {"l2": 0.01}),
        *({"ensemble": 2, "optimiser": "nadam"}, {"mixup": 0.4, "average": 0.9}),
    )
]


@pytest.mark.slow  # a minute of compiling; test_catalogue_lanes.py shows it of every improvement
def test_a_lane_alone_is_that_lane_in_a_crowd_in_any_order():
    alone = [bits(train(each, SHARED)) for each in CROWD[:6]]
    shared, crowd = Programs(), [*CROWD[::-1], *CROWD]
    together = list(Threads(2)(lambda each: bits(train(each, shared)), crowd))
    assert together[len(CROWD) :] == together[: len(CROWD)][::-1]
    assert together[len(CROWD) : len(CROWD) + 6] == alone
    assert len({tuple(each) for each in together}) == len(CROWD)


def test_the_same_seed_gives_the_same_curves_and_another_does_not():
    first, again, other = (train(lane(seed=seed), SHARED) for seed in (1, 1, 2))
    assert first.history == again.history
    assert bits(first) == bits(again)
    assert bits(first) != bits(other)


@pytest.mark.parametrize(
    "knobs",
    [{}, {"activation": "selu", "batch_norm": "before"}, {"batch_norm": "after", "dropout": 0.3}],
)
def test_choices_built_in_and_switched_on_give_the_same_network(knobs):
    recipe = RECIPE.with_knobs(**knobs)
    built, switched = (train(lane(recipe, lean=lean), SHARED).network for lean in (True, False))
    for one, other in zip(built.kernels, switched.kernels, strict=True):
        # Compilers may fuse in another way: rounding, over 20 steps of Adam.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", [0, 2**31 + 1, 2**40, 2**70])
def test_a_seed_of_any_size_trains(seed):
    trained = train(lane(RECIPE.with_knobs(dropout=0.5, epochs=1), seed), SHARED)
    assert np.isfinite(trained.history["loss"]).all()


def test_seeds_that_differ_above_32_bits_have_masks_of_their_own():
    keys = [jax.random.key_data(mask_key(seed)).tolist() for seed in (7, 2**32 + 7, 2**64)]
    assert len({tuple(key) for key in keys}) == 3


def test_a_key_is_what_jax_makes_of_its_number():
    number = np.random.SeedSequence([7, 3]).generate_state(1)[0]
    made, expected = mask_key(7), jax.random.key(number)
    assert made.dtype == expected.dtype
    np.testing.assert_array_equal(jax.random.key_data(made), jax.random.key_data(expected))


@pytest.mark.parametrize("batch_size", [16, 4])
def test_every_epoch_has_masks_of_its_own(batch_size):
    """Equal texts and weights that do not move: only masks can make epochs differ."""
    equal = BAGS[np.zeros(16, int)], np.zeros(16, int), CLASSES
    recipe = RECIPE.with_shape(batch_size=batch_size)
    still = recipe.with_knobs(learning_rate=1e-12, validation=0.0, epochs=6)
    losses = lambda rate: train(Lane(still.with_knobs(dropout=rate), *equal, 1), SHARED).history
    assert len(set(losses(0.5)["loss"])) == 6
    assert len(set(losses(0.0)["loss"])) == 1


# Off, stopping, history


def test_patience_that_never_runs_out_changes_no_bit_of_the_way():
    off = train(lane(RECIPE.with_knobs(patience=math.inf)), SHARED)
    on = train(lane(RECIPE.with_knobs(patience=1000.0)), SHARED)
    assert off.history == on.history
    assert off.best_epoch == 4


def test_the_weights_of_the_best_epoch_are_restored_to_the_last_bit():
    recipe = RECIPE.with_knobs(epochs=60, learning_rate=0.1, patience=3.0)
    stopped = train(lane(recipe), SHARED)
    curve = stopped.history["val_loss"]
    assert stopped.best_epoch == 1 + int(np.argmin(curve))
    assert len(curve) == stopped.best_epoch + 3 < 60
    there = recipe.with_knobs(epochs=stopped.best_epoch, patience=math.inf)
    assert bits(train(lane(there), SHARED)) == bits(stopped)


@pytest.mark.parametrize("knobs", [{}, {"dropout": 0.5, "batch_norm": "before"}])
def test_validation_is_the_plain_networks_with_all_units_on_the_texts_held_back(knobs):
    given = lane(RECIPE.with_knobs(**knobs))
    trained, held = train(given, SHARED), lanes._parted(given)
    found = log_softmax(logits(trained.network, held.val_bags))
    each = found[np.arange(len(found)), held.val_labels]
    assert trained.history["val_loss"][-1] == pytest.approx(-each.mean(), rel=1e-6)
    right = (found.argmax(1) == held.val_labels).mean()
    assert trained.history["val_accuracy"][-1] == pytest.approx(right)


def test_the_penalty_is_told_apart_from_the_loss():
    slow = RECIPE.with_knobs(l2=0.01, l1=0.1, learning_rate=1e-9, epochs=1)
    trained = train(lane(slow), SHARED)
    expected = sum(0.01 * (k**2).sum() + 0.1 * np.abs(k).sum() for k in trained.network.kernels)
    assert trained.history["penalty"] == [pytest.approx(expected, rel=1e-5)]
    off = train(lane(slow.with_knobs(l1=0.0, l2=0.0)), SHARED)
    assert off.history["penalty"] == [0.0]
    assert trained.history["loss"][0] == pytest.approx(off.history["loss"][0], rel=1e-6)


def test_callbacks_see_each_epoch_and_may_end_it():
    calls = []
    callbacks = [lambda epoch, logs: calls.append((epoch, sorted(logs))), lambda e, logs: e == 2]
    trained = train(lane(), SHARED, callbacks)
    names = ["accuracy", "loss", "penalty", "val_accuracy", "val_loss"]
    assert calls == [(1, names), (2, names)]
    assert trained.best_epoch == len(trained.history["loss"]) == 2


def test_a_network_learns_what_can_be_learnt():
    """Seven of ten texts tell their class; a third would be chance."""
    history = train(lane(RECIPE.with_knobs(epochs=40)), SHARED).history
    assert history["accuracy"][-1] > 0.8
    assert all(later < earlier for earlier, later in pairwise(history["loss"][:10]))


def test_a_network_that_diverges_ends_without_a_crash_and_says_so():
    recipe = RECIPE.with_knobs(
        optimiser="sgd", learning_rate=1e30, patience=2.0, activation="linear", epochs=6
    )
    with np.errstate(all="ignore"):
        trained = train(lane(recipe), SHARED)
    assert not np.isfinite(trained.history["loss"][-1])
    assert len(trained.history["val_loss"]) <= 6


# The validation share


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_the_share_is_stratified_and_drawn_from_everywhere(share):
    held = [lanes._parted(lane(RECIPE.with_knobs(validation=share), seed)) for seed in range(30)]
    places = set()
    for part in held:
        per_class = np.bincount(part.val_labels, minlength=CLASSES)
        assert per_class.sum() == round(share * TEXTS)
        assert np.ptp(per_class) <= 1
        assert len(part.labels) + len(part.val_labels) == TEXTS
        places.add(tuple(rows_of(part.val_bags)))
    assert len(places) == 30  # another share for each seed
    drawn = np.bincount(np.concatenate([list(p) for p in places]), minlength=TEXTS)
    # No text is drawn always, as the last rows would be, and none of the 75 never (at 0.1 a text
    # is missed 30 times with a chance of 0.04).
    assert drawn.max() < 30
    assert (drawn > 0).mean() > 0.85


def rows_of(part):
    """Numbers of the rows of BAGS that a part holds; all rows differ."""
    number = {row.tobytes(): place for place, row in enumerate(BAGS.toarray())}
    assert len(number) == TEXTS
    return [number[row.tobytes()] for row in part.toarray()]


def test_units_stay_whole_and_the_share_repeats_with_its_seed():
    units = np.arange(TEXTS) // 2
    for seed in range(5):
        given = lane(RECIPE.with_knobs(validation=0.3), seed, units=units)
        part, again = lanes._parted(given), lanes._parted(given)
        training, held = set(units[part.bags.rows]), set(units[rows_of(part.val_bags)])
        assert held
        assert not training & held
        assert rows_of(part.val_bags) == rows_of(again.val_bags)


def test_without_a_share_all_texts_train_and_nothing_is_judged():
    trained = train(lane(RECIPE.with_knobs(validation=0.0)), SHARED)
    assert sorted(trained.history) == ["accuracy", "loss", "penalty"]


def test_where_nothing_can_be_held_back_all_epochs_are_trained():
    recipe = RECIPE.with_knobs(patience=1.0, epochs=3).with_shape(batch_size=4)
    trained = train(Lane(recipe, BAGS[:4], np.array([0, 0, 1, 2]), CLASSES, 1), SHARED)
    assert len(trained.history["loss"]) == trained.best_epoch == 3
    assert "val_loss" not in trained.history


# Room


@pytest.mark.parametrize("lazy", [False, True])
def test_an_epoch_that_needs_more_room_gets_it_once_and_changes_no_bit(monkeypatch, lazy):
    """Texts of very different lengths, and a room that holds hardly a batch to begin with."""
    lengths = np.where(np.arange(90) % 9, 1, 60)
    generator = np.random.default_rng(0)
    indices = np.concatenate([generator.permutation(500)[:length] for length in lengths])
    values = generator.random(len(indices)).astype(np.float32)
    bags = csr_matrix((values, indices, np.append(0, np.cumsum(lengths))), (90, 500))
    labels = np.arange(90) % 3
    recipe = RECIPE.with_knobs(epochs=20, validation=0.0).with_shape(batch_size=8)
    given = Lane(recipe, bags, labels, CLASSES, seed=1)
    monkeypatch.setattr(lanes, "lazy_pays", lambda *_: lazy)
    enough = Programs()
    expected = bits(train(given, enough))
    assert enough.compilations == 1
    given = replace(given, room=Room(12, 64, 64 if lazy else 0))
    tight, rooms, real = Programs(), [], Epochs.take
    recorded = lambda epochs: (piece := real(epochs), rooms.append(piece.room))[0]
    monkeypatch.setattr(Epochs, "take", recorded)
    assert bits(train(given, tight)) == expected
    assert 2 <= tight.compilations == len(set(rooms)) <= 4
    assert all(later.holds(earlier) for earlier, later in pairwise(rooms))
    assert all(rounded(size) == size for room in rooms for size in room)
