"""The nearest labelled texts: by hand, each once, and none that shares nothing."""

import numpy as np
import pytest
from command_line import ROWS

from textkaizen.agent.nearest import Near, nearest_among
from textkaizen.data import Corpus
from textkaizen.recipe import TextRules
from textkaizen.text.vectorise import Vocabulary

WORDS = ("bag", "key", "lost", "open")
PLAIN = TextRules(words=(1, 1), characters=(0, 0), norm="none")
VOCABULARY = Vocabulary(PLAIN, WORDS, 4, np.ones(4, np.float32))


def found(text, rows, most=3):
    texts, labels = zip(*rows, strict=True)
    return nearest_among(VOCABULARY, Corpus(texts, labels), most)(text)


def test_the_cosine_of_bags_by_hand():
    rows = [("open", "hours"), ("lost key bag", "loss"), ("key", "loss"), ("key", "keys")]
    assert found("lost key", rows) == [
        Near("lost key bag", "loss", pytest.approx(2 / np.sqrt(6))),
        Near("key", "loss", pytest.approx(np.sqrt(0.5))),
        Near("key", "keys", pytest.approx(np.sqrt(0.5))),
    ]


def test_equal_rows_count_once_and_what_shares_nothing_is_not_near():
    rows = [("lost", "loss"), ("lost", "loss"), ("open", "hours"), ("zzz", "hours")]
    assert found("lost", rows) == [Near("lost", "loss", 1.0)]
    assert found("zzz", rows) == []


def test_bags_are_made_once_and_only_when_asked(monkeypatch):
    texts, labels = zip(*ROWS, strict=True)
    asked = []
    own = Vocabulary.bags
    monkeypatch.setattr(Vocabulary, "bags", lambda self, t: asked.append(len(t)) or own(self, t))
    nearest = nearest_among(VOCABULARY, Corpus(texts, labels))
    assert asked == []
    nearest("lost"), nearest("open")
    assert sorted(asked) == [1, 1, len(ROWS)]
