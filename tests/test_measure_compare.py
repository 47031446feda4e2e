"""Paired differences: by hand, against exact tests, and what must not change them."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, f_oneway, t

from textkaizen.errors import UsageError
from textkaizen.measure.compare import paired
from textkaizen.measure.lanes import Runs
from textkaizen.measure.metrics import accuracy, macro_f1

CLASSES = 4


def some_runs(texts=240, seeds=2, folds=4, seed=1):
    """True labels, two recipes that differ in a tenth of the texts, and folds."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, CLASSES, texts)
    other = generator.integers(0, CLASSES, (2, seeds, texts))
    before = np.where(generator.random((seeds, texts)) < 0.7, true, other[0])
    after = np.where(generator.random((seeds, texts)) < 0.9, before, other[1])
    partition = np.stack([generator.permutation(texts) % folds for _ in range(seeds)])
    return true, before, after, partition


def one_seed_changing(right_to_wrong, wrong_to_right, texts=100):
    """One seed, two classes of equal size; so many texts change in each direction."""
    true = np.arange(texts) % 2
    before, after = true.copy(), true.copy()
    after[:right_to_wrong] = 1 - true[:right_to_wrong]
    later = slice(right_to_wrong, right_to_wrong + wrong_to_right)
    before[later] = 1 - true[later]
    return true, before[None], after[None], np.zeros((1, texts), int)


def test_the_value_is_the_mean_over_seeds_of_the_metric_after_minus_before():
    true, before, after, folds = some_runs()
    found = paired(true, before, after, folds, classes=CLASSES, seed=1)
    gaps = {
        "accuracy": [
            accuracy(true, a) - accuracy(true, b) for b, a in zip(before, after, strict=True)
        ],
        "macro_f1": [
            macro_f1(true, a, CLASSES) - macro_f1(true, b, CLASSES)
            for b, a in zip(before, after, strict=True)
        ],
    }
    for metric, values in gaps.items():
        assert found[metric].value == pytest.approx(np.mean(values), abs=1e-12)


def test_the_interval_and_p_are_those_of_t_with_the_error_and_freedom_given():
    true, before, after, folds = some_runs()
    for found in paired(true, before, after, folds, classes=CLASSES, seed=1, level=0.9).values():
        reach = t.ppf(0.95, found.freedom) * found.error
        assert found.low == pytest.approx(found.value - reach)
        assert found.high == pytest.approx(found.value + reach)
        assert found.p == pytest.approx(2 * t.sf(abs(found.value) / found.error, found.freedom))


def test_equal_predictions_differ_by_nothing_for_sure():
    true, before, _, folds = some_runs()
    for found in paired(true, before, before.copy(), folds, classes=CLASSES, seed=1).values():
        assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_one_wrong_label_for_another_leaves_accuracy_and_its_interval_at_0():
    true = np.arange(60) % 3
    before = (true + 1)[None] % 3
    after = (true + 2)[None] % 3
    found = paired(true, before, after, np.zeros(60, int), classes=3, seed=1)["accuracy"]
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_the_error_of_accuracy_with_one_network_is_the_formula_for_a_mean():
    true, before, after, _ = one_seed_changing(20, 35, texts=400)
    found = paired(true, before, after, np.zeros(400, int), classes=2, seed=1, draws=4000)
    moves = (after == true)[0].astype(float) - (before == true)[0]
    # The standard deviation of 4,000 draws is known to 1.1 %; 4 % is more than three of them.
    expected = moves.std(ddof=1) / np.sqrt(400)
    assert found["accuracy"].error == pytest.approx(expected, rel=0.04)
    assert found["accuracy"].freedom == pytest.approx(399)


