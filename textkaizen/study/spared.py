"""A model and labelled texts -> answers that choose, and answers of the final model that test.

A threshold must be tested on texts that the final model has not seen, by that very model, or the
promise is about another one. Where such texts come from depends on what is given:

    held_out     the fifth that `improve` held out, if the file is the one that it read
    kept_away    a share of the texts is kept away from the final model, which is trained anew
    unseen       the user says that the model has seen none of the texts
    out_of_fold  nothing can be spared: networks of the same recipe stand in for the final one

What chooses are answers out of fold on the texts that the final model was trained on, or answers
to a third of the unseen ones. What tests is never among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from textkaizen.data import Corpus, content_hash, folds, hold_out, together
from textkaizen.data.checks import quoted
from textkaizen.errors import CorpusError, UsageError, listed
from textkaizen.model import Model, learn_classifier, learn_model
from textkaizen.study.preparation import HELD_OUT, Prepared, prepare
from textkaizen.study.training import LEAST_TEXTS, NETWORK, trainable
from textkaizen.study.tuning import OUTSIDE, Answers
from textkaizen.text.normalise import normalise

if TYPE_CHECKING:
    from textkaizen.train.programs import Programs

FOLDS = 5
TUNED_FOLDS = 2  # of them choose where the others test
TUNED_SHARE = 1 / 3  # of unseen texts, and of texts outside, that choose; the others test
# `improve` names the model to use by a look at the held-out texts: the adopted network, the
# baseline, or the linear model that was to be beaten. Each is tested at a third of the level.
FINALISTS = 3
KEPT_AWAY = "kept_away"
SEED = 21  # of the draws here, beside the model's own
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """Who is tested on what.

    Args:
        rests_on: one of the four ways of the module's docstring.
        model: the final one.
        tuning, test: answers to texts of classes, each independent of the other's texts.
        tuning_outside, test_outside: answers to texts of none.
        finalists: models that were looked at on the texts of the test.
        share: of the labelled texts that are texts of the test.
    """

    rests_on: str
    model: Model
    tuning: Answers
    test: Answers
    tuning_outside: Answers
    test_outside: Answers
    finalists: int = 1
    share: float = 1.0


@dataclass(frozen=True)
class Texts:
    """Labelled texts and texts outside, with what answers them.

    Args:
        model: to be given a fallback; what is trained is trained as it was.
        outside: different texts that belong to no class, in an order drawn at random.
        programs: compiled epochs to share.
        tell: is told what goes on.
    """

    model: Model
    outside: tuple[str, ...]
    programs: Programs | None
    tell: Tell

    @property
    def seed(self) -> int:
        """The model's own."""
        found = self.model.facts.get("seed")
        return found if type(found) is int else 0

    @property
    def tuned_outside(self) -> int:
        """How many of the texts outside, from the first on, take no part in the test."""
        return int(np.ceil(len(self.outside) * TUNED_SHARE))

    def trained(self, corpus: Corpus) -> Model:
        """Train as the model was trained, on other texts."""
        kind, recipe = self.model.kind, self.model.recipe
        if kind == NETWORK:
            return learn_model(corpus, recipe, self.seed, self.programs)[0]
        return learn_classifier(corpus, recipe, self.seed, kind)[0]

    def answers(self, model: Model, corpus: Corpus) -> Answers:
        """Answer labelled texts."""
        position = {label: number for number, label in enumerate(self.model.labels)}
        truth = np.array([position[label] for label in corpus.labels], int)
        return Answers(self._logits(model, corpus.texts), truth)

    def foreign(self, model: Model, texts: Sequence[str]) -> Answers:
        """Answer texts that belong to no class."""
        return Answers(self._logits(model, texts), np.full(len(texts), OUTSIDE))

    def _logits(self, model: Model, texts: Sequence[str]) -> np.ndarray:
        """Return logits [texts, classes of the model]: of a class it has not, the row's least."""
        labels = self.model.labels
        if not len(texts):
            return np.zeros((0, len(labels)), np.float32)
        found = model.logits(texts)
        own = np.repeat(found.min(1, keepdims=True), len(labels), 1)
        own[:, [labels.index(label) for label in model.labels]] = found
        return own


