"""The parts of a model folder: what must hold of each before it is believed."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from textkaizen.classical.kinds import ONE_LAYER
from textkaizen.deciding import Fallback
from textkaizen.errors import ModelError, RecipeError
from textkaizen.measure.answering import SCORES
from textkaizen.model import KINDS
from textkaizen.nets.encoders.arrays import EMBEDDING, pooled_units, statistics
from textkaizen.nets.encoders.arrays import shapes as encoder_shapes
from textkaizen.nets.encoders.plain import Encoder
from textkaizen.nets.plain import Network
from textkaizen.recipe import LEARNT_TOKENS, Recipe, TextRules
from textkaizen.text.buckets import kinds_of
from textkaizen.text.vectorise import Vocabulary, learnt_tokeniser

if TYPE_CHECKING:
    from textkaizen.classical.classifiers import Classifier

# 2: ensembles, and knobs that 1 does not know; 3: hashed features, and only models that have them;
# 4: text rules and classifiers that 3 does not know, and only models that have them;
# 5: networks that read texts in order, vectors beside bags, a fallback, and only models with those
FORMAT, FORMAT_VERSION = "textkaizen-model", 5
MODEL, VOCABULARY, WEIGHTS, HASH = (
    "model.json",
    "vocabulary.json",
    "weights.safetensors",
    "model.sha256",
)
CLASSIFIER = "classifier."  # what the names of its arrays begin with
FALLBACK, MEANS = "fallback", "fallback.means"
NAMES = (MODEL, VOCABULARY, WEIGHTS, HASH)
FIRST_RULES = ("words", "characters", "min_texts", "sublinear")  # text rules of formats 1 and 2
FIRST_KINDS = ("network", "logistic_regression", "linear_svm")  # those that 3 and older know
FIRST_SHAPE = ("hidden", "batch_size")  # of a shape what formats before 5 know
READING_KNOBS = ("embedding_dropout", "recurrent_dropout", "pooled_dropout")  # from 5 on
ENCODER = "encoder."  # what the names of its arrays begin with, after the member's prefix
HASHED = "hashed"  # a text rule from format 3 on


def version_of(recipe: Recipe, kind: str, fallback: bool = False) -> int:
    """Return the oldest format that holds such a model."""
    if fallback or recipe.shape.reads_in_order or recipe.text.vectors != "none":
        return 5
    new = recipe.text.changed.keys() - {*FIRST_RULES, HASHED} or kind not in FIRST_KINDS
    return 4 if new else 3 if recipe.text.hashed else 2


def written(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe without rules, shapes and knobs that only a newer format knows."""
    values = recipe.to_dict()
    if not recipe.shape.reads_in_order:
        values["shape"] = {name: values["shape"][name] for name in FIRST_SHAPE}
        values["knobs"] = {n: v for n, v in values["knobs"].items() if n not in READING_KNOBS}
    told = {*FIRST_RULES, *recipe.text.changed}
    values["text"] = {name: value for name, value in values["text"].items() if name in told}
    return values


def refuse(folder: Path, found: str, cause: Exception | None = None) -> NoReturn:
    raise ModelError(
        f"A model folder must be as it was saved; in {folder} {found}. Copy or train it again."
    ) from cause


