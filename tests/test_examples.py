"""What the example data promise: enough texts, no templates, replies that fit, texts that do not.

The files are read with the csv module alone: they must be plain CSV, not only ours.
"""

import csv
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from textkaizen.text.normalise import normalise

EXAMPLES = Path(__file__).parents[1] / "examples"
LANGUAGES = ("de", "en", "ja")

each_language = pytest.mark.parametrize("language", LANGUAGES)


def read(kind, language):
    """Return the header and the rows of one example file."""
    path = EXAMPLES / f"{kind}-{language}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    return header, rows


def library(language):
    """Return texts and labels."""
    _, rows = read("library", language)
    texts, labels = zip(*rows, strict=True)
    return texts, labels


def threes(text):
    """Return the trigrams of a text, by which near duplicates are told."""
    text = normalise(text)
    return {text[start : start + 3] for start in range(len(text) - 2)}


def likeness(one, other):
    """Return the share of the trigrams of either that are in both, from 0 to 1."""
    return len(one & other) / max(len(one | other), 1)


@each_language
@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("library", ["text", "label"]),
        ("replies", ["label", "reply"]),
        ("outside", ["text"]),
    ],
)
def test_every_row_fills_the_columns_of_the_contract(language, kind, columns):
    header, rows = read(kind, language)
    assert header == columns
    for row in rows:
        assert len(row) == len(columns), row
        assert all(value and value == value.strip() for value in row), row


@each_language
def test_there_are_enough_classes_and_texts_of_each(language):
    counts = Counter(library(language)[1])
    assert len(counts) >= 18
    assert min(counts.values()) >= 25, counts


def test_the_classes_are_the_same_in_every_language():
    assert len({frozenset(library(language)[1]) for language in LANGUAGES}) == 1


@each_language
def test_rows_are_sorted_by_class_as_real_files_often_are(language):
    _, labels = library(language)
    assert list(labels) == sorted(labels)


@each_language
def test_no_text_stands_there_twice_even_in_another_form(language):
    counts = Counter(normalise(text) for text in library(language)[0])
    assert [text for text, count in counts.items() if count > 1] == []


@each_language
def test_no_two_texts_of_a_class_are_nearly_the_same(language):
    """Above 0.6 two texts are one with a word swapped; the most like ones reach about 0.5."""
    texts, labels = library(language)
    of_class: dict[str, list[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        of_class.setdefault(label, []).append(text)
    near = [
        pair
        for same in of_class.values()
        for pair in combinations(same, 2)
        if likeness(threes(pair[0]), threes(pair[1])) > 0.6
    ]
    assert near == []


@each_language
def test_a_linear_model_learns_the_texts_but_not_all_of_them(language):
    """Texts made from templates are learnt without a mistake: 99 % would show them.

    The three sets are found with 83 to 90 %; at 560 texts that has a standard error of 1.3 to 1.6
    points. From 75 to 95 % is three of them and more to either side: far from chance (5 %), so
    that the labels mean something, and far from 99 %, so that there is something to improve.
    The English texts were rewritten until they lay in this range: it holds them there, and is no
    evidence of how hard such texts are.
    """
    texts, labels = library(language)
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)),
    )
    model = make_pipeline(features, LinearSVC(random_state=0))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    found = cross_val_score(model, [normalise(text) for text in texts], labels, cv=folds)
    assert 0.75 < np.mean(found) < 0.95


@each_language
def test_every_label_has_one_reply_or_two_and_no_other_label_has_any(language):
    _, rows = read("replies", language)
    counts = Counter(label for label, _ in rows)
    assert set(counts) == set(library(language)[1])
    assert set(counts.values()) == {1, 2}
    assert len({reply for _, reply in rows}) == len(rows)


@each_language
def test_replies_name_no_telephone_number_and_no_address(language):
    """The library is made up: a number or an address would be somebody else's."""
    _, rows = read("replies", language)
    strange = re.compile(r"\d{4}|@|https?:|www\.")
    assert [reply for _, reply in rows if strange.search(normalise(reply))] == []


@each_language
def test_about_forty_texts_belong_to_no_class(language):
    _, rows = read("outside", language)
    outside = {normalise(text) for (text,) in rows}
    assert len(outside) == len(rows)
    assert 35 <= len(rows) <= 45
    assert outside.isdisjoint(normalise(text) for text in library(language)[0])


@each_language
def test_the_counts_in_the_readme_are_those_of_the_files(language):
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for kind in ("library", "replies", "outside"):
        row = re.search(rf"^\| `{kind}-{language}\.csv` \|.*\| (\d+) \|$", page, re.MULTILINE)
        assert row is not None, f"{kind}-{language}.csv"
        assert int(row[1]) == len(read(kind, language)[1])
