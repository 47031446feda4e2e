"""What a server answers: replies, predictions, what it is, its counts, and how it describes it."""

import json
import sqlite3
from itertools import pairwise

import pytest
from serving import ask, model, served

from textkaizen.agent.decisions import Decision
from textkaizen.agent.replies import SENTENCES
from textkaizen.agent.server import deciding, service
from textkaizen.errors import UsageError

TEXT = "lost my key"


@pytest.fixture
def here(tmp_path):
    made = served(tmp_path)
    yield made
    made.close()


@pytest.fixture
def keeping(tmp_path):
    made = served(tmp_path, store=True)
    yield made
    made.close()


def test_a_text_is_answered_with_its_label_its_best_and_the_hash_of_the_model(here):
    answer = ask(here, "POST", "/v1/reply", {"text": TEXT})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json
    assert found["label"] == "loss"
    assert found["reply"] == "[loss]"
    assert found["between"] is None
    assert found["model"] == here.holder.live.hash
    expected = [(label, round(p, 6)) for label, p in model().answer(TEXT, 3)]
    assert [(one["label"], one["probability"]) for one in found["best"]] == expected


def test_replies_come_from_the_file_and_do_not_repeat_themselves_in_a_conversation(tmp_path):
    file = tmp_path / "replies.csv"
    file.write_text("label,reply\nloss,First.\nloss,Second.\nloss,Third.\n", encoding="utf-8")
    here = served(tmp_path, replies=file)
    said = [
        ask(here, "POST", "/v1/reply", {"text": TEXT, "conversation": name}).json["reply"]
        for _ in range(20)
        for name in ("one", "other")
    ]
    here.close()
    for own in (said[::2], said[1::2]):
        assert all(one != other for one, other in pairwise(own))
        assert set(own) == {"First.", "Second.", "Third."}


@pytest.mark.parametrize(
    ("decision", "reply", "kind"),
    [
        (Decision(None, [("loss", 0.4)]), SENTENCES["(unknown)"][0], "unknown"),
        (
            Decision(None, [("loss", 0.4), ("hours", 0.35)], ("loss", "hours")),
            "Did you mean loss or hours?",
            "between",
        ),
    ],
)
def test_what_is_not_known_is_said_or_asked_back(here, monkeypatch, decision, reply, kind):
    monkeypatch.setattr(service, "decide", lambda *_: decision)
    found = ask(here, "POST", "/v1/reply", {"text": TEXT}).json
    assert found["label"] is None
    assert found["reply"] == reply
    assert found["between"] == (list(decision.between) if decision.between else None)
    assert (
        f'textkaizen_replies_total{{kind="{kind}"}} 1.0'
        in ask(here, "GET", "/metrics").body.decode()
    )


def test_a_model_that_decides_by_itself_is_asked_to():
    class Careful:
        def decide(self, text):
            return Decision(None, [("a", 0.3)])

        def decide_all(self, texts):
            return [self.decide(text) for text in texts]

    assert deciding.decide(Careful(), "x").label is None
    assert deciding.decide_all(Careful(), ["x"])[0].label is None
    assert deciding.decide_all(Careful(), ["x", "y"])[1].label is None


def test_one_text_or_many_are_labelled_as_the_model_labels_them(here):
    texts = [TEXT, "when open my book", "何か"]
    many = ask(here, "POST", "/v1/predict", {"texts": texts, "top_k": 2}).json
    for text, found in zip(texts, many["predictions"], strict=True):
        best = model().answer(text, 2)
        assert [one["label"] for one in found["best"]] == [label for label, _ in best]
        assert found["label"] == best[0][0]
        assert found["probability"] == pytest.approx(best[0][1], abs=2e-6)
    (one,) = ask(here, "POST", "/v1/predict", {"text": TEXT}).json["predictions"]
    assert one["label"] == "loss"
    assert len(one["best"]) == 1


@pytest.mark.parametrize("slow", [False, True])
def test_slow_models_and_long_texts_are_answered_in_a_thread_alike(here, monkeypatch, slow):
    if slow:
        monkeypatch.setattr(service, "AT_ONCE_SECONDS", 0.0)
    text = " ".join([TEXT] * (1 if slow else 200))
    found = ask(here, "POST", "/v1/reply", {"text": text}).json
    assert found["label"] == "loss"
    expected = model().answer(text)[0][1]
    assert found["best"][0]["probability"] == pytest.approx(expected, abs=2e-6)


def test_an_answer_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    import time

    monkeypatch.setattr(service, "AT_ONCE_SECONDS", 0.0)
    here = served(tmp_path, answer_seconds=0.05)
    here._together._answer_all = lambda *_: time.sleep(0.3)
    answer = ask(here, "POST", "/v1/reply", {"text": TEXT})
    here.close()
    assert answer.status == 503
    assert "within 0.05 s" in answer.json["detail"]


def test_what_answers_is_told(here):
    found = ask(here, "GET", "/v1/model").json
    assert found["model"] == here.holder.live.hash
    assert found["labels"] == ["hours", "loss", "renewal"]
    assert found["kind"] == "logistic_regression"
    assert found["feedback"] is False
    assert found["characters"] == 10_000


