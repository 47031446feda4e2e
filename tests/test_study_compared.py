"""A person's own candidates: what is planted is found, what cannot be compared is refused at once.

Folds and seeds are few, and the recipes small, so that a comparison takes a second.
"""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from textkaizen.data import Corpus
from textkaizen.errors import RecipeError, UsageError
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study import compared
from textkaizen.study.budget import Budget
from textkaizen.study.compared import DEFAULT, PipelineCandidate, compare, named_candidates
from textkaizen.study.course import Means
from textkaizen.study.experiment import Answer, Other, lane_seed
from textkaizen.study.material import Material
from textkaizen.train.programs import Programs
from textkaizen.workers.threads import Threads

MEANS = Means(programs=Programs())
ONE_ROUND = Budget(rounds=1)
# Far too small a rate for so few epochs: three times larger must be better.
SLOW = Recipe(text=TextRules(words=(1, 1), characters=(0, 0), min_texts=1)).with_shape(hidden=(4,))
SLOW = SLOW.with_knobs(epochs=6, learning_rate=0.003)
FASTER = SLOW.with_knobs(learning_rate=0.009)
TOPICS = {
    "hours": "open close today monday",
    "loss": "lost bag key umbrella",
    "fee": "pay fine owe",
}


def corpus(size=120, seed=3):
    generator = np.random.default_rng(seed)
    labels = tuple(list(TOPICS)[number % 3] for number in range(size))
    texts = tuple(
        " ".join((*generator.choice(TOPICS[label].split(), 2), f"my {number:03}"))
        for number, label in enumerate(labels)
    )
    return Corpus(texts, labels)


CORPUS = corpus()
MATERIAL = Material(CORPUS, 3, (1, 2))


def bayes(**parameters):
    return make_pipeline(CountVectorizer(), MultinomialNB(**parameters))


GUESSING = make_pipeline(CountVectorizer(), DummyClassifier(strategy="stratified"))
HASTY = make_pipeline(TfidfVectorizer(), LinearSVC(max_iter=1))


def ask(means=MEANS, budget=ONE_ROUND, **candidates):
    return compare(CORPUS, named_candidates(candidates), budget=budget, seed=1, means=means)


def told(result):
    """All of a result that does not hang on the clock."""
    verdicts = tuple(replace(verdict, seconds=0.0) for verdict in result.verdicts)
    rounds = [
        each | {"base": {"lanes": each["base"]["lanes"]}} for each in result.design["each_round"]
    ]
    design = result.design | {"each_round": rounds}
    return replace(result, verdicts=verdicts, compilations=0, design=design)


def small(patch):
    patch.setattr(compared, "design_by_size", lambda texts: (3, 2))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    small(monkeypatch)


@pytest.fixture(scope="module")
def mixed():
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        return ask(slow=SLOW, faster=FASTER, bayes=bayes(), guessing=GUESSING, hasty=HASTY)


def test_what_is_planted_to_be_better_is_and_what_guesses_is_worse(mixed):
    found = {verdict.name: verdict.verdict for verdict in mixed.verdicts}
    # Every topic has words of its own: counting them is right nearly always, guessing one in three.
    assert found["faster"] == found["bayes"] == "helps"
    assert ask(bayes=bayes(), guessing=GUESSING).verdicts[0].verdict == "hurts"


def test_all_are_compared_with_the_first_and_nothing_is_adopted(mixed):
    assert mixed.design["compared"]["base"] == "slow"
    assert [v.name for v in mixed.verdicts] == ["faster", "bayes", "guessing", "hasty"]
    assert [v.group for v in mixed.verdicts] == ["recipe", *["pipeline"] * 3]
    assert (mixed.adopted, mixed.baseline, mixed.recipe) == ((), SLOW, SLOW)
    assert mixed.design["stopped"] == "rounds are used"
    assert mixed.data["training_texts"] == len(CORPUS)


