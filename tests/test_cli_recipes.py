"""`recipe` from the command line: shown whole, fine in one line, or refused with its line."""

import pytest
import yaml
from command_line import QUICK, QUICK_YAML, textkaizen

from textkaizen.files.recipes import HEAD, load_recipe, recipe_text
from textkaizen.recipe import Recipe, describe_difference


def done(*command_line):
    """Call what must end well and say nothing on standard error."""
    ended = textkaizen("recipe", *command_line)
    assert (ended.status, ended.err) == (0, "")
    return ended.out


def test_the_baseline_is_shown_with_every_default():
    out = done("--show")
    assert out.startswith(HEAD)
    assert yaml.safe_load(out) == Recipe().to_dict()
    # Names and values that a person who knows Keras reads without a manual.
    for line in ("activation: relu", "learning_rate: 0.001", "dropout: 0.0", "batch_size: 32"):
        assert f"\n  {line}\n" in out


def test_a_recipe_that_is_shown_can_be_saved_and_gives_itself_back(tmp_path):
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    out = done(tmp_path / "quick.yaml", "--show")
    assert out == recipe_text(QUICK)
    (tmp_path / "again.yaml").write_text(out)
    assert load_recipe(tmp_path / "again.yaml") == QUICK
    assert done(tmp_path / "again.yaml", "--show") == out


def test_one_line_says_that_a_recipe_is_fine_and_what_it_changes(tmp_path):
    path = tmp_path / "quick.yaml"
    path.write_text(QUICK_YAML)
    changed = describe_difference(Recipe(), QUICK)
    assert done(path) == f"{path} is fine. It changes {changed}.\n"
    path.write_text("{}")
    assert done(path) == f"{path} is fine. It changes nothing of the baseline.\n"
    assert done() == "The baseline is fine. It changes nothing of the baseline.\n"


@pytest.mark.parametrize("rest", [[], ["--show"]])
def test_a_recipe_that_cannot_be_is_refused_with_its_line(tmp_path, rest):
    path = tmp_path / "bad.yaml"
    path.write_text("knobs:\n  dropuot: 0.5\n")
    ended = textkaizen("recipe", path, *rest)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"textkaizen: {path}, line 2: ")
    assert "did you mean 'dropout'?" in ended.err
    assert ended.err.count("\n") == 1
