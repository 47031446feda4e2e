"""`textkaizen nearest`: the words near to a word, of a file of any size."""

import json

import numpy as np
import pytest
from command_line import textkaizen

from textkaizen.files import word_vectors
from textkaizen.text.nearest import nearest

CIRCLE = {"east": 0, "Eastish": 10, "north": 90, "west": 180, "none": None, "north-east": 45}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "circle.txt"
    rows = []
    for word, degrees in CIRCLE.items():
        x, y = (0, 0) if degrees is None else (np.cos(np.pi * degrees / 180), 0)
        y = 0 if degrees is None else np.sin(np.pi * degrees / 180)
        rows.append(f"{word} {3 * x} {3 * y}\n")
    path.write_text("".join(rows), encoding="utf-8")
    return path


def test_the_nearest_come_first_and_the_word_itself_is_left_out(file, monkeypatch):
    for numbers in (2, 1 << 20):  # a word a block, all in one
        monkeypatch.setattr(word_vectors, "BLOCK_NUMBERS", numbers)
        done = textkaizen("nearest", file, "east", "--top-k", "2")
        assert (done.status, done.err) == (0, "")
        assert done.out == "0.9848  Eastish\n0.7071  north-east\n"


def test_json_names_the_word_as_the_file_has_it(file):
    done = textkaizen("nearest", file, "EASTISH", "--json")
    found = json.loads(done.out)
    assert (found["file"], found["word"]) == (str(file), "Eastish")
    near = {one["word"]: one["cosine"] for one in found["nearest"]}
    assert list(near) == ["east", "north-east", "north", "west"]  # zeros are near to nothing
    assert near["east"] == pytest.approx(np.cos(np.pi / 18), abs=1e-6)
    told = textkaizen("nearest", file, "EASTISH", "--top-k", "1")
    assert told.out == "0.9848  east\n"
    assert "'Eastish' is taken" in told.err


def test_what_cannot_be_told_is_one_message_and_exit_status_2(file, tmp_path):
    for arguments, said in (
        ((file, "south"), "has none for 'south'"),
        ((file, "none"), "must not be all zeros"),
        ((tmp_path / "gone", "east"), "cannot be read"),
        ((tmp_path, "east"), "cannot be read"),
    ):
        done = textkaizen("nearest", *arguments)
        assert (done.status, done.out) == (2, "")
        assert said in done.err
        assert done.err.count("\n") == 1
    assert textkaizen("nearest", file, "east", "--top-k", "0").status == 2


def test_blocks_are_one_list_whatever_their_sizes():
    generator = np.random.default_rng(0)
    words, vectors = [f"w{n}" for n in range(200)], generator.normal(size=(200, 5)).astype("f4")
    own = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = [words[n] for n in np.argsort(-(own @ own[7]), kind="stable") if n != 7][:12]
    for size in (1, 3, 50, 200):
        blocks = [(words[n : n + size], vectors[n : n + size]) for n in range(0, 200, size)]
        found = nearest(blocks, vectors[7], 12, {"w7"})
        assert [word for word, _ in found] == wanted
        cosines = [cosine for _, cosine in found]
        assert cosines == sorted(cosines, reverse=True)


def test_a_word_that_comes_twice_is_told_once():
    vectors = np.array([[1, 0], [1, 1], [1, 0.1]], np.float32)
    found = nearest([(["a", "b", "b"], vectors)], vectors[0], 5, {"a"})
    assert [word for word, _ in found] == ["b"]
