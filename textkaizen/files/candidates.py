"""What a person wants compared: a classifier by its name, or a file with a recipe or a pipeline.

    pipeline:
      - TfidfVectorizer: {ngram_range: [1, 2], sublinear_tf: true}
      - LinearSVC: {C: 0.5}

A candidate is called after its file. A classifier's name is never taken for a file's. What a
pipeline's steps may be is said in `classical/steps.py`; nothing that a file names is run or
imported but scikit-learn's own.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from textkaizen.classical.kinds import CLASSIFIERS
from textkaizen.classical.pipelines import pipeline_of
from textkaizen.classical.steps import step_of
from textkaizen.errors import RecipeError, listed
from textkaizen.files.recipes import PIPELINE, read_yaml, recipe_of_values
from textkaizen.recipe import Recipe
from textkaizen.study.classifiers import ALL, ClassifierCandidate, classifiers_named
from textkaizen.study.compared import PipelineCandidate

Found = Recipe | PipelineCandidate | ClassifierCandidate


def load_candidates(paths: Sequence[Path]) -> dict[str, Found]:
    """Read what is to be compared, in the order it was given.

    Args:
        paths: of files, and names of classifiers; "all_classical" stands for all of these.

    Returns:
        Candidates by the names of classifiers, or of their files without the ending; by whole
        paths where two files have one name.

    Raises:
        RecipeError: a file cannot be read, is given twice, or holds neither a recipe nor a
            pipeline.
        MissingExtraError: a classifier's package is not installed.
    """
    paths = [Path(each) for path in paths for each in classifiers_named(str(path)) or (path,)]
    twice = [path for path, times in Counter(paths).items() if times > 1]
    if twice:
        raise RecipeError(
            f"Each candidate must be given once; found {listed(twice)} more than once. Drop one."
        )
    stems = Counter(path.stem for path in paths)
    names = [path.stem if stems[path.stem] == 1 else str(path) for path in paths]
    return {name: load_candidate(path, name) for path, name in zip(paths, names, strict=True)}


def load_candidate(path: Path, name: str) -> Found:
    """Read a recipe, or a pipeline that is called `name`; or take a classifier by its name.

    Raises:
        RecipeError: the file cannot be read, or what it holds cannot be; the message names the
            line.
    """
    if classifiers_named(str(path)):
        return ClassifierCandidate(str(path))
    _require_not_misspelt(path)
    values, root = read_yaml(path)
    if PIPELINE not in values:
        return recipe_of_values(values, root, path)
    others = [str(key) for key in values if key != PIPELINE]
    if others:
        raise RecipeError(
            f"A file must hold a pipeline or a recipe, not both; {path} has {listed(others)} "
            "beside its pipeline. Put them in files of their own."
        )
    steps, nodes = values[PIPELINE], root.value[0][1]
    if not isinstance(steps, list):
        raise RecipeError(
            f"A pipeline must be a list of steps, such as '- TfidfVectorizer' and below it "
            f"'- LinearSVC'; {path}, line {_line(nodes)}: found {str(steps)[:40]!r}. Write it so."
        )
    made = [_step(step, node, path) for step, node in zip(steps, nodes.value, strict=True)]
    try:
        return PipelineCandidate(name, pipeline_of(made))
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def _step(values: Any, node: yaml.Node, path: Path) -> Any:
    try:
        return step_of(values)
    except RecipeError as error:
        raise RecipeError(f"{path}, line {_line(node)}: {error}") from error


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _require_not_misspelt(path: Path) -> None:
    """Refuse a bare name that is no file, with the classifier's name that is near to it."""
    near = difflib.get_close_matches(str(path), (*CLASSIFIERS, ALL), n=1)
    if near and not path.exists():
        raise RecipeError(
            f"A candidate must be a file or a classifier's name; found {path}. Did you mean "
            f"{near[0]}?"
        )
