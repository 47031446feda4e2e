"""Where features stand in a text, so that numbers of features become numbers of words.

A feature stands where it was cut: a run of words on the characters of these words, a run of
characters on its own. Its number is parted equally among the places where it stands, and there
equally among the characters it covers (blanks count nothing); what stands on blanks alone goes to
their neighbours. Characters are then added up to the words a reader sees:

- where words are parted by blanks, what lies between blanks, with punctuation at the ends apart;
- what an analyser says, where one cuts the text, and between its words as below;
- in scripts without blanks, runs of hiragana, of katakana and of Han (in a text without kana each
  Han letter), and the letters of Thai, Lao, Khmer and Burmese with their marks.

Words are written as the text rules write them. A word that is not in the text as it is (a base form
that cannot be traced) stands for itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import regex

from textkaizen.recipe import LEARNT_TOKENS
from textkaizen.text.cut import WORD

if TYPE_CHECKING:
    from textkaizen.text.streams import Streams
    from textkaizen.text.vectorise import Vocabulary

NOT_WORDS_OF_READERS = ("words", "unicode", *LEARNT_TOKENS)
BLANK_SEPARATED = re.compile(r"\S+")
KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_SYLLABLES = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"(?![\p{{Han}}\p{{Hiragana}}\p{{Katakana}}ーｰ{_SYLLABLES}])[\w\p{{M}}]"
_ELSE = (
    r"\p{Hiragana}[\p{Hiragana}ーｰ]*+|[\p{Katakana}ーｰ]++"
    rf"|(?=[{_SYLLABLES}])\X"
    rf"|(?:{_LETTER})++(?:[^\s\w\p{{M}}]++(?:{_LETTER})++)*+"
    r"|[^\s\w\p{M}]++|\S"
)
WITH_KANA, WITHOUT_KANA = (regex.compile(rf"{han}|{_ELSE}") for han in (r"\p{Han}++", r"\p{Han}"))


class Word(NamedTuple):
    """A word cut from a text.

    Args:
        name: what it is called in features.
        begin, end: the characters it covers; none where it cannot be found.
    """

    name: str
    begin: int
    end: int


@dataclass(frozen=True)
class _Places:
    """Where the features of one kind stand.

    Args:
        features: as often as each stands there.
        begins, ends: of each, among words or characters.
    """

    features: list[int]
    begins: list[int]
    ends: list[int]


def on_words(
    vocabulary: Vocabulary, text: str, features: np.ndarray, numbers: np.ndarray
) -> list[tuple[str, float]]:
    """Part the numbers of a text's features among its words.

    Args:
        vocabulary: that has made the features.
        text: any.
        features: of the text's bag, each once.
        numbers: one for each.

    Returns:
        The words in the order of the text, each as often as it stands there, with their numbers,
        which add up to all there are. Hand-made features follow, in brackets, and what the vector
        of the whole text says; "(other)" is last if there is anything that stands nowhere.
    """
    streams = vocabulary.streams
    written = streams.write(text)
    words = _words(streams, written) if streams.rules.words != (0, 0) else []
    of_words = _word_places(vocabulary, words)
    of_characters = _character_places(vocabulary, written)
    terms = len(vocabulary.idf)
    times = Counter(of_words.features) + Counter(of_characters.features)
    own = {f: n for f, n in zip(features.tolist(), numbers.tolist(), strict=True) if f < terms}
    part = {f: n / times[f] for f, n in own.items() if times[f]}
    characters = _on_characters(written, of_characters, part)
    alone = _on_each_word(words, of_words, part)
    found = _added_up(streams, written, (words, alone), characters)
    names = streams.rules.handmade
    meaning, last = 0.0, terms + len(names)  # behind hand-made features a vector's numbers
    for feature, number in zip(features.tolist(), numbers.tolist(), strict=True):
        if terms <= feature < last:
            found.append((f"({names[feature - terms]})", number))
        elif feature >= last:
            meaning += number
    if streams.rules.vector_numbers:
        found.append(("(meaning of the whole)", meaning))
    other = [n for f, n in own.items() if not times[f]]
    return [*found, ("(other)", sum(other))] if other else found


def readers_words(written: str) -> list[tuple[int, int]]:
    """Return where the words of a written text begin and end, as its script tells them.

    Punctuation counts as words.

    Example:
        >>> text = "when is café-bar open? 何時に開きますか"
        >>> [text[begin:end] for begin, end in readers_words(text)]
        ['when', 'is', 'café-bar', 'open', '?', '何時', 'に', '開', 'きますか']
    """
    pattern = WITH_KANA if KANA.search(written) else WITHOUT_KANA
    return [found.span() for found in pattern.finditer(written)]


def _words(streams: Streams, written: str) -> list[Word]:
    """The words that features are made of, and where each stands."""
    if streams.tokeniser is None:
        return [Word(found[0], *found.span()) for found in WORD.finditer(written)]
    names = streams.words(written)
    surfaces = _surfaces(streams, written, len(names))
    found, cursor = [], 0
    for name, surface in zip(names, surfaces, strict=True):
        begin = written.find(surface, cursor) if surface else -1
        if begin < 0:
            found.append(Word(name, cursor, cursor))
            continue
        cursor = begin + len(surface)
        found.append(Word(name, begin, cursor))
    return found


def _surfaces(streams: Streams, written: str, count: int) -> list[str]:
    """Words as they stand in the text; "" for all if they cannot be told one by one."""
    if streams.rules.form == "surface" or streams.rules.tokens in LEARNT_TOKENS:
        return streams.words(written)
    from textkaizen.text.streams import streams as made

    surfaces = made(replace(streams.rules, form="surface")).words(written)
    return surfaces if len(surfaces) == count else [""] * count


def _word_places(vocabulary: Vocabulary, words: list[Word]) -> _Places:
    """Where runs of words stand: their numbers among the words."""
    found = _Places([], [], [])
    names, known = [word.name for word in words], vocabulary.numbers[0]
    least, most = vocabulary.streams.rules.words
    for length in range(max(least, 1), min(most, len(names)) + 1):
        for begin in range(len(names) - length + 1):
            _place(found, known.get(" ".join(names[begin : begin + length])), begin, begin + length)
    return found


def _character_places(vocabulary: Vocabulary, written: str) -> _Places:
    """Where runs of characters stand: their numbers among the characters, the padding with them."""
    found, rules, known = _Places([], [], []), vocabulary.streams.rules, vocabulary.numbers[1]
    least, most = rules.characters
    if not most:
        return found
    for padded, first in _padded(written) if rules.within_words else [(written, 0)]:
        if rules.within_words and len(padded) < least:
            _place(found, known.get(padded), first, first + len(padded))
        for length in range(least, min(most, len(padded)) + 1):
            for start in range(len(padded) - length + 1):
                begin = first + start
                term = padded[start : start + length]
                _place(found, known.get(term), begin, begin + length)
    return found


def _padded(written: str) -> Iterator[tuple[str, int]]:
    for found in BLANK_SEPARATED.finditer(written):
        yield f" {found[0]} ", found.start() - 1


def _place(found: _Places, feature: int | None, begin: int, end: int) -> None:
    if feature is not None:
        found.features.append(feature)
        found.begins.append(begin)
        found.ends.append(end)


def _on_characters(written: str, places: _Places, part: dict[int, float]) -> np.ndarray:
    """What runs of characters give to each character, float64 [characters]."""
    size = len(written)
    letters = np.array([character != " " for character in written], bool)
    until = np.concatenate([[0], np.cumsum(letters)])
    begins = np.clip(np.array(places.begins, np.int64), 0, size)
    ends = np.clip(np.array(places.ends, np.int64), 0, size)
    nothing = until[ends] == until[begins]
    begins, ends = np.maximum(begins - nothing, 0), np.minimum(ends + nothing, size)
    numbers = np.array([part.get(feature, 0.0) for feature in places.features])
    each = numbers / np.maximum(until[ends] - until[begins], 1)
    steps, covers = np.zeros(size + 1), np.zeros(size + 1, np.int64)
    np.add.at(steps, begins, each)
    np.add.at(steps, ends, -each)
    np.add.at(covers, begins, 1)
    np.add.at(covers, ends, -1)
    # Where nothing stands a running sum leaves what was rounded.
    there = letters & (np.cumsum(covers)[:size] > 0)
    return np.where(there, np.cumsum(steps)[:size], 0.0)


def _on_each_word(words: list[Word], places: _Places, part: dict[int, float]) -> np.ndarray:
    """What runs of words give to each word, by its length, float64 [words]."""
    sizes = np.array([max(word.end - word.begin, len(word.name), 1) for word in words], float)
    found = np.zeros(len(words))
    for feature, begin, end in zip(places.features, places.begins, places.ends, strict=True):
        own = sizes[begin:end]
        found[begin:end] += part.get(feature, 0.0) * own / own.sum()
    return found


def _added_up(
    streams: Streams, written: str, told: tuple[list[Word], np.ndarray], characters: np.ndarray
) -> list[tuple[str, float]]:
    """The words a reader sees with the numbers of their characters.

    Args:
        streams, written: of the text.
        told: the words that features are made of, and the number of each.
        characters: the number of each character without them.
    """
    words, numbers = told
    total, nowhere = characters.copy(), []
    for word, number in zip(words, numbers.tolist(), strict=True):
        if word.end > word.begin:
            total[word.begin : word.end] += number / (word.end - word.begin)
        else:
            nowhere.append((word.begin, word.end, word.name, number))
    spans = _spans(streams, written, words)
    found = [(b, e, written[b:e], float(total[b:e].sum())) for b, e in spans]
    ordered = sorted([*found, *nowhere], key=lambda each: each[:2])
    return [(name, number) for _, _, name, number in ordered]


def _spans(streams: Streams, written: str, words: list[Word]) -> list[tuple[int, int]]:
    """Where the words a reader sees begin and end; every character but blanks is in one of them."""
    rules = streams.rules
    if rules.tokens in NOT_WORDS_OF_READERS or rules.words == (0, 0):
        return readers_words(written)
    kept = [(word.begin, word.end) for word in words if word.end > word.begin]
    found = list(kept)
    for (_, begin), (end, _) in pairwise([(0, 0), *kept, (len(written), len(written))]):
        gap = readers_words(written[begin:end])
        found += [(begin + start, begin + stop) for start, stop in gap]
    return sorted(found)
