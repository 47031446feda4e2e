"""What a lane looked like while it learnt: the numbers behind every sentence that says why.

One lane a seed is looked at, on some hundred of its texts, when it has been trained: no epoch
costs more for it. What does not apply, or has become infinite, is left out.

    of every network         right  train_right  train_loss  gap  texts  steps  diverged  weights
                             largest_weight
    of its epochs            epochs  epochs_allowed  kept_epoch  falling
    with a validation share  lowest_epoch  risen  val_falling  held  held_right  sure
    with hidden layers       dead  moving  directions  units  dead_1 ...  scale_1 ...
    and of each layer        gradient_1 ... gradient_last
    two and more layers      gradient_ratio, two and more hidden: scale_ratio
    several in one           alone  together  networks  masks
    several starts           starts  start_best  start_worst
"""

from __future__ import annotations

import math

import numpy as np

from textkaizen.data import hold_out
from textkaizen.nets.plain import Network, log_softmax, logits, softmax
from textkaizen.train.inspect import look_inside
from textkaizen.train.lanes import Lane, TrainedLane

SAMPLE = 512  # training texts that are looked at: a share of them is known to 4 points at worst
TENTH = 0.1  # of the epochs, the last: whether a loss still falls there


def observed(trained: TrainedLane, lane: Lane, right: float) -> dict[str, float]:
    """Return what was seen of a training, by name; shares are from 0 to 1.

    right, train_right: share answered rightly of the texts of its fold, and of its own.
    gap: the second minus the first.
    train_loss: cross-entropy over its own texts, whatever loss it was trained for.
    texts, steps: that it learnt from, and that it took.
    diverged: 1 where a loss or a weight was no number any more, else 0; diverged_epoch: the first.
    weights, largest_weight: length of all weights together, and the largest of them.
    epochs, epochs_allowed, kept_epoch: trained, allowed, and the one whose weights it has.
    falling, val_falling: how much of all that the training or validation loss fell, it fell over
    the last tenth of the epochs; of a steady fall a tenth.
    lowest_epoch, risen: of the lowest validation loss; the last one divided by it, >= 1.
    held, held_right, sure: how many texts were held back, share of them answered rightly, mean
    probability of these answers.
    dead, moving, units: of all hidden layers, see `train.inspect.Inside`; directions: of the last.
    dead_1, scale_1 ...: of each hidden layer; scale_ratio: of the last to the first.
    gradient_1 ... gradient_last: of each layer; gradient_ratio: of the first to the last.
    alone, together: share of held-back texts answered rightly by one network with all its units,
    on the average, and by all networks and masks; networks, masks: how many.
    starts, start_best, start_worst: how many, and the monitor at the kept epoch.

    Args:
        trained: the lane's network and history; of an ensemble the first member's epochs.
        lane: what it was made of.
        right: share of the texts of its fold that it answers rightly, 0 to 1.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        held = _held(lane)
        learnt, back = np.flatnonzero(~held), np.flatnonzero(held)
        facts = {"right": right, **_of_epochs(trained, lane, len(learnt))}
        sample = learnt[np.linspace(0, len(learnt) - 1, min(len(learnt), SAMPLE)).astype(int)]
        facts |= _of_answers(trained, lane, sample, back)
        facts["gap"] = facts["train_right"] - right
        facts |= _of_weights(trained)
        if len(trained.networks) == 1:
            facts |= _of_layers(trained.network, lane, sample)
        facts |= _of_starts(trained, lane)
    facts["diverged"] = float(not _finite(trained))
    return {name: float(value) for name, value in facts.items() if math.isfinite(value)}


def _held(lane: Lane) -> np.ndarray:
    """Which texts training has held back, as `train.lanes` draws them, bool [texts]."""
    share, labels = lane.recipe.knobs.validation, np.asarray(lane.labels)
    if not share:
        return np.zeros(len(labels), bool)
    units = np.arange(len(labels)) if lane.units is None else lane.units
    return hold_out(labels.tolist(), units, share, lane.seed)


def _finite(trained: TrainedLane) -> bool:
    """Whether losses and weights are numbers, all of them."""
    losses = [value for name in ("loss", "val_loss") for value in trained.history.get(name, [])]
    kernels = [kernel for network in trained.networks for kernel in network.kernels]
    return all(map(math.isfinite, losses)) and all(np.isfinite(k).all() for k in kernels)


def _of_epochs(trained: TrainedLane, lane: Lane, texts: int) -> dict[str, float]:
    """How long it was trained, and how the losses went."""
    knobs, size = lane.recipe.knobs, lane.recipe.shape.batch_size or texts
    losses = trained.history.get("loss", [])
    facts: dict[str, float] = {
        "texts": texts,
        "epochs": len(losses),
        "epochs_allowed": knobs.epochs,
        "kept_epoch": trained.best_epoch,
        "steps": len(losses) * math.ceil(texts / size),
        "falling": _falling(losses),
    }
    broken = [number for number, loss in enumerate(losses, 1) if not math.isfinite(loss)]
    if broken:
        facts["diverged_epoch"] = broken[0]
    values = trained.history.get("val_loss", [])
    known = [value for value in values if math.isfinite(value)]
    if known:
        facts["lowest_epoch"] = values.index(min(known)) + 1
        facts["val_falling"] = _falling(values)
        if min(known) > 0:
            facts["risen"] = values[-1] / min(known)
    return facts


def _falling(losses: list[float]) -> float:
    """Which share of its whole fall a loss fell over the last tenth; below 0 where it rose.

    Example:
        >>> _falling([4.0, 3.0, 2.5, 2.0])
        0.25
    """
    back = max(round(len(losses) * TENTH), 1)
    if len(losses) <= back or not losses[0] > losses[-1]:
        return math.nan
    return (losses[-1 - back] - losses[-1]) / (losses[0] - losses[-1])


def _of_answers(
    trained: TrainedLane, lane: Lane, sample: np.ndarray, back: np.ndarray
) -> dict[str, float]:
    """What it answers to texts it has learnt from, and to those held back."""
    knobs, labels = lane.recipe.knobs, np.asarray(lane.labels)
    found = trained.logits(knobs, lane.bags[sample])
    own = log_softmax(found)[np.arange(len(sample)), labels[sample]]
    facts = {
        "train_right": float((found.argmax(1) == labels[sample]).mean()),
        "train_loss": -float(own.mean()),
    }
    if not len(back):
        return facts
    bags = lane.bags[back]
    together = trained.logits(knobs, bags)
    held_right = float((together.argmax(1) == labels[back]).mean())
    sure = float(softmax(together).max(1).mean())
    facts |= {"held": len(back), "held_right": held_right, "sure": sure}
    if len(trained.networks) > 1 or knobs.monte_carlo:
        alone = [logits(network, bags).argmax(1) == labels[back] for network in trained.networks]
        facts |= {"alone": float(np.mean(alone)), "together": held_right}
        facts |= {"networks": len(trained.networks), "masks": knobs.monte_carlo}
    return facts


def _of_weights(trained: TrainedLane) -> dict[str, float]:
    """How large its weights have become; of an ensemble the first member's."""
    kernels = [kernel for kernel in trained.network.kernels if kernel.size]
    lengths = [float(np.linalg.norm(kernel)) for kernel in kernels]
    largest = [float(max(kernel.max(), -kernel.min())) for kernel in kernels]
    return {"weights": math.hypot(*lengths), "largest_weight": max(largest, default=0.0)}


