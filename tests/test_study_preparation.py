"""Training and held-out texts: apart, checked, and the same for every order of the file."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from textkaizen.data import Corpus, canonical
from textkaizen.errors import CorpusError, UsageError
from textkaizen.study.preparation import check_texts, prepare
from textkaizen.text.normalise import normalise


def corpus(count=40, classes=3, name="f.csv", start=0):
    texts = tuple(f"text number {start + number}" for number in range(count))
    labels = tuple(f"class {number % classes}" for number in range(count))
    return Corpus(texts, labels, None, tuple(range(2, count + 2)), name)


def joined(*parts):
    groups = None if parts[0].groups is None else sum((part.groups for part in parts), ())
    texts = sum((part.texts for part in parts), ())
    labels = sum((part.labels for part in parts), ())
    return Corpus(texts, labels, groups, tuple(range(2, 2 + len(texts))), parts[0].name)


def test_a_fifth_is_held_out_and_nothing_is_on_both_sides():
    rows = joined(corpus(100), Corpus(("TEXT NUMBER 7", "Text  number 7"), ("class 1",) * 2))
    prepared = prepare(rows, None, seed=1)
    keys = [{normalise(text) for text in part.texts} for part in
            (prepared.training, prepared.held_out)]  # fmt: skip
    assert not keys[0] & keys[1]
    assert len(prepared.held_out) == 20
    assert len(prepared.training) == 82
    assert prepared.facts["training_texts"] == 82
    assert prepared.facts["test_texts"] == 20


def test_the_order_of_the_file_changes_nothing_but_line_numbers():
    rows = joined(
        corpus(60),
        Corpus(("", "again", "Again", "again", "b", "B"), ("class 0",) * 3 + ("class 1",) * 3),
    )
    numberless = lambda facts: re.sub(r"lines? [\d, ]+", "", json.dumps(facts))
    found = []
    for order in (range(66), reversed(range(66)), np.random.default_rng(0).permutation(66)):
        turned = rows.take(np.array(list(order)))
        prepared = prepare(Corpus(*[getattr(turned, n) for n in ("texts", "labels", "groups")],
                                  rows.lines, rows.name), None, seed=3)  # fmt: skip
        found.append(
            (
                prepared.training.texts,
                prepared.training.labels,
                prepared.held_out.texts,
                numberless(prepared.facts),
            )
        )
    assert found[0] == found[1] == found[2]
    assert len(prepared.facts["warnings"]) == 3


def test_a_study_holds_nothing_out():
    prepared = prepare(corpus(), None, seed=1, hold=False)
    assert prepared.held_out is None
    assert prepared.training == canonical(corpus())
    assert prepared.facts["test_texts"] == 0


def test_empty_texts_are_told_and_neither_learnt_from_nor_tested_on():
    blank = Corpus(("", "\u3000", "\n"), ("class 0", "class 1", "class 2"))
    rows, test = joined(corpus(), blank), joined(corpus(6, name="t.csv", start=90), blank)
    prepared = prepare(rows, test, seed=1)
    assert all(text.strip() for text in prepared.training.texts + prepared.held_out.texts)
    assert (prepared.facts["texts"], prepared.facts["training_texts"]) == (43, 40)
    assert prepared.facts["test_texts"] == 6
    told = prepared.facts["warnings"]
    assert [said[:7] for said in told if "empty" in said] == ["3 texts", "3 texts"]
    assert check_texts(rows, test)["warnings"] == told


def test_what_normalises_to_nothing_is_just_what_is_blank():
    """So that dropping blank texts leaves none that would be one empty key."""
    wrong = [
        code for code in range(0x110000) if (not normalise(chr(code))) != (not chr(code).strip())
    ]
    assert wrong == []


def test_small_classes_keep_enough_texts_for_the_folds():
    rows = joined(corpus(60), Corpus(("one", "two", "three"), ("rare",) * 3))
    for seed in range(10):
        prepared = prepare(rows, None, seed=seed)
        assert Counter(prepared.training.labels)["rare"] == 3
        assert prepared.smallest_class == 3


def test_the_smallest_class_counts_copies_and_groups_once():
    rows = joined(corpus(30, classes=2), Corpus(("same",) * 9 + ("b", "c", "d"), ("rare",) * 12))
    assert prepare(rows, None, seed=1, hold=False).smallest_class == 4
    grouped = Corpus(rows.texts, rows.labels, ("",) * 40 + ("g", "g"), rows.lines, rows.name)
    assert prepare(grouped, None, seed=1, hold=False).smallest_class == 3


def test_a_group_is_never_on_both_sides():
    rows = corpus(100)
    groups = tuple(f"customer {number // 10}" for number in range(100))
    grouped = Corpus(rows.texts, rows.labels, groups, rows.lines, rows.name)
    prepared = prepare(grouped, None, seed=1)
    assert not set(prepared.training.groups) & set(prepared.held_out.groups)
    assert len(prepared.held_out) == 20
    test = Corpus(("new",), ("class 0",), ("customer 3",))
    assert "customer 3" not in prepare(grouped, test, seed=1).training.groups


def test_groups_too_large_to_be_parted_are_refused():
    rows = corpus(40)
    halves = tuple("left" if number < 20 else "right" for number in range(40))
    grouped = Corpus(rows.texts, rows.labels, halves, rows.lines, rows.name)
    with pytest.raises(CorpusError, match=r"none of the 40 can be.*--test"):
        prepare(grouped, None, seed=1)
    with pytest.raises(CorpusError, match="not copies of each other or of one group"):
        prepare(grouped, None, seed=1, hold=False)


def test_texts_of_the_test_are_dropped_from_training():
    test = Corpus(("TEXT number 4", "unseen"), ("class 1", "class 0"), None, (2, 3), "t.csv")
    prepared = prepare(corpus(), test, seed=1)
    assert "text number 4" not in prepared.training.texts
    assert len(prepared.training) == 39
    assert (prepared.facts["test_path"], prepared.facts["path"]) == ("t.csv", "f.csv")
    assert prepared.facts["warnings"] == [
        "1 text of f.csv is also in t.csv; 1 row is dropped from training: 'text number 4' (line 6 "
        "of training; line 2 of the test)."
    ]


def test_a_test_that_is_the_training_file_is_refused():
    for run in (
        lambda: prepare(corpus(), corpus(), seed=1),
        lambda: check_texts(corpus(), corpus()),
    ):
        with pytest.raises(CorpusError, match=r"all 40 of f\.csv are also in f\.csv"):
            run()


def test_a_test_that_leaves_a_class_too_few_texts_is_refused_with_the_reason():
    rows = corpus(40)
    of_class_2 = rows.take(np.array([n for n in range(40) if n % 3 == 2]))
    with pytest.raises(CorpusError, match=r"without the 13 rows .*none of 'class 2'"):
        prepare(rows, of_class_2, seed=1)
    with pytest.raises(CorpusError, match=r"without the 11 rows .*'class 2' \(2, line"):
        prepare(rows, of_class_2.take(np.arange(11)), seed=1)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (Corpus(("x",), ("class 9",), name="t.csv"), "t.csv has 'class 9', which f.csv lacks"),
        (Corpus((), (), name="t.csv"), "t.csv has none"),
        (Corpus(("", " "), ("class 1",) * 2, name="t.csv"), "in t.csv all 2 are"),
        (Corpus(("x", "y"), ("class 1", ""), name="t.csv"), "t.csv has 1 text without one"),
    ],
)
def test_a_test_that_cannot_be_measured_on_is_refused(test, message):
    for run in (lambda: prepare(corpus(), test, seed=1), lambda: check_texts(corpus(), test)):
        with pytest.raises(CorpusError, match=message):
            run()


def test_languages_are_those_of_a_tenth_of_the_texts_or_the_one_that_is_named():
    german = tuple(f"Wann öffnet Raum {number} heute?" for number in range(10))
    labels = tuple(f"class {number % 3}" for number in range(10))
    few = joined(corpus(60), Corpus(german[:2], labels[:2]))
    assert prepare(few, None, seed=1, hold=False).languages == ("en",)
    many = joined(corpus(60), Corpus(german, labels))
    assert prepare(many, None, seed=1, hold=False).languages == ("de", "en")
    named = prepare(many, None, seed=1, hold=False, language="ja")
    assert named.languages == ("ja",)
    assert named.facts["language"] == "ja"
    with pytest.raises(UsageError, match="found 'jp'"):
        prepare(many, None, seed=1, language="jp")