def test_a_result_says_what_each_candidate_is(mixed):
    said = mixed.design["compared"]["candidates"]
    assert said["faster"]["recipe"].endswith("learning_rate: 0.001 -> 0.009, epochs: 60 -> 6")
    assert said["bayes"] == {"pipeline": "CountVectorizer(), MultinomialNB()"}
    changes = {verdict.name: verdict.change for verdict in mixed.verdicts}
    assert changes["faster"] == "learning_rate: 0.003 -> 0.009"
    assert changes["bayes"] == "CountVectorizer(), MultinomialNB()"


def test_what_the_others_are_held_to_is_called_by_its_name(mixed):
    assert mixed.design["baseline_story"].startswith("The recipe slow")
    whys = [verdict.why for verdict in mixed.verdicts]
    assert any("the recipe slow" in why for why in whys), whys
    assert "the baseline" not in "".join(whys)
    alone = ask(faster=FASTER)
    assert alone.design["baseline_story"].startswith("The baseline")


def test_what_scikit_learn_warned_of_is_told_once_a_candidate(mixed):
    lanes = {verdict.name: verdict.lanes for verdict in mixed.verdicts}["hasty"]
    assert mixed.design["warnings"] == [
        f"scikit-learn warned of hasty in {lanes} of {lanes} lanes: Liblinear failed to converge, "
        "increase the number of iterations."
    ]
    assert "warnings" not in ask(slow=SLOW, bayes=bayes()).design


def test_the_same_candidates_are_told_the_same_in_threads_and_one_after_another(mixed):
    workers = Threads(2)
    means = Means(workers, workers.stopping, Programs())
    before = list(warnings.filters)
    again = ask(means, slow=SLOW, faster=FASTER, bayes=bayes(), guessing=GUESSING, hasty=HASTY)
    assert told(again) == told(mixed)
    assert warnings.filters == before


def interrupting(lane):
    """Means whose worker Ctrl-C hits at the beginning of this lane, from 1."""
    begun = [0]

    def worker(function, items):
        for item in items:
            begun[0] += 1
            if begun[0] == lane:
                raise KeyboardInterrupt
            yield function(item)

    return replace(MEANS, worker=worker)


def test_a_single_candidate_is_compared_with_the_default_baseline():
    found = ask(interrupting(1), faster=FASTER)
    assert found.design["compared"]["base"] == DEFAULT
    assert found.baseline == Recipe()
    assert [(v.name, v.verdict) for v in found.verdicts] == [("faster", "not tried")]


def test_a_pipeline_may_be_the_row_of_reference():
    found = ask(bayes=bayes(), slow=SLOW, guessing=GUESSING)
    assert {v.name: v.verdict for v in found.verdicts} == {"slow": "hurts", "guessing": "hurts"}
    assert found.design["compared"]["base"] == "bayes"
    assert not set(compared.OF_NETWORKS) & set(found.design), "no network is the reference"
    assert set(compared.OF_NETWORKS) <= set(ask(slow=SLOW, bayes=bayes()).design)


class Kept(dict):
    """A store that keeps answers by what tells candidates from each other."""

    def _place(self, trained, *place):
        return (trained if isinstance(trained, Recipe) else trained.key, *place)

    def find(self, *place):
        return self.get(self._place(*place))

    def keep(self, trained, seed_number, fold, answer):
        self[self._place(trained, seed_number, fold)] = answer


def test_a_run_goes_on_from_what_was_kept_and_tells_the_same(monkeypatch):
    store = Kept()
    candidates = {"slow": SLOW, "bayes": bayes(), "hasty": HASTY}
    first = ask(replace(MEANS, store=store), **candidates)
    lost = list(store)[::3]
    for place in lost:
        del store[place]
    again = ask(replace(MEANS, store=store), **candidates)
    assert told(again) == told(first)
    assert set(lost) < set(store)
    monkeypatch.setattr(compared, "learn_and_answer", None)  # nothing is left to be learnt
    assert told(ask(replace(MEANS, store=store), **candidates)) == told(first)


