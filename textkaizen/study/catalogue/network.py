"""Improvements of the network itself: how many units, what they compute, what they begin with."""

from __future__ import annotations

from textkaizen.recipe import Recipe, layerwise
from textkaizen.study.catalogue.entry import Change, Improvement, hidden_knobs, knobs

MASKS = 30  # of Monte-Carlo dropout: the average moves little after some dozens


def _depth(layers: int) -> Change:
    def change(recipe: Recipe) -> Recipe:
        widest = max(recipe.shape.hidden, default=64)
        return recipe.with_shape(hidden=(widest,) * layers)

    return change


def _no_hidden_layer(recipe: Recipe) -> Recipe:
    """A linear model; without a layer to multiply its steps it needs ten times the rate."""
    if not recipe.shape.hidden:
        return recipe
    faster = recipe.knobs.learning_rate * 10
    return recipe.with_shape(hidden=()).with_knobs(learning_rate=faster)


def _width(units: int) -> Change:
    def change(recipe: Recipe) -> Recipe:
        return recipe.with_shape(hidden=(units,) * max(len(recipe.shape.hidden), 1))

    return change


def _monte_carlo(recipe: Recipe) -> Recipe:
    """Average over masks; a recipe without dropout gets it."""
    if not recipe.shape.hidden:
        return recipe
    rate = recipe.knobs.dropout if any(layerwise(recipe.knobs.dropout, 1)) else 0.5
    return recipe.with_knobs(dropout=rate, monte_carlo=MASKS)


def _activation(name: str, **changes) -> Change:
    """Another activation; what SELU brought along for itself goes with it."""

    def change(recipe: Recipe) -> Recipe:
        now, wanted = recipe.knobs, dict(changes)
        if not recipe.shape.hidden:
            return recipe
        if name != "selu":
            wanted["dropout_kind"] = "standard"
            if now.activation == "selu" and now.initialiser == "lecun_normal":
                wanted.setdefault("initialiser", Recipe().knobs.initialiser)
        return recipe.with_knobs(activation=name, **wanted)

    return change


def _alpha_dropout(recipe: Recipe) -> Recipe:
    """SELU as its authors use it: LeCun normal weights, and a dropout that keeps it normal."""
    rates = layerwise(recipe.knobs.dropout, 1)
    rate = recipe.knobs.dropout if any(rates) else 0.1
    change = _activation("selu", initialiser="lecun_normal", dropout=rate, dropout_kind="alpha")
    return change(recipe)


_DROPOUT = "Srivastava et al. 2014, Dropout, section 7 and appendix A.4"
_DEPTH = "Goodfellow et al. 2016, Deep learning, section 6.4.1"
_GLOROT = "Glorot & Bengio 2010, Understanding the difficulty of training, section 4.2.1"
_HE = "He et al. 2015, Delving deep into rectifiers, section 2.2"
_LECUN = "LeCun et al. 1998, Efficient BackProp, section 4.6"
_OWN = "Krizhevsky et al. 2012, ImageNet classification, section 5 (a spread chosen by hand)"
_SELU = "Klambauer et al. 2017, Self-normalizing neural networks, section 2"

DROPOUTS = (
    Improvement(
        "dropout 0.5",
        "dropout",
        hidden_knobs(dropout=0.5),
        "Units that cannot rely on one another generalise better.",
        _DROPOUT,
    ),
    Improvement(
        "dropout 0.2",
        "dropout",
        hidden_knobs(dropout=0.2),
        "A milder dropout keeps more of a small network.",
        _DROPOUT,
    ),
    Improvement(
        "input dropout 0.2",
        "dropout",
        knobs(input_dropout=0.2),
        "A fifth of a text's features missing: no single word may decide.",
        "Iyyer et al. 2015, Deep unordered composition, section 3.1",
    ),
    Improvement(
        "Monte-Carlo dropout",
        "dropout",
        _monte_carlo,
        f"Dropout at prediction too, averaged over {MASKS} masks: the ensemble made visible.",
        "Gal & Ghahramani 2016, Dropout as a Bayesian approximation, section 3",
    ),
)

NORMS = (
    Improvement(
        "batch norm before",
        "batch norm",
        hidden_knobs(batch_norm="before"),
        "Normalised sums before the activation train faster and generalise better.",
        "Ioffe & Szegedy 2015, Batch normalization, section 3",
    ),
    Improvement(
        "batch norm after",
        "batch norm",
        hidden_knobs(batch_norm="after"),
        "Normalising what the activation gives out, as a layer of its own.",
        "Mishkin et al. 2017, Systematic evaluation of CNN advances on the ImageNet (batch norm)",
    ),
)

