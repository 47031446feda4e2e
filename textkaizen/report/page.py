"""A result as one HTML file that needs no network, no script and no other file.

The template holds the words of the page, `figures` the drawings, `answer` the sentences; here the
result is sorted into what each section shows. The page carries a content policy that forbids it to
load or run anything, so that not even a forgotten escape could.

Rejected: a page made by JavaScript from embedded JSON (nothing to see without it, nothing to
print), and a plain string template (texts hold `<script>`; Jinja2 escapes by default).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from textkaizen.report import figures, reproduce, wording
from textkaizen.report.answer import (
    adopted_sentence,
    answer,
    ending,
    finalist,
    gain,
    gain_told,
    tally,
)
from textkaizen.report.confusions import MOST_CLASSES, confusions
from textkaizen.report.design import design
from textkaizen.report.ladder import (
    Step,
    baseline_story,
    compared,
    is_study,
    ladder,
    rounds,
    substitutes_told,
    training_texts,
    verdict_words,
)
from textkaizen.report.units import unit
from textkaizen.report.unshown import (
    fewer_epochs,
    left_out,
    not_installed,
    promises,
    warnings_told,
)
from textkaizen.report.verdict_figure import Row, place_rows, seconds_told, verdict_rounds
from textkaizen.report.wording import (
    MODELS,
    Interval,
    counted,
    per_cent,
    per_cent_interval,
    points,
    points_interval,
    shortened,
    typeset,
    upper_first,
)
from textkaizen.study.result import Curve, Finalist, Result
from textkaizen.study.verdicts import DETECTABLE

MOST_MISTAKES = 50
LONGEST_TEXT = 240
METRICS = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}
FILTERS = (
    *(typeset, upper_first, points, points_interval),
    *(per_cent, per_cent_interval, wording.told_chance),
)


class Size(NamedTuple):
    """How much a heat map shows: classes at most, pixels for its cells, columns of a name."""

    classes: int
    room: int
    name: int


HEAT_MAPS = {"wide-screen": Size(MOST_CLASSES, 440, 22), "narrow-screen": Size(8, 200, 14)}


class Tile(NamedTuple):
    """A number to be seen first: what it is, the number, its interval, on what."""

    name: str
    number: str
    interval: str
    note: str


class Mistake(NamedTuple):
    """A held-out text that the adopted network labels wrongly; `all_wrong` if every model does."""

    text: str
    true: str
    predicted: str
    all_wrong: bool


def render(result: Result) -> str:
    """Return the report as one HTML page, UTF-8 when written to a file.

    Args:
        result: of `improve` or `study`, complete or interrupted.
    """
    page = _template().render(
        result=result,
        study=is_study(result),
        interrupted=result.design.get("stopped") == "interrupted",
        compared=result.design.get("compared"),
        models=MODELS,
        training=training_texts(result),
        **_story(result),
        **_measured(result),
        symbols={name: figures.symbol(name) for name in figures.SYMBOLS},
        held_out=_held_out(result),
        curves=_curves(result),
        confused=_confused(result),
        mistakes=_mistakes(result),
        most_mistakes=MOST_MISTAKES,
        facts=_facts(result),
        warnings=warnings_told(result),
        recipe_lines=reproduce.recipe_lines(result.recipe, result.baseline),
        changes=reproduce.changes(result.baseline, result.recipe),
        command=reproduce.command(result),
    )
    return wording.printable(page)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("textkaizen.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {word.__name__: word for word in FILTERS}
    environment.filters |= {"chance": wording.chance, "duration": wording.duration}
    environment.globals["counted"] = counted
    return environment.get_template("page.html.j2")


def _story(result: Result) -> dict[str, Any]:
    """What the page begins with: the answer, and the way from the baseline to the last recipe."""
    told, gained = unit(result), gain_told(result)
    end = [Step("End", "The adopted recipe", facts=(gained,))] if result.adopted and gained else []
    return {
        "answer": answer(result),
        "tiles": _tiles(result),
        "adopted": adopted_sentence(result),
        "end": ending(result),
        "ladder": [*ladder(result), *end],
        "places": place_rows(result),
        "substitutes": [substitutes_told(pair, told) for pair in result.substitutes],
    }


def _measured(result: Result) -> dict[str, Any]:
    """What the rounds found, what they could not show, and how they were designed."""
    told = unit(result)
    return {
        "unit": told,
        "story": baseline_story(result) if is_study(result) else "",
        "words": verdict_words(result),
        "by_accuracy": result.design.get("metric") == "accuracy",
        "rounds": verdict_rounds(result),
        "seconds": {one.number: seconds_told(one.tried) for one in rounds(result)},
        "promises": promises(result),
        "smallest": told.size(DETECTABLE),
        "limits": [
            said for said in (left_out(result), not_installed(result), fewer_epochs(result)) if said
        ],
        "design": design(result),
    }


def _tiles(result: Result) -> list[Tile]:
    """The three numbers under the headline; fewer where there is nothing to show."""
    tiles = []
    found, held_out = gain(result), len(result.test_labels)
    if found is not None and result.adopted:
        tiles.append(
            Tile(
                "Gain",
                f"{points(found.value)} points",
                points_interval(found),
                "of the adopted recipe over the baseline, in accuracy on "
                f"{counted(held_out, 'held-out text')}",
            )
        )
    best = finalist(result, "adopted")
    if best is not None:
        tiles.append(
            Tile(
                "Accuracy",
                f"{per_cent(best.accuracy.value)} %",
                per_cent_interval(best.accuracy),
                f"of the adopted network on {counted(held_out, 'held-out text')}",
            )
        )
    first = [v for v in result.verdicts if v.round == 1]
    measured = [v for v in first if v.gap is not None]
    if measured:
        number = str(len(measured) if is_study(result) else len(result.adopted))
        name = "Measured" if is_study(result) else "Adopted"
        noun = "candidates" if compared(result) else "improvements"
        of = noun if is_study(result) else f"of {len(measured)} {noun} measured"
        tiles.append(
            Tile(name, number, of, f"Round 1: {tally(tuple(first), verdict_words(result))}")
        )
    return tiles


def _held_out(result: Result) -> list[dict[str, Any]]:
    """Figures of the final scores, one a metric."""
    panels = []
    for metric, title in METRICS.items():
        scores = [getattr(one, metric) for one in result.finalists]
        scale = figures.score_axis(scores)
        rows = [
            _score_row(one, score, scale, title)
            for one, score in zip(result.finalists, scores, strict=True)
        ]
        panels.append({"title": title, "rows": rows, "ticks": figures.ticks(scale)})
    return panels if result.finalists else []


def _score_row(one: Finalist, score: Interval, scale: figures.Axis, title: str) -> Row:
    name = MODELS.get(one.name, one.name)
    number, ends = per_cent(score.value), per_cent_interval(score)
    told = f"{title} of the {name}: {number} %, 95 % interval {ends}"
    style = "score" if one.name == "adopted" else "none"
    return Row(name, figures.interval(score, scale, style, told), number, ends)


def _curves(result: Result) -> list[dict[str, Any]]:
    scale = figures.loss_axis(result.curves)
    return [
        {"curve": curve, "drawn": figures.learning_curve(curve, scale, _told(curve))}
        for curve in result.curves
        if curve.loss
    ]


def _told(curve: Curve) -> str:
    """What a screen reader says about a learning curve."""
    name, place = MODELS.get(curve.name, curve.name), curve.best_epoch - 1
    said = f"Learning curve of the {name}: {counted(len(curve.loss), 'epoch')}"
    for values, word in ((curve.loss, "training"), (curve.val_loss, "validation")):
        if 0 <= place < len(values):
            said += f", {word} loss {values[0]:.2f} in the first"
            said += f" and {values[place]:.2f} in the best ({curve.best_epoch})"
    return said


def _confused(result: Result) -> dict[str, Any] | None:
    """The confusions of the adopted network, if it was looked at."""
    one = finalist(result, "adopted")
    if one is None or not result.test_labels:
        return None
    found = confusions(result.test_labels, one.predicted, result.labels)
    return {"found": found, "maps": _heat_maps(result, one) if found.mistakes else []}


def _heat_maps(result: Result, one: Finalist) -> list[dict[str, Any]]:
    """The same heat map for a wide and for a narrow screen, which shows fewer classes."""
    maps = []
    for style, size in HEAT_MAPS.items():
        found = confusions(result.test_labels, one.predicted, result.labels, size.classes)
        told = (
            f"Heat map of {len(found.labels)} true classes (rows) and predicted classes (columns); "
            f"{found.mistakes} of {len(result.test_labels)} texts are mistaken. The most frequent "
            "mistakes are listed in the table beside it."
        )
        drawn = figures.heat_map(found, told, size.room, size.name)
        maps.append({"style": style, "drawn": drawn, "found": found})
    return maps


def _mistakes(result: Result) -> tuple[list[Mistake], int]:
    """The first mistakes of the adopted network, and how many there are."""
    one = finalist(result, "adopted")
    if one is None:
        return [], 0
    truth = result.test_labels
    wrong = [place for place, label in enumerate(one.predicted) if label != truth[place]]
    return [
        Mistake(
            shortened(result.test_texts[place], LONGEST_TEXT),
            result.labels[truth[place]],
            result.labels[one.predicted[place]],
            all(other.predicted[place] != truth[place] for other in result.finalists),
        )
        for place in wrong[:MOST_MISTAKES]
    ], len(wrong)


def _facts(result: Result) -> list[tuple[str, str]]:
    """What is known about the data, to be read as a list."""
    data = result.data
    known = [
        ("File", data.get("path")),
        ("Texts", f"{data['texts']:,}" if "texts" in data else None),
        ("Classes", f"{data['classes']:,}" if "classes" in data else None),
        ("Trained on", f"{data['training_texts']:,}" if "training_texts" in data else None),
        ("Held out", f"{data['test_texts']:,}" if data.get("test_texts") else None),
        ("Test file", data.get("test_path")),
    ]
    return [(name, str(value)) for name, value in known if value]