def parts_of(texts: Texts, corpus: Corpus, calibrate: float, unseen: bool) -> Parts:
    """Find texts that the final model has not seen, and part what chooses from what tests.

    Args:
        texts: the model, and texts outside.
        corpus: in canonical order, without empty texts.
        calibrate: share to keep away where the model has seen all texts; 0: none.
        unseen: the user says that the model has seen none of them.

    Raises:
        CorpusError: no text can be kept away, or a label is unknown.
        UsageError: they are not the texts that they are said to be.
    """
    model, told = texts.model, texts.model.facts.get("data_sha256")
    whole = content_hash(corpus)
    before = model.fallback.facts if model.fallback is not None else {}
    if unseen:
        seen = {told, before.get("data_sha256") if before.get("rests_on") == KEPT_AWAY else told}
        if whole in seen or _prepared_hash(texts, corpus) == told:
            raise UsageError(
                f"Unseen texts must be others than those of the training; {corpus.name} holds the "
                "very texts that the model was trained on. Leave --unseen out."
            )
        return _unseen(texts, corpus)
    if whole == told or (before.get("rests_on"), before.get("data_sha256")) == (KEPT_AWAY, whole):
        corpus = trainable(corpus)
        if calibrate:
            return _kept_away(texts, corpus, calibrate)
        return _out_of_fold_only(texts, corpus)
    prepared = _prepared(texts, corpus)
    if prepared is None or content_hash(prepared.training) != told or prepared.held_out is None:
        raise UsageError(
            "A fallback is set on the texts that the model was trained on, on the file that "
            f"`improve` read, or on texts that it has not seen; {corpus.name} is neither of the "
            "first two. Give that file, or, if the model has seen none of these, --unseen."
        )
    parts = _with_folds(texts, "held_out", model, prepared.training, prepared.held_out)
    return replace(parts, finalists=FINALISTS, share=HELD_OUT)


def _prepared(texts: Texts, corpus: Corpus) -> Prepared | None:
    """Part texts as `improve` would; None where it could not."""
    try:
        return prepare(corpus, None, texts.seed)
    except CorpusError:
        return None


def _prepared_hash(texts: Texts, corpus: Corpus) -> str | None:
    """The hash of what `improve` would train on, of these texts."""
    prepared = _prepared(texts, corpus)
    return content_hash(prepared.training) if prepared is not None else None


def _kept_away(texts: Texts, corpus: Corpus, share: float) -> Parts:
    """Train the final model on all but a share of its texts, and test it on that share."""
    held = hold_out(corpus.labels, _units(corpus), share, texts.seed, keep=LEAST_TEXTS)
    if not held.any():
        raise CorpusError(
            f"A share of the texts must be kept away from the model; in {corpus.name} none of the "
            f"{len(corpus)} can be. Add texts, or set --calibrate 0."
        )
    training, kept = corpus.take(np.flatnonzero(~held)), corpus.take(np.flatnonzero(held))
    model = texts.model
    if content_hash(training) != model.facts.get("data_sha256"):
        texts.tell(f"Training anew on {len(training)} texts; {len(kept)} are kept away.")
        model = texts.trained(training)
    return replace(_with_folds(texts, KEPT_AWAY, model, training, kept), share=share)


def _with_folds(texts: Texts, rests_on: str, model: Model, training: Corpus, kept: Corpus) -> Parts:
    """Choose out of fold on the training texts, test the final model on the others."""
    count = texts.tuned_outside
    tuning, _, tuning_outside, _ = _out_of_fold(texts, training, texts.outside[:count])
    kept = kept.take(_one_of_each(kept, texts.seed))
    test, foreign = texts.answers(model, kept), texts.foreign(model, texts.outside[count:])
    return Parts(rests_on, model, tuning, test, tuning_outside, foreign)


