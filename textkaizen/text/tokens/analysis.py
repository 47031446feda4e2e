"""What an analyser says of a text, and how texts reach it.

An analysis is a text itself: a line for each token with its surface, base form, reading and part of
speech, parted by tabs. The base form is left out where it is the surface, and what is not known is
empty. IPADIC's features come as they stand, behind the surface. So filters and forms are read from
one analysis, and a store need hold nothing else.

Analysers get text they can read: UTF-8 cannot hold lone surrogates (U+FFFD stands for each), MeCab
stops at NUL (a blank stands for it), and a long text goes in stretches: MeCab crashes on 200,000
letters in one piece, Sudachi refuses 49,150 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from textkaizen.errors import MissingExtraError

STRETCH = 1000  # characters an analyser is given at once: MeCab's time grows with their square
LONE = re.compile("[\ud800-\udfff]")
SENTENCE_END = re.compile(r"[。！？.!?]\s*|\s")

Batch = Callable[[Sequence[str]], Iterable[str]]  # stretches -> an analysis of each


@dataclass(frozen=True, eq=False)
class Analyser:
    """Something that cuts text into tokens.

    Args:
        name: of `recipe.text.TOKENS`.
        program: the package that runs and its version, "fugashi 1.5.2".
        dictionary: the package that says which words there are, and its version.
        make: returns what analyses stretches; called once, when the first text comes.
        apart: whether it keeps Python's lock while it works, and long enough that other processes
            are worth it.
        lemmas: whether its base forms of Japanese words are UniDic's lemmas.
        stored: whether its analyses take so long that keeping them is worth it.
    """

    name: str
    program: str
    dictionary: str
    make: Callable[[], Batch]
    apart: bool = False
    lemmas: bool = False
    stored: bool = True

    @property
    def identity(self) -> str:
        """What analyses depend on."""
        return f"{self.name}: {self.program}, {self.dictionary}"


def installed(name: str, packages: Sequence[str], extra: str) -> list[str]:
    """Return packages with their versions.

    Args:
        name: of the tokens they are needed for.
        packages: of the package index.
        extra: of textkaizen, which brings them.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    try:
        return [f"{package} {version(package)}" for package in packages]
    except PackageNotFoundError as missing:
        raise MissingExtraError(
            f"Cutting texts into words by {name} needs {missing.name}, which is not installed. "
            f'Install it with: pip install "textkaizen[{extra}]"'
        ) from None


def fields(line: str) -> tuple[str, str, str, str]:
    """Return surface, base form, reading and part of speech of a line; "" for what is not known.

    Example:
        >>> fields("行き\\t動詞,自立,*,*,五段・カ行促音便,連用形,行く,イキ,イキ")
        ('行き', '行く', 'イキ', '動詞-自立')
        >>> fields("ok")
        ('ok', '', '', '')
    """
    found = line.split("\t")
    if len(found) == 2:
        features = [*found[1].split(","), *[""] * 8]
        base = "" if features[6] == "*" else features[6]
        return found[0], base, features[7], f"{features[0]}-{features[1]}"
    surface, base, reading, part = (*found, "", "", "")[:4]
    return surface, base, reading, part


def readable(text: str) -> str:
    """Return a text as analysers can read it: no lone surrogates, no NUL, single blanks.

    Example:
        >>> readable("a\\0 b\\n")
        'a b'
    """
    text = " ".join(text.replace("\0", " ").split())
    return text if text.isascii() else LONE.sub("\ufffd", text)


def stretches(text: str) -> list[str]:
    """Cut a text into pieces of at most STRETCH characters, after the end of a sentence if it can.

    Example:
        >>> [len(piece) for piece in stretches("a" * 300 + ". " + "b" * 1500)]
        [302, 1000, 500]
    """
    found, start = [], 0
    while len(text) - start > STRETCH:
        window = text[start : start + STRETCH]
        end = max((match.end() for match in SENTENCE_END.finditer(window)), default=STRETCH)
        found.append(window[:end])
        start += end
    return [*found, text[start:]]


def by_stretches(texts: Sequence[str], batch: Batch) -> list[str]:
    """Analyse readable texts of any length."""
    if all(len(text) <= STRETCH for text in texts):
        return list(batch(texts))
    cut = [stretches(text) for text in texts]
    pieces = iter(list(batch([piece for own in cut for piece in own])))
    return ["\n".join(filter(None, [next(pieces) for _ in own])) for own in cut]
