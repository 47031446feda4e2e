"""Compiled programs on disk: found again, never in the way, looked after."""

import os
import subprocess
import sys
import time
import zlib

import pytest

from textkaizen.files.compiled import compiled_folder, machine, tidy

# Trains a small lane; prints how many entries were found, and a hash of the weights.
TRAIN = """
import hashlib, sys
import jax, numpy as np
from scipy.sparse import random as bags
from textkaizen.recipe import Recipe
from textkaizen.train.lanes import Lane, train
from textkaizen.train.programs import Programs

found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name.rpartition("/")[2]))
recipe = Recipe().with_shape(hidden=(4,), batch_size=8).with_knobs(epochs=2)
texts = bags(40, 30, 0.2, "csr", np.float32, rng=np.random.default_rng(0))
programs = Programs(sys.argv[1])
trained = train(Lane(recipe, texts, np.arange(40) % 2, 2, seed=1), programs)
weights = b"".join(kernel.tobytes() for kernel in trained.network.kernels)
print(found.count("cache_hits"), programs.compilations, hashlib.sha256(weights).hexdigest())
"""


def start(folder):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", TRAIN, str(folder)]
    return subprocess.Popen(command, env=environment, **piped)


def ended(process):
    """Entries found, programs, hash of the weights, and what was told on standard error."""
    told, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    hits, programs, weights = told.split()
    return int(hits), int(programs), weights, errors


@pytest.fixture
def folder(tmp_path):
    return compiled_folder({"TEXTKAIZEN_CACHE": str(tmp_path)})


def entry_of_epoch(folder):
    (entry,) = folder.glob("jit_epoch-*-cache")
    return entry


def test_a_second_process_finds_what_a_first_has_compiled_and_damage_only_costs_time(folder):
    hits, programs, weights, _ = ended(start(folder))
    assert (hits, programs) == (0, 1)
    again = ended(start(folder))
    assert again[0] >= 1
    assert again[1:] == (1, weights, "")
    entry = entry_of_epoch(folder)
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2])
    damaged = ended(start(folder))
    assert damaged[0] == again[0] - 1
    assert damaged[1:3] == (1, weights)
    assert "UserWarning: Error reading persistent compilation cache entry" in damaged[3]


def test_two_processes_at_once_and_a_folder_that_cannot_be_written(tmp_path, folder):
    both = [start(folder), start(folder)]
    ends = [ended(process) for process in both]
    (no_folder := tmp_path / "a file").write_text("")
    ends.append(ended(start(no_folder)))
    assert len({weights for _, _, weights, _ in ends}) == 1
    assert "UserWarning" in ends[2][3]
    assert zlib.decompress(entry_of_epoch(folder).read_bytes())


def test_the_variable_names_another_folder_or_turns_it_off(tmp_path):
    named = compiled_folder({"TEXTKAIZEN_CACHE": str(tmp_path / "mine")})
    assert named == tmp_path / "mine" / "programs" / machine()
    assert named.stat().st_mode & 0o777 == 0o700
    for off in ("off", "OFF", "0"):
        assert compiled_folder({"TEXTKAIZEN_CACHE": off, "XDG_CACHE_HOME": str(tmp_path)}) is None
    own = compiled_folder({"XDG_CACHE_HOME": str(tmp_path)})
    assert own == tmp_path / "textkaizen" / "programs" / machine()


def test_a_folder_that_cannot_be_made_or_that_others_may_write_to_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    assert compiled_folder({"TEXTKAIZEN_CACHE": str(tmp_path / "file")}) is None
    folder = compiled_folder({"TEXTKAIZEN_CACHE": str(tmp_path)})
    folder.chmod(0o777)
    assert compiled_folder({"TEXTKAIZEN_CACHE": str(tmp_path)}) is None


def entry(folder, name, age_seconds, size=1000):
    path = folder / f"{name}-cache"
    path.write_bytes(zlib.compress(os.urandom(size)))
    when = time.time() - age_seconds
    os.utime(path, (when, when))
    return path


def test_what_was_not_written_to_its_end_goes_unless_it_may_still_be_written(folder):
    whole, half, empty = (entry(folder, name, 3600) for name in ("whole", "half", "empty"))
    young = entry(folder, "young", 5)
    for path in (half, young):
        kept = path.stat()
        path.write_bytes(path.read_bytes()[:-3])
        os.utime(path, (kept.st_atime, kept.st_mtime))
    empty.write_bytes(b"")
    os.utime(empty, (time.time() - 3600,) * 2)
    (folder / "looked-at").unlink()
    tidy(folder)
    assert {path.name for path in folder.glob("*-cache")} == {whole.name, young.name}


def test_above_the_bound_the_longest_unused_go(folder):
    paths = [entry(folder, f"e{number}", 7200 - 600 * number) for number in range(10)]
    tidy(folder, most=20_000, left=5_000)
    assert all(path.exists() for path in paths)
    tidy(folder, most=8_000, left=5_000)
    assert [path.exists() for path in paths] == [False] * 6 + [True] * 4
