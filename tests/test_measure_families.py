"""Many p-values: by hand, against SciPy, in any order; what a verdict asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from textkaizen.measure.difference import Difference
from textkaizen.measure.families import benjamini_hochberg, decide, holm

p_values = st.lists(st.floats(0, 1), max_size=20)


def test_holm_worked_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.5: times 4, 3, 2, 1 = 0.04, 0.06, 0.06, 0.5.
    assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]
    assert holm(np.array([])).shape == (0,)


@given(p_values)
def test_holm_is_its_formula_in_any_order(drawn):
    p = np.array(drawn)
    adjusted = holm(p)
    for own, found in zip(p, adjusted, strict=True):
        smaller = np.sort(p[p <= own])
        formula = max((len(p) - rank) * value for rank, value in enumerate(smaller))
        assert found == pytest.approx(min(1, formula))
    assert (adjusted >= p).all()
    assert holm(p[::-1]) == pytest.approx(adjusted[::-1])


@pytest.mark.parametrize(
    ("value", "p", "expected"),
    [
        (0.02, 0.05, "helps"),
        (-0.02, 0.05, "hurts"),
        (0.02, 0.051, "no evidence"),
        (-0.02, 0.051, "no evidence"),
        (0.0, 0.0, "no evidence"),
    ],
)
def test_a_verdict_needs_an_adjusted_p_of_at_most_alpha(value, p, expected):
    assert decide(Difference(value, value - 1, value + 1, p=0.0), p, 0.05) == expected


def test_the_false_discovery_rate_worked_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.5: times 4, 2, 4/3, 1 = 0.04, 0.04, 0.04, 0.5.
    found = benjamini_hochberg(np.array([0.03, 0.01, 0.5, 0.02]))
    assert found == pytest.approx([0.04, 0.04, 0.5, 0.04])
    assert benjamini_hochberg(np.array([])).shape == (0,)


@given(p_values.filter(bool))
def test_the_false_discovery_rate_is_that_of_scipy(drawn):
    expected = false_discovery_control(drawn, method="bh")
    assert benjamini_hochberg(np.array(drawn)) == pytest.approx(expected, rel=1e-12)


@given(p_values)
def test_the_false_discovery_rate_lies_between_p_and_holms(drawn):
    p = np.array(drawn)
    found = benjamini_hochberg(p)
    assert (found >= p).all()
    # Holm multiplies by n - rank + 1, Benjamini and Hochberg by n / rank, which is no more.
    assert (found <= holm(p) * (1 + 1e-12)).all()
