"""Runs that were stopped: the same command goes on and ends as if nothing had been, or is refused.

Processes are killed by a signal that they send themselves at a chosen moment, so that each moment
is met every time; `benchmarks/killing.py` sends it from outside, at random moments.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import QUICK_YAML, ROWS, environment, textkaizen, tree, write_corpus

from textkaizen.files.database import FILE
from textkaizen.files.lanes import LaneStore
from textkaizen.study import experiment
from textkaizen.study.improvements import chosen
from textkaizen.terminal.progress import Line

EXAMPLES = Path(__file__).parent.parent / "examples"
TRIED = ["dropout 0.5", "ELU"]
PATIENCE_SECONDS = 120  # a process that starts and compiles on a busy machine takes some ten
KILLED_AT = """
import os, signal, sys
from contextlib import contextmanager
from textkaizen import cli
from textkaizen.files import lanes, outcomes

moment, left = sys.argv.pop(1), [int(sys.argv.pop(1))]
keep, transaction = lanes.LaneStore.keep, lanes.transaction

def perhaps(now):
    if now == moment:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

def kept(*arguments):
    perhaps("before a lane is kept")
    keep(*arguments)
    perhaps("after a lane was kept")

@contextmanager
def written(connection):
    with transaction(connection) as run:
        yield run
        perhaps("before it is durable")

def saved(*arguments):
    perhaps("while the result is saved")

lanes.LaneStore.keep, lanes.transaction, outcomes.save_recipe = kept, written, saved
cli.main()
"""


def small_run(patch):
    """Let a run try two improvements on three folds of two seeds."""
    patch.setattr("textkaizen.study.kaizen.CATALOGUE", chosen(TRIED))
    patch.setattr("textkaizen.study.design.design_by_size", lambda texts: (3, 2))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to be in, with texts and a quick recipe; runs are small."""
    small_run(monkeypatch)
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "corpus.csv")
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    return tmp_path


def studied(*rest, data="corpus.csv", out="out", recipe="quick.yaml"):
    line = ["study", data, "--recipe", recipe, "--out", out, "--json", "--only", "ELU"]
    return textkaizen(*line, *rest)


def told(text):
    """Everything that a run says but how long it took."""
    return without_seconds(json.loads(text))


def without_seconds(values):
    if isinstance(values, dict):
        return {n: without_seconds(value) for n, value in values.items() if n != "seconds"}
    return [without_seconds(value) for value in values] if isinstance(values, list) else values


def lanes_in(folder):
    """What lanes have answered, but how long they took."""
    connection = sqlite3.connect(Path(folder) / FILE)
    columns = "trained, seed_number, fold, predicted, probabilities, best_epoch, facts"
    rows = connection.execute(f"SELECT {columns} FROM lanes ORDER BY 1, 2, 3").fetchall()
    connection.close()
    return rows


@pytest.fixture
def nothing_trains(monkeypatch):
    """Call this, and from then on whatever trains fails."""

    def trained(*_args, **_named):
        raise AssertionError("trained though it was kept")

    def forbid():
        monkeypatch.setattr("textkaizen.train.lanes.train", trained)
        monkeypatch.setattr("textkaizen.study.experiment.train", trained)
        monkeypatch.setattr("textkaizen.classical.linear.fit_linear", trained)

    return forbid


