"""Keras' callbacks between our epochs: what they see, what they change, when they end a training.

Each early stopping runs through Keras' fit and through ours, on one model whose variables are set
back, so that a program is compiled once for the whole file.
"""

import keras
import numpy as np
import pytest
from keras import layers
from keras.callbacks import EarlyStopping

from textkaizen.interop.keras import fit

# Keras' own `get_weights`, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

TEXTS, FEATURES, CLASSES = 60, 20, 3
RNG = np.random.default_rng(11)
LABELS = RNG.integers(0, CLASSES, TEXTS)
# Hardly learnable: a validation loss that soon rises.
BAGS = RNG.normal(size=(TEXTS, FEATURES)).astype(np.float32)
BAGS[np.arange(TEXTS), LABELS] += 0.7
HELD = (BAGS[40:], LABELS[40:])


class Problem:
    """One compiled model that begins again whenever it is asked to."""

    def __init__(self):
        keras.utils.set_random_seed(5)
        self.model = keras.Sequential([layers.Dense(24, "relu"), layers.Dense(CLASSES, "softmax")])
        self.model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        self.model.optimizer.learning_rate = 0.02
        self.model.build((None, FEATURES))
        self.model.optimizer.build(self.model.trainable_variables)
        self.variables = self.model.variables + self.model.optimizer.variables
        self.first = [variable.numpy() for variable in self.variables]

    def __call__(self, train, callbacks, epochs=20, **more):
        """Train from the first weights; return History and the weights left."""
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)
        x, y = BAGS[:40], LABELS[:40]
        how = {"shuffle": False, "verbose": 0, "validation_data": HELD} | more
        history = train(x, y, epochs=epochs, callbacks=callbacks, **how)
        return history, self.model.get_weights()

    def both(self, make, **more):
        """Train by our fit and by Keras', each with callbacks of its own."""
        ours = self(lambda *data, **how: fit(self.model, *data, **how), make(), **more)
        return ours, self(self.model.fit, make(), **more)


@pytest.fixture(scope="module")
def problem():
    return Problem()


STOPPINGS = {
    "patience of 1": {"patience": 1},
    "patience of 0": {"patience": 0},
    "patience of 3": {"patience": 3},
    "a change that must be large": {"min_delta": 0.05, "patience": 2},
    "a baseline that is never reached": {"baseline": 0.1, "patience": 4},
    "a baseline that is soon reached": {"baseline": 1.05, "patience": 2},
    "a start after five epochs": {"start_from_epoch": 5, "patience": 1},
    "the best weights restored": {"restore_best_weights": True, "patience": 3},
    "the best weights restored at the end": {"restore_best_weights": True, "patience": 90},
    "restored, with a baseline": {"restore_best_weights": True, "baseline": 0.1, "patience": 2},
    "larger is better": {"monitor": "val_accuracy", "mode": "max", "patience": 2},
    "larger is better, told by the name": {"monitor": "val_accuracy", "patience": 2},
    "smaller is better, said so": {"monitor": "val_accuracy", "mode": "min", "patience": 2},
    "a monitor of training": {"monitor": "loss", "min_delta": 0.2, "patience": 1},
}


@pytest.mark.parametrize("settings", STOPPINGS.values(), ids=STOPPINGS)
def test_early_stopping_ends_and_restores_as_in_keras(problem, settings):
    (ours, own), (theirs, other) = problem.both(lambda: [EarlyStopping(**settings)])
    assert ours.epoch == theirs.epoch
    for name, values in theirs.history.items():
        # One program adds in another order than the other; 20 epochs at a high rate.
        np.testing.assert_allclose(ours.history[name], values, rtol=1e-4, atol=1e-6)
    for one, two in zip(own, other, strict=True):
        assert np.abs(one - two).max() <= 1e-4 * np.abs(two).max()


def test_the_stoppings_above_stop_at_different_epochs(problem):
    ends = set()
    for settings in STOPPINGS.values():
        train = lambda *data, **how: fit(problem.model, *data, **how)
        ends.add(problem(train, [EarlyStopping(**settings)])[0].epoch[-1])
    assert len(ends) >= 5
    assert 19 in ends  # some train to the end


