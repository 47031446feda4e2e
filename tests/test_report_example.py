"""Results made up for the other tests of the report: like real ones, and the same each time."""

import json
import math

import numpy as np

from textkaizen.measure.compare import Difference
from textkaizen.measure.power import Needed
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.improvements import CATALOGUE
from textkaizen.study.result import (
    EARNS,
    HELPS,
    HURTS,
    IN_THE_WAY,
    NO_EVIDENCE,
    NOT_TRIED,
    Curve,
    Finalist,
    Place,
    Result,
    Score,
    Substitutes,
    Verdict,
)
from textkaizen.study.verdicts import DECIDED_EARLY, DROPPED

LABELS = (
    "card lost or stolen",
    "children's corner & story hour",
    "fees <script>alert('label')</script>",
    "interlibrary loan of journals, microfilms and other things not in our own collection",
    "opening hours",
    "printing",
    "renew",
    "reserve a room",
    "suggest a purchase",
    "wifi",
    "予約の取り消し",
    "開館時間と休館日",
)
TEXTS = (
    "can i keep the green book a little longer, i am not through yet",
    "What time do you close on Saturdays?",
    "日曜日は何時まで開いていますか。祝日も同じでしょうか。",
    "<script>alert('text')</script> how do i print in colour",
    "אני רוצה להאריך את ההשאלה",
    "my card \u202ewas stolen\u202c yesterday on the tram",
    "is there a story hour for three year olds " * 12,
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 6,
    "half a character \ud83d and a NUL \x00 in one text",
)
ADOPTED = Recipe().with_knobs(dropout=0.5).with_shape(hidden=(256, 256))
# What the example has measured; a catalogue that grows is to leave it as it is.
NAMES = """
dropout 0.5
early stopping
learning rate x3
width 256
batch size 64
batch norm before
batch norm after
dropout 0.2
learning rate /3
RMSprop
SGD with momentum
Adam
tanh
leaky ReLU
ELU
SELU
batch size 16
batch size 128
Glorot normal
He normal
depth 2
depth 3
L2 1e-4
L1 1e-5
batch size 8
""".strip().splitlines()
MEASURED = tuple(next(one for one in CATALOGUE if one.name == name) for name in NAMES)
EFFECTS = {"dropout 0.5": 2.1, "early stopping": 1.1, "width 256": 1.5, "depth 2": 0.4}
CHOSEN = {"adopted": 2.3, "adopted without evidence": 1.4}
RUINS = {"SGD with momentum": -2.4, "learning rate /3": -31.0, "batch size 128": -6.2}


def difference(value, error=0.5):
    """A difference in points, with what belongs to it."""
    p = math.erfc(abs(value) / error / math.sqrt(2))
    ends = ((value - 2.1 * error) / 100, (value + 2.1 * error) / 100)
    return Difference(value / 100, *ends, p=p, error=error / 100, freedom=40.0)


def verdicts(generator, number, base, marks, tried=99):
    """One round over all that the example measures; `marks` says what was adopted."""
    found = []
    for place, improvement in enumerate(MEASURED):
        recipe = improvement.change(base)
        if recipe == base:
            continue
        common = {"name": improvement.name, "group": improvement.group, "round": number}
        common["change"] = describe_difference(base, recipe)
        if place >= tried:
            found.append(
                Verdict(**common, gap=None, accuracy=None, p_adjusted=None, verdict=NOT_TRIED)
            )
            continue
        mark = marks.get(improvement.name, "")
        value = CHOSEN.get(mark, EFFECTS.get(improvement.name, 0) / number)
        value += RUINS.get(improvement.name, 0) + generator.normal(0, 0.3)
        found.append(measured(common, value, mark, float(generator.uniform(3, 12))))
    return found


def measured(common, value, mark, seconds):
    """A verdict on a difference in points: dropped if it is small, decided early if it is huge."""
    race = DROPPED if abs(value) < 0.25 else DECIDED_EARLY if abs(value) > 6 else ""
    gap = difference(value, error=0.9 if race == DROPPED else 0.5)
    adjusted = 1.0 if race == DROPPED else min(24 * gap.p, 1.0)
    verdict = NO_EVIDENCE if adjusted > 0.025 else HELPS if value > 0 else HURTS
    lanes, share = {DROPPED: (2, 0.4), DECIDED_EARLY: (5, 1.0)}.get(race, (15, 1.0))
    wanted = Needed(round(8000 + 400 * abs(value)), None if race else 9)
    why = f"it goes with {90 + value:.0f} % of the training texts right (98 % before)"
    return Verdict(
        **common,
        gap=gap,
        accuracy=difference(0.9 * value),
        p_adjusted=adjusted,
        verdict=verdict,
        adopted=mark,
        lanes=lanes,
        seconds=seconds * lanes / 15,
        p_rate=min(3 * gap.p, 1.0),
        resampled=difference(value, error=1.4),
        race=race,
        share=share,
        seeds=3 if lanes == 15 else 1,
        needed=wanted if verdict == NO_EVIDENCE else None,
        why=why,
    )