def parsed(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        refuse(folder, f"{name} is not JSON", error)
    if not isinstance(values, dict):
        refuse(folder, f"{name} does not hold names with values")
    return values


def require_format(folder: Path, values: dict[str, Any]) -> None:
    if values.get("format") != FORMAT:
        refuse(folder, f"{MODEL} does not name the format {FORMAT}")
    number = values.get("format_version")
    if type(number) is not int or number < 1:
        refuse(folder, f"{MODEL} has no format version")
    if number > FORMAT_VERSION:
        raise ModelError(
            f"A model's format must be {FORMAT_VERSION} or older; {folder} has format {number}: "
            "it was written by a newer textkaizen. Update textkaizen to use it."
        )


def recipe_of(folder: Path, values: dict[str, Any]) -> Recipe:
    try:
        recipe = Recipe.from_dict(values.get("recipe"))
    except (RecipeError, OverflowError) as error:
        refuse(folder, f"{MODEL} has a recipe that cannot be ({error})", error)
    version, kind = values["format_version"], values.get("kind")
    if kind not in KINDS:
        refuse(folder, f"{MODEL} has an unknown kind of model")
    if version_of(recipe, kind, FALLBACK in values) != max(version, 2):
        refuse(folder, f"{MODEL} has a recipe that belongs to another format")
    if kind != "network" and recipe.shape.hidden:
        refuse(folder, f"{MODEL} has a linear model with hidden layers")
    if not isinstance(values.get("facts"), dict):
        refuse(folder, f"{MODEL} has no facts")
    return recipe


def labels_of(folder: Path, values: dict[str, Any]) -> tuple[str, ...]:
    labels = values.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        refuse(folder, f"{MODEL} has labels that are not strings")
    if not labels or len(set(labels)) != len(labels):
        refuse(folder, f"{MODEL} has no labels, or one of them twice")
    return tuple(labels)


def vocabulary_of(
    folder: Path, values: dict[str, Any], recipe: Recipe, arrays: dict[str, np.ndarray]
) -> Vocabulary:
    """Return the features, once all of them are known to be right."""
    rules, subwords = recipe.text, values.get("subwords", "")
    terms, split = _terms(folder, values, recipe)
    learns = rules.tokens in LEARNT_TOKENS and rules.words != (0, 0)
    if not isinstance(subwords, str) or bool(subwords) != learns:
        refuse(folder, f"{VOCABULARY} has not the subwords that the recipe asks for")
    if learns:
        _require_subwords(folder, subwords, rules)
    scales = arrays.get("scales", np.zeros(0, np.float32))
    longest = _longest(folder, values, rules)
    vocabulary = Vocabulary(rules, terms, split, arrays["idf"], scales, subwords, longest)
    unknown = 1 if longest else 0
    if tuple(map(len, vocabulary.numbers)) != (split, len(arrays["idf"]) - split - unknown):
        refuse(folder, f"{VOCABULARY} has a term twice")
    return vocabulary


def _longest(folder: Path, values: dict[str, Any], rules: TextRules) -> int:
    """Return how many words of a text are read, 0 where their order does not count."""
    found = values.get("longest", 0)
    if type(found) is not int or (found > 0) != (rules.order != "none") or found < 0:
        refuse(folder, f"{VOCABULARY} does not say how many words of a text are read")
    return found


def features_of(folder: Path, values: dict[str, Any], recipe: Recipe) -> int:
    """Return how many words and characters a vocabulary has, the unknown one among them."""
    unknown = 1 if recipe.text.order != "none" else 0
    return recipe.text.hashed or len(_terms(folder, values, recipe)[0]) + unknown


def _terms(folder: Path, values: dict[str, Any], recipe: Recipe) -> tuple[tuple[str, ...], int]:
    terms, split = values.get("terms"), values.get("split")
    if not isinstance(terms, list) or not set(map(type, terms)) <= {str}:  # there are many
        refuse(folder, f"{VOCABULARY} has terms that are not strings")
    if recipe.text.hashed and terms:
        refuse(folder, f"{VOCABULARY} has terms, and the recipe hashes them")
    least, most = 0, len(terms)
    if recipe.text.hashed:
        least = most = len(kinds_of(recipe.text)[0])
    if type(split) is not int or not least <= split <= most:
        refuse(folder, f"{VOCABULARY} does not say how many of its terms are words")
    return tuple(terms), split


def arrays_of(folder: Path, content: bytes) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        refuse(folder, f"{WEIGHTS} cannot be read", error)


def shapes_of(
    recipe: Recipe, features: int, classes: int, layers: bool = True
) -> dict[str, tuple[int, ...]]:
    """Return the shape that each array must have.

    A first layer's rows are of words and characters, of hand-made features, of a vector's numbers.

    Args:
        recipe: of the model.
        features: words and characters.
        classes: labels.
        layers: whether it has networks; a classifier's arrays are no business of this.
    """
    handmade = len(recipe.text.handmade)
    numbers = recipe.text.vector_numbers
    first = pooled_units(recipe.shape) or features + handmade + numbers
    sizes = (first, *recipe.shape.hidden, classes)
    shapes: dict[str, tuple[int, ...]] = {"idf": (features,)}
    if handmade:
        shapes["scales"] = (handmade,)
    if not layers:
        return shapes
    for member in range(recipe.knobs.ensemble):
        own = prefix(member)
        if recipe.shape.reads_in_order:
            shapes[f"{own}{ENCODER}{EMBEDDING}"] = (features, recipe.shape.embedding)
            for name, size in {**encoder_shapes(recipe.shape), **statistics(recipe.shape)}.items():
                shapes[f"{own}{ENCODER}{name}"] = size
        for number, (inputs, units) in enumerate(pairwise(sizes)):
            shapes[f"{own}kernels.{number}"] = (inputs, units)
            shapes[f"{own}biases.{number}"] = (units,)
            if number < len(recipe.shape.hidden):
                shapes[f"{own}norms.{number}"] = (4, units)
    return shapes


def prefix(member: int) -> str:
    """What the names of an ensemble member's arrays begin with; nothing for the first."""
    return f"member.{member}." if member else ""


def require_shapes(
    folder: Path, arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]
) -> None:
    if arrays.keys() != shapes.keys():
        refuse(folder, f"{WEIGHTS} has not the arrays of the recipe's layers")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.dtype != np.float32 or array.shape != shape:
            refuse(
                folder,
                f"{WEIGHTS} has {name} as {array.dtype} {list(array.shape)} where the recipe, "
                f"labels and terms ask for float32 {list(shape)}",
            )
        if not np.isfinite(array).all():
            refuse(folder, f"{WEIGHTS} has {name} with numbers that are not finite")


