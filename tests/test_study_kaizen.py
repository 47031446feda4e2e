"""Improve and study, from texts to result: what is planted is found, and what is held out waits."""

import json
from dataclasses import replace

import numpy as np
import pytest

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study import kaizen
from textkaizen.study.budget import Budget
from textkaizen.study.course import Means
from textkaizen.study.finale import on_all_texts
from textkaizen.study.improvements import CATALOGUE, Improvement, chosen
from textkaizen.study.kaizen import improve, study
from textkaizen.train.programs import Programs

PROGRAMS = Programs()
MEANS = Means(programs=PROGRAMS)
# Far too small a rate for so few epochs: three times larger must help, a third must hurt.
SLOW = Recipe(text=TextRules(words=(1, 1), characters=(0, 0), min_texts=1)).with_shape(hidden=(4,))
SLOW = SLOW.with_knobs(epochs=6, learning_rate=0.003)
STEPS = chosen(["learning rate x3", "learning rate /3"])
TOPICS = {
    "hours": "open close today monday",
    "loss": "lost bag key umbrella",
    "fee": "pay fine owe",
}
ONE_ROUND = Budget(rounds=1)


def corpus(size=120, seed=3):
    generator = np.random.default_rng(seed)
    labels = tuple(list(TOPICS)[number % 3] for number in range(size))
    texts = tuple(
        " ".join((*generator.choice(TOPICS[label].split(), 2), f"my {number:03}"))
        for number, label in enumerate(labels)
    )
    return Corpus(texts, labels)


CORPUS = corpus()


@pytest.fixture
def steps(monkeypatch):
    """A catalogue of the two steps of the learning rate."""
    monkeypatch.setattr(kaizen, "CATALOGUE", STEPS)


@pytest.fixture(scope="module")
def improved():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kaizen, "CATALOGUE", STEPS)
        return improve(CORPUS, budget=ONE_ROUND, seed=1, means=MEANS, baseline=SLOW)


def interrupting(after, worker=map):
    """A worker that Ctrl-C hits once, when so many lanes and fits have begun."""
    begun = [0]

    def counted(function, items):
        def one(item):
            begun[0] += 1
            if begun[0] == after + 1:
                raise KeyboardInterrupt
            return function(item)

        return worker(one, items)

    return replace(MEANS, worker=counted)


def test_what_is_planted_to_help_helps_and_what_destroys_hurts(improved):
    found = {v.name: v.verdict for v in improved.verdicts}
    assert found == {"learning rate x3": "helps", "learning rate /3": "hurts"}
    assert improved.adopted == ("learning rate x3",)
    assert improved.recipe == SLOW.with_knobs(learning_rate=0.003 * 3.0)
    assert improved.baseline == SLOW


def test_the_adopted_network_stands_beside_the_others_on_texts_nothing_was_chosen_on(improved):
    scores = {finalist.name: finalist.accuracy.value for finalist in improved.finalists}
    assert list(scores) == ["baseline", "adopted", "logistic_regression", "linear_svm"]
    assert scores["adopted"] > scores["baseline"]
    assert len(improved.test_texts) == 24
    # Trained once more, with nothing held back, for as many epochs as were best before.
    best = {curve.name: curve.best_epoch for curve in improved.curves}["adopted"]
    assert improved.models["adopted"].recipe == on_all_texts(improved.recipe, best)
    assert improved.models["adopted"].recipe.knobs.validation == 0
    assert improved.models["adopted"].facts["texts"] == 96
    assert [curve.name for curve in improved.curves] == ["baseline", "adopted"]
    assert improved.use in scores
    assert improved.advice.startswith("Use ")