def _unseen(texts: Texts, corpus: Corpus) -> Parts:
    """Choose on a third of the texts, test on the others; the model has seen none of them."""
    model, unknown = texts.model, sorted(set(corpus.labels) - set(texts.model.labels))
    if unknown:
        raise CorpusError(
            f"Every label must be one the model knows; {corpus.name} has "
            f"{listed(map(quoted, unknown))}. Drop these texts, or give them by --outside."
        )
    rows, count = _one_of_each(corpus, texts.seed), texts.tuned_outside
    first = int(np.ceil(len(rows) * TUNED_SHARE))
    answers = partial(texts.answers, model)
    return Parts(
        "unseen",
        model,
        answers(corpus.take(rows[:first])),
        answers(corpus.take(rows[first:])),
        texts.foreign(model, texts.outside[:count]),
        texts.foreign(model, texts.outside[count:]),
        share=1 - TUNED_SHARE,
    )


def _out_of_fold_only(texts: Texts, corpus: Corpus) -> Parts:
    """Choose on two folds, test on three; the final model is trained on all texts."""
    model = texts.model
    if content_hash(corpus) != model.facts.get("data_sha256"):
        texts.tell(f"Training anew on all {len(corpus)} texts.")
        model = texts.trained(corpus)
    answers, fold, foreign, foreign_fold = _out_of_fold(texts, corpus, texts.outside)
    first, foreign_first = fold < TUNED_FOLDS, foreign_fold < TUNED_FOLDS
    return Parts(
        "out_of_fold",
        model,
        answers.take(first),
        answers.take(~first),
        foreign.take(foreign_first),
        foreign.take(~foreign_first),
        share=1 - TUNED_FOLDS / FOLDS,
    )


def _out_of_fold(
    texts: Texts, corpus: Corpus, outside: Sequence[str]
) -> tuple[Answers, np.ndarray, Answers, np.ndarray]:
    """Answer each text by a model that was trained on the other folds.

    A text outside is answered by one of these models; they take turns.

    Returns:
        Answers to one text of each unit, their folds; answers to the texts outside, their folds.
    """
    fold_of = folds(corpus.labels, _units(corpus), FOLDS, texts.seed)
    once = np.zeros(len(corpus), bool)
    once[_one_of_each(corpus, texts.seed)] = True
    turns, found, foreign = np.arange(len(outside)) % FOLDS, [], []
    for fold in range(FOLDS):
        texts.tell(f"Fold {fold + 1} of {FOLDS}.")
        model = texts.trained(corpus.take(np.flatnonzero(fold_of != fold)))
        rows = np.flatnonzero((fold_of == fold) & once)
        found.append((texts.answers(model, corpus.take(rows)), np.full(len(rows), fold)))
        own = [outside[place] for place in np.flatnonzero(turns == fold).tolist()]
        foreign.append((texts.foreign(model, own), np.full(len(own), fold)))
    return (*_together(found), *_together(foreign))


def _together(parts: list[tuple[Answers, np.ndarray]]) -> tuple[Answers, np.ndarray]:
    answers = parts[0][0]
    for more, _ in parts[1:]:
        answers = answers.joined(more)
    return answers, np.concatenate([fold for _, fold in parts])


def _units(corpus: Corpus) -> np.ndarray:
    return together(corpus, [normalise(text) for text in corpus.texts])


def _one_of_each(corpus: Corpus, seed: int) -> np.ndarray:
    """Return one row of each unit, in an order drawn at random: what is counted is independent."""
    rows = np.random.default_rng([seed, SEED]).permutation(len(corpus))
    return rows[np.sort(np.unique(_units(corpus)[rows], return_index=True)[1])]
