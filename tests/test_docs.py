"""The docs say what the code does: pages drawn from it, commands that exist, examples that run."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
import typer

import textkaizen
from docs.generate import PAGES
from textkaizen.cli import app
from textkaizen.errors import RecipeError
from textkaizen.files.recipes import load_recipe
from textkaizen.interop.keras import recipe_from_keras
from textkaizen.recipe import Recipe, layerwise
from textkaizen.recipe.choices import CHOICES, FROM_KERAS, PER_HIDDEN_LAYER, PER_LAYER
from textkaizen.study.catalogue.groups import GROUPS
from textkaizen.study.improvements import CATALOGUE

ROOT = Path(__file__).parent.parent
DOCS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
DOCS += [ROOT / "examples" / "README.md"]
TEXTS = {path: path.read_text(encoding="utf-8") for path in DOCS}
COMMANDS = typer.main.get_command(app).commands


@pytest.mark.parametrize("name", PAGES)
def test_a_page_drawn_from_the_code_is_up_to_date(name):
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section(name):
    assert f"## textkaizen {name}\n" in TEXTS[ROOT / "docs" / "commands.md"]


def test_every_improvement_is_in_the_docs():
    page = TEXTS[ROOT / "docs" / "improvements.md"]
    assert not [one.name for one in CATALOGUE if f"| {one.name} |" not in page]


def test_the_catalogue_says_of_every_group_what_is_tried_what_off_is_and_what_to_beware_of():
    page = TEXTS[ROOT / "docs" / "improvements.md"]
    assert f"\n{len(CATALOGUE)} improvements in {len(GROUPS)} groups. " in page
    for name, group in GROUPS.items():
        about = page.partition(f"## {name}\n")[2].partition("| name | changes |")[0]
        assert group.values in about
        assert group.off in about
        assert ("**Beware:**" in about) == bool(group.clashes)
        assert group.clashes in about


def recipes_shown(name):
    """The YAML blocks of a page, in their order."""
    return re.findall(r"```yaml\n(.*?)```", TEXTS[ROOT / "docs" / name], flags=re.DOTALL)


def read(text, folder):
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    return load_recipe(folder / "recipe.yaml")


@pytest.mark.parametrize("page", ["recipes.md", "errata.md"])
def test_every_recipe_that_is_shown_loads_and_says_what_it_says(page, tmp_path):
    shown = recipes_shown(page)
    assert len(shown) >= 5
    for text in shown:
        recipe = read(text, tmp_path)
        assert recipe != Recipe() or "validation: 0.1" in text


def test_every_knob_that_can_be_chosen_and_all_that_keras_calls_otherwise_is_in_the_guide():
    page = TEXTS[ROOT / "docs" / "recipes.md"]
    knobs = [*CHOICES, *PER_HIDDEN_LAYER, *PER_LAYER, *Recipe().to_dict()["knobs"]]
    assert not [knob for knob in knobs if not re.search(rf"\b{knob}\b", page)]
    names = {name for each in FROM_KERAS.values() for name in re.findall(r"\w{3,}", each)}
    assert not [name for name in names if name not in page]


def textbook_programs():
    """The programs of docs/recipes.md that describe a network, run as they are printed."""
    from keras import Sequential, initializers, regularizers
    from keras.layers import Activation, BatchNormalization, Dense, Dropout, LeakyReLU

    names = [Sequential, Activation, BatchNormalization, Dense, Dropout, LeakyReLU]
    known = {each.__name__: each for each in names} | {"n_classes": 5}
    known |= {"initializers": initializers, "regularizers": regularizers}
    page = TEXTS[ROOT / "docs" / "recipes.md"]
    found = []
    for program in re.findall(r"```python\n(model = .*?)```", page, flags=re.DOTALL):
        exec(program, known)
        found.append(known["model"])
    return found


def test_the_textbook_programs_are_the_networks_of_the_recipes_beside_them(tmp_path):
    recipes = [read(text, tmp_path) for text in recipes_shown("recipes.md")][2:]
    programs = textbook_programs()
    assert len(programs) == len(recipes) == 3
    for program, recipe in zip(programs, recipes, strict=True):
        same = recipe_from_keras(program)
        assert same.shape.hidden == recipe.shape.hidden
        layers = len(recipe.shape.hidden)
        for name in PER_HIDDEN_LAYER:
            values = (layerwise(getattr(each.knobs, name), layers) for each in (same, recipe))
            assert len(set(values)) == 1, name
        for name in PER_LAYER:
            values = (layerwise(getattr(each.knobs, name), layers + 1) for each in (same, recipe))
            assert len(set(values)) == 1, name
        assert same.knobs.slope == recipe.knobs.slope


def test_what_the_errata_say_is_refused_is_refused_with_the_cause():
    with pytest.raises(RecipeError, match=r"BatchNormalization\(0\.5\).* gives an axis"):
        Recipe.from_dict({"knobs": {"batch_norm": 0.5}})
    with pytest.raises(RecipeError, match="what Keras calls so is learning_rate here"):
        Recipe.from_dict({"knobs": {"lr": 0.01}})


def test_every_public_name_is_in_the_docs():
    page = TEXTS[ROOT / "docs" / "python.md"]
    names = [name for name in textkaizen.__all__ if not name.startswith("__")]
    assert len(names) > 8
    assert not [name for name in names if f"`textkaizen.{name}`" not in page]


def commands_shown() -> list[tuple[str, str]]:
    """Command lines in the docs: in blocks, or in backticks with arguments."""
    found = []
    for path, text in TEXTS.items():
        blocks = re.findall(r"```(?:console|bash|sh)\n(.*?)```", text, flags=re.DOTALL)
        lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`(textkaizen [a-z]+ [^`]+)`", text)
        names = str(path.relative_to(ROOT))
        found += [(names, line) for line in lines if line.startswith("textkaizen ")]
    return found


@pytest.mark.parametrize(("page", "line"), commands_shown())
def test_a_command_that_is_shown_can_be_typed(page, line):
    words = shlex.split(re.sub(r"\s*(\||>|<|#).*", "", line))
    command = COMMANDS[words[1]]
    # Parsed and checked, not run: an unknown option or a missing argument raises.
    assert command.make_context(words[1], words[2:]) is not None


def test_commands_are_shown_at_all():
    assert len(commands_shown()) >= 5


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)", TEXTS[path])
    assert not [link for link in links if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_in_the_docs_give_what_they_show(path):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    found = doctest.testfile(str(path), module_relative=False, optionflags=flags, encoding="utf-8")
    assert found.failed == 0


def test_some_examples_are_there_to_be_run():
    parser = doctest.DocTestParser()
    assert sum(len(parser.get_examples(text)) for text in TEXTS.values()) >= 5
