"""Studies that are killed at random moments and go on: do they end as one that was not?

    python -m benchmarks.killing

A study of `sib200_de` is run once as it is. Then, 20 times, it is started in a new folder, killed
by `kill -9` after a time drawn from 0 to that of the whole study, started again, perhaps killed
again, and at last left alone. What it says must be what the first one said, bit for bit but for
seconds, and so must all that its lanes answered.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.facts import ROOT, dataset, facts

RESULT = Path(__file__).parent / "results" / "killing.json"
TRIED = ("dropout 0.5", "early stopping", "learning rate x3", "batch size 64", "ELU", "AdamW")
EPOCHS = 20  # few: the shorter a lane, the more moments between lanes
KILLED, SEED, MOST_ATTEMPTS = 20, 4, 20
LANES = "trained, seed_number, fold, predicted, probabilities, best_epoch, facts"


def command(out: Path, recipe: Path) -> list[str]:
    """Return the command line of the study."""
    only = [word for name in TRIED for word in ("--only", name)]
    rest = ["--rounds", "1", "--seed", "1", "--json", "--recipe", str(recipe), "--out", str(out)]
    study = [sys.executable, "-m", "textkaizen.cli", "study"]
    return [*study, str(dataset("sib200_de")), *only, *rest]


def killed_after(line: list[str], seconds: float) -> bool:
    """Start a study and kill it after so many seconds; False where it has ended before."""
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(line, cwd=ROOT, **nowhere) as run:
        try:
            run.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
    return run.returncode == -signal.SIGKILL


def ended(line: list[str], out: Path) -> dict[str, Any]:
    """Run a study to its end; return what it said, what its lanes answered, and which files."""
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"A study must end with status 0; it ended with {done.stderr}")
    verdicts = (out / "verdicts.json").read_text(encoding="utf-8")
    if done.stdout != verdicts:
        raise SystemExit(f"What is printed must be what is written; in {out} it is not.")
    connection = sqlite3.connect(out / "lanes.sqlite")
    lanes = connection.execute(f"SELECT {LANES} FROM lanes ORDER BY 1, 2, 3").fetchall()
    connection.close()
    names = sorted(path.name for path in out.iterdir())
    return {"verdicts": without_seconds(json.loads(verdicts)), "lanes": lanes, "files": names}


def without_seconds(values: Any) -> Any:
    """Leave out every value called "seconds": it tells of the machine and not of the texts."""
    if isinstance(values, dict):
        return {n: without_seconds(value) for n, value in values.items() if n != "seconds"}
    return [without_seconds(value) for value in values] if isinstance(values, list) else values


def one(home: Path, recipe: Path, longest: float, draw: random.Random) -> dict[str, Any]:
    """Kill a study at a random moment, and perhaps once more; then let it end.

    Args:
        home: where its folder goes.
        recipe: its file.
        longest: seconds that a study takes; one that has ended before its moment was no study that
            was killed, and is begun anew with an earlier one.
        draw: where moments come from.
    """
    for attempt in range(MOST_ATTEMPTS):
        out = home / str(attempt)
        line, seconds = command(out, recipe), draw.uniform(0, longest)
        if not killed_after(line, seconds):
            longest = seconds
            continue
        moments = [seconds]
        if killed_after(line, seconds := draw.uniform(0, longest)):
            moments.append(seconds)
        return {"killed_after_seconds": [round(each, 2) for each in moments], **ended(line, out)}
    raise SystemExit(f"A study must last long enough to be killed; {home} ended each time.")


def measure() -> dict[str, Any]:
    """Run, kill, compare; tell each as it is found."""
    draw, found = random.Random(SEED), []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        recipe = home / "recipe.yaml"
        recipe.write_text(f"knobs:\n  epochs: {EPOCHS}\n", encoding="utf-8")
        begin = time.monotonic()
        whole = ended(command(home / "whole", recipe), home / "whole")
        seconds = time.monotonic() - begin
        print(f"uninterrupted: {len(whole['lanes'])} lanes, {seconds:.1f} s", flush=True)
        for number in range(1, KILLED + 1):
            again = one(home / str(number), recipe, seconds, draw)
            row = {"killed_after_seconds": again.pop("killed_after_seconds")}
            row |= {name: again[name] == whole[name] for name in whole}
            found.append(row)
            print(number, row, flush=True)
    same = sum(all(row[name] for name in whole) for row in found)
    kills = sum(len(row["killed_after_seconds"]) for row in found)
    print(f"{same} of {len(found)} studies ended as the uninterrupted one; {kills} kills")
    return {"lanes": len(whole["lanes"]), "same": same, "kills": kills, "studies": found}


def main() -> None:
    """Measure and write the result file; end with status 1 where anything differs."""
    found = measure()
    RESULT.parent.mkdir(exist_ok=True)
    text = json.dumps({"facts": facts(), "seed": SEED, **found}, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")
    sys.exit(found["same"] < KILLED)


if __name__ == "__main__":
    main()
