"""What programs are measured on: requests to a voice assistant, or drawn texts of any size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.facts import dataset
from textkaizen.data import Corpus, canonical, hold_out
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import TextRules
from textkaizen.text.count import count
from textkaizen.text.vectorise import bags, learn

TEXTS = 917
TEST_TEXTS, CLASSES, WORDS = 2000, 10, 24
TELLING = 0.3  # share of a drawn text's words that tell its class
RULES = {
    "words and word pairs": TextRules(words=(1, 2), characters=(0, 0), min_texts=1),
    "words and characters (the default)": TextRules(),
}


@dataclass(frozen=True)
class Task:
    """What is to be learnt: bags and labels, hidden units, epochs, batch size."""

    bags: csr_matrix
    labels: np.ndarray
    test_bags: csr_matrix
    test_labels: np.ndarray
    classes: int
    units: int = 32
    epochs: int = 100
    batch_size: int = 32

    def save(self, path: Path) -> Path:
        """Write it as benchmarks/peer_processes/exchange.py reads it."""
        arrays: dict[str, np.ndarray] = {}
        for name in ("bags", "test_bags"):
            matrix = getattr(self, name)
            for part in ("data", "indices", "indptr"):
                arrays[f"{name}_{part}"] = getattr(matrix, part)
            arrays[f"{name}_shape"] = np.array(matrix.shape)
        for name in ("labels", "test_labels", "classes", "units", "epochs", "batch_size"):
            arrays[name] = np.asarray(getattr(self, name))
        np.savez(path, allow_pickle=False, **arrays)
        return path

    def about(self) -> dict[str, float]:
        """Return its sizes."""
        return {
            "texts": self.bags.shape[0],
            "features": self.bags.shape[1],
            "classes": self.classes,
            "non_zeros_a_text": round(self.bags.nnz / self.bags.shape[0], 1),
            "test_texts": len(self.test_labels),
        }


def request_texts() -> tuple[Corpus, Corpus]:
    """The requests of `requests`, drawn stratified, and all test texts of their intents."""
    columns = Columns("text", "label", None)
    train = canonical(load_corpus(dataset("massive_en"), columns))
    test = canonical(load_corpus(dataset("massive_en", "test"), columns))
    drawn = hold_out(train.labels, np.arange(len(train)), TEXTS / len(train), seed=0)
    train = train.take(np.flatnonzero(drawn))
    return train, test.take(np.flatnonzero(np.isin(test.labels, train.classes)))


def requests(rules: TextRules, most_features: int = 0) -> Task:
    """917 requests to a voice assistant, 60 intents, drawn stratified from MASSIVE (English).

    Args:
        rules: how texts become features.
        most_features: keep only so many, the most frequent; 0 keeps all.
    """
    train, test = request_texts()
    both = Corpus(train.texts + test.texts, train.labels + test.labels)
    counts, own = count(both.texts, rules), np.arange(len(train))
    vocabulary, kept = learn(counts, own)
    number = {label: position for position, label in enumerate(train.classes)}
    labels = np.array([number[label] for label in both.labels], np.int32)
    rest = np.arange(len(train), len(both))
    found = [bags(counts, rows, vocabulary, kept) for rows in (own, rest)]
    if most_features:
        texts = np.bincount(found[0].indices, minlength=found[0].shape[1])
        columns_kept = np.sort(np.argsort(-texts, kind="stable")[:most_features])
        found = [matrix[:, columns_kept] for matrix in found]
    return Task(found[0], labels[own], found[1], labels[rest], len(train.classes))


def drawn_words(
    texts: int, vocabulary: int, seed: int, classes: int = CLASSES
) -> tuple[np.ndarray, np.ndarray]:
    """Draw texts of 24 words, whose frequencies fall as one by their rank (Zipf).

    Three words in ten come from the part of the vocabulary that belongs to the text's class.

    Returns:
        Words, int32 [texts, 24], 0 the most frequent; labels, int32 [texts].
    """
    generator = np.random.default_rng([seed, texts, vocabulary])
    cumulative = np.cumsum(1 / (np.arange(vocabulary) + 2.7))  # Mandelbrot's shift
    drawn = generator.random((texts, WORDS)) * cumulative[-1]
    words = np.searchsorted(cumulative, drawn).astype(np.int32)
    labels = generator.integers(0, classes, texts).astype(np.int32)
    telling = generator.random(words.shape) < TELLING
    own = words - words % classes + labels[:, None]
    words = np.where(telling, np.minimum(own, vocabulary - 1), words)
    return words.astype(np.int32), labels


def zipf(texts: int, features: int, seed: int = 0, epochs: int = 3) -> Task:
    """Drawn texts as bags: counts, each text brought to length one."""
    words, labels = drawn_words(texts + TEST_TEXTS, features, seed)
    rows = np.repeat(np.arange(len(words)), WORDS)
    values = np.ones(words.size, np.float32)
    matrix = csr_matrix((values, (rows, words.ravel())), shape=(len(words), features))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    matrix.data /= np.repeat(lengths, np.diff(matrix.indptr)).astype(np.float32)
    parts = matrix[:texts], labels[:texts], matrix[texts:], labels[texts:]
    return Task(*parts, classes=CLASSES, epochs=epochs)


def written(words: np.ndarray) -> list[str]:
    """Write drawn words out as texts."""
    names = np.array([f"w{number}" for number in range(int(words.max()) + 1)], dtype=object)
    return [" ".join(names[row]) for row in words]
