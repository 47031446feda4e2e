"""`fallback`, and what `predict` says with one: words, JSON, a figure, refusals."""

import json
import re
from xml.etree import ElementTree

import pytest
from command_line import textkaizen, tree, write_corpus
from drawn_texts import drawn_corpus, drawn_strange

from textkaizen.files.models import load_model, save_model
from textkaizen.model import learn_linear
from textkaizen.recipe import Recipe, TextRules
from textkaizen.report.risk import fallback_told, risk_figure
from textkaizen.report.wording import width

RECIPE = Recipe(text=TextRules(words=(1, 1), characters=(0, 0)))
ROWS = drawn_corpus(700, 1)
LINE = ["--wrong", 0.1]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with labelled texts, and a model that has seen all of them."""
    folder = tmp_path_factory.mktemp("fallback")
    write_corpus(folder / "desk.csv", list(zip(ROWS.texts, ROWS.labels, strict=True)))
    (folder / "strange.txt").write_text("\n".join(drawn_strange(150, 1)), encoding="utf-8")
    save_model(learn_linear(ROWS, RECIPE, 3), folder / "model")
    return folder


@pytest.fixture
def files(made, tmp_path):
    save_model(load_model(made / "model"), tmp_path / "model")
    return made, tmp_path / "model"


def test_a_fallback_is_set_told_and_drawn(files, tmp_path):
    made, model = files
    drawn = tmp_path / "curve.svg"
    ended = textkaizen("fallback", model, made / "desk.csv", *LINE, "--out", drawn)
    assert ended.status == 0, ended.err
    own = load_model(model).fallback
    said = " ".join(ended.out.split())
    assert "with 95 % confidence at most 10 % of its answers are wrong." in said
    facts = own.facts
    assert f"{facts['wrong_answers']} (" in said
    assert f"of {facts['answered']} answers were wrong, of {facts['texts']} texts" in said
    assert said.endswith(f"The fallback is in {model}.")
    assert "Fold 5 of 5." in ended.err
    root = ElementTree.fromstring(drawn.read_text(encoding="utf-8"))
    assert "promised: at most 10 %" in "".join(root.itertext())


def test_predict_says_what_it_does_not_answer(files):
    made, model = files
    asked = b"open close when noon\npasta cloud goal oven\n"
    before = textkaizen("predict", model, stdin=asked)
    assert "answered" not in before.out
    assert textkaizen("fallback", model, made / "desk.csv", *LINE).status == 0
    known, strange = map(json.loads, textkaizen("predict", model, stdin=asked).out.splitlines())
    assert (known["label"], known["answered"]) == ("hours", True)
    assert strange["answered"] is False
    assert strange["label"] in load_model(model).labels  # the best guess stays to be seen
    both = textkaizen("predict", model, "--top-k", 2, stdin=asked).out.splitlines()
    assert [len(json.loads(line)["top"]) for line in both] == [2, 2]


def test_a_file_is_answered_as_line_by_line(files, tmp_path):
    made, model = files
    textkaizen("fallback", model, made / "desk.csv", *LINE)
    asked = "\n".join([*drawn_corpus(600, 9).texts, *drawn_strange(40, 2)]) + "\n"
    (tmp_path / "asked.txt").write_text(asked, encoding="utf-8")
    one_by_one = textkaizen("predict", model, stdin=asked.encode()).out.splitlines()
    together = textkaizen("predict", model, tmp_path / "asked.txt").out.splitlines()
    for one, other in zip(map(json.loads, one_by_one), map(json.loads, together), strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=2e-6)
        assert {**one, "probability": 0} == {**other, "probability": 0}
    told = [json.loads(line) for line in together]
    assert {line["answered"] for line in told} == {True, False}
    assert all(len(line["between"]) == 2 for line in told if "between" in line)
    assert not [line for line in told if "between" in line and line["answered"]]


def test_json_tells_everything_and_nothing_else_is_on_standard_output(files):
    made, model = files
    outside = ["--outside", made / "strange.txt", "--outside-share", 0.05]
    ended = textkaizen("fallback", model, made / "desk.csv", "--wrong", 0.2, *outside, "--json")
    assert ended.status == 0, ended.err
    told = json.loads(ended.out)
    own = load_model(model).fallback
    assert (told["threshold"], told["score"]) == (own.threshold, own.score)
    assert (told["outside_share"], told["outside"]["texts"]) == (0.05, 100)
    assert told["model"] == str(model)
    lines = fallback_told(told).splitlines()
    assert max(map(width, lines)) <= 80
    assert "5 % of the texts belonging to no class" in " ".join(" ".join(lines).split())
    assert "of 100 texts outside unanswered" in " ".join(" ".join(lines).split())
    ElementTree.fromstring(risk_figure(told, "a <name> & more"))


def test_what_cannot_be_promised_leaves_the_model_as_it_was(files):
    made, model = files
    before = tree(model)
    ended = textkaizen("fallback", model, made / "desk.csv", "--wrong", 0.001)
    assert (ended.status, ended.out) == (2, "")
    assert "at most 0.1 % wrongly" in ended.err
    assert tree(model) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--wrong", 0], "wrong must be a share above 0"),
        (["--outside-share", 0.1], "Give both --outside and --outside-share"),
        (["--unseen"], "Leave --unseen out"),
        (["--out", "curve.png"], "must name an SVG file"),
    ],
)
def test_a_command_line_that_contradicts_itself_is_refused(files, line, message):
    made, model = files
    ended = textkaizen("fallback", model, made / "desk.csv", *line)
    assert ended.status == 2
    assert re.search(message, ended.err)
