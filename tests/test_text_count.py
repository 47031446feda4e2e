"""Features of texts: cut as scikit-learn cuts, counted without learning anything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from textkaizen.recipe import TextRules
from textkaizen.text.count import count
from textkaizen.text.cut import WORD
from textkaizen.text.normalise import normalise

WORDS = TextRules(words=(1, 2), characters=(0, 0))
CHARACTERS = TextRules(words=(0, 0), characters=(1, 3))
TEXTS = ["When do you OPEN? When?", "図書館は何時に開きますか", "", "नमस्ते दुनिया", "  \n", "a\0b"]
ANY = st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=12), max_size=6)


def rows(counts):
    """The features of each text and how often they stand there."""
    return [
        {counts.terms[column]: counts.matrix[row, column] for column in counts.matrix[row].indices}
        for row in range(counts.matrix.shape[0])
    ]


@pytest.mark.parametrize("rules", [WORDS, CHARACTERS], ids=["words", "characters"])
def test_counts_are_those_of_scikit_learn(rules):
    how = {"lowercase": False, "preprocessor": normalise}
    if rules is WORDS:
        how |= {"tokenizer": WORD.findall, "token_pattern": None, "ngram_range": (1, 2)}
    else:
        how |= {"analyzer": "char_wb", "ngram_range": (1, 3)}
    reference = CountVectorizer(**how).fit(TEXTS)
    counts = count(TEXTS, rules)
    assert counts.terms == tuple(reference.get_feature_names_out())
    assert (counts.matrix != reference.transform(TEXTS)).nnz == 0
    assert counts.split == (len(counts.terms) if rules is WORDS else 0)


def test_by_hand():
    counts = count(["B a b", "c"], TextRules(words=(1, 2), characters=(1, 1)))
    assert counts.terms[: counts.split] == ("a", "a b", "b", "b a", "c")
    assert counts.terms[counts.split :] == (" ", "a", "b", "c")
    assert counts.matrix.toarray().tolist() == [
        [1, 1, 2, 1, 0, 6, 1, 2, 0],
        [0, 0, 0, 0, 1, 2, 0, 0, 1],
    ]


def test_words_keep_their_vowel_signs():
    assert WORD.findall("नमस्ते สวัสดี, ok 3") == ["नमस्ते", "สวัสดี", "ok", "3"]


@settings(max_examples=100, deadline=None)
@given(ANY)
def test_the_order_of_the_texts_changes_nothing_but_the_order_of_the_rows(texts):
    counts, turned = count(texts, TextRules()), count(texts[::-1], TextRules())
    assert counts.terms == turned.terms
    assert rows(counts) == rows(turned)[::-1]
    assert (counts.matrix.sum(0) == turned.matrix.sum(0)).all()


@settings(max_examples=100, deadline=None)
@given(ANY)
def test_a_texts_counts_do_not_depend_on_the_other_texts(texts):
    together = rows(count(texts, WORDS))
    assert together == [rows(count([text], WORDS))[0] for text in texts]


@pytest.mark.parametrize("texts", [[], [""], ["", " "]])
def test_no_text_and_empty_texts_have_no_features(texts):
    counts = count(texts, TextRules())
    assert counts.matrix.shape == (len(texts), 0)
    assert counts.matrix.dtype == np.float32
    assert counts.terms == ()
