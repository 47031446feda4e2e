"""Improvements against overfitting, and what goes beyond one network trained once."""

from __future__ import annotations

from textkaizen.recipe import Recipe
from textkaizen.study.catalogue.entry import Improvement, knobs


def _starts(recipe: Recipe) -> Recipe:
    share = recipe.knobs.validation or Recipe().knobs.validation
    return recipe.with_knobs(starts=3, validation=share)


PENALTIES = (
    Improvement(
        "L2 1e-4",
        "penalty",
        knobs(l2=1e-4),
        "Small weights generalise better.",
        "Krogh & Hertz 1992, A simple weight decay can improve generalization, section 2",
    ),
    Improvement(
        "L1 1e-5",
        "penalty",
        knobs(l1=1e-5),
        "Weights that are not needed become zero.",
        "Tibshirani 1996, Regression shrinkage and selection via the lasso, section 2",
    ),
    Improvement(
        "L-infinity 0.01",
        "penalty",
        knobs(linf=0.01),
        "No weight may stand out: the largest one is what costs.",
        "Boyd & Vandenberghe 2004, Convex optimization, sections 3.1.5 and 6.3.2",
    ),
    Improvement(
        "max-norm 3",
        "penalty",
        knobs(max_norm=3.0),
        "A unit's incoming weights stay within a ball, however large the rate.",
        "Srivastava et al. 2014, Dropout, section 5.1",
    ),
)

LOSSES = (
    Improvement(
        "squared error",
        "loss",
        knobs(loss="squared_error"),
        "What is wrong for sure counts less than by cross-entropy.",
        "Hui & Belkin 2021, Evaluation of neural architectures with square loss, section 3",
    ),
    Improvement(
        "hinge loss",
        "loss",
        knobs(loss="hinge"),
        "Texts beyond the margin no longer count, as in an SVM.",
        "Crammer & Singer 2001, Multiclass kernel-based vector machines, section 3",
    ),
    Improvement(
        "focal loss",
        "loss",
        knobs(loss="focal", focal_gamma=2.0),
        "What is easy counts less, what is hard remains.",
        "Lin et al. 2017, Focal loss for dense object detection, section 3.2",
    ),
)

BEYOND = (
    Improvement(
        "label smoothing 0.1",
        "label smoothing",
        knobs(label_smoothing=0.1),
        "A target that is never quite certain keeps logits small.",
        "Szegedy et al. 2016, Rethinking the inception architecture, section 7",
    ),
    Improvement(
        "mixup 0.2",
        "mixup",
        knobs(mixup=0.2),
        "Between two texts the answer changes evenly.",
        "Zhang et al. 2018, mixup: beyond empirical risk minimization, section 2",
    ),
    Improvement(
        "weight averaging",
        "weight averaging",
        knobs(average=0.99),
        "The moving average of the weights lies nearer to the middle of a minimum.",
        "Polyak & Juditsky 1992; Izmailov et al. 2018, Averaging weights, section 3",
    ),
    Improvement(
        "class weights",
        "class weights",
        knobs(class_weights="balanced"),
        "Every class counts the same, however few its texts.",
        "King & Zeng 2001, Logistic regression in rare events data, section 4",
    ),
    Improvement(
        "gradient clipping 1",
        "gradient clipping",
        knobs(clip_norm=1.0),
        "No single batch may throw the weights far.",
        "Pascanu et al. 2013, On the difficulty of training recurrent networks, section 3.2",
    ),
    Improvement(
        "input noise 0.1",
        "input noise",
        knobs(input_noise=0.1),
        "Features a little off teach the network not to trust their exact value.",
        "Bishop 1995, Training with noise is equivalent to Tikhonov regularization, section 2",
    ),
    Improvement(
        "best of 3 starts",
        "starts",
        _starts,
        "Different first weights end in different minima: take the best by validation.",
        "Goodfellow et al. 2016, Deep learning, section 8.2.2",
    ),
    Improvement(
        "ensemble of 3",
        "ensemble",
        knobs(ensemble=3),
        "Three networks seldom make the same mistake.",
        "Hansen & Salamon 1990, Neural network ensembles, section III",
    ),
)
