"""`textkaizen serve`: what it refuses to begin with, and that it serves and ends."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from command_line import COMMAND, environment, textkaizen
from serving import model

from textkaizen.files.models import save_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("served") / "model"
    save_model(model(), made)
    return made


@pytest.mark.parametrize(
    ("number", "workers", "status"),
    [(signal.SIGTERM, 1, 0), (signal.SIGINT, 1, 130), (signal.SIGINT, 2, 130)],
)
def test_it_serves_keeps_beside_the_model_and_ends_with_a_signal(folder, number, workers, status):
    running = subprocess.Popen(
        [*COMMAND, "serve", str(folder), "--port", "0", "--workers", str(workers)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    with running:
        told = running.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", told)[0]
        request = urllib.request.Request(
            f"{address}v1/predict",
            json.dumps({"text": "lost my key"}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["predictions"][0]["label"] == "loss"
        running.send_signal(number)
        assert running.wait(30) == status
        assert "Traceback" not in running.stderr.read()
        assert running.stdout.read() == ""
    assert "model-conversations.sqlite" in told
    assert (folder.parent / "model-conversations.sqlite").exists()
    assert {path.name for path in folder.iterdir()} == {
        *("model.json", "vocabulary.json", "weights.safetensors", "model.sha256")
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "must ask for a token; 0.0.0.0 is not an address"),
        (["--no-store", "--store", "x.sqlite"], "Either --store FILE or --no-store"),
        (["--token-file", "nothing-here"], "The file of the token must be readable"),
        (["--replies", "nothing-here.csv"], "nothing-here.csv"),
        (["--host", "192.0.2.1", "--open", "--no-store"], "must have an address of its own"),
        (["--store", "no/such/folder.sqlite"], "cannot be used: No such file"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(folder, arguments, told):
    ended = textkaizen("serve", folder, "--port", 0, *arguments)
    assert ended.status == 2
    assert told in ended.err
    assert ended.err.count("\n") == 1
    assert ended.out == ""


def test_a_port_that_is_taken_and_a_model_that_is_none_are_told(folder, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = textkaizen("serve", folder, "--no-store", "--port", port)
    assert ended.status == 2
    assert f"127.0.0.1, port {port}, cannot be had: Address already in use" in ended.err
    ended = textkaizen("serve", tmp_path / "nothing", "--no-store")
    assert (ended.status, "does not exist" in ended.err) == (2, True)


def test_a_token_of_the_environment_opens_a_public_address(folder, monkeypatch):
    monkeypatch.setenv("TEXTKAIZEN_TOKEN", "short")
    ended = textkaizen("serve", folder, "--host", "0.0.0.0", "--no-store")
    assert ended.status == 2
    assert "at least 16 characters" in ended.err


def test_without_the_extra_it_says_what_to_install(folder):
    script = (
        "import sys\n"
        "sys.modules['fastapi'] = None\n"
        f"sys.argv = ['textkaizen', 'serve', {str(folder)!r}]\n"
        "from textkaizen.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert 'pip install "textkaizen[serve]"' in done.stderr
    assert "Traceback" not in done.stderr
