"""What `improve` and `study` leave on disk: one folder, replaced whole by the next run."""

import json
import os
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from textkaizen.data import Corpus
from textkaizen.errors import ModelError, UsageError
from textkaizen.files.models import load_model
from textkaizen.files.outcomes import check_folder, folders, save_outcome
from textkaizen.files.recipes import load_recipe
from textkaizen.measure.compare import Difference
from textkaizen.model import learn_linear
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.study.result import Result, Verdict

TEXTS = ("renew my card", "renew it", "lost my card", "lost a bag")
LINEAR = learn_linear(Corpus(TEXTS, ("renewal",) * 2 + ("loss",) * 2), Recipe(), seed=0)
ADOPTED = Recipe().with_knobs(dropout=0.5)


def network(recipe=Recipe(), weight=0.5):  # noqa: B008
    """A network of zeros but for one weight."""
    sizes = (len(LINEAR.vocabulary.terms), 64, 2)
    kernels = tuple(np.zeros(s, np.float32) for s in pairwise(sizes))
    kernels[1][0, 0] = weight
    biases = tuple(np.zeros(units, np.float32) for units in sizes[1:])
    norms = (np.ones((4, 64), np.float32),)
    weights = Network(kernels, biases, norms, "relu", "none", 0.3)
    return replace(LINEAR, kind="network", recipe=recipe, network=weights)


GAP = Difference(0.05, 0.01, 0.09, 0.01, 0.02)
VERDICTS = (
    Verdict("dropout 0.5", "dropout", 1, GAP, GAP, 0.02, "helps", "adopted"),
    Verdict("ELU", "activation", 1, None, None, None, "not tried"),
)
IMPROVED = Result(
    data={"path": "\ud800.csv", "texts": 4},
    design={"stopped": "nothing more helps"},
    verdicts=VERDICTS,
    adopted=("dropout 0.5",),
    baseline=Recipe(),
    recipe=ADOPTED,
    use="adopted",
    yardstick="linear_svm",
    models={
        "baseline": network(),
        "adopted": network(ADOPTED),
        "logistic_regression": LINEAR,
        "linear_svm": replace(LINEAR, kind="linear_svm"),
    },
)
STUDIED = replace(IMPROVED, recipe=Recipe(), adopted=(), use="", yardstick="", models={})


def there(folder):
    return sorted(path.name for path in folder.iterdir())


def saved(result, folder):
    check_folder(folder)
    save_outcome(result, folder, page="<html>ä</html>")
    return there(folder)


def test_improve_leaves_verdicts_report_recipe_and_the_two_models(tmp_path):
    folder = tmp_path / "out"
    assert saved(IMPROVED, folder) == [
        "linear_model",
        "model",
        "recipe.yaml",
        "report.html",
        "verdicts.json",
    ]
    assert (folder / "report.html").read_text(encoding="utf-8") == "<html>ä</html>"
    assert load_recipe(folder / "recipe.yaml") == ADOPTED
    assert load_model(folder / "model").recipe == ADOPTED
    assert load_model(folder / "linear_model").kind == "linear_svm"


def test_verdicts_are_what_json_prints(tmp_path):
    saved(IMPROVED, tmp_path / "out")
    content = (tmp_path / "out" / "verdicts.json").read_text(encoding="utf-8")
    written = json.loads(content)
    wanted = json.loads(json.dumps(IMPROVED.to_dict()))
    assert written["data"].pop("path") == "?.csv"  # half a character has no UTF-8
    del wanted["data"]["path"]
    assert written == wanted
    assert written["improvements"][1]["difference"] is None
    assert content.endswith("}\n")


def test_study_leaves_no_models(tmp_path):
    assert saved(STUDIED, tmp_path / "out") == ["recipe.yaml", "report.html", "verdicts.json"]
    assert load_recipe(tmp_path / "out" / "recipe.yaml") == Recipe()


def test_where_the_baseline_is_the_one_to_use_it_is_saved_too(tmp_path):
    result = replace(IMPROVED, use="baseline")
    assert "baseline_model" in saved(result, tmp_path / "out")
    assert load_model(tmp_path / "out" / "baseline_model").recipe == Recipe()
    assert folders(result)["baseline"] == "baseline_model"


@pytest.mark.parametrize("use", ["adopted", "baseline", "linear_svm"])
def test_the_model_to_use_is_always_saved(use):
    assert use in folders(replace(IMPROVED, use=use))


