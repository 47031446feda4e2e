"""One look at the held-out texts: who stands there, what is compared, and what is never seen."""

from dataclasses import replace

import numpy as np
import pytest

from textkaizen.data import Corpus
from textkaizen.model import learn_linear
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study import finale
from textkaizen.study.course import Means
from textkaizen.study.finale import Contenders, learn_contenders, look_once
from textkaizen.study.preparation import prepare
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads

BASE = (
    Recipe(text=TextRules(words=(1, 1), characters=(0, 0), min_texts=1))
    .with_shape(hidden=(4,))
    .with_knobs(epochs=4)
)
TOPICS = {
    "hours": "open close today monday",
    "loss": "lost bag key umbrella",
    "fee": "pay fine owe",
}
MEANS = Means(programs=Programs())


def corpus(size=90):
    generator = np.random.default_rng(3)
    labels = tuple(list(TOPICS)[number % 3] for number in range(size))
    texts = tuple(
        " ".join((*generator.choice(TOPICS[label].split(), 2), f"my {number:03}"))
        for number, label in enumerate(labels)
    )
    return Corpus(texts, labels)


PREPARED = prepare(corpus(), None, seed=1)


@pytest.fixture(scope="module")
def contenders():
    found = learn_contenders(PREPARED, {"baseline": BASE}, 1, MEANS, linear=True)
    other = BASE.with_knobs(learning_rate=0.05)
    return found.joined(learn_contenders(PREPARED, {"adopted": other}, 1, MEANS))


def test_networks_and_linear_models_are_learnt_from_the_training_texts_alone(contenders):
    assert set(contenders.models) == {"baseline", "adopted", "logistic_regression", "linear_svm"}
    assert set(contenders.curves) == set(contenders.seconds) == {"baseline", "adopted"}
    words = {word for text in PREPARED.training.texts for word in text.split()}
    for model in contenders.models.values():
        assert set(model.vocabulary.terms) == words
        assert model.labels == ("fee", "hours", "loss")
        assert model.facts["texts"] == len(PREPARED.training) == 72


def test_curves_have_a_number_an_epoch(contenders):
    curve = contenders.curves["adopted"]
    assert (curve.name, curve.best_epoch) == ("adopted", 4)
    assert len(curve.loss) == len(curve.val_loss) == len(curve.val_accuracy) == 4
    assert curve.loss[-1] < curve.loss[0]


def test_each_contender_is_scored_and_compared_with_the_adopted_network(contenders):
    found = look_once(PREPARED, contenders, seed=1)
    finalists = {finalist.name: finalist for finalist in found["finalists"]}
    assert list(finalists) == ["baseline", "adopted", "logistic_regression", "linear_svm"]
    truth = np.array(found["test_labels"])
    assert [contenders.models["adopted"].labels[n] for n in truth] == list(PREPARED.held_out.labels)
    right = {}
    for name, finalist in finalists.items():
        labels = contenders.models[name].predict(PREPARED.held_out.texts)
        assert labels == [contenders.models[name].labels[n] for n in finalist.predicted]
        right[name] = np.array(finalist.predicted) == truth
        assert finalist.accuracy.value == pytest.approx(right[name].mean())
        assert finalist.accuracy.low <= finalist.accuracy.value <= finalist.accuracy.high
    for name, finalist in finalists.items():
        if name == "adopted":
            assert finalist.versus_adopted is None
        else:
            gap = right["adopted"].mean() - right[name].mean()
            assert finalist.versus_adopted.value == pytest.approx(gap)
    assert right["adopted"].mean() > right["baseline"].mean()
    assert found["use"] in finalists
    assert found["test_texts"] == PREPARED.held_out.texts


def test_the_held_out_texts_choose_neither_models_nor_the_yardstick(contenders):
    labels = PREPARED.held_out.labels
    poisoned = replace(
        PREPARED, held_out=replace(PREPARED.held_out, labels=labels[1:] + labels[:1])
    )
    again = learn_contenders(poisoned, {"baseline": BASE}, 1, MEANS, linear=True)
    assert again.trial == contenders.trial
    for name, model in again.models.items():
        for ours, theirs in zip(
            model.network.kernels, contenders.models[name].network.kernels, strict=True
        ):
            assert (ours == theirs).all()
    before, after = (look_once(p, contenders, seed=1) for p in (PREPARED, poisoned))
    assert before["yardstick"] == after["yardstick"]
    assert before["models"] is after["models"]
    assert before["finalists"] != after["finalists"]


