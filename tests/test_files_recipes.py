"""Recipes on disk: what is written is read to the last digit, what cannot be names its line."""

import math
from dataclasses import fields, replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.errors import RecipeError
from textkaizen.files.recipes import load_recipe, save_recipe
from textkaizen.recipe import (
    ACTIVATIONS,
    BATCH_NORMS,
    CLASS_WEIGHTS,
    DROPOUT_KINDS,
    ENCODERS,
    INITIALISERS,
    LOSSES,
    MONITORS,
    OPTIMISERS,
    SCHEDULES,
    Knobs,
    Recipe,
    Shape,
    TextRules,
    layerwise,
)
from textkaizen.recipe.text import (
    FORMS,
    HANDMADE,
    JAPANESE_TOKENS,
    PARTS_OF_SPEECH,
    TEXT_CHOICES,
)
from textkaizen.study.improvements import CATALOGUE

SHARES = st.floats(0, 1, exclude_max=True)
AMOUNTS = st.floats(0, 1e300)
POSITIVE = st.floats(0, 1e300, exclude_min=True)
LIMITS = st.just(math.inf) | POSITIVE
COUNTS = st.integers(1, 10**6)
NETWORKS = st.integers(1, 100)
SPANS = st.sampled_from([(0, 0), (1, 1), (1, 3), (2, 10)])
BAGS_ONLY = {"handmade": (), "select": "none", "reduce": "none", "vectors": "none"}
ANALYSED = ("tokens", "form", "parts")  # contradict each other
TEXT_RULES = st.builds(
    TextRules,
    characters=SPANS,
    min_texts=st.integers(1, 99),
    sublinear=st.booleans(),
    tokens=st.sampled_from(JAPANESE_TOKENS),
    form=st.sampled_from(FORMS),
    parts=st.sampled_from(PARTS_OF_SPEECH),
    drop_words=st.lists(st.text("abc né本", min_size=1), max_size=3).map(tuple),
    handmade=st.lists(st.sampled_from(HANDMADE), unique=True, max_size=3).map(tuple),
    word_weight=st.floats(0, 1e300, exclude_min=True),
    reduced=st.integers(1, 10**6),
    **{
        name: st.sampled_from(values)
        for name, values in TEXT_CHOICES.items()
        if name not in (*ANALYSED, "order")
    },
)
ALONE = {  # knobs that contradict no other one
    "slope": AMOUNTS,
    "dropout_kind": st.sampled_from(DROPOUT_KINDS),
    "input_dropout": SHARES,
    "input_noise": AMOUNTS,
    "initialiser_mean": st.floats(-1e300, 1e300),
    "initialiser_spread": POSITIVE,
    "loss": st.sampled_from(LOSSES),
    "focal_gamma": AMOUNTS,
    "label_smoothing": SHARES,
    "class_weights": st.sampled_from(CLASS_WEIGHTS),
    "mixup": AMOUNTS,
    "learning_rate": POSITIVE,
    "schedule": st.sampled_from(SCHEDULES),
    "warmup": SHARES,
    "plateau_patience": COUNTS,
    "clip_norm": LIMITS,
    "average": SHARES,
    "max_norm": LIMITS,
    "epochs": COUNTS,
    "monitor": st.sampled_from(MONITORS),
    "min_delta": AMOUNTS,
    "ensemble": NETWORKS,
}
HIDDEN_LAYERS = {
    "activation": st.sampled_from(ACTIVATIONS),
    "batch_norm": st.sampled_from(BATCH_NORMS),
    "dropout": SHARES,
}
LAYERS = {
    "initialiser": st.sampled_from(INITIALISERS),
    "l1": AMOUNTS,
    "l2": AMOUNTS,
    "linf": AMOUNTS,
}


def one_or_each(values, layers):
    """One value for all layers, or a list with one for each."""
    return values | st.lists(values, min_size=layers, max_size=layers).map(tuple)


