"""Labelled texts -> a model; what trains (JAX, scikit-learn) is imported by what needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textkaizen.classical.kinds import ONE_LAYER
from textkaizen.data import Corpus, canonical, content_hash, together
from textkaizen.errors import CorpusError, RecipeError
from textkaizen.model.labelling import Model
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.text.normalise import normalise

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textkaizen.classical.classifiers import Classifier
    from textkaizen.data.word_vectors import WordVectors
    from textkaizen.text.features import Features
    from textkaizen.text.ordered import OrderedFeatures
    from textkaizen.text.reduce import Projection
    from textkaizen.train.lanes import TrainedLane
    from textkaizen.train.loop import Callback
    from textkaizen.train.programs import Programs


def learn_model(
    corpus: Corpus,
    recipe: Recipe,
    seed: int,
    programs: Programs | None = None,
    callbacks: Sequence[Callback] = (),
    word_vectors: WordVectors | None = None,
) -> tuple[Model, TrainedLane]:
    """Train a network on labelled texts.

    Equal texts and rows of one group stay together when the validation share is drawn. The order
    of the rows changes nothing.

    Args:
        corpus: at least two classes.
        recipe: how.
        seed: decides everything random.
        programs: compiled epochs to share.
        callbacks: called in order at the end of each epoch; one that returns True ends training.
        word_vectors: what embeddings begin with, where the recipe says so.

    Returns:
        The model, and how its training went.

    Raises:
        CorpusError: fewer than two classes.
        RecipeError: a batch is larger than the texts there are to train on.
    """
    from textkaizen.text.word_vectors import first_rows, with_dimensions
    from textkaizen.train.lanes import Lane, train
    from textkaizen.train.programs import Programs

    recipe = with_dimensions(recipe, word_vectors)
    material = _prepared(corpus, recipe, seed)
    units = together(material.corpus, [normalise(text) for text in material.corpus.texts])
    classes = len(material.corpus.classes)
    starts = word_vectors if recipe.shape.word_vectors != "none" else None
    rows = first_rows(material.features.vocabulary, starts)
    lane = Lane(recipe, material.bags(), material.numbers, classes, seed, units, first_rows=rows)
    trained = train(lane, programs or Programs(), callbacks)
    if len(trained.networks) < recipe.knobs.ensemble:  # a callback has ended it
        recipe = recipe.with_knobs(ensemble=len(trained.networks))
    return material.model("network", recipe, trained.networks, seed), trained


def learn_linear(
    corpus: Corpus, recipe: Recipe, seed: int, kind: str = "logistic_regression"
) -> Model:
    """Fit a linear model on the same features as the recipe's network.

    Args:
        corpus: at least two classes.
        recipe: its text rules are used, and kept with no hidden layer.
        seed: of the SVM's solver.
        kind: "logistic_regression" or "linear_svm".

    Raises:
        CorpusError: fewer than two classes.
    """
    return learn_classifier(corpus, recipe, seed, kind)[0]


def learn_classifier(
    corpus: Corpus, recipe: Recipe, seed: int, kind: str
) -> tuple[Model, tuple[str, ...]]:
    """Fit a classical classifier on the same features as the recipe's network.

    Args:
        corpus: at least two classes.
        recipe: its text rules are used, and kept with no hidden layer.
        seed: decides everything random.
        kind: one of CLASSIFIERS; it reads bags, where the network would read texts in order, too.

    Returns:
        The model, and what scikit-learn warned of.

    Raises:
        CorpusError: fewer than two classes.
        RecipeError: the classifier cannot read these features, or could not be saved.
    """
    from textkaizen.classical.classifiers import fit_classifier

    recipe = recipe.as_bag()
    require_savable(kind, recipe)
    material = _prepared(corpus, recipe, seed)
    classes = len(material.corpus.classes)
    seed_of_fit = seed % 2**32
    found = fit_classifier(
        kind, material.bags(), material.numbers, classes, seed_of_fit, threads=True
    )
    own = Recipe(text=recipe.text).with_shape(hidden=())
    if kind not in ONE_LAYER or found.linear is None:
        return material.model(kind, own, (), seed, found), found.warned
    (kernel, bias), knobs = found.linear, own.knobs
    network = Network((kernel,), (bias,), (), knobs.activation, knobs.batch_norm, knobs.slope)
    return material.model(kind, own, (network,), seed), found.warned


def require_savable(kind: str, recipe: Recipe) -> None:
    """Refuse, before any training, a classifier that a model could not hold.

    Raises:
        RecipeError: it would read features that are reduced, and a model keeps no reduction beside
            a first layer that it can become part of.
    """
    if kind not in ONE_LAYER and recipe.text.reduce != "none":
        raise RecipeError(
            f"A model of {kind} must read features as they are counted; this recipe reduces them "
            f"(text.reduce: {recipe.text.reduce}). Set it to none, or take a network or a linear "
            "model; `study --compare` can still compare it."
        )


@dataclass(frozen=True)
class _Material:
    """Labelled texts as numbers."""

    corpus: Corpus
    features: Features | OrderedFeatures
    numbers: np.ndarray

    def bags(self) -> csr_matrix:
        return self.features.bags(np.arange(len(self.corpus)))

    def model(
        self,
        kind: str,
        recipe: Recipe,
        networks: tuple[Network, ...],
        seed: int,
        classifier: Classifier | None = None,
    ) -> Model:
        facts = {
            "textkaizen": _version(),
            "seed": seed,
            "texts": len(self.corpus),
            "data_sha256": content_hash(self.corpus),
        }
        vocabulary, projection = self.features.vocabulary, self.features.projection
        identity = vocabulary.streams.identity
        if identity:
            facts["analyser"] = identity
        if vocabulary.rules.neologdn:
            from textkaizen.text.writing import neologdn_version

            facts["neologdn"] = neologdn_version()
        if vocabulary.rules.vector_numbers:
            from textkaizen.text.sentence_vectors import longer

            facts["encoder"] = vocabulary.encoder.identity
            facts["texts_cut"] = longer(self.corpus.texts)
        if projection is not None:
            networks = tuple(_on_bags(network, projection) for network in networks)
        if vocabulary.longest:
            from textkaizen.text.ordered import reading_of

            facts["reading"] = reading_of(self.features, np.arange(len(self.corpus)))  # type: ignore[arg-type]
        labels, first = self.corpus.classes, networks[0] if networks else None
        return Model(kind, recipe, labels, vocabulary, first, facts, networks[1:], classifier)


def _on_bags(network: Network, projection: Projection) -> Network:
    """Let a network of reduced features read bags: a reduction is linear, as its first layer is."""
    from textkaizen.text.reduce import folded

    numbers = len(projection.offset)  # what comes after them is a vector's, and stays
    whole = network.kernels[0]
    kernel, bias = folded(projection, whole[:numbers], network.biases[0])
    kernel = np.concatenate([kernel, whole[numbers:]])
    kernels, biases = (kernel, *network.kernels[1:]), (bias, *network.biases[1:])
    return network._replace(kernels=kernels, biases=biases)


def _prepared(corpus: Corpus, recipe: Recipe, seed: int) -> _Material:
    from textkaizen.text.features import Texts

    corpus = canonical(corpus)
    if len(corpus.classes) < 2:
        raise CorpusError(
            f"A model needs texts of at least two classes; {corpus.name} has {len(corpus)} texts "
            f"of {len(corpus.classes)} classes. Add labelled texts of another class."
        )
    position = {label: number for number, label in enumerate(corpus.classes)}
    numbers = np.array([position[label] for label in corpus.labels], np.int32)
    features = Texts(corpus.texts).learn(recipe.text, np.arange(len(corpus)), numbers, seed)
    return _Material(corpus, features, numbers)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("textkaizen")
    except PackageNotFoundError:
        return "not installed"
