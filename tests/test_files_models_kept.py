"""Models of every released format load for ever, and answer what they answered when saved."""

import json
from pathlib import Path

import pytest

from textkaizen.files.models import load_model

KEPT = Path(__file__).parent / "models"
CASES = [
    (version, name, asked["text"], asked["probabilities"])
    for version in ("v1",)
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


def test_every_kind_of_model_is_kept():
    assert {name for _, name, _, _ in CASES} == {"network", "logistic_regression", "linear_svm"}
    assert len(CASES) == 18


def test_every_kept_folder_is_tried():
    folders = {path.parent.relative_to(KEPT).as_posix() for path in KEPT.glob("*/*/model.json")}
    assert folders == {f"{version}/{name}" for version, name, _, _ in CASES}