@st.composite
def recipes(draw):
    """Any recipe that can be: what contradicts another knob is drawn to suit it."""
    hidden = draw(st.lists(st.integers(1, 2000), max_size=4).map(tuple))
    knobs = {name: draw(values) for name, values in ALONE.items()}
    for names, layers in ((HIDDEN_LAYERS, len(hidden)), (LAYERS, len(hidden) + 1)):
        knobs |= {name: draw(one_or_each(values, layers)) for name, values in names.items()}
    optimiser = draw(st.sampled_from(OPTIMISERS))
    validation = draw(st.just(0.0) | st.floats(0.01, 0.99))
    dropped = any(layerwise(knobs["dropout"], len(hidden)))
    knobs |= {
        "optimiser": optimiser,
        "nesterov": draw(st.booleans()) and optimiser == "sgd",
        "momentum": draw(SHARES) if optimiser == "sgd" else 0.0,
        "weight_decay": draw(POSITIVE if optimiser == "adamw" else AMOUNTS),
        "monte_carlo": draw(st.integers(0, 99)) if dropped else 0,
        "validation": validation,
    }
    if validation:
        knobs["patience"] = draw(st.just(math.inf) | st.floats(0, 1e6))
        knobs["plateau_factor"] = draw(st.floats(0, 1, exclude_min=True))
        knobs["starts"] = draw(NETWORKS)
    text, batch_size = draw(TEXT_RULES), draw(st.integers(0, 4096))
    shape = Shape(hidden, batch_size, encoder=draw(st.sampled_from(ENCODERS)))
    if shape.reads_in_order:
        text = replace(text, order=draw(st.sampled_from(("words", "characters"))), **BAGS_ONLY)
        knobs |= {name: draw(SHARES) for name in ("embedding_dropout", "pooled_dropout")}
        is_recurrent = shape.encoder in ("lstm", "gru")
        knobs["recurrent_dropout"] = draw(SHARES) if is_recurrent else 0.0
    return Recipe(text, shape, Knobs(**knobs))


def refused(folder, content):
    path = folder / "recipe.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RecipeError) as error:
        load_recipe(path)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message.replace(str(path), "FILE")


@settings(max_examples=150, deadline=None)
@given(recipes())
def test_any_recipe_comes_back_as_it_was(tmp_path_factory, recipe):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    save_recipe(recipe, path)
    assert load_recipe(path) == recipe
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_the_recipes_that_are_tried_have_a_draw_for_every_knob():
    suited = {
        "optimiser",
        "nesterov",
        "momentum",
        "weight_decay",
        "monte_carlo",
        "validation",
        "patience",
        "embedding_dropout",
        "recurrent_dropout",
        "pooled_dropout",
    }
    drawn = {*ALONE, *HIDDEN_LAYERS, *LAYERS, *suited, "plateau_factor", "starts"}
    assert drawn == {each.name for each in fields(Knobs)}


@settings(max_examples=150, deadline=None)
@given(recipes(), st.lists(st.integers(1, 2000), max_size=6).map(tuple))
def test_any_recipe_can_be_given_any_layers_and_the_same_number_changes_no_knob(recipe, hidden):
    other = recipe.with_shape(hidden=hidden)
    assert other.shape.hidden == hidden
    assert (other.knobs == recipe.knobs) or len(hidden) != len(recipe.shape.hidden)
    assert recipe.with_shape(batch_size=7).knobs == recipe.knobs


@pytest.mark.parametrize("improvement", CATALOGUE, ids=lambda improvement: improvement.name)
def test_every_improved_recipe_comes_back(tmp_path, improvement):
    recipe = improvement.change(Recipe())
    save_recipe(recipe, tmp_path / "recipe.yaml")
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


def test_a_saved_recipe_says_all_by_itself_and_is_read_by_any_yaml_reader(tmp_path):
    recipe = Recipe().with_knobs(l2=1e-05, learning_rate=1e-300).with_shape(hidden=(64, 32))
    save_recipe(recipe, tmp_path / "recipe.yaml")
    text = (tmp_path / "recipe.yaml").read_text(encoding="utf-8")
    assert text.startswith("# A textkaizen recipe")
    for kind in (TextRules, Shape, Knobs):
        for each in fields(kind):
            assert f"\n  {each.name}: " in text
    assert "\n  hidden: [64, 32]\n" in text
    assert "\n  l2: 1.0e-05\n" in text
    assert yaml.safe_load(text) == recipe.to_dict()


def test_what_is_left_out_keeps_its_default(tmp_path):
    path = tmp_path / "recipe.yaml"
    for content in ("{}", "knobs:\n", "# nothing\nshape: {}\n"):
        path.write_text(content)
        assert load_recipe(path) == Recipe()
    path.write_bytes("\ufeffknobs:\r\n  dropout: 0.5\r\n".encode())
    assert load_recipe(path) == Recipe().with_knobs(dropout=0.5)


@pytest.mark.parametrize("written", ["1e-5", "1E-5", "1.0e-05", "+1e-05", ".1e-4", "0.00001"])
def test_small_numbers_are_numbers_however_they_are_written(tmp_path, written):
    (tmp_path / "recipe.yaml").write_text(f"knobs:\n  l2: {written}\n")
    assert load_recipe(tmp_path / "recipe.yaml").knobs.l2 == 1e-5


@pytest.mark.parametrize("written", ["null", "~", "", ".inf"])
def test_patience_is_off_by_null_and_infinity(tmp_path, written):
    (tmp_path / "recipe.yaml").write_text(f"knobs:\n  patience: {written}\n")
    assert load_recipe(tmp_path / "recipe.yaml").knobs.patience == math.inf


