"""The catalogue: every known improvement as a small function from recipe to recipe.

Order is the order in which they are tried when time is short: what most often helps networks on
short texts, and costs little, first. To add one, add an entry; the docs page, the study and the
command line follow.

Rejected: classes with `apply` (a function and four strings are enough).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from textkaizen.errors import UsageError, listed
from textkaizen.recipe import Recipe


@dataclass(frozen=True)
class Improvement:
    """A change that may make a network better.

    Args:
        name: unique, as on the command line and in the docs.
        group: the knob it belongs to.
        change: the recipe with the improvement; returns an equal recipe where it is there already.
        claim: what its authors promise, in a line.
        source: paper and section, or the book everyone has it from.
    """

    name: str
    group: str
    change: Callable[[Recipe], Recipe]
    claim: str
    source: str


def _knobs(**changes) -> Callable[[Recipe], Recipe]:
    return lambda recipe: recipe.with_knobs(**changes)


def _faster(factor: float) -> Callable[[Recipe], Recipe]:
    return lambda recipe: recipe.with_knobs(learning_rate=recipe.knobs.learning_rate * factor)


def _optimiser(name: str, **changes) -> Callable[[Recipe], Recipe]:
    """Another optimiser with a rate of its own; one that is there keeps the rate found for it."""

    def change(recipe: Recipe) -> Recipe:
        if recipe.knobs.optimiser == name:
            return recipe
        return recipe.with_knobs(optimiser=name, **changes)

    return change


def _stopping(patience: float, epochs: int) -> Callable[[Recipe], Recipe]:
    """Early stopping; a recipe without validation texts gets the usual share to watch."""

    def change(recipe: Recipe) -> Recipe:
        share = recipe.knobs.validation or Recipe().knobs.validation
        return recipe.with_knobs(patience=patience, epochs=epochs, validation=share)

    return change


def _batches(size: int) -> Callable[[Recipe], Recipe]:
    return lambda recipe: recipe.with_shape(batch_size=size)


def _depth(layers: int) -> Callable[[Recipe], Recipe]:
    def change(recipe: Recipe) -> Recipe:
        widest = max(recipe.shape.hidden, default=64)
        return recipe.with_shape(hidden=(widest,) * layers)

    return change


def _width(units: int) -> Callable[[Recipe], Recipe]:
    def change(recipe: Recipe) -> Recipe:
        return recipe.with_shape(hidden=(units,) * max(len(recipe.shape.hidden), 1))

    return change


_DROPOUT = "Srivastava et al. 2014, Dropout, section 7 and appendix A.4"
_NORM = "Ioffe & Szegedy 2015, Batch normalization, section 3"
_BATCH = "Masters & Luschi 2018, Revisiting small batch training, section 5"
_RATE = "Bengio 2012, Practical recommendations, section 3.1.1"

CATALOGUE: tuple[Improvement, ...] = (
    Improvement(
        "dropout 0.5",
        "dropout",
        _knobs(dropout=0.5),
        "Units that cannot rely on one another generalise better.",
        _DROPOUT,
    ),
    Improvement(
        "early stopping",
        "early stopping",
        _stopping(5.0, epochs=200),
        "Stop when the validation loss no longer falls, and take the best weights.",
        "Prechelt 1998, Early stopping, but when?, section 2",
    ),
    Improvement(
        "learning rate x3",
        "learning rate",
        _faster(3.0),
        "Larger steps reach a better place in the same number of epochs.",
        _RATE,
    ),
    Improvement(
        "width 256",
        "width",
        _width(256),
        "Wide networks on bags of words beat deeper and fancier ones.",
        "Galke & Scherp 2022, Bag-of-words vs. graph vs. sequence, section 4",
    ),
    Improvement(
        "batch size 64",
        "batch size",
        _batches(64),
        "Less noise in each gradient, fewer steps.",
        _BATCH,
    ),
    Improvement(
        "batch norm before",
        "batch norm",
        _knobs(batch_norm="before"),
        "Normalised sums before the activation train faster and generalise better.",
        _NORM,
    ),
    Improvement(
        "batch norm after",
        "batch norm",
        _knobs(batch_norm="after"),
        "Normalising what the activation gives out, as a layer of its own.",
        "Chollet 2021, Deep learning with Python, section 9.3.3",
    ),
    Improvement(
        "dropout 0.2",
        "dropout",
        _knobs(dropout=0.2),
        "A milder dropout keeps more of a small network.",
        _DROPOUT,
    ),
    Improvement(
        "learning rate /3",
        "learning rate",
        _faster(1 / 3),
        "Smaller steps end nearer to a minimum.",
        _RATE,
    ),
    Improvement(
        "RMSprop",
        "optimiser",
        _optimiser("rmsprop", learning_rate=0.001, momentum=0.0),
        "Steps scaled by recent gradients, without Adam's momentum.",
        "Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6.5",
    ),
    Improvement(
        "SGD with momentum",
        "optimiser",
        _optimiser("sgd", learning_rate=0.1, momentum=0.9),
        "Plain steps with momentum find flatter minima than adaptive ones.",
        "Sutskever et al. 2013, On the importance of initialization and momentum, section 2",
    ),
    Improvement(
        "Adam",
        "optimiser",
        _optimiser("adam", learning_rate=0.001, momentum=0.0),
        "Steps scaled by the moments of the gradient need little tuning.",
        "Kingma & Ba 2015, Adam, algorithm 1",
    ),
    Improvement(
        "tanh",
        "activation",
        _knobs(activation="tanh"),
        "A bounded, centred activation suits small networks.",
        "LeCun et al. 1998, Efficient BackProp, section 4.4",
    ),
    Improvement(
        "leaky ReLU",
        "activation",
        _knobs(activation="leaky_relu", slope=0.3),
        "A slope below zero keeps units from dying.",
        "Maas et al. 2013, Rectifier nonlinearities, section 2",
    ),
    Improvement(
        "ELU",
        "activation",
        _knobs(activation="elu"),
        "Negative values push mean activations towards zero.",
        "Clevert et al. 2016, Exponential linear units, section 3",
    ),
    Improvement(
        "SELU",
        "activation",
        _knobs(activation="selu", initialiser="lecun_normal"),
        "Activations that normalise themselves (with LeCun normal weights).",
        "Klambauer et al. 2017, Self-normalizing neural networks, section 2",
    ),
    Improvement(
        "batch size 16",
        "batch size",
        _batches(16),
        "More steps an epoch, and noise that keeps out of sharp minima.",
        _BATCH,
    ),
    Improvement(
        "batch size 128",
        "batch size",
        _batches(128),
        "Four times fewer steps an epoch.",
        _BATCH,
    ),
    Improvement(
        "Glorot normal",
        "initialiser",
        _knobs(initialiser="glorot_normal"),
        "First weights from a normal distribution of Glorot's variance.",
        "Glorot & Bengio 2010, Understanding the difficulty of training, section 4.2.1",
    ),
    Improvement(
        "He normal",
        "initialiser",
        _knobs(initialiser="he_normal"),
        "Twice the variance, because ReLU drops half of it.",
        "He et al. 2015, Delving deep into rectifiers, section 2.2",
    ),
    Improvement(
        "depth 2",
        "depth",
        _depth(2),
        "A second hidden layer combines what the first has found.",
        "Goodfellow et al. 2016, Deep learning, section 6.4.1",
    ),
    Improvement(
        "depth 3",
        "depth",
        _depth(3),
        "A third hidden layer, for yet more abstract combinations.",
        "Goodfellow et al. 2016, Deep learning, section 6.4.1",
    ),
    Improvement(
        "L2 1e-4",
        "penalty",
        _knobs(l2=1e-4),
        "Small weights generalise better.",
        "Krogh & Hertz 1992, A simple weight decay can improve generalization, section 2",
    ),
    Improvement(
        "L1 1e-5",
        "penalty",
        _knobs(l1=1e-5),
        "Weights that are not needed become zero.",
        "Tibshirani 1996, Regression shrinkage and selection via the lasso, section 2",
    ),
    Improvement(
        "batch size 8",
        "batch size",
        _batches(8),
        "The smallest batches that still keep a processor busy.",
        _BATCH,
    ),
)


def chosen(names: list[str] | tuple[str, ...] | None = None) -> tuple[Improvement, ...]:
    """Return the named improvements or groups in the catalogue's order; all by default.

    Raises:
        UsageError: a name that is neither an improvement nor a group.
    """
    if not names:
        return CATALOGUE
    known = {i.name for i in CATALOGUE} | {i.group for i in CATALOGUE}
    unknown = [name for name in names if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=1, cutoff=0.5)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(
            f"There is no improvement or group called {listed(unknown)}.{hint} "
            "`textkaizen improvements` lists them."
        )
    return tuple(i for i in CATALOGUE if i.name in names or i.group in names)
