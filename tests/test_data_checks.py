"""What is wrong with labelled texts is told once, with its lines, in an order of its own."""

import re

import numpy as np
import pytest

from textkaizen.data import (
    Corpus,
    canonical,
    lone_languages,
    require,
    require_labelled,
    warnings,
)
from textkaizen.data.checks import quoted
from textkaizen.errors import CorpusError


def corpus(*rows, first=2, name="f.csv", groups=None):
    """Rows of (text, label), standing in a file below its header."""
    texts = tuple(text for text, _ in rows)
    labels = tuple(label for _, label in rows)
    return Corpus(texts, labels, groups, tuple(range(first, first + len(rows))), name)


def many(*labels, each=6):
    return [(f"{label} text {number}", label) for label in labels for number in range(each)]


def said(rows, **test):
    return warnings(rows, [text.strip().lower() for text in rows.texts], 3, **test)


def refused(rows, least=3):
    with pytest.raises(CorpusError) as error:
        require(rows, least)
    message = str(error.value)
    assert rows.name in message
    assert "\n" not in message
    return message


def test_texts_that_can_be_trained_on_pass():
    assert require(corpus(*many("a", "b", each=3)), 3) is None


def test_no_rows_and_empty_texts_alone_are_refused():
    assert "f.csv has none" in refused(corpus())
    empty = refused(corpus(("", "a"), (" ", "b"), ("\u3000", "c")))
    assert "in f.csv all 3 are" in empty
    assert "--text-column" in empty


def test_rows_without_a_label_are_named_by_their_lines_the_first_five():
    rows = many("a", "b") + [(f"text {number}", " ") for number in range(8)]
    message = refused(corpus(*rows))
    assert "8 texts without one (lines 14, 15, 16, 17, 18 and 3 more)" in message


def test_a_single_class_is_refused():
    message = refused(corpus(*many("only")))
    assert "all 6 rows of f.csv have the label 'only'" in message
    assert "--label-column" in message


def test_as_many_labels_as_rows_look_like_identifiers():
    rows = [(f"text {number}", f"id {number:04}") for number in range(5000)]
    message = refused(corpus(*rows))
    assert "5000 different labels in 5000 rows, the first 'id 0000' (line 2)" in message
    assert "looks like texts or identifiers" in message
    assert "--text-column and --label-column" in message


def test_swapped_columns_are_called_so():
    swapped = [(label, text) for text, label in many("a", "b", "c", each=20)]
    assert "look swapped" in refused(corpus(*swapped))
    # With a few texts standing twice the labels are fewer, and each class too small.
    assert "look swapped" in refused(corpus(*swapped * 2), least=3)


def test_classes_too_small_are_named_with_counts_and_a_line_each():
    rows = many("big", "c", "b", "a", "d", "e", "f", each=2) + many("big", each=2)
    message = refused(corpus(*rows, ("", "g")), least=3)
    assert "has 7 smaller classes: 'a' (2, line 8), 'b' (2, line 6), 'c' (2, line 4)" in message
    assert message.count("line ") == 5
    assert "and 2 more" in message


def test_empty_texts_do_not_count_for_their_class():
    rows = corpus(*many("a", "b", each=3), ("", "c"), (" ", "c"), ("text", "c"))
    assert "1 smaller class: 'c' (1, line 8)" in refused(rows, least=2)


def test_without_lines_texts_are_quoted_or_nothing_is_said_of_lines():
    rows = Corpus(("a", "b", "c", "d"), ("x", "x", "x", "y"))
    assert "line" not in refused(rows, least=2)
    unlabelled = Corpus(("a", "b"), ("x", ""))
    with pytest.raises(CorpusError, match="1 text without one"):
        require_labelled(unlabelled)


def test_good_texts_are_warned_of_nothing():
    assert said(corpus(*many("a", "b", "c"))) == ()


def test_empty_texts_copies_and_contested_texts_are_told_with_lines():
    rows = corpus(
        *many("a", "b"), ("", "a"), ("Open", "a"), ("open", "a"), ("OPEN ", "b"), (" ", "b")
    )
    empty, copies, contested = said(rows)
    assert empty == "2 texts are empty and left out (lines 14, 18)."
    assert "1 text stands more than once under the same label" in copies
    assert copies.endswith("'Open' (lines 15, 16).")
    assert "1 text has more than one label" in contested
    assert contested.endswith("'Open' as 'a' (lines 15, 16), 'b' (line 17).")


