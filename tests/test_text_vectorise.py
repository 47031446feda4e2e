"""TF-IDF: scikit-learn's numbers, learnt from training texts only, one text like many."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from textkaizen.recipe import TextRules
from textkaizen.text.count import count
from textkaizen.text.cut import WORD
from textkaizen.text.normalise import normalise
from textkaizen.text.vectorise import bags, learn

EXAMPLES = Path(__file__).parent.parent / "examples"
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=15)


def library(language):
    with (EXAMPLES / f"library-{language}.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert len(texts) > 400
    return texts


def parted(texts):
    """Every third text is held out."""
    rows = np.arange(len(texts))
    return rows[rows % 3 > 0], rows[rows % 3 == 0]


def references(rules):
    shared = {
        **{"lowercase": False, "preprocessor": normalise, "sublinear_tf": rules.sublinear},
        "min_df": rules.min_texts,
    }
    if rules.words != (0, 0):
        how = {"tokenizer": WORD.findall, "token_pattern": None, "ngram_range": rules.words}
        yield TfidfVectorizer(**shared, **how)
    if rules.characters != (0, 0):
        yield TfidfVectorizer(**shared, analyzer="char_wb", ngram_range=rules.characters)


@pytest.mark.parametrize("language", ["ja", "de"])
@pytest.mark.parametrize(
    "rules",
    [
        TextRules(),
        TextRules(sublinear=False, min_texts=1),
        TextRules(words=(0, 0), characters=(2, 4)),
        TextRules(words=(1, 1), characters=(0, 0)),
    ],
    ids=["default", "plain counts", "characters", "words"],
)
def test_bags_are_those_of_scikit_learn(language, rules):
    texts = library(language)
    train, test = parted(texts)
    counts = count(texts, rules)
    vocabulary, columns = learn(counts, train)
    fitted = [each.fit([texts[row] for row in train]) for each in references(rules)]
    terms = [term for each in fitted for term in each.get_feature_names_out()]
    assert vocabulary.terms == tuple(terms)
    for rows in (train, test):
        chosen = [texts[row] for row in rows]
        expected = hstack([each.transform(chosen) for each in fitted], format="csr")
        found = bags(counts, rows, vocabulary, columns)
        assert found.dtype == np.float32
        assert found.nnz == expected.nnz
        # Float32 against float64.
        assert abs(found - expected).max() < 1e-6


@pytest.mark.parametrize("language", ["ja", "de", "en"])
def test_one_text_many_texts_and_the_texts_of_a_study_get_the_same_bags(language):
    texts = library(language)
    train, test = parted(texts)
    counts = count(texts, TextRules())
    vocabulary, columns = learn(counts, train)
    of_study = bags(counts, test, vocabulary, columns)
    chosen = [texts[row] for row in test]
    of_many = vocabulary.bags(chosen)
    assert (of_many.indptr == of_study.indptr).all()
    assert (of_many.indices == of_study.indices).all()
    assert (of_many.data == of_study.data).all()
    for number, text in enumerate(chosen):
        assert_same(vocabulary.bag(text), of_study[number])


def assert_same(bag, row):
    features, weights = bag
    order = np.argsort(features)
    assert (features[order] == row.indices).all()
    np.testing.assert_allclose(weights[order], row.data, rtol=1e-6)


RULES = [TextRules(min_texts=1), TextRules(min_texts=1, sublinear=False, characters=(2, 3))]


@pytest.mark.parametrize("rules", RULES)
@settings(max_examples=100, deadline=None)
@given(known=st.lists(ANY_TEXT, min_size=1, max_size=5), text=ANY_TEXT)
def test_any_text_gets_the_same_bag_alone_and_among_others(rules, known, text):
    vocabulary, _ = learn(count(known, rules), np.arange(len(known)))
    for asked in (text, known[0], known[0] + text):
        assert_same(vocabulary.bag(asked), vocabulary.bags([text, asked])[1])


def test_a_vocabulary_and_its_weights_are_learnt_from_training_texts_only():
    train = ["open now", "open late", "late fee"]
    rules = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
    vocabularies = []
    for others in (["open fee fee", "unseen words"], ["now now", ""], []):
        counts = count([*train, *others], rules)
        vocabularies.append(learn(counts, np.arange(3))[0])
    for vocabulary in vocabularies:
        assert vocabulary.terms == ("fee", "late", "now", "open")
        # ln((1 + texts) / (1 + texts with it)) + 1
        expected = np.log(4 / np.array([2, 3, 2, 3])) + 1
        np.testing.assert_allclose(vocabulary.idf, expected, rtol=1e-6)


def test_by_hand():
    rules = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
    counts = count(["a a b", "b"], rules)
    vocabulary, _ = learn(counts, np.arange(2))
    a, b = (1 + np.log(2)) * (np.log(3 / 2) + 1), 1.0
    row = vocabulary.bags(["a a b"]).toarray()[0]
    np.testing.assert_allclose(row, np.array([a, b]) / np.hypot(a, b), rtol=1e-6)


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
@settings(deadline=None)
def test_words_and_characters_are_each_of_length_one_or_absent(texts):
    rules = TextRules(min_texts=1)
    counts = count(texts, rules)
    rows = np.arange(len(texts))
    vocabulary, columns = learn(counts, rows)
    found = bags(counts, rows, vocabulary, columns)
    for part in (found[:, : vocabulary.split], found[:, vocabulary.split :]):
        lengths = np.sqrt(part.multiply(part).sum(1))
        assert all(abs(length - 1) < 1e-5 or length == 0 for length in np.ravel(lengths))


def test_a_feature_must_stand_in_enough_training_texts():
    texts = ["a b", "a c", "a b", "c"]
    rules = TextRules(words=(1, 1), characters=(0, 0), min_texts=2)
    vocabulary, columns = learn(count(texts, rules), np.array([0, 1, 2]))
    assert vocabulary.terms == ("a", "b")
    assert columns.tolist() == [0, 1]


def test_few_training_texts_ask_for_no_more_than_there_are_and_none_teach_nothing():
    counts = count(["a b", "a c"], TextRules(words=(1, 1), characters=(0, 0), min_texts=2))
    assert learn(counts, np.array([0]))[0].terms == ("a", "b")
    assert learn(counts, np.array([], int))[0].terms == ()


def test_unknown_and_empty_texts_have_empty_bags():
    rules = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
    vocabulary, _ = learn(count(["open"], rules), np.array([0]))
    assert vocabulary.bags(["", "図書館"]).nnz == 0
    assert [len(part) for part in vocabulary.bag("図書館")] == [0, 0]
    assert [len(part) for part in vocabulary.bag("")] == [0, 0]
    assert vocabulary.bags([]).shape == (0, len(vocabulary.terms))
