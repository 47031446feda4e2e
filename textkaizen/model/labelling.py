"""A model as a value, and what it says to texts; in NumPy, and nothing of how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textkaizen.classical.kinds import CLASSIFIERS
from textkaizen.deciding import Decision, Fallback, decisions
from textkaizen.errors import UsageError
from textkaizen.nets import plain
from textkaizen.nets.ensemble import averaged, ensemble_logits
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.text.vectorise import Vocabulary

if TYPE_CHECKING:
    from textkaizen.classical.classifiers import Classifier

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
