"""Hashed features: the same numbers whichever way and wherever, and no terms anywhere."""

import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.data import Corpus
from textkaizen.recipe import TextRules
from textkaizen.study.material import Material
from textkaizen.text import count as counting
from textkaizen.text import streams as pieces
from textkaizen.text.buckets import (
    Buckets,
    Sums,
    character_symbols,
    finish,
    finished,
    hash_of,
    kinds_of,
)
from textkaizen.text.count import count, count_plainly, count_with_arrays
from textkaizen.text.streams import streams
from textkaizen.text.vectorise import bags, learn

OFF = (0, 0)
RULES = {
    "the default": TextRules(hashed=1024),
    "the fewest": TextRules(hashed=2**8),
    "the most": TextRules(hashed=2**24),
    "words only": TextRules(characters=OFF, hashed=512),
    "long runs of words": TextRules(words=(2, 10), characters=OFF, hashed=512),
    "characters only": TextRules(words=OFF, hashed=512),
    "the longest runs": TextRules(words=(2, 5), characters=(4, 10), hashed=4096, sublinear=False),
}
WORDS = TextRules(words=(1, 1), characters=OFF, min_texts=1, hashed=256)
PICKED = "ab  c\n\t\0\x1c\x85\u2028\u3000Ａßﬀé\u0301\u0308日本🎉\ud800\udfff.,_9नमस्\U0010ffff"
TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=15)
TEXTS = st.lists(TEXT | st.text(st.sampled_from(PICKED), max_size=40), max_size=7)
ALL = 2**64


def of_words(term, size=ALL):
    return Buckets(True, 0, size).get(term)


def of_characters(term, size=ALL):
    return Buckets(False, 0, size).get(term)


def assert_same_matrix(found, expected):
    assert found.shape == expected.shape
    for name in ("data", "indices", "indptr"):
        own, other = getattr(found, name), getattr(expected, name)
        assert own.dtype == other.dtype
        assert own.tobytes() == other.tobytes()


def test_hashes_are_these_for_ever():
    """Written down once, worked out from the formula by a program of its own: models rely on it."""
    assert of_characters("a") == 0x53377BA2CD2A38D1
    assert of_characters(" a ") == 0x1DD3BF88FE350EFC
    assert of_characters("日本") == 0x34B53F0144F1C8C4
    assert of_characters("🎉") == 0xA02CFCB8BDB4AC3C
    assert of_characters("\0") == 0x7D6E4AC38B2B1BE2
    assert of_characters("\ud800") == 0xCB90D70F29F29946
    assert of_words("do") == 0xA747A9982DC1582D
    assert of_words("do you") == 0x62B0AB09F446D546
    assert of_words("日本 語") == 0x1E5197E620F37FF6


@given(st.lists(st.integers(0, ALL - 1), min_size=1, max_size=30), st.data())
def test_a_stretch_of_running_sums_is_hashed_as_it_is_alone(symbols, data):
    start = data.draw(st.integers(0, len(symbols) - 1))
    end = data.draw(st.integers(start + 1, len(symbols)))
    sums = Sums(np.array(symbols, np.uint64))
    found = sums.hashes(np.array([start, 0]), np.array([end, len(symbols)]))
    assert found.tolist() == [hash_of(symbols[start:end]), hash_of(symbols)]
    assert finished(np.array(symbols, np.uint64)).tolist() == [finish(each) for each in symbols]


