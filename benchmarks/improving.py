"""`textkaizen improve` on seven real sets, one after another: `make results`.

    python -m benchmarks.improving [MINUTES]    writes benchmarks/results/improving.json and the
                                                page docs/results.md (MINUTES each, 5 by default)

Each set goes through the command line as a user's would, on its own training and test file, in a
process of its own. Nothing else should run meanwhile: with minutes, the clock decides how much is
measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.facts import ROOT, dataset, facts

SEED, MINUTES = 1, 5.0
RESULT, PAGE = Path(__file__).parent / "results" / "improving.json", ROOT / "docs" / "results.md"
SETS = {
    "clinc150_small": "English requests, 150 intents",
    "banking77": "English questions to a bank, 77 intents",
    "snips": "English requests, 7 intents",
    "sib200_ja": "Japanese sentences, 7 topics",
    "jrte_pn": "Japanese hotel reviews, 3 sentiments",
    "germeval2018_coarse": "German tweets, 2 classes",
    "stackoverflow20": "titles of English questions, 20 tags",
}
HEAD = """# On real texts

`textkaizen improve` on the training and the test file of seven sets, {minutes:g} minutes each, seed
{seed}, on {cores} cores ({processor}). `make results` runs them all and writes this page.

```console
textkaizen improve snips/train.csv --test snips/test.csv --minutes {minutes:g} --seed {seed}
```

Accuracy on the test texts, per cent, with its 95 % interval. "Gain" is the adopted network minus
the baseline, "beside the SVM" the adopted network minus the linear SVM, both paired, in points.
"""
SOURCES = """
What a round adopts was chosen on training texts alone; nothing here was chosen on the test texts.
Rows without an adopted improvement are no failure of the run: the texts show nothing that helps.

The texts are not part of this project. CLINC150: Larson et al. 2019 (CC BY 3.0). Banking77:
Casanueva et al. 2020 (CC BY 4.0). Snips: Coucke et al. 2018 (CC0). SIB-200: Adelani et al. 2024
(CC BY-SA 4.0). JRTE: Hayashibe 2020 (CC BY-NC-SA 4.0). GermEval 2018:
Wiegand et al. 2018 (CC BY 4.0). Stack Overflow titles: Xu et al. 2015.
"""


def main(minutes: float) -> None:
    """Run every set, and write file and page as they grow."""
    found: dict[str, Any] = {"facts": facts(), "minutes": minutes, "seed": SEED, "sets": {}}
    for name in SETS:
        found["sets"][name] = improve(name, minutes)
        RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(page(found), encoding="utf-8")
        print(row(name, found["sets"][name]), flush=True)


def improve(name: str, minutes: float) -> dict[str, Any]:
    """Run the command on one set; return what its JSON says, without the long parts."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "textkaizen.cli", "improve", str(dataset(name))]
        command += ["--test", str(dataset(name, "test")), "--out", str(Path(folder, "out"))]
        command += ["--minutes", f"{minutes:g}", "--seed", str(SEED), "--json"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(done.stdout)
    kept = ("adopted", "places", "substitutes", "test", "use", "advice", "lanes", "seconds")
    verdicts = [each["verdict"] for each in said["improvements"]]
    told = ("name", "round", "difference", "low", "high", "verdict", "adopted")
    return {
        **{key: said[key] for key in kept},
        "texts": said["data"]["training_texts"],
        "test_texts": said["data"]["test_texts"],
        "design": {key: said["design"][key] for key in ("folds", "seeds", "rounds", "stopped")},
        "verdicts": {kind: verdicts.count(kind) for kind in sorted(set(verdicts))},
        "found": [
            {key: each[key] for key in told}
            for each in said["improvements"]
            if each["verdict"] in ("helps", "hurts") or each["adopted"]
        ],
    }


def page(found: dict[str, Any]) -> str:
    """Return docs/results.md."""
    machine = found["facts"]
    head = HEAD.format(
        minutes=found["minutes"],
        seed=found["seed"],
        cores=machine["cores"],
        processor=machine["processor"],
    )
    lines = [head]
    lines += [
        "| texts | baseline network | adopted network | gain | linear SVM | beside the SVM "
        "| adopted | to use | networks, minutes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [row(name, one) for name, one in found["sets"].items()]
    lines += ["", "## What the rounds found", ""]
    lines += [_story(name, one) for name, one in found["sets"].items()]
    return "\n".join(lines) + "\n" + SOURCES


def row(name: str, one: dict[str, Any]) -> str:
    """Return a set's row of the table."""
    test = one["test"]
    adopted = ", ".join(
        each["name"] + (" (without evidence)" if each["adopted"] != "adopted" else "")
        for each in one["found"]
        if each["adopted"] and each["name"] in one["adopted"]
    )
    cells = [
        f"`{name}`: {one['texts']:,} {SETS[name]}; {one['test_texts']:,} test texts",
        _score(test["baseline"]),
        _score(test["adopted"]),
        _gap(test["baseline"]),
        _score(test["linear_svm"]),
        _gap(test["linear_svm"]),
        adopted or "nothing",
        one["use"].replace("_", " "),
        f"{one['lanes']}, {one['seconds'] / 60:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _score(scores: dict[str, Any]) -> str:
    accuracy = scores["accuracy"]
    ends = f"{100 * accuracy['low']:.1f}, {100 * accuracy['high']:.1f}"
    return f"{100 * accuracy['value']:.1f} [{ends}]"


def _gap(scores: dict[str, Any]) -> str:
    gap = scores["adopted_minus_this"]
    ends = f"{100 * gap['low']:+.1f}, {100 * gap['high']:+.1f}"
    return f"{100 * gap['difference']:+.1f} [{ends}]"


def _story(name: str, one: dict[str, Any]) -> str:
    """Say in a line what helped and what hurt."""
    design = one["design"]
    counts = ", ".join(f"{count} {kind}" for kind, count in one["verdicts"].items())
    said = [
        f"- `{name}` ({design['folds']} folds, up to {design['seeds']} seeds, {design['rounds']} "
        f"rounds, {design['stopped']}): {counts}."
    ]
    for kind in ("helps", "hurts"):
        own = [each for each in one["found"] if each["verdict"] == kind and each["round"] == 1]
        own.sort(key=lambda each: -abs(each["difference"]))
        if own:
            told = ", ".join(f"{each['name']} {100 * each['difference']:+.1f}" for each in own[:6])
            more = f" and {len(own) - 6} more" if len(own) > 6 else ""
            said.append(f"In round 1 {kind}: {told}{more} (points of macro-F1).")
    for pair in one["substitutes"][:3]:
        said.append(
            f"{pair['first']} and {pair['second']} do the same work: alone "
            f"{100 * pair['first_alone']['difference']:+.1f} and "
            f"{100 * pair['second_alone']['difference']:+.1f}, together "
            f"{100 * pair['both']['difference']:+.1f}."
        )
    return " ".join(said)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
