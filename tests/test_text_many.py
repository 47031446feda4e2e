"""Counting many texts with arrays: what cutting text by text counts, to the last bit."""

import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.recipe import TextRules
from textkaizen.text import count as counting
from textkaizen.text import streams as pieces
from textkaizen.text import weigh
from textkaizen.text.count import count, count_plainly, count_with_arrays
from textkaizen.text.streams import streams
from textkaizen.text.vectorise import Vocabulary, bags, learn

OFF = (0, 0)
RULES = {
    "the default": TextRules(),
    "long runs of characters": TextRules(words=OFF, characters=(1, 7)),
    "long runs of words": TextRules(words=(1, 5), characters=OFF),
    "the longest runs": TextRules(words=(2, 10), characters=(4, 10)),
    "one length": TextRules(words=(3, 3), characters=(10, 10)),
    "nothing": TextRules(words=OFF, characters=OFF),
}
PICKED = "ab  c\n\t\0\x1c\x85\u2028\u3000Ａßﬀé\u0301\u0308日本🎉\ud800\udfff.,_9नमस्\U0010ffff"
TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=15)
TEXTS = st.lists(TEXT | st.text(st.sampled_from(PICKED), max_size=40), max_size=7)
PIECE = st.sampled_from([1, 30, 2**20])


def assert_same_counts(found, expected):
    assert found.terms == expected.terms
    assert found.split == expected.split
    assert_same_matrix(found.matrix, expected.matrix)


def assert_same_matrix(found, expected):
    assert found.shape == expected.shape
    for name in ("data", "indices", "indptr"):
        own, other = getattr(found, name), getattr(expected, name)
        assert own.dtype == other.dtype
        assert own.tobytes() == other.tobytes()


def with_arrays(texts, rules, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_RUNS", piece)
        return count_with_arrays(iter(texts), streams(rules))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, piece=PIECE)
@example(texts=[], piece=1)
@example(texts=["", " ", "", "a\0", "\0", "a", "a\0b \0"], piece=1)
@example(texts=["x" * 5000 + " " + "🎉" * 3000, "é" * 999], piece=2**20)
def test_the_counts_are_those_of_cutting_text_by_text(rules, texts, piece):
    assert_same_counts(with_arrays(texts, rules, piece), count_plainly(texts, streams(rules)))


@pytest.mark.parametrize("rules", [TextRules(), TextRules(characters=(2, 5))])
def test_thousands_of_code_points_at_once(rules):
    """From all over Unicode, half surrogate pairs and unassigned ones among them."""
    codes = random.Random(5).sample(range(0x110000), 5_000)
    chosen = ["a" + chr(code) + "b" + chr(code) for code in (*codes, *range(0x3000))]
    assert_same_counts(with_arrays(chosen, rules, 20_000), count_plainly(chosen, streams(rules)))


@pytest.mark.parametrize("length", [10, counting.FEW_CHARACTERS, counting.FEW_CHARACTERS + 1])
def test_the_way_is_chosen_by_size_and_does_not_show(length, monkeypatch):
    called = []
    for name in ("count_plainly", "count_with_arrays"):
        own = getattr(counting, name)
        monkeypatch.setattr(
            counting, name, lambda *a, own=own, name=name: [called.append(name), own(*a)][1]
        )
    texts = [("do you open " * length)[:length]]
    assert_same_counts(count(iter(texts), TextRules()), count_plainly(texts, streams(TextRules())))
    many_texts = length > counting.FEW_CHARACTERS
    assert called == ["count_with_arrays" if many_texts else "count_plainly"]


def test_only_the_terms_asked_for_are_spelt():
    texts = ["do you open", "a\0 b", "図書館"]
    counts, plain = (way(texts, streams(TextRules())) for way in (count_with_arrays, count_plainly))
    columns = np.array([len(plain.terms) - 1, 0, plain.split, 3])
    assert counts.named(columns) == tuple(plain.terms[column] for column in columns)
    assert counts.named(columns[:0]) == ()
    assert "terms" not in vars(counts)


