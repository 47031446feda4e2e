"""The nouns of an experiment: how texts become numbers, the shape of a network, its knobs.

A `Recipe` holds all that decides how a model is made, and nothing about the data. `Shape` is what
a compiler must know (it stays static); `Knobs` are values and choices, most of which a compiled
program takes as inputs, so that many recipes share one program. Defaults follow Keras, and are
the fixed baseline that every study starts from.

Rejected: one flat bag of settings (the line between what costs a compilation and what does not
would be invisible), and pydantic (a dependency for what forty lines do).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from textkaizen.errors import RecipeError

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "tanh", "linear")
BATCH_NORMS = ("none", "before", "after")
INITIALISERS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal")
OPTIMISERS = ("adam", "sgd", "rmsprop")
MONITORS = ("val_loss", "val_accuracy")


@dataclass(frozen=True)
class TextRules:
    """How characters become features: TF-IDF of words and of characters within words.

    Args:
        words: smallest and largest number of words in a feature; (0, 0) is off.
        characters: the same for characters within words (a word is padded by one blank on
            either side); (0, 0) is off.
        min_texts: in how many training texts a feature must stand to be kept, >= 1.
        sublinear: count a feature that stands n times in a text as 1 + ln n.
    """

    words: tuple[int, int] = (1, 2)
    characters: tuple[int, int] = (1, 3)
    min_texts: int = 2
    sublinear: bool = True


@dataclass(frozen=True)
class Shape:
    """What a compiled program is built for.

    Args:
        hidden: units of each hidden layer, first to last; empty is a linear model.
        batch_size: texts a step, >= 1.
    """

    hidden: tuple[int, ...] = (64,)
    batch_size: int = 32


@dataclass(frozen=True)
class Knobs:
    """Values and choices. "Off" is a value: 0 for dropout, l1 and l2, infinity for patience.

    Args:
        activation: of every hidden layer, one of ACTIVATIONS.
        slope: of leaky ReLU below zero (Keras: 0.3).
        batch_norm: "none", "before" the activation or "after" it.
        dropout: share of each hidden layer's units dropped in training, 0 <= dropout < 1.
        initialiser: of every weight matrix, one of INITIALISERS; biases start at zero.
        optimiser: one of OPTIMISERS.
        learning_rate: > 0.
        momentum: of "sgd", 0 <= momentum < 1; 0 is plain stochastic gradient descent.
        l1: adds l1 * sum(|w|) of every weight matrix to the loss.
        l2: adds l2 * sum(w ** 2) of every weight matrix to the loss.
        epochs: the most epochs trained, >= 1.
        validation: share of the training texts held back, drawn stratified, 0 <= share < 1.
        monitor: what early stopping watches, one of MONITORS.
        min_delta: the least change that counts as better, >= 0.
        patience: epochs without a better value before training stops; infinity is off. When on,
            the weights of the best epoch are restored.
    """

    activation: str = "relu"
    slope: float = 0.3
    batch_norm: str = "none"
    dropout: float = 0.0
    initialiser: str = "glorot_uniform"
    optimiser: str = "adam"
    learning_rate: float = 0.001
    momentum: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    epochs: int = 60
    validation: float = 0.1
    monitor: str = "val_loss"
    min_delta: float = 0.0
    patience: float = math.inf


@dataclass(frozen=True)
class Recipe:
    """All that decides how a model is made from labelled texts; the default is the baseline.

    Example:
        >>> Recipe().with_knobs(dropout=0.5).knobs.dropout
        0.5
    """

    text: TextRules = field(default_factory=TextRules)
    shape: Shape = field(default_factory=Shape)
    knobs: Knobs = field(default_factory=Knobs)

    def __post_init__(self) -> None:
        wrong = list(_problems(self))
        if wrong:
            raise RecipeError("This recipe cannot be: " + "; ".join(wrong) + ".")

    def with_knobs(self, **changes: Any) -> Recipe:
        """Return this recipe with some knobs changed."""
        return replace(self, knobs=replace(self.knobs, **changes))

    def with_shape(self, **changes: Any) -> Recipe:
        """Return this recipe with its shape changed."""
        return replace(self, shape=replace(self.shape, **changes))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain lists, numbers and strings, every default written out; off is None."""
        return {
            part: {name: _plain(value) for name, value in asdict(getattr(self, part)).items()}
            for part in ("text", "shape", "knobs")
        }

    @staticmethod
    def from_dict(values: Any) -> Recipe:
        """Read what `to_dict` wrote; what is left out keeps its default.

        Raises:
            RecipeError: an unknown name (with the nearest known one), a value of the wrong kind
                or out of its range.

        Example:
            >>> Recipe.from_dict({"knobs": {"dropuot": 0.5}})
            Traceback (most recent call last):
            textkaizen.errors.RecipeError: 'knobs' has no 'dropuot'; did you mean 'dropout'?
        """
        parts = {"text": TextRules, "shape": Shape, "knobs": Knobs}
        read = {
            part: _read(part, parts[part], part_values or {})
            for part, part_values in _mapping("a recipe", values).items()
            if _known("a recipe", part, parts)
        }
        return Recipe(**read)


