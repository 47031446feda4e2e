"""Pipes, terminals and encodings: answers at once, readers that go, characters that do not fit."""

import json
import os
import signal
import subprocess
import threading

import pytest
from command_line import (
    COMMAND,
    JAPANESE,
    QUICK_YAML,
    environment,
    save_small_model,
    textkaizen,
    write_corpus,
)

ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
PATIENCE_SECONDS = 60  # a command that starts on a busy machine takes a few; one that hangs all


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_small_model(tmp_path_factory.mktemp("models") / "model")


def trained(folder, rows_path):
    """Train on a file and return the model's folder."""
    (folder / "quick.yaml").write_text(QUICK_YAML)
    line = ["train", rows_path, "--out", folder / "model", "--recipe", folder / "quick.yaml"]
    assert textkaizen(*line).status == 0
    return folder / "model"


@pytest.fixture(scope="module")
def japanese_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("japanese")
    rows = [(text, label) for label, texts in JAPANESE.items() for text in texts.split()]
    return trained(folder, write_corpus(folder / "corpus.csv", rows))


@pytest.fixture(scope="module")
def surrogate_model(tmp_path_factory):
    """A model with half a surrogate pair in a label and in texts, as JSON may have them."""
    folder = tmp_path_factory.mktemp("surrogates")
    rows = [(f"{word} \ud800", "lost \ud83d") for word in ("key", "bag", "hat")]
    rows += [(word, "a") for word in ("card", "cards", "a card")]
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    return trained(folder, folder / "corpus.jsonl")


def started(*arguments, **named):
    """Start a command in a process of its own, with pipes."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], **pipes | {"env": environment()} | named
    )


@pytest.mark.parametrize("command", ["predict", "chat"])
def test_an_answer_comes_before_the_next_line_is_sent(model, command):
    with started(command, model) as process:
        # If an answer waited for more input, reading it would wait for ever: then it is ended.
        alarm = threading.Timer(PATIENCE_SECONDS, process.kill)
        alarm.start()
        for text in (b"lost my key\n", b"renew my card\n", b"when open my bag\n"):
            process.stdin.write(text)
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer.startswith(b"[" if command == "chat" else b'{"text": "' + text.strip())
        out, err = process.communicate()
        alarm.cancel()
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.parametrize("line", [["improvements"], ["improvements", "--json"], ["--help"]])
def test_a_reader_that_has_gone_is_no_failure(line):
    read, write = os.pipe()
    os.close(read)
    with started(*line, stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize(
    ("command", "options"), [("predict", []), ("predict", ["--top-k", 2]), ("chat", [])]
)
def test_a_reader_of_answers_may_go_too(model, command, options):
    read, write = os.pipe()
    os.close(read)
    with started(command, model, *options, stdout=write) as process:
        os.close(write)
        _, err = process.communicate(b"lost my key\n" * 1000, timeout=PATIENCE_SECONDS)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("count", [3, 2000])  # one by one, and more than are printed together
def test_what_stands_before_a_broken_line_of_a_file_is_answered(model, tmp_path, count):
    (tmp_path / "texts").write_bytes(b"lost my key\n" * count + b"\xff\n")
    with (
        (tmp_path / "texts").open("rb") as texts,
        started("predict", model, stdin=texts) as process,
    ):
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["loss"] * count
    assert f"line {count + 1} has the byte 0xFF".encode() in err


def test_ctrl_c_ends_a_chat_with_130_and_one_line(model):
    with started("chat", model) as process:
        process.stdin.write(b"lost my key\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"[loss]\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (130, b"", b"textkaizen: interrupted.\n")


def test_ctrl_c_while_texts_are_read_ends_with_130(model, monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("textkaizen.files.corpora.load_corpus", interrupted)
    for line in (["check"], ["evaluate", model], ["improve", "--out", tmp_path / "new"]):
        ended = textkaizen(*line, write_corpus(tmp_path / "corpus.csv"))
        assert (ended.status, ended.out) == (130, "")
        assert ended.err == "textkaizen: interrupted.\n"
    assert not (tmp_path / "new").exists()


def test_json_is_whole_where_the_output_cannot_hold_a_label(japanese_model):
    text = "鍵を失くした 🔑"
    plain = textkaizen("predict", japanese_model, "--top-k", 2, stdin=text.encode())
    for encoding in ("ascii", "cp1252", "shift_jis"):
        line = ["predict", japanese_model, "--top-k", 2]
        ended = textkaizen(*line, stdin=text.encode(), encoding=encoding)
        assert (ended.status, ended.err) == (0, "")
        assert ended.out.isascii()
        assert json.loads(ended.out) == json.loads(plain.out)
    assert text in plain.out


def test_people_get_a_question_mark_where_the_output_cannot_hold_a_character(japanese_model):
    for encoding, shown in (("ascii", "[??]\n"), ("utf-8", "[紛失]\n")):
        stdin = "鍵を失くした\n".encode()
        ended = textkaizen("chat", japanese_model, stdin=stdin, encoding=encoding)
        assert (ended.status, ended.out, ended.err) == (0, shown, "")


def test_a_locale_without_japanese_is_no_obstacle(japanese_model):
    said = {}
    for command in ("predict", "chat"):
        with started(command, japanese_model, env=environment(**ASCII)) as process:
            out, err = process.communicate("鍵を失くした\n".encode(), timeout=PATIENCE_SECONDS)
        assert (process.returncode, err) == (0, b"")
        said[command] = out.decode("ascii")
    assert json.loads(said["predict"])["label"] == "紛失"
    assert said["chat"] == "[??]\n"


def test_messages_in_japanese_do_not_fail_for_the_locale(japanese_model, tmp_path):
    path = write_corpus(tmp_path / "文.csv", [("やあ", "挨拶"), ("どうも", "挨拶")])
    line = ["evaluate", japanese_model, path]
    with started(*line, env=environment(**ASCII)) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"textkaizen: Every label must be one the model knows")
    assert err.count(b"\n") == 1


def test_half_a_surrogate_pair_in_a_label_survives_predict_and_harms_nothing(surrogate_model):
    ended = textkaizen("predict", surrogate_model, stdin=b"key\nbag\n")
    assert (ended.status, ended.err) == (0, "")
    assert {json.loads(line)["label"] for line in ended.out.splitlines()} <= {"lost \ud83d", "a"}
    assert "\\ud83d" in textkaizen("predict", surrogate_model, "--top-k", 2, stdin=b"key").out
    assert textkaizen("chat", surrogate_model, stdin=b"key\n/top\n").status == 0
    out = textkaizen("chat", surrogate_model, stdin=b"key\n/top\n").out
    assert "lost ?" in out
    corpus = surrogate_model.parent / "corpus.jsonl"
    for line in (["check", corpus], ["evaluate", surrogate_model, corpus]):
        assert textkaizen(*line).status == 0
        assert json.loads(textkaizen(*line, "--json").out)["texts"] == 6


def test_at_a_terminal_chat_prompts(model):
    master, slave = os.openpty()
    with started("chat", model, stdin=slave) as process:
        os.close(slave)
        os.write(master, b"lost my key\n\x04")
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    os.close(master)
    assert process.returncode == 0
    shown = (out + err).decode()
    assert "/quit" in shown
    assert "> " in shown
    assert "[loss]\n" in out.decode()
