"""The terminal: 80 columns, plain characters, nothing left out."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example as this_one
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report_example import difference, example
from test_report_kinds import results, study_example

from textkaizen.report.table import summary, verdict_table
from textkaizen.report.wording import printable, shortened, width, wrapped
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, NOT_TRIED


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
    assert lines[2] == "    It goes with 92 % of the training texts right (98 % before)."
    marked = [line for line in lines if line.endswith("no evidence  adopted")]
    assert [line.split()[:2] for line in marked] == [["depth", "2"]]


def test_every_improvement_is_in_the_table_once_a_round():
    whole = example()
    table = " ".join(verdict_table(whole).split())
    for verdict in whole.verdicts:
        assert verdict.name in table
    tried = [verdict for verdict in whole.verdicts if verdict.gap is not None]
    rows = [line for line in verdict_table(whole).splitlines() if "[" in line]
    assert len(rows) == len(tried) + len(whole.finalists) + len(whole.places)


def test_numbers_stand_below_one_another():
    rows = [line for line in verdict_table(study_example()).splitlines() if "[" in line]
    assert len({line.index("]") for line in rows}) == 1
    # The largest difference has one digit more than the others.
    assert len({line.index(",") for line in rows}) == 1
    assert len({line.index(".") for line in [row[20:] for row in rows]}) == 1


def test_what_was_not_tried_is_named_at_the_end_of_its_round():
    block = verdict_table(example()).split("\n\n")[1]
    assert block.splitlines()[-1] == "  Not tried (2; no time was left): L1 1e-5, batch size 8."


def sixty(names, seed=7):
    """A study of sixty improvements, the last twelve of them not tried."""
    whole, generator = study_example(), np.random.default_rng(seed)
    pattern = [v for v in whole.verdicts if v.gap is not None]
    tried = [
        replace(
            pattern[place % len(pattern)],
            name=names[place],
            gap=difference(float(generator.normal(0, 3))),
            verdict=(HELPS, NO_EVIDENCE, NO_EVIDENCE, HURTS)[place % 4],
            race="",
            why="",
        )
        for place in range(48)
    ]
    untried = [
        replace(pattern[0], name=name, gap=None, accuracy=None, p_adjusted=None, verdict=NOT_TRIED)
        for name in names[48:]
    ]
    return replace(whole, verdicts=(*tried, *untried))


def test_sixty_rows_are_told_by_verdict_and_by_difference():
    result = sixty([f"improvement {place}" for place in range(60)])
    lines = verdict_table(result).splitlines()
    rows = [line for line in lines if "[" in line]
    told = [re.split(" {2,}", line.split("]")[1].strip())[0] for line in rows]
    assert told == [HELPS] * 12 + [NO_EVIDENCE] * 24 + [HURTS] * 12
    values = [float(re.search(r"([-+0-9.]+) +\[", line)[1]) for line in rows]
    for part in (values[:12], values[12:36], values[36:]):
        assert part == sorted(part, reverse=True)
    assert lines[49] == "  In all: 12 help, 12 hurt, 24 without evidence."
    # The title, 48 rows, their count, what can be found, and what was not tried.
    assert len(lines) <= 57


def test_names_of_what_was_not_tried_are_not_broken():
    names = [f"batch size {2**place}" for place in range(60)]
    paragraph = verdict_table(sixty(names)).partition("; no time was left): ")[2].rstrip()
    found = [part.strip() for part in re.split(r",\s", paragraph.removesuffix("."))]
    assert found == names[48:]


def test_a_long_way_is_told_on_lines_of_its_own():
    whole = example()
    names = [f"a rather long improvement {place}" for place in range(3)]
    adopted = tuple(replace(v, name=names[v.round - 1]) if v.adopted else v for v in whole.verdicts)
    lines = verdict_table(replace(whole, verdicts=adopted)).split("\n\n")[2].splitlines()
    assert " ".join(lines[:2]) == (
        "Round 3 from the baseline + a rather long improvement 0 + a rather long improvement 1"
    )
    assert lines[2] == "  (5 folds x 3 seeds)   macro-F1, points"


@settings(max_examples=50, deadline=None)
@this_one(["\u202e" * 100] * 60)  # counted as nothing, and shown as a blank
@given(st.lists(st.text(max_size=100), min_size=60, max_size=60))
def test_no_name_makes_a_line_longer_than_80_columns(names):
    for line in verdict_table(sixty(names)).split("\n"):
        assert width(line) <= 80
        assert line == printable(line)


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
    assert "[+1.3,  +3.4]  helps        adopted" in table


def test_the_summary_says_what_to_use_what_was_adopted_and_how_sure():
    said = " ".join(summary(example()).split())
    assert said.startswith(example().advice)
    assert "Adopted: dropout 0.5, then width 256, then depth 2 (without evidence)." in said
    assert "+6.6 points of accuracy [+3.9, +9.3] over the baseline on 348 held-out texts" in said
    assert "The baseline overfits from epoch 9 of 60." in said
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


def test_a_study_that_trained_fewer_epochs_says_how_many_and_one_that_did_not_is_silent():
    whole = study_example()
    design = whole.design | {"epochs": 36, "epochs_asked": 60}
    said = " ".join(summary(replace(whole, design=design)).split())
    assert "To measure more in the time, networks were trained for 36 epochs instead of 60" in said
    for epochs in ({}, {"epochs": 60, "epochs_asked": 60}):
        assert "instead of" not in summary(replace(whole, design=whole.design | epochs))


def test_what_needs_more_texts_is_named_five_at_most():
    whole = study_example()
    names = [f"batch size {2**place}" for place in range(8)]
    said = lambda some: " ".join(
        summary(replace(whole, design=whole.design | {"left_out": some})).split()
    )
    assert "to train on: batch size 1." in said(names[:1])
    assert "Left out (8), since a batch would be larger than the texts" in said(names)
    assert "batch size 16 and 3 more." in said(names)
    assert "Left out" not in said([])
