"""100,000 short Japanese texts to words, beside the analyser alone.

    python -m benchmarks.tokenising [--quick] [--out FOLDER]

The texts are made of two sentences each, of sib200_ja, jrte_pn and xsid_ja, brought to one form; no
two are equal. The peer is a bare loop over them in one thread, `tagger.parse(text)` or
`tokenizer.tokenize(text)`, which asks for nothing else. Ours give the words of each text: with
processes as a training does (which are there from the second round on), in this process alone, and
from a store that has them. Programs take turns; seconds are medians of three rounds, a ratio is the
median over rounds of what stood side by side.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.facts import dataset
from benchmarks.rounds import size_asked, write_result
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.files.tokens import FileTokens
from textkaizen.recipe import TextRules
from textkaizen.text.normalise import normalise
from textkaizen.text.tokens import Tokeniser, apart, tokeniser

ROUNDS, SEED = 3, 0
TEXTS, QUICK_TEXTS = 100_000, 300
SETS = {"sib200_ja": "train", "jrte_pn": "train", "xsid_ja": "test"}
ANALYSERS = ("fugashi", "ipadic", "sudachi_c")
BARE = "the analyser alone, one thread"
OURS = ("textkaizen", "textkaizen, one process", "textkaizen, kept on disk")


def made(size: int) -> list[str]:
    """Different texts, each of the beginning of one sentence and the end of another."""
    draw = random.Random(SEED)
    sentences = [
        normalise(text)
        for name, part in SETS.items()
        for text in load_corpus(dataset(name, part), Columns("text", "label", None)).texts
    ]
    found: dict[str, None] = {}
    while len(found) < size:
        one, other = draw.choice(sentences), draw.choice(sentences)
        found[one[: draw.randint(5, 30)] + other[-draw.randint(5, 20) :]] = None
    return list(found)


def bare(name: str) -> Callable[[str], object]:
    """What analyses one text, as its package's documentation has it."""
    if name.startswith("sudachi"):
        from sudachipy import Dictionary, SplitMode

        return Dictionary(dict="core").tokenizer(mode=SplitMode.C).tokenize
    import ipadic
    import unidic_lite
    from fugashi import GenericTagger

    folder = unidic_lite.DICDIR if name == "fugashi" else ipadic.DICDIR
    return GenericTagger(f'-r /dev/null -d "{folder}"').parse


def loop(analyse: Callable[[str], object], texts: Sequence[str]) -> None:
    """Analyse one text after another, and keep nothing."""
    for text in texts:
        analyse(text)


def alone(own: Tokeniser, texts: Sequence[str]) -> list[str]:
    """Tokenise in this process."""
    enough, apart.ENOUGH = apart.ENOUGH, 10**12
    try:
        return own.tokenise(texts)
    finally:
        apart.ENOUGH = enough


def measure(name: str, texts: list[str], folder: Path) -> dict[str, Any]:
    """Time an analyser's programs, taking turns; all of ours must agree."""
    rules, store, analyse = TextRules(tokens=name).tokenising, FileTokens(folder), bare(name)
    plain, kept = tokeniser(rules), tokeniser(rules, store)
    assert plain
    assert kept
    first = kept.tokenise(texts)
    programs: dict[str, Callable[[], Any]] = {
        BARE: lambda: loop(analyse, texts),
        OURS[0]: lambda: plain.tokenise(texts),
        OURS[1]: lambda: alone(plain, texts),
        OURS[2]: lambda: kept.tokenise(texts),
    }
    times: dict[str, list[float]] = {program: [] for program in programs}
    for _ in range(ROUNDS):
        for program, call in programs.items():
            begun = time.perf_counter()
            found = call()
            times[program].append(time.perf_counter() - begun)
            if found is not None and found != first:
                raise SystemExit(f"{program} does not give the same words: times mean nothing.")
    apart.end_all()
    pairs = {own: zip(seconds, times[BARE], strict=True) for own, seconds in times.items()}
    return {
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "words": sum(len(words.split()) for words in first),
        "bytes_on_disk": sum(path.stat().st_size for path in folder.iterdir()),
        "seconds": {
            own: {"median": statistics.median(all_), "all": all_} for own, all_ in times.items()
        },
        "times_the_analyser": {
            own: statistics.median(ours / theirs for ours, theirs in turns)
            for own, turns in pairs.items()
        },
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    texts = made(QUICK_TEXTS if size.quick else TEXTS)
    found = {}
    for name in ANALYSERS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = measure(name, texts, Path(folder))
    write_result(size, "tokenising", {"analysers": found})


if __name__ == "__main__":
    main()
