"""A model: text rules, labels and weights, all that is needed to label a text, and nothing more.

A model is the same thing whichever way it was made: a linear model (naive Bayes, too) is a network
without a hidden layer; a classical classifier that is none stands in the network's place. It
predicts with NumPy alone; the training code (JAX, scikit-learn) is imported only by the
functions that train. It knows nothing of files.

Rejected: a class for each kind of model (five places would ask which it is), a compiled prediction
(see `nets/plain.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.classical.kinds import CLASSIFIERS, ONE_LAYER
from textkaizen.data import Corpus, canonical, content_hash, together
from textkaizen.deciding import Decision, Fallback, decisions
from textkaizen.errors import CorpusError, RecipeError, UsageError
from textkaizen.nets import plain
from textkaizen.nets.ensemble import averaged, ensemble_logits
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.text.normalise import normalise
from textkaizen.text.vectorise import Vocabulary

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

KINDS = ("network", *CLASSIFIERS)


@dataclass(frozen=True, eq=False)
class Model:
    """What labels texts.

    Args:
        kind: one of KINDS.
        recipe: how it was made; of a classical model only its text rules count.
        labels: sorted; class n is labels[n].
        vocabulary: the features it knows.
        network: the weights; a linear model has one layer and no norms. None where there is a
            classifier.
        others: further members of an ensemble.
        facts: plain values about its making: textkaizen's version, seed, texts, their hash.
        classifier: what answers instead of a network, if it is not linear.
        fallback: when it rather does not answer; None: it always does.

    A text without any feature the model knows is answered with what the biases alone say. A model
    of hashed features knows a feature for every text that has words or characters at all.
    """

    kind: str
    recipe: Recipe
    labels: tuple[str, ...]
    vocabulary: Vocabulary
    network: Network | None
    facts: dict[str, Any] = field(default_factory=dict)
    others: tuple[Network, ...] = ()
    classifier: Classifier | None = None
    fallback: Fallback | None = None

    @property
    def networks(self) -> tuple[Network, ...]:
        """All members: one, or those of an ensemble; none where there is a classifier."""
        return () if self.network is None else (self.network, *self.others)

    def with_masks(self, count: int) -> Model:
        """Return this model with answers averaged over so many dropout masks (0: all units).

        A fallback was set for other answers, and is left out.

        Raises:
            RecipeError: it was trained without dropout, or `count` is less than 0.
        """
        return replace(self, recipe=self.recipe.with_knobs(monte_carlo=count), fallback=None)

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 [texts, classes]: log-odds, or the margins of an SVM.

        Raises:
            UsageError: `texts` is one text, or holds something that is not a text.
        """
        _require_texts(texts)
        if not len(texts):
            return np.zeros((0, len(self.labels)), np.float32)
        bags = self.vocabulary.bags(texts)
        if self.classifier is not None:
            return self.classifier.logits(bags)
        return ensemble_logits(self.networks, self.recipe.knobs, bags)

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 [texts, classes], each row adding up to 1.

        With a fallback they are calibrated, by its temperature. Without one they are not; of an
        SVM it is then the softmax of its margins, in the right order but no more.
        """
        return self._probabilities_of(self.logits(texts))

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Return the most probable label of each text; of equals the first in the alphabet."""
        return [self.labels[number] for number in self.logits(texts).argmax(1)]

    def answer(self, text: str, top_k: int = 1) -> list[tuple[str, float]]:
        """Return the most probable labels of one text with their probabilities, best first.

        The fast way for a single text: only the rows of its own features are read. It agrees with
        `probabilities` but for rounding, 1e-6 on short texts.

        Args:
            text: any.
            top_k: how many labels, >= 1; all there are when there are fewer.

        Raises:
            UsageError: `top_k` is less than 1, or `text` is not a string.
        """
        _require_answerable([text], top_k)
        logits = self._logits_of(*self.vocabulary.bag(text))
        best = [int(logits.argmax())] if top_k == 1 else np.argsort(-logits, kind="stable")[:top_k]
        found = self._probabilities_of(logits)
        return [(self.labels[number], float(found[number])) for number in best]

    def decide(self, text: str, best: int = 3) -> Decision:
        """Answer a text, or say that it is not known well enough; without a fallback always answer.

        Args:
            text: any.
            best: labels to name, >= 1; all there are when there are fewer.

        Raises:
            UsageError: `best` is less than 1, or `text` is not a string.
        """
        _require_answerable([text], best)
        logits = self._logits_of(*self.vocabulary.bag(text))[None]
        return decisions(self.labels, logits, self.fallback, best)[0]

    def decide_all(self, texts: Sequence[str], best: int = 3) -> list[Decision]:
        """Return what `decide` says of each text, but for rounding: the fast way for many.

        Args:
            texts: all in memory at once, and a number for each of them and each class.
            best: labels to name of each, >= 1; all there are when there are fewer.

        Raises:
            UsageError: `best` is less than 1, or `texts` are no texts.
        """
        _require_answerable(texts, best)
        return decisions(self.labels, self.logits(texts), self.fallback, best)

    def _probabilities_of(self, logits: np.ndarray) -> np.ndarray:
        if self.fallback is not None:
            logits = logits / np.float32(self.fallback.temperature)
        return plain.softmax(logits)

    def _logits_of(self, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the logits [classes] of one bag."""
        if self.classifier is not None:
            from scipy.sparse import csr_matrix

            ends, size = np.array([0, len(features)]), len(self.vocabulary)
            bag = csr_matrix((weights, features, ends), shape=(1, size))
            return self.classifier.logits(bag)[0]
        sums = lambda network: plain.first_sums_of_one(network, features, weights)
        return averaged(self.networks, self.recipe.knobs, sums)[0]

    def answers(self, texts: Sequence[str], top_k: int = 1) -> list[list[tuple[str, float]]]:
        """Return what `answer` says of each text, but for rounding: the fast way for many.

        Args:
            texts: all in memory at once, and a number for each of them and each class.
            top_k: how many labels of each, >= 1; all there are when there are fewer.

        Raises:
            UsageError: `top_k` is less than 1, or `texts` are no texts.
        """
        _require_answerable(texts, top_k)
        logits = self.logits(texts)
        if top_k == 1:
            best = logits.argmax(1)[:, None]
        else:
            best = np.argsort(-logits, axis=1, kind="stable")[:, :top_k]
        found = np.take_along_axis(self._probabilities_of(logits), best, 1).tolist()
        names = np.array(self.labels, object)[best].tolist()
        return [list(zip(*each, strict=True)) for each in zip(names, found, strict=True)]


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


def _require_answerable(texts: Sequence[str], top_k: int) -> None:
    if top_k < 1:
        raise UsageError(f"top_k must be at least 1; found {top_k}.")
    _require_texts(texts)


def _require_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise UsageError("A list of texts is needed; found one text. Put it in brackets: [text].")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(
                f"Every text must be a string; number {place} is {text!r}. Leave it out or "
                "make it a string."
            )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("textkaizen")
    except PackageNotFoundError:
        return "not installed"
