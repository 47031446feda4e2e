"""Pipelines as data and at work: what a file may ask for, what is refused, what is answered."""

import inspect
import json
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from command_line import environment
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from textkaizen.classical.pipelines import (
    Lesson,
    copied,
    described,
    has_probabilities,
    hearing,
    learn_and_answer,
    pipeline_of,
    reads_texts,
    require_estimator,
    seeded,
    worded,
)
from textkaizen.classical.steps import REFUSED, known_estimators, step_of
from textkaizen.errors import RecipeError
from textkaizen.estimator import TextClassifier

TEXTS = [f"{verb} my {noun}" for verb in ("renew", "lost", "pay") for noun in "abcdefgh"]
TEXTS = [text.replace(" my ", " my book ") for text in TEXTS]
LABELS = np.repeat([0, 1, 2], 8)
ASKED = ["renew it", "lost it", "pay for it"]
LESSON = Lesson(TEXTS, LABELS, ASKED, classes=3, seed=7)


def made(*steps):
    return pipeline_of([step_of(step) for step in steps])


def refused(ask, *arguments):
    with pytest.raises(RecipeError) as error:
        ask(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_name_with_parameters_is_the_estimator_of_that_name():
    found = step_of({"TfidfVectorizer": {"ngram_range": [1, 2], "sublinear_tf": True}})
    assert type(found) is TfidfVectorizer
    assert (found.ngram_range, found.sublinear_tf) == ((1, 2), True)
    assert type(step_of("LinearSVC")) is type(step_of({"LinearSVC": None})) is LinearSVC


def test_lists_become_tuples_only_where_scikit_learn_wants_tuples():
    assert step_of({"MLPClassifier": {"hidden_layer_sizes": [8, 4]}}).hidden_layer_sizes == [8, 4]
    assert step_of({"MinMaxScaler": {"feature_range": [0, 2]}}).feature_range == (0, 2)
    assert step_of({"CountVectorizer": {"vocabulary": ["a", "b"]}}).vocabulary == ["a", "b"]


def test_an_estimator_may_stand_inside_another():
    found = step_of({"CalibratedClassifierCV": {"estimator": {"LinearSVC": {"C": 0.5}}}})
    assert type(found) is CalibratedClassifierCV
    assert (type(found.estimator), found.estimator.C) == (LinearSVC, 0.5)
    assert type(step_of({"OneVsRestClassifier": {"estimator": "LinearSVC"}}).estimator) is LinearSVC


def test_estimators_in_a_list_have_the_names_they_were_given_or_that_make_union_would_give():
    characters = {"TfidfVectorizer": {"analyzer": "char"}}
    parts = [["words", "TfidfVectorizer"], characters, {"TfidfVectorizer": None}]
    found = step_of({"FeatureUnion": {"transformer_list": parts}})
    names = [name for name, _ in found.transformer_list]
    assert names == ["words", "tfidfvectorizer-2", "tfidfvectorizer-3"]
    assert found.transformer_list[1][1].analyzer == "char"
    assert reads_texts(found)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"LinearSVM": {}}, "has no 'LinearSVM'; did you mean 'LinearSVC'?"),
        ({"tfidfvectorizer": {}}, "did you mean 'TfidfVectorizer'?"),
        ({"os.system": {}}, "scikit-learn has no 'os.system'"),
        ({"sklearn.svm.LinearSVC": {}}, "did you mean 'LinearSVC'?"),
        ({"Zzz": {}}, "scikit-learn has no 'Zzz'. Its documentation lists"),
        ({"LinearSVC": {"c": 1}}, "no parameter 'c'; did you mean 'C'?"),
        ({"LinearSVC": {"zzz": 1}}, "no parameter 'zzz'; known are penalty, "),
        ({"LinearSVC": {"C": -1}}, "The 'C' parameter of LinearSVC must be a float in the range"),
        ({"LinearSVC": {"C": "big"}}, "Got 'big' instead."),
        ({"TfidfVectorizer": {"tokenizer": "os.system"}}, "must be a callable or None"),
        ({"FunctionTransformer": {"func": "os.system"}}, "must be a callable or None"),
        ({"TfidfVectorizer": {"input": "filename"}}, "must read the texts themselves"),
        ({"Pipeline": {"steps": ["LinearSVC"], "memory": "/tmp"}}, "it would keep files on disk"),
        ({"LinearSVC": {"verbose": 1}}, "it would print among the results"),
        ({"SGDClassifier": {"n_jobs": -1}}, "lanes keep every core busy already"),
        ({"FeatureUnion": None}, "FeatureUnion cannot be made so: FeatureUnion.__init__() missing"),
        ({"CalibratedClassifierCV": {"estimator": {"LinearSVC": {"C": -1}}}}, "The 'C' parameter"),
        ({"LinearSVC": {"C": b"x"}}, "LinearSVC.C must be a number, a word, a list"),
        ({"LinearSVC": [1]}, "A step must be one name"),
        ({"LinearSVC": {1: 2}}, "A step must be one name"),
        ({"LinearSVC": {}, "TfidfVectorizer": {}}, "A step must be one name"),
        (5, "found 5. Write it so."),
        ([], "A step must be one name"),
    ],
)
def test_what_a_file_may_not_ask_for_is_refused_with_a_sentence(values, found):
    assert found in refused(step_of, values)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["a", "l2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


def parameters_of(name):
    return list(inspect.signature(known_estimators()[name]).parameters)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_plain_values_make_an_estimator_or_are_refused_and_nothing_else_happens(data):
    name = data.draw(st.sampled_from(sorted(known_estimators())))
    names = st.sampled_from(parameters_of(name) or ["a"])
    asked = data.draw(st.dictionaries(names, PLAIN, max_size=3))
    with suppress(RecipeError):
        found = step_of({name: asked})
        assert type(found) is known_estimators()[name]
        assert not [each for each in asked if callable(getattr(found, each))]


def test_every_parameter_that_reaches_out_of_a_pipeline_is_refused_wherever_it_is():
    pairs = [(n, each) for n in known_estimators() for each in parameters_of(n) if each in REFUSED]
    assert len(pairs) > 100
    for name, parameter in pairs:
        assert REFUSED[parameter] in refused(step_of, {name: {parameter: 1}})


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([], "found no step. Put one of these first."),
        (["LinearSVC"], "must read texts: TfidfVectorizer, .*; found LinearSVC"),
        (["DictVectorizer", "LinearSVC"], "found DictVectorizer"),
        (["TfidfVectorizer"], "must be a classifier; found TfidfVectorizer"),
        (["TfidfVectorizer", "Ridge"], "must be a classifier; found Ridge"),
        (["TfidfVectorizer", "LinearSVC", "LinearSVC"], "LinearSVC does not. Put it last"),
    ],
)
def test_a_pipeline_begins_with_a_reader_of_texts_and_ends_with_a_classifier(steps, found):
    with pytest.raises(RecipeError, match=found):
        made(*steps)


