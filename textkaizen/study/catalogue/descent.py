"""Improvements of how a network is trained: how far a step goes, how many, when to stop."""

from __future__ import annotations

import math

from textkaizen.recipe import Recipe
from textkaizen.study.catalogue.entry import Change, Improvement, batches, knobs

MORE_EPOCHS = 10 / 3  # of the baseline's 60: as many as 200 where stopping decides


def _faster(factor: float) -> Change:
    return lambda recipe: recipe.with_knobs(learning_rate=recipe.knobs.learning_rate * factor)


def _optimiser(name: str, **changes) -> Change:
    """Another optimiser with a rate of its own; one that is there keeps the rate found for it."""
    wanted = {"momentum": 0.0, "nesterov": False} | changes
    settings = {key: wanted[key] for key in ("momentum", "nesterov")}

    def change(recipe: Recipe) -> Recipe:
        now = recipe.knobs
        there = {key: getattr(now, key) for key in settings} == settings
        if now.optimiser == name and there:
            return recipe
        # Only AdamW cannot be without decay: what brought decay along takes it away again.
        decay = 0.0 if now.optimiser == "adamw" else now.weight_decay
        return recipe.with_knobs(**({"optimiser": name, "weight_decay": decay} | wanted))

    return change


def _full_batch(recipe: Recipe) -> Recipe:
    """One step an epoch: ten times the rate, or nothing would be learnt in time."""
    if recipe.shape.batch_size == 0:
        return recipe
    rate = recipe.knobs.learning_rate * 10
    return recipe.with_shape(batch_size=0).with_knobs(learning_rate=rate)


def _stopping(patience: float) -> Change:
    """Early stopping with ten thirds of the epochs; without validation texts it gets some."""

    def change(recipe: Recipe) -> Recipe:
        now = recipe.knobs
        stops = now.patience < math.inf
        epochs = now.epochs if stops else math.ceil(now.epochs * MORE_EPOCHS)
        share = now.validation or Recipe().knobs.validation
        return recipe.with_knobs(patience=patience, epochs=epochs, validation=share)

    return change


def _no_validation(recipe: Recipe) -> Recipe:
    """Train on all texts, where nothing watches the ones held back."""
    now = recipe.knobs
    watched = now.patience < math.inf or now.plateau_factor < 1 or now.starts > 1
    return recipe if watched else recipe.with_knobs(validation=0.0)


def _plateau(recipe: Recipe) -> Recipe:
    share = recipe.knobs.validation or Recipe().knobs.validation
    return recipe.with_knobs(plateau_factor=0.5, plateau_patience=3, validation=share)


_BATCH = "Masters & Luschi 2018, Revisiting small batch training, section 5"
_RATE = "Bengio 2012, Practical recommendations, section 3.1.1"
_STOP = "Prechelt 1998, Early stopping, but when?, section 2"
_SUTSKEVER = "Sutskever et al. 2013, On the importance of initialization and momentum, section 2"

STOPPING = (
    Improvement(
        "early stopping",
        "early stopping",
        _stopping(5.0),
        "Stop when the validation loss no longer falls, and take the best weights.",
        _STOP,
    ),
    Improvement(
        "early stopping, patience 1",
        "early stopping",
        _stopping(1.0),
        "Stop at the first epoch that is no better: the shortest recipe of the textbooks.",
        _STOP,
    ),
)

VALIDATION = (
    Improvement(
        "no validation",
        "validation",
        _no_validation,
        "Nothing held back: every text is learnt from.",
        "Goodfellow et al. 2016, Deep learning, section 7.8",
    ),
    Improvement(
        "validation 0.2",
        "validation",
        knobs(validation=0.2),
        "Twice the texts to judge by, fewer to learn from.",
        "Hastie et al. 2009, The elements of statistical learning, section 7.2",
    ),
)

RATES = (
    Improvement(
        "learning rate x3",
        "learning rate",
        _faster(3.0),
        "Larger steps reach a better place in the same number of epochs.",
        _RATE,
    ),
    Improvement(
        "learning rate /3",
        "learning rate",
        _faster(1 / 3),
        "Smaller steps end nearer to a minimum.",
        _RATE,
    ),
    Improvement(
        "learning rate x10",
        "learning rate",
        _faster(10.0),
        "The largest rate that still converges is often the best.",
        _RATE,
    ),
    Improvement(
        "learning rate /10",
        "learning rate",
        _faster(0.1),
        "Steps so small that training stops of itself before it overfits.",
        _RATE,
    ),
)