def test_every_code_point_has_a_symbol_of_its_own():
    symbols = character_symbols(np.arange(0x110000, dtype=np.uint32))
    assert len(np.unique(symbols)) == 0x110000
    assert symbols[:100].tolist() == [finish(code + 1) for code in range(100)]
    assert symbols.all()  # a symbol of 0 would be none at all


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, piece=st.sampled_from([1, 30, 2**20]))
@example(texts=[], piece=1)
@example(texts=["", " ", "", "a\0", "\0", "a", "a\0b \0"], piece=1)
@example(texts=["x" * 5000 + " " + "🎉" * 3000, "é" * 999], piece=2**20)
def test_arrays_count_what_plain_python_counts(rules, texts, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_RUNS", piece)
        found = count_with_arrays(iter(texts), streams(rules))
    expected = count_plainly(texts, streams(rules))
    assert_same_matrix(found.matrix, expected.matrix)
    assert found.matrix.has_sorted_indices
    assert (found.split, found.terms) == (expected.split, ())


def test_thousands_of_code_points_at_once():
    """From all over Unicode, half surrogate pairs and unassigned ones among them."""
    codes = random.Random(5).sample(range(0x110000), 5_000)
    chosen = ["a" + chr(code) + "b" + chr(code) for code in (*codes, *range(0x3000))]
    rules = TextRules(hashed=2**20)
    arrays, plain = count_with_arrays(chosen, streams(rules)), count_plainly(chosen, streams(rules))
    assert_same_matrix(arrays.matrix, plain.matrix)


def test_words_and_characters_have_a_half_each_or_all():
    halves = kinds_of(TextRules(hashed=1024))
    assert [(kind.first, kind.size) for kind in halves] == [(0, 512), (512, 512)]
    assert [len(kind) for kind in kinds_of(RULES["words only"])] == [512, 0]
    assert [len(kind) for kind in kinds_of(RULES["characters only"])] == [0, 512]
    counts = count(["open"], TextRules(words=(1, 1), characters=(4, 4), hashed=512))
    words = of_words("open", 256)
    runs = sorted(256 + of_characters(run, 256) for run in (" ope", "open", "pen "))
    assert counts.matrix.indices.tolist() == [words, *runs]
    assert counts.split == 256


def test_terms_that_share_a_bucket_add_up():
    assert of_words("room", 256) == of_words("close", 256) == 223
    counts = count(["room close room", "close book"], WORDS)
    assert counts.matrix[:, 223].toarray().ravel().tolist() == [3, 1]
    assert of_words("book", 256) == 0
    assert counts.matrix[:, 0].toarray().ravel().tolist() == [0, 1]
    vocabulary, _ = learn(counts, np.arange(2))
    found, weights = vocabulary.bag("close room")
    assert (found.tolist(), weights.tolist()) == ([223], [1.0])


def test_terms_spread_evenly_over_the_buckets():
    """Of 1,024 buckets with 200 terms each on average chi-square is 1,023 with a spread of 45."""
    terms = {
        "counted words": [of_words(f"word{number}", 1024) for number in range(204_800)],
        "pairs": [of_words(f"{one} {two}", 1024) for one in range(512) for two in range(400)],
        "characters": [
            of_characters(chr(one) + chr(two), 1024)
            for one in range(0x4E00, 0x5000)
            for two in range(0x3041, 0x3041 + 400)
        ],
    }
    for name, buckets in terms.items():
        there = np.bincount(buckets, minlength=1024)
        # No seed: hashes are fixed. Five spreads off would be one in millions.
        assert abs(np.sum((there - 200) ** 2 / 200) - 1023) < 5 * 45, name


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@settings(max_examples=40, deadline=None)
@given(known=TEXTS.filter(len), text=TEXT)
def test_any_text_gets_the_same_bag_alone_and_among_others(rules, known, text):
    if rules.hashed > 2**20:  # numbers so large are counted above
        rules = TextRules(hashed=2**20)
    vocabulary, columns = learn(count(known, rules), np.arange(len(known)))
    asked = [text, known[0], known[0] + text, "", *known]
    for few in (-1, 2**40):  # with arrays, in plain Python
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(counting, "FEW_CHARACTERS", few)
            together = vocabulary.bags(asked)
            for number, each in enumerate(asked):
                features, weights = vocabulary.bag(each)
                row = together[number]
                assert features.tolist() == row.indices.tolist()
                np.testing.assert_allclose(weights, row.data, rtol=1e-6)
    counts = count(known, rules)
    assert_same_matrix(together[4:], bags(counts, np.arange(len(known)), vocabulary, columns))


def test_idf_is_learnt_from_training_texts_and_bounded_by_min_texts():
    train = ["open now", "open late", "open book", "late"]
    for others in ([], ["book book", "unseen now"]):
        counts = count([*train, *others], TextRules(**{**vars(WORDS), "min_texts": 2}))
        vocabulary, columns = learn(counts, np.arange(4))
        assert (vocabulary.terms, vocabulary.split) == ((), 256)
        assert columns.tolist() == list(range(256))
        idf = {word: float(vocabulary.idf[of_words(word, 256)]) for word in ("open", "late", "now")}
        # ln((1 + texts) / (1 + texts with it)) + 1: of 3, of 2, and of 1, which counts as 2.
        expected = dict(zip(idf, np.log(5 / np.array([4, 3, 3])) + 1, strict=True))
        assert idf == pytest.approx(expected, rel=1e-6)
        assert of_words("desk", 256) not in counts.matrix.indices
        assert vocabulary.idf[of_words("desk", 256)] == vocabulary.idf.max()  # never seen
    single, _ = learn(count(train, WORDS), np.arange(4))
    assert single.idf.max() == pytest.approx(np.log(5 / 2) + 1, rel=1e-6)
    assert np.isfinite(learn(counts, np.array([], int))[0].idf).all()


def test_folds_of_a_study_share_the_buckets_and_nothing_else():
    texts = tuple(f"{topic} only{number}" for number in range(12) for topic in ("open", "late"))
    corpus = Corpus(texts, tuple(text.split()[0] for text in texts))
    rules = TextRules(words=(1, 1), characters=OFF, min_texts=1, hashed=2**16)
    material = Material(corpus, 3, (1,))
    material.prepare(rules, 0)
    assert material.table_rows(rules, 0) == 2**16
    for fold in range(3):
        part = material.fold_bags(rules, 0, fold)
        assert part.train_bags.shape == (16, 2**16)
        assert part.test_bags.shape == (8, 2**16)
        for number, row in zip(part.test, part.test_bags, strict=True):
            counts = count([texts[each] for each in part.train], rules)
            expected = learn(counts, np.arange(16))[0].bags([texts[number]])
            assert_same_matrix(row, expected)


def memory_of(texts, rules):
    """Bytes that stay and bytes at most while texts of words that no other text has are counted."""
    stream = (" ".join(f"w{number}x{word}" for word in range(12)) for number in range(texts))
    tracemalloc.start()
    counts = count(stream, rules)
    stay, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts.matrix.shape[0] == texts
    return stay / counts.matrix.nnz, most / counts.matrix.nnz


def test_memory_does_not_hold_the_terms(monkeypatch):
    """Bytes for each non-zero where each is another term: 8 and its share of a row stay."""
    monkeypatch.setattr(pieces, "PIECE_RUNS", 2**14)
    rules = TextRules(words=(1, 1), characters=OFF, hashed=2**20)
    stay, most = memory_of(10_000, rules)
    named, most_named = memory_of(10_000, TextRules(words=(1, 1), characters=OFF))
    assert stay < 9
    # Their strings alone take 56 bytes or more each.
    assert named > 60
    assert most < most_named / 4