def describe_difference(before: Recipe, after: Recipe) -> str:
    """Name what changed between two recipes.

    Example:
        >>> describe_difference(Recipe(), Recipe().with_knobs(dropout=0.5))
        'dropout: 0.0 -> 0.5'
    """
    old, new = before.to_dict(), after.to_dict()
    return ", ".join(
        f"{name}: {value} -> {new[part][name]}"
        for part in old
        for name, value in old[part].items()
        if value != new[part][name]
    )


def _plain(value: Any) -> Any:
    """Bring a value to what YAML and JSON can hold: lists for tuples, None for infinity."""
    if isinstance(value, tuple):
        return list(value)
    return None if value == math.inf else value


def _mapping(where: str, values: Any) -> dict:
    if not isinstance(values, dict):
        raise RecipeError(f"{where} must be names with values; found {values!r}.")
    return values


def _known(where: str, name: str, names) -> bool:
    if name in names:
        return True
    near = difflib.get_close_matches(str(name), list(names), n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}."
    raise RecipeError(f"'{where}' has no '{name}'; {hint}")


def _read(part: str, kind: type, values: Any):
    defaults = {f.name: getattr(kind(), f.name) for f in fields(kind)}
    read = {}
    for name, value in _mapping(f"'{part}'", values).items():
        _known(part, name, defaults)
        read[name] = _as_kind(f"{part}.{name}", value, defaults[name])
    return kind(**read)


def _as_kind(where: str, value: Any, default: Any) -> Any:
    """Bring a value read from a file to the kind of the default, or refuse it."""
    if value is None and default == math.inf:
        return math.inf
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(type(v) is int for v in value):
            return tuple(value)
        raise RecipeError(f"'{where}' must be a list of whole numbers; found {value!r}.")
    if isinstance(default, (bool, str)):
        if isinstance(value, type(default)):
            return value
        raise RecipeError(f"'{where}' must be like {default!r}; found {value!r}.")
    if isinstance(default, int):
        if number and float(value).is_integer():
            return int(value)
        raise RecipeError(f"'{where}' must be a whole number; found {value!r}.")
    if number:
        return float(value)
    raise RecipeError(f"'{where}' must be a number; found {value!r}.")


def _problems(recipe: Recipe) -> Iterator[str]:
    """Yield a clause for each value that is out of its range."""
    yield from _text_problems(recipe.text)
    if any(units < 1 for units in recipe.shape.hidden):
        yield f"shape.hidden must hold positive numbers; found {recipe.shape.hidden}"
    if recipe.shape.batch_size < 1:
        yield f"shape.batch_size must be at least 1; found {recipe.shape.batch_size}"
    yield from _choice_problems(recipe.knobs)
    yield from _number_problems(recipe.knobs)


def _text_problems(text: TextRules) -> Iterator[str]:
    for name in ("words", "characters"):
        span = getattr(text, name)
        if len(span) != 2 or not (span == (0, 0) or 1 <= span[0] <= span[1] <= 10):
            yield f"text.{name} must be two numbers from 1 to 10, or 0 and 0; found {span}"
    if text.words == (0, 0) == text.characters:
        yield "text.words and text.characters cannot both be off"
    if text.min_texts < 1:
        yield f"text.min_texts must be at least 1; found {text.min_texts}"


def _choice_problems(knobs: Knobs) -> Iterator[str]:
    choices = {
        "activation": ACTIVATIONS,
        "batch_norm": BATCH_NORMS,
        "initialiser": INITIALISERS,
        "optimiser": OPTIMISERS,
        "monitor": MONITORS,
    }
    for name, known in choices.items():
        value = getattr(knobs, name)
        if value not in known:
            near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            yield f"knobs.{name} must be one of {', '.join(known)}; found {value!r}{hint}"


def _number_problems(knobs: Knobs) -> Iterator[str]:
    for name in ("dropout", "momentum", "validation"):
        if not 0 <= getattr(knobs, name) < 1:
            yield f"knobs.{name} must be at least 0 and less than 1; found {getattr(knobs, name)}"
    for name in ("l1", "l2", "min_delta", "slope"):
        if not 0 <= getattr(knobs, name) < math.inf:
            yield f"knobs.{name} must be 0 or more; found {getattr(knobs, name)}"
    if not 0 < knobs.learning_rate < math.inf:
        yield f"knobs.learning_rate must be more than 0; found {knobs.learning_rate}"
    if not knobs.patience >= 0:
        yield f"knobs.patience must be 0 or more (null is off); found {knobs.patience}"
    if knobs.epochs < 1:
        yield f"knobs.epochs must be at least 1; found {knobs.epochs}"
    if knobs.patience < math.inf and knobs.validation == 0:
        yield "knobs.patience needs a validation share: knobs.validation is 0"