def classifier_of(
    folder: Path, values: dict[str, Any], arrays: dict[str, np.ndarray], features: int
) -> Classifier | None:
    """Take a classifier's arrays out of all, and return it; None where networks answer."""
    names = [name for name in arrays if name.startswith(CLASSIFIER)]
    own = {name.removeprefix(CLASSIFIER): arrays.pop(name) for name in names}
    if values["kind"] in ("network", *ONE_LAYER):
        if own or "classifier" in values:
            refuse(folder, f"{MODEL} has a classifier beside its network")
        return None
    how = values.get("classifier")
    if not isinstance(how, dict):
        refuse(folder, f"{MODEL} does not say what its classifier is")
    from textkaizen.classical.classifiers import Classifier

    try:
        return Classifier.from_arrays(values["kind"], own, how, len(values["labels"]), features)
    except ValueError as error:
        refuse(folder, f"the classifier has {error}", error)


def fallback_of(
    folder: Path, values: dict[str, Any], arrays: dict[str, np.ndarray], classes: int
) -> Fallback | None:
    """Take a fallback's array out of all, and return the fallback; None where there is none."""
    means, told = arrays.pop(MEANS, None), values.get(FALLBACK)
    if FALLBACK not in values:
        if means is not None:
            refuse(folder, f"{WEIGHTS} has means of a fallback that {MODEL} does not have")
        return None
    numbers = ("threshold", "temperature", "ask")
    if not isinstance(told, dict) or told.keys() != {"score", *numbers, "facts"}:
        refuse(folder, f"{MODEL} has a fallback without its parts")
    found = [told[name] for name in numbers]
    finite = all(type(one) in (int, float) and abs(one) < 1e39 for one in found)
    if told["score"] not in SCORES or not finite or not isinstance(told["facts"], dict):
        refuse(folder, f"{MODEL} has a fallback with parts that cannot be")
    threshold, temperature, ask = map(float, found)
    if not 0 < temperature < 1e6:
        refuse(folder, f"{MODEL} has a fallback with the temperature {temperature:g}")
    if (means is not None) != (told["score"] == "distance"):
        refuse(folder, f"{MODEL} has a fallback whose score and means do not belong together")
    if means is not None:
        require_shapes(folder, {MEANS: means}, {MEANS: (classes, classes)})
    return Fallback(told["score"], threshold, temperature, ask, told["facts"], means)


