"""A finished model on labelled texts: scores with intervals, and texts it cannot be scored on."""

import numpy as np
import pytest

from textkaizen.data import Corpus
from textkaizen.errors import CorpusError, UsageError
from textkaizen.measure.metrics import macro_f1
from textkaizen.model import learn_linear, learn_model
from textkaizen.recipe import Recipe
from textkaizen.study.evaluation import evaluate

WORDS = {"hours": "open close today", "loss": "lost missing gone", "fee": "pay fine owe"}
TEXTS = tuple(f"{verb} my {noun}" for verbs in WORDS.values() for verb in verbs.split()
              for noun in ("card", "book", "key"))  # fmt: skip
LABELS = tuple(label for label in WORDS for _ in range(9))
MODEL = learn_linear(Corpus(TEXTS, LABELS), Recipe(), seed=0)


def test_what_it_learnt_from_is_answered_without_a_mistake_but_not_without_doubt():
    found = evaluate(MODEL, Corpus(TEXTS, LABELS))
    assert (found["texts"], found["classes"]) == (27, 3)
    assert found["accuracy"]["value"] == found["macro_f1"]["value"] == 1
    # Clopper and Pearson for 27 of 27.
    assert found["accuracy"]["low"] == pytest.approx(0.025 ** (1 / 27))


def test_scores_are_those_of_the_predictions_and_lie_in_their_intervals():
    wrong = ("loss", "fee", *LABELS[2:20], *("hours",) * 7)
    found = evaluate(MODEL, Corpus(TEXTS, wrong))
    position = {label: number for number, label in enumerate(MODEL.labels)}
    truth = np.array([position[label] for label in wrong])
    predicted = np.array([position[label] for label in MODEL.predict(TEXTS)])
    assert found["accuracy"]["value"] == pytest.approx(np.mean(truth == predicted))
    assert found["macro_f1"]["value"] == pytest.approx(macro_f1(truth, predicted, 3))
    for score in (found["accuracy"], found["macro_f1"]):
        assert 0 <= score["low"] < score["value"] < score["high"] <= 1


def test_the_order_of_the_rows_changes_nothing_and_a_seed_repeats():
    wrong = (*LABELS[3:], *LABELS[:3])
    rows = Corpus(TEXTS, wrong)
    turned = rows.take(np.random.default_rng(1).permutation(27))
    assert evaluate(MODEL, rows, seed=3) == evaluate(MODEL, turned, seed=3)


def test_texts_of_only_some_of_the_classes_can_be_scored():
    found = evaluate(MODEL, Corpus(TEXTS[:9], LABELS[:9]))
    assert found["classes"] == 1
    assert found["macro_f1"]["value"] == 1  # of the classes that are there


def test_empty_texts_are_left_out():
    rows = Corpus((*TEXTS, "", " \n"), (*LABELS, "fee", "loss"))
    assert evaluate(MODEL, rows) == evaluate(MODEL, Corpus(TEXTS, LABELS))


def test_copies_count_once_for_the_width_of_an_interval():
    wrong = ("loss", "fee", *LABELS[2:20], *("hours",) * 7)
    once = evaluate(MODEL, Corpus(TEXTS, wrong))["accuracy"]
    thrice = evaluate(MODEL, Corpus(TEXTS * 3, wrong * 3))["accuracy"]
    width = lambda score: score["high"] - score["low"]
    # Each end is a quantile of 2,000 draws; were copies taken for new texts it would be 0.58.
    assert width(thrice) / width(once) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (Corpus(("a", "b"), ("hours", "opening"), name="t.csv"), r"t\.csv has 'opening'\. The m"),
        (Corpus(("a", "b"), ("hours", ""), name="t.csv"), "t.csv has 1 text without one"),
        (Corpus((), (), name="t.csv"), "t.csv has none"),
        (Corpus(("", " "), ("fee", "fee"), name="t.csv"), "in t.csv all 2 are"),
    ],
)
def test_texts_it_cannot_be_scored_on_are_refused(rows, message):
    with pytest.raises(CorpusError, match=message):
        evaluate(MODEL, rows)


WRONG = ("loss", "fee", *LABELS[2:20], *("hours",) * 7)
# So much dropout on so few units that a mask often changes an answer.
DROPPING = Recipe().with_shape(hidden=(4,)).with_knobs(dropout=0.7, epochs=30, learning_rate=0.01)


@pytest.fixture(scope="module")
def dropping():
    return learn_model(Corpus(TEXTS, LABELS), DROPPING, seed=1)[0]


def test_masks_are_scored_beside_all_units_and_the_difference_is_that_of_the_scores(dropping):
    rows = Corpus(TEXTS, WRONG)
    found = evaluate(dropping, rows, monte_carlo=5)
    averaged = found["monte_carlo"]
    assert averaged["masks"] == 5
    plain = evaluate(dropping.with_masks(0), rows)
    assert {name: found[name] for name in plain} == plain
    masked = evaluate(dropping.with_masks(5), rows)
    assert (averaged["accuracy"], averaged["macro_f1"]) == (masked["accuracy"], masked["macro_f1"])
    assert masked["accuracy"] != plain["accuracy"]
    for metric, gap in averaged["difference"].items():
        change = averaged[metric]["value"] - found[metric]["value"]
        assert gap["difference"] == pytest.approx(change)
        assert gap["low"] <= gap["difference"] <= gap["high"]
        assert 0 < gap["p"] <= 1


def test_a_model_that_averages_by_its_recipe_is_scored_with_all_units_too(dropping):
    averaging, rows = dropping.with_masks(5), Corpus(TEXTS, WRONG)
    assert evaluate(averaging, rows, monte_carlo=7) == evaluate(dropping, rows, monte_carlo=7)
    assert "monte_carlo" not in evaluate(averaging, rows)


def test_answers_that_do_not_change_differ_by_nothing(dropping):
    hardly = learn_model(Corpus(TEXTS, LABELS), DROPPING.with_knobs(dropout=1e-6), seed=1)[0]
    found = evaluate(hardly, Corpus(TEXTS, WRONG), monte_carlo=3)["monte_carlo"]["difference"]
    nothing = {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    assert found == {"accuracy": nothing, "macro_f1": nothing}


@pytest.mark.parametrize("masks", [0, -1])
def test_fewer_than_one_mask_is_refused(dropping, masks):
    with pytest.raises(UsageError, match=f"At least 1 dropout mask is needed; found {masks}"):
        evaluate(dropping, Corpus(TEXTS, LABELS), monte_carlo=masks)


@pytest.mark.parametrize("made", ["a linear model", "a network"])
def test_a_model_trained_without_dropout_has_no_masks(made):
    recipe = DROPPING.with_knobs(dropout=0.0, epochs=1)
    model = MODEL if made == "a linear model" else learn_model(Corpus(TEXTS, LABELS), recipe, 0)[0]
    with pytest.raises(
        UsageError, match=r"trained with dropout; this model .* without\. Train one"
    ):
        evaluate(model, Corpus(TEXTS, LABELS), monte_carlo=3)
