"""The command that repeats a run carries everything that was asked for."""

from dataclasses import replace

from test_report_example import MEASURED, example
from test_report_kinds import comparison_example, results, study_example

from textkaizen.recipe import Recipe
from textkaizen.report import reproduce
from textkaizen.report.page import render


def test_the_command_repeats_the_run(monkeypatch):
    monkeypatch.setattr(reproduce, "CATALOGUE", MEASURED)
    whole = example()
    assert reproduce.command(whole) == (
        "textkaizen improve 'desk/library questions.csv' --rounds 3 --seed 1"
    )
    tested = replace(whole, data=whole.data | {"test_path": "test.csv"})
    assert "--test test.csv" in reproduce.command(tested)
    columns = {"label": "the topic", "group": "customer"}
    named = replace(whole, data=whole.data | {"test_path": "test.csv", "columns": columns})
    assert reproduce.command(named).endswith(
        "--test test.csv --label-column 'the topic' --group-column customer --rounds 3 --seed 1"
    )
    some = replace(study_example(), verdicts=study_example().verdicts[:1])
    assert reproduce.command(some) == (
        "textkaizen study desk.csv --only 'dropout 0.5' --rounds 1 --seed 1"
    )
    assert reproduce.command(study_example()) == "textkaizen study desk.csv --rounds 1 --seed 1"
    assert reproduce.command(results()["from a program"]) == (
        "textkaizen.improve(texts, labels, rounds=3, seed=1)"
    )


def test_the_command_of_a_whole_study_names_nothing_although_some_was_left_out(monkeypatch):
    monkeypatch.setattr(reproduce, "CATALOGUE", MEASURED)
    whole = study_example()
    gone = whole.verdicts[0].name
    less = replace(whole, verdicts=whole.verdicts[1:], design=whole.design | {"left_out": [gone]})
    assert reproduce.command(less) == reproduce.command(whole)
    assert gone in render(less).partition("Left out (1)")[2]


def test_the_command_names_a_metric_that_is_not_the_usual_one():
    whole = example()
    by_loss = replace(whole, design=whole.design | {"metric": "log_loss"})
    assert "--metric log_loss --rounds 3" in reproduce.command(by_loss)
    assert "--metric" not in reproduce.command(whole)
    program = replace(by_loss, data=by_loss.data | {"path": "these texts"})
    assert reproduce.command(program) == (
        "textkaizen.improve(texts, labels, metric='log_loss', rounds=3, seed=1)"
    )


def test_the_command_names_a_language_that_was_named():
    whole = example()
    named = replace(whole, data=whole.data | {"language": "de"})
    assert "--language de --rounds 3" in reproduce.command(named)
    assert "--language" not in reproduce.command(whole)
    program = replace(named, data=named.data | {"path": "these texts"})
    assert "language='de', rounds=3" in reproduce.command(program)


def test_the_command_of_a_study_names_the_recipe_it_started_from(monkeypatch):
    monkeypatch.setattr(reproduce, "CATALOGUE", MEASURED)
    wide = replace(study_example(), baseline=Recipe().with_shape(hidden=(128,)))
    assert "--recipe recipe.yaml --rounds 1" in reproduce.command(wide)
    named = replace(wide, data=wide.data | {"recipe_path": "my wide.yaml"})
    assert "--recipe 'my wide.yaml' --rounds 1" in reproduce.command(named)


def test_the_command_of_a_comparison_names_its_files_and_nothing_of_the_catalogue():
    one = comparison_example()
    files = ["mine.yaml", "wide.yaml", "svm.yaml"]
    named = replace(one, data=one.data | {"compared": files})
    assert reproduce.command(named) == (
        "textkaizen study desk.csv --compare mine.yaml --compare wide.yaml --compare svm.yaml "
        "--rounds 1 --seed 1"
    )
    assert "--compare mine.yaml --compare wide.yaml" in reproduce.command(one)
    assert "--only" not in reproduce.command(one)
