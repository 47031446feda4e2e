"""Files of word vectors: all forms read alike, damage is one sentence, memory is bounded."""

import gzip
import struct
import subprocess
import sys

import numpy as np
import pytest
from command_line import environment

from textkaizen.errors import WordVectorsError
from textkaizen.files import vector_forms, word_vectors
from textkaizen.files.fasttext_models import HEAD, MAGIC, MATRIX, hashed
from textkaizen.files.word_vectors import read_word_vectors, vector_blocks

WORDS = ["the", "Paris", ". . .", "図書館", "the", "PARIS", "paris\u00a0x", "a@b.c 1x", "0.5"]
VECTORS = np.random.default_rng(0).normal(size=(len(WORDS), 6)).astype(np.float32)


def lines(words=WORDS, vectors=VECTORS, end="\n"):
    rows = zip(words, vectors.tolist(), strict=True)
    return "".join(f"{word} {' '.join(map(repr, row))}{end}" for word, row in rows).encode()


def header(words=WORDS, vectors=VECTORS):
    return f"{len(words)} {vectors.shape[1]}\n".encode()


def binary(words, vectors, end=b"\n"):
    """As word2vec writes it; words must not hold blanks."""
    rows = zip(words, vectors, strict=True)
    return header(words, vectors) + b"".join(
        word.encode() + b" " + row.astype("<f4").tobytes() + end for word, row in rows
    )


WHOLE = {
    "GloVe": lines(),
    "word2vec": header() + lines(end=" \n"),
    "Windows": b"\xef\xbb\xbf" + header() + lines(end="\r\n"),
    "no last end": lines().rstrip(b"\n"),
    "packed": gzip.compress(header() + lines()),
}
SOLID = [word.replace(" ", "_") for word in WORDS]  # word2vec's own form holds no blanks
BINARY = {
    "with ends": binary(SOLID, VECTORS),
    "without": binary(SOLID, VECTORS, b""),
    "packed": gzip.compress(binary(SOLID, VECTORS)),
}


def written(folder, content):
    path = folder / "vectors.any"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_every_text_form_reads_alike(content, tmp_path):
    path = written(tmp_path, content)
    asked = [".", "the", "图", "図書館", ". . .", "a@b.c 1x", "paris\u00a0x", "0.5"]
    found = read_word_vectors(path, asked)
    assert found.words == tuple(sorted({*asked} & {*WORDS}))
    for word in found.words:
        np.testing.assert_array_equal(found.row(word), VECTORS[WORDS.index(word)])
    assert (found.dimensions, found.missing, found.row(".")) == (6, 2, None)
    blocks = list(vector_blocks(path))
    assert [word for block in blocks for word in block.words] == WORDS
    np.testing.assert_array_equal(np.concatenate([block.vectors for block in blocks]), VECTORS)


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
def test_word2vecs_binary_form_reads_alike(content, tmp_path, monkeypatch):
    path = written(tmp_path, content)
    for buffer in (7, vector_forms.BUFFER):
        monkeypatch.setattr(vector_forms, "BUFFER", buffer)
        monkeypatch.setattr(word_vectors, "BUFFER", buffer)
        blocks = list(vector_blocks(path))
        assert [word for block in blocks for word in block.words] == SOLID
        np.testing.assert_array_equal(np.concatenate([b.vectors for b in blocks]), VECTORS)
    assert read_word_vectors(path, ["図書館", "no"]).words == ("図書館",)


def test_blocks_are_small(tmp_path, monkeypatch):
    monkeypatch.setattr(word_vectors, "BLOCK_NUMBERS", 13)
    sizes = [len(block.words) for block in vector_blocks(written(tmp_path, WHOLE["GloVe"]))]
    assert sizes == [2, 2, 2, 2, 1]


def test_a_word_is_found_as_it_stands_and_else_in_other_capitals(tmp_path):
    path = written(tmp_path, lines())
    found = read_word_vectors(path, ["paris", "pARIS", "PARIS", "The", "gone"])
    assert found.words == ("PARIS", "The", "pARIS", "paris")
    assert found.folded == {"paris": "Paris", "pARIS": "Paris", "The": "the"}
    np.testing.assert_array_equal(found.row("PARIS"), VECTORS[5])
    np.testing.assert_array_equal(found.row("paris"), VECTORS[1])
    np.testing.assert_array_equal(found.row("The"), VECTORS[0])  # twice there: the first counts
    assert (found.asked, found.missing, found.found) == (5, 1, 0.8)
    assert found.told == (
        "4 of 5 words (80.0 %) have vectors, 3 of them in other capitals; 1 have none"
    )


