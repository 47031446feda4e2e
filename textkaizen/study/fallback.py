"""A model and labelled texts -> the same model, that now says when it does not know.

Thresholds are put in an order by answers that take no part in the test, and tested one after
another on texts that the final model has not seen (`measure/risk.py`; `spared.py` tells where such
texts come from). `docs/fallback.md` says which claim rests on what.

Rejected: a threshold from out-of-fold answers alone with a look at the final model afterwards (a
look that may fail and be repeated promises nothing; here the final model's answers are the test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from textkaizen.data import Corpus, canonical, content_hash, require_labelled, without_empty
from textkaizen.errors import CorpusError, UsageError
from textkaizen.measure import risk
from textkaizen.measure.answering import softmax
from textkaizen.measure.calibration import calibration_error, reliability
from textkaizen.model import Model
from textkaizen.study.spared import KEPT_AWAY, SEED, Parts, Tell, Texts, parts_of
from textkaizen.study.training import NETWORK
from textkaizen.study.tuning import NEVER, Answers, Tuned, level_to_ask, tuned
from textkaizen.text.normalise import normalise

if TYPE_CHECKING:
    from textkaizen.train.programs import Programs

POINTS = 100  # of the curve that are told


@dataclass(frozen=True)
class Promise:
    """What is asked of a fallback.

    Args:
        wrong: at most this share of the answers is wrong, 0 < wrong < 1.
        confidence: chance that the promise is kept, 0 < confidence < 1.
        outside_share: share of texts that belong to no class among those it will be asked, >= 0.
        calibrate: share of the texts to keep away from the final model where none are; 0: none.
        unseen: the texts given are none that the model has seen.

    Raises:
        UsageError: a number is out of its range.
    """

    wrong: float = 0.05
    confidence: float = 0.95
    outside_share: float = 0.0
    calibrate: float = 0.2
    unseen: bool = False

    def __post_init__(self) -> None:
        for name in ("wrong", "confidence"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(_no_share(name, "above 0", getattr(self, name)))
        for name in ("outside_share", "calibrate"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(_no_share(name, "from 0", getattr(self, name)))


def _no_share(name: str, least: str, found: float) -> str:
    return f"{name} must be a share {least} and below 1; found {found:g}. Give one such as 0.05."


class _Outcome(NamedTuple):
    """What came of the test.

    Args:
        tests: of thresholds, in their order.
        curve: of the texts of the test.
        texts: that were tested on, drawn as the promise says.
    """

    tests: risk.Sequence
    curve: risk.Curve | None
    texts: int


def set_fallback(
    model: Model,
    corpus: Corpus,
    promise: Promise,
    outside: Sequence[str] = (),
    programs: Programs | None = None,
    tell: Tell = lambda told: None,
) -> tuple[Model, dict[str, Any]]:
    """Return the model with a fallback that keeps the promise, and what was found, plain values.

    The promise: among texts drawn like those of the test, at most the share `wrong` of the answered
    ones is answered wrongly; this holds with at least the given confidence over the draw of the
    texts. Where the threshold rests on out-of-fold answers it is about networks of the same recipe
    that were trained on four fifths of the texts. Texts that belong together count once.

    Args:
        model: any kind.
        corpus: the texts that it was trained on, the file that `improve` read, or unseen ones.
        promise: what is asked for.
        outside: examples of texts that belong to no class, none that the model was trained on.
        programs: compiled epochs to share.
        tell: is told what goes on, a sentence at a time.

    Raises:
        CorpusError: the texts cannot be used, or show no threshold that keeps the promise.
        UsageError: they are not the model's, or the promise and the texts outside do not fit.
    """
    corpus, outside = canonical(corpus), _different(outside)
    require_labelled(corpus)
    _require_outside(promise, outside)
    shuffled = np.random.default_rng([SEED, 0]).permutation(len(outside))
    if programs is None and model.kind == NETWORK and not promise.unseen:
        from textkaizen.train.programs import Programs

        programs = Programs()
    texts = Texts(model, tuple(outside[place] for place in shuffled), programs, tell)
    corpus = without_empty(corpus)
    parts = parts_of(texts, corpus, promise.calibrate, promise.unseen)
    tuning = parts.tuning.joined(parts.tuning_outside)
    chosen = tuned(tuning, promise.outside_share)
    # Drawn anew for other texts: the proof is over the draw.
    test = _tested(parts, chosen, promise, int(content_hash(corpus)[:12], 16))
    last = test.tests.last
    if last is None:
        raise _nothing_holds(parts, chosen, promise, test)
    ask = level_to_ask(tuning, chosen, last.threshold, promise.outside_share)
    facts = {
        "wrong": promise.wrong,
        "confidence": promise.confidence,
        "outside_share": promise.outside_share,
        "rests_on": parts.rests_on,
        "texts": test.texts,
        "answered": last.answered,
        "wrong_answers": last.wrong,
        "data_sha256": content_hash(corpus),
    }
    final = replace(parts.model, fallback=chosen.fallback(last.threshold, ask, facts))
    return final, facts | _told(final, parts, chosen, test)


def _tested(parts: Parts, chosen: Tuned, promise: Promise, draw: int) -> _Outcome:
    """Test the thresholds in their order."""
    generator, share = np.random.default_rng([SEED, 1, draw]), promise.outside_share
    own, foreign = risk.drawn_mixture(len(parts.test), len(parts.test_outside), share, generator)
    drawn = parts.test.take(own).joined(parts.test_outside.take(foreign))
    level = risk.mixture_level((1 - promise.confidence) / parts.finalists, share)
    if not len(drawn):
        return _Outcome(risk.Sequence((), level), None, 0)
    scores = chosen.fallback(0.0, NEVER, {}).scores(drawn.logits)
    thresholds = risk.ordered_thresholds(chosen.curve, promise.wrong, len(drawn), level)
    tests = risk.fixed_sequence(scores, drawn.wrong, thresholds, promise.wrong, level)
    return _Outcome(tests, risk.risk_coverage(scores, drawn.wrong), len(drawn))


def _nothing_holds(parts: Parts, chosen: Tuned, promise: Promise, test: _Outcome) -> CorpusError:
    """Say that no threshold is shown to keep the promise, and what it would take."""
    asked = (
        f"A fallback must be shown, with {100 * promise.confidence:g} % confidence, to answer at "
        f"most {100 * promise.wrong:g} % wrongly"
    )
    found = f"there were {test.texts} texts to show it on"
    if test.tests.tested:
        first = test.tests.tested[0]
        found += f", of which it would have answered {first.answered}, {first.wrong} wrongly"
    curves = [chosen.curve] + ([test.curve] if test.curve is not None else [])
    found_needed = [risk.texts_needed(curve, promise.wrong, test.tests.level) for curve in curves]
    needed = [texts for texts in found_needed if texts is not None]
    takes = "Even the surest answers are wrong more often than that: train a better model"
    if needed:
        # The texts outside are given beside the labelled ones.
        labelled = np.ceil(max(needed) * (1 - promise.outside_share) / parts.share)
        outside = np.ceil(max(needed) * promise.outside_share)
        more = f" and {outside:.0f} or more outside" if promise.outside_share else ""
        takes = (
            f"About {max(needed)} such texts are enough four times in five ({labelled:.0f} "
            f"labelled ones in all{more}): give more"
        )
    other = (
        ", or set --calibrate 0 (tested on three fifths of the texts, by models made like this one)"
        if parts.rests_on == KEPT_AWAY
        else ""
    )
    return CorpusError(f"{asked}; {found}. {takes}, let more be wrong by --wrong{other}.")


def _told(final: Model, parts: Parts, chosen: Tuned, test: _Outcome) -> dict[str, Any]:
    """Return what is told of a fallback beside its promise, as plain values."""
    own = final.fallback
    if own is None:
        raise ValueError("a model without a fallback has nothing to be told")
    answered = own.scores(parts.test.logits) >= own.threshold
    wrong, outside = parts.test.wrong, parts.test_outside
    plain, curve = softmax(parts.test.logits), test.curve
    after = _bins(parts.test, softmax(parts.test.logits / np.float32(own.temperature)))
    found: dict[str, Any] = {
        "score": own.score,
        "threshold": own.threshold,
        "temperature": own.temperature,
        "ask": own.ask if own.ask < NEVER else None,
        "coverage": float(answered.mean()),
        "risk": float(wrong[answered].mean()) if answered.any() else 0.0,
        "accuracy_of_all": float(1 - wrong.mean()),
        "areas": chosen.areas,
        "calibration_error": {
            "before": calibration_error(_bins(parts.test, plain)),
            "after": calibration_error(after),
        },
        "reliability": [each._asdict() for each in after],
        "curve": _points(curve) if curve is not None else [],
        "tested": [each._asdict() for each in test.tests.tested],
    }
    if len(outside):
        rejected = own.scores(outside.logits) < own.threshold
        found["outside"] = {"texts": len(outside), "rejected": float(rejected.mean())}
        found["outside"]["auroc"] = chosen.aurocs
    return found | {"asked_back": _asked_back(final, parts.test, answered)}


def _asked_back(final: Model, test: Answers, answered: np.ndarray) -> dict[str, Any]:
    """Return how many of the unanswered texts are asked back about, and how often rightly."""
    own = final.fallback
    logits = test.logits / np.float32(own.temperature if own is not None else 1)
    order = np.argsort(-logits, axis=1)[:, :2]
    both = np.take_along_axis(softmax(logits), order, 1).sum(1)
    asked = ~answered & (both >= (own.ask if own is not None else NEVER))
    right = (order == test.truth[:, None]).any(1)[asked]
    return {
        "unanswered": int((~answered).sum()),
        "asked": int(asked.sum()),
        "one_of_both": int(right.sum()),
    }


def _bins(test: Answers, probabilities: np.ndarray) -> list:
    return reliability(probabilities.max(1), ~test.wrong)


def _points(curve: risk.Curve) -> list[list[float]]:
    """Return coverage and risk at up to so many thresholds, the last one among them."""
    places = np.unique(np.linspace(0, len(curve.coverage) - 1, POINTS).round().astype(int))
    return np.stack([curve.coverage, curve.risk], 1)[places].tolist()


def _different(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts that differ once normalised, in one order; blank ones are left out."""
    by_key = {normalise(text): text for text in sorted(texts)}
    return tuple(by_key[key] for key in sorted(by_key) if key)


def _require_outside(promise: Promise, outside: Sequence[str]) -> None:
    """Refuse examples without their share, and a share without examples.

    Raises:
        UsageError: one is given without the other.
    """
    if bool(outside) == bool(promise.outside_share):
        return
    found = (
        f"{len(outside)} examples and no share"
        if outside
        else f"a share of {promise.outside_share:g} and no examples"
    )
    raise UsageError(
        "A promise about texts that belong to no class needs examples of them and their share "
        f"among the texts to come; found {found}. Give both --outside and --outside-share."
    )
