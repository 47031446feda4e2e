"""Files of lanes that are damaged, somebody else's, in use, full or gone: one clear error each."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import textkaizen
from textkaizen.data import Corpus
from textkaizen.errors import UsageError
from textkaizen.files.database import FILE, FORMAT_VERSION
from textkaizen.files.lanes import LaneStore
from textkaizen.model import learn_linear
from textkaizen.recipe import Recipe
from textkaizen.study.experiment import Answer
from textkaizen.study.finale import Learnt

ASKED = {"--seed": 1}
LANE = Answer(np.array([2, 0, 1], np.int32), None, 0.1, 7, {"right": 1 / 3})
TEXTS = Corpus(("renew my card", "renew it", "lost my card", "lost a bag"), tuple("xxyy"))
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(textkaizen.__file__).parents[1])}
BEGIN = (
    "import sys, numpy as np\n"
    "from pathlib import Path\n"
    "from textkaizen.files.lanes import LaneStore\n"
    "from textkaizen.recipe import Recipe\n"
    "from textkaizen.study.experiment import Answer\n"
    f"store = LaneStore(Path(sys.argv[1]), {ASKED!r})\n"
)


def store_in(folder):
    folder.mkdir(exist_ok=True)
    return LaneStore(folder, ASKED)


def find_in(folder):
    """Open the store of a folder and ask for a lane of it."""
    with store_in(folder) as store:
        store.find(Recipe(), 0, 40)


def garbage(file):
    file.write_bytes(b"my thesis " * 1000)


def foreign(file):
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE poems (line TEXT)")
    connection.close()


def newer(file):
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.close()


def cut_short(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def a_folder(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (garbage, "not a database"),
        (foreign, "the database of another program"),
        (newer, "written by a newer textkaizen. Update textkaizen"),
        (cut_short, "malformed"),
        (a_folder, "unable to open"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused_and_left_alone(tmp_path, harm, said):
    with store_in(tmp_path) as store:
        for fold in range(50):
            store.keep(Recipe(), 0, fold, LANE)
    if harm is foreign:
        store.file.unlink()
    harm(store.file)
    before = store.file.read_bytes() if store.file.is_file() else None
    with pytest.raises(UsageError) as error:
        find_in(tmp_path)
    assert said in str(error.value)
    assert str(tmp_path / FILE) in str(error.value)
    assert "another folder by --out" in str(error.value)
    assert (store.file.read_bytes() if store.file.is_file() else None) == before


@pytest.mark.parametrize("column", ["predicted", "seconds", "facts", "hash"])
def test_a_lane_that_was_changed_is_refused(tmp_path, column):
    with store_in(tmp_path) as store:
        store.keep(Recipe(), 0, 0, LANE)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute(f"UPDATE lanes SET {column} = x'0000'")
    connection.close()
    with store_in(tmp_path) as store, pytest.raises(UsageError, match="not as it was kept"):
        store.find(Recipe(), 0, 0)


@pytest.mark.parametrize("name", ["weights.safetensors", "vocabulary.json"])
def test_a_model_that_was_changed_is_refused(tmp_path, name):
    with store_in(tmp_path) as store:
        store.keep_contender("baseline", Recipe(), Learnt(learn_linear(TEXTS, Recipe(), seed=0)))
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE files SET content = x'00' WHERE name = ?", (name,))
    connection.close()
    with store_in(tmp_path) as store, pytest.raises(UsageError, match="a model is not as it was"):
        store.find_contender("baseline", Recipe())


def begun(folder, script):
    """Start a process that opens the store of a folder and goes on by a script."""
    line = [sys.executable, "-c", BEGIN + script, str(folder)]
    return subprocess.Popen(line, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_another_process_is_refused_until_the_first_has_been_killed(tmp_path):
    with begun(tmp_path, "print('open', flush=True)\ninput()\n") as process:
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(UsageError, match=r"one run at a time; another process uses .*lanes"):
            store_in(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    with store_in(tmp_path) as store:
        store.keep(Recipe(), 0, 0, LANE)


def test_a_second_store_of_one_process_is_refused_as_well(tmp_path):
    with store_in(tmp_path) as store:
        with pytest.raises(UsageError, match="one run at a time"):
            store_in(tmp_path)
        store.keep(Recipe(), 0, 0, LANE)


def test_every_lane_that_was_kept_outlives_kill_9(tmp_path):
    script = (
        "for fold in range(10**6):\n"
        "    store.keep(Recipe(), 0, fold, Answer(np.full(50, fold, 'i4'), None, 0.5, 1, {}))\n"
        "    print(fold, flush=True)\n"
    )
    with begun(tmp_path, script) as process:
        for _ in range(30):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
    last = int(rest[-1]) if rest else 29
    with store_in(tmp_path) as store:
        for fold in range(last + 1):
            assert store.find(Recipe(), 0, fold).predicted.tolist() == [fold] * 50
        # The one after the last may have been kept and not have been told.
        assert last + 1 <= store.lanes <= last + 2


def lanes_kept(store):
    """Keep lanes until that ends the run; return how many there were."""
    for fold in range(10_000):
        try:
            store.keep(Recipe(), 0, fold, LANE)
        except KeyboardInterrupt:
            return fold
    return None


def fill(folder):
    """Keep lanes until the disk is full; tell how many there were, then leave the store."""
    with store_in(folder) as store:
        # What SQLite says when the disk is full, it says of a file at its largest, too.
        store._connection.execute("PRAGMA max_page_count = 30")
        yield lanes_kept(store)
        assert lanes_kept(store) == 0
        assert store.find(Recipe(), 0, 0) is not None


def test_a_full_disk_ends_the_run_as_ctrl_c_does_and_is_told_at_the_end(tmp_path):
    filling = fill(tmp_path)
    kept = next(filling)
    with pytest.raises(UsageError, match=r"full\. What is known was told\. Make room") as error:
        next(filling)
    assert str(tmp_path / FILE) in str(error.value)
    with store_in(tmp_path) as store:
        assert store.lanes == kept > 10


def lose(folder, new):
    """Keep a lane, and another one when the folder was deleted; perhaps there is a new one."""
    with store_in(folder) as store:
        store.keep(Recipe(), 0, 0, LANE)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        if new:
            folder.mkdir()
            (folder / FILE).write_bytes(b"")
        assert lanes_kept(store) == 0


@pytest.mark.parametrize("new", [False, True])
def test_a_folder_that_was_deleted_meanwhile_is_noticed_at_the_next_lane(tmp_path, new):
    with pytest.raises(UsageError, match="Finished lanes must be kept in a folder"):
        lose(tmp_path / "out", new)
