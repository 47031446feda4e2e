"""A model in use: one text, many texts, none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.data import Corpus
from textkaizen.errors import RecipeError, UsageError
from textkaizen.model import Model, learn_linear, learn_model
from textkaizen.nets.plain import Network, logits, softmax
from textkaizen.recipe import Recipe, TextRules
from textkaizen.text.vectorise import Vocabulary

SENTENCES = (
    ("when do you open on sunday", "hours"),
    ("are you open tonight", "hours"),
    ("how late are you open", "hours"),
    ("土曜日は何時に開きますか", "hours"),
    ("please renew my book", "renew"),
    ("can i keep the book longer", "renew"),
    ("本の貸出を延長できますか", "renew"),
    ("本を延長したい", "renew"),
    ("i lost my card", "card"),
    ("a new card please", "card"),
    ("my card does not work", "card"),
    ("カードをなくしました", "card"),
)
CORPUS = Corpus(*map(tuple, zip(*SENTENCES, strict=True)))
RECIPE = (
    Recipe()
    .with_shape(hidden=(8,), batch_size=4)
    .with_knobs(epochs=60, learning_rate=0.01, validation=0.0, batch_norm="before")
)
DROPPED = RECIPE.with_knobs(dropout=0.2)
MADE = ("network", "ensemble", "masks", "logistic_regression", "linear_svm")


@pytest.fixture(scope="module")
def models():
    return {
        "network": learn_model(CORPUS, RECIPE, seed=1)[0],
        "ensemble": learn_model(CORPUS, RECIPE.with_knobs(ensemble=3), seed=1)[0],
        "masks": learn_model(CORPUS, DROPPED, seed=1)[0].with_masks(9),
        "logistic_regression": learn_linear(CORPUS, RECIPE, 1, "logistic_regression"),
        "linear_svm": learn_linear(CORPUS, RECIPE, 1, "linear_svm"),
    }


@pytest.fixture(scope="module", params=MADE)
def model(request, models):
    return models[request.param]


def by_hand(biases=(0.0, 1.0, 1.0)):
    """A linear model of two words: 'open' speaks for a, 'card' for b."""
    rules = TextRules(words=(1, 1), characters=(0, 0))
    vocabulary = Vocabulary(rules, ("card", "open"), 2, np.float32([1, 1]))
    kernel = np.float32([[0, 5, 0], [5, 0, 0]])
    network = Network((kernel,), (np.float32(biases),), (), "relu", "none", 0.3)
    return Model("logistic_regression", Recipe(rules), ("a", "b", "c"), vocabulary, network)


def test_logits_worked_out_by_hand():
    found = by_hand().logits(["open", "CARD", "open card", "nothing"])
    half = 5 * np.sqrt(0.5)
    expected = [[5, 1, 1], [0, 6, 1], [half, 1 + half, 1], [0, 1, 1]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_text_without_a_known_feature_is_answered_by_the_biases():
    model = by_hand(biases=(0.0, 0.0, np.log(2)))
    for text in ("", "   ", "nothing of it"):
        np.testing.assert_allclose(model.probabilities([text]), [[0.25, 0.25, 0.5]], rtol=1e-6)
        assert model.predict([text]) == ["c"]
        assert model.answer(text) == [("c", pytest.approx(0.5))]


def test_of_equally_probable_labels_the_first_in_the_alphabet_is_given():
    model = by_hand()
    assert [[label for label, _ in top] for top in model.answers(["nothing"], 3)] == [[*"bca"]]
    assert model.predict(["nothing"]) == ["b"]
    assert [label for label, _ in model.answer("nothing", 3)] == ["b", "c", "a"]
    assert model.answer("nothing", 1)[0][0] == "b"


def test_no_texts_no_answers(model):
    assert model.logits([]).shape == model.probabilities(()).shape == (0, 3)
    assert model.predict([]) == []


def test_the_models_have_learnt_their_sentences(model):
    assert model.predict(CORPUS.texts) == list(CORPUS.labels)


def test_a_text_alone_is_labelled_as_among_others(model):
    together = model.probabilities(CORPUS.texts)
    alone = np.concatenate([model.probabilities([text]) for text in CORPUS.texts])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    np.testing.assert_allclose(together.sum(1), 1, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="opencardbook 本を延長\n!ßＡ", max_size=40), st.integers(1, 5))
def test_an_answer_is_what_probabilities_say(models, text, top_k):
    for model in models.values():
        found = model.answer(text, top_k)
        expected = dict(zip(model.labels, model.probabilities([text])[0], strict=True))
        assert len(found) == min(top_k, 3)
        for label, probability in found:
            assert probability == pytest.approx(expected[label], abs=1e-6)
        probabilities = [probability for _, probability in found]
        assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("top_k", [1, 2, 5])
def test_answers_to_many_are_those_to_each(model, top_k):
    texts = [*CORPUS.texts, "", "zzqx"]
    found = model.answers(texts, top_k)
    for text, several in zip(texts, found, strict=True):
        alone = model.answer(text, top_k)
        assert [label for label, _ in several] == [label for label, _ in alone]
        expected = [probability for _, probability in alone]
        assert [p for _, p in several] == pytest.approx(expected, abs=1e-6)
    assert model.answers([], top_k) == []


def test_the_same_question_has_the_same_answer_twice(model):
    assert (model.logits(CORPUS.texts) == model.logits(CORPUS.texts)).all()
    assert model.answer("is it open", 3) == model.answer("is it open", 3)


def test_an_ensemble_answers_with_the_mean_of_its_members(models):
    ensemble = models["ensemble"]
    assert len(ensemble.networks) == ensemble.recipe.knobs.ensemble == 3
    bags = ensemble.vocabulary.bags(CORPUS.texts)
    expected = np.mean([softmax(logits(member, bags)) for member in ensemble.networks], axis=0)
    np.testing.assert_allclose(ensemble.probabilities(CORPUS.texts), expected, atol=1e-6)
    first = models["network"].probabilities(CORPUS.texts)
    assert np.abs(expected - first).max() > 1e-3  # the members do not all say the same


def test_masks_change_the_answer_and_without_them_all_units_answer_again(models):
    masked = models["masks"]
    plain = masked.with_masks(0)
    assert masked.recipe.knobs.monte_carlo == 9
    assert plain.network is masked.network
    bags = plain.vocabulary.bags(CORPUS.texts)
    assert (plain.logits(CORPUS.texts) == logits(plain.network, bags)).all()
    difference = np.abs(plain.probabilities(CORPUS.texts) - masked.probabilities(CORPUS.texts))
    assert 1e-4 < difference.max() < 0.5
    again = plain.with_masks(9)
    assert (again.logits(CORPUS.texts) == masked.logits(CORPUS.texts)).all()


def test_masks_of_a_model_without_dropout_are_refused_and_so_are_fewer_than_none(models):
    for name in ("network", "ensemble", "logistic_regression", "linear_svm"):
        with pytest.raises(RecipeError, match=r"masks.*(dropout is 0|no hidden layer)"):
            models[name].with_masks(5)
    with pytest.raises(RecipeError, match=r"monte_carlo must be from 0 to 10,000; found -1"):
        models["masks"].with_masks(-1)


def test_one_text_instead_of_a_list_is_refused_with_the_cure(model):
    for method in (model.logits, model.probabilities, model.predict, model.answers):
        with pytest.raises(UsageError, match=r"found one text.*\[text\]"):
            method("hello")


def test_what_is_no_string_is_named_with_its_place(model):
    with pytest.raises(UsageError, match="number 1 is None"):
        model.predict(["hello", None])
    with pytest.raises(UsageError, match="number 0 is 7"):
        model.answer(7)


def test_less_than_one_label_is_refused(model):
    with pytest.raises(UsageError, match="found 0"):
        model.answer("hello", top_k=0)
    with pytest.raises(UsageError, match="found 0"):
        model.answers(["hello"], top_k=0)


def test_any_sequence_of_texts_will_do(model):
    expected = model.predict(list(CORPUS.texts))
    assert model.predict(np.array(CORPUS.texts, dtype=object)) == expected
    assert model.predict(np.array(CORPUS.texts)) == expected
