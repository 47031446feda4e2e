"""Plain values -> a part of a recipe: names are known, kinds are right, or a sentence says not."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from textkaizen.errors import RecipeError
from textkaizen.recipe.choices import FROM_KERAS, PER_HIDDEN_LAYER, PER_LAYER
from textkaizen.recipe.near import near
from textkaizen.recipe.parts import Knobs, Shape
from textkaizen.recipe.text import WORD_LISTS, TextRules

EXACT = 2**53  # below it a float holds every whole number
PARTS: dict[str, type] = {"text": TextRules, "shape": Shape, "knobs": Knobs}
NORM_HINT = (
    "; BatchNormalization(0.5), which textbooks print, gives an axis and not a rate, and Keras 3 "
    "fails at it or trains along the wrong axis. Say before or after, without a number"
)


def plain(value: Any) -> Any:
    """Bring a value to what YAML and JSON can hold: lists for tuples, None for infinity."""
    if isinstance(value, tuple):
        return list(value)
    return None if value == math.inf else value


def mapping(where: str, values: Any) -> dict:
    """Return names with values, or refuse what is none."""
    if not isinstance(values, dict):
        raise RecipeError(f"{where} must be names with values; found {values!r}.")
    return values


def known(where: str, name: Any, names) -> bool:
    """Return True for a known name; refuse another with the nearest one.

    Raises:
        RecipeError: the name is unknown.
    """
    if name in names:
        return True
    raise RecipeError(f"'{where}' has no '{name}'{_hint(where, str(name), names)}")


def read_part(part: str, values: Any) -> Any:
    """Read one part; what is left out keeps its default.

    Raises:
        RecipeError: an unknown name or a value of the wrong kind.
    """
    kind = PARTS[part]
    return kind(**coerced(part, mapping(f"'{part}'", values)))


def coerced(part: str, values: Any) -> dict[str, Any]:
    """Return changes of a part, each of its kind; NumPy's numbers become Python's.

    Args:
        part: a name in PARTS.
        values: name -> value, as a caller in Python gives them.

    Raises:
        RecipeError: an unknown name or a value of the wrong kind.
    """
    defaults = {f.name: getattr(PARTS[part](), f.name) for f in fields(PARTS[part])}
    return {
        name: _as_kind(f"{part}.{name}", _python(value), defaults[name])
        for name, value in values.items()
        if known(part, name, defaults)
    }


def _python(value: Any) -> Any:
    """Turn what NumPy made into Python's own, inside of lists, too."""
    if isinstance(value, (list, tuple)):
        return type(value)(_python(each) for each in value)
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def _hint(where: str, name: str, names) -> str:
    if name.lower() in FROM_KERAS and where in PARTS:
        return f"; what Keras calls so is {FROM_KERAS[name.lower()]} here"
    for part, kind in PARTS.items():
        if name in {f.name for f in fields(kind)}:
            return f"; it belongs to '{part}'"
    return near(name, names) or f"; known are {', '.join(names)}."


def _as_kind(where: str, value: Any, default: Any) -> Any:
    """Bring a value read from a file to the kind of the default, or refuse it."""
    name = where.partition(".")[2]
    if isinstance(value, (list, tuple)) and name in (*PER_HIDDEN_LAYER, *PER_LAYER):
        return _layers(where, value, default)
    if value is None and default == math.inf:
        return math.inf
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name in WORD_LISTS:
        if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            return tuple(value)
        raise RecipeError(f"'{where}' must be a list of words; found {value!r}.")
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(type(v) is int for v in value):
            return tuple(value)
        raise RecipeError(f"'{where}' must be a list of whole numbers; found {value!r}.")
    if isinstance(default, (bool, str)):
        if isinstance(value, type(default)):
            return value
        hint = NORM_HINT if name == "batch_norm" and number else ""
        raise RecipeError(f"'{where}' must be like {default!r}; found {value!r}{hint}.")
    if not number:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise RecipeError(f"'{where}' must be {kind}; found {value!r}.")
    return _number(where, value, whole=isinstance(default, int))


def _number(where: str, value: int | float, whole: bool) -> int | float:
    """Bring a number to an int or a float, or refuse it."""
    if whole and value == value // 1 and abs(value) < EXACT:
        return int(value)
    if whole:
        raise RecipeError(f"'{where}' must be a whole number; found {value!r}.")
    try:
        return float(value)
    except OverflowError as error:
        raise RecipeError(f"'{where}' must be a number that a float holds.") from error


def _layers(where: str, values: list | tuple, default: Any) -> tuple:
    """Bring a list with one value for each layer to the kind of the default."""
    if any(isinstance(each, (list, tuple)) for each in values):
        raise RecipeError(f"'{where}' must be one value a layer; found {values!r}.")
    return tuple(_as_kind(where, each, default) for each in values)