def test_the_json_has_every_field_of_the_contract_and_plain_values(improved):
    values = json.loads(json.dumps(improved.to_dict(), allow_nan=False))
    assert {"path", "hash", "texts", "classes", "warnings"} <= set(values["data"])
    assert {
        *("data", "improvements", "adopted", "recipe", "test", "seed"),
        *("lanes", "compilations", "seconds", "versions"),
    } <= set(values)
    for row in values["improvements"]:
        assert {
            *("name", "group", "round", "difference", "low", "high", "p", "verdict", "seconds"),
        } <= set(row)
        assert row["low"] <= row["difference"] <= row["high"]
    assert set(values["test"]) == {"baseline", "adopted", "logistic_regression", "linear_svm"}
    for scores in values["test"].values():
        for metric in ("accuracy", "macro_f1"):
            assert 0 <= scores[metric]["low"] <= scores[metric]["high"] <= 1
    assert Recipe.from_dict(values["recipe"]) == improved.recipe
    assert {"textkaizen", "jax", "numpy", "python"} <= set(values["versions"])
    plain = (dict, list, str, int, float, bool, type(None))
    stack = [improved.to_dict()]
    while stack:
        value = stack.pop()
        assert isinstance(value, plain)
        stack += list(value.values()) if isinstance(value, dict) else []
        stack += value if isinstance(value, list) else []


def test_the_design_says_what_was_done(improved):
    design = improved.design
    assert (design["folds"], design["seeds"], design["rounds"]) == (5, 3, 1)
    assert (design["metric"], design["alpha"]) == ("macro_f1", [0.025])
    assert design["stopped"] == "rounds are used"
    assert improved.lanes == design["each_round"][0]["lanes"] == 3 * 5 * 3
    assert all(verdict.lanes == 15 for verdict in improved.verdicts)


def test_rounds_go_on_from_what_was_adopted_until_nothing_helps(steps):
    found = improve(CORPUS, budget=Budget(rounds=6), seed=1, means=MEANS, baseline=SLOW)
    assert found.design["stopped"] == "nothing more helps"
    assert found.adopted == ("learning rate x3",) * len(found.adopted) != ()
    rate = 0.003 * 3.0 ** len(found.adopted)
    assert found.recipe.knobs.learning_rate == pytest.approx(rate)
    back = [v for v in found.verdicts if v.round == 2 and v.name == "learning rate /3"]
    first = [v for v in found.verdicts if v.round == 1 and v.name == "learning rate x3"]
    # The way back is the first round's comparison turned round, from lanes that ran already.
    assert back[0].gap.value == -first[0].gap.value


def test_study_measures_and_adopts_nothing():
    null = Improvement("nothing", "none", lambda r: r.with_knobs(slope=0.9), "", "")
    found = study(
        CORPUS, budget=ONE_ROUND, seed=1, means=MEANS, baseline=SLOW, improvements=(*STEPS, null)
    )
    assert {v.name: v.verdict for v in found.verdicts} == {
        "learning rate x3": "helps",
        "learning rate /3": "hurts",
        "nothing": "no evidence",
    }
    same = found.verdicts[2].gap  # the slope of leaky ReLU means nothing to ReLU
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert (found.adopted, found.recipe, found.models) == ((), SLOW, {})
    assert (found.finalists, found.use, found.advice) == ((), "", "")
    assert (found.data["training_texts"], found.data["test_texts"]) == (120, 0)
    assert found.design["stopped"] == "rounds are used"
    json.dumps(found.to_dict(), allow_nan=False)


def test_an_improvement_that_makes_a_network_diverge_hurts_and_stops_nobody():
    wild = Improvement(
        "wild", "rate", lambda r: r.with_knobs(optimiser="sgd", learning_rate=1e30), "", ""
    )
    easy = SLOW.with_knobs(learning_rate=0.05)
    found = study(
        CORPUS, budget=ONE_ROUND, seed=1, means=MEANS, baseline=easy, improvements=(wild,)
    )
    assert [v.verdict for v in found.verdicts] == ["hurts"]
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("rate", [1e10, 1e30])
def test_a_baseline_that_diverges_is_looked_at_like_any_other(steps, rate):
    wild = SLOW.with_knobs(optimiser="sgd", learning_rate=rate)
    found = improve(CORPUS, budget=ONE_ROUND, seed=1, means=MEANS, baseline=wild)
    assert found.use in ("logistic_regression", "linear_svm")
    assert not found.curves[0].loss[-1] < 1e6  # nor is it, if it is no number
    json.dumps(found.to_dict(), allow_nan=False)