def test_health_and_readiness_part_at_the_end(here):
    assert ask(here, "GET", "/healthz").status == ask(here, "GET", "/readyz").status == 200
    here.is_stopping = True
    assert ask(here, "GET", "/healthz").status == 200
    ending = ask(here, "GET", "/readyz")
    assert ending.status == 503
    assert ending.headers["connection"] == "close"


def test_requests_are_counted_by_path_and_status_and_nothing_of_them_is_told(here):
    for _ in range(3):
        ask(here, "POST", "/v1/reply", {"text": "a secret"})
    ask(here, "POST", "/v1/reply", b"{")
    ask(here, "GET", "/nowhere/at/all")
    told = ask(here, "GET", "/metrics").body.decode()
    assert 'textkaizen_requests_total{path="/v1/reply",status="200"} 3.0' in told
    assert 'textkaizen_requests_total{path="/v1/reply",status="400"} 1.0' in told
    assert 'textkaizen_requests_total{path="other",status="404"} 1.0' in told
    assert 'textkaizen_request_seconds_count{path="/v1/reply"} 4.0' in told
    assert "textkaizen_model_swaps 0.0" in told
    assert "secret" not in told
    assert "nowhere" not in told


def test_a_thumb_is_kept_for_a_reply_that_was_given_and_the_last_counts(keeping, tmp_path):
    sent = {"text": "lost 鍵", "conversation": "c1"}
    reply = ask(keeping, "POST", "/v1/reply", sent).json
    for thumb in ("down", "up"):
        answer = ask(keeping, "POST", "/v1/feedback", {"id": reply["id"], "thumb": thumb})
        assert answer.json == {"id": reply["id"], "thumb": thumb}
    with sqlite3.connect(tmp_path / "kept.sqlite") as file:
        (row,) = file.execute("SELECT * FROM exchanges").fetchall()
        thumbs = file.execute("SELECT exchange, up FROM thumbs").fetchall()
    file.close()
    best = json.dumps(reply["best"], separators=(",", ":"))
    label, first = reply["label"], reply["best"][0]["probability"]
    assert (row[0], *row[2:]) == (
        *(reply["id"], "c1", "lost 鍵", label, first, best, reply["reply"], reply["model"]),
    )
    assert thumbs == [(reply["id"], 1)]


def test_a_thumb_for_no_reply_is_refused(keeping):
    answer = ask(keeping, "POST", "/v1/feedback", {"id": "f" * 24, "thumb": "up"})
    assert answer.status == 404
    assert answer.json["detail"] == "There is no reply of this id."


def test_where_nothing_is_kept_there_are_no_thumbs(here):
    answer = ask(here, "POST", "/v1/feedback", {"id": "f" * 24, "thumb": "up"})
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/v1/feedback" not in ask(here, "GET", "/openapi.json").json["paths"]


def test_why_is_asked_of_the_model_in_use(tmp_path, monkeypatch):
    explain = lambda model, text: [(word, len(word) / 10) for word in text.split()]
    monkeypatch.setattr(service, "why_function", lambda: explain)
    here = served(tmp_path)
    assert ask(here, "GET", "/v1/model").json["why"] is True
    found = ask(here, "POST", "/v1/why", {"text": TEXT}).json
    here.close()
    assert found["label"] == "loss"
    assert found["words"][0] == {"word": "lost", "contribution": 0.4}


def test_a_model_that_cannot_tell_why_says_so(tmp_path, monkeypatch):
    def explain(_model, _text):
        raise UsageError("A forest has no explanation.")

    monkeypatch.setattr(service, "why_function", lambda: explain)
    here = served(tmp_path)
    answer = ask(here, "POST", "/v1/why", {"text": TEXT})
    here.close()
    assert (answer.status, answer.json["detail"]) == (422, "A forest has no explanation.")


def test_where_nothing_can_tell_why_it_cannot_be_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "why_function", lambda: None)
    here = served(tmp_path)
    assert ask(here, "GET", "/v1/model").json["why"] is False
    assert ask(here, "POST", "/v1/why", {"text": TEXT}).status == 404
    here.close()


def test_every_path_is_described_with_examples_that_are_answered_as_described(tmp_path):
    here = served(tmp_path, store=True, token="0123456789abcdef")
    described = ask(here, "GET", "/openapi.json").json
    assert described["openapi"].startswith("3.")
    paths = {"/v1/reply", "/v1/predict", "/v1/model", "/v1/feedback"}
    assert paths | {"/healthz", "/readyz", "/metrics"} <= set(described["paths"])
    bearer = {"authorization": "Bearer 0123456789abcdef"}
    for path in ("/v1/reply", "/v1/predict"):
        method = described["paths"][path]["post"]
        assert method["security"] == [{"token": []}]
        (content,) = method["requestBody"]["content"].values()
        for example in content["examples"].values():
            answer = ask(here, "POST", path, example["value"], bearer)
            assert answer.status == 200
            shown = method["responses"]["200"]["content"]["application/json"]["example"]
            assert answer.json.keys() == shown.keys()
    here.close()
