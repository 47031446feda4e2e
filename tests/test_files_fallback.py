"""A fallback in a model folder: plain values, only where there is one, checked when read."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import save_small_model
from test_files_models_forged import forge

from textkaizen.deciding import Fallback
from textkaizen.errors import CorpusError, ModelError
from textkaizen.files.foreign import load_texts
from textkaizen.files.models import load_model, save_model

FACTS = {"wrong": 0.05, "rests_on": "kept_away"}
TEXTS = ["renew my card", "when open", "", "something else"]
PLAIN = {"score": "margin", "threshold": 0.25, "temperature": 1.5, "ask": 0.8, "facts": {}}


@pytest.fixture
def model(tmp_path):
    return load_model(save_small_model(tmp_path / "plain"))


@pytest.fixture(params=["probability", "distance"])
def saved(request, model, tmp_path):
    """A model with a fallback, and the folder it was saved in."""
    own = model.logits(TEXTS)
    means = np.arange(9, dtype=np.float32).reshape(3, 3) if request.param == "distance" else None
    fallback = Fallback(request.param, 0.0, 0.7, 0.8, FACTS, means)
    threshold = float(np.median(fallback.scores(own)))
    kept = replace(model, fallback=replace(fallback, threshold=threshold))
    save_model(kept, tmp_path / "model")
    return kept, tmp_path / "model"


def test_a_model_decides_as_it_did_before_it_was_saved(saved):
    kept, folder = saved
    loaded = load_model(folder)
    assert [loaded.decide(text) for text in TEXTS] == [kept.decide(text) for text in TEXTS]
    assert loaded.fallback.facts == FACTS
    assert {one.answered for one in map(kept.decide, TEXTS)} == {True, False}


def test_saving_again_changes_no_byte(saved, tmp_path):
    _, folder = saved
    save_model(load_model(folder), tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_only_a_model_with_a_fallback_is_of_the_newest_format(saved, tmp_path):
    version = lambda name: json.loads((tmp_path / name / "model.json").read_bytes())
    assert version("model")["format_version"] == 5
    assert version("plain")["format_version"] == 2
    assert "fallback" not in version("plain")
    assert load_model(tmp_path / "plain").fallback is None


KEPT = Path(__file__).parent / "models" / "v2" / "network"
NEW = {"format_version": 5, "fallback": PLAIN}


def test_a_forged_fallback_that_could_be_loads(tmp_path):
    model = load_model(forge(tmp_path / "model", NEW, kept=KEPT))
    assert model.fallback.score == "margin"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"format_version": 2}, "belongs to another format"),
        ({"fallback": None}, "without its parts"),
        ({"fallback": []}, "without its parts"),
        ({"fallback": {**PLAIN, "more": 1}}, "without its parts"),
        ({"fallback": {**PLAIN, "score": "luck"}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "score": ["margin"]}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "threshold": "0"}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "threshold": True}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "threshold": float("nan")}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "ask": 10**400}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "facts": None}}, "parts that cannot be"),
        ({"fallback": {**PLAIN, "temperature": 0}}, "the temperature 0"),
        ({"fallback": {**PLAIN, "score": "distance"}}, "do not belong together"),
    ],
)
def test_a_fallback_that_cannot_be_is_refused(tmp_path, values, reason):
    with pytest.raises(ModelError, match=reason):
        load_model(forge(tmp_path / "model", NEW | values, kept=KEPT))


@pytest.mark.parametrize(
    ("values", "means", "reason"),
    [
        (NEW, np.zeros((2, 2), np.float32), "do not belong together"),
        ({}, np.zeros((2, 2), np.float32), "means of a fallback that model.json does not have"),
        (
            {"format_version": 5, "fallback": {**PLAIN, "score": "distance"}},
            np.zeros((1, 2), np.float32),
            r"fallback.means as float32 \[1, 2\]",
        ),
    ],
)
def test_means_that_cannot_be_are_refused(tmp_path, values, means, reason):
    with pytest.raises(ModelError, match=reason):
        load_model(forge(tmp_path / "model", values, weights={"fallback.means": means}, kept=KEPT))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("some.csv", 'text,label\n"one, two",x\n  ,y\nthree,z\n'),
        ("some.tsv", "label\ttext\nx\tone, two\nz\tthree\n"),
        ("some.txt", "one, two\n\nthree\n"),
        ("some", "one, two\nthree"),
    ],
)
def test_texts_without_labels_are_read(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert load_texts(tmp_path / name) == ("one, two", "three")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("some.csv", "sentence\none\n", "must name the columns, among them 'text'"),
        ("some.txt", "\n \n", "There must be texts"),
        ("some.jsonl", "{}", "must end in .csv, .tsv, .tab or .txt"),
    ],
)
def test_a_file_without_texts_is_refused(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=reason):
        load_texts(tmp_path / name)
