"""Japanese: MeCab by fugashi with UniDic-lite or IPADIC, and Sudachi in its three split modes.

MeCab writes the fields of each token itself, which is faster than asking for them one by one; of
IPADIC, which has few, it writes all, which is faster than choosing. Base
forms are UniDic's lemmas without what tells homonyms apart ("私-代名詞"), IPADIC's and Sudachi's
dictionary forms; readings are in katakana as written. The dictionary of Sudachi is "core": its
modes differ in every third text, those of "small" in every twentieth.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from textkaizen.text.tokens.analysis import Analyser, Batch, installed

# How MeCab writes a token: UniDic's lemma and kana, IPADIC's features as they are.
KNOWN = {
    "unidic_lite": "%m\\t%f[7]\\t%f[17]\\t%f[0]-%f[1]\\n",
    "ipadic": "%m\\t%H\\n",
}
UNKNOWN = {"unidic_lite": "%m\\t\\t\\t%f[0]-%f[1]\\n", "ipadic": "%m\\t%H\\n"}
MODES = {"sudachi_a": "A", "sudachi_b": "B", "sudachi_c": "C"}


def fugashi() -> Analyser:
    """MeCab with UniDic-lite: short units, lemmas that unite spellings."""
    program, dictionary = installed("fugashi", ["fugashi", "unidic-lite"], "ja")
    make = lambda: _mecab("unidic_lite")
    return Analyser("fugashi", program, dictionary, make, apart=True, lemmas=True)


def ipadic() -> Analyser:
    """MeCab with IPADIC: longer units, words as they stand in a dictionary."""
    program, dictionary = installed("ipadic", ["fugashi", "ipadic"], "ja")
    return Analyser("ipadic", program, dictionary, lambda: _mecab("ipadic"), apart=True)


def sudachi(name: str) -> Analyser:
    """Sudachi with its core dictionary; modes A to C cut into ever longer units."""
    program, dictionary = installed(name, ["SudachiPy", "sudachidict-core"], "ja")
    return Analyser(name, program, dictionary, lambda: _sudachi(MODES[name]), apart=True)


def _mecab(package: str) -> Batch:
    from fugashi import GenericTagger

    folder = import_module(package).DICDIR
    options = [
        *("-d", folder, "-r", "/dev/null" if folder.startswith("/") else "nul"),
        "--output-format-type=",  # that of the dictionary would go before ours
        f"--node-format={KNOWN[package]}",
        f"--unk-format={UNKNOWN[package]}",
        "--eos-format=",
    ]
    parse: Callable[[str], str] = GenericTagger(shlex.join(options)).parse

    def batch(texts: Sequence[str]) -> list[str]:
        return [parse(text).rstrip("\n") if text else "" for text in texts]

    return batch


def _sudachi(mode: str) -> Batch:
    import sudachipy

    made = sudachipy.Dictionary(dict="core").tokenizer(
        mode=getattr(sudachipy.SplitMode, mode),
        # Others are not looked up. Sudachi joins figures ("2,400") by their normalised form.
        fields={"pos", "dictionary_form", "reading_form", "normalized_form"},
    )
    tokenize = made.tokenize
    parts: dict[int, str] = {}

    def line(token: Any) -> str:
        number = token.part_of_speech_id()
        if number not in parts:
            parts[number] = "-".join(token.part_of_speech()[:2])
        surface, base = token.surface(), token.dictionary_form()
        base = "" if base == surface else base
        return f"{surface}\t{base}\t{token.reading_form()}\t{parts[number]}"

    def batch(texts: Sequence[str]) -> list[str]:
        return ["\n".join(map(line, tokenize(text))) for text in texts]

    return batch


def lemma(base: str) -> str:
    """Return a lemma of UniDic without what tells homonyms and loans apart.

    Example:
        >>> lemma("私-代名詞"), lemma("ウイスキー-whisky"), lemma("-")
        ('私', 'ウイスキー', '-')
    """
    head, _, _ = base.partition("-")
    return head or base
