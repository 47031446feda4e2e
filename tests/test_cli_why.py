"""`why` and what `chat` shows: on the command line, and at a terminal of its own."""

import json
import os
import select
import subprocess
import sys
import time

import pytest
from command_line import COMMAND, ROWS, environment, textkaizen, write_corpus

from textkaizen.files.corpora import load_corpus
from textkaizen.files.models import load_model, save_model
from textkaizen.model import learn_linear
from textkaizen.recipe import Recipe


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    write_corpus(folder / "texts.csv")
    save_model(learn_linear(load_corpus(folder / "texts.csv"), Recipe(), 0), folder / "model")
    (folder / "columns.csv").write_text("said,topic\nlost my key,loss\n", encoding="utf-8")
    return folder


def told(*words, **named):
    ended = textkaizen("why", *words, **named)
    assert (ended.status, ended.err) == (0, "")
    return [json.loads(line) for line in ended.out.splitlines()]


def test_words_come_in_the_order_of_the_text_and_add_up(home):
    (home / "asked.txt").write_text("lost my key\nWhen do you open?\n\n", encoding="utf-8")
    found = told(home / "model", home / "asked.txt")
    assert [each["text"] for each in found] == ["lost my key", "When do you open?", ""]
    assert [word["word"] for word in found[0]["words"]] == ["lost", "my", "key"]
    assert found[2]["words"] == []
    model = load_model(home / "model")
    for each in found:
        label, probability = model.answer(each["text"])[0]
        assert each["label"] == label
        assert each["probability"] == pytest.approx(probability, abs=1e-6)
        summed = sum(word["contribution"] for word in each["words"])
        assert summed == pytest.approx(each["logit"] - each["without_words"], abs=1e-4)
        assert "nearest" not in each


def test_the_strongest_and_the_nearest_can_be_asked_for(home):
    stdin = b"lost my key\n"
    (found,) = told(home / "model", "--top-k", 1, "--data", home / "texts.csv", stdin=stdin)
    assert len(found["words"]) == 1
    assert found["nearest"][0] == {"text": "lost my key", "label": "loss", "similarity": 1.0}
    columns = ["--text-column", "said", "--label-column", "topic"]
    (found,) = told(home / "model", "--data", home / "columns.csv", *columns, stdin=stdin)
    assert [near["text"] for near in found["nearest"]] == ["lost my key"]


def test_a_classifier_without_an_explanation_is_refused_before_any_text(home):
    train = ["train", home / "texts.csv", "--classifier", "nearest_neighbours"]
    assert textkaizen(*train, "--out", home / "other").status == 0
    ended = textkaizen("why", home / "other", stdin=b"lost my key\n")
    assert (ended.status, ended.out) == (2, "")
    assert "nearest_neighbours gives no explanation" in ended.err
    ended = textkaizen("chat", home / "other", stdin=b"lost my key\n/why\n")
    assert ended.status == 0
    assert "nearest_neighbours gives no explanation" in ended.out


def test_labelled_texts_that_cannot_be_read_are_told_at_once(home):
    for command in ("why", "chat"):
        ended = textkaizen(command, home / "model", "--data", home / "none.csv", stdin=b"lost\n")
        assert (ended.status, ended.out) == (2, "")
        assert "none.csv does not exist" in ended.err


def test_chat_in_a_pipe_shows_words_and_nearest_texts_as_lines(home):
    stdin = b"lost my key\n/why\n"
    out = textkaizen("chat", home / "model", "--data", home / "texts.csv", stdin=stdin).out
    lines = out.splitlines()
    assert lines[:2] == ["[loss]", "Words that speak for loss (+) and against it (-):"]
    assert {line.split()[-1] for line in lines[2:5]} == {"lost", "my", "key"}
    assert lines[5:7] == ["Nearest:", "  1.00  loss: lost my key"]
    assert "\x1b" not in out


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Unix")
def test_at_a_terminal_there_are_colours_and_what_was_typed_can_be_called_back(home):
    replies = home / "replies.csv"
    rows = "".join(f"{label},[red]{label}[/red]\n" for label in {label for _, label in ROWS})
    replies.write_text(f"label,reply\n{rows}", encoding="utf-8")
    command = [*COMMAND, "chat", str(home / "model"), "--replies", str(replies)]
    # Up calls "lost my key" back: it was typed before "/why".
    seen = at_terminal(command, [b"lost my key\r", b"/why\r", b"\x1b[A\x1b[A\r", b"/quit\r"])
    assert seen.count("[red]loss[/red]") == 2
    assert "█" in seen
    assert "\x1b[" in seen
    assert "Words that speak for loss" in seen


def at_terminal(command, typed, seconds=60):
    """Type lines at a pseudo-terminal, each when there is a prompt; return what it shows."""
    import pty

    ours, theirs = pty.openpty()
    own = environment(TERM="xterm", COLUMNS="100", INPUTRC=os.devnull, PYTHONIOENCODING="utf-8")
    own.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=own) as process:
        os.close(theirs)
        shown, waiting, end = b"", list(typed), time.monotonic() + seconds
        prompts = 0
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                new = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not new:
                break
            shown += new
            if waiting and shown.count(b"\n> ") + shown.startswith(b"> ") > prompts:
                prompts += 1
                os.write(ours, waiting.pop(0))
        process.kill()
    os.close(ours)
    return shown.decode("utf-8", "replace")
