"""The story a report tells: the ladder, what was not shown, how it was measured, in which unit."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_report_example import SAME_WORK, difference, example
from test_report_kinds import comparison_example, results, study_example, taken_out_example

from textkaizen.measure.power import Needed
from textkaizen.report.design import design
from textkaizen.report.ladder import cost, ladder, place_told, raced, rounds, substitutes_told
from textkaizen.report.page import render
from textkaizen.report.table import summary, verdict_table
from textkaizen.report.units import unit, unit_of
from textkaizen.report.unshown import dropped_told, promises, reach, takes_told
from textkaizen.study.racing import EARLY_SHARE
from textkaizen.study.result import NO_EVIDENCE, Place

PAGES = {
    name: re.sub("<style>.*?</style>", "", render(result), flags=re.S)
    for name, result in results().items()
    if name in ("whole", "log loss", "a scorer", "taken out", "a comparison", "before racing")
}


def test_the_ladder_goes_from_the_baseline_to_the_last_adoption_with_gaps_places_and_costs():
    steps = ladder(example())
    assert [step.title for step in steps] == ["The baseline", "dropout 0.5", "width 256", "depth 2"]
    assert steps[0].facts == ("The baseline overfits from epoch 9 of 60.",)
    when, place, cost_told = steps[1].facts
    assert when.startswith("When adopted: +2.3 points of macro-F1 [+1.3, +3.4], adjusted p")
    assert place == (
        "At the end, left out in turn, it adds +1.9 points of macro-F1 [+0.8, +3.0]: it earns its "
        "place."
    )
    assert re.fullmatch(r"Training time: ×\d\.\d that of the recipe before\.", cost_told)
    assert steps[3].mark == "adopted without evidence"
    assert "The adopted recipe</strong>" in PAGES["whole"]


def test_what_was_taken_out_again_is_told_wherever_adoptions_are():
    gone = taken_out_example()
    said = "Taken out again at the end, being in the way: depth 2."
    assert said in PAGES["taken out"]
    assert said in " ".join(summary(gone).split())
    assert "it is in the way and was taken out again" in PAGES["taken out"]
    table = verdict_table(gone)
    assert re.search(r"depth 2 +-1\.6 \[-2\.7, -0\.6\]  in the way, taken out\n", table)
    assert "  No time was left for (1): width 256." in table


def test_substitutes_are_told_alone_and_together():
    said = substitutes_told(SAME_WORK, unit_of("macro_f1"))
    assert said == (
        "dropout 0.5 and L2 1e-4 do the same work: alone +2.0 and +1.5, together +2.1 points of "
        "macro-F1."
    )
    assert said in PAGES["whole"].replace("\N{NON-BREAKING HYPHEN}", "-")
    assert said in " ".join(verdict_table(example()).split())


def test_a_cost_is_relative_to_the_start_of_its_round():
    first, second, _ = rounds(example())
    verdict = replace(first.tried[0], lanes=10, seconds=8.0)
    assert cost(verdict, replace(first, seconds=0.4)) == "×2.0"
    assert cost(verdict, replace(first, seconds=None)) == ""
    assert cost(replace(verdict, lanes=0, seconds=0.0), first) == ""
    # The first round says what its start cost; later ones start from what was adopted before.
    assert first.seconds == pytest.approx(0.4)
    assert second.seconds == pytest.approx(first.choice.seconds / first.choice.lanes)


def test_what_a_round_can_find_and_what_one_point_takes():
    whole = example()
    one = replace(rounds(whole)[0], detectable=0.0241)
    bare = replace(one, tried=())
    assert reach(whole, bare) == (
        "A difference of 2.4 points is found in four of five cases; "
        "to find 1.0 points would take roughly 8,000 texts."
    )
    tried = tuple(replace(v, needed=Needed(6240, 7 + n)) for n, v in enumerate(one.tried[:3]))
    said = reach(whole, replace(one, tried=tried))
    assert said.endswith("roughly 6,000 texts, or 8 seeds on these.")
    none = tuple(replace(v, needed=Needed(6240, None)) for v in tried)
    assert "(no number of seeds on these will do)" in reach(whole, replace(one, tried=none))
    assert reach(whole, replace(one, detectable=0.008)).endswith("four of five cases.")
    assert reach(whole, replace(one, detectable=None)) == ""


@given(st.none() | st.integers(1, 10**9), st.none() | st.integers(1, 10**6), st.integers(1, 10**6))
def test_what_it_takes_is_always_words_without_none(texts, seeds, now):
    said = takes_told(Needed(texts, seeds), now)
    assert said
    assert "None" not in said
    assert ("seed" in said) == (texts is not None and texts > now)


def test_the_most_promising_without_evidence_come_first_and_are_above_zero():
    found = promises(example())
    values = [one.verdict.gap.value for one in found]
    assert values == sorted(values, reverse=True)
    assert min(values) > 0
    assert {one.verdict.verdict for one in found} == {NO_EVIDENCE}
    assert all(not one.verdict.adopted for one in found)
    assert f">{found[0].verdict.name}</th>" in PAGES["whole"].partition('id="unshown"')[2]


def test_how_it_was_raced_is_marked_in_table_and_page():
    table = verdict_table(example())
    assert re.search(r"RMSprop .* no evidence  dropped\n", table)
    assert re.search(r"batch size 128 .* hurts        early\n", table)
    assert "Dropped as futile after 40 % of the texts. It goes with" in PAGES["whole"]
    assert "Decided early after 1 seed." in PAGES["whole"]
    assert 'class="bar none dropped"' in PAGES["whole"]
    one = rounds(example())[0]
    assert dropped_told(one) == "8 were dropped as futile and 2 decided early."
    assert dropped_told(replace(one, tried=one.tried[:1])) == ""
    assert raced(one.tried[0]) == ""
    assert "dropped" not in verdict_table(results()["before racing"])


def test_why_stands_under_every_row_of_the_page_but_in_the_terminal_only_where_it_matters():
    tried = [v for v in example().verdicts if v.gap is not None]
    assert PAGES["whole"].count("of the training texts right") == len(tried)
    decided = [v for v in tried if v.verdict != NO_EVIDENCE]
    assert verdict_table(example()).count("of the training texts right") == len(decided)


def test_the_details_show_the_interval_over_networks_and_the_false_discovery_rate():
    first = rounds(example())[0].tried[0]
    row = PAGES["whole"].partition('<table class="wide cards">')[2]
    row = row[row.index(f'<th scope="row">{first.name}') :].split("</tr>")[0]
    over = re.search('data-of="Over networks">(.*?)</td>', row)[1]
    told = unit_of("macro_f1").interval(first.resampled)
    assert told in over.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")
    assert 'data-of="False share">' in row


@pytest.mark.parametrize("name", ["log loss", "a scorer"])
def test_differences_of_another_metric_are_not_called_points_of_macro_f1(name):
    result = results()[name]
    told, page = unit(result), PAGES[name].partition('id="scores"')[0]
    assert told.metric in page
    assert "points of macro" not in page
    assert "macro-F1, points" not in verdict_table(result)
    assert told.column in verdict_table(result)
    best = max((v for v in result.verdicts if v.gap is not None), key=lambda v: v.gap.value)
    assert re.fullmatch(r"\+0\.\d{3}", told.gap(best.gap.value))
    assert told.gap(best.gap.value) in verdict_table(result)


@pytest.mark.parametrize(
    ("metric", "column", "size"),
    [
        ("macro_f1", "macro-F1, points", "1.0 points"),
        ("accuracy", "accuracy, points", "1.0 points"),
        ("balanced_accuracy", "balanced_accuracy, points", "1.0 points"),
        ("log_loss", "log loss, nats", "0.010 nats"),
        ("neg_log_loss", "neg_log_loss, nats", "0.010 nats"),
        ("matthews_corrcoef", "matthews_corrcoef", "0.010"),
    ],
)
def test_a_metric_has_its_name_and_its_unit(metric, column, size):
    assert unit_of(metric).column == column
    assert unit_of(metric).size(0.01) == size


def test_a_result_without_a_metric_is_one_of_macro_f1():
    old = replace(example(), design={})
    assert unit(old).metric == "macro-F1"


def test_the_design_is_told_with_its_numbers():
    told = dict(design(example()))
    assert "1,392 texts were parted into 5 folds" in told["Folds and seeds"]
    assert "up to 3 seeds" in told["Folds and seeds"]
    assert "In all rounds 21 were dropped and 6 decided early." in told["Looks"]
    assert "2.5 %, 1.25 %, 0.625 % of it" in told["Error rates"]
    assert "Leaving out in turn what was adopted has 0.312 %." in told["Error rates"]
    assert f"{100 * EARLY_SHARE:.0f} % of the round's rate" in told["Error rates"]
    assert "looked at once" in told["Intervals"]
    assert "held-out" not in dict(design(study_example()))["Intervals"]
    assert design(results()["interrupted at once"]) == []


def test_a_comparison_is_told_as_one():
    one, page = comparison_example(), PAGES["a comparison"]
    assert "<h1>wide.yaml is better than mine.yaml</h1>" in page
    assert "<h3>Compared with mine.yaml</h3>" in page
    assert "TfidfVectorizer(ngram_range=(1, 2))" in page
    assert "Liblinear failed to converge" in page
    assert "Liblinear failed to converge" in " ".join(summary(one).split())
    assert re.search(r"svm\.yaml .*  worse\n", verdict_table(one))
    for word in ("the baseline", ">helps<", ">hurts<"):
        assert word not in page.replace("The baseline overfits", "")
    even = tuple(replace(v, verdict=NO_EVIDENCE) for v in one.verdicts)
    assert "Nothing is shown to be better than mine.yaml" in summary(replace(one, verdicts=even))


def test_no_time_to_leave_an_improvement_out_is_told():
    untried = Place("width 256", None, "not tried")
    assert place_told(untried, unit_of("macro_f1")) == "there was no time to leave it out"
    assert "there was no time to leave it out" in PAGES["taken out"]


def test_an_improvement_that_adds_nothing_at_the_end_is_said_to():
    said = place_told(Place("width 256", difference(-0.4), NO_EVIDENCE), unit_of("accuracy"))
    assert said == (
        "left out in turn, it adds -0.4 points of accuracy [-1.5, +0.7]: it is not shown to add "
        "anything beside the others"
    )
