"""Requests that are wrong get the right status and a short problem, never a trace."""

import json

import pytest
from serving import ask, served

from textkaizen.agent.server import guard, reading, service

TOKEN = "a-token-of-24-characters"
REPLY = {"text": "lost my key"}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    made = served(tmp_path_factory.mktemp("served"), store=True)
    yield made
    made.close()


def refused(answer, status, detail):
    """Whether an answer is a problem that says so, with the headers that every answer has."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status
    assert problem.keys() == {"title", "status", "detail"}
    assert detail in problem["detail"]
    assert len(problem["detail"]) < 300
    assert b"Traceback" not in answer.body
    for name, value in guard.HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    return True


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "must be JSON"),
        (b"{", 400, "must be JSON"),
        (b'{"text": "\xff\xfe"}', 400, "must be UTF-8; byte 10 is not"),
        ('{"text": "a"}'.encode("utf-16"), 400, "must be UTF-8"),
        (b'{"text": "a", "x": NaN}', 400, "must be JSON"),
        (b'{"text": "a"} {}', 400, "must be JSON"),
        (b"[" * 100_000, 400, "must be JSON"),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "must be JSON"),
        (b"1" * 5000, 400, "must be JSON"),
        (b'{"text": "a", "text": "b"', 400, "must be JSON"),
        (b"[]", 422, "must be a JSON object"),
        (b"null", 422, "must be a JSON object"),
        (b"{}", 422, "text is missing"),
        (b'{"text": 1}', 422, "text must be a string; found 1"),
        (b'{"text": null}', 422, "found null"),
        (b'{"text": {"a": []}}', 422, 'found {"a": []}'),
        (b'{"text": ""}', 422, "1 to 10,000 characters; it has 0"),
        (json.dumps({"text": "あ" * 100_000}).encode(), 422, "it has 100,000"),
        (b'{"text": "\\ud83d"}', 400, "must be JSON"),
        (b'{"text": "a", "txt": 1}', 422, 'no field "txt"; did you mean text?'),
        (b'{"text": "a", "' + b"z" * 9000 + b'": 1}', 422, "there are text, conversation"),
        (b'{"text": "a", "conversation": null}', 422, "conversation must be a string"),
        (b'{"text": "a", "conversation": 5}', 422, "conversation must be a string"),
        (json.dumps({"text": "a", "conversation": "c" * 65}).encode(), 422, "1 to 64"),
    ],
)
def test_a_body_that_is_wrong_is_told_what_is_wrong(here, body, status, detail):
    assert refused(ask(here, "POST", "/v1/reply", body), status, detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Either text"),
        ({"text": "a", "texts": ["b"]}, "Either text"),
        ({"texts": []}, "1 to 1,000 strings"),
        ({"texts": "abc"}, "1 to 1,000 strings"),
        ({"texts": ["a"] * 1001}, "1 to 1,000 strings"),
        ({"texts": ["a", 2]}, "texts[1] must be a string"),
        ({"text": "a", "top_k": 0}, "top_k must be a whole number"),
        ({"text": "a", "top_k": True}, "found true"),
        ({"text": "a", "top_k": 1.5}, "found 1.5"),
        ({"text": "a", "top_k": 1001}, "1 to 1,000; found 1001"),
        ({"text": "a", "top_k": None}, "found null"),
    ],
)
def test_predictions_that_cannot_be_made_are_told(here, body, detail):
    assert refused(ask(here, "POST", "/v1/predict", body), 422, detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"id": "a"}, "thumb is missing"),
        ({"id": "a", "thumb": "sideways"}, '"up" or "down"'),
        ({"id": "a", "thumb": ["up"]}, '"up" or "down"'),
        ({"id": 3, "thumb": "up"}, "id must be a string"),
    ],
)
def test_thumbs_that_are_none_are_told(here, body, detail):
    assert refused(ask(here, "POST", "/v1/feedback", body), 422, detail)


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded"])
def test_only_json_is_read_so_that_no_form_of_another_site_can_write(here, kind):
    answer = ask(here, "POST", "/v1/reply", REPLY, {"content-type": kind})
    assert refused(answer, 415, "Content-Type: application/json")


def test_json_may_name_its_charset_and_a_coding_is_refused(here):
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    assert ask(here, "POST", "/v1/reply", REPLY, kind).status == 200
    coded = ask(here, "POST", "/v1/reply", REPLY, {"content-encoding": "gzip"})
    assert refused(coded, 415, "without a coding")


def test_a_large_body_is_refused_by_what_it_says_and_by_what_comes(here):
    said = ask(here, "POST", "/v1/reply", b"{}", {"content-length": str(10 * 2**20)})
    assert refused(said, 413, "at most 1,048,576 bytes")
    assert said.headers["connection"] == "close"
    came = ask(here, "POST", "/v1/reply", pieces=[b" " * 2**18] * 9)
    assert refused(came, 413, "at most")


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/..%2f", "/v1/reply/", "/docs", "/redoc"])
def test_a_path_that_there_is_not_is_told(here, path):
    assert refused(ask(here, "GET", path), 404, "nothing at this path")


def test_a_method_that_a_path_does_not_have_is_told_with_those_it_has(here):
    answer = ask(here, "DELETE", "/v1/reply")
    assert refused(answer, 405, 'cannot be asked by "DELETE"')
    assert answer.headers["allow"] == "POST"


def test_a_mistake_of_ours_is_told_without_its_trace_and_written_to_the_log(
    here, monkeypatch, caplog
):
    def fail(*_):
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(service, "decide", fail)
    answer = ask(here, "POST", "/v1/reply", REPLY)
    assert refused(answer, 500, "made a mistake")
    assert b"secret" not in answer.body
    assert "a secret of ours" in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        "Bearer té" + "x" * 20,
    ],
)
def test_without_the_token_nothing_is_answered(tmp_path, sent):
    here = served(tmp_path, token=TOKEN)
    for method, path in (("POST", "/v1/reply"), ("GET", "/v1/model"), ("GET", "/metrics")):
        answer = ask(here, method, path, REPLY, {"authorization": sent})
        assert refused(answer, 401, "missing or wrong")
        assert answer.headers["www-authenticate"] == "Bearer"
    here.close()


def test_with_the_token_all_is_answered_and_health_and_page_need_none(tmp_path):
    here = served(tmp_path, token=TOKEN)
    for scheme in ("Bearer", "bearer"):
        bearer = {"authorization": f"{scheme} {TOKEN}"}
        assert ask(here, "POST", "/v1/reply", REPLY, bearer).status == 200
    for path in ("/healthz", "/readyz", "/", "/page.js", "/openapi.json"):
        assert ask(here, "GET", path).status == 200
    here.close()


def test_the_token_is_in_nothing_that_is_printed(tmp_path):
    here = served(tmp_path, token=TOKEN)
    here.close()
    assert TOKEN not in repr(here.settings)


def test_pages_of_other_sites_are_refused_and_get_no_permission(here):
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9"):
        answer = ask(here, "POST", "/v1/reply", REPLY, {"origin": origin})
        assert refused(answer, 403, "other sites")
        assert not [name for name in answer.headers if name.startswith("access-control")]
    own = ask(here, "POST", "/v1/reply", REPLY, {"origin": "http://127.0.0.1:8000"})
    assert own.status == 200
    asked_before = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert ask(here, "OPTIONS", "/v1/reply", headers=asked_before).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", ""]
)
def test_a_name_that_is_not_this_machines_is_refused_on_loopback(here, host):
    assert refused(ask(here, "GET", "/v1/model", headers={"host": host}), 421, "its own machine")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000"])
def test_names_of_this_machine_are_taken(here, host):
    assert ask(here, "GET", "/v1/model", headers={"host": host}).status == 200


def test_with_a_token_any_name_is_taken(tmp_path):
    here = served(tmp_path, token=TOKEN)
    bearer = {"authorization": f"Bearer {TOKEN}", "host": "texts.example"}
    assert ask(here, "GET", "/v1/model", headers=bearer).status == 200
    here.close()


def test_who_asks_too_often_is_told_when_to_come_again_and_others_are_not(tmp_path):
    here = served(tmp_path, rate=1.0)
    statuses = [ask(here, "POST", "/v1/reply", REPLY).status for _ in range(4)]
    last = ask(here, "POST", "/v1/reply", REPLY)
    other = ask(here, "POST", "/v1/reply", REPLY, client="192.0.2.1")
    health = ask(here, "GET", "/healthz")
    here.close()
    assert statuses == [200, 200, 429, 429]  # two at once, then one a second
    assert refused(last, 429, "Try again in 1 s")
    assert last.headers["retry-after"] == "1"
    assert other.status == health.status == 200


def test_what_is_sent_back_of_a_value_is_short():
    assert len(reading.shown("x" * 10_000)) == 60
