"""The server against its own description: what schemathesis makes of it, valid and not."""

import subprocess
import sys

import pytest
from command_line import environment
from serving import process

TOKEN = "a-token-of-24-characters"
EXAMPLES = 100  # for each path and phase
# What is too large is refused as that (413), whatever else may be wrong with it.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["4xx"]
"""


@pytest.mark.slow
def test_nothing_that_schemathesis_sends_is_answered_otherwise_than_described(tmp_path):
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION, encoding="utf-8")
    with process(tmp_path, token=TOKEN, store=tmp_path / "kept.sqlite") as server:
        address = f"http://127.0.0.1:{server.port}"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
                *("--url", address, "--header", f"Authorization: Bearer {TOKEN}"),
                *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "0"),
                *("--phases", "examples,coverage,fuzzing", "--no-color"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
            cwd=tmp_path,
            env=environment(PYTHONWARNINGS="default"),
        )
        told = "\n".join(line[:300] for line in done.stdout.splitlines()[-80:])
        assert done.returncode == 0, told + done.stderr[-2000:]
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert server.ask("POST", "/v1/reply", {"text": "lost my key"}, bearer).status == 200
        assert server.stop() == 0
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
