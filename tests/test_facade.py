"""`import textkaizen`: light, the same as the command line, and clear about what it cannot take."""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import textkaizen
from textkaizen import api, cli
from textkaizen.data import Corpus
from textkaizen.errors import CorpusError, UsageError
from textkaizen.files.recipes import recipe_text
from textkaizen.recipe import Recipe
from textkaizen.study import kaizen
from textkaizen.study.improvements import chosen
from textkaizen.study.result import Result

VERBS = {"renewal": "renew extend prolong", "loss": "lost missing gone", "hours": "open close when"}
NOUNS = ["card", "book", "key", "bag", "pass", "ticket", "map"]
ROWS = [
    (f"{verb} my {noun}", label)
    for label, verbs in VERBS.items()
    for verb in verbs.split()
    for noun in NOUNS
]
TEXTS, LABELS = [text for text, _ in ROWS], [label for _, label in ROWS]
QUICK = Recipe().with_shape(hidden=(4,)).with_knobs(epochs=3, learning_rate=0.01)


@pytest.fixture
def two_improvements(monkeypatch):
    """A catalogue of two, so that a whole run takes seconds."""
    monkeypatch.setattr("textkaizen.study.kaizen.CATALOGUE", chosen(["dropout 0.5", "ELU"]))


@pytest.fixture
def asked(monkeypatch):
    """What the façade asks of `study.kaizen`, which does nothing here."""
    found = {}

    def run(corpus, test=None, **named):
        found.update(named, corpus=corpus, test=test)
        return Result({}, {}, (), (), Recipe(), Recipe())

    monkeypatch.setattr(kaizen, "improve", run)
    monkeypatch.setattr(kaizen, "study", run)
    return found


def told(result):
    """Everything a result says that does not depend on the clock."""
    values = result if isinstance(result, dict) else result.to_dict()
    values = json.loads(json.dumps(values))
    del values["seconds"], values["data"]["path"]
    for improvement in values["improvements"]:
        del improvement["seconds"]
    for each in values["design"]["each_round"]:
        del each["base"]["seconds"]
    return values


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys, textkaizen\n"
        "heavy = ('numpy', 'scipy', 'sklearn', 'jax', 'typer', 'inspect', 'importlib.metadata')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_listed():
    for name in textkaizen.__all__:
        assert getattr(textkaizen, name) is not None
    assert dir(textkaizen) == sorted(textkaizen.__all__)
    assert set(textkaizen._HOMES) | {"study", "train", "__version__"} == set(textkaizen.__all__)
    assert textkaizen.__version__[0].isdigit()


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'textkaizen' has no attribute 'imrpove'"):
        textkaizen.imrpove  # noqa: B018


@pytest.mark.parametrize("first", ["textkaizen", "textkaizen.study.result, textkaizen.train.loop"])
def test_study_and_train_are_verbs_and_folders_whatever_is_imported_first(first):
    code = (
        f"import {first}\n"
        "import textkaizen, inspect\n"
        "print(list(inspect.signature(textkaizen.study).parameters)[:2],\n"
        "      list(inspect.signature(textkaizen.train).parameters)[:2])\n"
        "import textkaizen.study.budget, textkaizen.train.stopping\n"
        "from textkaizen.study import budget\n"
        "print(callable(textkaizen.study), callable(textkaizen.train),\n"
        "      textkaizen.study.budget is budget, textkaizen.train.stopping.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "['texts', 'labels'] ['texts', 'labels']",
        "True True True textkaizen.train.stopping",
    ]


