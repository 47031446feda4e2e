"""What is wrong with labelled texts: what stops training, and what should be known before it.

`require` refuses what could not be trained, `warnings` says the rest. Both name lines of the file
where there are lines, and quote texts where there are none. What is listed comes in an order that
does not depend on the file's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from textkaizen.data.corpus import Corpus
from textkaizen.data.parting import together
from textkaizen.errors import CorpusError, listed

USUAL_FOLDS = 5
IMBALANCE = 20  # largest class over smallest; beyond it accuracy says little of the smallest
MANY_NUMBERS = 20  # more labels than this, all numbers, are a measurement rather than classes
LONE_SHARE = 0.005  # of the texts at most in a language: more are a minority that may be meant
LONE_TEXTS = 1000  # of fewer texts a few in another language are not told from chance
MANY_LABELS = 10  # up to so many labels, the small classes are named one by one
QUOTED = 40  # characters of a text or label in a message
COLUMNS = "Name the right ones by --text-column and --label-column."


def require(corpus: Corpus, least: int) -> None:
    """Refuse labelled texts that nothing could be trained on.

    Args:
        corpus: in canonical order, for the same message whatever the order of the file.
        least: texts that are not empty that each class must have, >= 1.

    Raises:
        CorpusError: no rows, all texts empty, rows without a label, fewer than two classes, about
            as many labels as rows, or classes with fewer than `least` texts.

    Example:
        >>> require(Corpus(("hello", "good day"), ("greeting", "greeting")), least=2)
        Traceback (most recent call last):
        textkaizen.errors.CorpusError: Texts of at least two classes are needed; ...
    """
    require_labelled(corpus)
    labels = set(corpus.labels)
    if len(labels) == 1:
        raise CorpusError(
            f"Texts of at least two classes are needed; all {len(corpus)} rows of {corpus.name} "
            f"have the label {quoted(corpus.labels[0])}. Add texts of other classes, or name "
            "another column by --label-column."
        )
    if len(labels) > MANY_LABELS and 2 * len(labels) > len(corpus):
        raise CorpusError(
            f"Several texts must share a label; {corpus.name} has {len(labels)} different labels "
            f"in {len(corpus)} rows, the first {quoted(corpus.labels[0])}{_at(corpus, [0])}. "
            + (_SWAPPED if _swapped(corpus) else "The label column looks like texts or identifiers")
            + f". {COLUMNS}"
        )
    _require_least(corpus, least)


def require_labelled(corpus: Corpus) -> None:
    """Refuse labelled texts that nothing could be measured on.

    Raises:
        CorpusError: no rows, all texts empty, or rows without a label.
    """
    if not len(corpus):
        raise CorpusError(f"Labelled texts are needed; {corpus.name} has none. Add some.")
    if not any(text.strip() for text in corpus.texts):
        raise CorpusError(
            f"At least some texts must not be empty; in {corpus.name} all {len(corpus)} are. "
            "Name the column of the texts by --text-column."
        )
    unlabelled = [row for row, label in enumerate(corpus.labels) if not label.strip()]
    if unlabelled:
        raise CorpusError(
            f"Every text needs a label; {corpus.name} has {_count(len(unlabelled), 'text')} "
            f"without one{_at(corpus, unlabelled)}. Label or drop them."
        )


def _require_least(corpus: Corpus, least: int) -> None:
    filled = Counter(dict.fromkeys(corpus.labels, 0))
    filled.update(label for text, label in _pairs(corpus) if text.strip())
    short = sorted(label for label, count in filled.items() if count < least)
    if not short:
        return
    first = {label: row for row, label in reversed(list(enumerate(corpus.labels)))}
    named = (
        f"{quoted(label)} ({filled[label]}{_at(corpus, [first[label]], ', ', '')})"
        for label in short
    )
    raise CorpusError(
        f"A class needs at least {_count(least, 'text')} that {_verb(least, 'is', 'are')} not "
        f"empty; {corpus.name} has {_count(len(short), 'smaller class', 'smaller classes')}: "
        f"{listed(named)}. Give them more texts, or drop or join them."
        + (f" {_SWAPPED}. {COLUMNS}" if _swapped(corpus) else "")
    )


def warnings(
    corpus: Corpus,
    keys: Sequence[str],
    least: int,
    test: Corpus | None = None,
    test_keys: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Say what should be known about labelled texts before anything is learnt from them.

    Args:
        corpus: in canonical order, for the same sentences whatever the order of the file.
        keys: the normalised text of each row; equal texts have equal keys.
        least: folds that there are at the very least.
        test: texts held out, if there are any of their own.
        test_keys: their normalised texts.

    Returns:
        Sentences with line numbers: empty texts, texts that stand more than once, texts under two
        labels, small classes, what training and test share, columns that look wrong, imbalance.
    """
    said = [*_within(corpus, keys, ""), *_small(corpus, keys, least)]
    if test is not None and test_keys is not None:
        said += [*_within(test, test_keys, f" of {test.name}")]
        said += _shared(corpus, keys, test, test_keys)
    return (*said, *_columns(corpus), *_imbalance(corpus))


