"""Columns of other names: read, asked for in a test file if they are there, told in results."""

import json
import shlex

import pyarrow
import pytest
from command_line import ROWS, save_small_model, textkaizen
from pyarrow import parquet

from textkaizen.study.improvements import chosen

NAMES = ["--text-column", "Frage", "--label-column", "Thema", "--group-column", "Kunde"]
HELD_OUT = [("lost my hat", "loss", "a"), ("prolong my hat", "renewal", "b")]


def write(path, rows, names):
    """Write rows in the format that the end of a name says."""
    if path.suffix == ".csv":
        lines = [",".join(names), *(",".join(row) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif path.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        columns = zip(names, map(list, zip(*rows, strict=True)), strict=True)
        parquet.write_table(pyarrow.table(dict(columns)), path)
    return path


@pytest.fixture
def grouped(tmp_path):
    """The small corpus with columns of other names; rows two by two are of one customer."""
    rows = [(text, label, f"customer {place // 2}") for place, (text, label) in enumerate(ROWS)]
    return write(tmp_path / "grouped.csv", rows, ["Frage", "Thema", "Kunde"])


@pytest.fixture
def small_run(monkeypatch):
    """A run that tries one improvement on three folds of one seed."""
    monkeypatch.setattr("textkaizen.study.kaizen.CATALOGUE", chosen(["ELU"]))
    monkeypatch.setattr("textkaizen.study.design.design_by_size", lambda texts: (3, 1))


@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet"])
def test_a_test_file_may_lack_the_column_of_groups(tmp_path, grouped, end):
    rows = [row[:2] for row in HELD_OUT]
    test = write(tmp_path / f"test.{end}", rows, ["Frage", "Thema"])
    ended = textkaizen("check", grouped, "--test", test, *NAMES)
    assert (ended.status, ended.err) == (0, "")


@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet"])
def test_a_test_file_that_has_the_column_of_groups_is_read_with_it(tmp_path, grouped, end):
    rows = [(text, label, f"customer {place}") for place, (text, label, _) in enumerate(HELD_OUT)]
    test = write(tmp_path / f"test.{end}", rows, ["Frage", "Thema", "Kunde"])
    ended = textkaizen("check", grouped, "--test", test, *NAMES)
    assert ended.status == 0
    # Customers 0 and 1 are in both files, each with two training texts.
    every = write(tmp_path / f"every.{end}", [
        (f"text {place}", "loss", f"customer {place}") for place in range(len(ROWS) // 2 + 1)
    ], ["Frage", "Thema", "Kunde"])  # fmt: skip
    ended = textkaizen("check", grouped, "--test", every, *NAMES)
    assert ended.status == 2
    assert "Training and test texts must differ; all 63" in ended.err


def test_the_data_themselves_must_have_the_column_of_groups(tmp_path, grouped):
    rows = [row[:2] for row in HELD_OUT]
    data = write(tmp_path / "data.csv", rows, ["Frage", "Thema"])
    ended = textkaizen("check", data, "--test", grouped, *NAMES)
    assert ended.status == 2
    assert "among them 'Kunde'; " in ended.err


def test_one_line_of_a_test_file_with_a_group_asks_for_it_in_all(tmp_path, grouped):
    path = tmp_path / "test.jsonl"
    line = '{"Frage": "lost my hat", "Thema": "loss"%s}\n'
    path.write_text(line % "" + line % ', "Kunde": "7"')
    ended = textkaizen("check", grouped, "--test", path, *NAMES)
    assert ended.status == 2
    assert "Kunde" in ended.err


def test_evaluate_counts_rows_of_one_group_as_one(tmp_path, grouped):
    model = save_small_model(tmp_path / "model")
    wide = json.loads(textkaizen("evaluate", model, grouped, *NAMES, "--json").out)
    ended = textkaizen("evaluate", model, grouped, *NAMES[:-2], "--json")
    narrow = json.loads(ended.out)
    assert (wide["accuracy"]["value"], wide["texts"]) == (narrow["accuracy"]["value"], len(ROWS))
    assert wide["accuracy"] != narrow["accuracy"]
    assert textkaizen("evaluate", model, grouped, *NAMES[:-1], "Firma").status == 2


@pytest.mark.usefixtures("small_run")
@pytest.mark.parametrize("command", ["study", "improve"])
def test_the_command_that_a_report_shows_names_the_columns(tmp_path, grouped, command):
    line = [command, grouped, "--out", tmp_path / "out", "--rounds", 1, *NAMES]
    only = ["--only", "ELU"] if command == "study" else []
    ended = textkaizen(*line, *only)
    assert ended.status == 0, ended.err
    verdicts = json.loads((tmp_path / "out" / "verdicts.json").read_text(encoding="utf-8"))
    assert verdicts["data"]["columns"] == {"text": "Frage", "label": "Thema", "group": "Kunde"}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"textkaizen {command} {shlex.quote(str(grouped))} {' '.join(NAMES)} " in page
