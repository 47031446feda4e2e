"""Exchanges and thumbs on disk: durable, together, from several processes, in a file of ours."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from command_line import environment

from textkaizen.errors import UsageError
from textkaizen.files import conversations
from textkaizen.files.conversations import ConversationStore, Exchange


def exchange(name="a", text="Hello?"):
    return Exchange(name, 12.5, None, text, "greeting", 0.75, "[]", "Hi.", "hash")


def rows(file, query="SELECT * FROM exchanges ORDER BY id"):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept.sqlite"


def test_what_was_noted_is_there_after_the_end_and_goes_on_from_there(file):
    for name in "ab":
        store = ConversationStore(file)
        store.note(exchange(name, "何時ですか\0"))
        store.close()
    assert rows(file) == [exchange("a", "何時ですか\0"), exchange("b", "何時ですか\0")]
    assert (store.lost, store.waiting) == (0, 0)


def test_a_thumb_is_on_disk_with_its_exchange_once_it_was_waited_for(file):
    store = ConversationStore(file)
    store.note(exchange())
    assert store.thumb("a", True, 13.0).result(10) is True
    assert rows(file) == [exchange()]
    assert rows(file, "SELECT * FROM thumbs") == [("a", 13.0, 1)]
    assert store.thumb("a", False, 14.0).result(10) is True
    assert store.thumb("b", False, 14.0).result(10) is False
    assert rows(file, "SELECT * FROM thumbs") == [("a", 14.0, 0)]
    store.close()


def test_exchanges_are_written_without_waiting_for_the_end(file):
    store = ConversationStore(file)
    store.note(exchange())
    for _ in range(200):
        if not store.waiting and rows(file):
            break
        threading.Event().wait(0.02)
    assert rows(file) == [exchange()]
    store.close()


def test_it_is_synced_and_written_ahead(file):
    store = ConversationStore(file)
    read = lambda pragma: store._connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    assert (read("journal_mode"), read("synchronous")) == ("wal", 2)
    store.close()


def test_only_its_owner_may_read_it(file):
    ConversationStore(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_several_processes_write_to_one_file(file):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from textkaizen.files.conversations import ConversationStore, Exchange\n"
        "store = ConversationStore(Path(sys.argv[1]))\n"
        "for n in range(200):\n"
        "    name = f'{sys.argv[2]}{n}'\n"
        "    store.note(Exchange(name, 0.0, None, 'x', None, 0.5, '[]', 'y', 'z'))\n"
        "    if n % 50 == 0:\n"
        "        assert store.thumb(name, True, 1.0).result(20)\n"
        "store.close()\n"
        "assert not store.lost\n"
    )
    command = [sys.executable, "-c", script, str(file)]
    running = [subprocess.Popen([*command, name], env=environment()) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    assert rows(file, "SELECT count(*) FROM exchanges") == [(400,)]
    assert rows(file, "SELECT count(*) FROM thumbs") == [(8,)]


def test_what_cannot_be_written_is_counted_and_told_and_a_thumb_hears_of_it(file):
    told = []
    store = ConversationStore(file, told.append)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("DROP TABLE thumbs")
        store.note(exchange())
        with pytest.raises(sqlite3.Error, match="no such table"):
            store.thumb("a", True, 1.0).result(10)
    assert store.lost == 1
    assert "no such table" in told[0]
    store.close()


def test_a_disk_that_is_too_slow_costs_exchanges_and_not_memory(file, monkeypatch):
    monkeypatch.setattr(conversations, "MOST_WAITING", 3)
    monkeypatch.setattr(conversations, "TOGETHER_SECONDS", 60)
    store = ConversationStore(file)
    for name in "abcdef":
        store.note(exchange(name))
    assert (store.waiting, store.lost) == (3, 3)
    store.close()
    assert len(rows(file)) == 3


def test_after_the_end_nothing_is_taken(file):
    store = ConversationStore(file)
    store.close()
    store.note(exchange())
    assert store.lost == 1
    with pytest.raises(sqlite3.Error, match="closed"):
        store.thumb("a", True, 1.0).result(10)


def test_a_database_of_another_program_is_refused_and_left_as_it_is(file):
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE theirs (x)")
        other.commit()
    before = file.read_bytes()
    with pytest.raises(UsageError, match="of another program"):
        ConversationStore(file)
    assert file.read_bytes() == before


def test_a_file_of_a_newer_textkaizen_and_one_that_is_none_are_refused(file, tmp_path):
    ConversationStore(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="format 99 is that of a newer"):
        ConversationStore(file)
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UsageError, match="not a database"):
        ConversationStore(file)
    with pytest.raises(UsageError, match="No such file"):
        ConversationStore(tmp_path / "nothing" / "kept.sqlite")
    with pytest.raises(UsageError, match="directory"):
        ConversationStore(tmp_path)
    assert os.listdir(tmp_path) == ["kept.sqlite"]
