"""Labelled texts -> training texts and held-out texts, before anything is learnt from either."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from textkaizen.data import (
    Corpus,
    canonical,
    content_hash,
    hold_out,
    overlap,
    require,
    require_labelled,
    together,
    warnings,
    without_empty,
)
from textkaizen.data.checks import quoted
from textkaizen.errors import CorpusError, listed
from textkaizen.text.languages import languages, require_known
from textkaizen.text.normalise import normalise

HELD_OUT = 0.2  # share of the texts that nothing is chosen on, when no test file is given
LANGUAGE_SHARE = 0.1  # with fewer texts of a language nothing could be seen of its analyser
LOOKED_TEXTS = 2000  # enough to tell a tenth
LEAST_FOLDS = 3  # a class with fewer texts than this cannot be in every fold


@dataclass(frozen=True)
class Prepared:
    """What is learnt from, what is not, and what is to be said about both.

    Args:
        training: in canonical order, without empty texts.
        held_out: in canonical order, without empty texts; None when nothing is held out.
        facts: what goes into `verdicts.json` under "data".
        language: of all texts, if it was named.
    """

    training: Corpus
    held_out: Corpus | None
    facts: dict[str, Any]
    language: str = ""

    @property
    def smallest_class(self) -> int:
        """Different training texts of the smallest class, and never fewer than LEAST_FOLDS.

        Copies of one text, and rows of one group, stay in one fold: they count once.
        """
        pairs = set(zip(self.training.labels, _units(self.training).tolist(), strict=True))
        return max(LEAST_FOLDS, min(Counter(label for label, _ in pairs).values()))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """ISO 639 codes of the languages that a tenth of the training texts, or more, are in;
        the one that was named, if one was."""
        if self.language:
            return (self.language,)
        every = -(-len(self.training) // LOOKED_TEXTS)
        found = Counter(languages(self.training.texts[::every]))
        least = LANGUAGE_SHARE * sum(found.values())
        return tuple(sorted(code for code, texts in found.items() if code and texts >= least))


def prepare(
    corpus: Corpus, test: Corpus | None, seed: int, hold: bool = True, language: str = ""
) -> Prepared:
    """Bring texts into canonical order, check them, and hold the test texts out first.

    Args:
        corpus: labelled texts in any order.
        test: texts to hold out; None draws a fifth, stratified, whole units.
        seed: of that draw.
        hold: False holds nothing out (for a study, which does not look at a final model).
        language: of all texts, by ISO 639-1; "" is told from them where it matters.

    Raises:
        UsageError: no such language is known.
        CorpusError: the texts cannot be trained on, a test label is unknown in training, or
            nothing is left once training and test are parted.
    """
    if language:
        require_known([language])
    facts, corpus, test = _checked(corpus, test)
    corpus = without_empty(corpus)
    if test is not None:
        test = without_empty(test)
        training = _without_shared(corpus, test)
    elif hold:
        held = hold_out(corpus.labels, _units(corpus), HELD_OUT, seed, keep=LEAST_FOLDS)
        training, test = corpus.take(np.flatnonzero(~held)), corpus.take(np.flatnonzero(held))
        if not len(test):
            raise CorpusError(
                f"A fifth of the texts must be held out; in {corpus.name} none of the "
                f"{len(corpus)} can be: they are too few, or copies and groups are too large to "
                "be parted. Add texts, or give test texts by --test."
            )
    else:
        training = corpus
    if len(np.unique(_units(training))) < LEAST_FOLDS:
        raise CorpusError(
            f"At least {LEAST_FOLDS} texts that are not copies of each other or of one group are "
            f"needed to be parted; {corpus.name} has fewer. Add texts."
        )
    facts |= {
        "training_texts": len(training),
        "test_texts": len(test) if test is not None else 0,
        "warnings": facts.pop("warnings"),
    } | ({"language": language} if language else {})
    return Prepared(training, test, facts, language)


def check_texts(corpus: Corpus, test: Corpus | None) -> dict[str, Any]:
    """Say what is wrong with labelled texts, as plain values; nothing is held out.

    Raises:
        CorpusError: what is wrong is so bad that nothing could be trained; what else was found is
            told with it.
    """
    try:
        facts, corpus, test = _checked(corpus, test)
        if test is not None:
            _without_shared(without_empty(corpus), without_empty(test))
    except CorpusError as error:
        rows = canonical(corpus)
        besides = warnings(rows, _keys(rows), LEAST_FOLDS) if len(rows) else ()
        if not besides:
            raise
        raise CorpusError(f"{error} Besides: {' '.join(besides)}") from error
    return {name: facts[name] for name in ("path", "texts", "classes", "warnings")}


def _checked(corpus: Corpus, test: Corpus | None) -> tuple[dict[str, Any], Corpus, Corpus | None]:
    """Return facts with warnings, and both corpora in canonical order."""
    corpus = canonical(corpus)
    require(corpus, LEAST_FOLDS)
    keys = _keys(corpus)
    facts: dict[str, Any] = {
        "path": corpus.name,
        "hash": content_hash(corpus),
        "texts": len(corpus),
        "classes": len(corpus.classes),
    }
    if test is None:
        return facts | {"warnings": list(warnings(corpus, keys, LEAST_FOLDS))}, corpus, None
    test = canonical(test)
    require_labelled(test)
    unknown = sorted(set(test.labels) - set(corpus.labels))
    if unknown:
        raise CorpusError(
            f"Every label of the test texts must be in the training texts; {test.name} has "
            f"{listed(map(quoted, unknown))}, which {corpus.name} lacks. Add training texts or "
            "drop them."
        )
    facts |= {"test_path": test.name, "test_hash": content_hash(test)}
    said = warnings(corpus, keys, LEAST_FOLDS, test, _keys(test))
    return facts | {"warnings": list(said)}, corpus, test


def _without_shared(corpus: Corpus, test: Corpus) -> Corpus:
    """Drop training rows whose text or group is in the test, and see that enough is left."""
    shared = overlap(_keys(corpus), _keys(test))
    if corpus.groups is not None and test.groups is not None:
        shared |= overlap(corpus.groups, test.groups)
    if not shared.any():
        return corpus
    if shared.all():
        raise CorpusError(
            f"Training and test texts must differ; all {len(corpus)} of {corpus.name} are also in "
            f"{test.name}. Give other test texts, or leave --test out to hold a fifth out."
        )
    training = corpus.take(np.flatnonzero(~shared))
    dropped = f"{corpus.name} without the {int(shared.sum())} rows that {test.name} shares"
    lost = sorted(set(corpus.labels) - set(training.labels))
    if lost:
        raise CorpusError(
            f"Every class needs training texts that are not test texts, too; {dropped} has none "
            f"of {listed(map(quoted, lost))}. Give other test texts, or leave --test out to hold "
            "a fifth out."
        )
    require(replace(training, name=dropped), LEAST_FOLDS)
    return training


def _keys(corpus: Corpus) -> list[str]:
    return [normalise(text) for text in corpus.texts]


def _units(corpus: Corpus) -> np.ndarray:
    return together(corpus, _keys(corpus))
