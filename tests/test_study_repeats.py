"""The same seed finds the same, to the last digit; what is held out chooses nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study import kaizen
from textkaizen.study.budget import Budget
from textkaizen.study.course import Means
from textkaizen.study.improvements import chosen
from textkaizen.study.kaizen import improve, study
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads

PROGRAMS = Programs()
BASE = Recipe(text=TextRules(words=(1, 1), characters=(0, 0), min_texts=1)).with_shape(hidden=(4,))
BASE = BASE.with_knobs(epochs=5, learning_rate=0.005)
FEW = chosen(["learning rate x3", "dropout 0.5", "ELU"])
TOPICS = {
    "hours": "open close today monday",
    "loss": "lost bag key umbrella",
    "fee": "pay fine owe",
}


def corpus(size=90):
    """In no order; some texts stand twice, some rows are of one customer."""
    generator = np.random.default_rng(3)
    labels = generator.permutation(np.resize(list(TOPICS), size)).tolist()
    texts = [
        " ".join((*generator.choice(TOPICS[label].split(), 2), f"my {number // 2:03}"))
        for number, label in enumerate(labels)
    ]
    texts[10], labels[10] = texts[20].upper(), labels[20]
    groups = tuple("" if number % 9 else f"customer {number % 5}" for number in range(size))
    return Corpus(tuple(texts), tuple(labels), groups)


CORPUS = corpus()
TEST = Corpus(
    tuple(
        f"{' '.join(words.split()[:2])} please {n}" for words in TOPICS.values() for n in range(8)
    ),
    tuple(label for label in TOPICS for _ in range(8)),
)


def without_seconds(values):
    """The same without anything that is called so, however deep."""
    if isinstance(values, dict):
        return {n: without_seconds(each) for n, each in values.items() if n != "seconds"}
    return [without_seconds(each) for each in values] if isinstance(values, list) else values


def told(result, *but):
    """All that a result says but its seconds and what is named."""
    values = without_seconds(json.loads(json.dumps(result.to_dict(), allow_nan=False)))
    assert {"improvements", "design", *but} <= set(values)
    return {name: each for name, each in values.items() if name not in but}


def improved(rows=CORPUS, test=None, seed=1, worker=map, programs=PROGRAMS, rounds=2):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kaizen, "CATALOGUE", FEW)
        return improve(
            rows,
            test,
            budget=Budget(rounds=rounds),
            seed=seed,
            means=Means(worker=worker, programs=programs),
            baseline=BASE,
        )


@pytest.fixture(scope="module")
def first():
    # Programs of its own, for the number of compilations.
    return improved(programs=Programs())


def test_the_same_seed_twice_gives_the_same_result_but_for_seconds(first):
    again = improved(programs=Programs(), worker=Threads(2))
    assert told(again) == told(first)
    assert again.compilations > 0
    for name, model in again.models.items():
        for ours, theirs in zip(
            model.network.kernels, first.models[name].network.kernels, strict=True
        ):
            assert (ours == theirs).all()


@pytest.mark.parametrize("order", ["shuffled", "reversed", "sorted by class"])
def test_the_order_of_the_rows_changes_nothing(first, order):
    rows = {
        "shuffled": np.random.default_rng(5).permutation(90),
        "reversed": np.arange(90)[::-1],
        "sorted by class": np.array(sorted(range(90), key=CORPUS.labels.__getitem__)),
    }[order]
    assert told(improved(CORPUS.take(rows)), "compilations") == told(first, "compilations")


def test_another_seed_gives_other_numbers(first):
    other = improved(seed=2, rounds=1)
    ours, theirs = ([v.gap for v in r.verdicts][:3] for r in (first, other))
    assert ours != theirs
    assert set(first.test_texts) != set(other.test_texts)


def test_labels_of_the_held_out_texts_choose_nothing():
    """Poison: wrong labels on every held-out text change scores and advice, and nothing else."""
    poison = {"fee": "hours", "hours": "loss", "loss": "fee"}
    wrong = replace(TEST, labels=tuple(poison[label] for label in TEST.labels))
    clean, poisoned = improved(test=TEST), improved(test=wrong)
    assert poisoned.verdicts == tuple(
        replace(ours, seconds=theirs.seconds)
        for ours, theirs in zip(clean.verdicts, poisoned.verdicts, strict=True)
    )
    assert poisoned.adopted == clean.adopted != ()
    assert (poisoned.recipe, poisoned.yardstick) == (clean.recipe, clean.yardstick)
    assert without_seconds(poisoned.design) == without_seconds(clean.design)
    assert (poisoned.places, poisoned.substitutes) == (clean.places, clean.substitutes)
    assert poisoned.curves == clean.curves
    for one, other in zip(clean.finalists, poisoned.finalists, strict=True):
        assert one.predicted == other.predicted
    assert [f.accuracy for f in clean.finalists] != [f.accuracy for f in poisoned.finalists]


def test_texts_of_the_test_change_no_network_either():
    """Other held-out texts, none of them a training text: the models are the same."""
    others = replace(TEST, texts=tuple(f"{text} thanks" for text in TEST.texts))
    one, other = improved(test=TEST, rounds=1), improved(test=others, rounds=1)
    assert one.recipe == other.recipe
    for name, model in one.models.items():
        assert model.vocabulary.terms == other.models[name].vocabulary.terms
        assert (model.logits(CORPUS.texts) == other.models[name].logits(CORPUS.texts)).all()


def test_a_study_repeats_and_the_order_of_its_improvements_changes_no_verdict():
    arguments = {"budget": Budget(rounds=1), "seed": 1, "baseline": BASE}
    found = [
        study(CORPUS, means=Means(programs=PROGRAMS), improvements=each, **arguments)
        for each in (FEW, FEW, FEW[::-1])
    ]
    assert told(found[0], "compilations") == told(found[1], "compilations")
    by_name = lambda result: {row["name"]: row for row in told(result)["improvements"]}
    one, other = by_name(found[0]), by_name(found[2])
    assert set(one) == set(other) == {improvement.name for improvement in FEW}
    for name, row in one.items():
        # The error rests on the mean of all, whose last digit hangs on the order of its terms.
        for key in ("difference", "low", "high", "p", "p_adjusted", "p_false_discovery"):
            assert row.pop(key) == pytest.approx(other[name].pop(key), rel=1e-9)
        assert row.pop("to_show_a_point") == other[name].pop("to_show_a_point")
        for key in ("accuracy", "resampled_t"):
            assert row.pop(key) == pytest.approx(other[name].pop(key), rel=1e-9)
        assert row == other[name]
