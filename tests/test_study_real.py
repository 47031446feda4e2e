"""Real texts: the same verdict table to the last digit, whatever the order of the file.

Needs the folder of data sets that TEXTKAIZEN_DATASETS names (by default ../shared/datasets beside
the checkout), and fails when it is missing: a test that passes without its input shows nothing.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import Recipe
from textkaizen.study.budget import Budget
from textkaizen.study.course import Means
from textkaizen.study.improvements import chosen
from textkaizen.study.kaizen import study
from textkaizen.workers.threads import Threads

FOLDER = Path(
    os.environ.get(
        "TEXTKAIZEN_DATASETS", Path(__file__).resolve().parents[2] / "shared" / "datasets"
    )
)
NAMES = ["dropout 0.5", "batch size 64", "ELU"]


@pytest.mark.slow
def test_sib200_ja_repeats_and_the_order_of_its_rows_changes_nothing():
    path = FOLDER / "sib200_ja" / "train.csv"
    assert path.exists(), f"{path} is missing: set TEXTKAIZEN_DATASETS to the folder of data sets."
    rows = load_corpus(path, Columns("text", "label", None))
    count = len(rows)
    orders = [
        np.arange(count),
        np.arange(count),
        np.array(sorted(range(count), key=rows.labels.__getitem__)),
        np.arange(count)[::-1],
        np.random.default_rng(1).permutation(count),
    ]
    tables = []
    for order in orders:
        workers = Threads()
        found = study(
            rows.take(order),
            budget=Budget(rounds=1),
            seed=1,
            means=Means(workers, workers.stopping),
            baseline=Recipe().with_knobs(epochs=8),
            improvements=chosen(NAMES),
        ).to_dict()
        for row in (
            *found["improvements"],
            *(one["base"] for one in found["design"]["each_round"]),
        ):
            del row["seconds"]
        kept = ("improvements", "design", "lanes", "compilations", "adopted", "recipe")
        tables.append(json.dumps({name: found[name] for name in kept}))
    assert [row["name"] for row in json.loads(tables[0])["improvements"]] == NAMES
    assert tables[1:] == tables[:1] * 4
