"""Our fit of a Keras model beside Keras' own: the same weights, the same logs, whatever is asked.

Weights are compared by the largest difference over the largest weight of each array. Both programs
hold the same operations, but the compiler orders sums differently inside a scan: 1e-5 is what
float32 leaves after 5 epochs (largest found: 2e-6).
"""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers
from scipy.sparse import coo_array, csr_matrix

from textkaizen.interop import keras_programs
from textkaizen.interop.keras import fit, predict

# Keras' own `get_weights`, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

TEXTS, FEATURES, CLASSES, WORDS, LENGTH = 50, 40, 4, 30, 12
CLOSE = 1e-5
RNG = np.random.default_rng(7)
BAGS = (RNG.random((TEXTS, FEATURES)) * (RNG.random((TEXTS, FEATURES)) < 0.2)).astype(np.float32)
IDS = RNG.integers(0, WORDS, (TEXTS, LENGTH))
LABELS = RNG.integers(0, CLASSES, TEXTS)
ONE_HOT = np.eye(CLASSES)[LABELS]  # float64, as people have it
COUNTS = RNG.integers(1, 4, TEXTS).astype(np.float32)
FURTHER = ((BAGS[:13], LABELS[:13]), (IDS[:13], LABELS[:13]))


def compiled(made, loss="sparse_categorical_crossentropy", optimizer="adam", **more):
    """A model with the same first weights each time."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(made())
    model.compile(loss=loss, optimizer=optimizer, metrics=["accuracy"], **more)
    return model


def dense():
    return [layers.Dense(16, "relu"), layers.Dense(CLASSES, "softmax")]


def normed():
    # A bias before batch norm has no gradient but rounding, which Adam would make steps of.
    return [
        layers.Dense(16, "relu"),
        layers.BatchNormalization(),
        layers.Dense(8, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dense(CLASSES, "softmax"),
    ]


def normed_once():
    # A second batch norm would see means of 0 but for rounding, and they would be compared.
    return [layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dense(CLASSES, "softmax")]


def convolution():
    return [
        layers.Embedding(WORDS, 8),
        layers.Conv1D(8, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(CLASSES, "softmax"),
    ]


def recurrent():
    return [layers.Embedding(WORDS, 8), layers.LSTM(8), layers.Dense(CLASSES, "softmax")]


def assert_same_weights(ours, theirs, close=CLOSE):
    pairs = list(zip(ours.get_weights(), theirs.get_weights(), strict=True))
    assert pairs
    for own, other in pairs:
        assert np.abs(own - other).max() <= close * np.abs(other).max()


def assert_same_history(ours, theirs, close=CLOSE):
    assert list(ours.history) == list(theirs.history)
    assert ours.epoch == theirs.epoch
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=close, atol=close)


@pytest.mark.parametrize(
    ("made", "x", "further"),
    [
        (dense, BAGS, FURTHER[0]),
        (normed, BAGS, FURTHER[0]),
        (convolution, IDS, FURTHER[1]),
        (recurrent, IDS, FURTHER[1]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_model_is_trained_as_its_own_fit_trains_it(made, x, further):
    ours, theirs = compiled(made), compiled(made)
    # 50 texts in batches of 16: a shorter last batch of 2, in training and (13) in validation.
    how = {"epochs": 5, "batch_size": 16, "shuffle": False, "verbose": 0}
    own = fit(ours, x, LABELS, validation_data=further, **how)
    other = theirs.fit(x, LABELS, validation_data=further, **how)
    assert set(own.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert_same_history(own, other)
    assert_same_weights(ours, theirs)


def test_weights_of_classes_count_as_in_keras():
    ours, theirs = compiled(dense), compiled(dense)
    how = {"epochs": 3, "shuffle": False, "verbose": 0, "class_weight": {0: 3.0, 2: 0.5}}
    assert_same_history(fit(ours, BAGS, LABELS, **how), theirs.fit(BAGS, LABELS, **how))
    assert_same_weights(ours, theirs)


def test_weights_of_rows_regularisers_constraints_and_an_average_of_weights_are_keras_own():
    def made():
        first = layers.Dense(
            16,
            "relu",
            kernel_regularizer=keras.regularizers.L1L2(0.001, 0.01),
            kernel_constraint=keras.constraints.MaxNorm(0.7),
            activity_regularizer=keras.regularizers.L2(0.01),
        )
        return [first, layers.Dense(CLASSES, "softmax")]

    def optimizer():
        rate = keras.optimizers.schedules.CosineDecay(0.02, 12)
        return keras.optimizers.AdamW(rate, use_ema=True, ema_momentum=0.9, global_clipnorm=0.5)

    weighted = {"weighted_metrics": ["categorical_accuracy"]}
    ours = compiled(made, "categorical_crossentropy", optimizer(), **weighted)
    theirs = compiled(made, "categorical_crossentropy", optimizer(), **weighted)
    further = (BAGS[:9], ONE_HOT[:9], COUNTS[:9])
    how = {"epochs": 5, "shuffle": False, "verbose": 0, "validation_data": further}
    own = fit(ours, BAGS, ONE_HOT, sample_weight=COUNTS, **how)
    assert_same_history(own, theirs.fit(BAGS, ONE_HOT, sample_weight=COUNTS, **how))
    assert_same_weights(ours, theirs)


def test_several_inputs_and_outputs_go_in_as_keras_takes_them():
    def model():
        keras.utils.set_random_seed(3)
        bags, ids = keras.Input((FEATURES,), name="bags"), keras.Input((LENGTH,), name="ids")
        pooled = layers.GlobalAveragePooling1D()(layers.Embedding(WORDS, 4)(ids))
        both = layers.concatenate([layers.Dense(8)(bags), pooled])
        label = layers.Dense(CLASSES, "softmax", name="label")(both)
        size = layers.Dense(1, name="size")(both)
        made = keras.Model({"bags": bags, "ids": ids}, {"label": label, "size": size})
        losses = {"label": "sparse_categorical_crossentropy", "size": "mse"}
        made.compile("adam", losses)
        return made

    ours, theirs = model(), model()
    x, y = {"bags": BAGS, "ids": IDS}, {"label": LABELS, "size": COUNTS}
    how = {"epochs": 3, "shuffle": False, "verbose": 0, "sample_weight": COUNTS}
    assert_same_history(fit(ours, x, y, **how), theirs.fit(x, y, **how))
    assert_same_weights(ours, theirs)


def test_a_sparse_matrix_gives_what_the_dense_array_gives():
    ours, theirs = compiled(normed_once), compiled(normed_once)
    how = {"epochs": 5, "batch_size": 16, "verbose": 0, "seed": 4}
    further = (coo_array(BAGS[:13]), LABELS[:13])
    own = fit(ours, csr_matrix(BAGS), LABELS, validation_data=further, **how)
    other = fit(theirs, BAGS, LABELS, validation_data=FURTHER[0], **how)
    assert_same_history(own, other)
    assert_same_weights(ours, theirs)
    np.testing.assert_allclose(
        predict(ours, coo_array(BAGS), batch_size=16), theirs.predict(BAGS, verbose=0), atol=1e-5
    )


def test_a_functional_model_reads_sparse_rows_and_empty_ones_too():
    def model():
        keras.utils.set_random_seed(3)
        first = keras.Input((FEATURES,))
        hidden = layers.Dense(8, "tanh")(first)
        made = keras.Model(first, layers.Dense(CLASSES)(layers.add([hidden, hidden])))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        made.compile("sgd", loss)
        return made

    bags = BAGS.copy()
    bags[[0, 20, 49]] = 0
    ours, theirs = model(), model()
    how = {"epochs": 3, "shuffle": False, "verbose": 0}
    assert_same_history(fit(ours, csr_matrix(bags), LABELS, **how), theirs.fit(bags, LABELS, **how))
    assert_same_weights(ours, theirs)


def test_a_dense_array_that_is_mostly_zero_is_read_as_sparse_rows():
    wide = np.zeros((TEXTS, 1200), np.float32)
    wide[np.arange(TEXTS), np.arange(TEXTS) * 24] = BAGS.max(1)
    ours, theirs = compiled(dense), compiled(dense)
    how = {"epochs": 3, "shuffle": False, "verbose": 0}
    assert_same_history(fit(ours, wide, LABELS, **how), theirs.fit(wide, LABELS, **how))
    assert_same_weights(ours, theirs)
    assert any(key[0] == ("train", 1200) for key in keras_programs._programs[ours])


def test_a_second_fit_compiles_nothing_and_a_new_compile_does():
    model = compiled(dense)
    how = {"batch_size": 16, "verbose": 0, "validation_data": FURTHER[0]}
    fit(model, BAGS, LABELS, epochs=2, **how)
    assert len(keras_programs._programs[model]) == 2
    fit(model, BAGS, LABELS, epochs=3, seed=9, **how)
    assert len(keras_programs._programs[model]) == 2
    before = model.get_weights()
    model.layers[0].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    fit(model, BAGS, LABELS, **how)
    assert len(keras_programs._programs[model]) == 2  # new ones; the old ones are let go
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()


def test_a_model_that_nobody_holds_any_more_is_let_go():
    model = compiled(dense)
    fit(model, BAGS, LABELS, verbose=0)
    held = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert held() is None


def test_rows_are_shuffled_by_the_seed_and_by_nothing_else():
    model = compiled(dense, optimizer="sgd")
    model.build((None, FEATURES))
    first = model.get_weights()

    def trained(seed):
        model.set_weights(first)
        fit(model, BAGS, LABELS, epochs=2, batch_size=16, verbose=0, seed=seed)
        return model.get_weights()[0]

    np.testing.assert_array_equal(trained(1), trained(1))
    assert (trained(1) != trained(2)).any()


def test_a_fit_goes_on_where_the_one_before_ended():
    whole, halves = compiled(dense), compiled(dense)
    how = {"shuffle": False, "verbose": 0}
    fit(whole, BAGS, LABELS, epochs=4, **how)
    fit(halves, BAGS, LABELS, epochs=2, **how)
    later = fit(halves, BAGS, LABELS, epochs=4, initial_epoch=2, **how)
    assert later.epoch == [2, 3]
    for one, other in zip(whole.get_weights(), halves.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_epoch_trains_nothing():
    model = compiled(dense)
    history = fit(model, BAGS, LABELS, epochs=0, verbose=0)
    assert history.history == {}
    assert model.optimizer.iterations == 0


def test_a_progress_bar_is_shown_when_asked_for(capsys):
    fit(compiled(dense), BAGS, LABELS, epochs=2, verbose=2)
    shown = capsys.readouterr().out
    assert "Epoch 2/2" in shown
    assert "accuracy" in shown
    fit(compiled(dense), BAGS, LABELS, verbose=0)
    assert capsys.readouterr().out == ""


def learnable(seed):
    """Bags of which each class has words of its own, with words of others mixed in."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, 300)
    words = np.where(
        rng.random((300, 8)) < 0.4,
        labels[:, None] * 10 + rng.integers(0, 10, (300, 8)),
        rng.integers(0, FEATURES, (300, 8)),
    )
    bags = np.zeros((300, FEATURES), np.float32)
    np.add.at(bags, (np.arange(300)[:, None], words), 1)
    return bags, labels


