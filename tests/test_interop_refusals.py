"""What a Keras model's fit refuses here: a sentence each, and nothing trained."""

import sys
import warnings

import keras
import numpy as np
import pytest
from keras import layers
from scipy.sparse import csr_matrix

from textkaizen.errors import MissingExtraError, UsageError
from textkaizen.interop.keras import LastRowsWarning, fit, predict, recipe_from_keras
from textkaizen.interop.keras_callbacks import needs_batches
from textkaizen.interop.keras_data import labels_of, parted, table

X, Y = np.ones((8, 5), np.float32), np.array([0, 1] * 4)
LOSS = "sparse_categorical_crossentropy"


def model(*made, compiled=True, **how):
    found = keras.Sequential([*(made or [layers.Dense(3, "relu")]), layers.Dense(2, "softmax")])
    if compiled:
        found.compile("adam", LOSS, **how)
    return found


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return X, Y


class LooksAtBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        """Wants to be called."""


class OldName(keras.callbacks.Callback):
    def on_batch_begin(self, batch, logs=None):
        """Wants to be called, too."""


class OwnCheckpoint(keras.callbacks.ModelCheckpoint):
    def on_epoch_end(self, epoch, logs=None):
        """Lives between epochs."""


class OwnProgress(keras.callbacks.ModelCheckpoint):
    def __init__(self):
        super().__init__("x.keras")

    def on_train_batch_begin(self, batch, logs=None):
        """Wants to be called, though what it extends would not."""


WRONG_DATA = {
    "no rows": ({"X": X[:0], "y": Y[:0]}, "at least one row"),
    "fewer labels": ({"y": Y[:7]}, "8 rows of X and 7 of y"),
    "fewer weights": ({"sample_weight": np.ones(3)}, "3 of sample_weight"),
    "NaN": ({"X": np.where(np.eye(8, 5) > 0, np.nan, 1.0)}, "NaN.*5 rows: 0, 1, 2, 3, 4"),
    "NaN in a sparse matrix": ({"X": csr_matrix(np.diag([1.0, np.nan] * 4))}, "rows: 1, 3, 5, 7"),
    "texts": ({"X": np.array(["a"] * 8)}, "must hold numbers"),
    "labels that are words": ({"y": np.array(["yes", "no"] * 4)}, "y of the training data"),
    "a generator": ({"X": ((X, Y) for _ in range(2)), "y": None}, "found generator"),
    "a PyDataset": ({"X": Batches(), "y": None}, "found Batches"),
    "no X": ({"X": None}, "X of the training data is None"),
    "weights of classes as a list": ({"class_weight": [1.0, 2.0]}, "a mapping.*found list"),
    "weights of more parts": (
        {"sample_weight": [np.ones(8)] * 2},
        "y has 0 and sample_weight 0, 1",
    ),
    "weights by a name": ({"sample_weight": {"label": np.ones(8)}}, "sample_weight label"),
    "both weights": ({"sample_weight": np.ones(8), "class_weight": {0: 2.0}}, "found both"),
    "no validation pair": ({"validation_data": X}, "validation_data must be"),
    "lengths in validation": ({"validation_data": (X, Y[:2])}, "the validation data has 8 rows"),
    "a share of 1": ({"validation_split": 1.0}, "less than 1; found 1.0"),
    "a negative share": ({"validation_split": -0.1}, "at least 0"),
    "a share of nothing": ({"validation_split": 0.01}, "rows on both sides"),
    "an unknown split": ({"split": "first rows", "validation_split": 0.5}, "stratified, last rows"),
    "no batch": ({"batch_size": 0}, "batch_size must be a whole number, at least 1; found 0"),
    "half a batch": ({"batch_size": 2.5}, "found 2.5"),
    "negative epochs": ({"epochs": -1}, "epochs must be a whole number, at least 0; found -1"),
    "a negative start": ({"initial_epoch": -1}, "initial_epoch"),
}