def test_a_candidate_in_python_is_an_object_that_classifies():
    for good in (make_pipeline(TfidfVectorizer(), LinearSVC()), TextClassifier()):
        require_estimator("mine", good)
    for bad, found in (
        (5, "mine is int"),
        (LinearSVC, "mine is the class LinearSVC"),
        (make_pipeline(TfidfVectorizer(), Ridge()), "must be a classifier; mine is Pipeline"),
        (TfidfVectorizer(), "mine is TfidfVectorizer"),
    ):
        assert found in refused(require_estimator, "mine", bad)


def test_it_answers_what_scikit_learn_answers():
    ours = make_pipeline(TfidfVectorizer(), LogisticRegression(C=3.0))
    theirs = make_pipeline(TfidfVectorizer(), LogisticRegression(C=3.0)).fit(TEXTS, LABELS)
    found = learn_and_answer("mine", ours, LESSON, probabilities=True, train=True)
    assert found.predicted.dtype == np.int32
    assert found.predicted.tolist() == theirs.predict(ASKED).tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.probabilities, theirs.predict_proba(ASKED), rtol=1e-6)
    assert found.train_right == theirs.score(TEXTS, LABELS)
    assert found.warned == ()
    assert not hasattr(ours[-1], "coef_"), "what was given stays as it was"


