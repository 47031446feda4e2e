"""Texts brought to one form: every rule, and twice is once."""

import time
from importlib.metadata import PackageNotFoundError
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.errors import MissingExtraError
from textkaizen.recipe import TextRules
from textkaizen.recipe.text import TREATMENTS, UNICODE_FORMS, Writing
from textkaizen.text import writing as module
from textkaizen.text.normalise import normalise
from textkaizen.text.writing import writer

PLAIN = TextRules().writing
HOW = st.sampled_from(TREATMENTS)
WRITINGS = st.builds(
    Writing,
    st.sampled_from(UNICODE_FORMS),
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
    *[HOW] * 5,
)
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
PARTS = ["http://", "www.", "a@b.de", "@x", "1,000.5", "１２", "3rd", "👍🏽", "👩\u200d👧", "🇩🇪🇩"]
PARTS += ["#\ufe0f⃣", ".", "/", "@", " ", "\u3000", "〜", "ｶﾞ", "ﾞ", "か\u3099", "İ", "ß", "ﬃ", "ς"]
PARTS += ["\u0345", "ーー", "@a", "@b\u06611", "a@b.c", "_d", "zqurl", "😀", "a1.5", "_", "1"]
MIXED = st.lists(st.sampled_from(PARTS) | ANY, max_size=9).map("".join)
ALL_ON = Writing("nfkc", True, True, 2, *["replace"] * 5)


def of(**changes):
    return writer(TextRules(**changes).writing)


def test_the_default_is_what_texts_are_compared_by():
    assert writer(PLAIN) is normalise


@pytest.mark.parametrize(
    ("changes", "text", "written"),
    [
        ({"fold_case": False}, "Straße  ＡＢ", "Straße AB"),
        ({"unicode": "nfc"}, "ＡＢ ｶﾞ e\u0301", "ａｂ ｶﾞ é"),
        ({"repeats": 2}, "sooooo goood!!!! 本本本", "soo good!! 本本"),
        ({"repeats": 1}, "aabb", "ab"),
        ({"numbers": "replace"}, "2 of 1,000.5 at 12:30", "zqnumber of zqnumber at zqnumber"),
        ({"numbers": "replace"}, "mp3 and 3rd, ٣٤ ４2", "mp3 and 3rd, zqnumber zqnumber"),
        ({"numbers": "drop"}, "本2冊", "本 冊"),
        ({"urls": "replace"}, "see HTTP://a.org/b?c=1#d.", "see zqurl ."),
        ({"urls": "replace"}, "見てhttps://a.org/xです", "見て zqurl です"),
        ({"urls": "drop"}, "www.a.org or awww.b", "or awww.b"),
        ({"emails": "replace"}, "連絡はa.b+c@d-e.co.jpまで", "連絡は zqmail まで"),
        ({"mentions": "replace"}, "@Ann_1 a@b ＠bob", "zqname a@b zqname"),
        ({"emoji": "drop"}, "ok 👩‍👩‍👧👍🏽❤️🇩🇪1️⃣🏴󠁧󠁢󠁥󠁮󠁧󠁿 3 # © ™", "ok 3 # © tm"),
        ({"emoji": "replace"}, "a😀b", "a zqemoji b"),
        ({"emoji": "drop"}, "★ ☆ ↔ 〰 ❤︎ ↔️", "★ ☆ ↔ 〰"),
        (
            {"numbers": "replace"},
            "v1.5 1.5a 1️⃣ 12:3x ١http://a",
            "v1.5 1.5a 1️⃣ 12:3x zqnumber http://a",
        ),
        ({"mentions": "replace"}, "@a@b.org @a@b", "zqname zqname zqname"),
        ({"repeats": 10**12}, "aaa", "aaa"),
        ({"neologdn": True}, "検索 エンジン〜 すーーーごい ﾊﾝｶｸ", "検索エンジンすーごいハンカク"),
    ],
)
def test_each_rule_does_what_it_says(changes, text, written):
    assert of(**changes)(text) == written


def test_addresses_are_looked_for_before_the_numbers_and_names_in_them():
    write = of(urls="replace", emails="replace", mentions="replace", numbers="replace")
    assert write("x@y.de https://u@a.org:80/1 @2 3") == "zqmail zqurl zqname zqnumber"


def test_neologdn_joins_nothing_to_what_was_replaced():
    text = "本 @x 冊 です3冊 と http://a.org"
    assert writer(ALL_ON)(text) == "本 zqname 冊です zqnumber 冊と zqurl"


@settings(max_examples=500, deadline=None)
@given(WRITINGS, MIXED)
@example(ALL_ON, "".join(PARTS))
@example(ALL_ON, "a@b.c@d.e" * 20)
@example(ALL_ON, "1a" * 20 + "www." * 20)
@example(ALL_ON, "@a" * 40)  # each stands where the one before makes room
@example(ALL_ON, "@b\u06611" * 40)
@example(ALL_ON, "@a1.5@b1.5@c" * 20)
@example(ALL_ON, "a@b.c_d@e.f" * 20)
def test_twice_is_once(writing, text):
    once = writer(writing)(text)
    assert writer(writing)(once) == once


@pytest.mark.parametrize(
    ("writing", "every"),
    [
        (PLAIN, 1),
        (ALL_ON, 31),  # a prime: all blocks are met
        pytest.param(ALL_ON, 1, marks=pytest.mark.slow),
        pytest.param(ALL_ON._replace(unicode="nfc", fold_case=False), 1, marks=pytest.mark.slow),
    ],
)
def test_twice_is_once_for_every_code_point(writing, every):
    write = writer(writing)
    for code in range(0, 0x110000, every):
        once = write(f"a{chr(code)}1")
        assert write(once) == once


@settings(max_examples=200, deadline=None)
@given(WRITINGS, st.text(max_size=20))
def test_composed_and_decomposed_forms_are_alike(writing, text):
    write = writer(writing)
    assert write(normalize("NFC", text)) == write(normalize("NFD", text))


UNITS = ["a", "@", "://", "1", "1.", "a@", "@a", "a.", "http://", "👩‍", "本 ", "🇩", "!", "1http://"]


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length_and_not_with_its_square(unit):
    """Sixteen times the text takes about 16 times as long; a square law would take 256 times.

    64 is four times the one and a quarter of the other; the least of three runs each.
    """
    write = writer(ALL_ON._replace(neologdn=False, repeats=5_000))

    def least(characters):
        text, seconds = unit * (characters // len(unit)) + "1a", []
        for _ in range(3):
            begun = time.perf_counter()
            write(text)
            seconds.append(time.perf_counter() - begun)
        return min(seconds)

    assert least(160_000) < 64 * max(least(10_000), 1e-4)


def test_what_is_not_installed_is_named(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    with pytest.raises(MissingExtraError, match=r'pip install "textkaizen\[ja\]"'):
        writer(PLAIN._replace(neologdn=True, repeats=9))
