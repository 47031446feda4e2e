"""`improve` and `study` from the command line: what they print, write and leave when interrupted.

The catalogue, the folds and the seeds are few here, so that a whole run takes seconds; all else is
as it always is.
"""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import COMMAND, QUICK_YAML, ROWS, environment, textkaizen, tree, write_corpus

from textkaizen.files.models import load_model
from textkaizen.files.outcomes import NAMES
from textkaizen.files.recipes import load_recipe
from textkaizen.study.improvements import CATALOGUE, chosen
from textkaizen.terminal.progress import Line

TRIED = ["dropout 0.5", "ELU"]
PATIENCE_SECONDS = 120  # a process that starts and compiles on a busy machine takes some ten


def small_run(patch):
    """Let a run try two improvements on three folds of one seed."""
    patch.setattr("textkaizen.study.kaizen.CATALOGUE", chosen(TRIED))
    patch.setattr("textkaizen.study.design.design_by_size", lambda texts: (3, 1))


@pytest.fixture
def few(monkeypatch):
    small_run(monkeypatch)


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus.csv")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run of `improve` twice: once for people, once with `--json`; and its folders."""
    home = tmp_path_factory.mktemp("improve")
    corpus = write_corpus(home / "corpus.csv")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        small_run(patch)
        for name, rest in (("words", []), ("json", ["--json"])):
            line = ["improve", corpus, "--out", home / name, "--rounds", 1, "--seed", 5]
            found[name] = textkaizen(*line, *rest)
    return home, found


def told(verdicts):
    """Everything in verdicts that does not depend on the clock or on where the file is."""
    values = json.loads(json.dumps(verdicts))
    del values["seconds"], values["data"]["path"]
    for improvement in values["improvements"]:
        del improvement["seconds"]
    for each in values["design"]["each_round"]:
        del each["base"]["seconds"]
    return values


def test_improve_leaves_report_verdicts_recipe_and_models(runs):
    home, found = runs
    for name in ("words", "json"):
        assert found[name].status == 0
        there = {path.name for path in (home / name).iterdir()}
        assert {"model", "report.html", "verdicts.json", "recipe.yaml"} <= there <= set(NAMES)
        assert load_model(home / name / "model").labels == ("hours", "loss", "renewal")
        assert "<html" in (home / name / "report.html").read_text(encoding="utf-8")


def test_json_is_one_object_the_same_as_verdicts_json(runs):
    home, found = runs
    printed = json.loads(found["json"].out)
    written = (home / "json" / "verdicts.json").read_text(encoding="utf-8")
    assert found["json"].out == written
    assert [verdict["name"] for verdict in printed["improvements"]] == TRIED
    # Three recipes on two folds each: both improvements are dropped as futile then.
    assert (printed["seed"], printed["lanes"]) == (5, 6)
    assert printed["data"]["classes"] == 3
    assert set(printed["test"]) == {"baseline", "adopted", "logistic_regression", "linear_svm"}
    assert load_recipe(home / "json" / "recipe.yaml").to_dict() == printed["recipe"]


def test_two_runs_with_one_seed_tell_the_same(runs):
    home, _ = runs
    one, other = (json.loads((home / n / "verdicts.json").read_text()) for n in ("words", "json"))
    assert told(one) == told(other)


def test_people_get_the_table_and_the_answer_and_are_told_where_all_is(runs):
    home, found = runs
    out = found["words"].out
    printed = json.loads(found["json"].out)
    for verdict in printed["improvements"]:
        (line,) = [line for line in out.splitlines() if line.strip().startswith(verdict["name"])]
        assert verdict["verdict"] in line
    assert "Held-out texts" in out
    assert printed["advice"].split(":")[0] in " ".join(out.split())
    assert f"Report, recipe and verdicts are in {home / 'words'}." in found["words"].err
    err = found["words"].err
    places = [word.rstrip(".:") for word in err.split() if "model" in word and "/" in word]
    assert [Path(place).name for place in places] == ["model", "linear_model"]
    for place in places:
        assert load_model(place).labels == ("hours", "loss", "renewal")
    assert err.count(": this is the one to use.") == 1