def test_a_label_that_the_lesson_lacks_has_the_probability_0():
    lesson = Lesson(TEXTS, np.where(LABELS == 1, 3, LABELS), ASKED, classes=5, seed=7)
    found = learn_and_answer(
        "mine", made("CountVectorizer", "MultinomialNB"), lesson, probabilities=True
    )
    assert found.probabilities.shape == (3, 5)
    assert not found.probabilities[:, [1, 4]].any()
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-6)
    assert found.predicted.tolist() == [0, 3, 2]


def test_one_seed_answers_alike_and_another_need_not():
    # A forest of three stumps on texts without a word in common guesses by its seed alone.
    forest = {"RandomForestClassifier": {"n_estimators": 3, "max_depth": 1}}
    pipeline = made("TfidfVectorizer", forest)
    asked = [f"word{number} my book" for number in range(60)]
    answer = lambda seed: learn_and_answer(
        "mine", pipeline, Lesson(TEXTS, LABELS, asked, 3, seed), probabilities=True
    ).probabilities.tolist()
    assert answer(1) == answer(1)
    assert answer(1) != answer(2)


def test_seeds_reach_every_step_and_what_stands_inside_it():
    calibrated = CalibratedClassifierCV(estimator=LinearSVC(random_state=3))
    found = seeded(make_pipeline(TfidfVectorizer(), calibrated), 9)
    assert found[-1].estimator.random_state == 9
    assert calibrated.estimator.random_state == 3
    assert seeded(TextClassifier(), 9).seed == 9


@pytest.mark.parametrize("greedy", ["GaussianNB", "HistGradientBoostingClassifier"])
def test_a_step_that_wants_a_dense_table_is_refused_by_name(greedy):
    told = refused(learn_and_answer, "mine", made("TfidfVectorizer", greedy), LESSON)
    assert "must stay sparse" in told
    assert f"a step of mine ({greedy}) reads dense tables only" in told


def test_few_dense_features_made_of_sparse_ones_are_welcome():
    steps = ["TfidfVectorizer", {"TruncatedSVD": {"n_components": 3}}, "GaussianNB"]
    assert learn_and_answer("mine", made(*steps), LESSON).predicted.shape == (3,)


@pytest.mark.parametrize(
    ("pipeline", "found"),
    [
        (make_pipeline(TfidfVectorizer(min_df=99), LinearSVC()), "mine cannot: ValueError, max_df"),
        (LinearSVC(), "mine cannot: ValueError, "),
        (make_pipeline(TfidfVectorizer(lowercase=lambda: 1), LinearSVC()), "The 'lowercase' param"),
    ],
)
def test_what_cannot_learn_these_texts_is_told_by_name(pipeline, found):
    assert found in refused(learn_and_answer, "mine", pipeline, LESSON)


class Odd(ClassifierMixin, BaseEstimator):
    """Answers whatever it was made with."""

    def __init__(self, answers=None):
        self.answers = answers

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.array(self.answers)


@pytest.mark.parametrize(
    "answers", [[0, 1], [0, 1, 3], [0, -1, 2], [0.0, 1.0, 2.0], [[0], [1], [2]]]
)
def test_answers_that_are_not_one_known_label_a_text_are_refused(answers):
    assert "A candidate must answer one of the labels" in refused(
        learn_and_answer, "mine", Odd(answers), LESSON
    )
    assert learn_and_answer("mine", Odd([2, 1, 0]), LESSON).predicted.tolist() == [2, 1, 0]


def test_probabilities_are_there_where_predict_proba_is():
    tells = lambda *steps: has_probabilities(made("TfidfVectorizer", *steps))
    assert tells("LogisticRegression")
    assert tells({"CalibratedClassifierCV": {"estimator": "LinearSVC"}})
    assert tells({"SGDClassifier": {"loss": "log_loss"}})
    assert not tells("LinearSVC")
    assert not tells({"SGDClassifier": {"loss": "hinge"}})


