"""Texts from CSV, TSV and JSON Lines: what is right comes in whole, what is wrong is told."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.errors import CorpusError, UsageError
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.files.tables import MOST_CHARACTERS

GOOD = "text,label\n" + "".join(f"text {number},a\n" for number in range(2, 1001))


def written(folder, content, name="data.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(folder, content, name="data.csv", columns=None):
    path = written(folder, content, name)
    with pytest.raises(CorpusError) as error:
        load_corpus(path, columns)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 1000
    return message


def test_a_csv_comes_in_with_its_lines(tmp_path):
    path = written(
        tmp_path, 'id,label,text\n1, a ," kept, as it is "\n\n2,b,"two\nlines"\n3,a,""\n'
    )
    corpus = load_corpus(path)
    assert corpus.texts == (" kept, as it is ", "two\nlines", "")
    assert corpus.labels == ("a", "b", "a")
    assert corpus.lines == (2, 4, 6)
    assert corpus.groups is None
    assert corpus.name == str(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(tmp_path, end):
    corpus = load_corpus(written(tmp_path, end.join(["text,label", "a,x", '"b', 'c",y', "d,x"])))
    assert corpus.texts == ("a", f"b{end}c", "d")
    assert corpus.lines == (2, 3, 5)


@pytest.mark.parametrize("name", ["data.tsv", "data.tab", "DATA.TSV"])
def test_tabs_part_the_fields_of_a_tsv(tmp_path, name):
    corpus = load_corpus(written(tmp_path, 'label\ttext\nx\ta, "b"\ny\t"c\td"\n', name))
    assert (corpus.texts, corpus.labels) == (('a, "b"', "c\td"), ("x", "y"))


def test_columns_have_the_names_they_are_given_and_groups_are_stripped(tmp_path):
    path = written(tmp_path, "Frage, Thema ,Kunde\nwann?,zeit, 7 \nwo?,ort,\n")
    corpus = load_corpus(path, Columns("Frage", "Thema", "Kunde"))
    assert (corpus.texts, corpus.labels) == (("wann?", "wo?"), ("zeit", "ort"))
    assert corpus.groups == ("7", "")


def test_two_columns_of_one_name_cannot_be_asked_for():
    with pytest.raises(UsageError, match="columns of their own"):
        Columns("text", "text")
    with pytest.raises(UsageError, match="columns of their own"):
        Columns("text", "label", "label")


# Carriage returns at the end of a quoted field are kept, too; a NUL is refused elsewhere.
FIELDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_is_written_is_read(tmp_path_factory, rows, end, encoding):
    table = io.StringIO()
    writer = csv.writer(table, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *rows])
    folder = tmp_path_factory.mktemp("any")
    corpus = load_corpus(written(folder, table.getvalue().encode(encoding)))
    assert list(corpus.texts) == [text for text, _ in rows]
    assert list(corpus.labels) == [label.strip() for _, label in rows]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r\t;é'), max_size=30))
def test_nothing_but_a_clear_error_comes_of_any_text(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    for name in ("data.csv", "data.tsv", "data.jsonl"):
        path = written(folder, "text,label\n" + content, name)
        try:
            assert len(load_corpus(path)) >= 1
        except CorpusError as error:
            assert str(path) in str(error)  # noqa: PT017, a text may be right or wrong


def test_files_that_are_none_are_told_apart(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, found in (
        ("missing.csv", "does not exist"),
        ("folder.csv", "is a folder"),
        ("missing.xyz", "does not exist"),
        ("data.csv/below.csv", "cannot be read"),
        ("nul\0.csv", "cannot be read"),
    ):
        written(tmp_path, GOOD)
        with pytest.raises(CorpusError, match=found) as error:
            load_corpus(tmp_path / name)
        assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("name", ["data.txt", "data", "data.csv.gz"])
def test_an_unknown_ending_names_the_known_ones(tmp_path, name):
    message = refused(tmp_path, GOOD, name)
    assert ".csv, .tsv, .tab, .jsonl, .ndjson, .parquet" in message


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " , \n"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert "is empty" in refused(tmp_path, content)


def test_a_header_without_rows_is_refused(tmp_path):
    assert "has only its header (line 2)" in refused(tmp_path, "\ntext,label\n\n")


def test_a_missing_column_names_those_found_and_the_nearest(tmp_path):
    message = refused(tmp_path, "Texts,label,id\na,b,1\n")
    assert "among them 'text'" in message
    assert "has 'Texts', 'label', 'id'. Did you mean 'Texts'?" in message
    assert "--text-column" in message
    assert "'customer'" in refused(tmp_path, GOOD, columns=Columns(group="customer"))


def test_another_delimiter_is_hinted_at(tmp_path):
    assert "separated by semicolons" in refused(tmp_path, "text;label\na;b\n")
    assert "separated by tabs" in refused(tmp_path, "text\tlabel\na\tb\n")
    assert "separated by commas" in refused(tmp_path, "text,label\na,b\n", "data.tsv")


def test_a_column_that_is_there_twice_is_refused_only_if_it_is_read(tmp_path):
    assert "has 'label' 2 times" in refused(tmp_path, "text,label,label\na,b,c\n")
    assert load_corpus(written(tmp_path, "text,label,x,x\na,b,c,d\n")).labels == ("b",)


def test_rows_of_another_width_are_told_at_once(tmp_path):
    rows = ["a,x", "b", "c,y,z", "d,x", *["e,f,g,h"] * 6]
    message = refused(tmp_path, "\n".join(["text,label", *rows]))
    assert "line 3 has 1, line 4 has 3, line 6 has 4, line 7 has 4, line 8 has 4" in message
    assert "and 3 more" in message


@pytest.mark.parametrize(
    "broken",
    [
        '"text 900,a',  # swallows the rest of the file
        '"text" 900,a',
        'text 900,"a',
        '"text, 900"x,a',
    ],
)
@pytest.mark.parametrize("later", ["text,a", '"quoted, later",a', '"""Quoted"" later",a'])
def test_a_broken_quote_names_its_line(tmp_path, broken, later):
    lines = GOOD.splitlines()
    lines[899] = broken
    lines[949] = later
    message = refused(tmp_path, "\n".join(lines))
    assert "quoted field that begins on line 900" in message
    assert "Mend that line" in message


