"""Texts to bags: with arrays, text by text, and scikit-learn's two vectorisers side by side.

    python -m benchmarks.vectorising [--quick] [--out FOLDER]

All start from raw texts and end at the same bags with the default text rules: normalise, cut,
choose what stands in two texts or more, weigh. Programs take turns; seconds are medians of three
rounds. Whole sets and a million texts are done with arrays alone (text by text a round takes
minutes). The million are reviews of nsmc_200k, each with half its words drawn from other reviews;
they come as a stream, in a process of its own whose memory is read at the end. A quick run measures
a few texts of one set, and calls a thousand a million.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.facts import ROOT, dataset
from benchmarks.rounds import size_asked, write_result
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import TextRules
from textkaizen.text.count import count, count_plainly
from textkaizen.text.cut import WORD
from textkaizen.text.normalise import normalise
from textkaizen.text.streams import streams
from textkaizen.text.vectorise import bags, learn

ROUNDS, MILLION, SEED = 3, 1_000_000, 0
SAMPLES = {"clinc150": 15_000, "nsmc_200k": 20_000, "20ng": 1_500}
WHOLE = ("nsmc_200k", "20ng")
QUICK_SAMPLES, QUICK_MILLION = {"clinc150": 300}, 1_000


def texts_of(name: str) -> list[str]:
    """The training texts of a set."""
    return list(load_corpus(dataset(name), Columns("text", "label", None)).texts)


def drawn(name: str, size: int) -> list[str]:
    """Some of them, drawn."""
    texts = texts_of(name)
    return random.Random(SEED).sample(texts, min(size, len(texts)))


def with_arrays(texts: Sequence[str]) -> csr_matrix:
    """What a training does with many texts."""
    counts, rows = count(texts, TextRules()), np.arange(len(texts))
    return bags(counts, rows, *learn(counts, rows))


def text_by_text(texts: Sequence[str]) -> csr_matrix:
    """The same in plain Python."""
    counts, rows = count_plainly(texts, streams(TextRules())), np.arange(len(texts))
    return bags(counts, rows, *learn(counts, rows))


def scikit_learn(texts: Sequence[str]) -> csr_matrix:
    """A union of two `TfidfVectorizer`s that gives the same bags."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    shared: dict[str, Any] = {"lowercase": False, "preprocessor": normalise, "min_df": 2}
    shared |= {"sublinear_tf": True, "dtype": np.float32}
    words = TfidfVectorizer(
        tokenizer=WORD.findall, token_pattern=None, ngram_range=(1, 2), **shared
    )
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), **shared)
    return FeatureUnion([("words", words), ("characters", characters)]).fit_transform(texts)


PROGRAMS: dict[str, Callable[[Sequence[str]], csr_matrix]] = {
    "textkaizen, arrays": with_arrays,
    "textkaizen, text by text": text_by_text,
    "scikit-learn, two TfidfVectorizer": scikit_learn,
}


def measure(texts: list[str], names: Sequence[str]) -> dict[str, Any]:
    """Time programs, taking turns; they must agree."""
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        made = {}
        for name in names:
            begun = time.perf_counter()
            made[name] = PROGRAMS[name](texts)
            times[name].append(time.perf_counter() - begun)
        first = made[names[0]]
        for other in made.values():
            # Ours are one to the last bit; scikit-learn sums lengths in float32.
            if other.nnz != first.nnz or abs(other - first).max() > 1e-5:
                raise SystemExit("The programs do not give the same bags: times mean nothing.")
    seconds = {name: statistics.median(own) for name, own in times.items()}
    return {
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "features": first.shape[1],
        "non_zeros": first.nnz,
        "seconds": {name: {"median": seconds[name], "all": times[name]} for name in names},
        "texts_a_second": {name: round(len(texts) / own) for name, own in seconds.items()},
        "times_faster": {
            name: statistics.median(np.divide(own, times[names[0]]).tolist())
            for name, own in times.items()
            if name != names[0]
        },
    }


def perturbed(texts: list[str], size: int) -> Iterator[str]:
    """Yield texts, half of the words of each exchanged for words of others."""
    draw = random.Random(SEED)
    words = [word for text in texts for word in text.split()]
    for number in range(size):
        own = texts[number % len(texts)].split()
        yield " ".join(word if draw.random() < 0.5 else draw.choice(words) for word in own)


def million(size: int) -> dict[str, Any]:
    """Count so many texts and make their bags; read this process's memory."""
    texts = texts_of("nsmc_200k")
    before = _most_bytes()
    begun = time.perf_counter()
    made = sum(map(len, perturbed(texts, size)))
    making = time.perf_counter() - begun
    begun = time.perf_counter()
    counts = count(perturbed(texts, size), TextRules())
    counted, after_count = time.perf_counter() - begun, _most_bytes()
    rows = np.arange(size)
    vocabulary, columns = learn(counts, rows)
    found = bags(counts, rows, vocabulary, columns)
    return {
        "texts": size,
        "characters": made,
        "seconds": time.perf_counter() - begun - making,
        "of_these_counting": counted - making,
        "making_the_texts_seconds": making,
        "terms": counts.matrix.shape[1],
        "features": found.shape[1],
        "non_zeros_counted": counts.matrix.nnz,
        "non_zeros": found.nnz,
        "bytes_before": before,
        "bytes_at_most_counting": after_count,
        "bytes_at_most": _most_bytes(),
        "bytes_a_non_zero_counting": (after_count - before) / counts.matrix.nnz,
        "bytes_a_non_zero": (_most_bytes() - before) / counts.matrix.nnz,
    }


def _most_bytes() -> int:
    """The most memory this process has had, as Linux counts it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    samples, many = (QUICK_SAMPLES, QUICK_MILLION) if size.quick else (SAMPLES, MILLION)
    own = [sys.executable, "-m", "benchmarks.vectorising", "million", str(many)]
    done = subprocess.run(own, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = {"million": json.loads(done.stdout)}
    whole = () if size.quick else WHOLE
    found["whole"] = {name: measure(texts_of(name), ["textkaizen, arrays"]) for name in whole}
    found["sets"] = {
        name: measure(drawn(name, count), list(PROGRAMS)) for name, count in samples.items()
    }
    write_result(size, "vectorising", found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["million"]:
        print(json.dumps(million(int(sys.argv[2]))))
    else:
        main()