def test_progress_is_told_on_standard_error_alone(runs):
    _, found = runs
    for ended in found.values():
        assert "round 1, seed 1: " in ended.err
        assert " of 6 lanes" in ended.err
        assert " lanes;" not in ended.out
        assert "Traceback" not in ended.err


@pytest.mark.usefixtures("few")
def test_a_later_run_takes_the_place_of_an_earlier_one(runs, tmp_path, corpus):
    home, _ = runs
    shutil.copytree(home / "json", tmp_path / "out")
    line = ["improve", corpus, "--test", corpus, "--out", tmp_path / "out", "--rounds", 1, "--json"]
    ended = textkaizen(*line, "--seed", 6)
    assert ended.status == 2, "every training text is in the test"
    assert tree(tmp_path / "out") == tree(home / "json")
    test = write_corpus(tmp_path / "test.csv", [("prolong my hat", "renewal"), ("lost it", "loss")])
    line[3] = test
    ended = textkaizen(*line, "--seed", 6)
    assert ended.status == 2, "its lanes are those of another question"
    assert "lanes.sqlite" in ended.err
    (tmp_path / "out" / "lanes.sqlite").unlink()
    ended = textkaizen(*line, "--seed", 6)
    assert ended.status == 0, ended.err
    written = json.loads((tmp_path / "out" / "verdicts.json").read_text(encoding="utf-8"))
    assert (written["seed"], written["data"]["test_texts"]) == (6, 2)
    assert written["data"]["texts"] == len(ROWS)


def test_study_measures_what_is_named_and_writes_nothing_unasked(tmp_path, corpus, few):
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    before = tree(tmp_path)
    line = ["study", corpus, "--recipe", tmp_path / "quick.yaml", "--rounds", 1, "--json"]
    ended = textkaizen(*line, "--only", "ELU", "--group", "dropout")
    assert ended.status == 0, ended.err
    assert tree(tmp_path) == before
    printed = json.loads(ended.out)
    names = [one.name for one in CATALOGUE if one.group == "dropout" or one.name == "ELU"]
    assert [v["name"] for v in printed["improvements"]] == names
    assert printed["baseline"]["knobs"]["epochs"] == 3
    assert (printed["adopted"], printed["test"], printed["use"]) == ([], {}, "")


def test_study_leaves_report_and_verdicts_where_it_is_told_to(tmp_path, corpus, few):
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    line = ["study", corpus, "--recipe", tmp_path / "quick.yaml", "--rounds", 1, "--only", "ELU"]
    ended = textkaizen(*line, "--out", tmp_path / "out")
    assert ended.status == 0, ended.err
    assert "ELU" in ended.out
    assert {"report.html", "verdicts.json"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_ctrl_c_leaves_what_is_known(tmp_path, corpus, few, monkeypatch):
    tell = Line.tell

    def interrupted(self, event):
        # All lanes of the start and of the first improvement are done; those of the second not.
        if event.done == 5:
            raise KeyboardInterrupt
        return tell(self, event)

    monkeypatch.setattr(Line, "tell", interrupted)
    line = ["improve", corpus, "--out", tmp_path / "out", "--rounds", 1, "--json"]
    ended = textkaizen(*line)
    assert ended.status == 130
    assert "textkaizen: interrupted; what is known so far was kept.\n" in ended.err
    assert "Traceback" not in ended.err
    printed = json.loads(ended.out)
    assert printed["design"]["stopped"] == "interrupted"
    first, second = printed["improvements"]
    assert (first["name"], second["verdict"]) == (TRIED[0], "not tried")
    assert first["verdict"] != "not tried"
    assert (tmp_path / "out" / "verdicts.json").read_text(encoding="utf-8") == ended.out


def test_a_signal_ends_a_run_with_130_and_leaves_what_is_known(tmp_path, corpus):
    line = ["improve", corpus, "--out", tmp_path / "out", "--minutes", "9", "--json"]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([*COMMAND, *map(str, line)], env=environment(), **pipes) as process:
        told = next((line for line in process.stderr if line.startswith(b"round 1")), b"")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert b" left" in told
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert err.count(b"interrupted") == 1
    assert json.loads(out)["design"]["stopped"] == "interrupted"
    assert (tmp_path / "out" / "verdicts.json").read_bytes() == out
    assert (tmp_path / "out" / "report.html").exists()
