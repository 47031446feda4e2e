"""The terminal: 80 columns, plain characters, nothing left out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_report_example import example, results, study_example

from textkaizen.report.table import summary, verdict_table
from textkaizen.report.wording import shortened, width, wrapped


@pytest.mark.parametrize("name", results())
def test_no_line_is_longer_than_80_columns(name):
    result = results()[name]
    for line in (*verdict_table(result).splitlines(), *summary(result).splitlines()):
        assert width(line) <= 80
        assert line == line.rstrip()


def test_a_row_shows_name_difference_interval_verdict_and_mark():
    lines = verdict_table(example()).splitlines()
    assert lines[0] == (
        "Round 1 from the baseline (5 folds x 3 seeds, 1,392 texts)   macro-F1, points"
    )
    assert lines[1].split() == ["dropout", "0.5", "+2.3", "[+1.3,", "+3.4]", "helps", "adopted"]
    marked = [line for line in lines if line.endswith("no evidence  adopted without evidence")]
    assert [line.split()[:2] for line in marked] == [["depth", "2"]]


def test_every_improvement_is_in_the_table_once_a_round():
    whole = example()
    table = " ".join(verdict_table(whole).split())
    for verdict in whole.verdicts:
        assert verdict.name in table
    tried = [verdict for verdict in whole.verdicts if verdict.macro_f1 is not None]
    rows = [line for line in verdict_table(whole).splitlines() if "[" in line]
    assert len(rows) == len(tried) + len(whole.finalists)


def test_numbers_stand_below_one_another():
    rows = [line for line in verdict_table(study_example()).splitlines() if "[" in line]
    assert len({line.index("]") for line in rows}) == 1
    assert len({line.index("[") for line in rows if "[+" in line or "[-" in line}) <= 2


def test_what_was_not_tried_is_named_at_the_end_of_its_round():
    block = verdict_table(example()).split("\n\n")[1]
    assert block.splitlines()[-1] == "  Not tried: L1 1e-5, batch size 8."


def test_held_out_scores_come_last_in_per_cent():
    block = verdict_table(example()).rstrip().split("\n\n")[-1].splitlines()
    assert block[0] == "Held-out texts (348), per cent"
    assert block[1].split() == ["accuracy", "macro-F1"]
    assert [line[2:21].rstrip() for line in block[2:]] == [
        "baseline network",
        "adopted network",
        "logistic regression",
        "linear SVM",
    ]
    assert "80.5 [76.3, 84.3]" in block[3]


def test_a_name_is_cut_before_a_number_is():
    whole = example()
    named = tuple(replace(v, name=f"改善 {v.name} " * 9) for v in whole.verdicts)
    table = verdict_table(replace(whole, verdicts=named))
    assert all(width(line) <= 80 for line in table.splitlines())
    assert "[+1.3, +3.4]  helps        adopted" in table


def test_the_summary_says_what_to_use_what_was_adopted_and_how_sure():
    said = " ".join(summary(example()).split())
    assert said.startswith(example().advice)
    assert "Adopted: dropout 0.5, then width 256, then depth 2 (without evidence)." in said
    assert "On held-out texts: +6.6 points of accuracy [+3.9, +9.3]. The gain is shown" in said
    assert "2 warnings about the data: 3 texts stand there twice" in said
    assert said.endswith("1,050 networks trained, 14 programs compiled, 4 min 47 s.")


def test_the_summary_of_a_study_says_what_helps_and_adopts_nothing():
    said = " ".join(summary(study_example()).split())
    assert said.startswith("Dropout 0.5 helps. The largest difference is that of dropout 0.5:")
    assert "dopted" not in said


def test_an_interrupted_run_is_told_as_one():
    found = results()
    assert "interrupted" in summary(found["interrupted"])
    assert verdict_table(found["interrupted at once"]) == "No improvement was measured.\n"
    assert "Nothing was measured" in summary(found["interrupted at once"])


@given(st.text(), st.integers(2, 40))
def test_a_shortened_text_fits(text, most):
    assert width(shortened(text, most)) <= most


@given(st.text(), st.integers(4, 40))
def test_wrapped_lines_fit_and_lose_nothing(text, columns):
    lines = wrapped(text, columns, "  ").split("\n")
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
