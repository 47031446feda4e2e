"""What `improve` and `study` leave on disk: verdicts, recipe, report and models in one folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from textkaizen.errors import ModelError, UsageError
from textkaizen.files.database import FILE
from textkaizen.files.database import NAMES as LANES
from textkaizen.files.models import require_replaceable, save_model
from textkaizen.files.recipes import save_recipe
from textkaizen.study.result import Result

MODELS = ("model", "linear_model", "baseline_model")
NAMES = ("verdicts.json", "report.html", "recipe.yaml", *MODELS, *LANES)


def check_folder(folder: Path) -> None:
    """Refuse, before hours of work, a folder that cannot be written or holds something else.

    A run that was stopped has left its finished lanes, and perhaps no verdicts yet.

    Raises:
        UsageError: the folder is a file, cannot be made, or holds files of somebody else's.
        ModelError: one of the model folders in it holds something else than a model.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"--out must name a folder that can be written; {folder} cannot: {error.strerror}. "
            "Name another one."
        ) from error
    strange = sorted(path.name for path in folder.iterdir() if path.name not in NAMES)
    if strange and not any((folder / name).exists() for name in ("verdicts.json", FILE)):
        raise UsageError(
            f"--out must be a new folder or one of an earlier run; {folder} holds {strange[0]}. "
            "Name another one."
        )
    for name in MODELS:
        require_replaceable(folder / name)


def save_outcome(result: Result, folder: Path, page: str) -> None:
    """Write `verdicts.json`, `recipe.yaml`, `report.html`, and the models (see `folders`).

    Models of an earlier run do not stay beside them: they would belong to other verdicts.

    Raises:
        ModelError: a network has diverged and cannot be saved; all else has been written.
        UsageError: the files cannot be written, as on a full disk.
    """
    try:
        _write_pages(result, folder, page)
    except OSError as error:
        raise UsageError(
            f"--out must name a folder that can be written; {folder} cannot: {error.strerror}. "
            "Make room there, or name another one."
        ) from error
    saved = {place: name for name, place in folders(result).items()}
    failed = []
    for place in MODELS:
        try:
            require_replaceable(folder / place)
            if place not in saved:
                shutil.rmtree(folder / place, ignore_errors=True)
            else:
                save_model(result.models[saved[place]], folder / place)
        except ModelError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def _write_pages(result: Result, folder: Path, page: str) -> None:
    verdicts = json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    # Half a surrogate pair, possible in a text from JSON, has no UTF-8: "?" takes its place.
    (folder / "verdicts.json").write_text(verdicts + "\n", encoding="utf-8", errors="replace")
    (folder / "report.html").write_text(page, encoding="utf-8")
    save_recipe(result.recipe, folder / "recipe.yaml")


def folders(result: Result) -> dict[str, str]:
    """Return which models are saved under which name.

    `model/` is the network by the recipe of the result, `linear_model/` the linear model it was
    measured against, `baseline_model/` the baseline network where that is the one to use, or the
    only one there is since the run was interrupted.
    """
    made = "adopted" in result.models or result.recipe == result.baseline
    network = "adopted" if "adopted" in result.models else "baseline"
    named = {network: "model" if made else "baseline_model", result.yardstick: "linear_model"}
    if result.use == "baseline":
        named |= {"baseline": "baseline_model"}
    return {name: place for name, place in named.items() if name in result.models}
