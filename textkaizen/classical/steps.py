"""Plain values -> one of scikit-learn's estimators, as a file asks for it.

    {TfidfVectorizer: {ngram_range: [1, 2]}}    a name with its parameters
    LinearSVC                                   a name alone
    {CalibratedClassifierCV: {estimator: {LinearSVC: {C: 0.5}}}}    one inside another

Only scikit-learn's own estimators are known, by their names; parameters are numbers, words, lists
and mappings. A file can name neither a module nor a function, so reading one runs nothing of its
own. What a value must be is left to scikit-learn, which checks it when the estimator is made.

Rejected: pickles, dotted paths and `!!python` tags (they run what they name).
"""

from __future__ import annotations

import difflib
import inspect
import warnings
from functools import lru_cache
from typing import Any

from textkaizen.errors import RecipeError

# Parameters that reach out of the pipeline, and why they may not.
REFUSED = {
    "memory": "it would keep files on disk",
    "n_jobs": "lanes keep every core busy already",
    "verbose": "it would print among the results",
}
COMPOSED = ("steps", "transformer_list", "estimators")  # lists of estimators with names
EXAMPLE = "{LinearSVC: {C: 0.5}}"


@lru_cache
def known_estimators() -> dict[str, type]:
    """Return scikit-learn's estimators by name; importing them all takes some seconds."""
    from sklearn.utils import all_estimators

    return dict(all_estimators())


def step_of(values: Any) -> Any:
    """Make an estimator of plain values.

    Args:
        values: a name, or a mapping of one name to a mapping of parameters (or to nothing).

    Raises:
        RecipeError: something else, a name that scikit-learn does not have (with the nearest one),
            or a value that scikit-learn does not take.

    Example:
        >>> step_of({"TfidfVectorizer": {"ngram_range": [1, 2]}}).ngram_range
        (1, 2)
        >>> step_of({"LinearSVM": {"C": 0.5}})
        Traceback (most recent call last):
        textkaizen.errors.RecipeError: scikit-learn has no 'LinearSVM'; did you mean 'LinearSVC'?
    """
    name, parameters = _parted(values)
    known = known_estimators()
    if name not in known:
        useful = [each for each, kind in known.items() if _is_useful(kind)]
        raise RecipeError(f"scikit-learn has no {name!r}{_near(name, useful)}")
    kind = known[name]
    given = {each: _parameter(kind, each, value) for each, value in parameters.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # told when it learns
            made = kind(**given)
            if hasattr(made, "_parameter_constraints"):
                made._validate_params()  # what `fit` would ask first
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{name} cannot be made so: {str(error).rstrip('.')}.") from error
    return made


def _is_useful(kind: type) -> bool:
    """Whether a pipeline may have use for a kind: it classifies, or makes features."""
    from sklearn.base import ClassifierMixin

    return issubclass(kind, ClassifierMixin) or hasattr(kind, "transform")


def _parted(values: Any) -> tuple[str, dict[str, Any]]:
    """Return a name and its parameters."""
    if isinstance(values, str):
        return values, {}
    if isinstance(values, dict) and len(values) == 1:
        ((name, parameters),) = values.items()
        parameters = {} if parameters is None else parameters
        named = isinstance(parameters, dict) and all(isinstance(key, str) for key in parameters)
        if isinstance(name, str) and named:
            return name, parameters
    raise RecipeError(
        "A step must be one name of scikit-learn's with its parameters, such as "
        f"{EXAMPLE}; found {str(values)[:60]}. Write it so."
    )


def _parameter(kind: type, name: str, value: Any) -> Any:
    """Check the name of a parameter and bring its value to what scikit-learn takes."""
    known = list(inspect.signature(kind).parameters)
    if name not in known:
        raise RecipeError(f"{kind.__name__} has no parameter {name!r}{_near(name, known)}")
    if name in REFUSED and value is not None:
        raise RecipeError(f"{kind.__name__} must be without {name!r}: {REFUSED[name]}. Drop it.")
    if name == "input" and value != "content":
        raise RecipeError(
            f"{kind.__name__} must read the texts themselves, input: content; found {value!r}, "
            "which reads files. Drop it."
        )
    if isinstance(value, list) and name in COMPOSED:
        return _composed(value)
    if isinstance(value, str) and name.endswith("estimator") and value in known_estimators():
        return step_of(value)
    made = _plain(f"{kind.__name__}.{name}", value)
    wanted = getattr(kind, "_parameter_constraints", {}).get(name, ())
    tuples = isinstance(wanted, list) and tuple in wanted and list not in wanted
    return tuple(made) if tuples and isinstance(made, list) else made


def _plain(where: str, value: Any) -> Any:
    """Return a value as it is, with estimators made of what names one."""
    if _is_estimator(value):
        return step_of(value)
    if isinstance(value, dict):
        return {key: _plain(where, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(where, each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise RecipeError(
        f"{where} must be a number, a word, a list or a mapping of them; found {value!r}, which "
        f"is of the kind {type(value).__name__}. Put quotation marks around a word."
    )


def _is_estimator(value: Any) -> bool:
    """Whether a mapping names an estimator: one name, with a mapping of parameters or nothing."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((name, parameters),) = value.items()
    return name in known_estimators() and (parameters is None or isinstance(parameters, dict))


def _composed(values: list) -> list[tuple[str, Any]]:
    """Return estimators with the names that they were given, or that they are given here."""
    given = [each if isinstance(each, list) and len(each) == 2 else [None, each] for each in values]
    made = [(name, step_of(each)) for name, each in given]
    kinds = [type(each).__name__.lower() for _, each in made]
    named = []
    for place, (name, each) in enumerate(made):
        own = kinds[place]
        if kinds.count(own) > 1:
            own = f"{own}-{kinds[: place + 1].count(own)}"
        named.append((own if name is None else str(name), each))
    return named


def _near(name: str, known: list[str]) -> str:
    """Return "; did you mean 'X'?" for the nearest name, or what is known if none is near."""
    by_small = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), list(by_small), n=1, cutoff=0.5)
    if found:
        return f"; did you mean {by_small[found[0]]!r}?"
    if len(known) > 40:
        return ". Its documentation lists what it has."
    return f"; known are {', '.join(known)}." if known else "; it has none."
