"""The next epoch is computed before it is asked for, and no bit of a training shows it.

Each training runs twice on one model whose variables are set back: with guesses and without.
Histories and all variables (weights, seeds of dropout, moments, metrics) must be the same bits.
"""

import jax
import keras
import numpy as np
import pytest
from keras import layers
from keras.callbacks import (
    Callback,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
    SwapEMAWeights,
)
from scipy.sparse import csr_matrix

from textkaizen.errors import UsageError
from textkaizen.interop import keras_epochs, keras_fit, keras_programs
from textkaizen.interop.keras import fit
from textkaizen.interop.keras_programs import Program

# Keras' own `predict` and `evaluate`, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

TEXTS, FEATURES, CLASSES, EPOCHS = 50, 20, 3, 8
BATCH_SIZE = 25
RNG = np.random.default_rng(11)
LABELS = RNG.integers(0, CLASSES, TEXTS)
# Hardly learnable: a validation loss that soon rises.
BAGS = RNG.normal(size=(TEXTS, FEATURES)).astype(np.float32)
BAGS[np.arange(TEXTS), LABELS] += 0.7
LOSS = "sparse_categorical_crossentropy"


class Problem:
    """A compiled model that begins again whenever it is asked to."""

    def __init__(self, hidden, optimizer=None):
        keras.utils.set_random_seed(5)
        made = [layers.Dense(12, "relu"), *hidden, layers.Dense(CLASSES, "softmax")]
        self.model = keras.Sequential(made)
        optimizer = optimizer or keras.optimizers.Adam(0.02)
        self.compile = lambda: self.model.compile(optimizer, LOSS, metrics=["accuracy"])
        self.compile()
        self.model.build((None, FEATURES))
        self.model.optimizer.build(self.model.trainable_variables)
        self.variables = self.model.variables + self.model.optimizer.variables
        self.first = [variable.numpy() for variable in self.variables]
        self.kernel = lambda: self.model.layers[0].kernel.numpy()

    def train(self, callbacks=(), x=BAGS, **more):
        """Train from the first weights; return the history and what the variables hold then."""
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)
        how = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "verbose": 0, "seed": 4} | more
        history = fit(self.model, x, LABELS, callbacks=list(callbacks), **how).history
        variables = self.model.variables + self.model.optimizer.variables
        return history, [variable.numpy() for variable in variables]


@pytest.fixture(scope="module")
def plain():
    return Problem([])


@pytest.fixture(scope="module")
def noisy():
    """With dropout, whose seeds go on from epoch to epoch."""
    return Problem([layers.Dropout(0.4)])


@pytest.fixture
def computed(monkeypatch):
    """The numbers of the steps that epochs were computed from, in the order of computing."""
    numbers, known = [], {}

    def counting(model, features, *arguments):
        program = train_program(model, features, *arguments)

        def compute(values, parts, layout):
            numbers.append(int(values.slots[0]))
            return program.compute(values, parts, layout)

        return known.setdefault(program, Program(compute, program.is_pure))

    train_program = keras_epochs.train_program
    monkeypatch.setattr(keras_epochs, "train_program", counting)
    return numbers


