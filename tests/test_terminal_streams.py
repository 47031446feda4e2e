"""A command at a terminal: JSON that loses nothing, why a command ended, folders that go again."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.errors import ModelError, UsageError
from textkaizen.files.models import check_model_folder
from textkaizen.terminal.streams import exit_status, json_text, json_writer, results_in

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)


@given(ANY_TEXT, st.sampled_from(["utf-8", "ascii", "cp1252", "shift_jis", "utf-16"]))
def test_json_loses_nothing_whatever_the_output_can_hold(text, encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        told = json_text({"text": text})
    out.write(told)  # strictly: what the encoding cannot hold would be an error
    assert json.loads(told) == {"text": text}


@given(st.lists(ANY_TEXT, max_size=3), st.sampled_from(["utf-8", "ascii", "shift_jis"]))
def test_a_writer_of_many_writes_each_as_if_it_were_alone(texts, encoding):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        write = json_writer()
        assert [write({"text": text}) for text in texts] == [json_text({"text": t}) for t in texts]


def test_json_without_a_number_for_it_is_an_error():
    with pytest.raises(ValueError):
        json_text({"loss": float("nan")})


@pytest.mark.parametrize(
    ("first", "status"), [(KeyboardInterrupt, 130), (BrokenPipeError, 0), (OSError, None)]
)
def test_an_exit_status_follows_what_came_first(first, status):
    def ends():
        try:
            raise first
        except BaseException as error:
            raise SystemExit(1) from error

    with pytest.raises(SystemExit) as end:
        ends()
    assert exit_status(end.value) == status
    assert exit_status(first()) == status


def run_that_fails(folder, failure=ValueError, write=False):
    with results_in(folder):
        assert folder.is_dir()
        if write:
            (folder / "verdicts.json").write_text("{}")
        raise failure


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_folders_made_for_a_run_that_fails_are_removed(tmp_path, failure):
    (tmp_path / "old").mkdir()
    for folder in (tmp_path / "new" / "deep", tmp_path / "old"):
        with pytest.raises(failure):
            run_that_fails(folder, failure)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_what_a_run_has_written_stays(tmp_path):
    with pytest.raises(ValueError):
        run_that_fails(tmp_path / "new", write=True)
    assert (tmp_path / "new" / "verdicts.json").exists()
    with results_in(tmp_path / "other"), results_in(None):
        pass
    assert (tmp_path / "other").is_dir()


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "file/deep", "a" * 300):
        with pytest.raises(UsageError, match="must name a folder"):
            run_that_fails(tmp_path / name, AssertionError)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_model_folder_in_a_place_closed_to_the_user_is_refused(tmp_path, monkeypatch):
    check_model_folder(tmp_path / "new" / "model")
    # Nothing is closed to root, so the answer of the system is put in its mouth.
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path.resolve())
    with pytest.raises(ModelError, match="is closed to this user"):
        check_model_folder(tmp_path / "new" / "model")
    assert list(tmp_path.iterdir()) == []
