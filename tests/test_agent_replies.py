"""Replies: choices that do not repeat, placeholders that are filled and reach no further."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.agent.decisions import Decision
from textkaizen.agent.replies import Replies, without_reply
from textkaizen.errors import UsageError
from textkaizen.files.replies import BETWEEN, UNKNOWN, parts_of


def chosen(*labels, known, seed=0):
    replies = Replies(known, seed)
    return [replies.choose(label) for label in labels]


@given(st.integers(0, 1000), st.integers(2, 4), st.integers(2, 30))
def test_no_reply_comes_twice_running_where_there_is_a_choice(seed, count, asked):
    known = {"hello": tuple(f"reply {number}" for number in range(count))}
    told = chosen(*["hello"] * asked, known=known, seed=seed)
    assert all(one != other for one, other in pairwise(told))
    assert set(told) <= set(known["hello"])


def test_every_reply_has_its_turn():
    # 200 draws among the two that were not the last: one of three missing is next to impossible.
    known = {"hello": ("a", "b", "c")}
    assert set(chosen(*["hello"] * 200, known=known, seed=1)) == {"a", "b", "c"}


def test_a_label_between_does_not_let_a_reply_come_twice():
    known = {"hello": ("a", "b"), "bye": ("c",)}
    told = chosen("hello", "bye", "hello", "bye", "hello", known=known)
    assert told[0] != told[2] != told[4]
    assert told[1] == told[3] == "c"


def test_the_same_reply_twice_is_no_obstacle():
    assert chosen("hello", "hello", known={"hello": ("a", "a")}) == ["a", "a"]


def test_a_seed_decides_the_choice():
    known = {"hello": tuple("abcdef")}
    one, same, other = (chosen(*["hello"] * 20, known=known, seed=seed) for seed in (3, 3, 4))
    assert one == same != other


def test_another_conversation_begins_as_if_nothing_had_been_said():
    replies = Replies({"hello": tuple("abcdef")}, seed=3)
    first = [replies.choose("hello") for _ in range(9)]
    other = replies.anew(3)
    going_on = [replies.choose("hello") for _ in range(9)]
    assert [other.choose("hello") for _ in range(9)] == first
    again = Replies({"hello": tuple("abcdef")}, seed=3)
    assert [again.choose("hello") for _ in range(18)] == first + going_on


def test_a_label_without_a_reply_is_told_by_its_name_whatever_it_holds():
    assert chosen("hello", "b{ye}", known={"hello": ()}) == ["[hello]", "[b{ye}]"]


def test_placeholders_are_filled_with_what_there_is_now():
    known = {"fees": ("{label} on {weekday}, {date}, at {time}: {{none}}",)}
    (said,) = chosen("fees", known=known)
    assert re.fullmatch(r"fees on [A-Z][a-z]+day, \d{4}-\d\d-\d\d, at \d\d:\d\d: \{none\}", said)


def test_placeholders_of_ones_own_come_beside_those_there_are_or_in_their_place():
    own = {"weekday": lambda: "土曜日", "name": lambda: "{date} {{x}}"}
    replies = Replies({"a": ("{weekday}、{name}",)}, placeholders=own)
    # What is put in is not looked at again.
    assert replies.choose("a") == "土曜日、{date} {{x}}"


def test_a_placeholder_is_asked_each_time():
    numbers = iter("123")
    replies = Replies({"a": ("{n} {n}",)}, placeholders={"n": lambda: next(numbers)})
    assert replies.choose("a") == "1 2"


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("{datte}", r"\{datte\} \(not known; did you mean 'date'\?\)"),
        ("{date.__class__}", r"\{date\.__class__\} \(no bare name\)"),
        ("{date[0]}", "no bare name"),
        ("{date!r}", r"\{date!r\} \(no bare name\)"),
        ("{date:>{time}}", "no bare name"),
        ("{}", "no bare name"),
        ("{0}", "no bare name"),
        ("{ date }", "no bare name"),
        ("a } b", "a brace that stands alone"),
        ("{date", "a brace that stands alone"),
        ("{a}", "not known"),
    ],
)
def test_anything_but_a_known_bare_name_is_refused(reply, found):
    with pytest.raises(UsageError, match=f"one of 'x' has .*{found}"):
        Replies({"x": (reply,)})


@given(st.text("{}ab!:.", max_size=12))
def test_what_is_read_is_put_together_again(reply):
    try:
        parts = parts_of(reply, ["a", "b"])
    except ValueError:
        return
    assert all(name in (None, "a", "b") for _, name in parts)
    double = lambda text: text.replace("{", "{{").replace("}", "}}")
    again = "".join(double(text) + (f"{{{name}}}" if name else "") for text, name in parts)
    assert parts_of(again, ["a", "b"]) == parts


def test_a_decision_is_answered_asked_back_or_not_known():
    replies = Replies({"fees": ("None.",)})
    best = [("fees", 0.4), ("loss", 0.3)]
    assert replies.to(Decision("fees", best)) == "None."
    assert replies.to(Decision(None, best)).startswith("I am not sure what you mean.")
    assert replies.to(Decision(None, best, ("fees", "loss"))) == "Did you mean fees or loss?"


def test_sentences_of_ones_own_are_said_instead():
    own = {UNKNOWN: ("わかりません。",), BETWEEN: ("{a}ですか、{b}ですか。",)}
    replies = Replies(own)
    assert replies.to(Decision(None, [])) == "わかりません。"
    assert replies.to(Decision(None, [], ("料金", "紛失"))) == "料金ですか、紛失ですか。"
    with pytest.raises(UsageError, match="label"):
        Replies({UNKNOWN: ("no {label}",)})


def test_labels_without_a_reply_are_counted_and_five_are_named():
    labels = [f"label{number}" for number in range(9)]
    assert without_reply(labels, dict.fromkeys(labels, ("x",))) == ""
    assert without_reply(labels, {"label0": ("x",), UNKNOWN: ("y",)}) == (
        "8 of 9 labels have no reply and are answered with their names: label1, label2, label3, "
        "label4, label5 and 3 more."
    )
    one = without_reply(["a", "b"], {"a": ("x",)})
    assert one == "1 of 2 labels has no reply and is answered with its name: b."
