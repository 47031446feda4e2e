"""Models of every released format load for ever, and answer what they answered when saved."""

import json
from pathlib import Path

import pytest

from textkaizen.files.models import load_model

KEPT = Path(__file__).parent / "models"
CASES = [
    (version, name, asked["text"], asked["probabilities"])
    for version in ("v1", "v2", "v3")
    for name, answers in json.loads(
        (KEPT / version / "expected.json").read_text(encoding="utf-8")
    ).items()
    for asked in answers
]


@pytest.mark.parametrize(("version", "name", "text", "expected"), CASES)
def test_a_kept_model_answers_as_it_did(version, name, text, expected):
    model = load_model(KEPT / version / name)
    found = model.answer(text, len(expected))
    assert dict(found) == pytest.approx(expected, abs=2e-6)  # recorded to six decimals
    assert [label for label, _ in found] == list(expected)
    assert model.predict([text]) == [found[0][0]]


def test_every_kind_of_model_is_kept_in_every_format_that_has_it():
    kept = {(version, name) for version, name, _, _ in CASES}
    kinds = {"network", "logistic_regression", "linear_svm"}
    assert kept == {(version, kind) for version in ("v1", "v2") for kind in kinds} | {
        ("v2", "ensemble"),
        ("v3", "network"),
    }
    assert len(CASES) == 48


@pytest.mark.parametrize(("version", "name"), sorted({case[:2] for case in CASES}))
def test_a_kept_folder_is_of_the_format_it_is_named_after(version, name):
    values = json.loads((KEPT / version / name / "model.json").read_text(encoding="utf-8"))
    assert f"v{values['format_version']}" == version


def test_what_only_format_2_knows_is_kept():
    ensemble, network = (load_model(KEPT / "v2" / name) for name in ("ensemble", "network"))
    assert len(ensemble.networks) == ensemble.recipe.knobs.ensemble == 3
    knobs = network.recipe.knobs
    assert (knobs.activation, knobs.batch_norm) == (("selu", "gelu"), ("none", "after"))
    assert (knobs.dropout, knobs.dropout_kind, knobs.monte_carlo) == ((0.1, 0.2), "alpha", 5)


def test_what_only_format_3_knows_is_kept():
    model = load_model(KEPT / "v3" / "network")
    assert model.recipe.text.hashed == len(model.vocabulary) == 512
    assert model.vocabulary.terms == ()


def test_every_kept_folder_is_tried():
    folders = {path.parent.relative_to(KEPT).as_posix() for path in KEPT.glob("*/*/model.json")}
    assert folders == {f"{version}/{name}" for version, name, _, _ in CASES}
