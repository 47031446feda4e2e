"""Every kind of result there is, made up from one example, for the other tests of the report."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
from test_report_example import LABELS, curve, difference, example, measured, verdicts

from textkaizen.recipe import Recipe
from textkaizen.report.design import design
from textkaizen.report.page import render
from textkaizen.report.table import summary
from textkaizen.study.result import (
    HURTS,
    IN_THE_WAY,
    NO_EVIDENCE,
    NOT_TRIED,
    Place,
    Result,
    Verdict,
)

LONG = "an improvement whose name says everything there is to be said about it, and then some"
JAPANESE = f"改善の名前がとても長い場合の例{'の' * 30}"


def study_example():
    """A study: nothing held out, nothing adopted."""
    whole = example()
    return replace(
        whole,
        data={"path": "desk.csv", "texts": 1740, "training_texts": 1740, "test_texts": 0},
        design=whole.design
        | {"stopped": "rounds are used", "rounds": 1, "closing": {}, "alpha": [0.025]}
        | {"each_round": whole.design["each_round"][:1]},
        verdicts=tuple(replace(v, adopted="") for v in whole.verdicts if v.round == 1),
        adopted=(),
        recipe=Recipe(),
        steps=(),
        places=(),
        substitutes=(),
        finalists=(),
        advice="",
        test_texts=(),
        test_labels=(),
        curves=(),
    )


def interrupted_example(tried=3):
    """A run ended in its first round, after `tried` of the catalogue."""
    generator = np.random.default_rng(3)
    return Result(
        data={"path": "desk.csv", "texts": 1740, "training_texts": 1392, "test_texts": 348},
        design={"metric": "macro_f1", "stopped": "interrupted", "rounds": 0, "alpha": []},
        verdicts=tuple(verdicts(generator, 1, Recipe(), {}, tried=tried)) if tried else (),
        adopted=(),
        baseline=Recipe(),
        recipe=Recipe(),
        labels=LABELS,
        curves=(curve("baseline", 60, 2.6, 0.02, 14, 60),) if tried else (),
    )


def many_example(names, seed=7):
    """A study of as many improvements as there are names, the last tenth of them not tried."""
    generator, tried = np.random.default_rng(seed), len(names) * 9 // 10
    found = []
    for place, name in enumerate(names):
        common = {"name": name, "group": "dropout", "round": 1, "change": "dropout: 0.0 -> 0.5"}
        value = float(generator.normal(-1, 3))
        blank = Verdict(**common, gap=None, accuracy=None, p_adjusted=None, verdict=NOT_TRIED)
        found.append(measured(common, value, "", 4.0) if place < tried else blank)
    whole = study_example()
    return replace(whole, verdicts=tuple(found))


def in_another_unit(result, metric, share):
    """The same result by another metric, its differences as many times as large."""
    sized = lambda gap: (
        None
        if gap is None
        else replace(gap, value=share * gap.value, low=share * gap.low, high=share * gap.high)
    )
    return replace(
        result,
        design=result.design | {"metric": metric},
        verdicts=tuple(
            replace(v, gap=sized(v.gap), resampled=sized(v.resampled)) for v in result.verdicts
        ),
        places=tuple(replace(place, gap=sized(place.gap)) for place in result.places),
        substitutes=(),
    )


def comparison_example():
    """A person's own candidates, a pipeline among them, beside a recipe."""
    whole = study_example()
    names = {"dropout 0.5": "wide.yaml", "SGD with momentum": "svm.yaml"}
    candidates = {
        "mine.yaml": {"recipe": "every default"},
        "wide.yaml": {"recipe": "dropout: 0.0 -> 0.5"},
        "svm.yaml": {"pipeline": "TfidfVectorizer(ngram_range=(1, 2)), LinearSVC()"},
    }
    warned = "scikit-learn warned of svm.yaml in 3 of 15 lanes: Liblinear failed to converge."
    compared = {"base": "mine.yaml", "candidates": candidates}
    return replace(
        whole,
        design=whole.design | {"compared": compared, "warnings": [warned]},
        verdicts=tuple(
            replace(v, name=names[v.name], group="recipe")
            for v in whole.verdicts
            if v.name in names
        ),
    )