def test_small_classes_are_counted_by_texts_that_differ():
    rows = corpus(*many("a", "b", each=6), *many("c", each=4), ("c text 0", "c"), ("", "c"))
    (small,) = [each for each in said(rows) if "usual 5 folds" in each]
    assert small.startswith("1 class has fewer than 5 different texts")
    assert small.endswith("(at least 3): 'c' (4).")


def test_small_classes_are_counted_by_groups_where_there_are_groups():
    rows = many("a", "b")
    groups = ("",) * 6 + ("g",) * 4 + ("",) * 2
    (small,) = said(corpus(*rows, groups=groups))
    assert "independent texts" in small
    assert small.endswith("'b' (3).")


def test_what_training_and_test_share_is_told_with_the_lines_of_both():
    rows = corpus(*many("a", "b"))
    test = corpus(("B TEXT 1", "b"), ("a text 5", "a"), ("new", "a"), name="t.csv")
    (shared,) = said(rows, test=test, test_keys=["b text 1", "a text 5", "new"])
    assert shared == (
        "2 texts of f.csv are also in t.csv; 2 rows are dropped from training: 'a text 5' (line 7 "
        "of training; line 3 of the test), 'b text 1' (line 9 of training; line 2 of the test)."
    )


def test_groups_that_training_and_test_share_are_told():
    rows = corpus(*many("a", "b"), groups=("g",) + ("",) * 11)
    test = corpus(("new", "a"), ("newer", "b"), name="t.csv", groups=("g", ""))
    (shared,) = said(rows, test=test, test_keys=["new", "newer"])
    assert shared.startswith("1 group of f.csv is also in t.csv; 1 row is dropped")
    assert "'g' (line 2 of training; line 2 of the test)" in shared


def test_what_is_wrong_with_the_test_names_it():
    test = corpus(("", "a"), ("x", "a"), ("x", "b"), name="t.csv")
    empty, contested = said(corpus(*many("a", "b")), test=test, test_keys=["", "x", "x"])
    assert empty.startswith("1 text of t.csv is empty")
    assert contested.startswith("1 text of t.csv has more than one label")


def test_labels_that_are_a_measurement_are_told():
    rows = [(f"text {n} {k}", f"{n / 2:g}") for n in range(30) for k in range(5)]
    (numbers,) = said(corpus(*rows))
    assert numbers.startswith("All 30 labels are numbers, from '0' to '14.5'")
    few = [(f"text {n} {k}", str(n)) for n in range(5) for k in range(5)]
    assert said(corpus(*few)) == ()


def test_a_class_more_than_twenty_times_another_is_told():
    rows = many("small", each=5) + many("large", each=101)
    (imbalance,) = said(corpus(*rows))
    assert "from 'small' (5) to 'large' (101)" in imbalance
    assert said(corpus(*rows[:-1])) == ()  # twenty times is not more than twenty times


def test_the_order_of_the_file_changes_line_numbers_alone():
    rows = [*many("a", "b", "d"), ("", "a"), ("x", "a"), ("x", "b"), ("y", "a"), ("Y", "a")]
    rows += [(f"twice {number}", "a") for number in range(9)] * 2 + many("c", each=3)
    without_numbers = lambda text: re.sub(r"lines? [\d, ]+", "", text)
    forms = set()
    for seed in range(6):
        turned = np.random.default_rng(seed).permutation(len(rows))
        ordered = canonical(corpus(*[rows[place] for place in turned]))
        forms.add(tuple(map(without_numbers, said(ordered))))
    assert len(forms) == 1
    assert len(forms.pop()) == 4


def test_a_quoted_text_is_short_one_line_and_printable():
    assert quoted("a\n\tb") == "'a b'"
    assert quoted("x" * 5_000_000) == "'" + "x" * 39 + "…'"
    assert quoted("\ud83d\x1b[31m") == "'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m'"


def test_texts_in_a_language_of_their_own_are_told_where_texts_are_many():
    rows = corpus(*[(f"text {number}", "a") for number in range(998)], ("oui", "a"), ("ja", "b"))
    codes = ["en"] * 998 + ["fr", "de"]
    assert lone_languages(rows, codes) == (
        "2 texts are in a language that few others are in: 'oui' (fr, line 1000), 'ja' (de, line "
        "1001).",
    )
    assert lone_languages(rows, ["en"] * 998 + ["fr", ""])[0].startswith("1 text is")
    minority = ["en"] * 994 + ["fr"] * 6
    assert lone_languages(rows, minority) == ()
    assert lone_languages(rows.take(np.arange(1, 1000)), codes[1:]) == ()