SCHEDULES = (
    Improvement(
        "cosine schedule",
        "schedule",
        knobs(schedule="cosine"),
        "Large steps first, ever smaller ones to the end.",
        "Loshchilov & Hutter 2017, SGDR, section 3",
    ),
    Improvement(
        "warm-up",
        "schedule",
        knobs(warmup=0.1),
        "A tenth of the steps with a growing rate, until moments are known.",
        "Goyal et al. 2017, Accurate, large minibatch SGD, section 2.2",
    ),
    Improvement(
        "warm-up and cosine",
        "schedule",
        knobs(schedule="cosine", warmup=0.1),
        "Both, as large models are trained today.",
        "Vaswani et al. 2017, Attention is all you need, section 5.3, and SGDR",
    ),
    Improvement(
        "reduce on plateau",
        "schedule",
        _plateau,
        "Half the rate whenever the validation loss has not fallen for three epochs.",
        "Goodfellow et al. 2016, Deep learning, section 8.3.1; Keras' ReduceLROnPlateau",
    ),
)

OPTIMISERS = (
    Improvement(
        "SGD with momentum",
        "optimiser",
        _optimiser("sgd", learning_rate=0.1, momentum=0.9),
        "Plain steps with momentum find flatter minima than adaptive ones.",
        _SUTSKEVER,
    ),
    Improvement(
        "Nesterov",
        "optimiser",
        _optimiser("sgd", learning_rate=0.1, momentum=0.9, nesterov=True),
        "Momentum that looks ahead before it steps.",
        _SUTSKEVER,
    ),
    Improvement(
        "AdamW",
        "optimiser",
        _optimiser("adamw", learning_rate=0.001, weight_decay=0.004),
        "Decay apart from the gradient, as weight decay was meant.",
        "Loshchilov & Hutter 2019, Decoupled weight decay regularization, algorithm 2",
    ),
    Improvement(
        "RMSprop",
        "optimiser",
        _optimiser("rmsprop", learning_rate=0.001),
        "Steps scaled by recent gradients, without Adam's momentum.",
        "Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6.5",
    ),
    Improvement(
        "Adagrad",
        "optimiser",
        _optimiser("adagrad", learning_rate=0.1),
        "Rare features keep large steps: made for sparse texts.",
        "Duchi et al. 2011, Adaptive subgradient methods, section 1.1",
    ),
    Improvement(
        "Adadelta",
        "optimiser",
        _optimiser("adadelta", learning_rate=1.0),
        "No rate to choose: steps are in the units of the weights.",
        "Zeiler 2012, ADADELTA, section 3.2",
    ),
    Improvement(
        "Nadam",
        "optimiser",
        _optimiser("nadam", learning_rate=0.001),
        "Adam with Nesterov's look ahead.",
        "Dozat 2016, Incorporating Nesterov momentum into Adam, algorithm 2",
    ),
    Improvement(
        "SGD",
        "optimiser",
        _optimiser("sgd", learning_rate=0.3),
        "Plain steps down the gradient of each batch.",
        "Robbins & Monro 1951; Bottou 2012, Stochastic gradient descent tricks, section 3",
    ),
    Improvement(
        "Adam",
        "optimiser",
        _optimiser("adam", learning_rate=0.001),
        "Steps scaled by the moments of the gradient need little tuning.",
        "Kingma & Ba 2015, Adam, algorithm 1",
    ),
)

BATCHES = (
    Improvement(
        "batch size 16",
        "batch size",
        batches(16),
        "More steps an epoch, and noise that keeps out of sharp minima.",
        _BATCH,
    ),
    Improvement(
        "batch size 64",
        "batch size",
        batches(64),
        "Less noise in each gradient, fewer steps.",
        _BATCH,
    ),
    Improvement(
        "batch size 8",
        "batch size",
        batches(8),
        "The smallest batches that still keep a processor busy.",
        _BATCH,
    ),
    Improvement(
        "batch size 4",
        "batch size",
        batches(4),
        "The noisiest steps, and the most of them.",
        _BATCH,
    ),
    Improvement(
        "batch size 128",
        "batch size",
        batches(128),
        "Four times fewer steps an epoch.",
        _BATCH,
    ),
    Improvement(
        "batch size 512",
        "batch size",
        batches(512),
        "Sixteen times fewer steps: nearly the gradient of all texts.",
        _BATCH,
    ),
    Improvement(
        "batch size 2",
        "batch size",
        batches(2),
        "Two texts a step: hardly more than one text's gradient.",
        _BATCH,
    ),
    Improvement(
        "batch size 1",
        "batch size",
        batches(1),
        "Stochastic descent in the strict sense: a step for every text.",
        "Bottou 2012, Stochastic gradient descent tricks, section 2",
    ),
    Improvement(
        "full batch",
        "batch size",
        _full_batch,
        "The exact gradient of all texts, one step an epoch (with ten times the rate).",
        "Goodfellow et al. 2016, Deep learning, section 8.1.3",
    ),
)
