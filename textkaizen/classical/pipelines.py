"""scikit-learn's estimators that read texts: what they must be, and what they answer.

A pipeline is cloned for each lane, so what it learns there stays there, and everything random in it
is drawn from the lane's seed: two lanes with one seed answer alike, whatever ran before.

What scikit-learn warns of (a solver that did not converge) is kept beside the answers instead of
being printed for every lane. Filters of warnings belong to the whole process and lanes run in
threads, so one frame is put around all of them (`hearing`), and each thread listens for itself.

Rejected: densifying for a step that asks for it (100,000 texts by 200,000 words are 80 GB of
float32); a frame of filters for each lane (two threads would restore each other's).
"""

from __future__ import annotations

import json
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from textkaizen.errors import RecipeError, TextkaizenError, listed

SEEDS = ("random_state", "seed")  # names of parameters that everything random is drawn from
LONGEST = 160  # of a warning or an error that is quoted
NOT_PLAIN = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Lesson:
    """Labelled texts to learn from, and texts to answer.

    Args:
        texts: to learn from.
        labels: int [texts], positions of labels.
        asked: texts to answer.
        classes: how many labels there are.
        seed: of everything random, 0 <= seed < 2**32.
    """

    texts: Sequence[str]
    labels: np.ndarray
    asked: Sequence[str]
    classes: int
    seed: int


class Learnt(NamedTuple):
    """What a pipeline answers after a lesson.

    Args:
        predicted: int32 [asked].
        probabilities: float32 [asked, classes]; None where they were not asked for.
        train_right: share of the lesson's texts that it answers rightly; None where not asked for.
        warned: what scikit-learn warned of, each once, in the order of the alphabet.
    """

    predicted: np.ndarray
    probabilities: np.ndarray | None
    train_right: float | None
    warned: tuple[str, ...]


def pipeline_of(steps: Sequence[Any]) -> Any:
    """Put steps together: the first reads texts, the last is a classifier.

    Raises:
        RecipeError: they do not, or there are none.
    """
    from sklearn.base import is_classifier
    from sklearn.pipeline import make_pipeline

    names = [type(step).__name__ for step in steps]
    if not steps or not reads_texts(steps[0]):
        raise RecipeError(
            "The first step of a pipeline must read texts: TfidfVectorizer, CountVectorizer, "
            f"HashingVectorizer or a FeatureUnion of them; found {listed(names[:1]) or 'no step'}. "
            "Put one of these first."
        )
    if not is_classifier(steps[-1]):
        raise RecipeError(
            f"The last step of a pipeline must be a classifier; found {names[-1]}. Put one last, "
            "such as LinearSVC or LogisticRegression."
        )
    for step, name in zip(steps[:-1], names, strict=False):
        if not hasattr(step, "transform"):
            raise RecipeError(
                f"Every step of a pipeline but the last must turn its input into features; {name} "
                "does not. Put it last, or drop it."
            )
    return make_pipeline(*steps)


def reads_texts(estimator: Any) -> bool:
    """Whether one of scikit-learn's estimators turns texts into features."""
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
    from sklearn.pipeline import FeatureUnion, Pipeline

    if isinstance(estimator, Pipeline):
        return bool(estimator.steps) and reads_texts(estimator.steps[0][1])
    if isinstance(estimator, FeatureUnion):
        parts = [each for _, each in estimator.transformer_list]
        return bool(parts) and all(reads_texts(each) for each in parts)
    return isinstance(estimator, (CountVectorizer, HashingVectorizer))


