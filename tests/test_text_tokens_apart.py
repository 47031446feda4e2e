"""Analysers in processes of their own find what they find here, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from textkaizen.recipe import TextRules
from textkaizen.text.tokens import apart, tokeniser

TEXTS = [
    f"{number}番目の文章は、改札の前で\0待つ人の{'声' * (number % 5)}です。"
    for number in range(200)
]
TEXTS += ["", "長い" * 5000, "\ud800 x"]


@pytest.fixture
def made(monkeypatch):
    apart.end_all()
    monkeypatch.setattr(apart, "BATCH", 500)
    monkeypatch.setattr(apart, "cores", lambda: 2)
    yield tokeniser(TextRules(tokens="fugashi").tokenising)
    apart.end_all()


@pytest.fixture
def here(made):
    return made.tokenise(TEXTS)


def running():
    return [one.process for own in apart._RUNNING.values() for one in own.all]


def test_processes_find_what_is_found_here_and_end(monkeypatch, made, here):
    assert not running()
    monkeypatch.setattr(apart, "ENOUGH", 1)
    assert made.tokenise(TEXTS) == here
    begun = running()
    assert begun
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(made.tokenise, [TEXTS] * 3)) == [here] * 3
    apart.end_all()
    assert all(process.poll() is not None for process in begun)


def test_a_process_that_is_killed_or_cannot_begin_only_costs_time(monkeypatch, made, here):
    monkeypatch.setattr(apart, "ENOUGH", 1)
    assert made.tokenise(TEXTS) == here
    for process in running():
        process.kill()
    assert made.tokenise(TEXTS) == here
    apart.end_all()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert made.tokenise(TEXTS) == here


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_parent_that_is_killed_leaves_no_process():
    script = (
        "from textkaizen.text.tokens import apart\n"
        "process = apart.Process('fugashi')\n"
        "process.analyse(['猫'])\n"
        "print(process.process.pid, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if _is_dead(child):
            return
        time.sleep(0.05)
    pytest.fail("the process lives on")


def _is_dead(process):
    """Whether only its entry is left, which nobody has read."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
