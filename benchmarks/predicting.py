"""One prediction, the start of `textkaizen predict`, and lines a second of a file.

    python -m benchmarks.predicting [--quick] [--out FOLDER]

A model of the default recipe (few epochs: they change no time here) and scikit-learn's
`TfidfVectorizer` of words beside one of characters, joined, with `LogisticRegression`, answer the
same texts one at a time, taking turns text by text. No text is answered twice: what is kept of
words comes from other texts only. The start is the whole process of `textkaizen predict MODEL`
with one text on standard input. Lines of a file are timed beside `Vocabulary.bags` alone.

A quick run measures few texts of one set.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from benchmarks.facts import dataset
from benchmarks.rounds import size_asked, write_result
from textkaizen.data import Corpus, canonical
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.files.models import load_model, save_model
from textkaizen.model import Model, learn_model
from textkaizen.recipe import Recipe
from textkaizen.text.cut import WORD
from textkaizen.text.normalise import normalise

SETS = ("nsmc_200k", "clinc150", "20ng")
TRAINED, ASKED, LINES, STARTS = 20_000, 10_000, 100_000, 5
PEER_ASKED = 2_000  # it takes ten times as long, and a median needs no more
MEGABYTE = 1e6
COMMAND = [sys.executable, "-m", "textkaizen.cli", "predict"]


def measure(name: str, asked: int, trained: int, lines: int) -> dict[str, Any]:
    """Measure one set.

    Args:
        name: of the set.
        asked: test texts to answer at most.
        trained: texts to train on at most.
        lines: of the file to answer.
    """
    columns = Columns("text", "label", None)
    corpus = canonical(load_corpus(dataset(name), columns))
    rows = np.random.default_rng(0).permutation(len(corpus))[:trained]
    train = corpus.take(np.sort(rows))
    texts = list(dict.fromkeys(load_corpus(dataset(name, "test"), columns).texts))[:asked]
    recipe = Recipe().with_shape(batch_size=256).with_knobs(epochs=2)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        save_model(learn_model(train, recipe, seed=0)[0], folder)
        model = load_model(folder)
        found = {
            "texts_trained_on": len(train),
            "features": len(model.vocabulary.terms),
            "classes": len(model.labels),
            "characters_a_text": round(statistics.mean(map(len, texts)), 1),
            "one_prediction": _one_by_one(load_model(folder), _peer(train), texts),
            "start": _starts(folder, texts[0]),
            "file": _file(model, folder, texts, lines),
        }
    return found


def _peer(train: Corpus) -> Callable[[str], Any]:
    shared: dict[str, Any] = {"preprocessor": normalise, "sublinear_tf": True, "min_df": 2}
    words = TfidfVectorizer(
        **shared, tokenizer=WORD.findall, token_pattern=None, ngram_range=(1, 2)
    )
    characters = TfidfVectorizer(**shared, analyzer="char_wb", ngram_range=(1, 3))
    pipeline = make_pipeline(
        make_union(words, characters), LogisticRegression(max_iter=20, tol=0.1)
    )
    pipeline.fit(train.texts, train.labels)
    return lambda text: pipeline.predict([text])


def _one_by_one(model: Model, peer: Callable[[str], Any], texts: list[str]) -> dict[str, Any]:
    """Time each text; `own_milliseconds` leave out what else the machine did meanwhile."""
    model.answer("")
    peer("")
    programs: dict[str, tuple[Callable[[str], Any], int]] = {
        "textkaizen": (model.answer, len(texts)),
        "scikit-learn": (peer, PEER_ASKED),
    }
    walls: dict[str, list[float]] = {name: [] for name in programs}
    owns: dict[str, list[float]] = {name: [] for name in programs}
    for number, text in enumerate(texts):
        for name, (answer, most) in programs.items():
            if number < most:
                begun, own = time.perf_counter_ns(), time.thread_time_ns()
                answer(text)
                owns[name].append((time.thread_time_ns() - own) / 1e6)
                walls[name].append((time.perf_counter_ns() - begun) / 1e6)
    return {
        name: {
            "texts": len(walls[name]),
            "milliseconds": _spread(walls[name]),
            "own_milliseconds": _spread(owns[name]),
        }
        for name in programs
    }


def _spread(values: list[float]) -> dict[str, float]:
    found = np.percentile(values, [50, 99, 100]).round(4).tolist()
    return dict(zip(("median", "percentile_99", "max"), found, strict=True))


def _starts(folder: Path, text: str) -> dict[str, Any]:
    """From the start of a process to its end, one text answered."""
    line = (" ".join(text.split()) + "\n").encode()
    runs = [_process([*COMMAND, str(folder)], line) for _ in range(STARTS)]
    return {
        "runs": STARTS,
        "seconds_median": round(statistics.median(run["seconds"] for run in runs), 3),
        "seconds_min": round(min(run["seconds"] for run in runs), 3),
        "own_seconds_min": round(min(run["own_seconds"] for run in runs), 3),
    }


def _file(model: Model, folder: Path, texts: list[str], lines: int) -> dict[str, Any]:
    """A file through `textkaizen predict`, a tenth of it, and the vectoriser alone."""
    repeated = [" ".join(texts[number % len(texts)].split()) for number in range(lines)]
    runs = {}
    for count in (lines // 10, lines):
        path = folder.parent / f"{count}.txt"
        path.write_text("\n".join(repeated[:count]) + "\n", encoding="utf-8")
        runs[count] = _process([*COMMAND, str(folder), str(path)])
    begun = time.perf_counter()
    model.vocabulary.bags(repeated)
    vectorised = time.perf_counter() - begun
    # Two lengths: their difference leaves out the start.
    rest = runs[lines]["seconds"] - runs[lines // 10]["seconds"]
    return {
        "lines": lines,
        "seconds": round(runs[lines]["seconds"], 2),
        "lines_a_second_after_the_start": round((lines - lines // 10) / rest),
        "vectorised_a_second": round(lines / vectorised),
        "peak_megabytes": round(runs[lines]["bytes"] / MEGABYTE),
        "peak_megabytes_of_a_tenth": round(runs[lines // 10]["bytes"] / MEGABYTE),
    }


def _process(command: list[str], sent: bytes = b"") -> dict[str, float]:
    """Run to the end; seconds on the clock and of its own, and its largest memory in bytes."""
    with tempfile.TemporaryFile() as given:
        given.write(sent)
        given.seek(0)
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL)
        largest, watching = [0.0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, largest, watching))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        watching.set()
        watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"`{' '.join(command)}` ended with {process.returncode}.")
    return {
        "seconds": seconds,
        "own_seconds": used.ru_utime + used.ru_stime,
        "bytes": largest[0],
    }


def _watch(pid: int, largest: list[float], ended: threading.Event) -> None:
    """Note a process's largest memory; what `wait4` tells begins with that of its parent."""
    while not ended.wait(0.05):
        with suppress(OSError, IndexError):
            told = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
            kilobytes = told.split("VmHWM:")[1].split()[0]
            largest[0] = 1024.0 * float(kilobytes)


def main(arguments: list[str] | None = None) -> None:
    """Measure all sets and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    found: dict[str, Any] = {"sets": {}}
    for name in SETS[1:2] if size.quick else SETS:
        long = name == "20ng"
        sizes = (200, 500, 1000) if size.quick else (ASKED, TRAINED, LINES // 10 if long else LINES)
        found["sets"][name] = measure(name, *sizes)
        # After each set: what was measured is kept if the next is interrupted.
        write_result(size, "predicting", found)


if __name__ == "__main__":
    main()
