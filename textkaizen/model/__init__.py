"""A model: text rules, labels and weights, all that is needed to label a text, and nothing more.

A model is the same thing whichever way it was made: a linear model (naive Bayes, too) is a network
without a hidden layer; a classical classifier that is none stands in the network's place. It
predicts with NumPy alone; the training code (JAX, scikit-learn) is imported only by the
functions that train. It knows nothing of files.

Rejected: a class for each kind of model (five places would ask which it is), a compiled prediction
(see `nets/plain.py`).
"""

from textkaizen.model.labelling import KINDS, Model
from textkaizen.model.learning import (
    learn_classifier,
    learn_linear,
    learn_model,
    require_savable,
)

__all__ = ["KINDS", "Model", "learn_classifier", "learn_linear", "learn_model", "require_savable"]
