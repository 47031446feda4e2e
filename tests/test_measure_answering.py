"""Scores of how sure an answer is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.measure.answering import (
    SCORES,
    answerability,
    auroc,
    class_means,
    distances,
    softmax,
)

LOGITS = np.log([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])


def test_scores_by_hand():
    np.testing.assert_allclose(answerability("probability", LOGITS), [0.7, 0.4])
    np.testing.assert_allclose(answerability("margin", LOGITS), [0.5, 0.05])
    np.testing.assert_allclose(answerability("energy", LOGITS + 3), [3, 3])
    means = np.array([[1.0, 0, -1], [0, 0, 0], [0, 0, 0]])
    found = answerability("distance", np.array([[7.0, 3, 5], [3, 2, 1]]), means)
    # Centred: (2, -2, 0) and (1, 0, -1); both are of the first class.
    np.testing.assert_allclose(found, [-np.sqrt((1 + 4 + 1) / 3), 0])


def test_the_distance_needs_means():
    with pytest.raises(ValueError, match="means of the classes"):
        answerability("distance", LOGITS)


@given(st.integers(0, 100), st.floats(-20, 20))
def test_only_the_energy_knows_what_is_added_to_all_logits(seed, constant):
    logits = np.random.default_rng(seed).normal(0, 2, (7, 4))
    means = class_means(logits, np.arange(7) % 4)
    for score in SCORES:
        moved = answerability(score, logits + constant, means)
        wanted = answerability(score, logits, means) + (constant if score == "energy" else 0)
        np.testing.assert_allclose(moved, wanted, atol=1e-9)


def test_huge_logits_have_scores():
    huge = np.float32([[1e4, -1e4, 0]])
    assert answerability("probability", huge) == 1
    assert answerability("energy", huge) == pytest.approx(1e4)


@given(st.integers(0, 200))
def test_a_text_takes_no_part_in_the_mean_that_it_is_measured_by(seed):
    generator = np.random.default_rng(seed)
    logits, truth = generator.normal(0, 2, (9, 3)), generator.integers(-1, 3, 9)
    own = truth >= 0
    found = distances(logits, class_means(logits[own], truth[own]), truth)
    for text in range(9):
        others = own & (np.arange(9) != text)
        means = class_means(logits[others], truth[others])
        alone = distances(logits[[text]], means)[0]
        assert found[text] == pytest.approx(alone, abs=1e-5)  # means are float32


@given(st.integers(0, 200))
def test_auroc_counts_pairs(seed):
    generator = np.random.default_rng(seed)
    inside, outside = generator.integers(0, 6, 8) / 5, generator.integers(0, 6, 5) / 5
    pairs = (inside[:, None] > outside).mean() + (inside[:, None] == outside).mean() / 2
    assert auroc(inside, outside) == pytest.approx(pairs)


def test_softmax_adds_up_to_one():
    np.testing.assert_allclose(softmax(LOGITS * 100).sum(1), 1)
