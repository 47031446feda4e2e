"""The verdicts and the answer as plain text, for a terminal of 80 columns.

Plain characters only, no colour: the table is as readable in a pipe, a mail or a log. Columns are
as wide as what is in them; when a line would be too long, names are cut, never numbers. What a
terminal would not show as wide as it is counted is replaced before anything is laid out.

Rejected: Rich's tables (their lines depend on the terminal, and a table pasted elsewhere breaks).
"""

from __future__ import annotations

from textkaizen.report.answer import (
    Round,
    adopted_sentence,
    answer,
    ending,
    fewer_epochs,
    gain,
    how_sure,
    is_study,
    last_words,
    left_out,
    tally,
    training_texts,
)
from textkaizen.report.wording import (
    MODELS,
    counted,
    duration,
    padded,
    per_cent,
    per_cent_interval,
    points,
    points_interval,
    printable,
    shortened,
    width,
    wrapped,
)
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, Result

COLUMNS = 80
GAP = "  "
SHORTEST_NAME = 12
ORDER = (HELPS, NO_EVIDENCE, HURTS)  # of the rows; within each the largest difference first


def verdict_table(result: Result) -> str:
    """Return the verdicts round by round and the scores on held-out texts, without colour.

    No line is longer than 80 columns; differences are points of macro-F1, scores per cent. What
    helps comes first, then what is without evidence, then what hurts, and in one paragraph what was
    not tried. Of rounds that ask the same with more and more seeds only the last is shown.
    """
    every = last_words(result)
    blocks = [_round(result, one) for one in every] or ["No improvement was measured."]
    if result.finalists:
        blocks.append(_scores(result))
    return "\n\n".join(blocks) + "\n"


def summary(result: Result) -> str:
    """Return the answer in a few lines: what to use, what was adopted, how sure, what it took."""
    found = answer(result)
    # An advice is shown as it was written; without one title and reason take its place.
    said = [result.advice or f"{found.title}. {found.reason}"]
    if not is_study(result):
        said.append(adopted_sentence(result))
    said[-1] += f" {ending(result)}"
    gap = gain(result)
    if gap is not None and result.adopted:
        said.append(
            f"On held-out texts: {points(gap.value)} points of accuracy {points_interval(gap)}. "
            f"{how_sure(result)}"
        )
    said += [sentence for sentence in (fewer_epochs(result), left_out(result)) if sentence]
    warned = result.data.get("warnings") or []
    if warned:
        said.append(f"{counted(len(warned), 'warning')} about the data: {warned[0]}")
    said.append(
        f"{counted(result.lanes, 'network')} trained, "
        f"{counted(result.compilations, 'program')} compiled, {duration(result.seconds)}."
    )
    return "\n".join(wrapped(printable(sentence), COLUMNS) for sentence in said)


def _round(result: Result, one: Round) -> str:
    lines = _title(result, one)
    rows = sorted(one.tried, key=lambda verdict: ORDER.index(verdict.verdict))
    gaps = [verdict.macro_f1 for verdict in rows if verdict.macro_f1 is not None]
    columns = [
        _column([points(gap.value) for gap in gaps]),
        _column([f"[{points(gap.low)}," for gap in gaps]),
        _column([f"{points(gap.high)}]" for gap in gaps]),
    ]
    numbers = [" ".join(row) for row in zip(*columns, strict=True)]
    cells = [
        # Beside "no evidence" the one word says that it was adopted without.
        [number, verdict.verdict, "adopted" if verdict.adopted else ""]
        for number, verdict in zip(numbers, rows, strict=True)
    ]
    if cells:
        lines += _rows([verdict.name for verdict in rows], cells)
        lines.append(f"{GAP}In all: {tally(one.tried)}.")
    if one.untried:
        lines += _folded(f"Not tried ({len(one.untried)}):", one.untried)
    return "\n".join(lines)


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
    texts = training_texts(result) if one == last_words(result)[0] else None
    details = f"{counted(folds, 'fold')} x {counted(seeds, 'seed')}" if folds and seeds else ""
    details += f"{', ' if details else ''}{counted(texts, 'text')}" if texts else ""
    end = f"{f'({details})   ' if details else '  '}macro-F1, points"
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
