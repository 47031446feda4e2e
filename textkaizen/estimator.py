"""scikit-learn's contract over a model: texts in, labels of any kind out.

The recipe is the one parameter. Each of its fields can be searched by its own name behind
`recipe__`, as scikit-learn names what lies inside a parameter: `recipe__dropout`,
`recipe__hidden`, `recipe__words`. What is wrong with texts, labels or a parameter is a
`TextkaizenError` and a `ValueError` at once: the one is our promise, the other scikit-learn's.

Rejected: a constructor argument for each field (a second list of all knobs, to be kept equal to
the recipe's), sample weights (the loop has none).
"""

from __future__ import annotations

import difflib
from dataclasses import fields
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from textkaizen.data import Corpus
from textkaizen.errors import CorpusError, RecipeError, UsageError, listed
from textkaizen.model import learn_model
from textkaizen.nets.plain import softmax
from textkaizen.recipe import Knobs, Recipe, Shape, TextRules

if TYPE_CHECKING:
    from textkaizen.train.programs import Programs

PARTS = {"text": TextRules, "shape": Shape, "knobs": Knobs}
PART_OF = {field.name: part for part, kind in PARTS.items() for field in fields(kind)}
INSIDE = "recipe__"


class TextsError(CorpusError, ValueError):
    """Texts or labels are not as they must be."""


