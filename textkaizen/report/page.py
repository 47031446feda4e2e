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
from markupsafe import Markup

from textkaizen.report import figures, reproduce, wording
from textkaizen.report.answer import (
    Round,
    adopted_sentence,
    answer,
    ending,
    fewer_epochs,
    finalist,
    gain,
    is_study,
    left_out,
    reach,
    rounds,
    tally,
    training_texts,
    why_untried,
)
from textkaizen.report.confusions import confusions
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
)
from textkaizen.study.result import Curve, Finalist, Result, Verdict

MOST_MISTAKES = 50
LONGEST_TEXT = 240
METRICS = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}
FILTERS = (typeset, points, points_interval, per_cent, per_cent_interval, wording.told_chance)


class Tile(NamedTuple):
    """A number to be seen first: what it is, the number, its interval, on what."""

    name: str
    number: str
    interval: str
    note: str


class Row(NamedTuple):
    """A row of a figure of intervals: its name, its drawing, its number, a remark."""

    name: str
    drawn: Markup
    number: str
    interval: str
    remark: str = ""


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
        answer=answer(result),
        study=is_study(result),
        tiles=_tiles(result),
        adopted=adopted_sentence(result),
        end=ending(result),
        interrupted=result.design.get("stopped") == "interrupted",
        tally=tally(tuple(v for v in result.verdicts if v.round == 1)),
        limits=[sentence for sentence in (fewer_epochs(result), left_out(result)) if sentence],
        rounds=_rounds(result),
        symbols={name: figures.symbol(name) for name in figures.SYMBOLS},
        held_out=_held_out(result),
        curves=_curves(result),
        confused=_confused(result),
        mistakes=_mistakes(result),
        most_mistakes=MOST_MISTAKES,
        facts=_facts(result),
        recipe_lines=reproduce.recipe_lines(result.recipe, result.baseline),
        changes=reproduce.changes(result.baseline, result.recipe),
        command=reproduce.command(result),
        models=MODELS,
        training=training_texts(result),
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
    measured = [v for v in first if v.macro_f1 is not None]
    if measured:
        number = str(len(measured) if is_study(result) else len(result.adopted))
        name = "Measured" if is_study(result) else "Adopted"
        of = "improvements" if is_study(result) else f"of {len(measured)} improvements measured"
        tiles.append(Tile(name, number, of, f"Round 1: {tally(tuple(first))}"))
    return tiles


def _rounds(result: Result) -> list[dict[str, Any]]:
    every = rounds(result)
    gaps = [v.macro_f1 for one in every for v in one.tried if v.macro_f1 is not None]
    scale = figures.gap_axis(gaps)
    texts = training_texts(result)
    beyond = any(not scale.holds(100 * end) for gap in gaps for end in (gap.low, gap.high))
    return [
        {
            "round": one,
            "rows": [_verdict_row(verdict, scale) for verdict in one.tried],
            "ticks": figures.ticks(scale),
            "reach": reach(one, texts),
            "design": _design(result, one),
            "beyond": beyond,
            "why_untried": why_untried(result, one),
        }
        for one in every
    ]


def _verdict_row(verdict: Verdict, scale: figures.Axis) -> Row:
    gap = verdict.macro_f1
    assert gap is not None
    number, ends = points(gap.value), points_interval(gap)
    told = f"{verdict.name}: {number} points, 95 % interval {ends}, {verdict.verdict}"
    drawn = figures.interval(gap, scale, figures.kind(verdict), typeset(told))
    return Row(verdict.name, drawn, number, ends, verdict.adopted)


def _design(result: Result, one: Round) -> str:
    """Say how a round was measured."""
    folds, seeds = result.design.get("folds"), one.seeds
    if not folds or not seeds:
        return ""
    texts = training_texts(result)
    of = f" of {counted(texts, 'text')}" if texts else ""
    most = folds * seeds
    lanes = [verdict.lanes for verdict in one.tried]
    times = f"{most}" if min(lanes, default=most) == most else f"{min(lanes)} to {most}"
    return (
        f"Each recipe was trained {times} times, on {counted(folds, 'fold')}{of} with "
        f"{counted(seeds, 'seed')}, the same for all."
    )


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
    told = (
        f"Heat map of {len(found.labels)} true classes (rows) and predicted classes (columns); "
        f"{found.mistakes} of {len(result.test_labels)} texts are mistaken. The most frequent "
        "mistakes are listed in the table beside it."
    )
    return {"found": found, "drawn": figures.heat_map(found, told) if found.labels else None}


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
