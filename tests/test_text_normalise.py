"""One form for what readers see as one text, whatever the characters."""

import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.text.normalise import normalise

# Every character there is, halves of surrogate pairs and NUL included.
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
# Characters that composing, folding and white space act upon, close together.
COMBINING = st.text(
    st.sampled_from(
        "aAiIσΣςßŉİıǰΐ\u0345\u0300\u0301\u0307\u0308\u0327\u1100\u1161\u11a8가"
        "ｶﾞか\u3099\u309aﬃ½¨ \t\u00a0\u200b\u2028\0"
    ),
    max_size=8,
)


@settings(max_examples=500)
@given(st.one_of(ANYTHING, COMBINING))
@example("\ud83d\0\ude00")
@example("\u0345\u0301")
def test_normalising_twice_is_normalising_once(text):
    once = normalise(text)
    assert normalise(once) == once


def test_normalising_any_single_character_twice_is_normalising_it_once():
    wrong = [
        hex(number)
        for number in range(sys.maxunicode + 1)
        if normalise(normalise(chr(number))) != normalise(chr(number))
    ]
    assert wrong == []


@settings(max_examples=500)
@given(st.one_of(ANYTHING, COMBINING))
def test_precomposed_and_decomposed_are_one(text):
    forms = {normalise(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC")}
    assert forms == {normalise(text)}


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_the_short_way_for_plain_letters_is_the_long_way(text):
    """A character that folds to nothing of its own kind forces the long way."""
    assert normalise(text + " é") == (normalise(text) + " é").strip()


@given(ANYTHING)
def test_white_space_is_single_blanks_within(text):
    assert normalise(text) == " ".join(normalise(text).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ｈｅｌｌｏ　ｗｏｒｌｄ", "hello world"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("か\u3099", "が"),
        ("Straße STRASSE", "strasse strasse"),
        ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
        ("a\r\n\tb\u00a0 c", "a b c"),
        ("①㍿ﬁ", "1株式会社fi"),
        ("", ""),
        (" \n", ""),
        ("\0", "\0"),
        ("\ud800A", "\ud800a"),
    ],
)
def test_by_hand(text, expected):
    assert normalise(text) == expected
