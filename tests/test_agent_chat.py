"""A conversation: commands, blank lines, the same turns at a terminal and in a pipe."""

import io
import re

import pytest
from command_line import ROWS
from rich.console import Console

from textkaizen.agent import chat
from textkaizen.agent.chat import Because, Said, Top, answers, converse
from textkaizen.agent.nearest import Near
from textkaizen.agent.replies import Replies
from textkaizen.agent.shown import shower
from textkaizen.agent.why import explain
from textkaizen.data import Corpus
from textkaizen.deciding import Decision
from textkaizen.model import learn_classifier
from textkaizen.recipe import Recipe, TextRules

TEXTS, LABELS = zip(*ROWS, strict=True)
CORPUS = Corpus(TEXTS, LABELS)
MODEL = learn_classifier(CORPUS, Recipe(), 0, "logistic_regression")[0]
NEAR = Near("lost my key", "loss", 0.5)


class Parrot:
    """A model that takes the first word of a text for its label."""

    def answer(self, text, top_k=1):
        return [(text.split()[0], 0.5), ("other", 0.3), ("third", 0.2)][:top_k]

    def decide(self, text, best=3):
        return Decision(text.split()[0], self.answer(text, best))


def said(*lines, known=None, seed=0):
    return list(answers(Parrot(), Replies(known or {}, seed), lines))


def said_of(model, *lines):
    return list(answers(model, Replies({}), lines))


def test_top_shows_what_else_it_could_be():
    assert said("/top") == ["Nothing was said yet."]
    told = said("hello", " /top ", "bye", "/top")
    assert told[1] == " 50.0%  hello\n 30.0%  other\n 20.0%  third"
    assert told[3].startswith(" 50.0%  bye\n")


def test_an_unknown_command_is_told_and_is_no_text():
    assert said("hello", "/hlep me", "/top")[1:] == [
        "There is no /hlep; there are /why, /top, /help and /quit.",
        " 50.0%  hello\n 30.0%  other\n 20.0%  third",
    ]


def test_help_names_every_command():
    (told,) = said("/help")
    assert [line.split()[0] for line in told.splitlines()] == list(chat.COMMANDS)


def test_why_shows_words_with_signed_bars_and_the_nearest_texts():
    assert said("/why") == ["Nothing was said yet."]
    text = "lost the \x1b[31mkey"
    told = answers(MODEL, Replies({}), [text, "/why", "/top"], lambda text: [NEAR])
    reply, why, top = told
    lines = why.splitlines()
    assert reply == "[loss]"
    assert lines[0] == "Words that speak for loss (+) and against it (-):"
    assert re.fullmatch(r" \+\d+\.\d\d  \+{20}  lost", lines[1])
    assert lines[-2:] == ["Nearest:", "  0.50  loss: lost my key"]
    # What was asked is not asked again, and no sign of it steers a terminal.
    assert top.split()[1] == "loss"
    assert "\x1b" not in why


def test_why_without_known_words_or_without_an_explanation_says_so():
    words = Recipe(text=TextRules(characters=(0, 0)))
    model = learn_classifier(CORPUS, words, 0, "logistic_regression")[0]
    told = said_of(model, "zqz", "/why")
    assert told[1] == f"No word of it speaks for {told[0].strip('[]')} or against it."
    model = learn_classifier(CORPUS, Recipe(), 0, "nearest_neighbours")[0]
    told = list(answers(model, Replies({}), ["lost", "/why"], lambda text: [NEAR]))[1]
    assert "nearest_neighbours gives no explanation" in told
    assert told.endswith("lost my key")


@pytest.mark.parametrize(
    ("number", "longest", "drawn"),
    [(1.0, 1.0, "+" * 20), (-0.5, 1.0, "-" * 10), (1e-9, 1.0, "+"), (0.0, 1.0, "")],
)
def test_bars_are_to_scale_and_one_sign_at_least(number, longest, drawn):
    assert chat.bar(number, longest) == drawn


def test_a_terminal_shows_the_same_in_colours_and_nothing_that_steers_it():
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system="standard")
    show = shower(console)
    turns = [
        Said("[bold]Hi[/bold] \x1b[2J :smile:\nthere", is_reply=True),
        Top([("hello[/]", 0.75), ("other", 0.25)]),
        Because(explain(MODEL, "lost my key"), [NEAR]),
        Because("No explanation."),
    ]
    for turn in turns:
        show(turn)
    shown = console.file.getvalue()
    assert "\x1b[2J" not in shown
    seen = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert seen.startswith("[bold]Hi[/bold]  [2J :smile:\nthere\n")
    assert re.search(r" 75\.0%  █{15} +hello\[/\]", seen)
    assert re.search(r" \+\d\.\d\d  █{20}  lost", seen)
    assert re.search(r" 0\.50  loss  lost my key", seen)
    assert "No explanation." in seen


def test_blank_lines_say_nothing_and_quit_ends():
    lines = iter(["", "  ", "hello", "/quit", "bye"])
    assert list(answers(Parrot(), Replies({}), lines)) == ["[hello]"]
    assert list(lines) == ["bye"]


def test_through_a_pipe_there_is_no_prompt(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("hello\r\nこんにちは".encode())))
    converse(Parrot(), Replies({"hello": ("Hi.",)}))
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
    converse(Parrot(), Replies({}))
    out = capsys.readouterr().out
    assert "/top" in out.splitlines()[0]
    assert out.splitlines()[1] == "[hello]"
    assert prompts == [chat.PROMPT] * 2
    # A stray byte must not end the conversation.
    assert terminal.errors == "replace"