def _of_layers(network: Network, lane: Lane, sample: np.ndarray) -> dict[str, float]:
    """What goes on inside, layer by layer."""
    inside = look_inside(network, lane.bags[sample], np.asarray(lane.labels)[sample])
    *inner, last = inside.gradients
    facts = {f"gradient_{number}": length for number, length in enumerate(inner, 1)}
    facts["gradient_last"] = last
    if inner and last > 0:
        facts["gradient_ratio"] = inner[0] / last
    widths = [kernel.shape[1] for kernel in network.kernels[:-1]]
    if not widths:
        return facts
    for number, (dead, scale) in enumerate(zip(inside.dead, inside.scales, strict=True), 1):
        facts |= {f"dead_{number}": dead, f"scale_{number}": scale}
    if len(widths) > 1 and inside.scales[0] > 0:
        facts["scale_ratio"] = inside.scales[-1] / inside.scales[0]
    return facts | {
        "dead": float(np.average(inside.dead, weights=widths)),
        "moving": float(np.average(inside.moving, weights=widths)),
        "directions": inside.directions[-1],
        "units": sum(widths),
    }


def _of_starts(trained: TrainedLane, lane: Lane) -> dict[str, float]:
    """Where several starts ended; those of an ensemble's members together."""
    knobs = lane.recipe.knobs
    values = [value for value in trained.starts if math.isfinite(value)]
    if knobs.starts < 2 or len(values) < 2:
        return {}
    ends = (min(values), max(values))
    best, worst = ends if knobs.monitor == "val_loss" else ends[::-1]
    return {"starts": len(values), "start_best": best, "start_worst": worst}
