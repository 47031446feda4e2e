"""The verdicts and the answer as plain text, for a terminal of 80 columns.

Plain characters only, no colour: the table is as readable in a pipe, a mail or a log. Columns are
as wide as what is in them; when a line would be too long, names are cut, never numbers. What a
terminal would not show as wide as it is counted is replaced before anything is laid out.

Rejected: Rich's tables (their lines depend on the terminal, and a table pasted elsewhere breaks).
"""

from __future__ import annotations

from textkaizen.report.answer import (
    adopted_sentence,
    answer,
    ending,
    gain_told,
    tally,
)
from textkaizen.report.ladder import (
    PLACES,
    Round,
    baseline_story,
    is_study,
    rounds,
    substitutes_told,
    trained_noun,
    training_texts,
    verdict_words,
)
from textkaizen.report.units import Unit, unit
from textkaizen.report.unshown import (
    dropped_told,
    fewer_epochs,
    left_out,
    not_installed,
    reach,
    why_untried,
)
from textkaizen.report.wording import (
    MODELS,
    Interval,
    counted,
    duration,
    padded,
    per_cent,
    per_cent_interval,
    printable,
    sentence,
    shortened,
    width,
    wrapped,
)
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, Result, Verdict

COLUMNS = 80
GAP = "  "
SHORTEST_NAME = 12
ORDER = (HELPS, NO_EVIDENCE, HURTS)  # of the rows; within each the largest difference first
RACES = {"dropped as futile": "dropped", "decided early": "early"}


def verdict_table(result: Result) -> str:
    """Return the verdicts round by round and the scores on held-out texts, without colour.

    No line is longer than 80 columns; differences are of the metric that decided, scores per cent.
    What helps comes first, then what is without evidence, then what hurts, and in one paragraph
    what was not tried. Under what helps or hurts stands why, as far as it was observed.
    """
    blocks = [_round(result, one) for one in rounds(result)] or ["No improvement was measured."]
    blocks += [block for block in (_places(result), _substitutes(result)) if block]
    if result.finalists:
        blocks.append(_scores(result))
    return "\n\n".join(blocks) + "\n"


def summary(result: Result) -> str:
    """Return the answer in a few lines: what to use, what was adopted, how sure, what it took."""
    found = answer(result)
    # An advice is shown as it was written; without one, title, gain and reason take its place.
    told = f"{found.title}. {found.gain} {found.reason}"
    said = [result.advice or told]
    if not is_study(result):
        said.append(adopted_sentence(result))
    said[-1] += f" {ending(result)}"
    if result.adopted and result.advice:
        said.append(gain_told(result))
    said.append(sentence(baseline_story(result)))
    limits = fewer_epochs(result), left_out(result), not_installed(result)
    said += [words for words in limits if words]
    warned = result.data.get("warnings") or []
    if warned:
        said.append(f"{counted(len(warned), 'warning')} about the data: {warned[0]}")
    said += result.design.get("warnings") or []
    said.append(
        f"{counted(result.lanes, trained_noun(result))} trained, "
        f"{counted(result.compilations, 'program')} compiled, {duration(result.seconds)}."
    )
    return "\n".join(wrapped(printable(words), COLUMNS) for words in said if words)


def _round(result: Result, one: Round) -> str:
    lines = _title(result, one)
    rows = sorted(one.tried, key=lambda verdict: ORDER.index(verdict.verdict))
    numbers = _numbers([verdict.gap for verdict in rows if verdict.gap is not None], unit(result))
    words = verdict_words(result)
    cells = [
        [number, words[verdict.verdict], _marks(verdict)]
        for number, verdict in zip(numbers, rows, strict=True)
    ]
    if cells:
        told = _rows([verdict.name for verdict in rows], cells)
        for line, verdict in zip(told, rows, strict=True):
            lines.append(line)
            if verdict.verdict in (HELPS, HURTS) and verdict.why:
                lines += _indented(sentence(verdict.why), 2)
        lines += _indented(f"In all: {tally(one.tried, words)}. {dropped_told(one)}")
        lines += _indented(reach(result, one))
    if one.untried:
        head = f"Not tried ({len(one.untried)}; {why_untried(result, one)}):"
        lines += _folded(head, one.untried)
    return "\n".join(lines)


def _marks(verdict: Verdict) -> str:
    """How it was raced, and whether it was adopted; beside "no evidence" one word says both."""
    marks = [RACES.get(verdict.race, ""), "adopted" if verdict.adopted else ""]
    return ", ".join(mark for mark in marks if mark)