def finalists(generator, truth, classes):
    """Four models that are right about four times in five, mostly on the same texts."""
    rates = {"adopted": 0.83, "baseline": 0.78, "logistic_regression": 0.79, "linear_svm": 0.8}
    neighbour = (truth + 1 + generator.integers(0, min(3, classes - 1), len(truth))) % classes
    hardness, found, adopted = generator.random(len(truth)), {}, 0.0
    for name, rate in rates.items():
        right = hardness + generator.normal(0, 0.05, len(truth)) < rate
        predicted = np.where(right, truth, neighbour)
        share = float(right.mean())
        score = Score(share, share - 0.042, share + 0.038)
        lower = Score(share - 0.013, share - 0.061, share + 0.03)
        adopted = share if name == "adopted" else adopted
        gap = difference(100 * (adopted - share), error=1.3)
        versus = None if name == "adopted" else gap
        found[name] = Finalist(name, score, lower, tuple(predicted.tolist()), versus)
    order = ("baseline", "adopted", "logistic_regression", "linear_svm")
    return tuple(found[name] for name in order)


def curve(name, epochs, start, end, turn, best):
    """A training whose validation loss turns upwards after `turn` epochs."""
    steps = np.arange(epochs)
    loss = end + (start - end) * np.exp(-steps / 7)
    val_loss = loss + 0.25 + 0.012 * np.maximum(steps - turn, 0) * (1 - end)
    accuracy = 0.82 - 0.7 * np.exp(-steps / 6)
    parts = (tuple(part.tolist()) for part in (loss, val_loss, accuracy))
    return Curve(name, *parts, best_epoch=best)


def labels_of(classes):
    """Labels, the odd ones first."""
    return (*LABELS, *(f"topic_{number:03d}" for number in range(classes)))[:classes]


def facts(alpha, smallest):
    """What a round says of itself, but for what its start costs."""
    counts = {"lanes": 330, "seeds": 3, "dropped": 7, "decided_early": 2}
    return counts | {"alpha": alpha, "smallest_detectable": smallest, "interrupted": False}


PLACES = (
    Place("dropout 0.5", difference(1.9), EARNS),
    Place("width 256", difference(-0.4), NO_EVIDENCE),
    Place("depth 2", difference(-1.6), IN_THE_WAY),
)
SAME_WORK = Substitutes(
    "dropout 0.5", "L2 1e-4", *(difference(value) for value in (2.0, 1.5, 2.1, -1.4))
)


def example(classes=12, test_texts=348, seed=1):
    """A complete result of three rounds."""
    generator = np.random.default_rng(seed)
    truth = np.sort(generator.integers(0, classes, test_texts))
    second = Recipe().with_knobs(dropout=0.5)
    third = second.with_shape(hidden=(256,))
    return Result(
        data={
            "path": "desk/library questions.csv",
            "hash": "3f1c" * 16,
            "texts": 1392 + test_texts,
            "classes": classes,
            "training_texts": 1392,
            "test_texts": test_texts,
            "warnings": [
                "3 texts stand there twice with the same label (lines 17, 203 and 980).",
                "The text '<b>renew</b> please' has two labels: 'renew' and 'opening hours'.",
            ],
        },
        design={
            "metric": "macro_f1",
            "stopped": "nothing more helps",
            "folds": 5,
            "seeds": 3,
            "rounds": 3,
            "alpha": [0.025, 0.0125, 0.00625],
            "each_round": [
                facts(0.025, 0.0241) | {"base": {"lanes": 15, "seconds": 6.0}},
                facts(0.0125, 0.0262),
                facts(0.00625, 0.0271),
            ],
            "closing": facts(0.003125, 0.0302),
            "baseline_story": "The baseline overfits from epoch 9 of 60.",
        },
        verdicts=(
            *verdicts(generator, 1, Recipe(), {"dropout 0.5": "adopted"}),
            *verdicts(generator, 2, second, {"width 256": "adopted"}, tried=23),
            *verdicts(generator, 3, third, {"depth 2": "adopted without evidence"}, tried=22),
        ),
        adopted=("dropout 0.5", "width 256", "depth 2"),
        baseline=Recipe(),
        recipe=ADOPTED,
        steps=(Recipe(), second, third, ADOPTED),
        places=PLACES,
        substitutes=(SAME_WORK,),
        finalists=finalists(generator, truth, classes),
        advice=(
            "Use the adopted network: it is better than the best linear model, the linear SVM, by "
            "+2.9 points [+0.1, +5.6] of accuracy. Against the baseline network the adopted one "
            "differs by +6.6 points [+3.9, +9.3]."
        ),
        labels=labels_of(classes),
        test_texts=tuple(TEXTS[place % len(TEXTS)] for place in range(test_texts)),
        test_labels=tuple(truth.tolist()),
        curves=(
            curve("baseline", 60, 2.6, 0.02, 14, 60),
            curve("adopted", 60, 2.9, 0.3, 40, 41),
        ),
        seed=seed,
        lanes=1050,
        compilations=14,
        seconds=287.4,
        versions={"python": "3.11.9", "textkaizen": "0.1.0", "jax": "0.10.2", "numpy": "2.4.6"},
    )


def test_the_example_is_the_same_each_time_and_is_plain_json():
    first, second = example(), example()
    assert first == second
    written = json.dumps(first.to_dict(), allow_nan=False)
    assert json.loads(written)["adopted"] == ["dropout 0.5", "width 256", "depth 2"]


def test_the_example_holds_every_verdict_and_every_mark():
    whole = example()
    assert {v.verdict for v in whole.verdicts} == {HELPS, HURTS, NO_EVIDENCE, NOT_TRIED}
    assert {v.adopted for v in whole.verdicts} == {"", "adopted", "adopted without evidence"}