def require_estimator(name: str, estimator: Any) -> None:
    """Refuse what is no estimator of scikit-learn's kind, or no classifier.

    Args:
        name: of the candidate, for the message.
        estimator: any object with `fit`, `predict` and `get_params`; whether it reads texts, only
            training can tell.

    Raises:
        RecipeError: it lacks one of these, or is a class instead of an object, or regresses.
    """
    from sklearn.base import BaseEstimator, is_classifier

    needed = ("fit", "predict", "get_params", "set_params")
    lacks = [each for each in needed if not hasattr(estimator, each)]
    if isinstance(estimator, type) or lacks:
        found = f"the class {estimator.__name__}" if isinstance(estimator, type) else ""
        raise RecipeError(
            f"A candidate must be a Recipe or an estimator of scikit-learn's that reads texts; "
            f"{name} is {found or type(estimator).__name__}. Give an object with fit and predict, "
            "such as make_pipeline(TfidfVectorizer(), LinearSVC())."
        )
    if isinstance(estimator, BaseEstimator) and not is_classifier(estimator):
        raise RecipeError(
            f"A candidate must be a classifier; {name} is {type(estimator).__name__}, which does "
            "not end in one. Put a classifier last."
        )


def has_probabilities(estimator: Any) -> bool:
    """Whether it tells the probability of every label, too."""
    return hasattr(estimator, "predict_proba")


def copied(estimator: Any) -> Any:
    """Return an unfitted copy."""
    from sklearn.base import clone

    with hearing(), listening():  # a class that is about to be dropped warns whenever it is made
        return clone(estimator)


def seeded(estimator: Any, seed: int) -> Any:
    """Return an unfitted copy that draws everything random from a seed."""
    made = copied(estimator)
    names = [name for name in made.get_params(deep=True) if name.rpartition("__")[2] in SEEDS]
    return made.set_params(**dict.fromkeys(names, seed)) if names else made


def worded(estimator: Any) -> str:
    """Say in a line what it is: its steps, with the parameters that are not at their defaults.

    Example:
        >>> from sklearn.feature_extraction.text import CountVectorizer
        >>> from sklearn.naive_bayes import MultinomialNB
        >>> worded(pipeline_of([CountVectorizer(), MultinomialNB(alpha=0.1)]))
        'CountVectorizer(), MultinomialNB(alpha=0.1)'
    """
    steps = [step for _, step in getattr(estimator, "steps", ())] or [estimator]
    return NOT_PLAIN.sub("", ", ".join(" ".join(repr(step).split()) for step in steps))


def described(estimator: Any) -> str:
    """Return all that decides what it answers as JSON: two with one description answer alike.

    Classes and parameters, seeds left out (each lane has its own), and the version of scikit-learn.
    An object that has no description of its own is told by its place in memory: never equal to
    another.
    """
    import sklearn

    values = {"scikit-learn": sklearn.__version__, "estimator": _plain(seeded(estimator, 0))}
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Bring a parameter to what JSON can hold."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(json.dumps(_plain(each)) for each in value)}
    if isinstance(value, dict):
        pairs = [[_plain(key), _plain(each)] for key, each in value.items()]
        return {"mapping": sorted(pairs, key=lambda pair: json.dumps(pair, sort_keys=True))}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if hasattr(value, "get_params"):
        params = {name: _plain(each) for name, each in value.get_params(deep=False).items()}
        return {"class": _plain(type(value)), "parameters": params}
    if isinstance(value, FunctionType) and "<" not in value.__qualname__:
        return f"{value.__module__}.{value.__qualname__}"
    return repr(value)


def learn_and_answer(
    name: str, estimator: Any, lesson: Lesson, *, probabilities: bool = False, train: bool = False
) -> Learnt:
    """Teach a copy of an estimator, and let it answer; never densifies.

    Args:
        name: of the candidate, for messages.
        estimator: unfitted; it stays so.
        lesson: texts and labels.
        probabilities: ask for them, too; a label that the lesson lacks has 0.
        train: ask for the share of the lesson's texts that it answers rightly, too.

    Raises:
        RecipeError: it cannot learn these texts, or answers something else than one label a text.
    """
    with hearing(), listening() as heard:
        try:
            learner = seeded(estimator, lesson.seed)
            learner.fit(list(lesson.texts), lesson.labels)
            predicted = _labels(name, learner.predict(list(lesson.asked)), lesson)
            told = _told(learner, lesson) if probabilities else None
            right = None
            if train:
                right = float(np.mean(learner.predict(list(lesson.texts)) == lesson.labels))
        except TextkaizenError:
            raise
        except Exception as error:  # whatever a step raises, whoever wrote it, is told as its own
            raise RecipeError(_unable(name, estimator, error)) from error
    return Learnt(predicted, told, right, tuple(sorted(heard)))


