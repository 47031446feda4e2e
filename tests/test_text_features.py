"""Text rules of every kind -> bags: learnt from training texts only, and the same in a model."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from textkaizen.data import Corpus
from textkaizen.errors import ModelError
from textkaizen.files.models import load_model, save_model
from textkaizen.model import learn_linear, learn_model
from textkaizen.recipe import Recipe, TextRules
from textkaizen.text.features import Texts
from textkaizen.text.vectorise import bags
from textkaizen.train.programs import Programs

SUBJECTS = ("loan", "card", "room", "opening hours")
ASKED = ("Can I extend my {}?", "where is the {} !", "I lost my {} 2 days ago", "a {} , please")
TEXTS = [form.format(subject) for subject in SUBJECTS for form in ASKED] + [
    "図書館は何時に開きますか？",
    "本を借りたいです。",
    "Wann öffnet die Bibliothek am 24.12.2026?",
    "",
]
LABELS = np.arange(len(TEXTS)) % 4
TRAINING = np.arange(0, len(TEXTS), 2)
RULES = {
    "default": TextRules(),
    "selected": TextRules(select="chi2", selected=20),
    "informed": TextRules(select="mutual_information", selected=20),
    "by hand": TextRules(handmade=("characters", "question", "digits"), handmade_weight=0.3),
    "LSA": TextRules(reduce="svd", reduced=5),
    "PCA": TextRules(reduce="pca", reduced=5, handmade=("digits",)),
    "projected": TextRules(reduce="random_projection", reduced=7, norm="l1"),
    "subwords": TextRules(tokens="bpe", subwords=100, min_texts=1),
    "unigrams": TextRules(tokens="unigram", subwords=100, characters=(0, 0)),
    "fugashi": TextRules(tokens="fugashi", form="base", parts="no_particles", numbers="replace"),
    "Sudachi": TextRules(tokens="sudachi_c", words=(1, 1), within_words=False),
    "stop words": TextRules(stop_words="en", drop_words=("card",), min_texts=1),
    "hashed": TextRules(hashed=2**10, tokens="by_script", handmade=("words",)),
    "counts": TextRules(idf=False, norm="none", sublinear=False, binary=True, word_weight=0.5),
}
CORPUS = Corpus(TEXTS * 2, [str(label) for label in [*LABELS, *LABELS]])
PROGRAMS = Programs()


def recipe_of(rules):
    return Recipe(rules).with_shape(hidden=(4,)).with_knobs(epochs=2, validation=0.0)


@cache
def learnt_model(rules):
    return learn_model(CORPUS, recipe_of(rules), 1, PROGRAMS)


each = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def learnt(rules, texts=TEXTS):
    return Texts(texts).learn(rules, TRAINING, LABELS[TRAINING], seed=3)


def same(one, other):
    assert one.shape == other.shape
    np.testing.assert_array_equal(one.indptr, other.indptr)
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_allclose(one.data, other.data, rtol=1e-6, atol=1e-7)


@each
def test_a_vocabulary_makes_the_same_bags_one_by_one_and_together(rules):
    """Learnt for a fold or kept in a model, one text or many: one set of features."""
    features = learnt(rules)
    vocabulary = features.vocabulary
    counted = bags(features.counts, np.arange(len(TEXTS)), vocabulary, features.columns)
    same(vocabulary.bags(TEXTS), counted)
    assert counted.shape[1] == len(vocabulary)
    for text, row in zip(TEXTS, range(len(TEXTS)), strict=True):
        own = np.zeros(len(vocabulary), np.float32)
        found, weights = vocabulary.bag(text)
        own[found] = weights
        np.testing.assert_allclose(own, counted[row].toarray()[0], rtol=1e-6, atol=1e-7)


@each
def test_nothing_is_learnt_from_other_texts(rules):
    others = [text if row in TRAINING else "開館 other words 99" for row, text in enumerate(TEXTS)]
    one, other = learnt(rules), learnt(rules, others)
    assert one.vocabulary.terms == other.vocabulary.terms
    np.testing.assert_array_equal(one.vocabulary.idf, other.vocabulary.idf)
    np.testing.assert_array_equal(one.vocabulary.scales, other.vocabulary.scales)
    same(one.bags(TRAINING), other.bags(TRAINING))


@each
def test_a_model_answers_what_its_network_learnt_from_reduced_features(rules):
    """A reduction is folded into the first layer: a model reads bags, whatever it was trained on.

    Float32 sums over another order: 1e-4 is a hundred roundings of logits of about 1.
    """
    corpus, recipe = CORPUS, recipe_of(rules)
    model, trained = learnt_model(rules)
    asked = Texts(sorted(TEXTS * 2)).learn
    together = model.logits(TEXTS)
    assert together.shape == (len(TEXTS), 4)
    assert np.isfinite(together).all()
    for text, row in zip(TEXTS, model.probabilities(TEXTS), strict=True):
        label, probability = model.answer(text)[0]
        assert probability == pytest.approx(row.max(), abs=1e-5)
        assert row[model.labels.index(label)] == pytest.approx(row.max(), abs=1e-5)
    if rules.reduce != "none":
        rows = np.arange(len(TEXTS) * 2)
        numbers = np.array([model.labels.index(label) for _, label in sorted_pairs(corpus)])
        features = asked(rules, rows, numbers, 1)
        own = trained.logits(recipe.knobs, features.bags(rows))
        np.testing.assert_allclose(own, model.logits(sorted(TEXTS * 2)), atol=1e-4)


def sorted_pairs(corpus):
    from textkaizen.data import canonical

    ordered = canonical(corpus)
    assert list(ordered.texts) == sorted(corpus.texts)
    return list(zip(ordered.texts, ordered.labels, strict=True))


def test_a_linear_model_learns_from_reduced_features_too():
    corpus = Corpus(TEXTS * 3, [str(label) for label in [*LABELS] * 3])
    model = learn_linear(corpus, Recipe(RULES["LSA"]), seed=1)
    assert model.network.kernels[0].shape == (len(model.vocabulary), 4)


@each
def test_a_saved_model_answers_as_before(rules, tmp_path):
    model, _ = learnt_model(rules)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.recipe == recipe_of(rules)
    np.testing.assert_array_equal(again.logits(TEXTS), model.logits(TEXTS))
    assert again.answer(TEXTS[0]) == model.answer(TEXTS[0])


def test_a_model_of_another_dictionary_is_refused(tmp_path):
    model, _ = learnt_model(RULES["fugashi"])
    older = model.facts["analyser"].replace("unidic-lite 1.", "unidic-lite 0.")
    save_model(replace(model, facts=model.facts | {"analyser": older}), tmp_path / "model")
    with pytest.raises(ModelError, match=r'model.*pip install "unidic-lite==0\..*"; or train it'):
        load_model(tmp_path / "model")


def test_a_model_of_another_neologdn_is_refused(tmp_path):
    rules = TextRules(neologdn=True)
    model, _ = learnt_model(rules)
    save_model(model, tmp_path / "model")
    assert load_model(tmp_path / "model").predict(TEXTS) == model.predict(TEXTS)
    save_model(replace(model, facts=model.facts | {"neologdn": "0.1"}), tmp_path / "model")
    with pytest.raises(ModelError, match=r"trained with neologdn 0\.1, here is"):
        load_model(tmp_path / "model")


FORGED = {
    "no JSON": lambda learnt: learnt | {"model": 3},
    "padding": lambda learnt: learnt | {"padding": {"strategy": {"Fixed": 300_000_000}}},
    "cutting": lambda learnt: learnt | {"pre_tokenizer": {"type": "Split"}},
    "nothing unknown": lambda learnt: learnt | {"model": learnt["model"] | {"unk_id": None}},
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_pieces_of_words_that_nobody_learnt_are_refused_when_a_model_is_loaded(forge, tmp_path):
    model, _ = learnt_model(RULES["unigrams"])
    forged = json.dumps(forge(json.loads(model.vocabulary.subwords)))
    changed = replace(model, vocabulary=replace(model.vocabulary, subwords=forged))
    save_model(changed, tmp_path / "model")
    with pytest.raises(ModelError, match="learnt pieces of words cannot be read"):
        load_model(tmp_path / "model")
