"""Tokenisers: an analyser with what a recipe asks of its words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from unicodedata import normalize

from textkaizen.recipe.text import TextRules, Tokenising
from textkaizen.text.normalise import normalise
from textkaizen.text.tokens.analysis import Analyser, fields, readable
from textkaizen.text.tokens.cutting import analyse
from textkaizen.text.tokens.japanese import lemma
from textkaizen.text.tokens.known import analyser as known_analyser
from textkaizen.text.tokens.parts import is_kept
from textkaizen.text.tokens.stop_words import digest, left_out

MOST_KNOWN = 2**18  # lines of analyses whose words are remembered
NO_LANGUAGE = "none"


class TokenStore(Protocol):
    """Where analyses are kept, so that an analyser need not run again."""

    def get(self, identity: str, texts: Sequence[str]) -> list[str | None]:
        """Return the analysis of each text; None for those that are not there.

        Args:
            identity: of the analyser, `Analyser.identity`.
            texts: readable ones, `analysis.readable`.
        """

    def put(self, identity: str, texts: Sequence[str], analyses: Sequence[str]) -> None:
        """Keep analyses; one that cannot be kept is no error."""


@dataclass(frozen=True, eq=False)
class Tokeniser:
    """What cuts written texts into words.

    Args:
        identity: what its words depend on, as JSON: stored in a model, compared by `require_same`.
        words: cuts readable texts.
    """

    identity: str
    words: Callable[[Sequence[str]], list[str]]

    def tokenise(self, texts: Iterable[str]) -> list[str]:
        """Return the words of each written text, joined by single blanks; "" if it has none.

        The same text always has the same words, whatever else is asked with it.
        """
        return self.words([readable(text) for text in texts])


class _Words(dict[str, str]):
    """What a line of an analysis comes to, remembered: a word, or "" if it is left out."""

    def __init__(self, rules: Tokenising, lemmas: bool) -> None:
        super().__init__()
        self.lemmas = lemmas
        self.form, self.parts = rules.form, rules.parts
        self.left_out = left_out(rules.stop_words, rules.drop_words)

    def __missing__(self, line: str) -> str:
        surface, base, reading, part = fields(line)
        word = ""
        if is_kept(part, self.parts):
            form = {"base": base, "reading": reading}.get(self.form) or surface
            if self.form == "base" and base:
                form = normalize("NFKC", base)
                form = lemma(form) if self.lemmas and not part.isascii() else form
            words = form.split()
            word = " ".join(one for one in words if normalise(one) not in self.left_out)
        if len(self) >= MOST_KNOWN:
            self.clear()
        self[line] = word
        return word

    def of(self, analysis: str) -> str:
        """The words of an analysis."""
        return " ".join(filter(None, map(self.__getitem__, analysis.split("\n"))))


def tokeniser(rules: Tokenising, store: TokenStore | None = None) -> Tokeniser | None:
    """Return what cuts texts as rules say; None for runs of letters of which all are kept.

    Args:
        rules: of a recipe; "bpe" and "unigram" are learnt (`subwords.learn_subwords`).
        store: where analyses are kept; None analyses anew.

    Raises:
        MissingExtraError: the analyser is not installed.
        RecipeError: there is no list of stop words for the language.
    """
    if rules.tokens == "words" and rules.stop_words == NO_LANGUAGE and not rules.drop_words:
        return None
    analyser = known_analyser(rules.tokens)
    words = _Words(rules, analyser.lemmas)

    def cut(texts: Sequence[str]) -> list[str]:
        return [words.of(analysis) for analysis in _analyses(analyser, texts, store)]

    identity = {"program": analyser.program, "dictionary": analyser.dictionary, **settings(rules)}
    return Tokeniser(json.dumps(identity, ensure_ascii=False), cut)


def settings(rules: Tokenising) -> dict[str, object]:
    """What words depend on besides the analyser: rules, and the list of stop words by its hash."""
    plain = TextRules().tokenising._asdict()
    changed = {name: value for name, value in rules._asdict().items() if value != plain[name]}
    if rules.stop_words != NO_LANGUAGE:
        changed["stop_words"] = f"{rules.stop_words} {digest(rules.stop_words)}"
    return {"tokens": rules.tokens, **changed}


def _analyses(analyser: Analyser, texts: Sequence[str], store: TokenStore | None) -> list[str]:
    """The analyses of readable texts, those that are kept from the store."""
    if store is None or not analyser.stored:
        return analyse(analyser, texts)
    found = store.get(analyser.identity, texts)
    missing = list(dict.fromkeys(t for t, own in zip(texts, found, strict=True) if own is None))
    made = analyse(analyser, missing)
    if missing:
        store.put(analyser.identity, missing, made)
    new = dict(zip(missing, made, strict=True))
    return [new[t] if own is None else own for t, own in zip(texts, found, strict=True)]