def test_an_interrupted_run_leaves_what_there_is(tmp_path):
    interrupted = replace(IMPROVED, use="", recipe=Recipe(), models={"baseline": network()})
    assert "model" in saved(interrupted, tmp_path / "out")
    assert load_model(tmp_path / "out" / "model").recipe == Recipe()
    nothing = replace(interrupted, models={})
    assert saved(nothing, tmp_path / "none") == ["recipe.yaml", "report.html", "verdicts.json"]


def test_a_network_by_another_recipe_than_the_results_is_not_called_the_model(tmp_path):
    """Interrupted while the adopted recipe was trained, there is the baseline network alone."""
    interrupted = replace(IMPROVED, use="", models={"baseline": network()})
    names = saved(interrupted, tmp_path / "out")
    assert "model" not in names
    assert load_model(tmp_path / "out" / "baseline_model").recipe == Recipe()


def test_a_former_run_is_replaced_whole(tmp_path):
    folder = tmp_path / "out"
    saved(replace(IMPROVED, use="baseline"), folder)
    saved(IMPROVED, folder)
    assert "baseline_model" not in there(folder)
    assert saved(STUDIED, folder) == ["recipe.yaml", "report.html", "verdicts.json"]
    assert json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["adopted"] == []
    fresh = tmp_path / "fresh"
    saved(STUDIED, fresh)
    for name in there(fresh):
        assert (fresh / name).read_bytes() == (folder / name).read_bytes()


def test_a_network_that_has_diverged_is_told_after_all_else_is_written(tmp_path):
    models = IMPROVED.models | {"adopted": network(ADOPTED, np.nan)}
    with pytest.raises(ModelError, match="training has diverged"):
        saved(replace(IMPROVED, models=models), tmp_path / "out")
    names = there(tmp_path / "out")
    assert names == ["linear_model", "recipe.yaml", "report.html", "verdicts.json"]


def test_what_is_no_number_never_reaches_the_verdicts(tmp_path):
    """JSON knows no NaN; a reader in another language would stop there."""
    wrong = replace(IMPROVED, seconds=float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        saved(wrong, tmp_path / "out")


def test_a_new_folder_is_made_with_its_parents_and_nothing_is_left_in_it(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert there(tmp_path / "a" / "b") == []
    check_folder(tmp_path / "a" / "b")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match=r"--out must name a folder .*out cannot: File exists"):
        check_folder(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    # Not by its mode: the owner of a container may write everywhere.
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    with pytest.raises(UsageError, match="cannot: Permission denied"):
        check_folder(tmp_path / "out")


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "model").mkdir()
    with pytest.raises(UsageError, match=r"holds thesis\.txt\. Name another one"):
        check_folder(tmp_path)
    assert there(tmp_path) == ["model", "thesis.txt"]


def test_trying_whether_it_can_be_written_touches_no_file_that_is_there(tmp_path):
    (tmp_path / ".writable").write_text("mine")
    with pytest.raises(UsageError, match=r"holds \.writable"):
        check_folder(tmp_path)
    assert (tmp_path / ".writable").read_text() == "mine"


def test_a_folder_of_an_earlier_run_may_hold_notes(tmp_path):
    saved(IMPROVED, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    saved(STUDIED, tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_a_folder_in_which_a_run_was_stopped_is_taken_and_its_lanes_stay(tmp_path):
    for name in ("lanes.sqlite", "lanes.sqlite-wal"):
        (tmp_path / name).write_bytes(b"finished")
    (tmp_path / ".model-abc").mkdir()  # a save that was cut off
    saved(IMPROVED, tmp_path)
    assert (tmp_path / "lanes.sqlite").read_bytes() == b"finished"


@pytest.mark.parametrize("name", ["model", "linear_model", "baseline_model"])
def test_a_model_folder_with_something_else_is_refused_before_the_work(tmp_path, name):
    saved(IMPROVED, tmp_path / "out")
    (tmp_path / "out" / name).mkdir(exist_ok=True)
    (tmp_path / "out" / name / "poems.txt").write_text("mine")
    with pytest.raises(ModelError, match=r"poems\.txt"):
        check_folder(tmp_path / "out")
    assert os.listdir(tmp_path / "out" / name).count("poems.txt") == 1
