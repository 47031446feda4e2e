"""Classical classifiers as candidates: on the same folds and the same bags as the network."""

import json

import numpy as np
import pytest

from textkaizen.classical import linear
from textkaizen.classical.classifiers import fit_classifier
from textkaizen.classical.kinds import CLASSIFIERS
from textkaizen.data import Corpus
from textkaizen.errors import RecipeError, UsageError
from textkaizen.files.candidates import load_candidates
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study import compared
from textkaizen.study.budget import Budget
from textkaizen.study.classifiers import ClassifierCandidate
from textkaizen.study.compared import DEFAULT, compare, named_candidates
from textkaizen.study.course import Means
from textkaizen.study.experiment import lane_seed
from textkaizen.study.material import Material
from textkaizen.train.programs import Programs

MEANS = Means(programs=Programs())
WORDS = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
# Far too small a rate for so few epochs: whatever learns at all is better.
SLOW = Recipe(text=WORDS).with_shape(hidden=(4,)).with_knobs(epochs=3, learning_rate=0.003)
TOPICS = {
    "hours": "open close today monday",
    "loss": "lost bag key umbrella",
    "fee": "pay fine owe",
}


def corpus(size=120):
    generator = np.random.default_rng(3)
    labels = tuple(list(TOPICS)[number % 3] for number in range(size))
    texts = tuple(
        " ".join((*generator.choice(TOPICS[label].split(), 2), f"my {number:03}"))
        for number, label in enumerate(labels)
    )
    return Corpus(texts, labels)


CORPUS = corpus()


def ask(candidates, **how):
    return compare(
        CORPUS, named_candidates(candidates), budget=Budget(rounds=1), seed=1, means=MEANS, **how
    )


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(compared, "design_by_size", lambda texts: (3, 1))


@pytest.mark.parametrize("kind", ["linear_svm", "nearest_neighbours"])
def test_a_lane_is_fitted_on_the_bags_that_a_network_has_there(kind):
    material = Material(CORPUS, 3, (1, 2))
    found = ClassifierCandidate(kind, WORDS, probabilities=True).answer(material, 1, 2)
    bags, seed = material.fold_bags(WORDS, 1, 2), lane_seed(2, 2)
    expected = fit_classifier(kind, bags.train_bags, material.labels[bags.train], 3, seed)
    assert (found.predicted == expected.logits(bags.test_bags).argmax(1)).all()
    assert found.predicted.dtype == np.int32
    np.testing.assert_allclose(found.probabilities.sum(1), 1, atol=1e-6)
    assert (found.best_epoch, found.facts) == (0, {})


def test_one_lane_a_seed_tells_how_well_training_texts_are_known():
    material = Material(CORPUS, 3, (1,))
    facts = ClassifierCandidate("linear_svm", WORDS).answer(material, 0, 0).facts
    assert facts["train_right"] == 1  # each text has a number of its own
    assert 0.8 < facts["right"] <= 1


def test_what_a_solver_warns_of_is_told_once(monkeypatch, few):
    monkeypatch.setitem(linear.LOGISTIC, "max_iter", 1)
    result = ask({"slow": SLOW, "logistic": "logistic_regression"})
    (warning,) = result.design["warnings"]
    assert warning.startswith("scikit-learn warned of logistic in 3 of 3 lanes: ")


def test_two_are_equal_where_kind_and_rules_are():
    one = ClassifierCandidate("linear_svm", WORDS)
    assert one == ClassifierCandidate("linear_svm", WORDS)
    assert one != ClassifierCandidate("linear_svm")
    assert one != ClassifierCandidate("kernel_svm", WORDS)
    keys = {ClassifierCandidate(kind).key for kind in CLASSIFIERS}
    assert len(keys) == len(CLASSIFIERS)
    assert json.loads(one.key)["text"]["words"] == [1, 1]


def test_by_name_they_are_held_to_the_baseline_and_read_its_bags(monkeypatch, few):
    monkeypatch.setattr(compared, "BASELINE", SLOW)
    result = ask({"near": "nearest_neighbours", "bayes": "multinomial_naive_bayes"})
    assert result.design["compared"]["base"] == DEFAULT
    assert [verdict.name for verdict in result.verdicts] == ["near", "bayes"]
    for verdict in result.verdicts:
        assert verdict.group == "classifier"
        assert verdict.verdict == "helps"  # a network that has hardly begun guesses
        assert "words: [1, 2] -> [1, 1]" in verdict.change


def test_beside_a_recipe_they_read_its_bags_and_are_held_to_it(few):
    result = ask({"mine": SLOW, "bayes": "complement_naive_bayes"})
    assert result.design["compared"]["base"] == "mine"
    said = result.design["compared"]["candidates"]["bayes"]
    assert said["classifier"].startswith("complement_naive_bayes (words: ")


def test_a_metric_of_probabilities_refuses_margins_and_takes_the_others(few):
    with pytest.raises(UsageError, match="margins tells none"):
        ask({"slow": SLOW, "margins": "kernel_svm"}, metric="log_loss")
    result = ask({"slow": SLOW, "bayes": "multinomial_naive_bayes"}, metric="log_loss")
    assert result.verdicts[0].gap.value > 0


def test_features_that_naive_bayes_cannot_read_are_refused_in_a_sentence(few):
    reduced = SLOW.with_text(reduce="svd", reduced=5)
    with pytest.raises(RecipeError, match=r"Set text\.reduce to none"):
        ask({"reduced": reduced, "bayes": "multinomial_naive_bayes"})


def test_names_on_the_command_line_are_classifiers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list(load_candidates(["all_classical"])) == list(CLASSIFIERS)
    found = load_candidates(["random_forest", "linear_svm"])
    assert found["random_forest"] == ClassifierCandidate("random_forest")
    with pytest.raises(RecipeError, match="linear_svm more than once"):
        load_candidates(["all_classical", "linear_svm"])
    with pytest.raises(RecipeError, match=r"found randomforest\. Did you mean random_forest\?"):
        load_candidates(["randomforest"])