def test_one_description_for_what_answers_alike_and_another_for_what_does_not():
    one = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), SGDClassifier(random_state=1))
    same = made({"TfidfVectorizer": {"ngram_range": [1, 2]}}, "SGDClassifier")
    assert described(one) == described(same) == described(copied(one))
    other = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), SGDClassifier(alpha=0.1))
    assert described(one) != described(other)
    values = json.loads(described(one))
    assert set(values) == {"scikit-learn", "estimator"}


def test_what_has_no_description_of_its_own_is_never_the_same_as_another():
    cut = lambda: make_pipeline(
        CountVectorizer(analyzer=lambda text: text.split()), MultinomialNB()
    )
    one, other = cut(), cut()
    assert described(one) == described(copied(one))
    assert described(one) != described(other)
    named = make_pipeline(CountVectorizer(analyzer=str.split), MultinomialNB())
    assert " at 0x" not in described(named)


def test_a_description_is_the_same_in_another_process():
    # Sets have another order there, unless one of 40,320 orders is drawn twice.
    made_there = "C(stop_words=frozenset('abcdefgh'))"
    script = (
        "from sklearn.feature_extraction.text import CountVectorizer as C\n"
        "from textkaizen.classical.pipelines import described\n"
        f"print(described({made_there}))"
    )
    there = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    here = described(CountVectorizer(stop_words=frozenset("abcdefgh")))
    assert there.stdout == f"{here}\n"


def test_a_pipeline_is_worded_by_its_steps_and_what_is_not_at_its_default():
    shown = worded(made({"TfidfVectorizer": {"ngram_range": [1, 2]}}, {"LinearSVC": {"C": 0.5}}))
    assert shown == "TfidfVectorizer(ngram_range=(1, 2)), LinearSVC(C=0.5)"
    assert worded(DummyClassifier()) == "DummyClassifier()"
    assert " at 0x" not in worded(CountVectorizer(analyzer=lambda text: text.split()))


HASTY = Pipeline([("words", TfidfVectorizer()), ("hasty", LinearSVC(max_iter=1))])


def test_what_scikit_learn_warns_of_is_kept_and_not_printed():
    with warnings.catch_warnings(record=True) as printed:
        warnings.simplefilter("always")
        found = learn_and_answer("mine", HASTY, LESSON)
    assert found.warned == ("Liblinear failed to converge, increase the number of iterations.",)
    assert printed == []


class Old(MultinomialNB):
    """Warns whenever it is made, as scikit-learn's classes do that are about to be dropped."""

    def __init__(self):
        warnings.warn_explicit("Old is deprecated.", FutureWarning, "old.py", 1, "sklearn.old")
        super().__init__()


def test_a_class_that_is_about_to_be_dropped_is_told_when_it_learns_and_not_before():
    with pytest.warns(FutureWarning, match="Old is deprecated"):
        pipeline = make_pipeline(CountVectorizer(), Old())
    assert described(copied(pipeline)) == described(pipeline)  # warnings are errors here
    assert learn_and_answer("mine", pipeline, LESSON).warned == ("Old is deprecated.",)


def test_threads_hear_their_own_warnings_and_leave_the_filters_as_they_were():
    calm = make_pipeline(TfidfVectorizer(), MultinomialNB())
    before, show = list(warnings.filters), warnings.showwarning
    with ThreadPoolExecutor(4) as pool:
        learn = lambda pipeline: learn_and_answer("mine", pipeline, LESSON)
        found = list(pool.map(learn, [HASTY, calm] * 20))
    assert [len(one.warned) for one in found] == [1, 0] * 20
    assert warnings.filters == before
    assert warnings.showwarning is show


def test_what_others_warn_of_meanwhile_is_told_as_ever():
    with hearing(), pytest.warns(UserWarning, match="by the way"):
        warnings.warn("by the way", UserWarning, stacklevel=1)
