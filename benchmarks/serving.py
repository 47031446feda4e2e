"""`textkaizen serve` under load, beside a plain FastAPI server with a scikit-learn pipeline.

    python -m benchmarks.serving [--quick] [--out FOLDER]

One worker each, 32 connections, one program after another, on loopback; wrk sends different texts
and waits for each answer. Ours is a network on bags, and a linear model like the pipeline's, with
its store as by default; further forms answer every text in the thread that puts waiting ones
together, and keep nothing. Memory is that of the process while it answers 200,000 requests and
more. Without a server: what texts take together and one by one, of models of several kinds.

A quick run lasts seconds.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.facts import ROOT, dataset
from benchmarks.rounds import size_asked, write_result
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.files.models import load_model, save_model
from textkaizen.model import Model, learn_classifier, learn_linear, learn_model
from textkaizen.recipe import Recipe

SET = "clinc150"
CONNECTIONS, SECONDS, WARM_SECONDS = 32, 120, 5
REQUESTS, PIECES = 200_000, 10  # whose memory is watched, and how often it is looked at
BODIES = 5000
SLOW, FEW = ("nearest_neighbours", "random_forest", "kernel_svm"), 2000
TOGETHER, ROUNDS = (1, 4, 16, 32), 5
MEGABYTE = 1e6
OURS = [sys.executable, "-c"]
SERVE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from textkaizen.agent.server import run, service, settings\n"
    "service.AT_ONCE_SECONDS = float(sys.argv[2])\n"
    "store = Path(sys.argv[3]) if sys.argv[3] else None\n"
    "asked = settings.Settings(Path(sys.argv[1]), port=0, store=store)\n"
    "run.serve(asked, lambda told: print(told, flush=True))\n"
)


def main(arguments: list[str] | None = None) -> None:
    """Measure all programs and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    if shutil.which("wrk") is None:
        print("serving: wrk is not installed (`apt-get install wrk`); nothing is measured.")
        return
    seconds = 1 if size.quick else SECONDS
    found: dict[str, Any] = {"set": SET, "connections": CONNECTIONS, "seconds": seconds}
    found["wrk"] = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout.split()[1]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _prepare(folder, size.quick)
        programs = {
            "textkaizen, network": _ours(folder, "network"),
            "FastAPI and scikit-learn, logistic regression": _peer(folder),
            "textkaizen, logistic regression": _ours(folder, "linear"),
            "textkaizen, network, nothing kept": _ours(folder, "network", keeps=False),
            "textkaizen, network, waiting texts together": _ours(folder, "network", at_once=0.0),
        }
        found["programs"] = {}
        for name, command in programs.items():
            further = name.count(",") > 1
            found["programs"][name] = _measure(command, folder, seconds // (4 if further else 1))
            print(f"{name}: {found['programs'][name]}", flush=True)
            # After each program: what was measured is kept if the next is interrupted.
            write_result(size, "serving", found)
        requests = REQUESTS // 100 if size.quick else REQUESTS
        found["memory"] = _memory(programs["textkaizen, network"], folder, requests)
        found["together"] = _together(load_model(folder / "network"), size.quick)
    write_result(size, "serving", found)


def _prepare(folder: Path, quick: bool) -> None:
    """Train both models and write the texts that are sent."""
    columns = Columns("text", "label", None)
    train = load_corpus(dataset(SET), columns)
    texts = load_corpus(dataset(SET, "test"), columns).texts[:BODIES]
    recipe = Recipe().with_shape(batch_size=256).with_knobs(epochs=1 if quick else 8)
    save_model(learn_model(train, recipe, seed=0)[0], folder / "network")
    save_model(learn_linear(train, recipe, seed=0), folder / "linear")
    bodies = [json.dumps({"text": text}) for text in texts]
    (folder / "bodies").write_text("\n".join(bodies) + "\n", encoding="utf-8")


def _ours(folder: Path, model: str, keeps: bool = True, at_once: float = 0.001) -> list[str]:
    store = str(folder / f"{model}.sqlite") if keeps else ""
    return [*OURS, SERVE, str(folder / model), str(at_once), store]


def _peer(_folder: Path) -> list[str]:
    script = ROOT / "benchmarks" / "peer_processes" / "serve_sklearn.py"
    return [sys.executable, str(script), str(dataset(SET))]


@contextmanager
def _served(command: list[str]) -> Iterator[tuple[int, str]]:
    """Start a server; give its process and its address, and end it."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | one_thread, cwd=ROOT
    )
    assert process.stdout is not None
    told = process.stdout.readline()
    port = re.search(r"(?:127\.0\.0\.1:|^)(\d+)", told)
    if port is None:
        raise SystemExit(f"A server did not start: {told}")
    try:
        yield process.pid, f"http://127.0.0.1:{port[1]}"
    finally:
        process.terminate()
        process.wait(60)


def _load(address: str, folder: Path, seconds: int) -> dict[str, Any]:
    """Have wrk send for a while; return what it has measured."""
    script = ROOT / "benchmarks" / "serving.lua"
    given = {"SERVING_PATH": "/v1/reply", "SERVING_BODIES": str(folder / "bodies")}
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(seconds, 1)}s", "-s", str(script), address],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | given,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def _measure(command: list[str], folder: Path, seconds: int) -> dict[str, Any]:
    with _served(command) as (pid, address):
        _load(address, folder, min(WARM_SECONDS, seconds))
        own, load = _own_seconds(pid), os.getloadavg()[0]
        found = _load(address, folder, seconds)
        own = _own_seconds(pid) - own
        return {
            "requests": found["requests"],
            "requests_a_second": round(found["requests"] / found["microseconds"] * 1e6, 1),
            "milliseconds": {
                name: round(found[name] / 1e3, 2) for name in ("median", "percentile_99", "max")
            },
            "errors": sum(found[e] for e in ("connect", "read", "write", "status", "timeout")),
            "own_milliseconds_a_request": round(own / found["requests"] * 1e3, 4),
            "megabytes": round(_bytes(pid) / MEGABYTE, 1),
            "load_before": round(load, 2),
        }


def _memory(command: list[str], folder: Path, requests: int) -> list[dict[str, float]]:
    """Megabytes of a server that answers so many requests, after each tenth of them."""
    watched, sent = [], 0
    with _served(command) as (pid, address):
        while sent < requests:
            goal = sent + requests // PIECES
            while sent < goal:
                sent += _load(address, folder, 1)["requests"]
            watched.append({"requests": sent, "megabytes": round(_bytes(pid) / MEGABYTE, 1)})
    return watched


def _together(network: Model, quick: bool) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds a text, of the thread's own time, one by one and together; least of ROUNDS."""
    columns = Columns("text", "label", None)
    train = load_corpus(dataset(SET), columns)
    rows = np.random.default_rng(0).permutation(len(train))[: FEW // 2 if quick else FEW]
    few, texts = train.take(np.sort(rows)), load_corpus(dataset(SET, "test"), columns).texts
    found: dict[str, dict[str, dict[str, float]]] = {}
    for kind in ("network", *SLOW):
        model = network if kind == "network" else learn_classifier(few, Recipe(), 0, kind)[0]
        model.answers(texts[:2])
        found[kind] = {}
        for count in TOGETHER:
            ways = {
                "one_by_one": lambda asked, model=model: [model.answer(text, 3) for text in asked],
                "together": lambda asked, model=model: model.answers(asked, 3),
            }
            parts = [texts[n * count : (n + 1) * count] for n in range(ROUNDS)]
            found[kind][str(count)] = {
                name: round(min(_taken(way, part) for part in parts) / count * 1e3, 4)
                for name, way in ways.items()
            }
    return found


def _taken(way: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> float:
    begun = time.thread_time()
    way(texts)
    return time.thread_time() - begun


def _own_seconds(pid: int) -> float:
    """Seconds that all threads of a process have computed."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bytes(pid: int) -> float:
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return 1024.0 * float(told.split("VmRSS:")[1].split()[0])


if __name__ == "__main__":
    main()