def test_a_broken_quote_below_a_text_of_several_lines_names_its_own_line(tmp_path):
    message = refused(tmp_path, 'text,label\n"one\ntwo\nthree","broken\nfour,a\nfive,b\n')
    assert "begins on line 4 does not end before the end" in message


def test_a_quote_left_open_in_a_large_file_names_its_line(tmp_path):
    filler = "".join(f"{'x' * 1000} {number},a\n" for number in range(1500))
    message = refused(tmp_path, GOOD + '"open,a\n' + filler)
    assert "begins on line 1001 does not end within 1,000,000 characters" in message


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_line_of_five_megabytes_is_refused(tmp_path, quote):
    content = f"text,label\nshort,a\n{quote}{'long ' * 1_000_000}{quote},b\n"
    assert "1,000,000 characters; on line 3 of" in refused(tmp_path, content)
    row = json.dumps({"text": "x" * 5_000_000, "label": "b"})
    assert "those on line 1 are longer" in refused(tmp_path, row, "data.jsonl")


def test_a_text_may_be_as_long_as_is_allowed_and_the_limit_of_others_stays(tmp_path):
    before = csv.field_size_limit()
    text = "x" * MOST_CHARACTERS
    assert load_corpus(written(tmp_path, f"text,label\n{text},a\n")).texts == (text,)
    refused(tmp_path, f"text,label\n{text}x,a\n")
    assert csv.field_size_limit() == before


def test_json_lines_come_in_with_labels_as_strings(tmp_path):
    rows = [
        {"text": " a\u2028b\n", "label": " x ", "more": [1]},
        {"text": "", "label": 5},
        {"text": None, "label": True},
        {"text": "c", "label": 1.5},
        {"text": "d", "label": None},
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    for end in ("\n", "\r\n", "\r"):
        corpus = load_corpus(written(tmp_path, end.join([lines[0], "", *lines[1:]]), "d.jsonl"))
        assert corpus.texts == (" a\u2028b\n", "", "", "c", "d")
        assert corpus.labels == ("x", "5", "true", "1.5", "")
        assert corpus.lines == (1, 3, 4, 5, 6)


def test_half_a_surrogate_pair_in_json_is_kept(tmp_path):
    path = written(tmp_path, r'{"text": "\ud83d", "label": "\ude00"}', "data.ndjson")
    assert load_corpus(path).texts == ("\ud83d",)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("{", "line 2 is not JSON"),
        ("[1, 2]", "line 2 is a list, no object"),
        ("7", "line 2 is a number, no object"),
        ('{"text": "a"}', 'line 2 has no "label"'),
        ('{"text": 5, "label": "a"}', "line 2 has a number as text"),
        ('{"text": ["a"], "label": "a"}', "line 2 has a list as text"),
        ('{"text": "a", "label": ["a", "b"]}', "line 2 has a list as label; a text has one label"),
        ('{"text": "a", "label": {"a": 1}}', "line 2 has an object as label"),
        ("[" * 100_000, "line 2 is not JSON that can be read"),
        ('{"text": "a", "label": ' + "1" * 5000 + "}", "line 2 is not JSON that can be read"),
    ],
)
def test_json_lines_that_cannot_be_are_told_at_once(tmp_path, line, found):
    good = '{"text": "a", "label": "x"}\n'
    message = refused(tmp_path, good + f"{line}\n" * 7 + good, "data.jsonl")
    assert found in message
    assert "line 6 " in message
    assert "line 7 " not in message
    assert "and 2 more" in message


def test_json_lines_with_other_keys_name_the_nearest(tmp_path):
    message = refused(tmp_path, '{"texts": "a", "label": "x"}\n', "data.jsonl")
    assert "Did you mean 'texts'?" in message


def test_json_lines_without_any_are_refused(tmp_path):
    assert "is empty" in refused(tmp_path, "\n \n", "data.jsonl")


@pytest.mark.parametrize("language", ["ja", "en", "de"])
def test_the_example_texts_come_in(language):
    path = Path(__file__).parent.parent / "examples" / f"library-{language}.csv"
    corpus = load_corpus(path)
    assert len(corpus) == len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert len(corpus.classes) >= 18
    assert corpus.lines == tuple(range(2, len(corpus) + 2))
