"""What can be said of two trainings side by side, each remark with its numbers.

A remark is a function of a `Pair` that returns a `Line`, or None where nothing counts. The words
stay with what was measured: whether it is the cause of a verdict is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textkaizen.study.pairs import LEAST, Facts, Pair

RISEN = 1.05  # times its lowest: a validation loss that ends above that tells of overfitting
LAST = 0.9  # of the epochs: a validation loss lowest after it may have gone on to fall
LEAST_LOSS = 0.01  # training losses below it are all the same


class Line(NamedTuple):
    """Something to be said: its words, and whether it speaks for (1) or against (-1) a change."""

    words: str
    tone: int = 0


def per_cent(share: float) -> str:
    """Word a share: "98 %", and never "0 %" of what is more than nothing.

    Example:
        >>> per_cent(0.984), per_cent(0.0031), per_cent(0.0), per_cent(0.00002)
        ('98 %', '0.3 %', '0 %', 'under 0.1 %')
    """
    if 0 < abs(share) < 0.0005:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if 0 < abs(share) < 0.01 else f"{100 * share:.0f} %"


def shares(facts: Facts) -> tuple[str, str]:
    """Word the shares of training texts and of others that are answered rightly."""
    return (
        f"{per_cent(facts['train_right'])} of its training texts right",
        f"{per_cent(facts['right'])} of the others",
    )


def above(facts: Facts) -> str:
    """Word by how much a validation loss ends above its lowest."""
    return per_cent(facts["risen"] - 1)


def networks(count: int) -> str:
    """Word how many networks there are."""
    return f"{count} network{'' if count == 1 else 's'}"


def still_falling(facts: Facts) -> str | None:
    """Say how much a loss still fell when training ended; None where training had ended.

    Validation losses tell where there are any. What was stopped early had ended.
    """
    name, loss = (
        ("val_falling", "validation") if "val_falling" in facts else ("falling", "training")
    )
    epochs = facts.get("epochs", 0.0)
    if epochs < facts.get("epochs_allowed", epochs) or facts.get(name, 0.0) < LEAST[name]:
        return None
    if name == "val_falling" and facts.get("lowest_epoch", epochs) < LAST * epochs:
        return None
    fell = f"{per_cent(facts[name])} of the fall of its {loss} loss"
    return f"{fell} came in the last tenth of {epochs:.0f} epochs"


def diverged(pair: Pair) -> Line | None:
    """Losses or weights that are no numbers any more."""
    count = len(pair.both)
    base, own = (int(sum(one[side].get("diverged", 0) for one in pair.both)) for side in (0, 1))
    if not base and not own:
        return None
    words = f"training diverged in {own} of {networks(count)} ({base} of {count} before)"
    begun = [facts["diverged_epoch"] for _, facts in pair.both if "diverged_epoch" in facts]
    if begun:
        words += f", in epoch {min(begun):.0f} at the soonest"
    return Line(words, (base > own) - (own > base))


def unfinished(pair: Pair) -> Line | None:
    """A loss that still fell when training ended."""
    name = "val_falling" if pair.has("val_falling") else "falling"
    moved, before, after = pair.moved(name), pair.before, pair.after
    said = still_falling(after if moved > 0 else before)
    if not moved or said is None:
        return None
    if moved > 0:
        return Line(f"training had not ended: {said} ({per_cent(before[name])} before)", -1)
    now = f"with {pair.name} {per_cent(after[name])}"
    return Line(f"training of {pair.base} had not ended: {said}, {now}", 1)


def gap(pair: Pair) -> Line | None:
    """Training texts beside the others."""
    moved, before = pair.moved("gap"), pair.before
    if not moved or not pair.has("train_right", "right"):
        return None
    said = f"{pair.base} has {' and '.join(shares(before))}"
    if before.get("risen", 1.0) >= RISEN:
        epochs = f"{before['lowest_epoch']:.0f} of {before['epochs']:.0f}"
        said = f"{pair.base} overfits from epoch {epochs} ({', '.join(shares(before))})"
    # The difference of what is shown, or readers would think that it is wrong.
    points = (
        round(100 * facts["train_right"]) - round(100 * facts["right"])
        for facts in (before, pair.after)
    )
    change = "narrows" if moved < 0 else "widens"
    words = "{}; {} {} that gap from {} to {} points".format(said, pair.name, change, *points)
    return Line(words, 1 if moved < 0 else -1)


def fit(pair: Pair) -> Line | None:
    """How well it has learnt its own texts."""
    moved, before, after = pair.moved("train_right"), pair.before, pair.after
    if moved and pair.has("right"):
        (own, others), (own_before, others_before) = shares(after), shares(before)
        words = f"it has {own} and {others}; {pair.base} {own_before} and {others_before}"
        return Line(words, 1 if moved > 0 else -1)
    times = pair.times("train_loss")
    if times == 1 or max(before["train_loss"], after["train_loss"]) < LEAST_LOSS:
        return None
    how = "more closely" if times < 1 else "more loosely"
    losses = f"{after['train_loss']:.2g} ({before['train_loss']:.2g} before)"
    return Line(f"it fits its training texts {how}: their cross-entropy is {losses}")


def rise(pair: Pair) -> Line | None:
    """A validation loss above its lowest."""
    times, before, after = pair.times("risen"), pair.before, pair.after
    if times == 1 or not pair.has("lowest_epoch", "epochs"):
        return None
    ends = f"{above(after)} above its lowest ({above(before)} before)"
    epochs = [f"{f['lowest_epoch']:.0f} of {f['epochs']:.0f}" for f in (after, before)]
    words = f"its validation loss ends {ends}, which is in epoch {epochs[0]} ({epochs[1]} before)"
    return Line(words, 1 if times < 1 else -1)


def stopped(pair: Pair) -> Line | None:
    """Which epoch is kept, and of how many."""
    if not pair.has("kept_epoch", "epochs"):
        return None
    before, after = pair.before, pair.after
    if round(before["kept_epoch"]) == round(after["kept_epoch"]):
        return None
    words = f"it keeps epoch {after['kept_epoch']:.0f} of {after['epochs']:.0f} trained"
    words += f"; {pair.base} keeps epoch {before['kept_epoch']:.0f} of {before['epochs']:.0f}"
    if before.get("risen", 1.0) >= RISEN:
        words += f", when its validation loss is {above(before)} above its lowest"
    return Line(words)


def dead(pair: Pair) -> Line | None:
    """Units that are flat for every text."""
    moved = pair.moved("dead")
    if not moved:
        return None
    now, then = per_cent(pair.after["dead"]), per_cent(pair.before["dead"])
    words = f"{now} of its hidden units are dead, flat for every text ({then} before)"
    return Line(words, 1 if moved < 0 else -1)


def moving(pair: Pair) -> Line | None:
    """Units that a text moves."""
    if not pair.moved("moving"):
        return None
    now, then = per_cent(pair.after["moving"]), per_cent(pair.before["moving"])
    return Line(f"a text moves {now} of its hidden units on the average ({then} before)")


def scale(pair: Pair) -> Line | None:
    """How large activations are."""
    before, after = pair.before, pair.after
    if pair.times("scale_ratio") != 1:
        now, then = after["scale_ratio"], before["scale_ratio"]
        words = f"activations of its last hidden layer are {now:.2g} times those of its first"
        return Line(f"{words} ({then:.2g} times before)")
    times = pair.times("scale_1")
    if times == 1:
        return None
    size = f"root mean square {after['scale_1']:.2g}, {before['scale_1']:.2g} before"
    return Line(f"activations of its first hidden layer are {_times(times)} than before ({size})")


def gradient(pair: Pair) -> Line | None:
    """How large gradients are when training has ended."""
    if pair.times("gradient_ratio") != 1:
        now, then = pair.after["gradient_ratio"], pair.before["gradient_ratio"]
        words = f"the first layer's gradient is {now:.2g} times the last one's"
        return Line(f"in the end {words} ({then:.2g} times before)")
    times = pair.times("gradient_1")
    if times == 1:
        return None
    size = f"{pair.after['gradient_1']:.2g}, {pair.before['gradient_1']:.2g} before"
    return Line(f"in the end the first layer's gradient is {_times(times)} than before ({size})")


def sure(pair: Pair) -> Line | None:
    """How sure it is, and how often it is right."""
    if not pair.moved("sure") or not pair.has("held", "held_right"):
        return None
    before, after = pair.before, pair.after
    now = (
        f"{per_cent(after['sure'])} sure on the average, with {per_cent(after['held_right'])} right"
    )
    then = f"{per_cent(before['sure'])} and {per_cent(before['held_right'])} before"
    return Line(f"of {after['held']:.0f} held-back texts it is {now} ({then})")


def together(pair: Pair) -> Line | None:
    """What averaging over networks or masks adds."""
    before, after = pair.before, pair.after
    if "together" not in after or "together" in before:
        return None
    counts = [(after["networks"], "network"), (after["masks"], "mask")]
    over = " and ".join(f"{count:.0f} {noun}s" for count, noun in counts if count > 1)
    alone = (
        f"one network alone has {per_cent(after['alone'])} of {after['held']:.0f} held-back texts"
    )
    words = f"{alone} right, the average over {over} {per_cent(after['together'])}"
    difference = after["together"] - after["alone"]
    return Line(words, (difference > 0) - (difference < 0))


def starts(pair: Pair) -> Line | None:
    """How far several starts end from one another."""
    before, after = pair.before, pair.after
    if "starts" not in after or "starts" in before:
        return None
    ends = f"from {after['start_best']:.3g} (kept) to {after['start_worst']:.3g}"
    return Line(f"by validation its {after['starts']:.0f} starts end {ends}")


def texts(pair: Pair) -> Line | None:
    """How many texts it learns from."""
    times = pair.times("texts")
    if times == 1:
        return None
    words = f"it learns from {pair.after['texts']:,.0f} texts ({pair.before['texts']:,.0f} before)"
    return Line(words, 1 if times > 1 else -1)


def steps(pair: Pair) -> Line | None:
    """How many steps it takes."""
    if pair.times("steps") == 1:
        return None
    return Line(f"it takes {pair.after['steps']:,.0f} steps ({pair.before['steps']:,.0f} before)")


def directions(pair: Pair) -> Line | None:
    """In how many directions the last hidden layer's answers vary."""
    if pair.times("directions") == 1:
        return None
    now, then = f"{pair.after['directions']:.1f}", f"{pair.before['directions']:.1f}"
    return Line(f"its last hidden layer answers in {now} directions ({then} before)")