@pytest.mark.parametrize(("wrong", "told"), WRONG_DATA.values(), ids=WRONG_DATA)
def test_data_that_cannot_be_trained_on_are_refused(wrong, told):
    own = model()
    with pytest.raises(UsageError, match=told):
        fit(own, **{"X": X, "y": Y, "verbose": 0} | wrong)
    assert not own.built


WRONG_MODELS = {
    "not compiled": (lambda: model(compiled=False), "must be compiled"),
    "eager": (lambda: model(run_eagerly=True), "run_eagerly"),
    "no jit": (lambda: model(jit_compile=False), "compiled with jit_compile=False"),
    "no model": (lambda: "a model", "found str"),
    "stateful": (
        lambda: model(layers.Reshape((5, 1)), layers.LSTM(2, stateful=True, name="memory")),
        "stateful=True have: memory",
    ),
    "norm over texts": (
        lambda: model(layers.Dense(3), layers.BatchNormalization(0.5, name="norm")),
        "norm.*its first argument is the axis",
    ),
}


@pytest.mark.parametrize(("made", "told"), WRONG_MODELS.values(), ids=WRONG_MODELS)
def test_a_model_whose_epoch_cannot_be_compiled_is_refused(made, told):
    with pytest.raises(UsageError, match=told):
        fit(made(), X, Y, verbose=0)


def test_a_model_that_does_not_fit_the_data_says_what_keras_says():
    told = r"Model, X and y must fit.*rows of \(5,\), y of \(\).*Keras says: .*ndim"
    with pytest.raises(UsageError, match=told):
        fit(model(layers.Conv1D(2, 2)), X, Y, verbose=0)


def test_a_y_that_does_not_fit_is_told_as_such_built_or_not():
    told = r"X has rows of \(5,\), y of \(3,\).*Keras says: "
    for shape in (None, (None, 5)):
        own = model()
        own.compile("adam", "categorical_crossentropy")
        if shape:
            own.build(shape)
        with pytest.raises(UsageError, match=told):
            fit(own, X, np.eye(3)[[0, 1] * 4], verbose=0)
        assert own.optimizer.iterations == 0


def test_validation_data_that_do_not_fit_are_told_before_anything_is_trained():
    own = model()
    for further in ((X[:, :4], Y), (X, np.eye(3)[[0, 1] * 4])):
        with pytest.raises(UsageError, match="Model, X and y must fit"):
            fit(own, X, Y, validation_data=further, verbose=0)
    assert own.optimizer.iterations == 0


@pytest.mark.parametrize(
    "made",
    [
        lambda: model(layers.Dropout(0.5), layers.Dense(3)),
        lambda: model(layers.Embedding(9, 3), layers.Flatten()),
        lambda: keras.Model(inputs := keras.Input((5,)), layers.add([inputs, inputs])),
    ],
)
def test_sparse_rows_need_a_dense_layer_that_reads_them(made):
    own = made()
    own.compile("adam", LOSS)
    with pytest.raises(UsageError, match="Put a Dense layer first"):
        fit(own, csr_matrix(X), Y, verbose=0)


def test_a_model_that_looks_at_its_input_in_its_own_way_gets_no_sparse_rows():
    class Own(keras.Sequential):
        def compute_loss(self, x=None, **more):
            return super().compute_loss(x=x, **more) + keras.ops.sum(x)

    own = Own([layers.Dense(2, "softmax")])
    own.compile("adam", LOSS)
    with pytest.raises(UsageError, match="nowhere else"):
        fit(own, csr_matrix(X), Y, verbose=0)


def test_predictions_from_sparse_rows_need_weights():
    with pytest.raises(UsageError, match="no weights yet"):
        predict(model(), csr_matrix(X))


