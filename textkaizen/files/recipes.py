"""A recipe as YAML, every default written out, so that a file says all by itself.

Read by a safe loader that builds nothing but plain values. Two things are done otherwise than
YAML 1.1 does them: `1e-5` is a number, as everybody thinks, and a name that stands twice is an
error, since one of the two would be ignored without a word.

Rejected: TOML (Python reads it but does not write it), JSON (no comments).
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from textkaizen.errors import RecipeError, listed
from textkaizen.recipe import Recipe

HEAD = "# A textkaizen recipe: `textkaizen train DATA --recipe THIS --out MODEL`. null is off.\n"
PIPELINE = "pipeline"  # what a file begins with that is no recipe; see `files/candidates.py`
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$")


class _Loader(yaml.SafeLoader):
    """Plain values only; no name twice, no aliases (a few lines of them can grow without end)."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "found an alias", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"found '{key.value}' twice", key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


class _Dumper(yaml.SafeDumper):
    """Lists on one line, all else on lines of their own."""


_Dumper.add_representer(
    list,
    lambda dumper, values: dumper.represent_sequence("tag:yaml.org,2002:seq", values, True),
)


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as YAML, every default written out, with a head that says what it is for."""
    values = yaml.dump(recipe.to_dict(), Dumper=_Dumper, sort_keys=False, default_flow_style=False)
    return HEAD + values


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe, every default written out.

    Raises:
        RecipeError: the file cannot be written.
    """
    try:
        Path(path).write_text(recipe_text(recipe), encoding="utf-8", newline="\n")
    except OSError as error:
        raise RecipeError(
            f"A recipe must be saved where files can be written; {path} cannot be written: "
            f"{error.strerror or error}. Name another file."
        ) from error


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; what is left out keeps its default.

    Raises:
        RecipeError: the file cannot be read, is not YAML, or its recipe cannot be; the message
            names the line.
    """
    values, root = read_yaml(path)
    if PIPELINE in values:
        raise RecipeError(
            f"A recipe makes a network of text, shape and knobs; {path} holds a pipeline of "
            f"scikit-learn's, which can only be compared: `textkaizen study DATA --compare {path}`."
        )
    return recipe_of_values(values, root, path)


def recipe_of_values(values: dict[Any, Any], root: yaml.MappingNode, path: Path) -> Recipe:
    """Make a recipe of what `read_yaml` has read.

    Raises:
        RecipeError: the recipe cannot be; the message names the line.
    """
    try:
        return Recipe.from_dict(values)
    except (RecipeError, OverflowError, TypeError) as error:
        raise RecipeError(f"{path}{_place(values, root)}: {error}") from error


def read_yaml(path: Path) -> tuple[dict[Any, Any], yaml.MappingNode]:
    """Return the plain values of a YAML file, and the tree that knows their lines.

    Raises:
        RecipeError: the file cannot be read, or does not hold names with values; the message
            names the line.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RecipeError(
            f"A recipe is a YAML file in UTF-8; {path} cannot be read: {found}. Name another file."
        ) from error
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> tuple[dict[Any, Any], yaml.MappingNode]:
    """Return the values of a YAML file, and the tree that knows their lines."""
    loader: _Loader | None = None
    values: dict[Any, Any] = {}
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        values = loader.construct_document(root) if root is not None else {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise RecipeError(
            f"A recipe must be YAML, names with values; {path}{where}: {problem}. Mend it there."
        ) from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(root, yaml.MappingNode):
        found = "is empty" if root is None else f"begins with {text.strip()[:40]!r}"
        raise RecipeError(
            f"A recipe must hold names with values, such as 'knobs:' and below it "
            f"'  dropout: 0.5'; {path} {found}. Write it so."
        )
    return values, root


def _place(values: dict[Any, Any], root: yaml.MappingNode) -> str:
    """Name the lines of what cannot be; nothing if only together.

    Each value is tried on its own, and what cannot be alone (a list for each layer, adamw without
    decay) once more beside all that can.
    """
    good: dict[Any, Any] = {}
    wrong: list[tuple[Any, yaml.Node, Any]] = []
    for part_key, part_node in root.value:
        part = part_key.value
        value = values.get(part)
        if isinstance(value, dict) and isinstance(part_node, yaml.MappingNode) and _can(part, {}):
            for key, _ in part_node.value:
                if _can(part, {key.value: value.get(key.value)}):
                    good.setdefault(part, {})[key.value] = value.get(key.value)
                else:
                    wrong.append((part, key, value.get(key.value)))
        elif not _can(part, value):
            wrong.append((None, part_key, None))
    for part, key, value in wrong * 2:  # twice: masks need the dropout that a list may hold
        beside = {**good.get(part, {}), key.value: value}
        if part and _can_be({**good, part: beside}):
            good[part] = beside
    left = [key for part, key, _ in wrong if key.value not in good.get(part, {})]
    numbers = [node.start_mark.line + 1 for node in left]
    return f", {'line' if len(numbers) == 1 else 'lines'} {listed(numbers)}" if numbers else ""


def _can(part: str, value: Any) -> bool:
    """Whether a part of a recipe can be, all else at its default."""
    return _can_be({part: value})


def _can_be(values: dict[Any, Any]) -> bool:
    try:
        Recipe.from_dict(values)
    except (RecipeError, OverflowError, TypeError):
        return False
    return True
