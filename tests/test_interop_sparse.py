"""Sparse rows in a Keras model: which models may read them, and that they read what they are given.

Weights are compared as in `test_interop_fit`: 1e-5 of the largest weight after 3 epochs.
"""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.sparse import csr_matrix

from textkaizen.errors import UsageError
from textkaizen.interop.keras import fit, predict
from textkaizen.interop.keras_sparse import sparse_reader

# Keras' own `get_weights`, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

TEXTS, FEATURES, CLASSES = 40, 1200, 3
RNG = np.random.default_rng(5)
LABELS = RNG.integers(0, CLASSES, TEXTS)
# Wide and mostly zero: read as sparse rows wherever the model allows it.
WIDE = np.zeros((TEXTS, FEATURES), np.float32)
WIDE[np.arange(TEXTS), np.arange(TEXTS) * 30] = RNG.uniform(1, 2, TEXTS)
HOW = {"epochs": 3, "shuffle": False, "verbose": 0}
LOSS = "sparse_categorical_crossentropy"


class ScaledRow(keras.Sequential):
    """Does something to its input before the first layer sees it."""

    def call(self, inputs, training=None, mask=None):
        return super().call(3.0 * inputs, training=training, mask=mask)


class ScaledGraph(keras.Model):
    """The same as a functional model."""

    def call(self, inputs, training=None, mask=None):
        return super().call(3.0 * inputs, training=training, mask=mask)


def row(kind):
    return kind([layers.Dense(8, "relu"), layers.Dense(CLASSES, "softmax")])


def graph(kind):
    first = keras.Input((FEATURES,))
    hidden = layers.Dense(8, "relu")(first)
    return kind(inputs=first, outputs=layers.Dense(CLASSES, "softmax")(hidden))


def compiled(made, kind):
    keras.utils.set_random_seed(3)
    model = made(kind)
    model.compile("adam", LOSS)
    return model


@pytest.mark.parametrize(("made", "kind"), [(row, ScaledRow), (graph, ScaledGraph)])
def test_a_call_of_its_own_is_never_left_out(made, kind):
    with pytest.raises(UsageError, match="without a call or step of its own"):
        fit(compiled(made, kind), csr_matrix(WIDE), LABELS, **HOW)
    ours, theirs = compiled(made, kind), compiled(made, kind)
    fit(ours, WIDE, LABELS, **HOW)
    theirs.fit(WIDE, LABELS, **HOW)
    for own, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.abs(own - other).max() <= 1e-5 * np.abs(other).max()


@pytest.mark.parametrize(("made", "kind"), [(row, keras.Sequential), (graph, keras.Model)])
def test_a_class_without_a_call_of_its_own_reads_sparse_rows(made, kind):
    class Named(kind):
        """Adds nothing to how it computes."""

    assert sparse_reader(compiled(made, kind)) is not None
    assert sparse_reader(compiled(made, Named)) is not None


def test_an_input_that_is_an_output_too_is_not_left_unread():
    first = keras.Input((FEATURES,))
    model = keras.Model(first, [layers.Dense(2)(first), first])
    assert sparse_reader(model) is None


def outputs_of(kind):
    keras.utils.set_random_seed(3)
    first = keras.Input((FEATURES,))
    hidden = layers.Dense(8, "relu")(first)
    label, size = layers.Dense(CLASSES, "softmax")(hidden), layers.Dense(1)(hidden)
    made = {"size": size, "label": label} if kind is dict else kind([label, size])
    return keras.Model(first, made)


@pytest.mark.parametrize("kind", [list, dict])
def test_predictions_of_several_outputs_come_as_keras_gives_them(kind):
    model = outputs_of(kind)
    ours = predict(model, csr_matrix(WIDE), batch_size=16)  # a shorter last batch of 8
    theirs = model.predict(WIDE, verbose=0)
    assert type(ours) is type(theirs) is kind
    names = theirs if kind is dict else range(2)
    assert len(ours) == 2
    for name in names:
        assert ours[name].shape == theirs[name].shape
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-5)


def test_columns_must_be_those_of_the_model_everywhere():
    narrow = csr_matrix(WIDE[:, :1000])
    model = compiled(row, keras.Sequential)
    with pytest.raises(UsageError, match=r"has 1200, and X of the validation data has 1000"):
        fit(model, csr_matrix(WIDE), LABELS, validation_data=(narrow, LABELS), **HOW)
    assert model.optimizer.iterations == 0
    with pytest.raises(UsageError, match=r"has 1200, and X of the training data has 1000"):
        fit(model, narrow, LABELS, **HOW)
    with pytest.raises(UsageError, match=r"X of what is to be predicted has 1000"):
        predict(model, narrow)


def test_a_table_and_no_table_do_not_go_together():
    model = compiled(row, keras.Sequential)
    further = (WIDE[:, :, None], LABELS)
    with pytest.raises(UsageError, match="both have rows and columns"):
        fit(model, csr_matrix(WIDE), LABELS, validation_data=further, **HOW)
