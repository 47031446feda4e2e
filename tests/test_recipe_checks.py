"""What a recipe's values must be: every range, every list of words, every contradiction."""

import math
from dataclasses import fields

import numpy as np
import pytest

from textkaizen.errors import RecipeError
from textkaizen.recipe import Knobs, Recipe, Shape, TextRules
from textkaizen.recipe.checks import LIMITS, NETWORKS, NOT_NEGATIVE, POSITIVE, SHARES, WHOLE
from textkaizen.recipe.choices import CHOICES, PER_HIDDEN_LAYER, PER_LAYER

NAN = math.nan
# Knobs of a range -> what is just inside it, what is just outside, and what the message says.
RANGES = {
    SHARES: ((0.0, 0.999), (-0.001, 1.0, NAN), "at least 0 and less than 1"),
    NOT_NEGATIVE: ((0.0, 1e9), (-1e-9, math.inf, NAN), "0 or more"),
    POSITIVE: ((1e-9, 1e9), (0.0, -1.0, math.inf, NAN), "more than 0"),
    LIMITS: ((1e-9, math.inf), (0.0, -1.0, NAN), "more than 0 (null is off)"),
    WHOLE: ((1, 10**6), (0, -1), "at least 1"),
    NETWORKS: ((1, 100), (0, 101), "from 1 to 100"),
    ("monte_carlo",): ((0, 10_000), (-1, 10_001), "from 0 to 10,000"),
    ("plateau_factor",): ((1e-9, 1.0), (0.0, 1.001, NAN), "more than 0 and at most 1"),
    ("patience",): ((0.0, math.inf), (-1.0, NAN), "0 or more (null is off)"),
    ("initialiser_mean",): ((-1e9, 1e9), (math.inf, -math.inf, NAN), "a finite number"),
}
INSIDE = [(name, v) for names, (inside, _, _) in RANGES.items() for name in names for v in inside]
OUTSIDE = [
    (name, value, says)
    for names, (_, outside, says) in RANGES.items()
    for name in names
    for value in outside
]
SUITED = Recipe().with_knobs(dropout=0.5)  # so that masks may be averaged


def refused(make):
    with pytest.raises(RecipeError) as error:
        make()
    message = str(error.value)
    assert message.startswith("This recipe cannot be: ")
    assert message.endswith((".", "?"))
    assert not message.endswith("?.")
    return message


def test_every_knob_has_a_range_or_a_list_of_words():
    numbers = [name for names in RANGES for name in names]
    assert len(numbers) == len(set(numbers))
    assert {*numbers, *CHOICES, "nesterov"} == {each.name for each in fields(Knobs)}


@pytest.mark.parametrize(("name", "value"), INSIDE)
def test_a_number_at_the_edge_of_its_range_can_be(name, value):
    suited = SUITED.with_knobs(optimiser="sgd") if name == "momentum" else SUITED
    if name in ("embedding_dropout", "recurrent_dropout", "pooled_dropout"):
        suited = SUITED.changed({"order": "words"}, {"encoder": "lstm"})
    assert getattr(suited.with_knobs(**{name: value}).knobs, name) == value


@pytest.mark.parametrize(("name", "value", "says"), OUTSIDE)
def test_a_number_beyond_its_range_is_refused_with_the_range_and_what_was_found(name, value, says):
    message = refused(lambda: Recipe().with_knobs(**{name: value}))
    assert f"knobs.{name} must be {says}; found {value}" in message


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [case for case in OUTSIDE if case[0] in (*PER_HIDDEN_LAYER, *PER_LAYER)],
)
def test_a_number_beyond_its_range_is_found_in_a_list_too(name, value, says):
    layers = 2 if name in PER_HIDDEN_LAYER else 3
    recipe = Recipe().with_shape(hidden=(4, 4))
    each = (0.1,) * (layers - 1) + (value,)
    message = refused(lambda: recipe.with_knobs(**{name: each}))
    assert message == f"This recipe cannot be: knobs.{name} must be {says}; found {value}."


@pytest.mark.parametrize("name", CHOICES)
def test_every_word_of_a_list_can_be_and_another_is_refused_with_the_list(name):
    for word in CHOICES[name]:
        decay = 0.004 if word == "adamw" else 0.0
        recipe = Recipe().with_knobs(**{name: word}, weight_decay=decay)
        assert getattr(recipe.knobs, name) == word
    message = refused(lambda: Recipe().with_knobs(**{name: "xyzzy"}))
    assert f"knobs.{name} must be one of {', '.join(CHOICES[name])}; found 'xyzzy'" in message


