"""What is wrong with labelled texts: `check`."""

from __future__ import annotations

import typer

from textkaizen.cli.options import (
    Data,
    GroupColumn,
    Json,
    LabelColumn,
    TestFile,
    TextColumn,
    corpora,
    print_json,
)


def check(
    data: Data,
    test: TestFile = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the data, with line numbers."""
    from textkaizen.files.corpora import Columns
    from textkaizen.study.preparation import check_texts

    corpus, held_out = corpora(data, test, Columns(text_column, label_column, group_column))
    facts = check_texts(corpus, held_out)
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{facts['path']}: {facts['texts']} texts, {facts['classes']} classes.")
    for warning in facts["warnings"]:
        typer.echo(f"- {warning}")
    if not facts["warnings"]:
        typer.echo("Nothing wrong was found.")
