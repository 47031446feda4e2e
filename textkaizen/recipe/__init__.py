"""The nouns of an experiment: how texts become numbers, the shape of a network, its knobs.

A `Recipe` holds all that decides how a model is made, and nothing about the data. `Shape` is what
a compiler must know (it stays static); `Knobs` are values and choices, most of which a compiled
program takes as inputs, so that many recipes share one program. Defaults follow Keras, and are
the fixed baseline that every study starts from.

    choices   the words a recipe may use, and what Keras calls them
    text      TextRules
    parts     Shape, Knobs
    checks    ranges and contradictions; those of text rules in text_checks
    reading   plain values -> parts

Rejected: one flat bag of settings (the line between what costs a compilation and what does not
would be invisible), and pydantic (a dependency for what forty lines do).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from textkaizen.errors import RecipeError
from textkaizen.recipe.checks import problems
from textkaizen.recipe.choices import (
    ACTIVATIONS,
    BATCH_NORMS,
    CLASS_WEIGHTS,
    DROPOUT_KINDS,
    ENCODERS,
    INITIALISERS,
    LOSSES,
    MONITORS,
    OPTIMISERS,
    PER_HIDDEN_LAYER,
    PER_LAYER,
    POOLINGS,
    SCHEDULES,
)
from textkaizen.recipe.parts import Knobs, Shape, layerwise, stretched
from textkaizen.recipe.reading import PARTS, coerced, known, mapping, plain, read_part
from textkaizen.recipe.text import LEARNT_TOKENS, TextRules

__all__ = [
    "ACTIVATIONS",
    "BATCH_NORMS",
    "CLASS_WEIGHTS",
    "DROPOUT_KINDS",
    "ENCODERS",
    "INITIALISERS",
    "LEARNT_TOKENS",
    "LOSSES",
    "MONITORS",
    "OPTIMISERS",
    "PER_HIDDEN_LAYER",
    "PER_LAYER",
    "POOLINGS",
    "SCHEDULES",
    "Knobs",
    "Recipe",
    "Shape",
    "TextRules",
    "describe_difference",
    "layerwise",
]


NOTHING: Mapping[str, Any] = MappingProxyType({})


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
        for part in PARTS:
            own = getattr(self, part)
            values = {f.name: getattr(own, f.name) for f in fields(own)}
            object.__setattr__(self, part, PARTS[part](**coerced(part, values)))
        wrong = list(problems(self.text, self.shape, self.knobs))
        if wrong:
            end = "" if wrong[-1].endswith("?") else "."
            raise RecipeError("This recipe cannot be: " + "; ".join(wrong) + end)

    def with_knobs(self, **changes: Any) -> Recipe:
        """Return this recipe with some knobs changed.

        Raises:
            RecipeError: there is no such knob (with the nearest one), or a value cannot be.
        """
        return replace(self, knobs=replace(self.knobs, **coerced("knobs", changes)))

    def with_text(self, **changes: Any) -> Recipe:
        """Return this recipe with some text rules changed.

        Raises:
            RecipeError: there is no such rule (with the nearest one), or a value cannot be.
        """
        return replace(self, text=replace(self.text, **coerced("text", changes)))

    def with_shape(self, **changes: Any) -> Recipe:
        """Return this recipe with its shape changed.

        Knobs that are lists are cut or drawn out to a new number of hidden layers; masks that are
        averaged go where no dropout is left to draw them by.

        Raises:
            RecipeError: a shape has no such name (with the nearest one), or a value cannot be.
        """
        shape = replace(self.shape, **coerced("shape", changes))
        knobs = self.knobs
        if len(shape.hidden) != len(self.shape.hidden):
            knobs = replace(knobs, **stretched(knobs, len(shape.hidden)))
            if not any(layerwise(knobs.dropout, len(shape.hidden))):
                knobs = replace(knobs, monte_carlo=0)
        return replace(self, shape=shape, knobs=knobs)

    def changed(
        self,
        text: Mapping[str, Any] = NOTHING,
        shape: Mapping[str, Any] = NOTHING,
        knobs: Mapping[str, Any] = NOTHING,
    ) -> Recipe:
        """Return this recipe with several parts changed at once, where one needs the other.

        Raises:
            RecipeError: an unknown name (with the nearest one), or a value cannot be.

        Example:
            >>> Recipe().changed({"order": "words"}, {"encoder": "cnn"}).shape.encoder
            'cnn'
        """
        own = {"text": text, "shape": shape, "knobs": knobs}
        return replace(
            self,
            **{part: replace(getattr(self, part), **coerced(part, own[part])) for part in PARTS},
        )

    def as_bag(self) -> Recipe:
        """Return this recipe for a network, or a linear model, that sums features as they come.

        Example:
            >>> Recipe().changed({"order": "words"}, {"encoder": "cnn"}).as_bag() == Recipe()
            True
        """
        if not self.shape.reads_in_order:
            return self
        off = dict.fromkeys(("embedding_dropout", "recurrent_dropout", "pooled_dropout"), 0.0)
        return self.changed(
            {"order": "none", "longest": 0},
            {"encoder": "bag", "encoder_norm": False, "word_vectors": "none"},
            off,
        )

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain lists, numbers and strings, every default written out; off is None."""
        return {
            part: {name: plain(value) for name, value in asdict(getattr(self, part)).items()}
            for part in PARTS
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
        read = {
            part: read_part(part, {} if part_values is None else part_values)
            for part, part_values in mapping("a recipe", values).items()
            if known("a recipe", part, PARTS)
        }
        return Recipe(**read)


def describe_difference(before: Recipe, after: Recipe) -> str:
    """Name what changed between two recipes.

    Example:
        >>> describe_difference(Recipe(), Recipe().with_knobs(dropout=0.5))
        'dropout: 0.0 -> 0.5'
    """
    old, new = before.to_dict(), after.to_dict()
    worded = lambda value: "off" if value is None else value
    return ", ".join(
        f"{name}: {worded(value)} -> {worded(new[part][name])}"
        for part in old
        for name, value in old[part].items()
        if value != new[part][name]
    )
