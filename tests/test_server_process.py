"""A server in a process of its own: its end, its swaps, and what hostile clients send it."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from serving import JSON, model, process, send

from textkaizen.files.models import save_model

REPLY = {"text": "lost my key"}
BODY = json.dumps(REPLY).encode()
HEAD = b"POST /v1/reply HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CLIENTS = 8


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with process(folder, head_seconds=0.4, body_seconds=0.4) as started:
        yield started
        # Whatever the tests have sent: it is alive, and answers.
        assert started.ask("POST", "/v1/reply", REPLY).json["label"] == "loss"
        assert started.stop() == 0
    assert "Traceback" not in (folder / "log").read_text(encoding="utf-8")


class Load:
    """Clients that ask all the time, each on a connection that it uses again."""

    def __init__(self, server):
        self.server, self.ended = server, threading.Event()
        self.answers, self.lost = [], []
        self.threads = [threading.Thread(target=self._ask_on) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(30)

    def wait_for(self, count, seconds=30):
        ends = time.monotonic() + seconds
        while len(self.answers) < count and time.monotonic() < ends:
            time.sleep(0.005)
        assert len(self.answers) >= count

    def _ask_on(self):
        while not self.ended.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            with closing(connection):
                try:
                    connection.connect()
                except OSError:
                    return  # it listens no more: nothing was accepted
                while not self.ended.is_set():
                    try:
                        answer = send(connection, "POST", "/v1/reply", REPLY)
                    except (OSError, http.client.HTTPException) as error:
                        self.lost.append(repr(error))
                        return
                    self.answers.append(answer)
                    if answer.headers.get("connection") == "close":
                        break


def test_at_the_end_every_request_is_answered_and_every_answer_is_kept(tmp_path):
    with (
        process(tmp_path, store=tmp_path / "kept.sqlite") as server,
        Load(server) as load,
    ):
        load.wait_for(200)
        assert server.stop() == 0
    assert load.lost == []
    assert {answer.status for answer in load.answers} == {200}
    assert sum(answer.headers.get("connection") == "close" for answer in load.answers) >= 1
    with closing(sqlite3.connect(tmp_path / "kept.sqlite")) as file:
        kept = {name for (name,) in file.execute("SELECT id FROM exchanges")}
    assert kept == {answer.json["id"] for answer in load.answers}


def swapped_under_load(folder, swaps):
    """Save one model after another while clients ask; return the hashes that have answered."""
    with process(folder, watch_seconds=0.02) as server, Load(server) as load:
        for number in range(swaps):
            load.wait_for(len(load.answers) + 20)
            before = load.answers[-1].json["model"]
            save_model(model(shout=number % 2 == 0), folder / "model")
            for _ in range(1000):
                if load.answers[-1].json["model"] != before:
                    break
                time.sleep(0.005)
        load.wait_for(len(load.answers) + 20)
        counted = server.ask("GET", "/metrics").body.decode()
    assert f"textkaizen_model_swaps {float(swaps)}" in counted
    assert load.lost == []
    assert {answer.status for answer in load.answers} == {200}
    labels = {}
    for answer in load.answers:
        labels.setdefault(answer.json["model"], set()).add(answer.json["label"])
    return sorted(labels.values(), key=str)


def test_a_model_is_swapped_under_load_and_no_answer_is_lost_or_mixed(tmp_path):
    assert swapped_under_load(tmp_path, 4) == [{"LOSS"}, {"loss"}]


@pytest.mark.slow
def test_fifty_models_are_swapped_under_load_and_no_answer_is_lost_or_mixed(tmp_path):
    assert swapped_under_load(tmp_path, 50) == [{"LOSS"}, {"loss"}]


def test_a_signal_asks_for_the_new_model_at_once(tmp_path):
    with process(tmp_path, watch_seconds=600.0) as server:
        before = server.ask("GET", "/v1/model").json
        save_model(model(shout=True), tmp_path / "model")
        server.popen.send_signal(signal.SIGHUP)
        for _ in range(500):
            after = server.ask("GET", "/v1/model").json
            if after["model"] != before["model"]:
                break
            time.sleep(0.01)
        assert after["labels"] == [label.upper() for label in before["labels"]]


def test_several_workers_answer_count_together_and_end_together(tmp_path):
    token = "a-token-of-24-characters"
    bearer = {"authorization": f"Bearer {token}"}
    with process(tmp_path, workers=2, token=token, store=tmp_path / "kept.sqlite") as server:
        for _ in range(500):  # the socket is there before the workers are
            if server.ask("POST", "/v1/reply", REPLY).status == 401:
                break
        for _ in range(20):
            assert server.ask("POST", "/v1/reply", REPLY, bearer).json["label"] == "loss"
        told = server.ask("GET", "/metrics", headers=bearer).body.decode()
        assert 'textkaizen_replies_total{kind="answered"} 20.0' in told
        assert server.stop() == 0
    with closing(sqlite3.connect(tmp_path / "kept.sqlite")) as file:
        assert file.execute("SELECT count(*) FROM exchanges").fetchone() == (20,)


def workers_of(server):
    """The processes of a server that answer."""
    children = f"/proc/{server.popen.pid}/task/{server.popen.pid}/children"
    with open(children, encoding="ascii") as file:
        numbers = file.read().split()
    found = []
    for number in numbers:
        with open(f"/proc/{number}/cmdline", encoding="utf-8") as file:
            if "spawn_main" in file.read():
                found.append(int(number))
    return found


def wait_until(holds, seconds=30):
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.05)
    assert holds()


def test_a_worker_that_dies_is_replaced_and_none_outlives_who_has_started_it(tmp_path):
    with process(tmp_path, workers=2) as server:
        assert server.ask("POST", "/v1/reply", REPLY).status == 200
        killed, stays = workers_of(server)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(set(workers_of(server)) - {killed}) == 2)
        assert stays in workers_of(server)
        assert server.ask("POST", "/v1/reply", REPLY).status == 200
        last = workers_of(server)
        server.popen.kill()
        wait_until(lambda: not any(is_running(number) for number in last))
    assert "is replaced" in (tmp_path / "log").read_text(encoding="utf-8")


def is_running(number):
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def status(answer):
    """The status of a raw answer, whose problem is JSON and nothing but that."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    found = int(first.split()[1])
    if found >= 400:
        assert "content-type: application/problem+json" in headers
        assert json.loads(body)["status"] == found
    return found