def weights(pair: Pair) -> Line | None:
    """How large weights have become."""
    for name, words in (
        ("weights", "weights together are"),
        ("largest_weight", "largest weight is"),
    ):
        times = pair.times(name)
        if times != 1:
            size = f"{pair.after[name]:.3g}, {pair.before[name]:.3g} before"
            size = f"length {size}" if name == "weights" else size
            return Line(f"its {words} {_times(times)} than before ({size})")
    return None


def _times(times: float) -> str:
    """Word a factor: "3.2 times larger" or "40 times smaller"."""
    size = max(times, 1 / times)
    worded = f"{size:,.0f}" if size >= 10 else f"{size:.1f}"
    return f"{worded} times {'larger' if times > 1 else 'smaller'}"


Remark = Callable[[Pair], Line | None]

GENERAL: tuple[Remark, ...] = (
    *(unfinished, gap, fit, rise, dead, gradient, scale, sure),
    *(moving, texts, weights, directions, steps),
)
BY_GROUP: dict[str, tuple[Remark, ...]] = {
    "activation": (dead, moving, scale, gradient),
    "batch norm": (scale, gradient, gap),
    "batch size": (unfinished, fit, rise, steps),
    "depth": (gradient, scale, fit, directions),
    "dropout": (together, gap, rise, moving),
    "early stopping": (stopped, rise),
    "ensemble": (together,),
    "gradient clipping": (gradient, unfinished),
    "initialiser": (scale, dead, gradient),
    "label smoothing": (sure, gap),
    "learning rate": (unfinished, rise, fit),
    "loss": (sure, fit, gap),
    "mixup": (sure, gap),
    "optimiser": (unfinished, rise, fit, gap),
    "penalty": (weights, gap, fit),
    "schedule": (unfinished, rise, fit),
    "starts": (starts,),
    "validation": (texts, gap),
    "weight averaging": (rise, gap, weights),
    "width": (directions, fit, gap),
}  # what each group is about; then the rest
