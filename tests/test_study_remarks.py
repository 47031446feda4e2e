"""What is said of two trainings: each remark by hand, and the sizes from which on it counts."""

import re
from pathlib import Path

import pytest
from facts_alike import ALIKE

from textkaizen.study.explanation import why
from textkaizen.study.pairs import LEAST, TIMES, Pair
from textkaizen.study.remarks import BY_GROUP, GENERAL, diverged, per_cent
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, Verdict

ROOT = Path(__file__).parent.parent


def told(changes, group, found, before):
    """The sentence about one seed of networks that are alike but for some facts."""
    base = ALIKE | before
    verdict = Verdict("the change", group, 1, None, None, None, found)
    return why([base], [base | changes], verdict, group)


BY_HAND = [
    (
        {"diverged": 1.0, "diverged_epoch": 4.0},
        {},
        ("learning rate", HURTS),
        "training diverged in 1 of 1 network (0 of 1 before), in epoch 4 at the soonest",
    ),
    (
        {"val_falling": 0.2, "lowest_epoch": 60.0},
        {},
        ("learning rate", HURTS),
        "training had not ended: 20 % of the fall of its validation loss came in the last tenth of "
        "60 epochs (0 % before)",
    ),
    (
        {"val_falling": 0.01},
        {"val_falling": 0.2, "lowest_epoch": 60.0},
        ("learning rate", HELPS),
        "training of the baseline had not ended: 20 % of the fall of its validation loss came in "
        "the last tenth of 60 epochs, with the change 1 %",
    ),
    (
        {"train_right": 0.95, "right": 0.86, "gap": 0.09},
        {"train_right": 0.98, "right": 0.81, "gap": 0.17, "risen": 1.34, "lowest_epoch": 9.0},
        ("dropout", HELPS),
        "the baseline overfits from epoch 9 of 60 (98 % of its training texts right, 81 % of the "
        "others); the change narrows that gap from 17 to 9 points",
    ),
    (
        {"right": 0.74, "gap": 0.23},
        {},
        ("width", HURTS),
        "the baseline has 97 % of its training texts right and 80 % of the others; the change "
        "widens that gap from 17 to 23 points",
    ),
    (
        {"train_right": 0.85, "right": 0.75, "gap": 0.1},
        {},
        ("learning rate", HURTS),
        "it has 85 % of its training texts right and 75 % of the others; the baseline 97 % of its "
        "training texts right and 80 % of the others",
    ),
    (
        {"train_loss": 0.28},
        {},
        ("loss", NO_EVIDENCE),
        "it fits its training texts more loosely: their cross-entropy is 0.28 (0.1 before)",
    ),
    (
        {"risen": 1.03, "lowest_epoch": 30.0},
        {"risen": 1.34, "lowest_epoch": 9.0},
        ("schedule", HELPS),
        "its validation loss ends 3 % above its lowest (34 % before), which is in epoch 30 of 60 "
        "(9 of 60 before)",
    ),
    (
        {"kept_epoch": 9.0, "epochs": 14.0, "epochs_allowed": 200.0},
        {"risen": 1.34},
        ("early stopping", HELPS),
        "it keeps epoch 9 of 14 trained; the baseline keeps epoch 60 of 60, when its validation "
        "loss is 34 % above its lowest",
    ),
    (
        {"dead": 0.41},
        {},
        ("activation", HURTS),
        "41 % of its hidden units are dead, flat for every text (3 % before)",
    ),
    (
        {"moving": 0.32},
        {},
        ("activation", NO_EVIDENCE),
        "a text moves 32 % of its hidden units on the average (60 % before)",
    ),
    (
        {"scale_ratio": 6.0},
        {},
        ("depth", NO_EVIDENCE),
        "activations of its last hidden layer are 6 times those of its first (1.2 times before)",
    ),
    (
        {"scale_1": 1.6},
        {},
        ("initialiser", NO_EVIDENCE),
        "activations of its first hidden layer are 3.2 times larger than before (root mean square "
        "1.6, 0.5 before)",
    ),
    (
        {"gradient_1": 0.001},
        {},
        ("optimiser", NO_EVIDENCE),
        "in the end the first layer's gradient is 40 times smaller than before (0.001, 0.04 "
        "before)",
    ),
    (
        {"gradient_ratio": 0.02},
        {},
        ("depth", HURTS),
        "in the end the first layer's gradient is 0.02 times the last one's (0.4 times before)",
    ),
    (
        {"sure": 0.6, "held_right": 0.83},
        {},
        ("label smoothing", HELPS),
        "of 44 held-back texts it is 60 % sure on the average, with 83 % right (80 % and 81 % "
        "before)",
    ),
    (
        {"alone": 0.79, "together": 0.83, "networks": 3.0, "masks": 0.0},
        {},
        ("ensemble", HELPS),
        "one network alone has 79 % of 44 held-back texts right, the average over 3 networks 83 %",
    ),
    (
        {"alone": 0.79, "together": 0.8, "networks": 1.0, "masks": 30.0},
        {},
        ("dropout", HELPS),
        "one network alone has 79 % of 44 held-back texts right, the average over 30 masks 80 %",
    ),
    (
        {"alone": 0.79, "together": 0.8, "networks": 3.0, "masks": 30.0},
        {},
        ("ensemble", HELPS),
        "one network alone has 79 % of 44 held-back texts right, the average over 3 networks and "
        "30 masks 80 %",
    ),
    (
        {"starts": 3.0, "start_best": 0.51, "start_worst": 0.58},
        {},
        ("starts", HELPS),
        "by validation its 3 starts end from 0.51 (kept) to 0.58",
    ),
    ({"texts": 1444.0}, {}, ("validation", HELPS), "it learns from 1,444 texts (400 before)"),
    ({"steps": 1560.0}, {}, ("batch size", HELPS), "it takes 1,560 steps (780 before)"),
    (
        {"directions": 31.0},
        {},
        ("width", HELPS),
        "its last hidden layer answers in 31.0 directions (20.0 before)",
    ),
    (
        {"weights": 20.0},
        {},
        ("penalty", HELPS),
        "its weights together are 2.0 times smaller than before (length 20, 40 before)",
    ),
    (
        {"largest_weight": 0.3},
        {},
        ("penalty", HELPS),
        "its largest weight is 2.0 times smaller than before (0.3, 0.6 before)",
    ),
]


