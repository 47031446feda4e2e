"""What a study or an improvement run leaves: values only, no disk, no clock.

`Result.to_dict()` is the contract of `verdicts.json` and of `--json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from textkaizen.measure.compare import Difference
from textkaizen.measure.power import Needed
from textkaizen.recipe import Recipe

HELPS, HURTS, NO_EVIDENCE, NOT_TRIED = "helps", "hurts", "no evidence", "not tried"
EARNS, IN_THE_WAY = "earns its place", "in the way"


@dataclass(frozen=True)
class Verdict:
    """What a round found out about one improvement.

    Args:
        name, group: of the improvement in the catalogue.
        round: in which round it was measured, from 1.
        gap, accuracy: paired differences to the recipe the round started from, of the metric that
            decides and of accuracy, as shares (0.01 is one point); None when not tried.
        p_adjusted: of `gap`, after Holm's correction over the round; None when not tried.
        verdict: HELPS, HURTS, NO_EVIDENCE or NOT_TRIED.
        adopted: "", "adopted" or "adopted without evidence".
        change: what it changed, e.g. "dropout: 0.0 -> 0.5".
        lanes: networks trained for it up to the end of this round.
        seconds: training time of these.
        p_rate: of `gap`, after Benjamini and Hochberg's correction (the false discovery rate);
            shown, never decides.
        resampled: mean and interval over lanes with Nadeau and Bengio's correction; shown, never
            decides.
        race: "", "dropped as futile" or "decided early".
        share: of the texts that were answered, 0 to 1; less than all of what was dropped soon.
        seeds: that were compared.
        needed: of no evidence: what it would take to show one point; 0 seeds are unknown, None no
            number of seeds on these texts.
        why: one sentence from what was observed; "" without anything to say.
    """

    name: str
    group: str
    round: int
    gap: Difference | None
    accuracy: Difference | None
    p_adjusted: float | None
    verdict: str
    adopted: str = ""
    change: str = ""
    lanes: int = 0
    seconds: float = 0.0
    p_rate: float | None = None
    resampled: Difference | None = None
    race: str = ""
    share: float = 1.0
    seeds: int = 0
    needed: Needed | None = None
    why: str = ""


@dataclass(frozen=True)
class Place:
    """What an adopted improvement adds at the end, beside all others that were adopted.

    Args:
        name: of the improvement.
        gap: the final recipe minus that without it; None when there was no time.
        verdict: EARNS, IN_THE_WAY, NO_EVIDENCE or NOT_TRIED.
        removed: whether it was taken out of the final recipe again, being in the way.
    """

    name: str
    gap: Difference | None
    verdict: str
    removed: bool = False


@dataclass(frozen=True)
class Substitutes:
    """Two improvements that each help alone and do not add up.

    Args:
        first, second: their names.
        first_alone, second_alone, both: differences to the start of the round that measured them.
        contrast: `both` minus the sum of the others; below zero, they do the same work.
    """

    first: str
    second: str
    first_alone: Difference
    second_alone: Difference
    both: Difference
    contrast: Difference


@dataclass(frozen=True)
class Score:
    """A share with its 95 % interval, each from 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Finalist:
    """One model beside the others on the texts that nothing was chosen on.

    Args:
        name: "baseline", "adopted", "logistic_regression" or "linear_svm".
        predicted: for each test text the position of a label in `Result.labels`.
        versus_adopted: the adopted network's accuracy minus this one's, paired; None for itself.
    """

    name: str
    accuracy: Score
    macro_f1: Score
    predicted: tuple[int, ...]
    versus_adopted: Difference | None = None


@dataclass(frozen=True)
class Curve:
    """One training of one network on all training texts, epoch by epoch (from epoch 1).

    Args:
        name: "baseline" or "adopted".
        loss, val_loss, val_accuracy: one number an epoch; val_* empty without validation.
        best_epoch: the epoch whose weights the model has, from 1.
        again: whether the model was then trained on all texts, for so many epochs.
    """

    name: str
    loss: tuple[float, ...]
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    best_epoch: int
    again: bool = True


