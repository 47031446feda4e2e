"""A model on disk: a folder of JSON and safetensors, every byte covered by a SHA-256.

    model.json           format, kind, labels, recipe, facts, the hashes of the next two
    vocabulary.json      the features' names; none if they are hashed
    weights.safetensors  the numbers, float32; of a classifier whole ones and float64, too
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
from pathlib import Path
from typing import Any

import numpy as np

from textkaizen.errors import ModelError, listed
from textkaizen.files.model_parts import (
    CLASSIFIER,
    ENCODER,
    FORMAT,
    HASH,
    MEANS,
    MODEL,
    NAMES,
    VOCABULARY,
    WEIGHTS,
    arrays_of,
    classifier_of,
    fallback_of,
    fallback_values,
    features_of,
    labels_of,
    network_of,
    parsed,
    prefix,
    recipe_of,
    refuse,
    require_analyser,
    require_format,
    require_shapes,
    shapes_of,
    version_of,
    vocabulary_of,
    written,
)
from textkaizen.model import Model

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
    values = parsed(folder, MODEL, content)
    require_format(folder, values)
    if _read(folder, HASH) != _hash_line(content):
        refuse(folder, f"{MODEL} is not what {HASH} says")
    files = values.get("files")
    files = files if isinstance(files, dict) else {}
    parts = {}
    for name in (VOCABULARY, WEIGHTS):
        parts[name] = _read(folder, name)
        if files.get(name) != hashlib.sha256(parts[name]).hexdigest():
            refuse(folder, f"{name} is not what {MODEL} says")
    recipe, labels = recipe_of(folder, values), labels_of(folder, values)
    terms = parsed(folder, VOCABULARY, parts[VOCABULARY])
    arrays = arrays_of(folder, parts[WEIGHTS])
    features = features_of(folder, terms, recipe)
    whole = features + len(recipe.text.handmade) + recipe.text.vector_numbers
    classifier = classifier_of(folder, values, arrays, whole)
    fallback = fallback_of(folder, values, arrays, len(labels))
    if recipe.knobs.ensemble > len(arrays):  # before their names are made: there may be millions
        refuse(folder, f"{WEIGHTS} has not the arrays of the recipe's layers")
    layers = classifier is None
    require_shapes(folder, arrays, shapes_of(recipe, features, len(labels), layers))
    require_analyser(folder, values["facts"], recipe.text)
    vocabulary = vocabulary_of(folder, terms, recipe, arrays)
    kind, facts = values["kind"], values["facts"]
    if classifier is not None:
        return Model(kind, recipe, labels, vocabulary, None, facts, (), classifier, fallback)
    networks = [network_of(recipe, arrays, member) for member in range(recipe.knobs.ensemble)]
    first, others = networks[0], tuple(networks[1:])
    return Model(kind, recipe, labels, vocabulary, first, facts, others, fallback=fallback)


def _arrays(model: Model) -> dict[str, np.ndarray]:
    """Return what a model's weights file holds, by name, as float32."""
    arrays = {"idf": model.vocabulary.idf}
    if len(model.vocabulary.scales):
        arrays["scales"] = model.vocabulary.scales
    for member, network in enumerate(model.networks):
        for kind in ("kernels", "biases", "norms"):
            for number, array in enumerate(getattr(network, kind)):
                arrays[f"{prefix(member)}{kind}.{number}"] = array
        for name, array in network.encoder.arrays.items() if network.encoder else ():
            arrays[f"{prefix(member)}{ENCODER}{name}"] = array
    if model.fallback is not None and model.fallback.means is not None:
        arrays[MEANS] = model.fallback.means
    return {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}


def _contents(model: Model, folder: Path) -> dict[str, bytes]:
    """Return the files of a model by name."""
    from safetensors.numpy import save

    arrays = _arrays(model)
    if model.classifier is not None:
        for name, array in model.classifier.arrays().items():
            arrays[f"{CLASSIFIER}{name}"] = np.ascontiguousarray(array)
    endless = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if endless:
        raise ModelError(
            f"A model's weights must be finite numbers; those of {listed(endless)} are not, so "
            f"training has diverged and nothing was saved in {folder}. Lower the learning rate."
        )
    own = model.vocabulary
    vocabulary: dict[str, Any] = {"split": own.split, "terms": list(own.terms)}
    if own.subwords:
        vocabulary["subwords"] = own.subwords
    if own.longest:
        vocabulary["longest"] = own.longest
    contents = {
        VOCABULARY: _json(vocabulary),
        WEIGHTS: save(arrays),
    }
    values = {
        "format": FORMAT,
        "format_version": version_of(model.recipe, model.kind, model.fallback is not None),
        "kind": model.kind,
        "labels": list(model.labels),
        "recipe": written(model.recipe),
        **({} if model.classifier is None else {"classifier": model.classifier.settings()}),
        **fallback_values(model.fallback),
        "facts": model.facts,
        "files": {name: hashlib.sha256(part).hexdigest() for name, part in contents.items()},
    }
    contents[MODEL] = _json(values)
    contents[HASH] = _hash_line(contents[MODEL])
    return contents


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