@pytest.mark.parametrize(("changes", "before", "of", "words"), BY_HAND)
def test_each_remark_says_what_was_measured_with_its_numbers(changes, before, of, words):
    group, found = of
    assert told(changes, group, found, before) == words


def test_every_remark_is_among_those_worked_by_hand():
    remarks = {*GENERAL, *(remark for own in BY_GROUP.values() for remark in own), diverged}
    unsaid = set(remarks)
    for changes, before, _, _ in BY_HAND:
        base = ALIKE | before
        pair = Pair(((base, base | changes),))
        unsaid -= {remark for remark in remarks if remark(pair) is not None}
    assert not unsaid
    assert len(remarks) >= 15


@pytest.mark.parametrize("name", LEAST)
def test_a_difference_of_shares_counts_from_the_size_on_that_is_promised(name):
    base, least = {name: 0.25}, LEAST[name]
    moved = lambda by: Pair(((base, {name: 0.25 + by}),)).moved(name)
    assert moved(least) == pytest.approx(least)
    assert moved(-least) == pytest.approx(-least)
    assert moved(0.99 * least) == moved(-0.99 * least) == 0


@pytest.mark.parametrize("name", TIMES)
def test_a_factor_counts_from_the_size_on_that_is_promised(name):
    base, least = {name: 3.0}, TIMES[name]
    times = lambda by: Pair(((base, {name: 3.0 * by}),)).times(name)
    assert times(least) == pytest.approx(least)
    assert times(1 / least) == pytest.approx(1 / least)
    assert times(0.99 * least) == times(1 / (0.99 * least)) == 1
    assert Pair(((base, {name: 0.0}),)).times(name) == 1  # no factor leads to nothing


def test_shares_are_never_rounded_to_nothing():
    words = [per_cent(share) for share in (0.0, 0.0001, 0.004, 0.125, 1.0, -0.02)]
    assert words == ["0 %", "under 0.1 %", "0.4 %", "12 %", "100 %", "-2 %"]


def test_the_docs_tell_the_sizes_that_count():
    page = (ROOT / "docs" / "explanations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| ([\d.]+ (?:points|times)) \|$", page, re.M))
    wanted = {name: f"{100 * least:g} points" for name, least in LEAST.items()}
    wanted |= {name: f"{least:g} times" for name, least in TIMES.items()}
    assert rows == wanted