def test_a_study_that_was_killed_three_times_ends_as_one_that_was_not(tmp_path):
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    line = ["study", EXAMPLES / "library-en.csv", "--recipe", tmp_path / "quick.yaml", "--json"]
    line += ["--rounds", "1", "--only", "dropout 0.5", "--only", "ELU", "--out"]
    whole = textkaizen(*line, tmp_path / "whole")
    assert whole.status == 0, whole.err
    moments = [
        ("before it is durable", 3),
        ("after a lane was kept", 4),
        ("while the result is saved", 1),
    ]
    for moment in moments:
        process = [sys.executable, "-c", KILLED_AT, *map(str, moment)]
        ended = subprocess.run(
            [*process, *map(str, line), str(tmp_path / "killed")],
            env=environment(),
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr
    last = textkaizen(*line, tmp_path / "killed")
    assert last.status == 0, last.err
    kept = lanes_in(tmp_path / "whole")
    assert f"Going on from {len(kept)} finished lanes in " in last.err
    assert told(last.out) == told(whole.out)
    assert lanes_in(tmp_path / "killed") == kept
    assert len(kept) == json.loads(whole.out)["lanes"] > 8
    names = {path.name for path in (tmp_path / "killed").iterdir()}
    assert names == {path.name for path in (tmp_path / "whole").iterdir()}


def test_improve_goes_on_after_ctrl_c_and_then_repeats_without_training(home, nothing_trains):
    line = ["improve", "corpus.csv", "--rounds", 1, "--seed", 5, "--json", "--out"]
    whole = textkaizen(*line, "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Line, "tell", interrupting(at=4))
        first = textkaizen(*line, "out")
    assert first.status == 130
    assert "The same command goes on from the finished lanes in out.\n" in first.err
    second = textkaizen(*line, "out")
    assert (second.status, told(second.out)) == (0, told(whole.out))
    nothing_trains()
    third = textkaizen(*line, "out")
    assert (third.status, told(third.out)) == (0, told(whole.out))
    for name in ("model", "linear_model"):
        assert tree(home / "out" / name) == tree(home / "whole" / name)


def interrupting(at):
    """The progress line of somebody who presses Ctrl-C after so many lanes."""
    tell = Line.tell

    def interrupted(self, event):
        if event.done == at:
            raise KeyboardInterrupt
        return tell(self, event)

    return interrupted


def test_the_time_of_earlier_parts_counts_and_decisions_of_the_clock_are_made_once(
    home, monkeypatch, nothing_trains
):
    """A clock that moves by a second with each lane: there is time for 12 of at least 20."""
    trained, train = [], experiment.train

    def timed(*arguments):
        trained.append(arguments)
        return train(*arguments)

    monkeypatch.setattr(experiment, "train", timed)
    monkeypatch.setattr(time, "monotonic", lambda: float(len(trained)))
    line = ["study", "corpus.csv", "--recipe", "quick.yaml", "--minutes", 0.2, "--json"]
    line += ["--out", "out", "--group", "dropout"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Line, "tell", interrupting(at=5))
        assert textkaizen(*line).status == 130
    before = len(trained)
    assert 5 <= before < 10
    second = textkaizen(*line)
    assert second.status == 0, second.err
    # Twelve, those in flight at the end of each part, and no twelve for each part.
    assert 12 <= len(trained) <= 17
    monkeypatch.undo()
    small_run(monkeypatch)
    monkeypatch.chdir(home)
    nothing_trains()
    third = textkaizen(*line)
    assert told(third.out) == told(second.out)


def test_a_file_may_be_moved_and_its_rows_be_turned_round(home):
    first = studied("--rounds", 1)
    (home / "elsewhere").mkdir()
    write_corpus(home / "elsewhere" / "same.csv", ROWS[::-1])
    second = studied("--rounds", 1, data="elsewhere/same.csv")
    assert second.status == 0, second.err
    assert "Going on from" in second.err
    one, other = told(first.out), told(second.out)
    assert one["data"].pop("path") != other["data"].pop("path")
    assert one == other


def another_corpus(home):
    write_corpus(home / "corpus.csv", [*ROWS, ("extend it now", "renewal")])


def another_recipe(home):
    (home / "quick.yaml").write_text(QUICK_YAML.replace("epochs: 3", "epochs: 4"))


@pytest.mark.parametrize(
    ("change", "rest", "differs"),
    [
        (another_corpus, ["--rounds", 1], "the labelled texts"),
        (another_recipe, ["--rounds", 1], "the recipe: knobs: epochs (3 -> 4)"),
        (None, ["--rounds", 1, "--seed", 7], "--seed (0 -> 7)"),
        (None, ["--rounds", 2], "--rounds (1 -> 2)"),
        (None, ["--minutes", 1], "--minutes (none -> 1.0), --rounds (1 -> none)"),
        (None, ["--rounds", 1, "--only", "GELU"], "the improvements"),
        (None, ["--rounds", 1, "--metric", "accuracy"], "--metric (macro_f1 -> accuracy)"),
    ],
)
def test_another_command_is_refused_and_changes_nothing(
    home, nothing_trains, change, rest, differs
):
    assert studied("--rounds", 1).status == 0
    if change is not None:
        change(home)
    before = tree(home)
    nothing_trains()
    ended = studied(*rest)
    assert (ended.status, ended.out) == (2, ""), ended.err
    assert ended.err.count("\n") == 1
    assert f"What differs: {differs}. Name another folder by --out" in ended.err
    assert tree(home) == before


def test_a_folder_that_another_run_uses_is_refused(home, nothing_trains):
    (home / "out").mkdir()
    nothing_trains()
    with LaneStore(home / "out", {"--seed": 0}):
        ended = studied("--rounds", 1)
    assert (ended.status, ended.out) == (2, "")
    assert "another process uses out/lanes.sqlite. Wait for its end" in ended.err


def test_a_file_of_lanes_that_is_none_is_refused_in_one_line(home, nothing_trains):
    (home / "out").mkdir()
    (home / "out" / FILE).write_bytes(b"not a database at all\n" * 100)
    before = tree(home)
    nothing_trains()
    ended = studied("--rounds", 1)
    assert (ended.status, ended.out) == (2, "")
    assert "out/lanes.sqlite cannot be used: file is not a database" in ended.err
    assert ended.err.count("\n") == 1
    assert tree(home) == before


def test_when_the_disk_is_full_what_is_known_is_shown_and_the_run_goes_on_later(home):
    whole = studied("--rounds", 1, out="whole")
    left = [2]

    def full(self):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, os.strerror(28))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LaneStore, "_require_there", full)
        ended = studied("--rounds", 1)
    assert ended.status == 2
    assert json.loads(ended.out)["design"]["stopped"] == "interrupted"
    assert "out/lanes.sqlite cannot: No space left on device. What is known was told." in ended.err
    assert "Traceback" not in ended.err
    again = studied("--rounds", 1)
    assert "Going on from 2 finished lanes in out/lanes.sqlite.\n" in again.err
    assert told(again.out) == told(whole.out)


def test_what_is_refused_before_the_first_lane_leaves_no_file(home):
    write_corpus(home / "poor.csv", [("a", "x"), ("b", "x")])
    before = tree(home)
    assert studied("--rounds", 1, data="poor.csv").status == 2
    assert tree(home) == before