def _labels(name: str, predicted: Any, lesson: Lesson) -> np.ndarray:
    found = np.asarray(predicted)
    whole = found.shape == (len(lesson.asked),) and np.issubdtype(found.dtype, np.integer)
    if not whole or not np.all((found >= 0) & (found < lesson.classes)):
        raise RecipeError(
            f"A candidate must answer one of the labels it has learnt for each text; {name} "
            f"answers {found.dtype} of the shape {found.shape} to {len(lesson.asked)} texts. Put a "
            "classifier last."
        )
    return found.astype(np.int32)


def _told(learner: Any, lesson: Lesson) -> np.ndarray:
    """Probabilities of all labels, those that the lesson lacks among them."""
    found = np.asarray(learner.predict_proba(list(lesson.asked)))
    columns = np.asarray(getattr(learner, "classes_", np.unique(lesson.labels)))
    whole = np.zeros((len(found), lesson.classes), np.float32)
    whole[:, columns] = found
    return whole


def _unable(name: str, estimator: Any, error: Exception) -> str:
    said = _first_line(error)
    if "dense" in said and "parse" in said:
        greedy = [type(step).__name__ for step in _steps(estimator)[1:] if not _takes_sparse(step)]
        which = f" ({listed(greedy)})" if greedy else ""
        return (
            f"Bags of words must stay sparse; a step of {name}{which} reads dense tables only. "
            "Take another one, or put TruncatedSVD before it."
        )
    return (
        f"A candidate must be able to learn these texts; {name} cannot: {type(error).__name__}, "
        f"{said.rstrip('.')}. Change its steps or their parameters."
    )


def _steps(estimator: Any) -> list[Any]:
    return [step for _, step in getattr(estimator, "steps", ())]


def _takes_sparse(step: Any) -> bool:
    from sklearn.utils import get_tags

    return bool(get_tags(step).input_tags.sparse)


def _first_line(said: Any) -> str:
    lines = str(said).strip().splitlines() or [type(said).__name__]
    line = lines[0].strip().rstrip(":")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


_frame = threading.Lock()
_open_frames: list[Any] = []  # the one frame of filters, as often as it is asked for
_ear = threading.local()


@contextmanager
def hearing() -> Iterator[None]:
    """Let threads that learn hear what scikit-learn warns of, instead of printing it.

    May be opened by several threads at once, and by one more than once; the filters are changed by
    the first to come and put back by the last to go. Whoever runs many lanes opens it around them.
    """
    with _frame:
        if not _open_frames:
            frame = warnings.catch_warnings()
            frame.__enter__()
            warnings.filterwarnings("always", module=r"(sklearn|scipy|numpy)\b")
            warnings.showwarning = _heard_by(warnings.showwarning)
        else:
            frame = _open_frames[0]
        _open_frames.append(frame)
    try:
        yield
    finally:
        with _frame:
            frame = _open_frames.pop()
            if not _open_frames:
                frame.__exit__(None, None, None)


def _heard_by(show: Any) -> Any:
    """Return what is called with each warning: the thread's own ear, or what was called before."""

    def hear(message: Any, category: Any, *rest: Any, **named: Any) -> None:
        heard = getattr(_ear, "heard", None)
        if heard is None:
            show(message, category, *rest, **named)
        else:
            heard.add(_first_line(message))

    return hear


@contextmanager
def listening() -> Iterator[set[str]]:
    """Collect what is warned of in this thread; who listens further out hears it, too."""
    outer: set[str] | None = getattr(_ear, "heard", None)
    heard: set[str] = set()
    _ear.heard = heard
    try:
        yield heard
    finally:
        _ear.heard = outer
        if outer is not None:
            outer |= heard