def without_guesses(problem, *arguments, **more):
    """Train as `problem` does, each epoch computed when it is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras_epochs, "MISSES", 0)
        return problem.train(*arguments, **more)


def assert_same_bits(one, other):
    assert one[0] == other[0]
    assert len(one[1]) == len(other[1]) > 0
    for own, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_array_equal(own, theirs)


def changing(change, begins=(), ends=()):
    """A callback that does something to the model where these epochs begin and end."""

    class Changes(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch in begins:
                change(self.model)

        def on_epoch_end(self, epoch, logs=None):
            if epoch in ends:
                change(self.model)

    return Changes()


def shrink(model):
    kernel = model.layers[0].kernel
    kernel.assign(kernel * 0.5)


EVERY = range(EPOCHS)
CALLBACKS = {
    "early stopping": lambda: EarlyStopping(patience=1, restore_best_weights=True),
    "the first weights restored at the end": lambda: EarlyStopping(
        patience=EPOCHS, baseline=0.0, restore_best_weights=True
    ),
    "a plateau": lambda: ReduceLROnPlateau(factor=0.3, patience=1, min_delta=0.1),
    "a schedule": lambda: LearningRateScheduler(lambda epoch, rate: rate * 0.8),
    "weights set at each begin": lambda: changing(shrink, begins=EVERY),
    "weights set at two begins": lambda: changing(shrink, begins=(2, 5)),
    "weights set at two ends": lambda: changing(shrink, ends=(2, 5)),
    "a prediction": lambda: changing(lambda model: model.predict(BAGS, verbose=0), begins=(3,)),
    "a judgement": lambda: changing(
        lambda model: model.evaluate(BAGS, LABELS, verbose=0), ends=(3,)
    ),
}


@pytest.mark.parametrize(("made", "share"), [("plain", 0.0), ("plain", 0.3), ("noisy", 0.3)])
def test_guesses_change_no_bit_and_no_epoch_is_computed_twice(request, computed, made, share):
    problem = request.getfixturevalue(made)
    found = problem.train(validation_split=share)
    assert computed == [2 * epoch for epoch in EVERY]  # two steps an epoch, with 35 texts too
    assert_same_bits(found, without_guesses(problem, validation_split=share))


@pytest.mark.parametrize("make", CALLBACKS.values(), ids=CALLBACKS)
def test_guesses_change_no_bit_whatever_callbacks_do(noisy, make):
    found = noisy.train([make()], validation_split=0.3)
    assert_same_bits(found, without_guesses(noisy, [make()], validation_split=0.3))


def test_the_callbacks_above_do_something(noisy):
    bare = noisy.train(validation_split=0.3)[1]
    unchanged = []
    for name, make in CALLBACKS.items():
        left = noisy.train([make()], validation_split=0.3)[1]
        if all((one == two).all() for one, two in zip(left, bare, strict=True)):
            unchanged.append(name)
    # These two leave every number as it is, though not every array.
    assert unchanged == ["a prediction", "a judgement"]


def test_weights_that_are_swapped_for_a_judgement_are_not_trained_from():
    problem = Problem([], keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.8))
    found = problem.train([SwapEMAWeights()], validation_split=0.3)
    assert_same_bits(found, without_guesses(problem, [SwapEMAWeights()], validation_split=0.3))


def test_a_layer_that_is_frozen_in_the_middle_is_frozen():
    # Without weights: the optimiser has nothing to forget.
    norm = layers.BatchNormalization(center=False, scale=False)
    problem, means = Problem([norm]), []

    def freeze(model):
        norm.trainable = False

    def train(run):
        norm.trainable = True
        look = LambdaCallback(on_epoch_end=lambda *now: means.append(norm.moving_mean.numpy()))
        return run(callbacks=[changing(freeze, begins=(4,)), look], epochs=6)

    found = train(problem.train)
    assert_same_bits(found, train(lambda **how: without_guesses(problem, **how)))
    assert (means[3] != means[2]).any()
    # A batch norm that is frozen takes its means as they are.
    np.testing.assert_array_equal(means[4], means[3])
    np.testing.assert_array_equal(means[5], means[3])


def test_a_model_that_is_compiled_anew_in_the_middle_is_trained_as_it_is_then():
    problem = Problem([])
    kernels = []

    def anew(model):
        model.layers[0].trainable = False
        model.compile(keras.optimizers.SGD(0.1), LOSS)
        model.optimizer.build(model.trainable_variables)

    def train(run):
        problem.model.layers[0].trainable = True
        problem.compile()
        look = LambdaCallback(on_epoch_end=lambda *now: kernels.append(problem.kernel()))
        return run(callbacks=[changing(anew, begins=(4,)), look], epochs=6)

    found = train(problem.train)
    assert_same_bits(found, train(lambda **how: without_guesses(problem, **how)))
    assert (kernels[3] != kernels[2]).any()
    np.testing.assert_array_equal(kernels[5], kernels[3])


def test_a_layer_that_cannot_be_frozen_is_told_as_without_guesses(plain):
    def freeze(model):
        model.layers[0].trainable = False

    for train in (plain.train, lambda *how: without_guesses(plain, *how)):
        with pytest.raises(UsageError, match="trainable variables list"):
            train([changing(freeze, begins=(4,))])
        plain.model.layers[0].trainable = True
        # Four epochs of two steps each are in the model, and no more.
        assert plain.model.optimizer.iterations == 8


@pytest.mark.parametrize(
    ("make", "more"),
    [
        # Two guesses in a row are wrong, and no more are made.
        (lambda: changing(shrink, begins=EVERY), 2),
        (lambda: changing(shrink, ends=EVERY), 2),
        # Two that are wrong, but not in a row.
        (lambda: changing(shrink, begins=(2, 5)), 2),
        (lambda: changing(shrink, begins=(2, 4, 6)), 3),
        # Keras changes no number here, but metrics hold other arrays.
        (lambda: CALLBACKS["a judgement"](), 1),
        # What changes weights before the first epoch or after the last one costs nothing.
        (lambda: changing(shrink, begins=(0,), ends=(EPOCHS - 1,)), 0),
    ],
)
def test_a_wrong_guess_costs_an_epoch_and_two_in_a_row_are_the_last(plain, computed, make, more):
    plain.train([make()])
    assert len(computed) == EPOCHS + more


def stopping_after(epochs):
    """A callback that stops the training after so many epochs."""

    class Stops(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch + 1 == epochs

    return Stops()


def test_a_training_that_is_stopped_has_computed_one_epoch_for_nothing(plain, computed):
    history, _ = plain.train([stopping_after(4)])
    assert len(history["loss"]) == 4
    assert len(computed) == 5
    assert plain.model.optimizer.iterations == 8  # four epochs of two steps


def test_the_next_epoch_is_under_way_before_the_hooks_of_the_one_before(noisy, computed):
    seen = {}
    note = lambda name: lambda *arguments: seen.setdefault(name, []).append(len(computed))
    hooks = ("on_epoch_begin", "on_epoch_end")
    hooked = LambdaCallback(**{name: note(name) for name in hooks})
    hooked.on_test_begin, hooked.on_test_end = note("on_test_begin"), note("on_test_end")
    noisy.train([hooked], epochs=3, validation_split=0.3)
    assert seen == {
        "on_epoch_begin": [0, 2, 3],
        "on_test_begin": [1, 2, 3],
        "on_test_end": [2, 3, 3],
        "on_epoch_end": [2, 3, 3],
    }


def test_an_epoch_that_needs_another_program_is_not_guessed(plain, computed, monkeypatch):
    # Each epoch's bags then get just the room that they need: another one for each order.
    monkeypatch.setattr(keras_fit, "room_needed", lambda *arguments: None)
    bags = csr_matrix(np.where(BAGS > 0.5, BAGS, 0))
    found = plain.train(x=bags, epochs=2)
    assert len({key for key in keras_programs._programs[plain.model] if key[0][1]}) == 2
    assert len(computed) == 2
    assert_same_bits(found, without_guesses(plain, x=bags, epochs=2))


def test_a_step_that_prints_prints_once_an_epoch(capfd):
    class Telling(keras.Sequential):
        def train_step(self, state, data):
            jax.debug.print("a step")
            return super().train_step(state, data)

    keras.utils.set_random_seed(5)
    model = Telling([layers.Dense(CLASSES, "softmax")])
    model.compile("adam", LOSS)
    fit(
        model,
        BAGS,
        LABELS,
        epochs=5,
        batch_size=BATCH_SIZE,
        callbacks=[stopping_after(2)],
        verbose=0,
    )
    jax.effects_barrier()
    assert capfd.readouterr().out.count("a step") == 4  # two steps an epoch
