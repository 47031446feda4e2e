"""A model on disk: a folder of JSON and safetensors, every byte covered by a SHA-256.

    model.json           format, kind, labels, recipe, facts, the hashes of the next two
    vocabulary.json      the features' names; none if they are hashed
    weights.safetensors  the numbers, float32
    model.sha256         the hash of model.json, as `sha256sum -c` reads it

A model is data: nothing is executed on loading. Only these four names are ever read, whatever a
file says. A save is written beside the folder and swapped in by renaming. Anything that is not as
it was saved is a `ModelError`; folders of every released format load for ever.

Rejected: pickle and joblib (run what they read), one archive (cannot be looked at).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from glob import escape
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from textkaizen.errors import ModelError, RecipeError, listed
from textkaizen.model import KINDS, Model
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.text.buckets import kinds_of
from textkaizen.text.vectorise import Vocabulary

# 2: ensembles, and knobs that 1 does not know; 3: hashed features, and only models that have them
FORMAT, FORMAT_VERSION = "textkaizen-model", 3
HASHED = "hashed"  # a text rule; in a recipe of format 3 only, so that older ones read format 2
MODEL, VOCABULARY, WEIGHTS, HASH = (
    "model.json",
    "vocabulary.json",
    "weights.safetensors",
    "model.sha256",
)
NAMES = (MODEL, VOCABULARY, WEIGHTS, HASH)
FORMER = "former"  # where a replaced model waits for its end, beside the new one


def save_model(model: Model, folder: str | Path) -> None:
    """Write a model folder; a former model there is replaced in one go.

    Args:
        model: any kind; its weights must be finite.
        folder: new, empty, or a model saved before; its parents are made.

    Raises:
        ModelError: the folder holds something else or cannot be written, or the weights are not
            finite (training has diverged). What was there is left whole.
    """
    folder = Path(folder)
    contents = _contents(model, folder)
    target = folder.resolve()
    require_replaceable(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as beside:
            new = Path(beside) / "model"
            new.mkdir()
            for name, content in contents.items():
                (new / name).write_bytes(content)
            _swap_in(new, target)
    except OSError as error:
        raise ModelError(
            f"A model must be saved where files can be written; {folder} cannot be written: "
            f"{error.strerror or error}. What was there is unchanged. Name another folder."
        ) from error


def check_model_folder(folder: Path) -> None:
    """Refuse, before any training, a folder that a model could not be saved in.

    Raises:
        ModelError: the folder holds something else, is a file, or cannot be written.
    """
    require_replaceable(folder)
    target = folder.resolve()
    nearest = next(path for path in target.parents if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ModelError(
            f"A model must be saved where files can be written; {folder} cannot be written: "
            f"{nearest} is closed to this user. Name another folder."
        )


def load_model(folder: str | Path) -> Model:
    """Read a model folder.

    Raises:
        ModelError: it is missing, not a folder, not a model, written by a newer textkaizen, or
            damaged: a byte changed, a file cut short, parts that do not belong together.
    """
    folder = Path(folder)
    content = _read(folder, MODEL)
    values = _parsed(folder, MODEL, content)
    _require_format(folder, values)
    if _read(folder, HASH) != _hash_line(content):
        _refuse(folder, f"{MODEL} is not what {HASH} says")
    files = values.get("files")
    files = files if isinstance(files, dict) else {}
    parts = {}
    for name in (VOCABULARY, WEIGHTS):
        parts[name] = _read(folder, name)
        if files.get(name) != hashlib.sha256(parts[name]).hexdigest():
            _refuse(folder, f"{name} is not what {MODEL} says")
    recipe, labels = _recipe(folder, values), _labels(folder, values)
    terms, split = _terms(folder, _parsed(folder, VOCABULARY, parts[VOCABULARY]), recipe)
    arrays = _arrays(folder, parts[WEIGHTS])
    if recipe.knobs.ensemble > len(arrays):  # before their names are made: there may be millions
        _refuse(folder, f"{WEIGHTS} has not the arrays of the recipe's layers")
    features = recipe.text.hashed or len(terms)
    _require_shapes(folder, arrays, _shapes(recipe, features, len(labels)))
    vocabulary = Vocabulary(recipe.text, terms, split, arrays["idf"])
    if tuple(map(len, vocabulary.numbers)) != (split, features - split):
        _refuse(folder, f"{VOCABULARY} has a term twice")
    networks = [_network(recipe, arrays, member) for member in range(recipe.knobs.ensemble)]
    facts, others = values["facts"], tuple(networks[1:])
    return Model(values["kind"], recipe, labels, vocabulary, networks[0], facts, others)


def _contents(model: Model, folder: Path) -> dict[str, bytes]:
    """Return the files of a model by name."""
    from safetensors.numpy import save

    arrays = {"idf": model.vocabulary.idf}
    for member, network in enumerate(model.networks):
        for kind in ("kernels", "biases", "norms"):
            for number, array in enumerate(getattr(network, kind)):
                arrays[f"{_prefix(member)}{kind}.{number}"] = array
    endless = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if endless:
        raise ModelError(
            f"A model's weights must be finite numbers; those of {listed(endless)} are not, so "
            f"training has diverged and nothing was saved in {folder}. Lower the learning rate."
        )
    vocabulary = {"split": model.vocabulary.split, "terms": list(model.vocabulary.terms)}
    contents = {
        VOCABULARY: _json(vocabulary),
        WEIGHTS: save({k: np.ascontiguousarray(v, np.float32) for k, v in arrays.items()}),
    }
    values = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION if model.recipe.text.hashed else FORMAT_VERSION - 1,
        "kind": model.kind,
        "labels": list(model.labels),
        "recipe": _written(model.recipe),
        "facts": model.facts,
        "files": {name: hashlib.sha256(part).hexdigest() for name, part in contents.items()},
    }
    contents[MODEL] = _json(values)
    contents[HASH] = _hash_line(contents[MODEL])
    return contents


def _written(recipe: Recipe) -> dict[str, Any]:
    values = recipe.to_dict()
    if not recipe.text.hashed:
        del values["text"][HASHED]
    return values


def _json(values: Any) -> bytes:
    # "surrogatepass": a text read from JSON may hold half a surrogate pair, and so may a feature.
    content = json.dumps(values, ensure_ascii=False, indent=0, allow_nan=False) + "\n"
    return content.encode("utf-8", "surrogatepass")


def _hash_line(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}  {MODEL}\n".encode()


def require_replaceable(folder: Path) -> None:
    """Refuse to write over anything but a model or an empty folder.

    Raises:
        ModelError: the folder holds something else, or cannot be looked into.
    """
    target = Path(folder).resolve()
    try:
        there = sorted(path.name for path in target.iterdir())
        strange = [name for name in there if name not in NAMES]
        if there and not strange and FORMAT.encode() not in (target / MODEL).read_bytes():
            strange = [MODEL]
    except FileNotFoundError:
        if not target.exists():
            return
        strange = there
    except OSError as error:
        raise ModelError(
            f"A model must be saved in a folder that is new, empty or a model; {folder} cannot "
            f"be looked into: {error.strerror or error}. Name another folder."
        ) from error
    if strange:
        raise ModelError(
            f"A model must be saved in a folder that is new, empty or a model; {folder} holds "
            f"{listed(strange)}. Name another folder, or empty this one."
        )


def _swap_in(new: Path, target: Path) -> None:
    """Put a folder in the place of another; on any failure the old one is back in its place."""
    old = new.with_name(FORMER)
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise


def _refuse(folder: Path, found: str, cause: Exception | None = None) -> NoReturn:
    raise ModelError(
        f"A model folder must be as it was saved; in {folder} {found}. Copy or train it again."
    ) from cause


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        if not folder.exists():
            found = f"{folder} does not exist{_former(folder)}"
        elif not folder.is_dir():
            found = f"{folder} is not a folder"
        else:
            found = f"in {folder} {name} cannot be read ({error.strerror or error})"
        raise ModelError(
            f"A model is a folder with {', '.join(NAMES)}; {found}. "
            "Name a folder that `textkaizen train` or `textkaizen improve` has written."
        ) from error


def _former(folder: Path) -> str:
    """Say where the former model is when a save was killed between its two renames."""
    found = sorted(folder.parent.glob(f".{escape(folder.name)}-*/{FORMER}"))
    return f", but a save that was cut off has left the former model in {found[0]}" if found else ""


def _parsed(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        _refuse(folder, f"{name} is not JSON", error)
    if not isinstance(values, dict):
        _refuse(folder, f"{name} does not hold names with values")
    return values


def _require_format(folder: Path, values: dict[str, Any]) -> None:
    if values.get("format") != FORMAT:
        _refuse(folder, f"{MODEL} does not name the format {FORMAT}")
    number = values.get("format_version")
    if type(number) is not int or number < 1:
        _refuse(folder, f"{MODEL} has no format version")
    if number > FORMAT_VERSION:
        raise ModelError(
            f"A model's format must be {FORMAT_VERSION} or older; {folder} has format {number}: "
            "it was written by a newer textkaizen. Update textkaizen to use it."
        )


def _recipe(folder: Path, values: dict[str, Any]) -> Recipe:
    try:
        recipe = Recipe.from_dict(values.get("recipe"))
    except (RecipeError, OverflowError) as error:
        _refuse(folder, f"{MODEL} has a recipe that cannot be ({error})", error)
    if bool(recipe.text.hashed) != (values["format_version"] == FORMAT_VERSION):
        _refuse(folder, f"{MODEL} has a recipe that belongs to another format")
    if values.get("kind") not in KINDS:
        _refuse(folder, f"{MODEL} has an unknown kind of model")
    if values["kind"] != "network" and recipe.shape.hidden:
        _refuse(folder, f"{MODEL} has a linear model with hidden layers")
    if not isinstance(values.get("facts"), dict):
        _refuse(folder, f"{MODEL} has no facts")
    return recipe


def _labels(folder: Path, values: dict[str, Any]) -> tuple[str, ...]:
    labels = values.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        _refuse(folder, f"{MODEL} has labels that are not strings")
    if not labels or len(set(labels)) != len(labels):
        _refuse(folder, f"{MODEL} has no labels, or one of them twice")
    return tuple(labels)


def _terms(folder: Path, values: dict[str, Any], recipe: Recipe) -> tuple[tuple[str, ...], int]:
    terms, split = values.get("terms"), values.get("split")
    if not isinstance(terms, list) or not set(map(type, terms)) <= {str}:  # there are many
        _refuse(folder, f"{VOCABULARY} has terms that are not strings")
    if recipe.text.hashed and terms:
        _refuse(folder, f"{VOCABULARY} has terms, and the recipe hashes them")
    least, most = 0, len(terms)
    if recipe.text.hashed:
        least = most = len(kinds_of(recipe.text)[0])
    if type(split) is not int or not least <= split <= most:
        _refuse(folder, f"{VOCABULARY} does not say how many of its terms are words")
    return tuple(terms), split


def _arrays(folder: Path, content: bytes) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        _refuse(folder, f"{WEIGHTS} cannot be read", error)


def _shapes(recipe: Recipe, features: int, classes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape that each array must have."""
    sizes = (features, *recipe.shape.hidden, classes)
    shapes: dict[str, tuple[int, ...]] = {"idf": (features,)}
    for member in range(recipe.knobs.ensemble):
        own = _prefix(member)
        for number, (inputs, units) in enumerate(pairwise(sizes)):
            shapes[f"{own}kernels.{number}"] = (inputs, units)
            shapes[f"{own}biases.{number}"] = (units,)
            if number < len(recipe.shape.hidden):
                shapes[f"{own}norms.{number}"] = (4, units)
    return shapes


def _prefix(member: int) -> str:
    """What the names of an ensemble member's arrays begin with; nothing for the first."""
    return f"member.{member}." if member else ""


def _require_shapes(
    folder: Path, arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]
) -> None:
    if arrays.keys() != shapes.keys():
        _refuse(folder, f"{WEIGHTS} has not the arrays of the recipe's layers")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.dtype != np.float32 or array.shape != shape:
            _refuse(
                folder,
                f"{WEIGHTS} has {name} as {array.dtype} {list(array.shape)} where the recipe, "
                f"labels and terms ask for float32 {list(shape)}",
            )
        if not np.isfinite(array).all():
            _refuse(folder, f"{WEIGHTS} has {name} with numbers that are not finite")


def _network(recipe: Recipe, arrays: dict[str, np.ndarray], member: int) -> Network:
    layers = range(len(recipe.shape.hidden) + 1)
    knobs, own = recipe.knobs, _prefix(member)
    return Network(
        tuple(arrays[f"{own}kernels.{number}"] for number in layers),
        tuple(arrays[f"{own}biases.{number}"] for number in layers),
        tuple(arrays[f"{own}norms.{number}"] for number in layers[:-1]),
        knobs.activation,
        knobs.batch_norm,
        knobs.slope,
    )
