"""The progress line: what is tried, how many lanes are done, what time is left; standard error."""

import os
import threading

import pytest

from textkaizen.study.course import Progress
from textkaizen.terminal import limits
from textkaizen.terminal.limits import Limits
from textkaizen.terminal.progress import LOG_EVERY_SECONDS, Line, progress_line

FIRST = Progress(0, "baseline network and linear models", 0, 0)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(limits.time, "monotonic", clock)
    return clock


@pytest.mark.parametrize(
    ("seconds", "now", "left"),
    [
        (300, 0, "5 min 0 s left"),
        (300, 30.4, "4 min 30 s left"),
        (300, 240.2, "1 min 0 s left"),
        (300, 240.7, "59 s left"),
        (300, 299.5, "finishing"),
        (300, 400, "finishing"),
    ],
)
def test_the_line_tells_the_time_that_is_left(seconds, now, left):
    line = Line(seconds, lambda: now)
    expected = f"round 2, seed 3: dropout 0.5; 7 of 130 lanes; {left}"
    assert line.tell(Progress(2, "dropout 0.5", 7, 130, 3)) == expected
    assert line.tell(FIRST) == f"baseline network and linear models; {left}"


def test_without_a_limit_the_time_left_is_guessed_from_the_lanes_that_are_done():
    clock = Clock()
    line = Line(None, clock)
    assert line.tell(FIRST) == "baseline network and linear models"
    clock.seconds = 50
    assert line.tell(Progress(1, "start", 0, 10)) == "round 1, seed 1: start; 0 of 10 lanes"
    clock.seconds = 60
    # Ten seconds for two lanes: forty for the other eight.
    assert line.tell(Progress(1, "ELU", 2, 10)).endswith(
        "2 of 10 lanes; about 40 s left for this seed"
    )
    clock.seconds = 100
    assert line.tell(Progress(1, "ELU", 10, 10)).endswith("about 0 s left for this seed")
    line.tell(Progress(1, "start", 0, 10, 2))
    clock.seconds = 101
    told = line.tell(Progress(1, "ELU", 5, 10, 2))
    assert told == "round 1, seed 2: ELU; 5 of 10 lanes; about 1 s left for this seed"


def test_away_from_a_terminal_a_line_comes_now_and_then(clock, capsys):
    with progress_line(Limits(5)) as (_, means):
        means.progress(FIRST)
        for done in range(100):
            clock.seconds += 1
            means.progress(Progress(1, f"number {done}", done, 100))
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "baseline network and linear models; 5 min 0 s left"
    assert lines[1] == "round 1, seed 1: number 0; 0 of 100 lanes; 4 min 59 s left"
    # A new round is told at once, all else every LOG_EVERY_SECONDS.
    assert len(lines) == 2 + 99 // LOG_EVERY_SECONDS
    assert f"{LOG_EVERY_SECONDS:.0f} of 100 lanes" in lines[2]


def test_at_a_terminal_one_line_moves(clock, capsys, monkeypatch):
    master, slave = os.openpty()
    shown = []

    def read():
        with os.fdopen(master, "rb", buffering=0) as terminal:
            try:
                while part := terminal.read(1000):
                    shown.append(part)
            except OSError:  # how a pseudo-terminal says that the other side is closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with os.fdopen(slave, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with progress_line(Limits(5)) as (_, means):
            for done in range(5):
                means.progress(Progress(1, "[bold]max-norm[/bold]", done, 5))
    reader.join(timeout=30)
    text = b"".join(shown).decode()
    assert not reader.is_alive()
    # Brackets are no markup, and each update goes back to the start of the one line.
    assert "round 1, seed 1: [bold]max-norm[/bold]; 4 of 5 lanes; 5 min 0 s left" in text
    assert "\r" in text
    assert text.count("\n") <= 1
    assert capsys.readouterr().out == ""


def test_the_clock_of_a_run_starts_with_it(clock):
    clock.seconds = 1000
    with progress_line(Limits(rounds=1)) as (budget, means):
        clock.seconds = 1007
        assert budget.clock() == 7
        assert list(means.worker(lambda n: n + 1, [1, 2, 3])) == [2, 3, 4]
        assert not means.stopping()