def test_a_vocabulary_is_learnt_without_spelling_what_is_thrown_away():
    counts = count_with_arrays(["a b", "a c", "a d"], streams(TextRules(min_texts=3)))
    vocabulary, _ = learn(counts, np.arange(3))
    assert vocabulary.terms == ("a", " ", " a", " a ", "a", "a ")
    assert "terms" not in vars(counts)


def plain_bags(vocabulary, texts):
    """Each text's features looked up by their strings."""
    counts = count_plainly(texts, streams(vocabulary.rules))
    words, characters = vocabulary.numbers
    number = [
        (words if column < counts.split else characters).get(term, -1)
        for column, term in enumerate(counts.terms)
    ]
    how = weigh.Weighing(
        np.array(number, np.int32),
        vocabulary.idf,
        vocabulary.split,
        vocabulary.rules,
    )
    return weigh.weigh(counts.matrix, np.arange(len(texts)), how)


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@settings(max_examples=40, deadline=None)
@given(known=TEXTS, texts=TEXTS)
@example(known=["a b c", "\0", "b\0"], texts=["a b", "b c d", "a c", "\0", "b", "c b a", ""])
def test_known_features_are_found_among_numbers_as_among_strings(rules, known, texts):
    vocabulary, _ = learn(count_plainly(known, streams(rules)), np.arange(len(known)))
    expected = plain_bags(vocabulary, texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "FEW_CHARACTERS", -1)
        patch.setattr("textkaizen.text.vectorise.LARGER", 2**40)
        assert_same_matrix(vocabulary.bags(texts), expected)
        patch.setattr("textkaizen.text.vectorise.PIECE_TEXTS", 2)
        assert_same_matrix(vocabulary.bags(iter(texts)), expected)


def test_terms_that_no_text_can_have_are_never_found(monkeypatch):
    monkeypatch.setattr(counting, "FEW_CHARACTERS", -1)
    rules = TextRules(words=(1, 2), characters=(1, 2))
    odd = Vocabulary(rules, ("b", "a", "a b c", "", "b", "abc"), 4, np.ones(6, np.float32))
    assert odd.bags(["a b c"]).indices.tolist() == [0, 1, 4]


@settings(max_examples=60, deadline=None)
@given(TEXTS.filter(len), st.integers(1, 20), st.data())
def test_bags_do_not_depend_on_the_pieces_they_are_made_in(texts, entries, data):
    counts = count_plainly(texts, streams(TextRules(min_texts=1)))
    rows = np.array(data.draw(st.permutations(range(len(texts)))))[: len(texts) // 2 + 1]
    whole = learn(counts, rows)
    expected = bags(counts, rows, *whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weigh, "MOST_ENTRIES", entries)
        pieced = learn(counts, rows)
        assert pieced[0].terms == whole[0].terms
        assert pieced[0].idf.tobytes() == whole[0].idf.tobytes()
        assert_same_matrix(bags(counts, rows, *pieced), expected)


def peak(texts):
    """Bytes at most while texts are counted, and non-zeros."""
    draw = random.Random(3)
    words = ["".join(draw.choices("aeiourstln", k=draw.randint(2, 9))) for _ in range(3_000)]
    stream = (" ".join(draw.choices(words, k=12)) for _ in range(texts))
    tracemalloc.start()
    counts = count(stream, TextRules(words=(1, 1)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts.matrix.shape[0] == texts
    return most, counts.matrix.nnz


def test_memory_follows_the_non_zeros_and_not_the_runs(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_RUNS", 2**16)
    (less, few), (more, most) = peak(6_000), peak(12_000)
    assert most > few + 800_000
    # 8 bytes stay for each. When measured 7.7 more were needed for each more (the pieces at work
    # are a constant part), on a busy machine up to 14.1 in all, since threads may hold a piece more
    # or less; 25 by cutting text by text.
    assert more - less < 20 * (most - few)