def test_a_lane_learns_from_the_other_folds_and_answers_its_own():
    candidate = PipelineCandidate("bayes", bayes(), probabilities=True)
    own = MATERIAL.partition[1] == 2
    texts, labels = np.array(CORPUS.texts, object), MATERIAL.labels
    by_hand = bayes().fit(texts[~own], labels[~own])
    found = candidate.answer(MATERIAL, 1, 2)
    assert isinstance(candidate, Other)
    assert found.predicted.tolist() == by_hand.predict(texts[own]).tolist()
    np.testing.assert_allclose(found.probabilities, by_hand.predict_proba(texts[own]), rtol=1e-6)
    assert (found.best_epoch, found.facts) == (0, {})
    assert found.seconds > 0


def test_the_first_fold_of_a_seed_tells_what_training_looks_like():
    candidate = PipelineCandidate("bayes", bayes())
    found = candidate.answer(MATERIAL, 0, 0)
    own = MATERIAL.partition[0] == 0
    assert found.facts["right"] == np.mean(found.predicted == MATERIAL.labels[own])
    assert found.facts["train_right"] == 1.0, "every text has a number of its own"
    assert found.probabilities is None


def test_each_lane_has_a_seed_of_its_own():
    guesses = PipelineCandidate("guessing", GUESSING)
    answers = [guesses.answer(MATERIAL, *place) for place in ((0, 0), (0, 0), (1, 0))]
    assert answers[0].predicted.tolist() == answers[1].predicted.tolist()
    seeds = {lane_seed(MATERIAL.seeds[seed], fold) for seed in (0, 1) for fold in range(3)}
    assert len(seeds) == 6