def lone_languages(corpus: Corpus, languages: Sequence[str]) -> tuple[str, ...]:
    """Say which texts are in a language that next to no others are in.

    Args:
        corpus: in canonical order, for the same sentences whatever the order of the file.
        languages: of each row; "" where it is not sure.

    Returns:
        No sentence, or one with line numbers; nothing of fewer than LONE_TEXTS texts.

    Example:
        >>> corpus = Corpus(("open", "merci beaucoup"), ("a", "b"), lines=(2, 3))
        >>> lone_languages(corpus.take([0] * 2000 + [1]), ["en"] * 2000 + ["fr"])
        ("1 text is in a language that few others are in: 'merci beaucoup' (fr, line 3).",)
    """
    counts, most = Counter(languages), LONE_SHARE * len(corpus)
    lone = [row for row, code in enumerate(languages) if code and counts[code] <= most]
    if not lone or len(corpus) < LONE_TEXTS:
        return ()
    named = (
        f"{quoted(corpus.texts[row])} ({languages[row]}{_at(corpus, [row], ', ', '')})"
        for row in lone
    )
    return (
        f"{_count(len(lone), 'text')} {_verb(len(lone), 'is', 'are')} in a language that few "
        f"others are in: {listed(named)}.",
    )


def quoted(text: str) -> str:
    """Quote a text for a message: one line, short, printable.

    Example:
        >>> quoted("When do\\nyou open?")
        "'When do you open?'"
    """
    # A text may be a megabyte long and hold half a surrogate pair, which no terminal takes.
    line = " ".join(text[: 4 * QUOTED].split())
    short = line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in short) + "'"


_SWAPPED = "The columns of texts and labels look swapped"


def _pairs(corpus: Corpus) -> Iterator[tuple[str, str]]:
    return zip(corpus.texts, corpus.labels, strict=True)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _lines(corpus: Corpus, rows: Iterable[int], most: int = 5) -> str:
    """Name the lines of some rows; without lines, quote their texts."""
    rows = list(rows)
    if not corpus.lines:
        return listed([quoted(corpus.texts[row]) for row in rows], most)
    lines = sorted(corpus.lines[row] for row in rows)
    return f"{_verb(len(lines), 'line', 'lines')} {listed(lines, most)}"


def _at(corpus: Corpus, rows: Iterable[int], before: str = " (", after: str = ")") -> str:
    """Say where some rows are, to be put behind what they are; nothing without lines."""
    return f"{before}{_lines(corpus, rows)}{after}" if corpus.lines else ""