def test_what_networks_add_to_one_seed_is_the_textbook_analysis_of_variance():
    true, before, _, folds = some_runs(texts=400, seeds=1, folds=4)
    lucky = folds[0] == 2
    after = np.where(lucky & (np.random.default_rng(2).random(400) < 0.5), true, before)
    arguments = {"classes": CLASSES, "seed": 1}
    apart = paired(true, before, after, folds, **arguments)["accuracy"]
    as_one = paired(true, before, after, np.zeros_like(folds), **arguments)["accuracy"]
    moves = (after == true)[0].astype(float) - (before == true)[0]
    groups = [moves[folds[0] == fold] for fold in range(4)]
    within = np.mean([group.var(ddof=1) for group in groups])
    between_networks = within * (f_oneway(*groups).statistic - 1) / 100
    assert between_networks > 0
    assert apart.error**2 - as_one.error**2 == pytest.approx(between_networks / 4, rel=1e-9)
    assert apart.freedom < 10 < as_one.freedom


def test_the_variance_of_networks_is_found_again_from_several_seeds():
    # 15 networks a comparison, 150 comparisons: the mean of the estimates has a standard error of
    # about sqrt(2 / 14 / 150) = 3 % of the truth, 10 % with the noise of texts; none is cut at 0.
    spread, found = 0.1, {"accuracy": [], "macro_f1": []}
    for sample in range(150):
        generator = np.random.default_rng(sample)
        true, before, _, folds = some_runs(texts=300, seeds=3, folds=5, seed=sample)
        # Half of all texts are wrong before: moving a share s of them to right adds s / 2.
        before = np.where(generator.random(before.shape) < 0.5, true, (true + 1) % CLASSES)
        share = 0.5 + 2 * generator.normal(0, spread, (3, 5))[np.arange(3)[:, None], folds]
        gain = (before != true) & (generator.random(before.shape) < share)
        after = np.where(gain, true, before)
        arguments = {"classes": CLASSES, "seed": 1, "draws": 100}
        apart = paired(true, before, after, folds, **arguments)
        as_one = _without_lanes(true, before, after, arguments)
        for metric, estimates in found.items():
            estimates.append(15 * (apart[metric].error ** 2 - as_one[metric] ** 2))
    assert np.mean(found["accuracy"]) == pytest.approx(spread**2, rel=0.15)
    assert np.mean(found["macro_f1"]) == pytest.approx(spread**2, rel=0.25)


def _without_lanes(true, before, after, arguments):
    """Errors from texts alone: seeds side by side as if each text's were one unit's texts."""
    seeds, texts = before.shape
    side_by_side = paired(
        np.tile(true, seeds),
        before.reshape(1, -1),
        after.reshape(1, -1),
        np.zeros(seeds * texts, int),
        units=np.tile(np.arange(texts), seeds),
        **arguments,
    )
    return {metric: found.error for metric, found in side_by_side.items()}


def test_texts_of_one_unit_count_once():
    true, before, after, folds = some_runs()
    alone = paired(true, before, after, folds, classes=CLASSES, seed=1)
    together = paired(
        np.repeat(true, 3),
        *(np.repeat(rows, 3, axis=1) for rows in (before, after, folds)),
        classes=CLASSES,
        units=np.repeat(np.arange(len(true)), 3),
        seed=1,
    )
    for metric, found in alone.items():
        for name, value in vars(found).items():
            assert getattr(together[metric], name) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(("lost", "won"), [(0, 1), (0, 5), (1, 4), (2, 3), (1, 8), (0, 10), (5, 5)])
def test_with_few_changed_texts_p_is_that_of_mcnemars_exact_test(lost, won):
    for metric, found in paired(*one_seed_changing(lost, won), classes=2, seed=1).items():
        exact = binomtest(lost, lost + won).pvalue
        if metric == "accuracy":
            assert found.p == pytest.approx(exact)
        assert (found.low <= 0 <= found.high) or found.p <= 0.05
        assert found.p >= 2 / 2 ** (lost + won) - 1e-12


