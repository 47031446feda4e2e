"""A training that goes on where another ended: orders of rows, metrics, averages, batches."""

import keras
import numpy as np
import pytest
from keras import layers

from textkaizen.interop import keras_programs
from textkaizen.interop.keras import fit

# Keras' own `get_weights`, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

TEXTS, FEATURES, CLASSES = 50, 12, 3
RNG = np.random.default_rng(9)
X = RNG.normal(size=(TEXTS, FEATURES)).astype(np.float32)
Y = RNG.integers(0, CLASSES, TEXTS)
LOSS = "sparse_categorical_crossentropy"


def compiled(optimizer="adam", **more):
    """A model with the same first weights each time; without dropout."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([layers.Dense(8, "relu"), layers.Dense(CLASSES, "softmax")])
    model.compile(optimizer, LOSS, **more)
    return model


def assert_same_weights(ours, theirs, close):
    for own, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.abs(own - other).max() <= close * np.abs(other).max()


def test_a_shuffled_fit_that_goes_on_has_the_orders_of_one_in_one_go():
    whole, halves, again = compiled(), compiled(), compiled()
    how = {"batch_size": 16, "verbose": 0, "seed": 6}
    fit(whole, X, Y, epochs=4, **how)
    fit(halves, X, Y, epochs=2, **how)
    fit(halves, X, Y, epochs=4, initial_epoch=2, **how)
    assert_same_weights(halves, whole, close=0)
    fit(again, X, Y, epochs=2, **how)
    fit(again, X, Y, epochs=2, **how)  # the first two orders twice
    assert (again.get_weights()[0] != whole.get_weights()[0]).any()


def test_a_start_beyond_the_last_epoch_trains_nothing():
    model = compiled()
    history = fit(model, X, Y, epochs=2, initial_epoch=10**9, verbose=0)
    assert history.history == {}
    assert model.optimizer.iterations == 0


class Steps(keras.metrics.Metric):
    """Counts steps, and goes on when metrics are reset."""

    def __init__(self, name="steps"):
        super().__init__(name=name)
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.count.assign_add(1.0)

    def result(self):
        return self.count.value + 0.0

    def reset_state(self):
        """Leaves the count alone."""


def test_a_metric_that_a_reset_leaves_alone_goes_on_as_in_keras():
    ours, theirs = compiled(metrics=[Steps()]), compiled(metrics=[Steps()])
    how = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0}
    further = {"validation_data": (X[:20], Y[:20])}
    own = fit(ours, X, Y, **how, **further).history
    other = theirs.fit(X, Y, **how, **further).history
    # Four batches to train on and two to judge by, three times; both count in one.
    assert own["steps"] == other["steps"] == [4, 10, 16]
    assert own["val_steps"] == other["val_steps"] == [6, 12, 18]


def test_a_second_fit_with_averaged_weights_trains_as_keras_does():
    adam = lambda: keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.8)
    ours, theirs = compiled(adam()), compiled(adam())
    how = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0}
    for _ in range(2):
        fit(ours, X, Y, **how)
        theirs.fit(X, Y, **how)
        for variable in theirs.optimizer.variables:
            # Keras (3.15) leaves weight and average in one array, and its second fit stumbles.
            variable.assign(np.array(variable.numpy()))
        # The compiler orders sums differently inside a scan: 1e-5 is left of float32.
        assert_same_weights(ours, theirs, close=1e-5)


def test_batches_of_none_are_batches_of_32():
    none, named = compiled(), compiled()
    fit(none, X, Y, batch_size=None, verbose=0)
    fit(named, X, Y, batch_size=32, verbose=0)
    assert none.optimizer.iterations == 2  # of 50 texts
    assert_same_weights(none, named, close=0)


def test_programs_of_an_older_compile_are_let_go():
    model = compiled()
    fit(model, X, Y, verbose=0)
    old = set(keras_programs._programs[model])
    model.compile("sgd", LOSS)
    fit(model, X, Y, verbose=0)
    assert len(keras_programs._programs[model]) == 1
    assert not old & set(keras_programs._programs[model])


def test_the_end_of_training_is_told_the_last_logs_as_keras_tells_them():
    told = []

    class Adds(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["own"] = epoch

        def on_train_end(self, logs=None):
            told.append(sorted(logs.items()))

    ours, theirs = compiled(), compiled()
    how = {"epochs": 2, "shuffle": False, "verbose": 0}
    fit(ours, X, Y, callbacks=[Adds()], **how)
    theirs.fit(X, Y, callbacks=[Adds()], **how)
    # Keras hands a copy to each hook's callbacks: what one of them adds is not handed on.
    assert [name for name, _ in told[0]] == [name for name, _ in told[1]] == ["loss"]
    np.testing.assert_allclose(dict(told[0])["loss"], dict(told[1])["loss"], rtol=1e-5)