def test_a_rate_that_a_callback_changes_is_the_rate_that_is_used(problem):
    def make():
        schedule = lambda epoch, rate: rate * (0.5 if epoch % 3 == 2 else 1.0)
        plateau = keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=1, cooldown=1)
        return [keras.callbacks.LearningRateScheduler(schedule), plateau]

    (ours, own), (theirs, other) = problem.both(make, epochs=12)
    assert len(set(theirs.history["learning_rate"])) > 3
    assert ours.history["learning_rate"] == theirs.history["learning_rate"]
    for one, two in zip(own, other, strict=True):
        assert np.abs(one - two).max() <= 1e-4 * np.abs(two).max()


def test_a_callback_sees_and_changes_the_weights_between_epochs(problem):
    seen = []

    def look(epoch, logs):
        seen.append(problem.model.layers[0].kernel.numpy())
        if epoch == 1:
            problem.model.layers[0].kernel.assign(np.zeros((FEATURES, 24), np.float32))

    callback = keras.callbacks.LambdaCallback(on_epoch_end=look)
    train = lambda *data, **how: fit(problem.model, *data, **how)
    problem(train, [callback], epochs=3)
    assert (seen[0] != seen[1]).any()
    # One epoch of Adam from zero: no weight can have gone further than its two steps.
    assert 0 < np.abs(seen[2]).max() <= 2 * 0.02 * 1.01


def test_hooks_are_called_in_the_order_of_keras(problem):
    class Noted(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls = []

    def note(name):
        def hook(self, *arguments, **keywords):
            numbers = [one for one in arguments if isinstance(one, int)]
            self.calls.append((name, *numbers, *sorted((arguments[-1] or {}).keys())))

        return hook

    for name in ("train_begin", "train_end", "epoch_begin", "epoch_end", "test_begin", "test_end"):
        setattr(Noted, f"on_{name}", note(name))
    kept = []

    def make():
        kept.append(Noted())
        return [kept[-1]]

    problem.both(make, epochs=2)
    assert kept[0].calls == kept[1].calls
    assert ("epoch_end", 1, "accuracy", "loss", "val_accuracy", "val_loss") in kept[0].calls


def test_what_keras_saves_at_an_epochs_end_is_saved(problem, tmp_path):
    path = tmp_path / "weights.weights.h5"
    make = lambda: [
        keras.callbacks.ModelCheckpoint(path, save_best_only=True, save_weights_only=True),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.BackupAndRestore(tmp_path / "backup"),
    ]
    train = lambda *data, **how: fit(problem.model, *data, **how)
    history, _ = problem(train, make(), epochs=4)
    best = int(np.argmin(history.history["val_loss"]))
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 5
    problem.model.load_weights(path)
    saved = problem.model.get_weights()
    _, weights = problem(train, [], epochs=best + 1)
    for one, two in zip(saved, weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_weights_that_are_averaged_judge_and_then_give_way(problem):
    def trained(train, model):
        keras.utils.set_random_seed(5)
        adam = keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.8)
        model.compile(adam, "sparse_categorical_crossentropy")
        swap = keras.callbacks.SwapEMAWeights()
        how = {"shuffle": False, "verbose": 0, "validation_data": HELD, "callbacks": [swap]}
        return train(BAGS[:40], LABELS[:40], epochs=4, **how).history

    make = lambda: keras.Sequential([layers.Dense(24, "relu"), layers.Dense(CLASSES, "softmax")])
    ours, theirs = make(), make()
    keras.utils.set_random_seed(5)
    ours.build((None, FEATURES))
    theirs.build((None, FEATURES))
    theirs.set_weights(ours.get_weights())
    own = trained(lambda *data, **how: fit(ours, *data, **how), ours)
    other = trained(theirs.fit, theirs)
    np.testing.assert_allclose(own["val_loss"], other["val_loss"], rtol=1e-5)
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.abs(one - two).max() <= 1e-5 * np.abs(two).max()


def test_an_interrupted_training_leaves_the_weights_of_its_last_epoch(problem):
    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)
    train = lambda *data, **how: fit(problem.model, *data, **how)
    with pytest.raises(KeyboardInterrupt):
        problem(train, [callback], epochs=5)
    left = problem.model.get_weights()
    _, wanted = problem(train, [], epochs=2)
    for one, two in zip(left, wanted, strict=True):
        np.testing.assert_array_equal(one, two)
