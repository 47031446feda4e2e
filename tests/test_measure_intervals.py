"""Intervals: the fast bootstrap equals a plain loop; ends and coverage on simulated truth."""

import tracemalloc

import numpy as np
import pytest
from scipy.stats import binomtest

from textkaizen.errors import UsageError
from textkaizen.measure import intervals
from textkaizen.measure.intervals import Counts, numbered, score_interval
from textkaizen.measure.metrics import accuracy, macro_f1


def some_predictions(texts, classes, seed, right=0.7):
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, texts)
    other = generator.integers(0, classes, texts)
    return true, np.where(generator.random(texts) < right, true, other)


@pytest.mark.parametrize("chunk_values", [1, 200, 2_000_000])
def test_draws_equal_a_plain_loop_over_units_whatever_the_chunk(monkeypatch, chunk_values):
    monkeypatch.setattr(intervals, "CHUNK_VALUES", chunk_values)
    true, one = some_predictions(25, 4, seed=1)
    _, other = some_predictions(25, 4, seed=2)
    units = numbered(np.array([7, 7, 7, 3, 3, *range(100, 120)]), 25)
    drawn = Counts(true, np.stack([one, other]), units, 4).drawn_scores(seed=5, draws=120)
    chosen = np.random.default_rng(5).integers(0, units.max() + 1, (120, units.max() + 1))
    for draw, members in enumerate(chosen):
        texts = np.concatenate([np.flatnonzero(units == unit) for unit in members])
        for place, predicted in enumerate((one, other)):
            now = true[texts], predicted[texts]
            assert drawn["macro_f1"][draw, place] == pytest.approx(macro_f1(*now, 4), abs=1e-12)
            assert drawn["accuracy"][draw, place] == pytest.approx(accuracy(*now), abs=1e-12)


def test_a_score_interval_repeats_with_its_seed_and_holds_its_value():
    true, predicted = some_predictions(200, 5, seed=3)
    for metric, value in (
        ("accuracy", accuracy(true, predicted)),
        ("macro_f1", macro_f1(true, predicted, 5)),
    ):
        first = score_interval(metric, true, predicted, 5, seed=1)
        assert first == score_interval(metric, true, predicted, 5, seed=1)
        assert first != score_interval(metric, true, predicted, 5, seed=2)
        assert first.value == pytest.approx(value, abs=1e-12)
        assert 0 < first.low < first.value < first.high < 1


def test_texts_drawn_together_give_a_wider_interval():
    true, predicted = some_predictions(100, 3, seed=4)
    tenfold = np.repeat(true, 10), np.repeat(predicted, 10)
    alone = score_interval("accuracy", *tenfold, 3, seed=1)
    together = score_interval("accuracy", *tenfold, 3, seed=1, units=np.repeat(np.arange(100), 10))
    assert together == score_interval("accuracy", true, predicted, 3, seed=1)
    # 1 / sqrt(10) = 0.316; the ends of 2,000 draws are known to about 5 %.
    assert (alone.high - alone.low) / (together.high - together.low) == pytest.approx(
        0.316, rel=0.1
    )


@pytest.mark.parametrize("right", [True, False])
def test_all_right_or_all_wrong_has_the_exact_binomial_interval(right):
    true = np.zeros(40, int)
    found = score_interval("accuracy", true, true if right else true + 1, 2, seed=1)
    exact = binomtest(40 if right else 0, 40).proportion_ci(0.95, method="exact")
    assert found == pytest.approx((float(right), exact.low, exact.high))


def test_intervals_hold_the_truth_about_as_often_as_promised():
    # 300 samples: a true 95 % shows as 92.5 to 97.5 within two standard deviations (1.26 points);
    # the percentile method is known to lie a little lower, hence from 91.
    classes, texts = 5, 250
    big = some_predictions(400_000, classes, seed=0)
    truths = {"accuracy": accuracy(*big), "macro_f1": macro_f1(*big, classes)}
    held = dict.fromkeys(truths, 0)
    for sample in range(300):
        now = some_predictions(texts, classes, seed=1000 + sample)
        for metric, truth in truths.items():
            found = score_interval(metric, *now, classes, seed=sample, draws=400)
            held[metric] += found.low <= truth <= found.high
    assert all(0.91 <= count / 300 <= 0.98 for count in held.values()), held


def test_memory_follows_the_chunk_and_not_the_draws():
    true, predicted = some_predictions(7_500, 150, seed=6)
    counts = Counts(true, np.stack([predicted, true]), np.arange(7_500), 150)
    tracemalloc.start()
    counts.drawn_scores(seed=1, draws=1_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # All weights at once would be 60 MB in the smallest format that is used, 8 bytes 120 MB more.
    assert peak < 100e6, peak


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"metric": "f1"}, "accuracy, macro_f1; found 'f1'"),
        ({"draws": 10}, "At least 100 draws"),
        ({"units": np.zeros(3, int)}, "one number a text, 20 in all"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_to_do(changed, told):
    true, predicted = some_predictions(20, 2, seed=1)
    arguments = {"metric": "accuracy", "seed": 1} | changed
    with pytest.raises(UsageError, match=told):
        score_interval(true=true, predicted=predicted, classes=2, **arguments)
