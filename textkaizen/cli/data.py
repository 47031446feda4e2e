"""What is wrong with labelled texts: `check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from textkaizen.cli.options import (
    Data,
    GroupColumn,
    Json,
    LabelColumn,
    Language,
    TestFile,
    TextColumn,
    corpora,
    print_json,
)

MOST_LANGUAGES = 8  # that are named with their shares


def check(
    data: Data,
    test: TestFile = None,
    language: Language = "",
    rows: Annotated[bool, typer.Option("--rows", help="Tell the language of each text.")] = False,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the data, with line numbers.

    It says which languages the texts are in, too.
    """
    from textkaizen.files.corpora import Columns
    from textkaizen.study.languages import Languages
    from textkaizen.study.preparation import check_texts

    corpus, held_out = corpora(data, test, Columns(text_column, label_column, group_column))
    facts, told = check_texts(corpus, held_out), Languages(corpus, language)
    warnings = [*facts["warnings"], *told.warnings]
    if as_json:
        each = {"rows": told.rows} if rows else {}
        print_json(facts | {"languages": told.texts, "warnings": warnings} | each)
        return
    typer.echo(f"{facts['path']}: {facts['texts']} texts, {facts['classes']} classes.")
    typer.echo(f"Languages: {shares(told.texts)}.")
    for warning in warnings:
        typer.echo(f"- {warning}")
    if not warnings:
        typer.echo("Nothing wrong was found.")
    for row in told.rows if rows else ():
        typer.echo(f"{row.get('line', '')}\t{row['language']}\t{' '.join(row['text'].split())}")


def shares(languages: Mapping[str, int]) -> str:
    """Name languages with their shares of the texts.

    Args:
        languages: code -> texts; "" are those without letters.

    Example:
        >>> shares({"de": 1200, "en": 800, "": 1})
        'de 60 %, en 40 %; without letters 0.05 %'
    """
    whole = sum(languages.values())
    percent = {code: f"{100 * texts / whole:.2g} %" for code, texts in languages.items()}
    percent |= {code: "100 %" for code, texts in languages.items() if texts >= 0.995 * whole}
    letterless = percent.pop("", None)
    named = [f"{code} {share}" for code, share in percent.items()]
    rest = len(named) - MOST_LANGUAGES
    if rest > 0:
        named = [*named[:MOST_LANGUAGES], f"{rest} more"]
    return ", ".join(named or ["none"]) + (f"; without letters {letterless}" if letterless else "")
