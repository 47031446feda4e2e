"""Our networks as Keras models, Keras models as recipes, and the programs that textbooks print."""

import math
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import Sequential, initializers, layers, regularizers
from keras.callbacks import EarlyStopping
from keras.layers import Activation, BatchNormalization, Dense, Dropout, LeakyReLU

from textkaizen.data import Corpus
from textkaizen.errors import RecipeError, UsageError
from textkaizen.interop.keras import fit, predict, recipe_from_keras, to_keras
from textkaizen.model import learn_linear, learn_model
from textkaizen.recipe import INITIALISERS, Recipe

# Keras' own `get_weights`, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

VERBS, NOUNS = ("renew", "lose", "find"), ("card", "book", "key", "bag", "pass", "map")
CORPUS = Corpus(
    tuple(f"{verb} my {noun}" for verb in VERBS for noun in NOUNS),
    tuple(verb for verb in VERBS for _ in NOUNS),
)
TEXTS, FEATURES, n_classes = 240, 60, 4


def bags(seed):
    """Bags of which each class has words of its own among the words of all."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, TEXTS)
    own = labels[:, None] * 15 + rng.integers(0, 15, (TEXTS, 6))
    words = np.where(rng.random((TEXTS, 6)) < 0.7, own, rng.integers(0, FEATURES, (TEXTS, 6)))
    counts = np.zeros((TEXTS, FEATURES), np.float32)
    np.add.at(counts, (np.arange(TEXTS)[:, None], words), 1)
    return counts, labels


def dropped():
    return Sequential(
        [
            Dense(128, activation="relu"),
            Dropout(0.5),
            Dense(128, activation="relu"),
            Dropout(0.5),
            Dense(128, activation="relu"),
            Dropout(0.5),
            Dense(n_classes, activation="softmax"),
        ]
    )


def normalised():
    return Sequential(
        [
            Dense(128, activation="relu"),
            BatchNormalization(),
            Dense(128),
            BatchNormalization(),
            Activation("relu"),
            Dense(n_classes, activation="softmax"),
        ]
    )


def penalised():
    return Sequential(
        [
            Dense(128, activation="selu"),
            Dense(128),
            LeakyReLU(0.3),
            Dense(
                128,
                activation="relu",
                kernel_regularizer=regularizers.l2(0.1),
                kernel_initializer=initializers.glorot_normal(),
            ),
            Dense(
                n_classes,
                activation="softmax",
                kernel_regularizer=regularizers.l2(0.1),
                kernel_initializer=initializers.glorot_normal(),
            ),
        ]
    )


# The first program stops early, the others are models: each is trained as the first one is. The
# last one's penalty of 0.1 keeps it near zero: it learns what a penalty lets it learn.
@pytest.mark.parametrize(("made", "least"), [(dropped, 0.8), (normalised, 0.8), (penalised, 0.4)])
def test_the_programs_of_textbooks_run_unchanged_but_for_the_call(made, least):
    X, y = bags(1)
    keras.utils.set_random_seed(1)
    model = made()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = fit(
        model,
        X,
        y,
        epochs=100,
        validation_split=0.1,
        callbacks=[EarlyStopping(min_delta=0.0, patience=1)],
        verbose=0,
    )
    assert 1 < len(history.history["val_loss"]) < 100
    test_X, test_y = bags(2)
    # Chance is 0.25; seeds are fixed, and classes differ in 70 % of their words.
    assert (predict(model, test_X).argmax(1) == test_y).mean() > least


def test_the_programs_of_textbooks_are_recipes():
    first = recipe_from_keras(dropped())
    assert first == Recipe().with_shape(hidden=(128,) * 3).with_knobs(dropout=0.5)
    second = recipe_from_keras(normalised())
    norms = ("after", "before")
    assert second == Recipe().with_shape(hidden=(128, 128)).with_knobs(batch_norm=norms)
    third = Recipe().with_shape(hidden=(128,) * 3)
    assert recipe_from_keras(penalised()) == third.with_knobs(
        activation=("selu", "leaky_relu", "relu"),
        slope=0.3,
        l2=(0.0, 0.0, 0.1, 0.1),
        initialiser=("glorot_uniform", "glorot_uniform", "glorot_normal", "glorot_normal"),
    )


def with_output(*made, activation="softmax", **how):
    return Sequential([*made, Dense(3, activation=activation, **how)])


def test_loss_and_optimiser_are_read_from_a_compiled_model():
    model = with_output(Dropout(0.1), Dense(8, "gelu"), activation="linear")
    optimiser = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, global_clipnorm=1.0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(optimiser, loss)
    wanted = (
        Recipe()
        .with_shape(hidden=(8,))
        .with_knobs(
            input_dropout=0.1, activation="gelu", optimiser="sgd", learning_rate=0.05, momentum=0.9
        )
    )
    wanted = wanted.with_knobs(nesterov=True, clip_norm=1.0, label_smoothing=0.1)
    assert recipe_from_keras(model) == wanted


@pytest.mark.parametrize(
    ("loss", "activation", "knobs"),
    [
        ("mse", "softmax", {"loss": "squared_error"}),
        ("categorical_hinge", "linear", {"loss": "hinge"}),
        (keras.losses.CategoricalFocalCrossentropy(1.0, 3.0), "softmax", {"focal_gamma": 3.0}),
    ],
)
def test_every_loss_of_a_recipe_is_known(loss, activation, knobs):
    model = with_output(activation=activation)
    model.compile(keras.optimizers.AdamW(0.01, use_ema=True, ema_momentum=0.9), loss)
    found = recipe_from_keras(model)
    assert found.shape.hidden == ()
    assert {name: getattr(found.knobs, name) for name in knobs} == knobs
    assert (found.knobs.optimiser, found.knobs.weight_decay) == ("adamw", 0.004)
    assert found.knobs.average == 0.9


def test_distributions_of_ones_own_and_max_norm_are_read():
    limit = keras.constraints.MaxNorm(2)
    drawn = initializers.RandomUniform(-0.1, 0.3)
    model = with_output(
        Dense(8, "relu", kernel_initializer=drawn, kernel_constraint=limit),
        kernel_constraint=limit,
    )
    knobs = recipe_from_keras(model).knobs
    assert knobs.initialiser == ("uniform", "glorot_uniform")
    np.testing.assert_allclose((knobs.initialiser_mean, knobs.initialiser_spread), (0.1, 0.2))
    assert knobs.max_norm == 2.0
    assert math.isinf(recipe_from_keras(with_output()).knobs.max_norm)


REFUSED = {
    "another layer": (lambda: with_output(layers.Conv1D(3, 2, name="conv")), "conv"),
    "noise": (lambda: with_output(Dense(3), layers.GaussianNoise(0.1)), "known are Dense"),
    "no bias": (lambda: with_output(Dense(3, use_bias=False, name="bare")), "bare.*no bias"),
    "an axis": (lambda: with_output(Dense(3), BatchNormalization(0.5)), "first argument is"),
    "another momentum": (lambda: with_output(Dense(3), BatchNormalization(momentum=0.5)), "momen"),
    "norm after dropout": (
        lambda: with_output(Dense(3), Dropout(0.1), BatchNormalization()),
        "dropout stands before it",
    ),
    "two activations": (lambda: with_output(Dense(3, "relu"), Activation("tanh")), "relu stands"),
    "an activation": (lambda: with_output(Dense(3, "softplus")), "softplus; known are relu"),
    "two slopes": (lambda: with_output(Dense(3), LeakyReLU(0.1), Dense(3), LeakyReLU()), "one slo"),
    "a frozen layer": (lambda: with_output(Dense(3, trainable=False)), "frozen"),
    "an initialiser": (lambda: with_output(Dense(3, kernel_initializer="ones")), "Ones"),
    "a penalty": (
        lambda: with_output(Dense(3, kernel_regularizer=regularizers.OrthogonalRegularizer())),
        "L1, L2 and L1L2",
    ),
    "a constraint of one layer": (
        lambda: with_output(Dense(3, kernel_constraint=keras.constraints.MaxNorm(2))),
        "one max-norm",
    ),
    "nothing": (lambda: Sequential(name="empty"), "empty has none"),
}


@pytest.mark.parametrize(("made", "told"), REFUSED.values(), ids=REFUSED)
def test_what_a_recipe_cannot_say_is_refused_with_its_name(made, told):
    with pytest.raises(RecipeError, match=told):
        recipe_from_keras(made())


@pytest.mark.parametrize(
    ("optimiser", "loss", "told"),
    [
        ("lion", "mse", "Lion; known are adam"),
        (keras.optimizers.Adam(amsgrad=True), "mse", "amsgrad=True"),
        (
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9)),
            "mse",
            "found a schedule",
        ),
        ("adam", "poisson", "the loss poisson"),
        ("adam", "categorical_focal_crossentropy", "no factor alpha; found 0.25"),
        ("adam", "categorical_hinge", "must read logits.*softmax"),
    ],
)
def test_a_loss_or_an_optimiser_that_a_recipe_does_not_know_is_refused(optimiser, loss, told):
    model = with_output()
    model.compile(optimiser, loss)
    with pytest.raises(RecipeError, match=told):
        recipe_from_keras(model)


def test_only_a_row_of_layers_is_a_recipe():
    first = keras.Input((3,))
    with pytest.raises(UsageError, match="found Functional"):
        recipe_from_keras(keras.Model(first, Dense(2)(first)))


@pytest.fixture(scope="module")
def network():
    knobs = {
        "activation": ("selu", "leaky_relu", "gelu"),
        "batch_norm": ("before", "after", "none"),
        "dropout": (0.2, 0.0, 0.3),
        "epochs": 3,
        "validation": 0.0,
    }
    recipe = Recipe().with_shape(hidden=(8, 6, 5), batch_size=4).with_knobs(**knobs)
    return learn_model(CORPUS, recipe, seed=1)[0]


def test_our_network_as_a_keras_model_answers_the_same(network):
    model = to_keras(network)
    rows = network.vocabulary.bags(CORPUS.texts)
    wanted = network.probabilities(CORPUS.texts)
    np.testing.assert_allclose(predict(model, rows, batch_size=4), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(predict(model, rows.toarray()), wanted, rtol=1e-5, atol=1e-6)
    assert recipe_from_keras(model).knobs.activation == network.recipe.knobs.activation
    assert recipe_from_keras(model).knobs.dropout == network.recipe.knobs.dropout


@pytest.mark.parametrize("start", INITIALISERS)
def test_what_a_recipe_says_of_weights_goes_to_keras_and_comes_back(network, start):
    told = {
        "l1": (0.0, 0.1, 0.0, 0.2),
        "l2": (0.01, 0.0, 0.0, 0.03),
        "max_norm": 2.5,
        "initialiser": start,
    }
    if start in ("normal", "uniform", "truncated_normal"):
        told |= {"initialiser_mean": 0.25, "initialiser_spread": 0.5}
    recipe = network.recipe.with_knobs(**told)
    found = recipe_from_keras(to_keras(replace(network, recipe=recipe))).knobs
    assert {name: getattr(found, name) for name in told} == told


def test_a_linear_model_is_one_dense_layer():
    linear = learn_linear(CORPUS, Recipe(), seed=1)
    model = to_keras(linear)
    assert [type(layer) for layer in model.layers] == [Dense]
    assert model.layers[0].kernel_regularizer is None
    found = predict(model, linear.vocabulary.bags(CORPUS.texts))
    np.testing.assert_allclose(found, linear.probabilities(CORPUS.texts), rtol=1e-5, atol=1e-6)


def test_answers_that_are_averaged_are_no_single_keras_model(network):
    with pytest.raises(UsageError, match=r"this model has 2.*others"):
        to_keras(replace(network, others=(network.network,)))
    with pytest.raises(UsageError, match="averages over 5 dropout masks"):
        to_keras(network.with_masks(5))
