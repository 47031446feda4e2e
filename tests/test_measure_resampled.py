"""The corrected resampled t interval, and the differences of lanes it is made of."""

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from textkaizen.errors import UsageError
from textkaizen.measure.compare import Answers, lane_differences, resampled_t
from textkaizen.measure.metrics import log_loss, macro_f1


def some_runs(seeds=2, texts=120, folds=4, classes=3):
    generator = np.random.default_rng(7)
    true = generator.integers(0, classes, texts)
    before, after = generator.integers(0, classes, (2, seeds, texts))
    partition = np.stack([generator.permutation(texts) % folds for _ in range(seeds)])
    return true, before, after, partition


def test_the_interval_is_students_but_for_the_variance_that_shared_training_texts_add():
    lanes = np.random.default_rng(1).normal(0.01, 0.02, 15)
    found = resampled_t(lanes, test_share=0.2)
    plain = ttest_1samp(lanes, 0)
    # 1 / 15 becomes 1 / 15 + 0.2 / 0.8.
    wider = np.sqrt((1 / 15 + 1 / 4) * 15)
    assert found.value == pytest.approx(lanes.mean())
    assert found.value / found.error == pytest.approx(plain.statistic / wider)
    assert found.p == pytest.approx(2 * t.sf(abs(plain.statistic / wider), 14))
    low, high = plain.confidence_interval(0.95)
    assert found.high - found.low == pytest.approx((high - low) * wider)


def test_lanes_that_all_say_the_same_leave_no_doubt():
    assert resampled_t(np.zeros(5), 0.2).p == 1
    same = resampled_t(np.full(5, 0.25), 0.2)
    assert (same.value, same.low, same.high, same.p) == (0.25, 0.25, 0.25, 0)


def test_a_lanes_difference_is_the_metric_of_its_own_texts():
    true, before, after, folds = some_runs()
    found = lane_differences(true, before, after, folds, classes=3)
    assert found.shape == (8,)
    own = folds[1] == 2
    expected = macro_f1(true[own], after[1, own], 3) - macro_f1(true[own], before[1, own], 3)
    assert found[6] == pytest.approx(expected)


def test_a_lane_counts_once_both_have_answered_all_of_it():
    true, before, after, folds = some_runs()
    whole = lane_differences(true, before, after, folds, classes=3)
    before, after = before.copy(), after.copy()
    before[1, folds[1] == 3] = -1
    after[1, np.flatnonzero(folds[1] == 1)[0]] = -1
    cut = lane_differences(true, before, after, folds, classes=3)
    assert cut.tolist() == np.delete(whole, [5, 7]).tolist()
    assert lane_differences(true, before, np.full_like(after, -1), folds, classes=3).shape == (0,)


def test_less_log_loss_after_is_a_positive_difference():
    true, before, after, folds = some_runs(seeds=1)
    generator = np.random.default_rng(3)
    unsure = generator.dirichlet(np.ones(3), (1, 120)).astype(np.float32)
    surer = 0.5 * unsure + 0.5 * np.eye(3, dtype=np.float32)[true]
    one, other = Answers(before, unsure), Answers(after, surer)
    found = lane_differences(true, one, other, folds, classes=3, metric="log_loss")
    own = folds[0] == 0
    expected = log_loss(true[own], unsure[0, own]) - log_loss(true[own], surer[0, own])
    assert found[0] == pytest.approx(expected)
    assert (found > 0).all()


def test_a_lane_without_one_of_the_classes_has_no_score_by_a_scorer():
    true, before, after, folds = some_runs(seeds=1)
    true = np.where(folds[0] == 3, true % 2, true)
    arguments = {"classes": 3, "metric": "balanced_accuracy"}
    assert lane_differences(true, before, after, folds, **arguments).shape == (3,)
    assert lane_differences(true, before, after, folds, classes=3).shape == (4,)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: resampled_t(np.array([0.1]), 0.2), r"at least 2 lanes; found the shape \(1,\)"),
        (lambda: resampled_t(np.zeros(3), 1.0), "between 0 and 1; found 1.0 and 0.95"),
        (
            lambda: lane_differences(
                np.zeros(4, int),
                np.zeros((1, 4), int),
                np.zeros((2, 4), int),
                np.zeros(4),
                classes=1,
            ),
            r"found the shapes \(1, 4\) and \(2, 4\)",
        ),
    ],
)
def test_what_has_no_interval_is_refused_with_what_to_do(call, told):
    with pytest.raises(UsageError, match=told):
        call()
