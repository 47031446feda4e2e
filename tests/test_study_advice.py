"""Which model to use: every branch, with finalists made by hand."""

import pytest

from textkaizen.measure.compare import Difference
from textkaizen.study.advice import advise
from textkaizen.study.result import Finalist, Score

SCORE = Score(0.8, 0.7, 0.9)


def finalist(name, gap=None, predicted=(0, 1, 2)):
    versus = None if gap is None else Difference(*gap, p=0.5)
    return Finalist(name, SCORE, SCORE, predicted, versus)


def asked(baseline, logistic, svm, yardstick="linear_svm", baseline_predicted=(0, 0, 2)):
    """Advice for gaps (value, low, high): the adopted network's accuracy minus the other's."""
    return advise(
        (
            finalist("baseline", baseline, baseline_predicted),
            finalist("adopted"),
            finalist("logistic_regression", logistic),
            finalist("linear_svm", svm),
        ),
        yardstick,
    )


BETTER, WORSE, EQUAL = (0.05, 0.02, 0.08), (-0.05, -0.08, -0.02), (0.01, -0.01, 0.03)


def test_a_network_shown_to_be_better_than_the_yardstick_is_used():
    use, why = asked(BETTER, EQUAL, BETTER)
    assert use == "adopted"
    assert why == (
        "Use the adopted network: it is better than the linear SVM by +5.0 points [+2.0, +8.0] of "
        "accuracy. Against the baseline network the adopted one differs by +5.0 points "
        "[+2.0, +8.0]."
    )


def test_a_linear_model_shown_to_be_better_is_used():
    use, why = asked(EQUAL, EQUAL, WORSE)
    assert use == "linear_svm"
    assert why.startswith(
        "Use the linear SVM: it is better than the adopted network by +5.0 points [+2.0, +8.0] "
        "of accuracy. "
    )


def test_a_network_not_shown_to_be_better_gives_way_to_the_linear_model():
    use, why = asked(EQUAL, BETTER, EQUAL)
    assert use == "linear_svm"
    assert "is not shown to be better (+1.0 points [-1.0, +3.0] of accuracy on 3 held-out" in why
    assert "a linear model is simpler" in why


@pytest.mark.parametrize("ends", [(0.02, 0.0, 0.04), (-0.02, -0.04, 0.0)])
def test_an_interval_that_touches_zero_shows_nothing(ends):
    use, why = asked(EQUAL, EQUAL, ends)
    assert use == "linear_svm"
    assert "not shown to be better" in why


def test_a_network_that_lost_on_the_way_gives_way_to_its_baseline():
    use, why = asked(WORSE, EQUAL, BETTER)
    assert use == "baseline"
    assert why == (
        "Use the baseline network: the adopted network is better than the linear SVM, by +5.0 "
        "points [+2.0, +8.0] of accuracy. But it is worse than the baseline network: -5.0 points "
        "[-8.0, -2.0]."
    )


def test_beside_a_linear_model_it_is_still_said_that_the_adopted_one_lost():
    for svm in (WORSE, EQUAL):
        use, why = asked(WORSE, EQUAL, svm)
        assert use == "linear_svm"
        assert "But it is worse than the baseline network" in why


def test_the_yardstick_is_the_one_handed_in_whatever_the_other_does():
    use, why = asked(EQUAL, BETTER, WORSE, yardstick="logistic_regression")
    assert use == "adopted"
    assert "better than logistic regression by" in why
    assert asked(EQUAL, EQUAL, BETTER, yardstick="logistic_regression")[0] == "logistic_regression"


def test_the_same_answers_are_said_to_be_the_same():
    nothing = (0.0, 0.0, 0.0)
    _, why = asked(nothing, EQUAL, BETTER, baseline_predicted=(0, 1, 2))
    assert why.endswith(
        "The baseline network answers every held-out text the same as the adopted one."
    )


def test_a_finalist_that_was_not_compared_is_an_error_of_ours():
    with pytest.raises(ValueError, match="linear_svm was not compared"):
        asked(EQUAL, EQUAL, None)
