"""Parting rows: never one unit on both sides, every class its share, the same for every order."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.data import (
    Corpus,
    canonical,
    content_hash,
    folds,
    hold_out,
    overlap,
    together,
    without_empty,
)

LABELS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=60)


@st.composite
def labels_and_units(draw):
    labels = draw(LABELS)
    units = draw(st.lists(st.integers(0, len(labels)), min_size=len(labels), max_size=len(labels)))
    return labels, np.array(units)


@st.composite
def corpora(draw):
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(["", " ", "A", "a", "b", "c d"]), st.sampled_from("xy"),
                      st.sampled_from(["", "g", "h"])),
            min_size=1, max_size=30,
        )
    )  # fmt: skip
    texts, labels, groups = zip(*rows, strict=True)
    return Corpus(texts, labels, draw(st.sampled_from([None, groups])))


def keys_of(corpus):
    return [text.lower() for text in corpus.texts]


@given(labels_and_units(), st.floats(0, 0.9), st.integers(0, 5), st.integers(1, 3))
def test_no_unit_is_torn_and_each_class_keeps_some_rows(drawn, share, seed, keep):
    labels, units = drawn
    held = hold_out(labels, units, share, seed, keep)
    assert not set(units[held]) & set(units[~held])
    left = Counter(label for label, is_held in zip(labels, held, strict=True) if not is_held)
    for label, count in Counter(labels).items():
        assert left[label] >= min(keep, count)


@given(LABELS, st.floats(0, 0.9), st.integers(0, 5))
def test_single_rows_are_held_out_within_one_of_each_class_share(labels, share, seed):
    held = hold_out(labels, np.arange(len(labels)), share, seed)
    given_up = Counter(label for label, is_held in zip(labels, held, strict=True) if is_held)
    for label, count in Counter(labels).items():
        assert abs(given_up[label] - share * count) <= 1
    assert held.sum() <= round(share * len(labels))


def test_large_groups_are_held_out_too():
    # Ten customers of 20 rows; the share of every class is met only by whole customers.
    generator = np.random.default_rng(0)
    units = np.repeat(np.arange(10), 20)
    labels = generator.choice(["x", "y", "z"], 200).tolist()
    for seed in range(20):
        held = hold_out(labels, units, 0.2, seed)
        assert held.sum() == 40  # two customers are nearest to a fifth, whichever they are


def test_one_group_of_all_rows_cannot_be_held_out():
    assert not hold_out(["a", "b"] * 10, np.zeros(20, int), 0.2, seed=0).any()


@given(labels_and_units(), st.integers(2, 5), st.integers(0, 5))
def test_no_fold_tears_a_unit_and_none_is_empty_where_units_suffice(drawn, count, seed):
    labels, units = drawn
    fold = folds(labels, units, count, seed)
    assert set(fold.tolist()) <= set(range(count))
    for unit in set(units.tolist()):
        assert len(set(fold[units == unit].tolist())) == 1
    if len(set(units.tolist())) >= count:
        assert set(fold.tolist()) == set(range(count))


@given(LABELS, st.integers(2, 5), st.integers(0, 5))
def test_single_rows_are_dealt_within_one_of_each_class_and_of_all(labels, count, seed):
    fold = folds(labels, np.arange(len(labels)), count, seed)
    for label in set(labels):
        sizes = np.bincount(fold[np.array(labels) == label], minlength=count)
        assert np.ptp(sizes) <= 1
    assert np.ptp(np.bincount(fold, minlength=count)) <= 1


def test_folds_and_held_out_rows_follow_the_seed():
    labels, units = ["a", "b"] * 50, np.arange(100)
    for draw in (
        lambda seed: hold_out(labels, units, 0.2, seed),
        lambda seed: folds(labels, units, 5, seed),
    ):
        assert (draw(1) == draw(1)).all()
        assert (draw(1) != draw(2)).any()


@settings(max_examples=60)
@given(corpora(), st.randoms(use_true_random=False), st.integers(0, 3))
def test_the_order_of_the_rows_changes_nothing_once_canonical(corpus, random, seed):
    order = list(range(len(corpus)))
    random.shuffle(order)
    parted = []
    for rows in (corpus, corpus.take(np.array(order))):
        ordered = canonical(rows)
        units = together(ordered, keys_of(ordered))
        parted.append(
            (
                ordered,
                content_hash(rows),
                units.tolist(),
                hold_out(ordered.labels, units, 0.3, seed).tolist(),
                folds(ordered.labels, units, 3, seed).tolist(),
            )
        )
    assert parted[0] == parted[1]


@given(corpora())
def test_rows_share_a_unit_just_if_a_chain_of_equal_texts_and_groups_joins_them(corpus):
    keys, groups = keys_of(corpus), corpus.groups or ("",) * len(corpus)
    count = len(corpus)
    joined = np.eye(count, dtype=bool)
    for one in range(count):
        for other in range(count):
            same_group = groups[one] == groups[other] != ""
            joined[one, other] |= keys[one] == keys[other] or same_group
    for middle in range(count):  # the transitive closure, by Warshall
        joined |= joined[:, [middle]] & joined[[middle], :]
    units = together(corpus, keys)
    assert ((units[:, None] == units[None, :]) == joined).all()


def test_a_row_without_a_group_belongs_to_no_group():
    corpus = Corpus(("a", "b", "c", "d"), ("x",) * 4, ("", "", "g", "g"))
    assert together(corpus, corpus.texts).tolist() == [0, 1, 2, 2]


def test_overlap_finds_what_the_test_has_too_but_not_empty_texts():
    assert overlap(["a", "b", "", "a"], ["a", "", "c"]).tolist() == [True, False, False, True]


def test_the_hash_knows_texts_and_labels_apart():
    pairs = [(("ab",), ("c",)), (("a",), ("bc",)), (("c",), ("ab",)), (("ab", "ab"), ("c", "c"))]
    assert len({content_hash(Corpus(*pair)) for pair in pairs}) == len(pairs)
    assert content_hash(Corpus(("\ud83d",), ("x",))) != content_hash(Corpus(("\ud83e",), ("x",)))


def test_blank_texts_are_dropped_with_all_that_belongs_to_their_rows():
    corpus = Corpus(("a", "\u3000 \n", "", "b"), ("w", "x", "y", "z"), ("1", "2", "3", "4"),
                    (2, 3, 5, 6), "f.csv")  # fmt: skip
    assert without_empty(corpus) == Corpus(("a", "b"), ("w", "z"), ("1", "4"), (2, 6), "f.csv")
    whole = Corpus(("a",), ("x",))
    assert without_empty(whole) is whole
    assert len(without_empty(Corpus(("", " "), ("x", "y")))) == 0


@pytest.mark.parametrize("count", [1, 2, 7])
def test_few_rows_are_dealt_without_complaint(count):
    assert len(folds(["a"] * count, np.arange(count), 5, 0)) == count
    assert hold_out(["a"] * count, np.arange(count), 0.2, 0).sum() <= count - 1