def test_with_few_changed_units_p_is_the_share_of_swaps_with_a_difference_as_large():
    true, before, _, folds = some_runs(texts=60, seed=8)
    units = np.arange(60) // 2
    changed = np.isin(units, [1, 4, 9, 16, 25])
    after = np.where(changed, (before + 1) % CLASSES, before)
    after[:, units == 4] = true[units == 4]
    swapped = []
    for swaps in product([False, True], repeat=5):
        turn = np.isin(units, np.array([1, 4, 9, 16, 25])[list(swaps)])
        one, other = np.where(turn, after, before), np.where(turn, before, after)
        gaps = [
            macro_f1(true, a, CLASSES) - macro_f1(true, b, CLASSES)
            for a, b in zip(one, other, strict=True)
        ]
        swapped.append(abs(np.mean(gaps)))
    share = np.mean(np.array(swapped) >= swapped[-1] - 1e-12)
    found = paired(true, before, after, folds, classes=CLASSES, units=units, seed=1)["macro_f1"]
    assert found.value == pytest.approx(np.mean(gaps))
    by_t = 2 * t.sf(abs(found.value) / found.error, found.freedom)
    assert share > by_t
    assert found.p == pytest.approx(share)


def test_every_text_turning_from_wrong_to_right_is_as_sure_as_coins_can_be():
    true, before, after, folds = one_seed_changing(0, 30, texts=30)
    found = paired(true, before, after, folds, classes=2, seed=1)["accuracy"]
    assert (found.value, found.error) == (1, 0)
    assert found.p == pytest.approx(2**-29)


def test_a_seed_repeats_and_the_order_of_texts_changes_only_the_draws():
    true, before, after, folds = some_runs(texts=400)
    first = paired(true, before, after, folds, classes=CLASSES, seed=1)
    assert first == paired(true, before, after, folds, classes=CLASSES, seed=1)
    assert first != paired(true, before, after, folds, classes=CLASSES, seed=2)
    order = np.random.default_rng(9).permutation(400)
    moved = paired(
        true[order], before[:, order], after[:, order], folds[:, order], classes=CLASSES, seed=1
    )
    for metric, found in first.items():
        assert moved[metric].value == pytest.approx(found.value, abs=1e-12)
        # Each error is known to 2.2 % from 1,000 draws; four of the difference's deviations.
        assert moved[metric].error == pytest.approx(found.error, rel=0.13)


def test_before_and_after_exchanged_only_turn_the_sign():
    true, before, after, folds = some_runs()
    there = paired(true, before, after, folds, classes=CLASSES, seed=1)
    back = paired(true, after, before, folds, classes=CLASSES, seed=1)
    for metric, found in there.items():
        assert back[metric].value == pytest.approx(-found.value)
        assert back[metric].low == pytest.approx(-found.high)
        assert back[metric].p == pytest.approx(found.p)


def test_fold_numbers_are_names_and_one_row_of_them_serves_every_seed():
    true, before, after, folds = some_runs()
    same = np.tile(folds[0], (2, 1))
    arguments = {"classes": CLASSES, "seed": 1}
    assert paired(true, before, after, folds[0], **arguments) == paired(
        true, before, after, same, **arguments
    )
    renamed = Runs(before, np.array([40, -7, 12, 3])[folds]).networks
    assert len(np.unique(renamed)) == 8
    pairs = np.unique(np.stack([renamed, Runs(before, folds).networks]).reshape(2, -1), axis=1)
    assert pairs.shape[1] == 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"after": np.zeros((1, 20), int)}, r"\(2, 20\) and \(1, 20\)"),
        ({"before": np.zeros(20, int)}, "seeds by texts"),
        ({"folds": np.zeros((2, 19), int)}, r"\(2, 20\) and \(2, 19\)"),
        ({"after": np.full((2, 20), -1)}, "every text been predicted"),
        ({"level": 95}, "between 0 and 1; found 95"),
        ({"units": [1, 2]}, "one number a text, 20 in all"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_to_do(change, told):
    zeros = np.zeros((2, 20), int)
    arguments = {"before": zeros, "after": zeros + 1, "folds": zeros} | change
    with pytest.raises(UsageError, match=told):
        paired(np.zeros(20, int), **arguments, classes=2, seed=1)
