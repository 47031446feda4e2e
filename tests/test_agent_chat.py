"""A conversation: replies that vary, commands, blank lines."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.agent import chat
from textkaizen.agent.chat import Replies, answers, converse


class Parrot:
    """A model that takes the first word of a text for its label."""

    def answer(self, text, top_k=1):
        return [(text.split()[0], 0.5), ("other", 0.3), ("third", 0.2)][:top_k]


def said(*lines, known=None, seed=0):
    return list(answers(Parrot(), Replies(known or {}, seed), lines))


@given(st.integers(0, 1000), st.integers(2, 4), st.integers(2, 30))
def test_no_reply_comes_twice_running_where_there_is_a_choice(seed, count, asked):
    known = {"hello": tuple(f"reply {number}" for number in range(count))}
    told = said(*["hello"] * asked, known=known, seed=seed)
    assert all(one != other for one, other in pairwise(told))
    assert set(told) <= set(known["hello"])


def test_every_reply_has_its_turn():
    # 200 draws among the two that were not the last: one of three missing is next to impossible.
    known = {"hello": ("a", "b", "c")}
    assert set(said(*["hello"] * 200, known=known, seed=1)) == {"a", "b", "c"}


def test_a_label_between_does_not_let_a_reply_come_twice():
    known = {"hello": ("a", "b"), "bye": ("c",)}
    told = said("hello", "bye", "hello", "bye", "hello", known=known)
    assert told[0] != told[2] != told[4]
    assert told[1] == told[3] == "c"


def test_the_same_reply_twice_in_a_file_is_no_obstacle():
    assert said("hello", "hello", known={"hello": ("a", "a")}) == ["a", "a"]


def test_a_seed_decides_the_choice():
    known = {"hello": tuple("abcdef")}
    one, same, other = (said(*["hello"] * 20, known=known, seed=seed) for seed in (3, 3, 4))
    assert one == same != other


def test_a_label_without_a_reply_is_told_by_its_name():
    assert said("hello you", "bye", known={"hello": ()}) == ["[hello]", "[bye]"]


def test_top_shows_what_else_it_could_be():
    assert said("/top") == ["Nothing was said yet."]
    told = said("hello", " /top ", "bye", "/top")
    assert told[1] == " 50.0%  hello\n 30.0%  other\n 20.0%  third"
    assert told[3].startswith(" 50.0%  bye\n")


def test_an_unknown_command_is_told_and_is_no_text():
    assert said("hello", "/help me", "/top")[1:] == [
        "There is no /help; there are /top and /quit.",
        " 50.0%  hello\n 30.0%  other\n 20.0%  third",
    ]


def test_blank_lines_say_nothing_and_quit_ends():
    lines = iter(["", "  ", "hello", "/quit", "bye"])
    assert list(answers(Parrot(), Replies({}), lines)) == ["[hello]"]
    assert list(lines) == ["bye"]


def test_through_a_pipe_there_is_no_prompt(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("hello\r\nこんにちは".encode())))
    converse(Parrot(), {"hello": ("Hi.",)})
    assert capsys.readouterr() == ("Hi.\n[こんにちは]\n", "")


@pytest.mark.parametrize("ending", [EOFError, "/quit"])
def test_at_a_terminal_there_is_one(monkeypatch, capsys, ending):
    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    typed, prompts = iter(["hello", ending]), []

    def typing(prompt):
        prompts.append(prompt)
        line = next(typed)
        if line is EOFError:
            raise EOFError
        return line

    terminal = Terminal(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("builtins.input", typing)
    converse(Parrot(), {})
    out = capsys.readouterr().out
    assert "/top" in out.splitlines()[0]
    assert out.splitlines()[1] == "[hello]"
    assert prompts == [chat.PROMPT] * 2
    # A stray byte must not end the conversation.
    assert terminal.errors == "replace"