@pytest.mark.parametrize(
    ("name", "word", "near"),
    [
        ("activation", "rleu", "relu"),
        ("activation", "LeakyReLU", "leaky_relu"),
        ("activation", "SELU", "selu"),
        ("activation", ("relu", "sigmiod"), "sigmoid"),
        ("optimiser", "Adam", "adam"),
        ("optimiser", "RMSprop", "rmsprop"),
        ("initialiser", "GlorotNormal", "glorot_normal"),
        ("initialiser", "HeUniform", "he_uniform"),
        ("loss", "categorical_crossentropy", "cross_entropy"),
        ("loss", "mean_squared_error", "squared_error"),
        ("batch_norm", "befor", "before"),
        ("monitor", "val_acc", "val_accuracy"),
        ("schedule", "CosineDecay", "cosine"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_known_one(name, word, near):
    recipe = Recipe().with_shape(hidden=(4, 4))
    message = refused(lambda: recipe.with_knobs(**{name: word}))
    assert message.endswith(f"; did you mean '{near}'?")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"words": (0, 1)}, "text.words must be two numbers from 1 to 10, or 0 and 0"),
        ({"words": (2, 1)}, "found (2, 1)"),
        ({"characters": (1, 11)}, "text.characters must be two numbers from 1 to 10"),
        ({"characters": (1,)}, "found (1,)"),
        ({"words": (0, 0), "characters": (0, 0)}, "cannot both be off"),
        ({"min_texts": 0}, "text.min_texts must be at least 1; found 0"),
        ({"hashed": 1000}, "text.hashed must be 0 (off) or a power of two from 256 (2**8) to"),
        ({"hashed": 128}, "16777216 (2**24); found 128"),
        ({"hashed": 2**25}, "found 33554432"),
        ({"hashed": -256}, "found -256"),
        ({"hashed": 1}, "found 1"),
    ],
)
def test_text_rules_that_cannot_be_are_refused(changes, says):
    assert says in refused(lambda: Recipe(TextRules(**changes)))


def test_every_power_of_two_in_the_range_is_a_number_of_buckets():
    for bits in range(8, 25):
        assert Recipe(TextRules(hashed=2**bits)).text.hashed == 2**bits


def test_a_shape_that_cannot_be_is_refused():
    says = refused(lambda: Recipe(shape=Shape((8, 0))))
    assert "shape.hidden must hold positive numbers; found (8, 0)" in says
    says = refused(lambda: Recipe(shape=Shape(batch_size=-1)))
    assert "shape.batch_size must be at least 1, or 0 for all texts; found -1" in says
    assert Recipe(shape=Shape((), 0)).shape == Shape((), 0)


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"validation": 0.0, "patience": 3}, "knobs.patience needs a validation share"),
        ({"validation": 0.0, "plateau_factor": 0.5}, "knobs.plateau_factor needs a validation"),
        ({"validation": 0.0, "starts": 2}, "knobs.starts needs a validation share to choose by"),
        ({"optimiser": "adamw"}, "adamw is adam with weight_decay > 0 (Keras: 0.004); found 0.0"),
        ({"optimiser": "adam", "nesterov": True}, "belongs to the optimiser sgd; found adam"),
        (
            {"monte_carlo": 5},
            "knobs.monte_carlo averages over masks of dropout: knobs.dropout is 0",
        ),
        ({"monte_carlo": 5, "dropout": (0.0,)}, "knobs.monte_carlo averages over masks"),
    ],
)
def test_knobs_that_contradict_each_other_are_refused(knobs, says):
    assert says in refused(lambda: Recipe().with_knobs(**knobs))


@pytest.mark.parametrize(
    "knobs",
    [
        {"validation": 0.0, "ensemble": 3},
        {"optimiser": "adamw", "weight_decay": 0.004},
        {"optimiser": "sgd", "nesterov": True, "momentum": 0.9},
        {"monte_carlo": 5, "dropout": (0.1,)},
        {"starts": 3, "patience": 2, "plateau_factor": 0.5},
    ],
)
def test_knobs_that_suit_each_other_can_be(knobs):
    recipe = Recipe().with_knobs(**knobs)
    assert {name: getattr(recipe.knobs, name) for name in knobs} == knobs


def test_all_that_is_wrong_is_told_at_once():
    message = refused(
        lambda: Recipe(
            TextRules(min_texts=0), Shape(batch_size=-1), Knobs(dropout=1.0, l2=-1, loss="?")
        )
    )
    for part in ("text.min_texts", "shape.batch_size", "knobs.dropout", "knobs.l2", "knobs.loss"):
        assert part in message


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Recipe().with_knobs(dropuot=0.5), "did you mean 'dropout'?"),
        (lambda: Recipe().with_knobs(lr=0.1), "what Keras calls so is learning_rate here"),
        (lambda: Recipe().with_shape(units=8), "what Keras calls so is hidden here"),
        (lambda: Recipe().with_knobs(dropout="half"), "'knobs.dropout' must be a number"),
        (lambda: Recipe().with_shape(hidden=64), "'shape.hidden' must be a list"),
        (lambda: Recipe().with_knobs(epochs=2.5), "'knobs.epochs' must be a whole number"),
        (lambda: Recipe(knobs=Knobs(batch_norm=0.5)), "gives an axis and not a rate"),
        (lambda: Recipe().with_knobs(momentum=0.9), "momentum belongs to the optimiser sgd"),
        (lambda: Recipe().with_knobs(learning_rate=10**400), "a number that a float holds"),
        (lambda: Recipe.from_dict({"knobs": []}), "must be names with values"),
    ],
)
def test_a_recipe_in_python_is_read_as_strictly_as_a_file(make, says):
    with pytest.raises(RecipeError) as error:
        make()
    assert says in str(error.value)


def test_numpys_numbers_become_pythons():
    recipe = Recipe().with_knobs(learning_rate=np.float32(0.5), epochs=np.int64(3))
    assert type(recipe.knobs.learning_rate) is float
    assert type(recipe.knobs.epochs) is int
    assert recipe == Recipe().with_knobs(learning_rate=0.5, epochs=3)
