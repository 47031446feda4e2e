"""A model on the network: `serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textkaizen.cli.options import ModelFolder


def serve(
    model: ModelFolder,
    replies: Annotated[
        Path | None, typer.Option(help="CSV with the columns label and reply.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.", min=0, max=65535)] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the token that requests must carry; else TEXTKAIZEN_TOKEN of the "
            "environment."
        ),
    ] = None,
    is_open: Annotated[
        bool,
        typer.Option("--open", help="Let others in without a token, too."),
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1)] = 1,
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="SQLite file for requests, replies and thumbs; by default beside the model.",
        ),
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep nothing.")] = False,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Requests a second that one client may send, 0 for any number; by default 20, "
            "and any number where the address is this machine's own.",
            min=0,
        ),
    ] = None,
    characters: Annotated[int, typer.Option(help="Longest text to answer.", min=1)] = 10_000,
) -> None:
    """Answer over HTTP, with a page to chat at.

    Ends with Ctrl-C or SIGTERM when all is answered. A new model in the folder is taken up while
    it runs.
    """
    from textkaizen.agent.server.run import serve as run
    from textkaizen.agent.server.settings import Settings, token_from
    from textkaizen.errors import UsageError

    if store is not None and no_store:
        raise UsageError("Either --store FILE or --no-store can be asked for; found both.")
    beside = model.resolve().with_name(f"{model.resolve().name}-conversations.sqlite")
    settings = Settings(
        model,
        replies,
        host=host,
        port=port,
        token=token_from(token_file),
        is_open=is_open,
        workers=workers,
        store=None if no_store else store or beside,
        rate=rate,
        characters=characters,
    )
    run(settings, lambda said: typer.echo(said, err=True))
