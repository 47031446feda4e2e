"""Chinese by jieba, Korean by Kiwi, Thai by nlpo3 with the word list of PyThaiNLP.

Kiwi cuts into morphemes and works in threads of its own; its model comes as a package. nlpo3 has no
words of its own, and importing PyThaiNLP makes a folder in the user's home, so that its list is
only read.

Rejected: jieba itself (not kept since 2020, 30 times slower), PyThaiNLP's own cutter (ten times
slower), nlpo3's safe mode (it lost letters of a long text).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from textkaizen.text.tokens.analysis import Analyser, Batch, installed

THAI_WORDS = "textkaizen"  # what nlpo3 calls the list


def jieba() -> Analyser:
    """Chinese words with their parts of speech; the dictionary is within the package."""
    (program,) = installed("jieba", ["rjieba"], "zh")
    return Analyser("jieba", program, program, _jieba)


def kiwi() -> Analyser:
    """Korean morphemes; the base form of a verb is its dictionary form."""
    program, model = installed("kiwi", ["kiwipiepy", "kiwipiepy_model"], "ko")
    return Analyser("kiwi", program, model, _kiwi)


def thai() -> Analyser:
    """Thai words, the longest that the list has and that leave words on either side."""
    program, words = installed("thai", ["nlpo3", "pythainlp"], "th")
    return Analyser("thai", program, words, _thai)


def _jieba() -> Batch:
    import rjieba

    def batch(texts: Sequence[str]) -> list[str]:
        return ["\n".join(f"{w}\t\t\t{tag}" for w, tag in rjieba.tag(text)) for text in texts]

    return batch


def _kiwi() -> Batch:
    from kiwipiepy import Kiwi

    tokenize = Kiwi().tokenize

    def batch(texts: Sequence[str]) -> list[str]:
        return [
            "\n".join(f"{token.form}\t{token.lemma}\t\t{token.tag}" for token in tokens)
            for tokens in tokenize(list(texts))
        ]

    return batch


def _thai() -> Batch:
    import nlpo3

    found = find_spec("pythainlp")
    assert found
    assert found.submodule_search_locations
    words = Path(found.submodule_search_locations[0]) / "corpus" / "words_th.txt"
    nlpo3.load_dict(str(words), THAI_WORDS)

    def batch(texts: Sequence[str]) -> list[str]:
        return ["\n".join(nlpo3.segment(text, THAI_WORDS)) if text else "" for text in texts]

    return batch
