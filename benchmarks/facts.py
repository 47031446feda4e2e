"""What a result file says besides times: machine, versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATASETS = Path(os.environ.get("TEXTKAIZEN_DATASETS", ROOT / ".." / "shared" / "datasets"))
PACKAGES = ("textkaizen", "jax", "jaxlib", "numpy", "scipy", "scikit-learn", "keras")


def dataset(name: str, part: str = "train") -> Path:
    """Return the path of a set, or end with a sentence where it is missing."""
    path = DATASETS / name / f"{part}.csv"
    if not path.exists():
        raise SystemExit(
            f"Benchmarks need the labelled texts of {name}: {path} does not exist. Set "
            "TEXTKAIZEN_DATASETS to the folder that holds it."
        )
    return path


def facts() -> dict[str, object]:
    """Return versions, machine and commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "commit": commit.stdout.strip(),
    }


def _processor() -> str:
    """Name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"