@dataclass(frozen=True)
class Result:
    """What `improve` and `study` return.

    Args:
        data: path, hash, texts, classes, test_texts, warnings (a list of sentences).
        design: metric, folds, seeds, alpha (of each round), rounds, stopped ("nothing more
            helps", "time is used", "rounds are used" or "interrupted").
        verdicts: in the order measured, one for each improvement and round.
        adopted: names in order.
        baseline, recipe: the recipe at the start and at the end.
        finalists: models on the held-out texts; empty for `study`.
        use: name of the finalist to use; "" for `study`.
        yardstick: name of the linear model that the network is measured against.
        advice: two or three sentences: which model to use, and why.
        labels: all labels, sorted.
        test_texts, test_labels: the held-out texts and the positions of their labels.
        curves: learning curves of the first and the last recipe.
        steps: recipes from the baseline to the last one adopted.
        places: what each adopted improvement adds at the end.
        substitutes: improvements that do the same work.
        seed, lanes, compilations, seconds, versions: as their names say.
        models: by the names of finalists.
    """

    data: dict[str, Any]
    design: dict[str, Any]
    verdicts: tuple[Verdict, ...]
    adopted: tuple[str, ...]
    baseline: Recipe
    recipe: Recipe
    finalists: tuple[Finalist, ...] = ()
    use: str = ""
    yardstick: str = ""
    advice: str = ""
    labels: tuple[str, ...] = ()
    test_texts: tuple[str, ...] = ()
    test_labels: tuple[int, ...] = ()
    curves: tuple[Curve, ...] = ()
    steps: tuple[Recipe, ...] = ()
    places: tuple[Place, ...] = ()
    substitutes: tuple[Substitutes, ...] = ()
    seed: int = 0
    lanes: int = 0
    compilations: int = 0
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    models: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def model(self) -> Any:
        """The model to use; of an interrupted run the best there is, None without any."""
        names = (self.use, "adopted", "baseline")
        return next((self.models[name] for name in names if name in self.models), None)

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints: plain values only."""
        return {
            "data": self.data,
            "design": self.design,
            "improvements": [_verdict_dict(verdict) for verdict in self.verdicts],
            "adopted": list(self.adopted),
            "places": [_place_dict(place) for place in self.places],
            "substitutes": [_substitutes_dict(pair) for pair in self.substitutes],
            "baseline": self.baseline.to_dict(),
            "recipe": self.recipe.to_dict(),
            "test": {finalist.name: _finalist_dict(finalist) for finalist in self.finalists},
            "use": self.use,
            "yardstick": self.yardstick,
            "advice": self.advice,
            "seed": self.seed,
            "lanes": self.lanes,
            "compilations": self.compilations,
            "seconds": self.seconds,
            "versions": self.versions,
        }


def _difference_dict(difference: Difference | None) -> dict[str, float | None]:
    if difference is None:
        return dict.fromkeys(("difference", "low", "high", "p"))
    return {
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p,
    }


def _verdict_dict(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "group": verdict.group,
        "round": verdict.round,
        **_difference_dict(verdict.gap),
        "p_adjusted": verdict.p_adjusted,
        "p_false_discovery": verdict.p_rate,
        "verdict": verdict.verdict,
        "adopted": verdict.adopted,
        "change": verdict.change,
        "accuracy": _difference_dict(verdict.accuracy),
        "resampled_t": _difference_dict(verdict.resampled),
        "race": verdict.race,
        "share_of_texts": verdict.share,
        "seeds": verdict.seeds,
        "to_show_a_point": None if verdict.needed is None else asdict(verdict.needed),
        "why": verdict.why,
        "lanes": verdict.lanes,
        "seconds": verdict.seconds,
    }


def _place_dict(place: Place) -> dict[str, Any]:
    said = {"name": place.name, **_difference_dict(place.gap)}
    return said | {"verdict": place.verdict, "removed": place.removed}


def _substitutes_dict(pair: Substitutes) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "first_alone": _difference_dict(pair.first_alone),
        "second_alone": _difference_dict(pair.second_alone),
        "both": _difference_dict(pair.both),
        "contrast": _difference_dict(pair.contrast),
    }


def _finalist_dict(finalist: Finalist) -> dict[str, Any]:
    scores = {
        name: {"value": score.value, "low": score.low, "high": score.high}
        for name, score in (("accuracy", finalist.accuracy), ("macro_f1", finalist.macro_f1))
    }
    versus = finalist.versus_adopted
    return scores | ({"adopted_minus_this": _difference_dict(versus)} if versus else {})
