"""Answers that take no part in the test -> temperature, score, and thresholds to be tested.

All that could be chosen to look well is chosen here, so that the test (`study/fallback.py`) is the
only look that its texts get.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from textkaizen.deciding import Fallback
from textkaizen.measure.answering import (
    SCORES,
    answerability,
    auroc,
    class_means,
    distances,
    softmax,
)
from textkaizen.measure.calibration import temperature
from textkaizen.measure.risk import Curve, risk_coverage

ASKED_RIGHT = 0.8  # share of the texts asked back about whose label must be one of the two
LEAST_ASKED = 10  # texts that this is judged by
NEVER = 2.0  # no two labels together have this probability
OUTSIDE = -1  # where the number of the true class stands: it belongs to none


@dataclass(frozen=True)
class Answers:
    """What a model says of texts, and what is true.

    Args:
        logits: float32 [texts, classes].
        truth: position of the true label, OUTSIDE of a text that belongs to no class, int [texts].
    """

    logits: np.ndarray
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def inside(self) -> Answers:
        """Those to texts that belong to a class."""
        return self.take(self.truth != OUTSIDE)

    @property
    def outside(self) -> Answers:
        """Those to texts that belong to none."""
        return self.take(self.truth == OUTSIDE)

    @property
    def wrong(self) -> np.ndarray:
        """Whether the best label is not the true one, bool [texts]."""
        return self.logits.argmax(1) != self.truth

    def take(self, rows: np.ndarray) -> Answers:
        """Return some of them."""
        return Answers(self.logits[rows], self.truth[rows])

    def joined(self, other: Answers) -> Answers:
        """Return both, these first."""
        logits = np.concatenate([self.logits, other.logits])
        return Answers(logits, np.concatenate([self.truth, other.truth]))


@dataclass(frozen=True)
class Tuned:
    """What was chosen.

    Args:
        score: with the smallest area under its curve.
        temperature: of the logits.
        means: of the classes, of the logits divided by it.
        curve: of the score.
        scores: its values, [texts].
        areas: of every score.
        aurocs: of every score, where there are texts outside: how well it tells them apart.
    """

    score: str
    temperature: float
    means: np.ndarray
    curve: Curve
    scores: np.ndarray
    areas: dict[str, float]
    aurocs: dict[str, float]

    def fallback(self, threshold: float, ask: float, facts: dict) -> Fallback:
        """Return a fallback by the chosen score."""
        means = self.means if self.score == "distance" else None
        return Fallback(self.score, threshold, self.temperature, ask, facts, means)


def tuned(answers: Answers, share: float) -> Tuned:
    """Choose temperature and score.

    Args:
        answers: at least one to a text of a class.
        share: of texts outside that the promise is about; together they weigh so much.
    """
    inside = answers.inside
    heat = temperature(inside.logits, inside.truth)
    logits, wrong = answers.logits / np.float32(heat), answers.wrong
    means = class_means(inside.logits / np.float32(heat), inside.truth)
    weights, foreign = _weights(answers, share), answers.truth == OUTSIDE
    scores = {score: answerability(score, logits) for score in SCORES if score != "distance"}
    scores["distance"] = distances(logits, means, answers.truth)
    curves = {score: risk_coverage(found, wrong, weights) for score, found in scores.items()}
    areas = {score: curve.area for score, curve in curves.items()}
    best = min(SCORES, key=areas.__getitem__)
    aurocs = {
        score: auroc(found[~foreign], found[foreign])
        for score, found in scores.items()
        if foreign.any()
    }
    return Tuned(best, heat, means, curves[best], scores[best], areas, aurocs)


def level_to_ask(answers: Answers, found: Tuned, threshold: float, share: float) -> float:
    """Return the least probability of the two best labels together at which asking back pays.

    Among the unanswered texts that reach it the true label is one of the two in four of five. This
    is a choice by what was seen, not a promise.

    Args:
        answers: what `found` was tuned on.
        found: with their scores.
        threshold: from which on texts are answered.
        share: of texts outside.

    Returns:
        From 0.5 to 0.95, or NEVER.
    """
    logits = answers.logits / np.float32(found.temperature)
    if logits.shape[1] < 3:  # to name the only two labels there are asks nothing
        return NEVER
    order = np.argsort(-logits, axis=1)[:, :2]
    both = np.take_along_axis(softmax(logits), order, 1).sum(1)
    right, weights = (order == answers.truth[:, None]).any(1), _weights(answers, share)
    for level in np.arange(0.5, 0.96, 0.05).round(2).tolist():
        asked = (found.scores < threshold) & (both >= level)
        if asked.sum() < LEAST_ASKED:
            break
        if (weights * right)[asked].sum() >= ASKED_RIGHT * weights[asked].sum():
            return level
    return NEVER


def _weights(answers: Answers, share: float) -> np.ndarray:
    """Return what each text counts: texts outside together the share, all others the rest."""
    foreign = answers.truth == OUTSIDE
    if not foreign.any():
        return np.full(len(foreign), 1 / max(len(foreign), 1))
    return np.where(foreign, share / foreign.sum(), (1 - share) / max((~foreign).sum(), 1))