def test_of_no_words_there_are_no_vectors(tmp_path):
    found = read_word_vectors(written(tmp_path, lines()), [])
    assert (found.words, found.vectors.shape, found.found) == ((), (0, 6), 1.0)


def changed(line, old, new, content=None):
    """A text of which one line, from 1, is changed."""
    rows = (content or header() + lines()).split(b"\n")
    assert old in rows[line - 1]
    rows[line - 1] = rows[line - 1].replace(old, new, 1)
    return b"\n".join(rows)


FIRST = f"{VECTORS[0, 0]!s}".encode()
DAMAGED = {
    "a column too few": (changed(4, b". . . ", b""), "line 4 has 5 numbers where there must be 6"),
    "a column too many": (
        header() + lines().replace(b"\n", b" 0.5\n", 1),
        "line 2 has 7 numbers where there must be 6",
    ),
    "no number": (lines().replace(b" ", b" x", 1), "line 1 has 'x.* where a number must be"),
    "nan": (lines(["the"], VECTORS[:1] * np.nan), "line 1 has a number that is not finite"),
    "too large": (b"the 1e99 0.5\n", "line 1 has a number that is not finite"),
    "cut short": (b"\n".join((header() + lines()).split(b"\n")[:3]), r"says 9 words.*there are 2"),
    "more words": (header(WORDS[1:]) + lines(), r"says 8 words.*there are 9"),
    "nothing": (b"", "there is nothing"),
    "blanks": (b" \n", "a word and no numbers"),
    "a header alone": (b"3 4\n", "says 3 words, and there are 0"),
    "no words": (b"0 4\n", "there is no word"),
    "no dimensions": (b"3 0\n", "a vector has 0 numbers"),
    "too many dimensions": (b"3 99999999999\n", "a vector has 99999999999 numbers"),
    "one word": (b"hello\n", "line 1 has a word and no numbers"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "line 1 has a word and no numbers"),
    "zeros": (bytes(5000), "no text, nor is it a header"),
    "one endless line": (b"x" * (1 << 23), "no text, nor is it a header"),
    "a zip": (b"PK\x03\x04....", "zip archive, which must be unpacked first"),
    "packed and cut": (gzip.compress(lines())[:-20], "damaged or cut short"),
    "packed and changed": (gzip.compress(b"")[:10] + b"\xff" * 30, "damaged or cut short"),
    "binary cut in a vector": (BINARY["without"][:-1], "ends within word 9 of 9"),
    "binary cut in a word": (binary(SOLID, VECTORS, b"")[:-30], "ends within word [89] of 9"),
    "binary nan": (
        binary(["a", "the"], VECTORS[:2] * [[1], [np.nan]]),
        r"word 2 \('the'\) has a number that is not finite",
    ),
    "binary with more": (binary(SOLID[:1], VECTORS[:1]) + b"more", "more follows them"),
    "binary without blanks": (
        b"9 6\n" + b"\xff" * 100 + b"\n" + b"\xff" * (1 << 17),
        "word 1 of 9 does not end",
    ),
}


