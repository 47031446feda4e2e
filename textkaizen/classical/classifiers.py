"""Classical classifiers on the bags that a network reads: fitted by others, kept as arrays of ours.

    logistic_regression       linear.py      a column a class
    linear_svm                linear.py      a column a class
    multinomial_naive_bayes   bayes.py       a column a class
    complement_naive_bayes    bayes.py       a column a class
    kernel_svm                kernel.py      support vectors
    random_forest             forest.py      trees.py
    gradient_boosting         boosting.py    trees.py
    nearest_neighbours        neighbours.py  all training texts

scikit-learn (of boosting LightGBM) is imported to fit and never to predict. All their settings are
fixed and stated: a yardstick is not searched for. What would have nothing to learn (one class, no
features) knows the classes' shares, as a linear model.

Rejected: pickles of what was fitted (they run what they name, and load with one version only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from textkaizen.classical.kinds import BAYES, CLASSIFIERS, LINEAR_KINDS, ONE_LAYER
from textkaizen.classical.linear import Linear, fit_linear, shares
from textkaizen.classical.reading import Arrays, array_of
from textkaizen.data.mixed import Mixed
from textkaizen.errors import UsageError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LINEAR, KERNEL, TREES, NEIGHBOURS = "linear", "kernel", "trees", "neighbours"
FORMS = dict.fromkeys(ONE_LAYER, LINEAR) | {
    "kernel_svm": KERNEL,
    "random_forest": TREES,
    "gradient_boosting": TREES,
    "nearest_neighbours": NEIGHBOURS,
}
MANY_TEXTS = 4_000  # 5,000 tweets take a kernel machine 50 seconds of a core
MANY_TREES = 200_000  # texts times classes; a million takes boosting minutes


class Part(Protocol):
    """What was learnt, in one of the forms."""

    def scores(self, bags: csr_matrix) -> np.ndarray:
        """Return float32 [texts, classes]."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what it was learnt as, by name."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """What labels bags.

    Args:
        kind: one of CLASSIFIERS.
        part: what it has learnt.
        warned: what scikit-learn warned of while it was fitted; not kept in arrays.
    """

    kind: str
    part: Part
    warned: tuple[str, ...] = ()

    @property
    def linear(self) -> Linear | None:
        """Its columns, where its scores are bags @ kernel + bias."""
        return self.part if isinstance(self.part, Linear) else None

    def logits(self, bags: csr_matrix | Mixed) -> np.ndarray:
        """Return float32 [texts, classes]: log-probabilities or log-odds, or margins of an SVM.

        Args:
            bags: float32 CSR [texts, features], or with vectors beside; no text has a feature
                twice.
        """
        mixed = isinstance(bags, Mixed) and self.linear is None
        return self.part.scores(bags.hstacked() if mixed else bags)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return its numbers by name: float32, float64, int32 or int64."""
        return self.part.arrays()

    def settings(self) -> dict[str, Any]:
        """Return what is needed besides, as plain values."""
        if isinstance(self.part, Linear):
            return {"form": LINEAR}
        own: dict[str, Any] = self.part.settings()  # type: ignore[attr-defined]
        return {"form": FORMS[self.kind]} | own

    @staticmethod
    def from_arrays(
        kind: str, arrays: Arrays, settings: Mapping[str, Any], classes: int, features: int
    ) -> Classifier:
        """Return the classifier that gave these arrays and settings.

        Args:
            kind: one of CLASSIFIERS.
            arrays: by name, all of them and no others.
            settings: plain values.
            classes: how many labels there are.
            features: that its bags have.

        Raises:
            ValueError: what was given cannot be a classifier's; the reason ends the sentence "the
                classifier has ...".
        """
        form = settings.get("form")
        if kind not in FORMS or form not in (FORMS[kind], LINEAR):
            raise ValueError(f"{str(form)[:40]!r} as form of {str(kind)[:40]!r}")
        part = _reader(form)(arrays, settings, classes, features)
        strange = sorted(arrays.keys() - part.arrays().keys())
        if strange:
            raise ValueError(f"arrays that do not belong to it: {strange[0]}")
        return Classifier(kind, part)


def fit_classifier(
    kind: str,
    bags: csr_matrix | Mixed,
    numbers: np.ndarray,
    classes: int,
    seed: int,
    threads: bool = False,
) -> Classifier:
    """Fit a classifier; never densifies.

    A solver that has not converged is taken as it stands; `warned` says so. A class without texts
    is never predicted. The same seed gives the same classifier.

    Args:
        kind: one of CLASSIFIERS.
        bags: float32 CSR [texts, features], or with vectors beside, which are then features like
            others; at least one text.
        numbers: int [texts], labels from 0.
        classes: how many labels there are.
        seed: of everything random, 0 <= seed < 2**32.
        threads: use every core where that changes nothing else.

    Raises:
        ValueError: there is no such kind.
        RecipeError: naive Bayes is given features less than 0.
        MissingExtraError: gradient boosting without LightGBM.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> bags = csr_matrix(np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 2, 2]])
        >>> found = fit_classifier("nearest_neighbours", bags, np.array([0, 0, 1, 1, 2, 2]), 3, 0)
        >>> found.logits(bags[4:]).argmax(1)
        array([2, 2])
    """
    from textkaizen.classical.pipelines import hearing, listening

    if kind not in CLASSIFIERS:
        raise ValueError(f"kind must be one of {', '.join(CLASSIFIERS)}; found {kind!r}")
    if isinstance(bags, Mixed):
        bags = bags.hstacked()
    numbers = np.asarray(numbers)
    counts = np.bincount(numbers, minlength=classes)
    with hearing(), listening() as heard:
        if np.count_nonzero(counts) == 1 or not bags.shape[1]:
            part: Part = shares(counts, bags.shape[1])
        else:
            part = _fitter(kind)(bags, numbers, classes, seed, threads)
    return Classifier(kind, part, tuple(sorted(heard)))


def _fitter(kind: str) -> Callable[..., Part]:
    """Return what fits a kind, of bags, labels, classes, seed and threads."""
    if kind in LINEAR_KINDS:
        return lambda bags, labels, classes, seed, _: fit_linear(kind, bags, labels, classes, seed)
    if kind in BAYES:
        from textkaizen.classical.bayes import fit_bayes

        return lambda bags, labels, classes, *_: fit_bayes(kind, bags, labels, classes)
    if kind == "kernel_svm":
        from textkaizen.classical.kernel import fit_kernel

        return lambda bags, labels, classes, *_: fit_kernel(bags, labels, classes)
    if kind == "nearest_neighbours":
        from textkaizen.classical.neighbours import fit_neighbours

        return lambda bags, labels, classes, *_: fit_neighbours(bags, labels, classes)
    if kind == "random_forest":
        from textkaizen.classical.forest import fit_forest

        return fit_forest
    from textkaizen.classical.boosting import fit_boosting

    return lambda bags, labels, classes, seed, _: fit_boosting(bags, labels, classes, seed)


def _reader(form: str) -> Callable[..., Part]:
    """Return what reads a form, of arrays, settings, classes and features."""
    if form == KERNEL:
        from textkaizen.classical.kernel import read_kernel

        return read_kernel
    if form == TREES:
        from textkaizen.classical.trees import read_trees

        return read_trees
    if form == NEIGHBOURS:
        from textkaizen.classical.neighbours import read_neighbours

        return read_neighbours
    return lambda arrays, _, classes, features: Linear(
        array_of(arrays, "kernel", "float32", (features, classes)),
        array_of(arrays, "bias", "float32", (classes,)),
    )


def require_classifier(kind: str) -> None:
    """Refuse a classifier that there is not, or not here, before anything is read.

    Raises:
        UsageError: with the nearest name that there is.
        MissingExtraError: its package is not installed.
    """
    if kind not in CLASSIFIERS:
        import difflib

        near = difflib.get_close_matches(kind, CLASSIFIERS, n=1)
        told = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(CLASSIFIERS)}."
        raise UsageError(f"A classifier must be one that is known; found {kind!r}. {told}")
    if kind == "gradient_boosting":
        from textkaizen.classical.boosting import require_lightgbm

        require_lightgbm()


def long_wait(kind: str, texts: int, classes: int) -> str:
    """Say before it starts that a fit takes long; "" where it does not."""
    if kind == "kernel_svm" and texts > MANY_TEXTS:
        return (
            f"kernel_svm compares texts with each other: {texts} of them may take minutes, twice "
            "as many four times as long."
        )
    if kind == "gradient_boosting" and texts * classes > MANY_TREES:
        return (
            f"gradient_boosting grows a tree for each of {classes} classes in each of 100 rounds: "
            f"with {texts} texts that may take minutes."
        )
    return ""


def versions_of(kind: str) -> dict[str, str]:
    """Return the versions of what decides how a kind is fitted."""
    from importlib.metadata import version

    names = ("lightgbm",) if kind == "gradient_boosting" else ("scikit-learn",)
    return {name: version(name) for name in names}