@pytest.mark.parametrize(
    ("callback", "told"),
    [
        (LooksAtBatches(), r"LooksAtBatches \(on_train_batch_end\)"),
        (OldName(), r"OldName \(on_batch_begin\)"),
        (keras.callbacks.LambdaCallback(on_train_batch_begin=print), "on_train_batch_begin"),
        (keras.callbacks.TerminateOnNaN(), r"TerminateOnNaN \(on_batch_end\)"),
        (keras.callbacks.ModelCheckpoint("x.keras", save_freq=10), "on_train_batch_end"),
        (keras.callbacks.BackupAndRestore("x", save_freq=10), "on_train_batch_end"),
        (OwnCheckpoint("x.keras", save_freq=10), r"OwnCheckpoint \(on_train_batch_end\)"),
        (OwnProgress(), r"OwnProgress \(on_train_batch_begin\)"),
        (print, "found builtin_function_or_method"),
    ],
)
def test_a_callback_that_cannot_be_served_is_refused(callback, told):
    with pytest.raises(UsageError, match=told):
        fit(model(), X, Y, callbacks=[callback], verbose=0)


def test_keras_own_callbacks_that_live_between_epochs_are_taken():
    own = keras.callbacks
    taken = [
        own.EarlyStopping(),
        own.History(),
        own.LambdaCallback(on_epoch_end=print),
        own.LearningRateScheduler(lambda epoch: 0.1),
        own.ProgbarLogger(),
        own.ReduceLROnPlateau(),
        own.CSVLogger("log.csv"),
        own.ModelCheckpoint("x.keras"),
        own.BackupAndRestore("x"),
        own.SwapEMAWeights(),
        OwnCheckpoint("x.keras"),
    ]
    assert [needs_batches(one) for one in taken] == [[]] * len(taken)


def test_another_backend_or_none_is_said_before_anything_else(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(UsageError, match=r"found the backend torch.*KERAS_BACKEND"):
        fit(model(compiled=False), X, Y)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtraError, match=r"textkaizen\[keras\]"):
        recipe_from_keras("a model")


def rows(labels):
    labels = np.asarray(labels)
    return table(np.arange(len(labels), dtype=np.float32)[:, None], labels, None, "the rows")


def test_a_validation_share_is_stratified_and_shuffled():
    labels = np.repeat([0, 1, 2], [10, 20, 70])
    for y in (labels, labels.astype(float), labels[:, None], np.eye(3)[labels]):
        training, held = parted(rows(y), 0.2, "stratified", seed=1)
        assert np.bincount(labels[held.x[:, 0].astype(int)]).tolist() == [2, 4, 14]
        assert sorted([*training.x[:, 0], *held.x[:, 0]]) == list(range(100))
    first = parted(rows(labels), 0.2, "stratified", seed=1)[1].x
    np.testing.assert_array_equal(first, held.x)
    assert (first != parted(rows(labels), 0.2, "stratified", seed=2)[1].x).any()


def test_targets_that_are_no_classes_are_held_back_without_regard_to_them():
    targets = np.linspace(0, 1, 50)
    assert labels_of(targets) is None
    assert labels_of(np.arange(50)) is None  # a count of its own for each row
    assert labels_of(np.random.default_rng(0).integers(0, 2, (9, 4))) is None  # several labels
    training, held = parted(rows(targets), 0.1, "stratified", seed=1)
    assert (len(training.y), len(held.y)) == (45, 5)
    assert held.x[:, 0].tolist() != list(range(45, 50))


def test_the_last_rows_are_those_that_keras_takes_and_unseen_classes_are_told():
    labels = np.repeat([0, 1, 2], [5, 4, 1])
    with pytest.warns(LastRowsWarning, match=r"1 classes that no row before them has: 2\."):
        training, held = parted(rows(labels), 0.15, "last rows", seed=1)
    assert held.x[:, 0].tolist() == [8, 9]  # Keras: from floor(10 * 0.85)
    assert training.rows == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parted(rows([0, 1] * 5), 0.2, "last rows", seed=1)[1].x[:, 0].tolist() == [8, 9]