def _within(corpus: Corpus, keys: Sequence[str], whose: str) -> Iterator[str]:
    """Yield what is wrong among the texts of one corpus."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows_of[key].append(row)
    empty = rows_of.pop("", [])
    if empty:
        yield (
            f"{_count(len(empty), 'text')}{whose} {_verb(len(empty), 'is', 'are')} empty and left "
            f"out{_at(corpus, empty)}."
        )
    copies, contested = [], []
    for key in sorted(key for key, rows in rows_of.items() if len(rows) > 1):
        by_label: dict[str, list[int]] = defaultdict(list)
        for row in rows_of[key]:
            by_label[corpus.labels[row]].append(row)
        copies += [rows for _, rows in sorted(by_label.items()) if len(rows) > 1]
        if len(by_label) > 1:
            contested.append((rows_of[key][0], sorted(by_label.items())))
    if copies:
        named = (quoted(corpus.texts[rows[0]]) + _at(corpus, rows) for rows in copies)
        kept = "" if whose else "; copies stay on one side of every split"
        yield (
            f"{_count(len(copies), 'text')}{whose} {_verb(len(copies), 'stands', 'stand')} more "
            f"than once under the same label{kept}: {listed(named)}."
        )
    if contested:
        named = (
            quoted(corpus.texts[row])
            + " as "
            + listed([quoted(label) + _at(corpus, rows) for label, rows in labels])
            for row, labels in contested
        )
        yield (
            f"{_count(len(contested), 'text')}{whose} {_verb(len(contested), 'has', 'have')} more "
            f"than one label, so no model can be right about all of them: {'; '.join(_few(named))}."
        )


def _few(named: Iterable[str], most: int = 5) -> list[str]:
    names = list(named)
    rest = len(names) - most
    return names if rest <= 0 else [*names[:most], f"and {rest} more"]


def _small(corpus: Corpus, keys: Sequence[str], least: int) -> Iterator[str]:
    """Yield a sentence if some class has too few units to be in every one of the usual folds."""
    units = together(corpus, keys).tolist()
    there = {(label, units[row]) for row, label in enumerate(corpus.labels) if keys[row]}
    counts = Counter(label for label, _ in there)
    small = sorted(label for label, count in counts.items() if count < USUAL_FOLDS)
    if small:
        what = "independent texts" if corpus.groups else "different texts"
        named = listed([f"{quoted(label)} ({counts[label]})" for label in small])
        yield (
            f"{_count(len(small), 'class has', 'classes have')} fewer than {USUAL_FOLDS} {what}, "
            f"so there will be fewer than the usual {USUAL_FOLDS} folds (at least {least}): "
            f"{named}."
        )


def _shared(
    corpus: Corpus, keys: Sequence[str], test: Corpus, test_keys: Sequence[str]
) -> Iterator[str]:
    """Yield what training and test have in common."""
    rows_of = _rows_in_both(keys, test_keys)
    if rows_of:
        names = {key: quoted(corpus.texts[rows[0]]) for key, (rows, _) in rows_of.items()}
        yield _dropped("text", corpus, test, rows_of, names)
    if corpus.groups and test.groups:
        rows_of = _rows_in_both(corpus.groups, test.groups)
        if rows_of:
            yield _dropped("group", corpus, test, rows_of, {key: quoted(key) for key in rows_of})


def _rows_in_both(
    keys: Sequence[str], test_keys: Sequence[str]
) -> dict[str, tuple[list[int], list[int]]]:
    """Return the rows of training and of the test for each key that both have, sorted by key."""
    shared = sorted(set(keys) & set(test_keys) - {""})
    both: dict[str, tuple[list[int], list[int]]] = {key: ([], []) for key in shared}
    for side, each in enumerate((keys, test_keys)):
        for row, key in enumerate(each):
            if key in both:
                both[key][side].append(row)
    return both


def _dropped(
    kind: str,
    corpus: Corpus,
    test: Corpus,
    rows_of: dict[str, tuple[list[int], list[int]]],
    names: dict[str, str],
) -> str:
    rows = sum(len(own) for own, _ in rows_of.values())
    named = (names[key] + _in_both(corpus, test, *places) for key, places in rows_of.items())
    return (
        f"{_count(len(rows_of), kind)} of {corpus.name} {_verb(len(rows_of), 'is', 'are')} also "
        f"in {test.name}; {_count(rows, 'row is', 'rows are')} dropped from training: "
        f"{listed(named)}."
    )


def _in_both(corpus: Corpus, test: Corpus, rows: list[int], test_rows: list[int]) -> str:
    sides = ((corpus, rows, "training"), (test, test_rows, "the test"))
    places = [f"{_lines(side, own)} of {name}" for side, own, name in sides if side.lines]
    return f" ({'; '.join(places)})" if places else ""


def _swapped(corpus: Corpus) -> bool:
    """Whether texts repeat as labels do, and labels differ as texts do."""
    return 2 * len(set(corpus.texts)) <= len(set(corpus.labels))


def _columns(corpus: Corpus) -> Iterator[str]:
    """Yield a sentence if a column does not look like what it is taken for."""
    labels = corpus.classes
    if _swapped(corpus):
        texts = len(set(corpus.texts))
        yield f"{_SWAPPED}: {texts} different texts, {len(labels)} different labels. {COLUMNS}"
    elif len(labels) > MANY_NUMBERS and all(map(_is_number, labels)):
        yield (
            f"All {len(labels)} labels are numbers, from {quoted(min(labels, key=float))} to "
            f"{quoted(max(labels, key=float))}: each is taken for a class of its own, and nothing "
            "is known of their order. If they are a measurement, cut it into a few classes."
        )


def _is_number(label: str) -> bool:
    try:
        return float(label) == float(label)  # a NaN is no number
    except ValueError:
        return False


def _imbalance(corpus: Corpus) -> Iterator[str]:
    counts = Counter(label for text, label in _pairs(corpus) if text.strip())
    if not counts:
        return
    ordered = sorted(counts, key=lambda label: (-counts[label], label))
    largest, smallest = ordered[0], ordered[-1]
    if counts[largest] > IMBALANCE * counts[smallest]:
        yield (
            f"The classes differ much in size, from {quoted(smallest)} ({counts[smallest]}) to "
            f"{quoted(largest)} ({counts[largest]}): look at macro-F1 rather than at accuracy."
        )
