"""Replies: several for a label are a choice, and no slip of the pen goes unsaid."""

from pathlib import Path

import pytest

from textkaizen.errors import CorpusError
from textkaizen.files.corpora import load_corpus
from textkaizen.files.replies import BETWEEN, UNKNOWN, load_replies

EXAMPLES = Path(__file__).parent.parent / "examples"
LABELS = ("opening_hours", "renewal", "fees")


def written(folder, content, name="replies.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, labels=LABELS):
    with pytest.raises(CorpusError) as error:
        load_replies(path, labels)
    assert str(path) in str(error.value)
    return str(error.value)


def test_several_rows_of_a_label_are_a_choice_in_their_order(tmp_path):
    rows = 'reply,label\n"Hello,\nyou.",fees\n B , renewal \n"C",fees\n'
    expected = {"fees": ("Hello,\nyou.", "C"), "renewal": ("B",)}
    assert load_replies(written(tmp_path, rows), LABELS) == expected


def test_a_label_without_a_reply_is_no_error(tmp_path):
    assert load_replies(written(tmp_path, "label,reply\nfees,A\n"), LABELS) == {"fees": ("A",)}


def test_tabs_and_other_encodings_are_read_as_for_texts(tmp_path):
    path = written(tmp_path, "label\treply\nfees\tA, or B\n", "replies.tsv")
    assert load_replies(path, LABELS) == {"fees": ("A, or B",)}
    path = written(tmp_path, "label,reply\nfees,料金はかかりません。\n".encode("cp932"))
    assert load_replies(path, LABELS) == {"fees": ("料金はかかりません。",)}


def test_a_label_the_model_does_not_have_names_the_nearest_and_its_line(tmp_path):
    rows = "label,reply\nfees,A\nopening_houres,B\nopening_houres,C\nzzz,D\n"
    message = refused(written(tmp_path, rows))
    assert "'opening_houres' (line 3; did you mean 'opening_hours'?), 'zzz' (line 5)" in message


def test_empty_replies_are_told_at_once(tmp_path):
    rows = "label,reply\nfees,A\n" + "fees, \n" * 7
    assert "on line 3, 4, 5, 6, 7 and 2 more" in refused(written(tmp_path, rows))


def test_placeholders_are_known_by_name_and_told_with_their_lines(tmp_path):
    rows = "label,reply\nfees,{{A}} {date} {label}\nfees,on {weekdy}\nrenewal,{date.year} {x\n"
    message = refused(written(tmp_path, rows + "renewal,{date!r}\n"))
    assert "line 3 has {weekdy} (not known; did you mean 'weekday'?), line 4 has" in message
    assert "line 5 has {date!r} (no bare name)" in message
    assert "must be one of {date}, {time}, {weekday}, {label}, and {a} and {b} for" in message


def test_placeholders_of_ones_own_are_let_through_if_they_are_named(tmp_path):
    path = written(tmp_path, "label,reply\nfees,{name}\n")
    assert load_replies(path, LABELS, ["name"]) == {"fees": ("{name}",)}
    assert "{name}" in refused(path)


def test_what_is_said_when_nothing_or_two_labels_are_sure_is_in_the_file(tmp_path):
    rows = f"label,reply\n{UNKNOWN},What?\n{BETWEEN},{{a}} or {{b}}?\n"
    expected = {UNKNOWN: ("What?",), BETWEEN: ("{a} or {b}?",)}
    assert load_replies(written(tmp_path, rows), LABELS) == expected
    rows = f"label,reply\n(unknwon),What?\n{UNKNOWN},{{label}}\nfees,{{a}}\n"
    assert "(line 2; did you mean '(unknown)'?)" in refused(written(tmp_path, rows))
    message = refused(written(tmp_path, rows.replace("(unknwon)", UNKNOWN)))
    assert "line 3 has {label} (not known), line 4 has {a} (not known" in message


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "is empty"),
        ("label,reply\n", "only its header"),
        ("label,answer\nfees,A\n", "among them 'reply'"),
        ("label,reply\nfees\n", "line 2 has 1"),
        ('label,reply\nfees,"A\n', "begins on line 2"),
        (b"label,reply\nfees,Geb\xfchren\n", "line 2 has the byte 0xFC"),
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_refused(tmp_path, content, found):
    assert found in refused(written(tmp_path, content))


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert "does not exist" in refused(tmp_path / "missing.csv")


@pytest.mark.parametrize("language", ["ja", "en", "de"])
def test_the_examples_have_a_choice_for_labels_of_their_texts(language):
    labels = load_corpus(EXAMPLES / f"library-{language}.csv").classes
    replies = load_replies(EXAMPLES / f"replies-{language}.csv", labels)
    assert set(replies) <= set(labels)
    assert any(len(choice) > 1 for choice in replies.values())
