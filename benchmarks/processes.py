"""Programs that are measured, each run in a process and an interpreter of its own.

Peers that this project does not depend on live in environments beside it (`make bench-peers`);
where one is missing a benchmark says so and goes on without it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.facts import ROOT

SCRIPTS = Path(__file__).parent / "peer_processes"
ENVIRONMENTS = Path(os.environ.get("TEXTKAIZEN_PEERS", ROOT))
LONGEST_SECONDS = 1800.0

Answer = dict[str, Any]


@dataclass(frozen=True)
class Program:
    """One program, and the forms in which it may be at its best.

    Args:
        name: as the page calls it.
        script: in benchmarks/peer_processes.
        extra: name of the environment it lives in, .venv-EXTRA; "" is ours.
        how: what its script is told in every variant.
        variants: what is tried; by name, what its script is told besides.
        environment: variables of the process.
    """

    name: str
    script: str
    extra: str = ""
    how: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def interpreter(self) -> Path:
        """Where its Python is, or would be."""
        if not self.extra:
            return Path(sys.executable)
        return ENVIRONMENTS / f".venv-{self.extra}" / "bin" / "python"


ARRAYS = {"steps_per_execution": 1}
WHOLE = {"steps_per_execution": "epoch"}
KERAS = {"arrays": ARRAYS, "arrays, an epoch an execution": WHOLE}
TENSORFLOW = {
    **KERAS,
    "arrays, not jit-compiled": {**ARRAYS, "jit_compile": False},
    "arrays, an epoch an execution, not jit-compiled": {**WHOLE, "jit_compile": False},
    "tf.data, an epoch an execution": {**WHOLE, "input": "tf.data"},
    "tf.data, an epoch an execution, not jit-compiled": {
        **WHOLE,
        "input": "tf.data",
        "jit_compile": False,
    },
}
TORCH = {
    f"{first}, {threads} thread{'s' * (threads > 1)}": {"first": first, "threads": threads}
    for first in ("dense", "bag", "sparse bag")
    for threads in (1, 2)
}
CACHE = "TEXTKAIZEN_CACHE"  # where compiled programs are kept for later processes
ONE = Program("textkaizen, one network", "run_textkaizen.py", environment={CACHE: "off"})
KERAS_JAX = Program(
    "Keras fit (JAX)", "run_keras.py", variants=KERAS, environment={"KERAS_BACKEND": "jax"}
)
KERAS_TENSORFLOW = Program(
    "Keras fit (TensorFlow)",
    "run_keras.py",
    "tensorflow",
    variants=TENSORFLOW,
    environment={"KERAS_BACKEND": "tensorflow"},
)
PYTORCH = Program("PyTorch eager", "run_torch.py", "torch", variants=TORCH)
MLP = Program(
    "scikit-learn MLP",
    "run_sklearn.py",
    how={"model": "mlp"},
    variants={"1 thread": {"threads": 1}, "2 threads": {"threads": 2}},
)
SGD = Program("scikit-learn SGDClassifier", "run_sklearn.py", how={"model": "sgd"})
SVC = Program("scikit-learn LinearSVC", "run_sklearn.py", how={"model": "svc"})
FASTTEXT = Program(
    "fastText",
    "run_fasttext.py",
    "fasttext",
    variants={
        "words": {},
        "words and word pairs": {"arguments": {"wordNgrams": 2}},
        "word pairs, characters (2 to 4)": {"arguments": {"wordNgrams": 2, "minn": 2, "maxn": 4}},
    },
)
NETWORKS = (KERAS_TENSORFLOW, KERAS_JAX, PYTORCH, MLP)  # the peers that train the same network


def there(programs: Sequence[Program]) -> list[Program]:
    """Return those that can be run; say which cannot."""
    found = []
    for program in programs:
        if program.interpreter.exists():
            found.append(program)
        else:
            told = f"{program.name} is left out: there is no {program.interpreter}; "
            print(told + "`make bench-peers` installs it.", flush=True)
    return found


def ask(
    program: Program, task: Path, longest_seconds: float = LONGEST_SECONDS, **how: Any
) -> Answer | None:
    """Run a program on a task; None, and a line that says why, where it gave no answer.

    Args:
        program: what to run.
        task: what its script reads.
        longest_seconds: after which it is ended.
        how: what its script is told, seed and variant among it.

    Returns:
        What the script answered; "whole_seconds" of its process; "from_start_seconds", from the
        start of its process until it had trained; and "peak_bytes", the most memory it held.
    """
    with tempfile.TemporaryDirectory() as place:
        answer = Path(place) / "answer.json"
        told = json.dumps({"seed": 0, **program.how, **how})
        script = str(SCRIPTS / program.script)
        command = [str(program.interpreter), script, str(task), str(answer), told]
        if (watched := run(command, longest_seconds, program.environment)) is None:
            print(f"{program.name} gave no answer ({told}).", flush=True)
            return None
        found = json.loads(answer.read_text(encoding="utf-8"))
    found["from_start_seconds"] = found.pop("trained_at") - watched.pop("begun")
    return found | watched


def run(
    command: list[str],
    longest_seconds: float = LONGEST_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> Answer | None:
    """Run a command; return its seconds, most memory and output, or None with a line on why."""
    with tempfile.TemporaryDirectory() as place:
        watched = Path(place) / "watched.json"
        process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / "watched.py"), str(watched), *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=longest_seconds)
        except BaseException as cause:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if not isinstance(cause, subprocess.TimeoutExpired):
                raise
            print(f"Ended after {longest_seconds:.0f} s.", flush=True)
            return None
        if process.returncode:
            print(f"Ended with status {process.returncode}: {errors[-600:].strip()}", flush=True)
            return None
        return json.loads(watched.read_text(encoding="utf-8")) | {"output": output}
