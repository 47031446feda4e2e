"""Whether two improvements add up: by hand, against a plain jackknife, on simulated truth."""

import numpy as np
import pytest

from textkaizen.errors import UsageError
from textkaizen.measure.compare import contrast, paired
from textkaizen.measure.metrics import macro_f1

CLASSES = 3


def four(seed, texts=300, seeds=2, folds=5, gains=(0.3, 0.3), together=0.0, spread=0.0):
    """Labels, four recipes' answers, folds: half is wrong at first, and a share of it is mended.

    With both, a text is mended by either, or by both together in a share of its own; `spread` is
    the standard deviation between the networks of each recipe.
    """
    generator = np.random.default_rng(seed)
    true = generator.integers(0, CLASSES, texts)
    partition = np.stack([generator.permutation(texts) % folds for _ in range(seeds)])
    wrong = generator.random(texts) < 0.5
    luck = generator.normal(0, spread, (4, seeds, folds))[:, np.arange(seeds)[:, None], partition]
    chance = generator.random((seeds, texts))
    first, second = gains
    shares = [0.0, first, second, first + second + together]
    answers = []
    for share, lucky in zip(shares, luck, strict=True):
        mended = chance < share + lucky + (0.1 if spread else 0.0)
        answers.append(np.where(wrong & ~mended, (true + 1) % CLASSES, true))
    return true, answers, partition


def test_the_interaction_is_what_both_do_beyond_the_sum_of_each():
    true, answers, folds = four(1)
    found = contrast(true, answers, folds, classes=CLASSES, seed=1)
    scores = [np.mean([macro_f1(true, row, CLASSES) for row in rows]) for rows in answers]
    base, first, second, both = scores
    assert found.first.value == pytest.approx(first - base)
    assert found.second.value == pytest.approx(second - base)
    assert found.both.value == pytest.approx(both - base)
    assert found.interaction.value == pytest.approx(both - first - second + base)


@pytest.mark.parametrize("metric", ["macro_f1", "accuracy"])
def test_what_each_does_alone_is_what_paired_says(metric):
    true, answers, folds = four(2)
    arguments = {"classes": CLASSES, "seed": 1}
    found = contrast(true, answers, folds, metric=metric, **arguments)
    for own, place in ((found.first, 1), (found.second, 2), (found.both, 3)):
        alone = paired(true, answers[0], answers[place], folds, **arguments)[metric]
        assert own == alone


def test_the_error_of_an_interaction_in_accuracy_is_that_of_a_mean():
    true, answers, _ = four(3, seeds=1, texts=2000)
    found = contrast(
        true, answers, np.zeros(2000, int), classes=CLASSES, seed=1, draws=4000, metric="accuracy"
    )
    base, first, second, both = ((rows[0] == true).astype(float) for rows in answers)
    moves = both - first - second + base
    # 4,000 draws know a standard deviation to 1.1 %; 4 % is more than three of them.
    assert found.interaction.error == pytest.approx(moves.std(ddof=1) / np.sqrt(2000), rel=0.04)


def test_improvements_that_mend_the_same_texts_have_a_negative_interaction():
    true, answers, folds = four(4, together=-0.3)
    found = contrast(true, answers, folds, classes=CLASSES, seed=1)
    assert found.both.value == pytest.approx(found.first.value)
    assert found.interaction.high < 0
    assert found.interaction.p < 0.001


def test_gains_that_add_up_are_no_interaction_even_where_networks_are_lucky():
    # 200 studies: 5 % has a standard deviation of 1.5 points; up to 9 % is less than three of them.
    found = []
    for seed in range(200):
        true, answers, folds = four(100 + seed, gains=(0.1, 0.15), spread=0.05)
        found.append(
            contrast(true, answers, folds, classes=CLASSES, seed=1, draws=200, metric="accuracy")
        )
    rate = np.mean([each.interaction.p < 0.05 for each in found])
    assert 0.01 <= rate <= 0.09, rate


def test_what_only_one_improvement_touches_is_no_witness_of_an_interaction():
    true = np.zeros(100, int)
    made = lambda right: np.isin(np.arange(100), right, invert=True).astype(int)[None]
    base, first, second = range(50), range(60), [*range(50), *range(60, 70)]
    both = sorted({*first, *second} - {60, 61, 62})
    answers = [made(list(right)) for right in (base, first, second, both)]
    folds = np.arange(100) % 5
    found = contrast(true, answers, folds, classes=2, seed=1, metric="accuracy").interaction
    # Three texts only: at best 2 of the 2 ** 3 ways they can turn out.
    assert found.value == pytest.approx(-0.03)
    assert found.p == pytest.approx(0.25)
    assert found.low <= 0 <= found.high


def test_equal_answers_do_not_interact_for_sure():
    true, answers, folds = four(5)
    found = contrast(true, [answers[0]] * 4, folds, classes=CLASSES, seed=1)
    for each in found:
        assert (each.value, each.low, each.high, each.p) == (0, 0, 0, 1)


def test_three_recipes_are_refused():
    true, answers, folds = four(6)
    with pytest.raises(UsageError, match=r"needs four recipes: .*; found 3\. Run the missing"):
        contrast(true, answers[:3], folds, classes=CLASSES, seed=1)