def test_ten_megabytes_are_refused_before_they_are_read_and_the_sender_hears_why(server):
    for head in (b"Content-Length: 10485760\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        body = b" " * 10485760
        if b"chunked" in head:
            body = b"a00000\r\n" + body + b"\r\n0\r\n\r\n"
        assert status(server.raw(HEAD + head + body)) == 413


def test_who_asks_before_sending_is_told_not_to(server):
    expecting = b"Expect: 100-continue\r\nContent-Length: 10485760\r\n\r\n"
    began = time.monotonic()
    assert status(server.raw(HEAD + expecting)) == 413
    assert time.monotonic() - began < 3


def test_who_asks_before_sending_what_is_small_is_told_to_go_on(server):
    expecting = b"Expect: 100-continue\r\nConnection: close\r\n"
    length = f"Content-Length: {len(BODY)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(HEAD + expecting + length)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"}")


def test_answers_without_a_body_are_sent_and_the_connection_goes_on(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with closing(connection):
        page = send(connection, "GET", "/")
        assert page.body.startswith(b"<!DOCTYPE html>")
        tag = {"if-none-match": page.headers["etag"]}
        for _ in range(2):
            assert send(connection, "HEAD", "/")[::2] == (200, b"")
            assert send(connection, "GET", "/", headers=tag)[::2] == (304, b"")
            assert send(connection, "POST", "/v1/reply", REPLY).json["label"] == "loss"


def test_a_hundred_thousand_characters_and_nested_json_are_told_as_what_they_are(server):
    assert server.ask("POST", "/v1/reply", {"text": "x" * 100_000}).status == 422
    assert server.ask("POST", "/v1/reply", b"[" * 1_000_000).status == 400
    assert server.ask("POST", "/v1/reply", b'{"text": "\xe3\x81"}').status == 400


def test_script_in_a_text_comes_back_as_json_that_no_browser_runs(server):
    script = "<script>alert(1)</script>"
    answer = server.ask("POST", "/v1/reply", {"text": script, "conversation": script})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert script.encode() not in answer.body


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rSet-Cookie: b=c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\0b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10,
        b"NOT HTTP AT ALL\r\n\r\n",
        HEAD
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_puts_nothing_into_a_head(server, sent):
    answer = server.raw(sent)
    assert status(answer) == 400
    assert b"set-cookie" not in answer.lower()


@pytest.mark.parametrize("path", [b"/%0d%0aSet-Cookie:%20a=b", b"/no\r\nSet-Cookie: a=b"])
def test_a_path_with_a_line_break_in_it_puts_nothing_into_a_head(server, path):
    rest = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = server.raw(b"GET " + path + rest)
    assert status(answer) in (400, 404)
    assert b"set-cookie" not in answer.lower()


def test_a_head_that_never_ends_is_cut_off(server):
    line = b"X-Filler: " + b"x" * 1000 + b"\r\n"
    assert status(server.raw(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + line * 100)) == 431


def dripped(server, parts, pause):
    """Send one part after another; return the answer and the seconds until the end."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.settimeout(pause)
        received = b""
        for part in parts:
            try:
                connection.sendall(part)
                received += (got := connection.recv(65536))
            except TimeoutError:
                continue
            except OSError:
                break
            if not got:
                break
        return received, time.monotonic() - began


@pytest.mark.parametrize(
    "begun", [b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", HEAD + b"Content-Length: 1000\r\n\r\n"]
)
def test_who_sends_a_byte_now_and_then_is_cut_off(server, begun):
    answer, seconds = dripped(server, [begun, *([b"x"] * 300)], 0.05)
    assert status(answer) == 408
    assert seconds < 10  # 0.4 s are allowed; the rest is for a busy machine


def test_who_sends_nothing_is_cut_off_and_others_are_answered_meanwhile(server):
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    assert server.ask("POST", "/v1/reply", REPLY).status == 200
    for connection in silent:
        connection.settimeout(10)
        assert connection.recv(10) == b""
        connection.close()


def test_a_connection_is_used_again_and_a_second_head_has_its_time_too(server):
    request = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(request)
            received = b""
            while not received.endswith(b"}"):  # head and body may come apart
                received += connection.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")
            time.sleep(0.6)  # longer than a head may take: between requests it does not count
        connection.sendall(b"GET / HT")
        assert status(connection.recv(65536)) == 408


def test_requests_that_come_at_once_are_answered_in_turn(server):
    request = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    last = HEAD + f"Connection: close\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    assert server.raw(request * 4 + last).count(b"HTTP/1.1 200") == 5


def test_a_client_that_goes_in_the_midst_leaves_nothing_behind(server):
    files = lambda: len(os.listdir(f"/proc/{server.popen.pid}/fd"))
    server.ask("GET", "/healthz")
    before = files()
    for _ in range(50):
        server.raw(HEAD + b"Content-Length: 1000\r\n\r\n{", wait=False)
    ends = time.monotonic() + 10
    while files() > before and time.monotonic() < ends:
        time.sleep(0.05)
    assert files() <= before
    assert server.ask("POST", "/v1/reply", REPLY, JSON).status == 200
