"""The sections of the page on texts: `benchmarks.vectorising`, `.tokenising`, `.predicting`."""

from __future__ import annotations

from typing import Any

MEGABYTE = 1e6

VECTORISING_HEAD = """## Texts to bags

From raw texts to the same bags with the default text rules: normalise, cut into words, word pairs
and runs of one to three characters, choose what stands in two texts or more, weigh. With arrays, as
a training does; text by text in plain Python; scikit-learn's two `TfidfVectorizer`s. Programs take
turns; texts a second are medians of the rounds, a ratio is the median over rounds of what stood
side by side.
"""

TOKENISING_HEAD = """## Japanese texts to words

Different short texts, made of real sentences. A bare loop of the analyser in one thread, which asks
for nothing; ours give the words of each text: with as many processes as there are cores, in one
process, and from what was kept on disk. Programs take turns; seconds are medians of the rounds, a
ratio is the median over rounds of what stood side by side.
"""

PREDICTING_HEAD = """## Predictions

One text at a time, `Model.answer` beside scikit-learn's `TfidfVectorizer`s of words and of
characters with `LogisticRegression`, text by text in turn; no text is answered twice. The program's
own time leaves out what else the machine did meanwhile. A start is the whole process of
`textkaizen predict MODEL` with one text. Lines of a file are those of `textkaizen predict MODEL
FILE` after its start, beside the vectoriser alone.
"""


def vectorising_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.vectorising`."""
    lines = [
        VECTORISING_HEAD,
        "| texts | characters a text | features | program | texts a second | times slower |",
        "|---|---|---|---|---|---|",
    ]
    rows = [(f"{name}, a part", own) for name, own in found["sets"].items()]
    rows += [(f"{name}, all", own) for name, own in found["whole"].items()]
    for name, own in rows:
        for program, speed in own["texts_a_second"].items():
            ratio = own["times_faster"].get(program)
            lines.append(
                f"| {name}: {own['texts']:,} | {own['characters'] / own['texts']:.0f} | "
                f"{own['features']:,} | {program} | {speed:,} | "
                f"{'' if ratio is None else f'{ratio:.1f}'} |"
            )
    many = found["million"]
    return [
        *lines,
        "",
        f"{many['texts']:,} texts of {many['characters'] / many['texts']:.0f} characters, as a "
        f"stream in a process of its own: {many['seconds']:.0f} s without making the texts, "
        f"{many['features']:,} features, {many['bytes_at_most'] / MEGABYTE:,.0f} MB at most, of "
        f"which {many['bytes_before'] / MEGABYTE:,.0f} before: {many['bytes_a_non_zero']:.0f} "
        "bytes for each number that is not zero.",
        "",
    ]


def tokenising_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.tokenising`."""
    lines = [
        TOKENISING_HEAD,
        "| analyser | texts | program | seconds | times the analyser alone |",
        "|---|---|---|---|---|",
    ]
    for name, own in found["analysers"].items():
        for program, seconds in own["seconds"].items():
            lines.append(
                f"| {name} | {own['texts']:,} | {program} | {seconds['median']:.2f} | "
                f"{own['times_the_analyser'][program]:.2f} |"
            )
    return [*lines, ""]


def predicting_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.predicting`."""
    lines = [
        PREDICTING_HEAD,
        "| texts | characters a text | features | program | answered | milliseconds, median | "
        "of 100 the slowest | own time, median | of 100 the slowest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, own in found["sets"].items():
        for program, times in own["one_prediction"].items():
            wall, alone = times["milliseconds"], times["own_milliseconds"]
            lines.append(
                f"| {name} | {own['characters_a_text']:.0f} | {own['features']:,} | {program} | "
                f"{times['texts']:,} | {wall['median']:.3f} | {wall['percentile_99']:.3f} | "
                f"{alone['median']:.3f} | {alone['percentile_99']:.3f} |"
            )
    lines += [
        "",
        "| texts | start, seconds | fastest | its own time | lines of a file | a second | "
        "vectorised a second | MB at most | MB, a tenth of the lines |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, own in found["sets"].items():
        start, file = own["start"], own["file"]
        lines.append(
            f"| {name} | {start['seconds_median']:.2f} | {start['seconds_min']:.2f} | "
            f"{start['own_seconds_min']:.2f} | {file['lines']:,} | "
            f"{file['lines_a_second_after_the_start']:,} | {file['vectorised_a_second']:,} | "
            f"{file['peak_megabytes']:,} | {file['peak_megabytes_of_a_tenth']:,} |"
        )
    return [*lines, ""]