def _numbers(gaps: list[Interval], told: Unit) -> list[str]:
    """Word differences with their intervals, digits below one another."""
    columns = [
        _column([told.gap(gap.value) for gap in gaps]),
        _column([f"[{told.gap(gap.low)}," for gap in gaps]),
        _column([f"{told.gap(gap.high)}]" for gap in gaps]),
    ]
    return [" ".join(row) for row in zip(*columns, strict=True)]


def _places(result: Result) -> str:
    """What each adopted improvement adds at the end; "" where nobody asked."""
    asked = [(place, place.gap) for place in result.places if place.gap is not None]
    told = unit(result)
    lines = [f"At the end, what each adds beside the others   {told.column}"]
    if asked:
        numbers = _numbers([gap for _, gap in asked], told)
        cells = [
            [number, f"{PLACES[place.verdict]}{', taken out' if place.removed else ''}"]
            for number, (place, _) in zip(numbers, asked, strict=True)
        ]
        lines += _rows([place.name for place, _ in asked], cells)
    untried = tuple(place.name for place in result.places if place.gap is None)
    if untried:
        lines += _folded(f"No time was left for ({len(untried)}):", untried)
    return "\n".join(lines) if result.places else ""


def _substitutes(result: Result) -> str:
    """Which improvements do the same work, a paragraph each; "" for none."""
    told = unit(result)
    said = [substitutes_told(pair, told) for pair in result.substitutes]
    return "\n".join(wrapped(printable(one), COLUMNS) for one in said)


def _indented(text: str, gaps: int = 1) -> list[str]:
    """Break a text into lines below a row; none for ""."""
    indent = gaps * GAP
    text = printable(text).strip()
    return wrapped(text, COLUMNS, indent).split("\n") if text else []


def _folded(head: str, names: tuple[str, ...]) -> list[str]:
    """List names after a head, in lines that are broken between names only."""
    lines = [GAP + head]
    for place, name in enumerate(names):
        last = place == len(names) - 1
        word = shortened(printable(name), COLUMNS - 2 * len(GAP) - 1) + ("." if last else ",")
        if width(lines[-1]) + 1 + width(word) <= COLUMNS:
            lines[-1] += f" {word}"
        else:
            lines.append(2 * GAP + word)
    return lines


def _title(result: Result, one: Round) -> list[str]:
    start = printable(f"Round {one.number} from {one.start}")
    folds, seeds = result.design.get("folds"), one.seeds
    texts = training_texts(result) if one == rounds(result)[0] else None
    details = f"{counted(folds, 'fold')} x {counted(seeds, 'seed')}" if folds and seeds else ""
    details += f"{', ' if details else ''}{counted(texts, 'text')}" if texts else ""
    end = f"{f'({details})   ' if details else '  '}{unit(result).column}"
    if width(f"{start} {end}") <= COLUMNS:
        return [f"{start} {end}"]
    return [*wrapped(start, COLUMNS).split("\n"), GAP + end.lstrip()]


def _scores(result: Result) -> str:
    number = len(result.test_labels)
    names = [MODELS.get(one.name, one.name) for one in result.finalists]
    cells = [
        [f"{per_cent(score.value)} {per_cent_interval(score)}" for score in scores]
        for scores in ((one.accuracy, one.macro_f1) for one in result.finalists)
    ]
    rows = _rows(["", *names], [["accuracy", "macro-F1"], *cells])
    return "\n".join([f"Held-out texts ({number:,}), per cent", *rows])


def _rows(names: list[str], cells: list[list[str]]) -> list[str]:
    """Lay out rows: a name, then cells in columns as wide as their widest."""
    names = [printable(name) for name in names]
    columns = [max(width(row[place]) for row in cells) for place in range(len(cells[0]))]
    taken = sum(len(GAP) + column for column in columns) + len(GAP)
    widest = max(min(max(map(width, names)), COLUMNS - taken), SHORTEST_NAME)
    lines = []
    for name, row in zip(names, cells, strict=True):
        line = GAP + padded(shortened(name, widest), widest)
        for cell, column in zip(row, columns, strict=True):
            line += GAP + padded(cell, column)
        lines.append(line.rstrip())
    return lines


def _column(cells: list[str]) -> list[str]:
    """Bring numbers to one width, their last digits below one another."""
    widest = max(map(width, cells), default=0)
    return [padded(cell, widest, right=True) for cell in cells]
