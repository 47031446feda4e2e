"""Texts are cut into the features that scikit-learn's analysers cut them into."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from textkaizen.recipe import TextRules
from textkaizen.text.cut import WORD, character_features, word_features
from textkaizen.text.normalise import normalise
from textkaizen.text.streams import streams

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
WORDS = st.lists(st.sampled_from(["a", "do", "open", "開館", "café", "x9", "-"]), max_size=8)
SPANS = st.tuples(st.integers(1, 5), st.integers(0, 4)).map(lambda pair: (pair[0], sum(pair)))


def reference(span, **how):
    """scikit-learn's analyser for features of these lengths."""
    return CountVectorizer(lowercase=False, ngram_range=span, **how).build_analyzer()


@settings(max_examples=300, deadline=None)
@given(ANY | WORDS.map(" ".join), SPANS)
def test_features_are_those_of_scikit_learn_as_often_as_there(text, span):
    normal = normalise(text)
    words = reference(span, tokenizer=WORD.findall, token_pattern=None)
    assert Counter(word_features(WORD.findall(normal), span)) == Counter(words(normal))
    within, over = reference(span, analyzer="char_wb"), reference(span, analyzer="char")
    assert Counter(character_features(normal, span)) == Counter(within(normal))
    assert Counter(character_features(normal, span, within=False)) == Counter(over(normal))


def test_a_word_shorter_than_its_runs_counts_once():
    assert character_features("a", (4, 6)) == [" a "]
    assert character_features("a", (1, 6)) == [" ", "a", " ", " a", "a ", " a "]


@pytest.mark.parametrize("off", ["words", "characters"])
def test_a_kind_that_is_off_cuts_nothing(off):
    words, characters = streams(TextRules(**{off: (0, 0)})).terms("do you open")
    assert bool(words) == (off != "words")
    assert bool(characters) == (off != "characters")
