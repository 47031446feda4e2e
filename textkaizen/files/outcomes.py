"""What `improve` and `study` leave on disk: verdicts, recipe, report and models in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from textkaizen.errors import UsageError
from textkaizen.files.models import save_model
from textkaizen.files.recipes import save_recipe
from textkaizen.study.result import Result

NAMES = (
    "verdicts.json",
    "report.html",
    "recipe.yaml",
    "model",
    "linear_model",
    "baseline_model",
)


def check_folder(folder: Path) -> None:
    """Refuse, before hours of work, a folder that cannot be written or holds something else.

    Raises:
        UsageError: the folder is a file, cannot be made, or holds files of somebody else's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").write_text("")
        (folder / ".writable").unlink()
    except OSError as error:
        raise UsageError(
            f"--out must name a folder that can be written; {folder} cannot: {error.strerror}."
        ) from error
    strange = sorted(path.name for path in folder.iterdir() if path.name not in NAMES)
    if strange and not (folder / "verdicts.json").exists():
        raise UsageError(
            f"--out must be a new folder or one of an earlier run; {folder} holds {strange[0]}. "
            "Name another one."
        )


def save_outcome(result: Result, folder: Path, page: str) -> None:
    """Write `verdicts.json`, `recipe.yaml`, `report.html`, and the models (see `folders`)."""
    verdicts = json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    # Half a surrogate pair, possible in a text from JSON, has no UTF-8: "?" takes its place.
    (folder / "verdicts.json").write_text(verdicts + "\n", encoding="utf-8", errors="replace")
    (folder / "report.html").write_text(page, encoding="utf-8")
    save_recipe(result.recipe, folder / "recipe.yaml")
    for name, place in folders(result).items():
        save_model(result.models[name], folder / place)


def folders(result: Result) -> dict[str, str]:
    """Return which models are saved under which name.

    `model/` is the network by the adopted recipe, `linear_model/` the linear model it was measured
    against, `baseline_model/` the baseline network where that is the one to use.
    """
    network = "adopted" if "adopted" in result.models else "baseline"
    named = {network: "model", result.yardstick: "linear_model"}
    if result.use == "baseline":
        named |= {"baseline": "baseline_model"}
    return {name: place for name, place in named.items() if name in result.models}