class ParameterError(UsageError, ValueError):
    """A parameter of the estimator is not as it must be."""


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A neural text classifier for scikit-learn's pipelines, folds and searches.

    The order of the rows changes nothing, and the same seed gives the same network. Classifiers of
    one process share compiled programs. It trains where JAX does by default (JAX_PLATFORMS), and
    keeps what is compiled only where JAX_COMPILATION_CACHE_DIR names a folder: `textkaizen.train`
    takes a device and keeps it in the user's folder for caches.

    Args:
        recipe: how the network is made; None is the baseline, `Recipe()`.
        seed: decides everything random, >= 0.

    Attributes:
        classes_: the labels, sorted, of the kind that was given.
        model_: the `Model`, which can be saved; its labels are the classes as strings.
        n_iter_: epochs trained.
        history_: "loss", "accuracy", "penalty" and, with a validation share, "val_loss" and
            "val_accuracy": one number an epoch.

    Example:
        >>> texts = ["my card is lost", "a new card", "when do you open", "are you open today"]
        >>> recipe = Recipe().with_shape(hidden=(8,), batch_size=4).with_knobs(validation=0.0)
        >>> classifier = TextClassifier(recipe).fit(texts, ["card", "card", "hours", "hours"])
        >>> classifier.predict(["open on Sunday?"])
        array(['hours'], dtype='<U5')
        >>> classifier.set_params(recipe__dropout=0.5).recipe.knobs.dropout
        0.5
    """

    def __init__(self, recipe: Recipe | None = None, seed: int = 0) -> None:
        self.recipe = recipe
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with `deep` the recipe's fields too, as `recipe__dropout`."""
        params = super().get_params(deep=False)
        recipe = Recipe() if self.recipe is None else self.recipe
        if deep and isinstance(recipe, Recipe):
            for name, part in PART_OF.items():
                params[INSIDE + name] = getattr(getattr(recipe, part), name)
        return params

    def set_params(self, **params: Any) -> TextClassifier:
        """Set parameters; `recipe__dropout=0.5` changes one field of the recipe.

        All fields are changed at once, after `recipe` itself if that is given too.

        Raises:
            ParameterError: an unknown name, or a value out of its range.
        """
        inside = {name: params.pop(name) for name in list(params) if name.startswith(INSIDE)}
        super().set_params(**params)
        if inside:
            self.recipe = _changed(self._recipe(), inside)
        return self

    def fit(self, X: Any, y: Any) -> TextClassifier:
        """Train a network on labelled texts.

        Args:
            X: texts: a list, a tuple, an array or a pandas Series; one column of a table will do.
            y: a label each, of any kind that scikit-learn takes: strings, whole numbers, truth
                values.

        Raises:
            TextsError: X holds something else than texts, y is not one label a text, or there is
                only one class.
            ParameterError: a parameter is of the wrong kind, or a batch larger than the texts.
        """
        recipe, seed = self._recipe(), _whole(self.seed)
        texts = _texts(X)
        classes, numbers = _classes(y, len(texts))
        names = _names(classes)
        corpus = Corpus(tuple(texts), tuple(names[number] for number in numbers.tolist()))
        try:
            model, trained = learn_model(corpus, recipe, seed, _shared_programs())
        except RecipeError as error:  # a batch larger than the texts
            raise ParameterError(str(error)) from error
        self.classes_, self.model_, self.history_ = classes, model, trained.history
        self.n_iter_ = len(trained.history["loss"])
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each text; of equals the first of `classes_`.

        Raises:
            NotFittedError: `fit` comes first.
            TextsError: X holds something else than texts.
        """
        best = self._logits(X).argmax(1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 [texts, classes], in the order of `classes_`."""
        return softmax(self._logits(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return log-odds, float64 [texts, classes]; of two classes [texts], for the second."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        # A model sorts its labels as strings: "10" comes before "2".
        place = {label: number for number, label in enumerate(self.model_.labels)}
        places = [place[name] for name in _names(self.classes_)]
        return self.model_.logits(_texts(X))[:, places].astype(np.float64)

    def _recipe(self) -> Recipe:
        if self.recipe is None:
            return Recipe()
        if isinstance(self.recipe, Recipe):
            return self.recipe
        raise ParameterError(
            f"recipe must be a textkaizen.Recipe or None; found {self.recipe!r}. To read one from "
            "plain values, use Recipe.from_dict."
        )


@cache
def _shared_programs() -> Programs:
    """Return the compiled epochs of this process; a search would compile the same ones again."""
    from textkaizen.train.programs import Programs

    return Programs()


def _changed(recipe: Recipe, inside: dict[str, Any]) -> Recipe:
    """Return the recipe with fields changed, given by their names behind `recipe__`."""
    values = recipe.to_dict()
    for name, value in inside.items():
        field = name.removeprefix(INSIDE)
        if field not in PART_OF:
            last = field.rpartition("__")[2]  # who names the part as well is understood
            near = difflib.get_close_matches(last, PART_OF, n=1, cutoff=0.5)
            hint = f"did you mean '{INSIDE}{near[0]}'?" if near else f"known: {', '.join(PART_OF)}."
            raise ParameterError(f"A recipe has no '{field}', as in '{name}'; {hint}")
        values[PART_OF[field]][field] = _without_numpy(value)
    try:
        return Recipe.from_dict(values)
    except RecipeError as error:
        raise ParameterError(str(error)) from error


def _without_numpy(value: Any) -> Any:
    """Bring what a search draws to plain numbers."""
    if isinstance(value, (list, tuple)):
        return [_without_numpy(one) for one in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def _whole(seed: Any) -> int:
    if not isinstance(seed, Integral) or seed < 0:
        raise ParameterError(f"seed must be a whole number from 0; found {seed!r}.")
    return int(seed)


def _texts(X: Any) -> list[str]:
    """Return the texts as a list, whatever holds them.

    Raises:
        TextsError: no sequence, several columns, or not every one is a string.
    """
    found = X if isinstance(X, str) else np.asarray(X, dtype=object)
    if isinstance(found, str) or found.ndim == 0:
        raise TextsError(
            f"X must be a sequence of texts; found one {type(X).__name__}. Put texts in a list."
        )
    if found.ndim > 2 or (found.ndim == 2 and found.shape[1] != 1):
        raise TextsError(
            f"X must be texts, one a row; found an array of the shape {found.shape}. Choose the "
            "column that holds the texts."
        )
    texts = found.ravel().tolist()
    strange = [place for place, text in enumerate(texts) if not isinstance(text, str)]
    if strange:
        first = texts[strange[0]]
        raise TextsError(
            f"Every text in X must be a string; {len(strange)} of {len(texts)} are not, at "
            f"{listed(strange)} (from 0): the first is {repr(first)[:40]} of type "
            f"{type(first).__name__}. Leave them out or make them strings."
        )
    return texts


def _names(classes: np.ndarray) -> list[str]:
    """Return the labels of the model, in the order of the classes."""
    return [str(label) for label in classes.tolist()]


def _classes(y: Any, texts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes and each row's place among them.

    Raises:
        TextsError: not one label a text, or fewer than two classes.
    """
    if y is None:
        raise TextsError(
            "TextClassifier requires y to be passed, but the target y is None. Give a label a text."
        )
    try:
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        classes, numbers = np.unique(labels, return_inverse=True)
    except (ValueError, TypeError) as error:
        raise TextsError(
            f"y must hold one label a text, all strings or all whole numbers: {error}"
        ) from error
    if len(labels) != texts:
        raise TextsError(
            f"X and y must be equally long; found {texts} texts and {len(labels)} labels."
        )
    if len(classes) < 2:
        found = f"one class, {classes[0]!s}," if len(classes) else "no class"
        raise TextsError(
            f"y must hold at least two classes; found {found} in {texts} texts. Add labelled texts "
            "of another class."
        )
    return classes, numbers
