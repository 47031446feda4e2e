"""Bags of real texts are scikit-learn's, and made at least three times as fast.

Needs the folder of data sets that TEXTKAIZEN_DATASETS names, as test_study_real.py.
"""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import TextRules
from textkaizen.text.count import count
from textkaizen.text.cut import WORD
from textkaizen.text.normalise import normalise
from textkaizen.text.vectorise import bags, learn

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("TEXTKAIZEN_DATASETS", ROOT.parent / "shared" / "datasets"))
SETS = ["sib200_ja", "germeval2018_coarse", "clinc150_small"]
SHARED = {"lowercase": False, "preprocessor": normalise, "min_df": 2}
WORDS = SHARED | {"tokenizer": WORD.findall, "token_pattern": None, "ngram_range": (1, 2)}
CHARACTERS = SHARED | {"analyzer": "char_wb", "ngram_range": (1, 3)}
TFIDF = [TfidfVectorizer(**how, sublinear_tf=True) for how in (WORDS, CHARACTERS)]
RAW = TextRules(idf=False, norm="none", sublinear=False)
KINDS = {
    "TF-IDF": (TextRules(), TFIDF),
    "TF-IDF of plain counts, sums of one": (
        TextRules(sublinear=False, norm="l1"),
        [TfidfVectorizer(**how, norm="l1") for how in (WORDS, CHARACTERS)],
    ),
    "bags of words": (RAW, [CountVectorizer(**how) for how in (WORDS, CHARACTERS)]),
}


def texts_of(name, part="train"):
    path = FOLDER / name / f"{part}.csv"
    assert path.exists(), f"{path} is missing: set TEXTKAIZEN_DATASETS to the folder of data sets."
    return list(load_corpus(path, Columns("text", "label", None)).texts)


def ours(texts, train, rules):
    """Bags of all texts by a vocabulary of the first of them."""
    counts = count(texts, rules)
    vocabulary, columns = learn(counts, np.arange(train))
    return vocabulary, bags(counts, np.arange(len(texts)), vocabulary, columns)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("kind", KINDS)
def test_bags_of_real_texts_are_those_of_scikit_learn(name, kind):
    rules, vectorisers = KINDS[kind]
    train, test = texts_of(name), texts_of(name, "test")
    for each in vectorisers:
        each.fit(train)
    vocabulary, found = ours(train + test, len(train), rules)
    terms = [term for each in vectorisers for term in each.get_feature_names_out()]
    assert vocabulary.terms == tuple(terms)
    expected = csr_matrix(hstack([each.transform(train + test) for each in vectorisers]))
    assert found.nnz == expected.nnz > 10_000
    # Float32 against float64, of weights of at most 1; counts are whole numbers, and equal.
    assert abs(found - expected).max() <= (0 if kind == "bags of words" else 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("clinc150", 15_000), ("nsmc_200k", 20_000)])
def test_bags_are_made_at_least_three_times_as_fast_as_by_scikit_learn(name, most):
    """Programs take turns; the least of three counts, for a busy machine makes a turn slower only.

    Drawn by seed 0. Measured alone on two cores: 4.3 and 5.9 times. The promise is 3 times.
    """
    texts = texts_of(name)
    texts = random.Random(0).sample(texts, min(most, len(texts)))
    ours(texts[:500], 500, TextRules())  # what is imported first
    seconds = {"ours": [], "scikit-learn": []}
    for _ in range(3):
        begun = time.perf_counter()
        _, found = ours(texts, len(texts), TextRules())
        between = time.perf_counter()
        expected = csr_matrix(hstack([each.fit_transform(texts) for each in TFIDF]))
        seconds["ours"].append(between - begun)
        seconds["scikit-learn"].append(time.perf_counter() - between)
        assert abs(found - expected).max() < 1e-6
    assert min(seconds["scikit-learn"]) >= 3 * min(seconds["ours"]), seconds