def fallback_values(fallback: Fallback | None) -> dict[str, Any]:
    """Return what a model's file says of its fallback: nothing of none."""
    if fallback is None:
        return {}
    names = ("score", "threshold", "temperature", "ask", "facts")
    return {FALLBACK: {name: getattr(fallback, name) for name in names}}


def network_of(recipe: Recipe, arrays: dict[str, np.ndarray], member: int) -> Network:
    layers = range(len(recipe.shape.hidden) + 1)
    knobs, own, encoder = recipe.knobs, prefix(member), None
    if recipe.shape.reads_in_order:
        names = (EMBEDDING, *encoder_shapes(recipe.shape), *statistics(recipe.shape))
        read = {name: arrays[f"{own}{ENCODER}{name}"] for name in names}
        encoder = Encoder(recipe.shape, read)
    return Network(
        tuple(arrays[f"{own}kernels.{number}"] for number in layers),
        tuple(arrays[f"{own}biases.{number}"] for number in layers),
        tuple(arrays[f"{own}norms.{number}"] for number in layers[:-1]),
        knobs.activation,
        knobs.batch_norm,
        knobs.slope,
        encoder,
    )


def require_analyser(folder: Path, facts: dict[str, Any], rules: TextRules) -> None:
    """Refuse a model that would read texts otherwise here than where it was trained.

    Raises:
        MissingExtraError: what cuts or encodes texts is not installed.
        ModelError: it is another, or its dictionary is of another version.
    """
    if rules.neologdn:
        _require_neologdn(folder, facts)
    if rules.vector_numbers:
        _require_encoder(folder, facts)
    identity = facts.get("analyser", "")
    if rules.words == (0, 0) or (not identity and rules.tokenising == TextRules().tokenising):
        return
    from textkaizen.text.tokens import require_same

    if not isinstance(identity, str):
        refuse(folder, f"{MODEL} does not say what cuts its words")
    try:
        require_same(identity, rules.tokenising)
    except ModelError as error:
        raise ModelError(f"In {folder}: {error}.") from error


def _require_neologdn(folder: Path, facts: dict[str, Any]) -> None:
    from textkaizen.text.writing import neologdn_version

    here, then = neologdn_version(), facts.get("neologdn")
    if here != then:
        raise ModelError(
            f"A model's texts must be written as they were when it was trained; {folder} was "
            f"trained with neologdn {then}, here is {here}. Install that version, or train the "
            "model again."
        )


def _require_encoder(folder: Path, facts: dict[str, Any]) -> None:
    from textkaizen.text.sentence_vectors import required_package, sentence_encoder

    here, then = sentence_encoder().identity, facts.get("encoder")
    if not isinstance(then, str):
        refuse(folder, f"{MODEL} does not say what made its vectors")
    if here != then:
        raise ModelError(
            f"A model's vectors must be made as they were when it was trained; {folder} was "
            f"trained with {then}, here is {here}. Install that version (pip install "
            f'"{required_package(then)}"), or train the model again.'
        )


def _require_subwords(folder: Path, subwords: str, rules: TextRules) -> None:
    try:
        learnt_tokeniser(subwords, rules)
    except ModelError as error:
        raise ModelError(f"In {folder}: {error}.") from error
