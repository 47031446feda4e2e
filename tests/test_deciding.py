"""An answer, or none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.deciding import Decision, Fallback, decisions
from textkaizen.errors import UsageError
from textkaizen.measure.answering import SCORES, answerability
from textkaizen.measure.risk import ANY
from textkaizen.model import Model
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe, TextRules
from textkaizen.text.vectorise import Vocabulary

LABELS = ("card", "hours", "renew")


def fallback(threshold, ask=2.0, temperature=1.0, score="probability", means=None):
    return Fallback(score, threshold, temperature, ask, {}, means)


def model(own=None):
    """A linear model of three words, each of which speaks for a class with 5."""
    rules = TextRules(words=(1, 1), characters=(0, 0))
    vocabulary = Vocabulary(rules, ("card", "open", "renew"), 3, np.float32([1, 1, 1]))
    network = Network(
        (np.float32(5 * np.eye(3)),), (np.zeros(3, np.float32),), (), "relu", "none", 0.3
    )
    recipe = Recipe(text=rules).with_shape(hidden=())
    return Model("network", recipe, LABELS, vocabulary, network, fallback=own)


def test_without_a_fallback_everything_is_answered():
    found = model().decide("nothing it knows")
    assert (found.label, found.between, found.answered) == ("card", None, True)
    assert [label for label, _ in found.best] == list(LABELS)
    assert [chance for _, chance in found.best] == pytest.approx([1 / 3] * 3)


def test_what_is_not_known_well_enough_is_not_answered():
    careful = model(fallback(0.9, ask=0.9))
    assert careful.decide("card").label == "card"
    both = careful.decide("open the card")  # 5 / sqrt(2) for each of the two
    assert (both.label, both.between, both.answered) == (None, ("card", "hours"), False)
    assert careful.decide("").between is None
    texts = ["card", "open the card", ""]
    together = careful.decide_all(texts)
    alone = [careful.decide(text) for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert (one.label, one.between) == (other.label, other.between)
        assert dict(one.best) == pytest.approx(dict(other.best), abs=1e-6)


def test_probabilities_are_divided_by_the_temperature():
    plain, hot = model(), model(fallback(ANY, temperature=5.0))
    assert hot.decide("card").best == hot.answer("card", 3)
    odds = np.exp([1.0, 0, 0])
    wanted = (odds / odds.sum()).tolist()
    assert [chance for _, chance in hot.decide("card").best] == pytest.approx(wanted)
    np.testing.assert_allclose(hot.probabilities(["card"])[0], wanted, rtol=1e-6)
    assert hot.answers(["card"])[0][0][1] == pytest.approx(wanted[0])
    assert plain.probabilities(["card"]).max() > 0.98
    assert plain.predict(["card", "open"]) == hot.predict(["card", "open"])


@given(st.integers(0, 300), st.sampled_from(SCORES), st.floats(0.3, 4))
def test_what_reaches_the_threshold_is_answered_by_the_best_label(seed, score, heat):
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (8, 4)).astype(np.float32)
    means = generator.normal(0, 1, (4, 4)).astype(np.float32)
    scores = answerability(score, logits / heat, means)
    threshold = float(np.sort(scores)[3])
    own = fallback(threshold, 0.6, heat, score, means if score == "distance" else None)
    found = decisions("abcd", logits, own)
    for decision, row, sure in zip(found, logits, scores, strict=True):
        assert decision.answered == (sure >= threshold)
        best = "abcd"[row.argmax()]
        assert decision.best[0][0] == best
        assert decision.label in (best, None)
        if decision.between is not None:
            assert not decision.answered
            assert decision.between == (decision.best[0][0], decision.best[1][0])
            assert decision.best[0][1] + decision.best[1][1] >= 0.6 - 1e-6
        chances = [chance for _, chance in decision.best]
        assert len(chances) == 3
        assert chances == sorted(chances, reverse=True)


def test_fewer_labels_than_three_and_no_text():
    found = decisions("ab", np.float32([[1, 2]]), fallback(1.1, ask=0.5))[0]
    assert found == Decision(None, found.best, ("b", "a"))
    assert len(found.best) == 2
    assert decisions("ab", np.zeros((0, 2), np.float32), None) == []
    assert model(fallback(0.5)).decide_all([]) == []


def test_what_is_no_text_is_refused():
    with pytest.raises(UsageError, match="must be a string"):
        model().decide(3)
    with pytest.raises(UsageError, match="top_k must be at least 1"):
        model().decide("card", best=0)


def test_a_fallback_does_not_outlive_other_answers():
    dropped = model(fallback(0.5))
    assert dropped.with_masks(0).fallback is None