def test_improve_gives_a_result_to_read_to_save_and_to_use(two_improvements, tmp_path, capsys):
    result = textkaizen.improve(TEXTS, LABELS, rounds=1, seed=1)
    assert capsys.readouterr() == ("", "")  # silent
    assert {verdict.name for verdict in result.verdicts} == {"dropout 0.5", "ELU"}
    assert result.seconds > 0
    shown = textkaizen.describe(result)
    assert "Round 1" in shown
    assert result.advice.split(":")[0] in shown
    assert set(result.models[result.use].predict(TEXTS)) <= set(LABELS)
    textkaizen.save(result, str(tmp_path / "out"))
    assert (tmp_path / "out" / "report.html").stat().st_size > 0
    verdicts = json.loads((tmp_path / "out" / "verdicts.json").read_text(encoding="utf-8"))
    assert told(verdicts) == told(result)
    model = textkaizen.load_model(tmp_path / "out" / "model")
    assert model.predict(TEXTS) == result.models["adopted"].predict(TEXTS)


def test_the_command_line_finds_the_same(tmp_path):
    file = tmp_path / "desk.csv"
    rows = "\n".join(f"{text},{label}" for text, label in ROWS)
    file.write_text(f"text,label\n{rows}\n", encoding="utf-8")
    options = ["--only", "dropout 0.5", "--rounds", "1", "--seed", "2", "--json"]
    printed = CliRunner().invoke(cli.app, ["study", str(file), *options])
    result = textkaizen.study(TEXTS, LABELS, only=["dropout 0.5"], rounds=1, seed=2)
    assert told(json.loads(printed.stdout)) == told(result)
    assert len(result.verdicts) == 1
    assert result.models == {}


def test_progress_is_told_what_is_being_tried():
    events = []
    textkaizen.study(TEXTS, LABELS, only="ELU", recipe=QUICK, rounds=1, progress=events.append)
    assert events
    assert any("ELU" in event.trying for event in events)


def test_an_interrupted_run_returns_what_is_known(two_improvements):
    def interrupt(event):
        if event.round:
            raise KeyboardInterrupt

    result = textkaizen.improve(TEXTS, LABELS, rounds=1, progress=interrupt)
    assert result.design["stopped"] == "interrupted"
    assert "baseline" in result.models


def test_train_makes_a_model_by_the_recipe():
    model = textkaizen.train(TEXTS, LABELS, QUICK, seed=3)
    assert model.recipe == QUICK
    assert model.facts["seed"] == 3
    assert model.labels == ("hours", "loss", "renewal")
    again = textkaizen.train(TEXTS[::-1], LABELS[::-1], QUICK, seed=3)
    assert (again.logits(TEXTS) == model.logits(TEXTS)).all()


def test_rates_is_what_the_command_line_finds(tmp_path):
    found = api.rates(TEXTS, np.array(LABELS), QUICK, seed=1)
    assert found == api.rates(TEXTS[::-1], LABELS[::-1], QUICK, seed=np.int64(1))
    file = tmp_path / "desk.csv"
    rows = "\n".join(f"{text},{label}" for text, label in ROWS)
    file.write_text(f"text,label\n{rows}\n", encoding="utf-8")
    (tmp_path / "quick.yaml").write_text(recipe_text(QUICK))
    options = ["--recipe", str(tmp_path / "quick.yaml"), "--seed", "1", "--json"]
    printed = CliRunner().invoke(cli.app, ["rates", str(file), *options])
    assert json.loads(printed.stdout)["losses"] == list(found.losses)
    with pytest.raises(CorpusError, match="63 texts, 61 labels"):
        api.rates(TEXTS, LABELS[:-2])


def test_empty_texts_are_left_out_of_training():
    with_empty = textkaizen.train([*TEXTS, " "], [*LABELS, "hours"], QUICK)
    assert with_empty.facts == textkaizen.train(TEXTS, LABELS, QUICK).facts


def test_a_model_is_saved_and_loaded(tmp_path):
    model = textkaizen.train(TEXTS, LABELS, QUICK)
    textkaizen.save_model(model, tmp_path / "model")
    assert (textkaizen.load_model(tmp_path / "model").logits(TEXTS) == model.logits(TEXTS)).all()


