"""What it takes to have the same again: the recipe as YAML, what changed in it, the command.

The YAML is written here, line by line, because each line that differs from the baseline says so;
a YAML library would drop that remark. What is shown can be saved and given to `--recipe`.
"""

from __future__ import annotations

import json
import shlex
from typing import Any, NamedTuple

from textkaizen.data import Corpus
from textkaizen.recipe import Recipe
from textkaizen.report.ladder import is_study
from textkaizen.report.units import MACRO_F1
from textkaizen.study.improvements import CATALOGUE
from textkaizen.study.result import Result

NAMELESS = Corpus.name  # of texts that came from a program, not from a file


class Line(NamedTuple):
    """A line of YAML; `before` is the baseline's value if it is another, else ""."""

    text: str
    before: str


class Change(NamedTuple):
    """A value that was changed."""

    name: str
    before: str
    after: str


def recipe_lines(recipe: Recipe, baseline: Recipe) -> list[Line]:
    """Write a recipe as YAML, with what differs from the baseline.

    Example:
        >>> lines = recipe_lines(Recipe().with_knobs(dropout=0.5), Recipe())
        >>> [line for line in lines if line.before]
        [Line(text='  dropout: 0.5', before='0.0')]
    """
    lines, old = [], baseline.to_dict()
    for part, values in recipe.to_dict().items():
        lines.append(Line(f"{part}:", ""))
        for name, value in values.items():
            before = old[part][name]
            remark = _scalar(before) if before != value else ""
            lines.append(Line(f"  {name}: {_scalar(value)}", remark))
    return lines


def changes(before: Recipe, after: Recipe) -> list[Change]:
    """List what differs between two recipes.

    Example:
        >>> changes(Recipe(), Recipe().with_shape(hidden=(64, 64)))
        [Change(name='hidden', before='[64]', after='[64, 64]')]
    """
    old, new = before.to_dict(), after.to_dict()
    return [
        Change(name, _scalar(value), _scalar(new[part][name]))
        for part in old
        for name, value in old[part].items()
        if value != new[part][name]
    ]


def command(result: Result) -> str:
    """Return the line to type (or, for texts from a program, to run) for the same result.

    Recipes that were read from files are named as they were given; where a result does not say
    how, a recipe that is not the baseline is called `recipe.yaml`.
    """
    path = str(result.data.get("path", NAMELESS))
    verb = "study" if is_study(result) else "improve"
    number = max((verdict.round for verdict in result.verdicts), default=1)
    if path == NAMELESS:
        arguments = ["texts", "labels", *_arguments(result), f"rounds={number}"]
        return f"textkaizen.{verb}({', '.join(arguments)}, seed={result.seed})"
    words = ["textkaizen", verb, path]
    if result.data.get("test_path"):
        words += ["--test", str(result.data["test_path"])]
    for what, column in (result.data.get("columns") or {}).items():
        words += [f"--{what}-column", column]
    words += _asked(result)
    if result.data.get("language"):
        words += ["--language", str(result.data["language"])]
    if _metric(result) != MACRO_F1:
        words += ["--metric", _metric(result)]
    words += ["--rounds", str(number), "--seed", str(result.seed)]
    return shlex.join(words)


def _metric(result: Result) -> str:
    return str(result.design.get("metric", MACRO_F1))


def _asked(result: Result) -> list[str]:
    """Options that say what was compared, as far as it is not the whole catalogue."""
    files = _compared(result)
    if files:
        return [word for path in files for word in ("--compare", path)]
    words = [word for name in _only(result) for word in ("--only", name)]
    if result.baseline != Recipe():
        words += ["--recipe", str(result.data.get("recipe_path", "recipe.yaml"))]
    return words


def _arguments(result: Result) -> list[str]:
    """The same as arguments of a program."""
    given = []
    if _compared(result):
        given.append("compare=candidates")
    elif is_study(result):
        only = _only(result)
        given += [f"only={only}"] if only else []
        given += ["recipe=recipe"] if result.baseline != Recipe() else []
    if result.data.get("language"):
        given.append(f"language={result.data['language']!r}")
    metric = _metric(result)
    return given + ([f"metric={metric!r}"] if metric != MACRO_F1 else [])


def _compared(result: Result) -> list[str]:
    """Candidates of a comparison: the files they were read from, or else their names."""
    named = (result.design.get("compared") or {}).get("candidates") or {}
    return [str(path) for path in result.data.get("compared") or named]


def _only(result: Result) -> list[str]:
    """Names to be given to a study that did not take the whole catalogue."""
    if not is_study(result):
        return []
    asked = {verdict.name for verdict in result.verdicts}
    usual = {i.name for i in CATALOGUE if i.change(result.baseline) != result.baseline}
    usual -= {*result.design.get("left_out", ()), *result.design.get("other_languages", ())}
    for names in result.design.get("not_installed", {}).values():
        usual -= set(names)
    return [] if asked == usual else sorted(asked)


def _scalar(value: Any) -> str:
    """Write a value of a recipe as YAML; 1e-05 needs its point, or YAML reads a word."""
    if isinstance(value, float):
        mantissa, e, exponent = repr(value).partition("e")
        return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else repr(value)
    return value if isinstance(value, str) else json.dumps(value)
