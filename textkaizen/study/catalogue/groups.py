"""Of each group of improvements: why these values, what off is, what it clashes with."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """What is said of a group in the docs.

    Args:
        values: which values are tried, and why these.
        off: the value that changes nothing.
        clashes: what it does not go together with; "" when nothing is known.
    """

    values: str
    off: str
    clashes: str = ""


GROUPS: dict[str, Group] = {
    "activation": Group(
        "Each activation with the first weights that it was made for: Glorot for tanh and sigmoid, "
        "LeCun normal for SELU; leaky ReLU with the slope 0.3 that Keras long had.",
        "`activation: relu`, the baseline's",
        "SELU without LeCun normal weights does not normalise itself, nor with standard dropout "
        "(alpha dropout keeps its mean and variance); sigmoid in deep networks (gradients vanish).",
    ),
    "batch norm": Group(
        "Before the activation, as in the paper, and as a layer after it, as textbooks have it.",
        "`batch_norm: none`",
        "Dropout before batch norm: the variance in training is not that of prediction (Li et al. "
        "2019). Very small batches, whose mean is noise. L2 has no effect on what is normalised.",
    ),
    "batch size": Group(
        "Powers of two, densely where batches are small (1, 2, 4, 8, 16) and sparsely where they "
        "are large (64, 128, 512, all texts): the number of steps is what differs. Sizes above the "
        "number of texts are left out.",
        "`batch_size: 32`, the baseline's",
        "A large batch at the rate of a small one takes too few steps; batch norm with 4 texts.",
    ),
    "class weights": Group(
        "Balanced: a class counts in inverse proportion to its texts.",
        "`class_weights: none`",
        "Where classes are balanced it changes nothing.",
    ),
    "depth": Group(
        "None, two and three hidden layers, all as wide as the widest; a linear model with ten "
        "times the rate, since no second layer multiplies its steps.",
        "`hidden: [64]`, one layer",
        "Deeper networks want batch norm or a smaller rate.",
    ),
    "dropout": Group(
        "0.5, the authors' own, and 0.2 for small networks; 0.2 for the features themselves; the "
        "average over masks brings dropout 0.5 along where there is none, so its verdict is that "
        "of both (`textkaizen evaluate` with `--monte-carlo` tells the average apart).",
        "`dropout: 0`, `input_dropout: 0`, `monte_carlo: 0`",
        "Batch norm after it in the same network; narrow layers, of which half is little.",
    ),
    "early stopping": Group(
        "Patience 5 with up to 200 epochs (ten thirds of the baseline's), as many as are needed, "
        "and the textbook's patience 1.",
        "`patience: null`, all epochs are trained",
        "A validation share that is small or taken from sorted rows; a schedule that counts on all "
        "epochs being trained.",
    ),
    "ensemble": Group(
        "Three: most of the gain, three times the cost.",
        "`ensemble: 1`",
    ),
    "gradient clipping": Group(
        "A length of 1 for all gradients together, Keras' `global_clipnorm`.",
        "`clip_norm: null`",
        "Adaptive optimisers scale gradients anyway: there it changes little.",
    ),
    "initialiser": Group(
        "Each family once in the form that its authors give, and three distributions of one's own "
        "with Keras' default spread of 0.05.",
        "`initialiser: glorot_uniform`, the baseline's",
        "He is made for ReLU, LeCun for SELU, Glorot for tanh and sigmoid.",
    ),
    "input noise": Group(
        "A standard deviation of 0.1, about a third of a feature's usual weight; non-zeros only.",
        "`input_noise: 0`",
    ),
    "label smoothing": Group(
        "0.1, the authors' value.",
        "`label_smoothing: 0`",
        "Mixup softens targets, too; hinge loss has no use for soft targets.",
    ),
    "learning rate": Group(
        "Three and ten times more and less, a log scale; `textkaizen rates` draws the whole curve.",
        "`learning_rate: 0.001`, the baseline's for Adam",
        "Every optimiser has its own: one that comes with another rate keeps that.",
    ),
    "loss": Group(
        "The three that are used in the place of cross-entropy; gamma 2 as its authors found best.",
        "`loss: cross_entropy`",
        "Probabilities after hinge loss are not calibrated; focal loss makes them too modest.",
    ),
    "mixup": Group(
        "Alpha 0.2, from the middle of what the authors recommend (0.1 to 0.4).",
        "`mixup: 0`",
        "Label smoothing; very few texts of a class.",
    ),
    "network": Group(
        "Each kind of network that reads words in their order, at about the size that its authors "
        "give for short texts and a laptop can train; what belongs to such a network only (dropout "
        "of embeddings, wider windows, other pooling) is tried where the recipe has one.",
        "`encoder: bag`, the baseline's",
        "They take 2 to 50 times as long as a bag, so a study comes to them when time is left. "
        "What is counted (n-grams, weights, selections) is nothing to them.",
    ),
    "optimiser": Group(
        "Each with a rate of its own, since none is the best at another's.",
        "`optimiser: adam`, the baseline's",
        "L2 with an adaptive optimiser shrinks rarely used weights less than others: decoupled "
        "decay (AdamW) is what was meant.",
    ),
    "penalty": Group(
        "L2 and L1 so small that the penalty of first weights is below the loss; L-infinity acts "
        "on one weight at a time and may be larger; max-norm 3 from the paper (3 to 4).",
        "`l1: 0`, `l2: 0`, `linf: 0`, `max_norm: null`",
        "L2 with Adam against decoupled decay (see optimiser); batch norm undoes L2.",
    ),
    "schedule": Group(
        "Cosine to zero at the last epoch; a tenth of the steps to warm up; half the rate after "
        "three epochs on a plateau (Keras: a tenth after ten).",
        "`schedule: constant`, `warmup: 0`, `plateau_factor: 1`",
        "Early stopping ends training before a cosine has come down.",
    ),
    "starts": Group(
        "Three: local optima are real, and the best of n grows slowly with n.",
        "`starts: 1`",
        "A small validation share: the best of three by it is the luckiest.",
    ),
    "text": Group(
        "Analysers, runs of words and of characters, weights, selections and reductions, each with "
        "the setting its authors give, and the vectors of a frozen sentence encoder. Those of a "
        "language are tried where at least a tenth of the texts are in it, and where its analyser "
        "(or the encoder) is installed.",
        "`textkaizen recipe --show` prints the baseline's rules",
        "Two analysers at once: the later one is used. Reduced features train slower than sparse "
        "ones where texts are short.",
    ),
    "validation": Group(
        "None, so that all texts are learnt from, and twice the baseline's share.",
        "`validation: 0.1`, the baseline's",
        "Without a share there is no early stopping, no plateau and no choice among starts.",
    ),
    "weight averaging": Group(
        "0.99, Keras' `ema_momentum`: an average over about the last hundred steps.",
        "`average: 0`",
        "Batch norm, whose statistics belong to the weights that were not averaged.",
    ),
    "width": Group(
        "Twice and four times the baseline's units.",
        "`hidden: [64]`, the baseline's",
    ),
}