def test_the_yardstick_is_the_linear_model_that_did_better_on_training_texts():
    assert (
        Contenders(trial={"logistic_regression": 0.5, "linear_svm": 0.6}).yardstick == "linear_svm"
    )
    assert Contenders(trial={"logistic_regression": 0.7, "linear_svm": 0.6}).yardstick == (
        "logistic_regression"
    )
    assert Contenders().yardstick == "logistic_regression"


@pytest.mark.parametrize("names", [finale.LINEAR, finale.LINEAR[::-1]])
def test_of_equals_logistic_regression_is_the_yardstick_whichever_ended_first(names):
    assert Contenders(trial=dict.fromkeys(names, 0.5)).yardstick == "logistic_regression"


def test_the_trial_is_a_fifth_of_the_training_texts_kept_from_the_model(monkeypatch):
    seen = []

    def learn(rows, recipe, seed, kind):
        seen.append(rows)
        return learn_linear(rows, recipe, seed, kind=kind)

    monkeypatch.setattr(finale, "learn_linear", learn)
    share = finale._trial(PREPARED, BASE, 1, "linear_svm")
    (learnt,) = seen
    assert len(learnt) == 58  # 72 less a fifth
    assert set(learnt.texts) < set(PREPARED.training.texts)
    rest = [n for n, text in enumerate(PREPARED.training.texts) if text not in learnt.texts]
    judged = PREPARED.training.take(np.array(rest))
    model = learn_linear(learnt, BASE, 1, kind="linear_svm")
    right = [a == b for a, b in zip(model.predict(judged.texts), judged.labels, strict=True)]
    assert share == pytest.approx(np.mean(right))


def test_nothing_is_looked_at_while_the_adopted_network_is_missing(contenders):
    models = {name: model for name, model in contenders.models.items() if name != "adopted"}
    sealed = replace(PREPARED, held_out=object())  # it has nothing that could be looked at
    found = look_once(sealed, replace(contenders, models=models), seed=1)
    assert found["models"] == models
    assert not {"finalists", "use", "advice", "test_texts"} & set(found)


def test_without_held_out_texts_there_is_no_look(contenders):
    found = look_once(replace(PREPARED, held_out=None), contenders, seed=1)
    assert set(found) == {"models", "curves", "yardstick"}


def test_when_nothing_was_adopted_the_baseline_stands_for_the_adopted_network(contenders):
    only = replace(contenders, models={"baseline": contenders.models["baseline"]})
    both = only.with_copy("baseline", "adopted")
    assert both.models["adopted"] is both.models["baseline"]
    assert set(only.models) == {"baseline"}


def test_who_trains_and_in_what_order_changes_nothing(contenders):
    means = Means(worker=Threads(2), programs=MEANS.programs)
    found = learn_contenders(PREPARED, {"baseline": BASE}, 1, means, linear=True)
    assert found.trial == contenders.trial
    for name, model in found.models.items():
        texts = PREPARED.held_out.texts
        assert (model.logits(texts) == contenders.models[name].logits(texts)).all()


def test_a_training_that_is_told_to_stop_is_an_interruption():
    means = Means(programs=MEANS.programs, stopping=lambda *_: True)
    with pytest.raises(KeyboardInterrupt):
        learn_contenders(PREPARED, {"baseline": BASE}, 1, means)


def test_copies_among_the_held_out_texts_count_once_for_intervals(contenders):
    held_out = PREPARED.held_out
    thrice = Corpus(held_out.texts * 3, held_out.labels * 3)
    width = lambda score: score.high - score.low
    widths = []
    for rows in (held_out, thrice):
        found = look_once(replace(PREPARED, held_out=rows), contenders, seed=1)
        widths.append({f.name: width(f.accuracy) for f in found["finalists"]})
    # Ends are quantiles of 2,000 draws of 18 texts; copies taken for new ones would give 0.58.
    assert widths[1]["baseline"] == pytest.approx(widths[0]["baseline"], rel=0.15)
    assert widths[0]["baseline"] > 0