def taken_out_example():
    """A run whose last improvement was in the way at the end."""
    whole = example()
    gone = Place("depth 2", difference(-1.6), IN_THE_WAY, removed=True)
    untried = Place("width 256", None, NOT_TRIED)
    return replace(whole, adopted=whole.adopted[:2], places=(whole.places[0], untried, gone))


@cache
def results():
    """Every kind of result there is, by name."""
    whole, many = example(), example(classes=150, test_texts=2250)
    blind = tuple(replace(one, val_loss=(), val_accuracy=()) for one in whole.curves)
    lone = replace(whole.curves[0], loss=(0.7,), val_loss=(math.nan,), best_epoch=1)
    astray = replace(
        whole.curves[1],
        loss=(2.0, 9.0, math.inf, math.nan),
        val_loss=(2.0, 800.0, math.nan, math.nan),
        best_epoch=1,
    )
    return {
        "whole": whole,
        "study": study_example(),
        "interrupted": interrupted_example(),
        "interrupted at once": interrupted_example(tried=0),
        "interrupted before a verdict": replace(interrupted_example(tried=1), verdicts=()),
        "nothing tried": interrupted_example(tried=-1),
        "two classes": example(classes=2, test_texts=60),
        "150 classes": many,
        "no curves": replace(whole, curves=()),
        "no validation": replace(whole, curves=blind),
        "odd curves": replace(whole, curves=(lone, astray)),
        "nothing adopted": replace(
            whole,
            verdicts=tuple(replace(v, adopted="") for v in whole.verdicts if v.round == 1),
            adopted=(),
            recipe=Recipe(),
            places=(),
            substitutes=(),
        ),
        "no mistakes": replace(
            whole,
            finalists=tuple(replace(f, predicted=whole.test_labels) for f in whole.finalists),
        ),
        "150 classes without a mistake": replace(
            many,
            finalists=tuple(replace(f, predicted=many.test_labels) for f in many.finalists),
        ),
        "70 rows": many_example([f"improvement {place}" for place in range(70)]),
        "long names": many_example([f"{LONG} {place}" for place in range(20)]),
        "Japanese names": many_example(
            [f"改善の名前がとても長い場合の例{'の' * 30}{n}" for n in range(20)]
        ),
        "all hurt": replace(
            whole, verdicts=tuple(v for v in whole.verdicts if v.verdict == HURTS), adopted=()
        ),
        "nothing found": replace(
            study_example(),
            verdicts=tuple(v for v in study_example().verdicts if v.verdict == NO_EVIDENCE),
        ),
        "log loss": in_another_unit(whole, "log_loss", 0.4),
        "accuracy": replace(whole, design=whole.design | {"metric": "accuracy"}),
        "a scorer": in_another_unit(study_example(), "neg_brier_score", 0.5),
        "a comparison": comparison_example(),
        "taken out": taken_out_example(),
        "before racing": replace(
            whole,
            verdicts=tuple(
                replace(v, race="", why="", needed=None, resampled=None, p_rate=None)
                for v in whole.verdicts
            ),
            design=whole.design | {"each_round": [], "closing": {}},
        ),
        "from a program": replace(whole, data=whole.data | {"path": "these texts"}),
    }


def test_the_kinds_differ_from_each_other():
    found = list(results().values())
    assert not [one for place, one in enumerate(found) if one in found[:place]]


def test_a_comparison_speaks_of_candidates_and_models_and_of_no_improvement():
    found = comparison_example()
    page, table = render(found), summary(found)
    assert "models trained" in page
    assert "networks trained" not in page + table
    assert ">Candidate</th>" in page
    assert ">Improvement</th>" not in page
    assert "mprovement" not in "".join(words for _, words in design(found)) + table
    assert ">Improvement</th>" in render(study_example())


def test_of_a_comparison_without_a_verdict_no_improvement_is_told():
    untried = tuple(replace(v, gap=None, verdict=NOT_TRIED) for v in comparison_example().verdicts)
    said = summary(replace(comparison_example(), verdicts=untried))
    assert said.startswith("Nothing was measured. No candidate was trained to its end.")
