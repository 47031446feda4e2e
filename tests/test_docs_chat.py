"""The conversation that docs/chat.md shows is one that is had."""

import re
from pathlib import Path

import pytest
from command_line import textkaizen

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[-+]?\d+\.\d+")
# The solver ends within 1e-4 of the best weights; bars and last digits may differ elsewhere.
ROOM = 0.02


def shown():
    """What is typed in the page's session, and what comes out."""
    (session,) = re.findall(r"```text\n(> .*?)```", PAGE, flags=re.DOTALL)
    lines = session.splitlines()
    typed = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    return typed, [line for line in lines if not line.startswith("> ")]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    model = tmp_path_factory.mktemp("chat") / "model"
    examples = ROOT / "examples"
    data = examples / "library-en.csv"
    train = ["train", data, "--classifier", "logistic_regression", "--out", model]
    assert textkaizen(*train).status == 0
    typed, _ = shown()
    replies = ["--replies", examples / "replies-en.csv", "--data", data]
    ended = textkaizen("chat", model, *replies, stdin="\n".join(typed).encode())
    assert (ended.status, ended.err) == (0, "")
    return ended.out.splitlines()


def test_the_session_of_the_page_is_what_is_said(said):
    typed, expected = shown()
    assert {"/why", "/top", "/quit"} <= set(typed)
    assert len(said) == len(expected)
    for one, other in zip(said, expected, strict=True):
        assert re.split(r"[-+]{2,}|\s+", NUMBER.sub("n", one)) == re.split(
            r"[-+]{2,}|\s+", NUMBER.sub("n", other)
        )
        numbers = ([float(n) for n in NUMBER.findall(line)] for line in (one, other))
        for found, told in zip(*numbers, strict=True):
            assert found == pytest.approx(told, abs=ROOM * max(1, abs(told)))
