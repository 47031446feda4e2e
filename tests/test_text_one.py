"""One text's bag: what cutting and counting by the plain functions says, kept words or not."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.recipe import TextRules
from textkaizen.text import one
from textkaizen.text.one import OneText
from textkaizen.text.streams import streams

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
WORDS = st.text(
    "ab ß\u0301\u3000本\U0001f642\x85_", max_size=30
)  # few characters: much comes again
RULES = [
    TextRules(),
    TextRules(sublinear=False),
    TextRules(words=(2, 3), characters=(4, 7)),
    TextRules(words=(0, 0), characters=(1, 1)),
    TextRules(words=(1, 1), characters=(0, 0)),
    TextRules(within_words=False, norm="l1", binary=True, word_weight=0.5),
    TextRules(norm="none", character_weight=2.0, sublinear=False),
]


def made(rules, texts):
    """What knows every second feature of some texts."""
    cut = [streams(rules).terms(text) for text in texts]
    known = [sorted({term for both in cut for term in both[kind]})[::2] for kind in (0, 1)]
    words = {term: number for number, term in enumerate(known[0])}
    characters = {term: len(words) + number for number, term in enumerate(known[1])}
    idf = np.linspace(1, 3, len(words) + len(characters), dtype=np.float32)
    return OneText(streams(rules), words, characters, idf, np.zeros(0, np.float32))


def plainly(bagged, text):
    """Feature -> weight, by the definition."""
    found = {}
    rules, both = bagged.streams.rules, bagged.streams.terms(text)
    weights = rules.word_weight, rules.character_weight
    for terms, known, weight in zip(both, (bagged.words, bagged.characters), weights, strict=True):
        counted = Counter(term for term in terms if term in known)
        how = (lambda n: 1 + np.log(n)) if rules.sublinear else float
        if rules.binary:
            how = lambda n: 1.0
        raw = {known[term]: how(n) * bagged.idf[known[term]] for term, n in counted.items()}
        power = {"l1": 1, "l2": 2}.get(rules.norm)
        length = sum(value**power for value in raw.values()) ** (1 / power) if power else 1
        length /= weight
        found |= {feature: value / length for feature, value in raw.items()}
    return found


def assert_right(bagged, text):
    features, weights = bagged.bag(text)
    assert (features.dtype, weights.dtype) == (np.int32, np.float32)
    expected = plainly(bagged, text)
    assert features.tolist() == sorted(expected)
    np.testing.assert_allclose(weights, [expected[n] for n in features.tolist()], rtol=1e-6)


@pytest.mark.parametrize("rules", RULES, ids=str)
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(ANY_TEXT | WORDS, min_size=1, max_size=5), text=ANY_TEXT | WORDS)
def test_a_bag_is_what_the_plain_functions_say(rules, texts, text):
    bagged = made(rules, texts)
    for asked in (*texts, text, texts[0] + text, texts[0]):  # the last from words that were kept
        assert_right(bagged, asked)


def test_kept_words_go_when_there_are_too_many_and_answers_stay(monkeypatch):
    monkeypatch.setattr(one, "KEPT_WORDS", 3)
    texts = [f"w{number} w{number} common" for number in range(20)]
    bagged = made(TextRules(), texts)
    for text in texts:
        assert_right(bagged, text)
        assert 0 < len(bagged.kept) <= 3


def test_a_word_that_is_very_long_is_not_kept():
    bagged = made(TextRules(), ["a" * 1000])
    assert_right(bagged, "a" * 10_000)
    assert bagged.kept == {}