def test_a_list_gives_each_layer_its_own(tmp_path):
    recipe = Recipe().with_shape(hidden=(8, 4)).with_knobs(dropout=(0.5, 0.0), l2=(0.1, 0.0, 0.2))
    save_recipe(recipe, tmp_path / "recipe.yaml")
    text = (tmp_path / "recipe.yaml").read_text(encoding="utf-8")
    assert "\n  dropout: [0.5, 0.0]\n" in text
    assert "\n  l2: [0.1, 0.0, 0.2]\n" in text
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


@pytest.mark.parametrize("name", ["patience", "clip_norm", "max_norm"])
def test_what_is_off_by_infinity_is_written_as_null(tmp_path, name):
    save_recipe(Recipe(), tmp_path / "recipe.yaml")
    text = (tmp_path / "recipe.yaml").read_text(encoding="utf-8")
    assert f"\n  {name}: null\n" in text
    assert getattr(load_recipe(tmp_path / "recipe.yaml").knobs, name) == math.inf


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("knobs:\n  dropout: 0.5\n bad", "FILE, line 3"),
        ("knobs: {\n", "FILE, line 2"),
        ("knobs:\n\tdropout: 0.5\n", "FILE, line 2"),
        ("knobs:\n  l2: 0.1\n  dropout: 0.5\n  l2: 0.2\n", "FILE, line 4: found 'l2' twice"),
        ("shape: {}\nknobs: {}\nshape: {}\n", "FILE, line 3: found 'shape' twice"),
        ("shape: &a {}\nknobs: *a\n", "FILE, line 2: found an alias"),
        ("a: 1\n---\nb: 2\n", "FILE, line 2"),
        ("knobs: !!python/object/apply:os.system [ls]\n", "FILE, line 1"),
        ("knobs: !!set x\n", "FILE"),
        ("", "is empty"),
        ("# only this\n", "is empty"),
        ("- knobs\n", "must hold names with values"),
        ("dropout 0.5", "must hold names with values"),
        ("[" * 2000, "FILE"),
        ("knobs: 2024-13-45\n", "FILE"),
        (b"knobs: \xff", "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0", "not UTF-8"),
        (b"knobs:\0", "FILE"),
    ],
)
def test_what_is_no_recipe_names_file_and_line(tmp_path, content, found):
    assert found in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("knobs:\n  l2: 0.1\n  dropuot: 0.5\n", "FILE, line 3: 'knobs' has no 'dropuot'"),
        ("shape: {}\nknob: {}\n", "FILE, line 2: 'a recipe' has no 'knob'"),
        ("knobs:\n  dropout: 1.5\n  l2: -1\n", "FILE, lines 2, 3: This recipe cannot be"),
        ("knobs:\n  epochs: ten\n", "FILE, line 2: 'knobs.epochs' must be a whole number"),
        ("shape:\n  hidden: 64\n", "FILE, line 2: 'shape.hidden' must be a list"),
        ("knobs: 5\n", "FILE, line 1: 'knobs' must be names"),
        ("knobs:\n  dropout: .nan\n", "FILE, line 2"),
        ("knobs:\n  epochs: 1" + "0" * 400 + "\n", "FILE, line 2"),
        ("1: {}\n", "FILE"),
        ("knobs:\n  ? [a]\n  : 1\n", "FILE"),
        ("knobs:\n  validation: 0\n  patience: 3\n", "FILE: This recipe cannot be"),
        ("knobs:\n  dropout: [0.5, 0.5]\n", "FILE, line 2: This recipe cannot be"),
        ("knobs:\n  dropout: [[0.5]]\n", "FILE, line 2: 'knobs.dropout' must be one value a layer"),
        ("knobs:\n  l2: 0.1\n  batch_norm: 0.5\n", "FILE, line 3: 'knobs.batch_norm' must be"),
    ],
)
def test_a_recipe_that_cannot_be_names_the_lines(tmp_path, content, found):
    assert found in refused(tmp_path, content)


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path):
    for path, found in ((tmp_path / "missing.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(RecipeError, match=found):
            load_recipe(path)
    for path in (tmp_path, tmp_path / "missing" / "recipe.yaml"):
        with pytest.raises(RecipeError, match="cannot be written"):
            save_recipe(Recipe(), path)


@pytest.mark.parametrize(
    "beside",
    [
        "  dropout: [0.5, 0.2]\n  monte_carlo: 3\n",
        "  optimiser: adamw\n  weight_decay: 0.004\n",
        "  monte_carlo: 3\n  dropout: 0.5\n",
        "  l1: [0.1, 0.2, 0.3]\n  optimiser: sgd\n  nesterov: true\n",
    ],
)
def test_what_needs_another_value_is_not_named_beside_what_is_wrong(tmp_path, beside):
    content = "knobs:\n  l2: -1\n" + beside + "shape:\n  hidden: [8, 4]\n"
    assert "FILE, line 2: This recipe cannot be: knobs.l2" in refused(tmp_path, content)
