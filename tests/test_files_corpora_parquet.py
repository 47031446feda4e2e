"""Parquet comes in like any other format, and asks for its extra where that is not there."""

import sys

import pyarrow
import pytest
from pyarrow import parquet

from textkaizen.errors import CorpusError, MissingExtraError
from textkaizen.files.corpora import Columns, load_corpus


def written(folder, **columns):
    path = folder / "data.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_rows_come_in_with_their_numbers(tmp_path):
    path = written(
        tmp_path,
        id=[1, 2, 3],
        text=[" a ", "開館時間は？", None],
        label=[" x", "y", None],
        customer=[7, None, 7],
    )
    corpus = load_corpus(path, Columns(group="customer"))
    assert corpus.texts == (" a ", "開館時間は？", "")
    assert corpus.labels == ("x", "y", "")
    assert corpus.groups == ("7", "", "7")
    assert corpus.lines == (1, 2, 3)
    assert corpus.name == str(path)


def test_labels_are_strings_whatever_they_were(tmp_path):
    for values, expected in (
        ([1, 2], ("1", "2")),
        ([True, False], ("true", "false")),
        ([0.5, float("nan")], ("0.5", "")),
        (pyarrow.array(["x", "y"]).dictionary_encode(), ("x", "y")),
        (pyarrow.array(["x", "y"], pyarrow.large_string()), ("x", "y")),
    ):
        assert load_corpus(written(tmp_path, text=["a", "b"], label=values)).labels == expected


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"text": ["a"], "labels": ["x"]}, "Did you mean 'labels'"),
        ({"text": [1, 2], "label": ["x", "y"]}, "row 1 has a number as text, row 2"),
        ({"text": ["a"], "label": [["x", "y"]]}, "row 1 has a list as label; a text has one label"),
        ({"text": pyarrow.array([], "string"), "label": pyarrow.array([], "string")}, "no rows"),
        ({"text": ["x" * 1_000_001], "label": ["a"]}, "line 1 are longer"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, columns, found):
    path = written(tmp_path, **columns)
    with pytest.raises(CorpusError) as error:
        load_corpus(path)
    assert found in str(error.value)
    assert str(path) in str(error.value)


def test_a_file_that_is_no_parquet_or_cut_off_is_refused(tmp_path):
    whole = written(tmp_path, text=["a", "b"], label=["x", "y"]).read_bytes()
    for content in (b"", b"text,label\na,b\n", whole[: len(whole) // 2], whole[:-4] + b"PAR2"):
        (tmp_path / "data.parquet").write_bytes(content)
        with pytest.raises(CorpusError, match="must be a Parquet file"):
            load_corpus(tmp_path / "data.parquet")
    with pytest.raises(CorpusError, match="does not exist"):
        load_corpus(tmp_path / "missing.parquet")


def test_without_the_extra_the_line_to_install_it_is_told(tmp_path, monkeypatch):
    path = written(tmp_path, text=["a"], label=["x"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "textkaizen\[parquet\]"'):
        load_corpus(path)
