"""When a model rather says that it does not know: `fallback`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textkaizen.cli.options import (
    Data,
    Device,
    GroupColumn,
    Json,
    LabelColumn,
    ModelFolder,
    TextColumn,
    corpora,
    print_json,
)


def fallback(
    model: ModelFolder,
    data: Data,
    wrong: Annotated[
        float, typer.Option(help="Share of the answers that may be wrong, at most.")
    ] = 0.05,
    confidence: Annotated[float, typer.Option(help="How sure that must be.")] = 0.95,
    outside: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Examples of texts that belong to no class."),
    ] = None,
    outside_share: Annotated[
        float, typer.Option(help="Share of such texts among those to come.")
    ] = 0.0,
    calibrate: Annotated[
        float,
        typer.Option(help="Share to keep away from the model where it has seen all; 0: none."),
    ] = 0.2,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="The model has seen none of these texts.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File for the curve, *.svg.")] = None,
    device: Device = "auto",
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    group_column: GroupColumn = None,
    as_json: Json = False,
) -> None:
    """Let a model say "I don't know" where it is unsure.

    DATA is what the model was trained on, the file that `improve` read, or unseen texts.
    """
    from textkaizen.cli.rates import require_writable, write_figure
    from textkaizen.files.compiled import compiled_folder
    from textkaizen.files.corpora import Columns
    from textkaizen.files.foreign import load_texts
    from textkaizen.files.models import check_model_folder, load_model, save_model
    from textkaizen.report.risk import fallback_told, risk_figure
    from textkaizen.study.fallback import Promise, set_fallback
    from textkaizen.workers.devices import plan, require_device

    require_device(device, "--")
    promise = Promise(wrong, confidence, outside_share, calibrate, unseen)
    if out is not None:
        require_writable(out)
    loaded = load_model(model)
    corpus, _ = corpora(data, None, Columns(text_column, label_column, group_column))
    foreign = load_texts(outside, text_column) if outside is not None else ()
    check_model_folder(model)
    programs = None
    if loaded.kind == "network" and not unseen:
        from textkaizen.train.programs import Programs  # it takes a second

        programs = Programs(compiled_folder(), device=plan(device).device)
    found, told = set_fallback(loaded, corpus, promise, foreign, programs, _tell)
    save_model(found, model)
    if as_json:
        print_json({"model": str(model), **told})
    else:
        typer.echo(fallback_told(told))
        typer.echo(f"The fallback is in {model}.")
    if out is not None:
        write_figure(out, risk_figure(told, corpus.name))


def _tell(told: str) -> None:
    typer.echo(told, err=True)