def test_interrupted_in_a_round_what_is_known_is_kept_and_nothing_is_looked_at(steps):
    # 3 fits; then 2 lanes each of the start and of "learning rate x3", and 1 of the other.
    found = improve(CORPUS, budget=Budget(rounds=3), means=interrupting(3 + 5), baseline=SLOW)
    assert found.design["stopped"] == "interrupted"
    tried = {v.name: v.verdict == "not tried" for v in found.verdicts}
    assert tried == {"learning rate x3": False, "learning rate /3": True}
    assert found.lanes == 5
    assert (found.finalists, found.use, found.test_labels) == ((), "", ())
    assert set(found.models) == {"baseline", "logistic_regression", "linear_svm"}
    json.dumps(found.to_dict(), allow_nan=False)


def test_interrupted_before_the_first_round_there_is_a_result_too(steps):
    found = improve(CORPUS, budget=ONE_ROUND, means=interrupting(1), baseline=SLOW)
    assert (found.design["stopped"], found.design["rounds"]) == ("interrupted", 0)
    assert (found.verdicts, found.adopted, found.recipe) == ((), (), SLOW)
    assert (found.finalists, found.lanes) == ((), 0)
    json.dumps(found.to_dict(), allow_nan=False)


def test_interrupted_while_the_adopted_recipe_is_trained_nothing_is_looked_at(steps):
    found = improve(CORPUS, budget=ONE_ROUND, means=interrupting(3 + 45), seed=1, baseline=SLOW)
    assert found.design["stopped"] == "interrupted"
    assert found.adopted == ("learning rate x3",)
    assert (found.finalists, found.use) == ((), "")
    assert "adopted" not in found.models


def test_a_study_that_is_interrupted_says_so():
    for after in (0, 3):
        found = study(
            CORPUS,
            budget=ONE_ROUND,
            means=interrupting(after),
            baseline=SLOW,
            improvements=STEPS,
        )
        assert found.design["stopped"] == "interrupted"
        assert [v.verdict for v in found.verdicts] == ["not tried"] * 2


def timed(rows, seconds, verb, **arguments):
    """A run whose clock moves on by a second with each lane or fit."""
    now = [0.0]

    def ticking(function, items):
        for item in items:
            now[0] += 1
            yield function(item)

    budget = Budget(seconds=seconds, clock=lambda: now[0])
    means = replace(MEANS, worker=ticking)
    found = verb(rows, budget=budget, seed=1, means=means, baseline=SLOW, **arguments)
    assert now[0] <= seconds
    return found


def test_with_a_clock_folds_do_not_depend_on_what_is_found_and_lanes_do(steps):
    rows = corpus()
    others = Corpus(rows.texts, tuple(np.random.default_rng(1).permutation(rows.labels).tolist()))
    found = [timed(each, 90, improve) for each in (rows, others)]
    first, second = (result.design for result in found)
    assert first["folds"] == second["folds"] == 5
    # Where labels say nothing about texts, nothing is worth more than the first lanes.
    assert first["each_round"][0]["lanes"] > second["each_round"][0]["lanes"] >= 3 * 2
    assert found[0].adopted != found[1].adopted == ()


def test_a_study_uses_its_time_and_lists_what_it_had_none_for():
    # A second each for the two trials that tell what a lane takes and for a lane; 5 % are kept.
    found = timed(CORPUS, 7, study, improvements=STEPS)
    assert {v.name: v.verdict == "not tried" for v in found.verdicts} == {
        "learning rate x3": False,
        "learning rate /3": True,
    }
    assert found.models == {}  # the network that told what a lane costs is nobody's


def test_every_improvement_of_the_catalogue_is_in_the_verdicts_tried_or_not():
    found = timed(CORPUS, 3, study)
    names = {v.name for v in found.verdicts}
    same = {i.name for i in CATALOGUE if i.change(SLOW) == SLOW}
    # 120 texts: 80 of them in a fold's training part, of which a tenth is held back.
    left_out = {"batch size 128", "batch size 512"}
    assert set(found.design["left_out"]) == left_out
    # The texts are of made-up words: improvements for some languages only are not among them.
    others = {i.name for i in CATALOGUE if i.needs.languages}
    assert set(found.design["other_languages"]) <= others
    # Nor is there a file of word vectors.
    vectors = {i.name for i in CATALOGUE if i.change(SLOW).shape.word_vectors != "none"}
    assert {i.name for i in CATALOGUE} - same - left_out - others - vectors <= names
    assert names <= {i.name for i in CATALOGUE} - same - left_out
    assert {v.verdict for v in found.verdicts} == {"not tried"}
