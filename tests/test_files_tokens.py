"""Analyses on disk: found again, by any rules, and damage only costs time."""

import os
import subprocess
import sys

import pytest

from textkaizen.files.tokens import FEWEST, FileTokens, token_store
from textkaizen.recipe import TextRules
from textkaizen.text.tokens import cutting, tokeniser, tokenisers

TEXTS = [f"私は{number}冊の本を読みました" for number in range(FEWEST)]


@pytest.fixture
def analysed(monkeypatch):
    """How many texts each call has analysed."""
    counts = []

    def counting(analyser, texts):
        counts.append(len(texts))
        return cutting.analyse(analyser, texts)

    monkeypatch.setattr(tokenisers, "analyse", counting)
    return counts


def words(folder, texts=TEXTS, **rules):
    rules = TextRules(**{"tokens": "fugashi", **rules}).tokenising
    store = FileTokens(folder) if folder else None
    return tokeniser(rules, store).tokenise(texts)


def test_an_analyser_runs_once_over_texts_whatever_the_forms_and_parts(tmp_path, analysed):
    rules = [{}, {"form": "base", "parts": "content"}, {"form": "reading"}, {"stop_words": "ja"}]
    plain = [words(None, **own) for own in rules]
    del analysed[:]
    assert [words(tmp_path, **own) for own in rules] == plain
    assert analysed == [len(TEXTS), 0, 0, 0]
    assert words(tmp_path, [*TEXTS[::-2], "猫だ"])[-1] == "猫 だ"
    assert analysed[4:] == [33]  # fewer than FEWEST are analysed, not looked up
    more = [*TEXTS, "", "新しい文", *TEXTS[:9], "新しい文"]
    assert words(tmp_path, more) == words(None, more)
    assert analysed[5] == 2
    words(tmp_path, tokens="ipadic")
    assert analysed[-1] == len(TEXTS)


def test_a_damaged_file_is_analysed_again(tmp_path, analysed):
    plain = words(tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (b"", whole[:9], whole[:-1], whole[:40] + b"\x00" + whole[41:], b"x" + whole):
        path.write_bytes(damaged)
        del analysed[:]
        assert words(tmp_path) == plain
        assert analysed == [len(TEXTS)]
        assert path.read_bytes() == whole


def test_above_the_bound_what_was_read_longest_ago_goes(tmp_path):
    store = FileTokens(tmp_path)
    sizes = []
    for number in range(3):
        texts = [f"{number} {text}" for text in TEXTS]
        store.put("x", texts, texts)
        sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
    for age, path in enumerate(sorted(tmp_path.iterdir())):
        os.utime(path, (1000 - age, 1000 - age))
    assert store.get("x", [f"0 {text}" for text in TEXTS])[0] == f"0 {TEXTS[0]}"
    left = tmp_path / "killed.part"
    left.touch()
    os.utime(left, (1000, 1000))
    last = [f"3 {text}" for text in TEXTS]
    FileTokens(tmp_path, most=sizes[2], left=sizes[1] + 99).put("x", last, last)
    assert len(list(tmp_path.iterdir())) == 2
    assert store.get("x", [f"0 {text}" for text in TEXTS])[1] == f"0 {TEXTS[1]}"
    assert store.get("x", last) == last
    assert store.get("x", [f"1 {text}" for text in TEXTS]) == [None] * len(TEXTS)


def test_several_processes_write_and_read_at_once(tmp_path):
    script = (
        "import sys; from pathlib import Path; from textkaizen.files.tokens import FileTokens\n"
        "store = FileTokens(Path(sys.argv[1]))\n"
        "for turn in range(30):\n"
        "    texts = [f'{turn % 7} {n}' for n in range(100)]\n"
        "    store.put('x', texts, texts)\n"
        "    found = FileTokens(store.folder, 5000, 3000).get('x', texts)\n"
        "    assert all(own in (None, text) for own, text in zip(found, texts))\n"
        "    store._tidy()\n"
    )
    begun = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(2)]
    assert [one.wait(60) for one in begun] == [0, 0]
    assert {path.suffix for path in tmp_path.iterdir()} == {".tokens"}


def test_the_folder_is_beside_that_of_compiled_programs(tmp_path):
    store = token_store({"TEXTKAIZEN_CACHE": str(tmp_path / "own")})
    assert store.folder == tmp_path / "own" / "tokens"
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert token_store({"TEXTKAIZEN_CACHE": "off"}) is None
    store.folder.chmod(0o777)
    assert token_store({"TEXTKAIZEN_CACHE": str(tmp_path / "own")}) is None


def test_a_folder_that_is_gone_is_no_error(tmp_path):
    store = FileTokens(tmp_path / "gone")
    store.put("x", TEXTS, TEXTS)
    assert store.get("x", TEXTS) == [None] * len(TEXTS)