def test_candidates_are_equal_where_they_answer_alike():
    one, same = (PipelineCandidate(name, bayes(alpha=0.5)) for name in ("one", "same"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != PipelineCandidate("one", bayes())
    assert one != "one"


def test_a_candidate_stays_as_it_was_given():
    mutable = bayes()
    candidate = PipelineCandidate("bayes", mutable)
    mutable.set_params(multinomialnb__alpha=9.0)
    assert candidate == PipelineCandidate("bayes", bayes())


@pytest.mark.parametrize(
    ("candidates", "found"),
    [
        ({}, "A comparison needs a candidate or more; found none"),
        ({"a": SLOW, "b": SLOW}, "b is the same as a"),
        ({"a": bayes(), "b": bayes()}, "b is the same as a"),
        ({"a": Recipe()}, f"a is the same as {DEFAULT}"),
        (
            {"a": SLOW, "large": SLOW.with_shape(batch_size=999)},
            "the batches of large are. Lower shape.batch_size",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(candidates, found):
    with pytest.raises(UsageError, match=found):
        ask(**candidates)


@pytest.mark.parametrize("given", [[SLOW, FASTER], "ab", {1: SLOW}, SLOW])
def test_candidates_in_python_have_names(given):
    with pytest.raises(UsageError, match="compare must be a dict of names"):
        named_candidates(given)


def test_something_else_than_a_candidate_is_refused_by_its_name():
    with pytest.raises(
        RecipeError, match=r"A candidate must be a Recipe or an estimator .*; odd is"
    ):
        named_candidates({"slow": SLOW, "odd": 5})


def begun(monkeypatch):
    """Recipes and pipelines in the order in which their lanes begin."""
    lanes = []
    train, answer = compared.Experiment._answer, PipelineCandidate.answer
    networks = lambda self, job: lanes.append(job.recipe) or train(self, job)
    pipelines = lambda self, *place: lanes.append(self.name) or answer(self, *place)
    monkeypatch.setattr(compared.Experiment, "_answer", networks)
    monkeypatch.setattr(PipelineCandidate, "answer", pipelines)
    return lanes


def test_a_pipeline_that_cannot_learn_is_told_before_a_network_is_trained(monkeypatch):
    lanes = begun(monkeypatch)
    greedy = make_pipeline(CountVectorizer(), GaussianNB())
    with pytest.raises(RecipeError, match=r"a step of greedy \(GaussianNB\) reads dense tables"):
        ask(slow=SLOW, faster=FASTER, greedy=greedy)
    assert SLOW not in lanes
    assert lanes[-1] == "greedy"


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc_ovr"])
def test_a_metric_of_probabilities_is_refused_by_name_before_anything_is_trained(
    metric, monkeypatch
):
    lanes = begun(monkeypatch)
    candidates = named_candidates({"slow": SLOW, "hasty": HASTY})
    with pytest.raises(UsageError, match=f"{metric} needs the probability .*; hasty tells none"):
        compare(CORPUS, candidates, budget=ONE_ROUND, means=MEANS, metric=metric)
    assert lanes == []


def test_a_metric_of_two_classes_is_refused_at_three_before_anything_is_trained(monkeypatch):
    lanes = begun(monkeypatch)
    candidates = named_candidates({"slow": SLOW, "bayes": bayes()})
    with pytest.raises(UsageError, match="f1 is not: Target is multiclass"):
        compare(CORPUS, candidates, budget=ONE_ROUND, means=MEANS, metric="f1")
    assert lanes == []


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "balanced_accuracy", "roc_auc_ovr"])
def test_of_any_metric_more_is_better(metric, monkeypatch):
    monkeypatch.setattr(compared, "design_by_size", lambda texts: (3, 1))
    logistic = make_pipeline(CountVectorizer(), LogisticRegression(C=100.0))
    candidates = named_candidates({"slow": SLOW, "logistic": logistic})
    found = compare(CORPUS, candidates, budget=ONE_ROUND, seed=1, means=MEANS, metric=metric)
    assert found.design["metric"] == metric
    (verdict,) = found.verdicts
    # Six epochs of a small rate leave the network near to guessing; the texts are easy. Three lanes
    # are too few for a verdict.
    assert verdict.gap.value > 0


class Clock:
    """Goes on by a second whenever it is read."""

    now = 0.0

    def __call__(self):
        self.now += 1
        return self.now


def test_with_minutes_no_candidate_loses_an_epoch_and_what_there_is_no_time_for_is_not_tried():
    found = ask(budget=Budget(seconds=6, clock=Clock()), slow=SLOW, faster=FASTER, bayes=bayes())
    assert found.baseline.knobs.epochs == SLOW.knobs.epochs
    assert found.design["folds"] >= 3
    assert [verdict.verdict for verdict in found.verdicts] == ["not tried", "not tried"]
    whole = ask(budget=Budget(seconds=math.inf, clock=Clock()), slow=SLOW, bayes=bayes())
    assert [verdict.verdict for verdict in whole.verdicts] == ["helps"]


def test_where_time_is_short_what_is_no_network_does_not_wait_for_networks_that_are_named_first():
    found = ask(budget=Budget(seconds=9, clock=Clock()), slow=SLOW, faster=FASTER, bayes=bayes())
    told = [(verdict.name, verdict.verdict) for verdict in found.verdicts]
    assert told == [("faster", "not tried"), ("bayes", "no evidence")]


def test_ctrl_c_leaves_what_is_known():
    # A lane of each pipeline comes first; then both have a second one, and the network two.
    found = ask(interrupting(6), bayes=bayes(), guessing=GUESSING, slow=SLOW)
    assert found.design["stopped"] == "interrupted"
    assert {v.name: v.gap is None for v in found.verdicts} == {"guessing": False, "slow": True}
    found = ask(interrupting(1), bayes=bayes(), guessing=GUESSING)
    assert (found.design["stopped"], found.verdicts) == ("interrupted", ())


class Constant:
    """A candidate that is neither a recipe nor a pipeline: one label for all."""

    name = key = "constant"

    def answer(self, material, seed_number, fold):
        texts = int((material.partition[seed_number] == fold).sum())
        return Answer(np.zeros(texts, np.int32), None, 0.0, 0, {})


def test_whatever_answers_can_be_compared():
    found = ask(bayes=bayes(), constant=Constant())
    assert [(v.name, v.verdict) for v in found.verdicts] == [("constant", "hurts")]
    assert found.design["compared"]["candidates"]["constant"] == {"pipeline": "constant"}