@pytest.mark.parametrize(("content", "told"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_one_sentence_with_its_line(content, told, tmp_path):
    path = written(tmp_path, content)
    with pytest.raises(WordVectorsError, match=told) as caught:
        read_word_vectors(path, ["the", "not there"])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(WordVectorsError):
        list(vector_blocks(path))


def test_what_cannot_be_read_is_one_sentence(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(WordVectorsError, match=r"cannot be read \((No such file|Is a dir)"):
            read_word_vectors(path, ["the"])


def test_vectors_that_nobody_asked_for_are_not_looked_at(tmp_path):
    path = written(tmp_path, lines().replace(b"PARIS ", b"PARIS x", 1))
    assert read_word_vectors(path, ["the", "gone"]).words == ("the",)
    with pytest.raises(WordVectorsError, match="line 6 has 'x"):
        list(vector_blocks(path))


def fasttext(words, matrix, *, version=12, runs=(2, 3), buckets=50, quantised=False, labels=()):
    """A model as fastText writes it, but for its output matrix, which is not read."""
    args = (matrix.shape[1], 5, 5, 1, 5, 1, 2, 2, buckets, *runs, 100)
    entries = [(word.encode(), 0) for word in words] + [(word.encode(), 1) for word in labels]
    dictionary = (len(entries), len(words), len(labels), 1000, -1)
    content = HEAD.pack(struct.unpack("<i", MAGIC)[0], version, *args, 1e-4, *dictionary)
    for word, kind in entries:
        content += word + b"\0" + struct.pack("<qb", 7, kind)
    return content + MATRIX.pack(quantised, *matrix.shape) + matrix.astype("<f4").tobytes()


MATRIX_OF_MODEL = np.random.default_rng(1).normal(size=(53, 4)).astype(np.float32)


def test_a_fasttext_models_vectors_are_means_over_a_word_and_its_runs(tmp_path):
    path = written(tmp_path, fasttext(["</s>", "ab", "é"], MATRIX_OF_MODEL, labels=["__label__x"]))
    found = read_word_vectors(path, ["ab", "é", "</s>", "__label__x", "zz"])
    assert found.words == ("</s>", "ab", "é")
    runs = ["<a", "ab", "b>", "<ab", "ab>"]
    rows = [1, *(3 + hashed(run.encode()) % 50 for run in runs)]
    np.testing.assert_allclose(found.row("ab"), MATRIX_OF_MODEL[rows].mean(0), rtol=1e-5)
    rows = [2, *(3 + hashed(run.encode()) % 50 for run in ("<é", "é>", "<é>"))]
    np.testing.assert_allclose(found.row("é"), MATRIX_OF_MODEL[rows].mean(0), rtol=1e-5)
    np.testing.assert_array_equal(found.row("</s>"), MATRIX_OF_MODEL[0])
    (block,) = vector_blocks(path)
    assert block.words == ["</s>", "ab", "é"]
    np.testing.assert_array_equal(block.vectors, found.vectors)


def test_a_fasttext_model_without_runs_has_its_rows(tmp_path):
    path = written(tmp_path, fasttext(["a", "b"], MATRIX_OF_MODEL[:2], runs=(0, 0), buckets=0))
    np.testing.assert_array_equal(read_word_vectors(path, ["b"]).row("b"), MATRIX_OF_MODEL[1])


MODEL = fasttext(["a", "b"], MATRIX_OF_MODEL[:52])
BROKEN = {
    "quantised": (fasttext(["a"], MATRIX_OF_MODEL[:51], quantised=True), "take its .bin"),
    "old": (fasttext(["a"], MATRIX_OF_MODEL[:51], version=10), "of version 10"),
    "packed": (gzip.compress(MODEL), "unpack it first"),
    "cut in the head": (MODEL[:50], "within the head"),
    "cut in the words": (MODEL[: HEAD.size + 5], "within word 1 of 2"),
    "cut before the vectors": (MODEL[: HEAD.size + 24], "before the vectors"),
    "cut in the vectors": (MODEL[:-1], "within the vectors"),
    "too few rows": (fasttext(["a", "b"], MATRIX_OF_MODEL[:51]), "a matrix of 51 rows"),
    "not finite": (fasttext(["a"], MATRIX_OF_MODEL[:51] * np.inf), r"word 1 \('a'\).*not finite"),
}


@pytest.mark.parametrize(("content", "told"), BROKEN.values(), ids=BROKEN)
def test_a_fasttext_model_that_cannot_be_read_is_one_sentence(content, told, tmp_path):
    with pytest.raises(WordVectorsError, match=told):
        read_word_vectors(written(tmp_path, content), ["b", "c"])


MAKE = """
import sys
import numpy as np
generator = np.random.default_rng(int(sys.argv[2]))
rows = [" ".join(f"{x:.5f}" for x in row) for row in generator.normal(size=(1000, 180))]
with open(sys.argv[1], "w") as file:
    file.write("1000000 180\\n")
    for start in range(0, 1_000_000, 1000):
        file.write("".join(f"word{start + n} {row}\\n" for n, row in enumerate(rows)))
"""
READ = """
import resource, sys
from textkaizen.files.word_vectors import read_word_vectors
words = [f"word{number}" for number in range(0, 1_000_000, 200)] + ["never"]
found = read_word_vectors(sys.argv[1], words)
print(len(found.words), found.dimensions, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_million_words_cost_no_more_memory_than_those_that_are_wanted(tmp_path):
    path = tmp_path / "million.vec"
    subprocess.run([sys.executable, "-c", MAKE, str(path), "3"], check=True)
    assert path.stat().st_size > 1.5e9
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    path.unlink()
    words, dimensions, kilobytes = map(int, done.stdout.split())
    assert (words, dimensions) == (5000, 180)
    assert kilobytes < 500_000  # what was promised; the vectors themselves are 4 MB
