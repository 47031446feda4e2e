"""Texts, one a line: from files in any known encoding, from pipes a line when it is asked for."""

import io
import os
import threading
from types import SimpleNamespace

import pytest

from textkaizen.errors import CorpusError
from textkaizen.files.corpora import open_lines


def stdin_of(monkeypatch, stream):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))


def read(path=None):
    with open_lines(path) as lines:
        return list(lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_gives_its_lines_in_every_encoding(tmp_path, encoding, end):
    texts = ["何時に開きますか", "", " 本を延長したいです ", "hello"]
    for last in ("", end):
        (tmp_path / "texts.txt").write_bytes((end.join(texts) + last).encode(encoding))
        assert read(tmp_path / "texts.txt") == texts


def test_only_line_ends_end_a_line(tmp_path, monkeypatch):
    content = "a\u2028b\x0c\x85c\nd".encode()
    (tmp_path / "texts.txt").write_bytes(content)
    stdin_of(monkeypatch, io.BytesIO(content))
    assert read(tmp_path / "texts.txt") == read() == ["a\u2028b\x0c\x85c", "d"]


def test_standard_input_gives_blank_lines_too_and_drops_a_mark(monkeypatch):
    stdin_of(monkeypatch, io.BytesIO("\ufeffä\r\n\n b \nlast".encode()))
    assert read() == ["ä", "", " b ", "last"]
    stdin_of(monkeypatch, io.BytesIO(b""))
    assert read() == []


def test_a_line_is_answered_before_the_next_is_written(monkeypatch):
    receiving, sending = os.pipe()
    with open(receiving, "rb") as stream, open(sending, "wb", buffering=0) as writer:
        stdin_of(monkeypatch, stream)
        with open_lines(None) as lines:
            # Reading ahead would wait here for ever: nothing more is written before the answer.
            rescue = threading.Timer(20, writer.close)
            rescue.start()
            for text in ("one", "two", "three"):
                writer.write(f"{text}\n".encode())
                assert next(lines) == text
                assert not writer.closed
            rescue.cancel()


def test_a_named_pipe_streams_as_well(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=("für\nzwei\n".encode(),))
    writer.start()
    assert read(pipe) == ["für", "zwei"]
    writer.join()


def test_bytes_that_are_not_utf_8_are_told_with_their_line_after_the_lines_before(monkeypatch):
    stdin_of(monkeypatch, io.BytesIO("one\ntwo\nfür\n".encode("latin-1")))
    with open_lines(None) as lines:
        assert [next(lines), next(lines)] == ["one", "two"]
        with pytest.raises(
            CorpusError, match=r"Standard input .*line 3 has the byte 0xFC at place 2"
        ):
            next(lines)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "latin.txt").write_bytes("schöne Grüße\n".encode("latin-1"))
    (tmp_path / "empty.txt").write_bytes(b"")
    for name, found in (
        ("missing.txt", "does not exist"),
        (".", "is a folder"),
        ("latin.txt", "line 1 has the byte 0xF6"),
    ):
        with pytest.raises(CorpusError, match=found):
            read(tmp_path / name)
    assert read(tmp_path / "empty.txt") == []