SIZES = (
    Improvement(
        "width 128",
        "width",
        _width(128),
        "Twice the units, for finer distinctions.",
        "Galke & Scherp 2022, Bag-of-words vs. graph vs. sequence, section 4",
    ),
    Improvement(
        "width 256",
        "width",
        _width(256),
        "Wide networks on bags of words beat deeper and fancier ones.",
        "Galke & Scherp 2022, Bag-of-words vs. graph vs. sequence, section 4",
    ),
    Improvement(
        "no hidden layer",
        "depth",
        _no_hidden_layer,
        "A linear model by the same loop (with ten times the rate): often all that bags need.",
        "Joulin et al. 2017, Bag of tricks for efficient text classification, section 2",
    ),
    Improvement(
        "depth 2",
        "depth",
        _depth(2),
        "A second hidden layer combines what the first has found.",
        _DEPTH,
    ),
    Improvement(
        "depth 3",
        "depth",
        _depth(3),
        "A third hidden layer, for yet more abstract combinations.",
        _DEPTH,
    ),
)

ACTIVATIONS = (
    Improvement(
        "tanh",
        "activation",
        _activation("tanh", initialiser="glorot_uniform"),
        "A bounded, centred activation suits small networks (with Glorot weights).",
        "LeCun et al. 1998, Efficient BackProp, section 4.4",
    ),
    Improvement(
        "leaky ReLU",
        "activation",
        _activation("leaky_relu", slope=0.3),
        "A slope below zero keeps units from dying.",
        "Maas et al. 2013, Rectifier nonlinearities, section 2",
    ),
    Improvement(
        "ELU",
        "activation",
        _activation("elu"),
        "Negative values push mean activations towards zero.",
        "Clevert et al. 2016, Exponential linear units, section 3",
    ),
    Improvement(
        "GELU",
        "activation",
        _activation("gelu"),
        "A smooth ReLU that weighs its input by how likely it is to be larger than others.",
        "Hendrycks & Gimpel 2016, Gaussian error linear units, section 2",
    ),
    Improvement(
        "SELU",
        "activation",
        _activation("selu", initialiser="lecun_normal"),
        "Activations that normalise themselves (with LeCun normal weights).",
        _SELU,
    ),
    Improvement(
        "SELU, alpha dropout",
        "activation",
        _alpha_dropout,
        "SELU with the dropout that keeps its mean and variance.",
        "Klambauer et al. 2017, Self-normalizing neural networks, section 2, new dropout technique",
    ),
    Improvement(
        "sigmoid",
        "activation",
        _activation("sigmoid", initialiser="glorot_uniform"),
        "The textbooks' first activation (with Glorot weights).",
        "Rumelhart et al. 1986, Learning representations by back-propagating errors",
    ),
)

INITIALISERS = (
    Improvement(
        "Glorot normal",
        "initialiser",
        knobs(initialiser="glorot_normal"),
        "First weights from a normal distribution of Glorot's variance.",
        _GLOROT,
    ),
    Improvement(
        "He uniform",
        "initialiser",
        knobs(initialiser="he_uniform"),
        "Twice the variance, because ReLU drops half of it; evenly spread.",
        _HE,
    ),
    Improvement(
        "He normal",
        "initialiser",
        knobs(initialiser="he_normal"),
        "Twice the variance, because ReLU drops half of it.",
        _HE,
    ),
    Improvement(
        "LeCun normal",
        "initialiser",
        knobs(initialiser="lecun_normal"),
        "A variance of one over the inputs keeps sums at one.",
        _LECUN,
    ),
    Improvement(
        "orthogonal",
        "initialiser",
        knobs(initialiser="orthogonal"),
        "Columns at right angles: no two units begin alike.",
        "Saxe et al. 2014, Exact solutions to the nonlinear dynamics of learning, section 3",
    ),
    Improvement(
        "normal 0.05",
        "initialiser",
        knobs(initialiser="normal", initialiser_mean=0.0, initialiser_spread=0.05),
        "A normal distribution of one's own, the same for every layer.",
        _OWN,
    ),
    Improvement(
        "uniform 0.05",
        "initialiser",
        knobs(initialiser="uniform", initialiser_mean=0.0, initialiser_spread=0.05),
        "A uniform distribution of one's own: from -0.05 to 0.05.",
        _OWN,
    ),
    Improvement(
        "truncated normal 0.05",
        "initialiser",
        knobs(initialiser="truncated_normal", initialiser_mean=0.0, initialiser_spread=0.05),
        "A normal distribution of one's own without its tails.",
        _OWN,
    ),
)
