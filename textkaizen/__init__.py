"""textkaizen: what improved the neural text classifier on your texts, and by how much?

    result = textkaizen.improve(texts, labels, minutes=5)
    print(textkaizen.describe(result))               # the verdicts and the answer
    result.models[result.use].predict(["Where can I renew my card?"])
    textkaizen.save(result, "out")                   # report, models, recipe and verdicts
    textkaizen.load_model("out/model")

A name is imported when it is first used, so that `import textkaizen` costs nothing.

`study` and `train` are verbs here and folders too. Python puts a folder's module where its name
stood as soon as a file in it is imported, so these two modules are made callable, and both
`textkaizen.study(texts, labels)` and `textkaizen.study.kaizen` are what they look like.

Rejected: other verbs than the command line's; a property that hides the folders.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect import Signature

    from textkaizen.api import describe, fallback, improve, rates, save, study, train
    from textkaizen.errors import TextkaizenError
    from textkaizen.estimator import TextClassifier
    from textkaizen.files.models import load_model, save_model
    from textkaizen.model import Model
    from textkaizen.recipe import Recipe
    from textkaizen.study.result import Result

    __version__: str

__all__ = [
    "Model",
    "Recipe",
    "Result",
    "TextClassifier",
    "TextkaizenError",
    "__version__",
    "describe",
    "fallback",
    "improve",
    "load_model",
    "rates",
    "save",
    "save_model",
    "study",
    "train",
]

_HOMES = {
    "Model": "textkaizen.model",
    "Recipe": "textkaizen.recipe",
    "Result": "textkaizen.study.result",
    "TextClassifier": "textkaizen.estimator",
    "TextkaizenError": "textkaizen.errors",
    "describe": "textkaizen.api",
    "fallback": "textkaizen.api",
    "improve": "textkaizen.api",
    "rates": "textkaizen.api",
    "load_model": "textkaizen.files.models",
    "save": "textkaizen.api",
    "save_model": "textkaizen.files.models",
}


class _Verb(ModuleType):
    """A folder that can be called: the function of its name in `textkaizen.api`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    @property
    def _function(self) -> Any:
        return getattr(import_module("textkaizen.api"), self.__name__.rpartition(".")[2])

    @property
    def __signature__(self) -> Signature:
        from inspect import signature

        return signature(self._function)


for _folder in ("study", "train"):
    import_module(f"textkaizen.{_folder}").__class__ = _Verb


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module 'textkaizen' has no attribute '{name}'")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("textkaizen")
    except PackageNotFoundError:
        return "not installed"


def __dir__() -> list[str]:
    return sorted(__all__)