@pytest.mark.parametrize(
    ("limits", "seconds", "rounds"),
    [
        ({}, 300, float("inf")),
        ({"minutes": 0.5}, 30, float("inf")),
        ({"rounds": 2}, float("inf"), 2),
    ],
)
@pytest.mark.parametrize("verb", [api.improve, api.study])
def test_time_or_rounds_limit_and_every_core_is_used(asked, verb, limits, seconds, rounds):
    result = verb(TEXTS, LABELS, **limits)
    budget = asked["budget"]
    assert (budget.seconds, budget.rounds) == (seconds, rounds)
    assert budget.cores == asked["means"].worker.count >= 1
    assert 0 <= result.seconds <= budget.clock() < 60  # the clock started with the call


@pytest.mark.parametrize("kind", [list, tuple, np.array, iter])
def test_texts_labels_and_groups_come_in_any_row(asked, kind):
    given = {"test_texts": kind(["lost"]), "test_labels": kind(["loss"])}
    api.improve(kind(TEXTS), kind(LABELS), groups=kind(range(len(ROWS))), seed=np.int64(4), **given)
    groups = tuple(str(number) for number in range(len(ROWS)))
    assert asked["corpus"] == Corpus(tuple(TEXTS), tuple(LABELS), groups)
    assert asked["test"] == Corpus(("lost",), ("loss",), name="the test texts")
    assert type(asked["seed"]) is int
    for values in (asked["corpus"].texts, asked["corpus"].labels, asked["corpus"].groups):
        assert {type(value) for value in values} == {str}


def test_study_measures_what_was_named_from_the_recipe_given(asked):
    api.study(TEXTS, LABELS, only=("dropout 0.5", "depth"), recipe=QUICK)
    assert asked["improvements"] == chosen(["dropout 0.5", "depth"])
    assert asked["baseline"] == QUICK


NUMBERS = list(range(len(ROWS)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts": "one text"}, "The texts of these texts must be a list .* found str"),
        ({"labels": "label"}, "must be a list .* found str"),
        ({"texts": set(TEXTS)}, "found set"),
        ({"texts": None}, "found NoneType"),
        ({"texts": np.array(TEXTS)[:, None]}, "found ndarray"),
        ({"labels": LABELS[:-2]}, "63 texts, 61 labels"),
        ({"groups": NUMBERS[:-1]}, "63 texts, 63 labels, 62 groups"),
        ({"texts": [None, *TEXTS[1:]]}, r"1 of 63 are not, at 0 \(from 0\): the first is None"),
        ({"labels": NUMBERS}, r"63 of 63 are not, .* give str\(label\), or use TextClassifier"),
        ({"labels": [*LABELS[:-1], float("nan")]}, "at 62 .* the first is nan"),
        ({"groups": [*NUMBERS[:-1], float("nan")]}, "Name each group by"),
        ({"test_texts": ["a"], "test_labels": [1]}, "The labels of the test texts"),
        ({"test_texts": ["a"], "test_labels": []}, "of the test texts there are 1 texts, 0 labels"),
    ],
)
def test_what_cannot_be_a_corpus_is_refused(asked, change, message):
    with pytest.raises(CorpusError, match=message):
        api.improve(**{"texts": TEXTS, "labels": LABELS, **change})
    assert asked == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minutes": 1, "rounds": 1}, "minutes or rounds, not both"),
        ({"minutes": 0}, "minutes must be more than 0; found 0"),
        ({"minutes": float("nan")}, "found nan"),
        ({"rounds": 0}, "rounds must be at least 1; found 0"),
        ({"seed": -1}, "seed must be a whole number from 0; found -1"),
        ({"seed": 1.5}, "found 1.5"),
        ({"test_texts": ["a"]}, "both or not at all"),
        ({"test_labels": ["a"]}, "both or not at all"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(asked, change, message):
    with pytest.raises(UsageError, match=message):
        api.improve(TEXTS, LABELS, **change)
    assert asked == {}


def test_texts_that_cannot_be_learnt_from_are_refused():
    with pytest.raises(CorpusError, match="two classes"):
        textkaizen.train(TEXTS, ["x"] * len(TEXTS))
    with pytest.raises(UsageError, match="no improvement or group called dropuot"):
        textkaizen.study(TEXTS, LABELS, only="dropuot")