def test_with_dropout_and_shuffling_accuracy_is_within_the_spread_of_seeds():
    bags, labels = learnable(1)
    test_bags, test_labels = learnable(2)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Dense(32, "relu"), layers.Dropout(0.5), layers.Dense(CLASSES, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.build((None, FEATURES))
    model.optimizer.build(model.trainable_variables)
    first = [variable.numpy() for variable in model.variables + model.optimizer.variables]

    def accuracy(train, seed):
        # One model, its variables set back, so that each program is compiled once.
        for variable, value in zip(model.variables + model.optimizer.variables, first, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(seed)
        model.layers[0].kernel.assign(keras.random.normal((FEATURES, 32), stddev=0.15, seed=seed))
        train(seed)
        return (model.predict(test_bags, verbose=0).argmax(1) == test_labels).mean()

    how = {"epochs": 15, "verbose": 0}
    theirs = [accuracy(lambda _: model.fit(bags, labels, **how), seed) for seed in range(5)]
    ours = [
        accuracy(lambda seed: fit(model, bags, labels, seed=seed, **how), seed) for seed in range(5)
    ]
    # Means of five seeds each; three standard errors of their difference, seeds as fixed above.
    spread = np.sqrt((np.var(theirs, ddof=1) + np.var(ours, ddof=1)) / 5)
    assert np.mean(theirs) > 0.7  # of four classes
    assert abs(np.mean(ours) - np.mean(theirs)) <= 3 * spread
