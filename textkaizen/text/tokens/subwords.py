"""Pieces of words learnt from texts by `tokenizers`: byte pairs merged, or a unigram model.

A trained tokeniser is JSON: loading it executes nothing. Blanks part words before pieces are
learnt, and a piece at the beginning of a word carries "▁", so that "in" alone and "in" within a
word stay apart. What no training text had is no word.

Training counts in one thread: with several, pieces of equal counts come in any order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from textkaizen.errors import ModelError
from textkaizen.recipe.text import Tokenising
from textkaizen.text.normalise import normalise
from textkaizen.text.tokens.analysis import installed, readable
from textkaizen.text.tokens.stop_words import left_out
from textkaizen.text.tokens.tokenisers import Tokeniser, settings

PARALLEL = "TOKENIZERS_PARALLELISM"
UNKNOWN = "<unk>"
LONGEST_PIECE = 16  # characters
_TRAINING = Lock()


def program_of(rules: Tokenising) -> str:
    """The package that learns and cuts, with its version.

    Raises:
        MissingExtraError: it is not installed.
    """
    return installed(rules.tokens, ["tokenizers"], "subwords")[0]


def learn_subwords(texts: Sequence[str], rules: Tokenising) -> str:
    """Learn pieces of words from written texts; the same texts give the same pieces.

    Args:
        texts: at least one.
        rules: "bpe" or "unigram", and how many `subwords` at most.

    Returns:
        The trained tokeniser, as the JSON of `tokenizers`.

    Raises:
        MissingExtraError: `tokenizers` is not installed.
    """
    program_of(rules)
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    shared: dict[str, Any] = {"vocab_size": rules.subwords, "show_progress": False}
    trainer: Any
    if rules.tokens == "bpe":
        made = Tokenizer(models.BPE(unk_token=UNKNOWN))
        trainer = trainers.BpeTrainer(
            special_tokens=[UNKNOWN], max_token_length=LONGEST_PIECE, **shared
        )
    else:
        made = Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(
            special_tokens=[UNKNOWN], unk_token=UNKNOWN, max_piece_length=LONGEST_PIECE, **shared
        )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    with _in_one_thread():
        made.train_from_iterator([readable(text) for text in texts], trainer)
    return made.to_str()


def subword_tokeniser(learnt: str, rules: Tokenising) -> Tokeniser:
    """Return what cuts texts into pieces that were learnt.

    Args:
        learnt: what `learn_subwords` returned.
        rules: with which it was called.

    Raises:
        MissingExtraError: `tokenizers` is not installed.
        ModelError: `learnt` is not such a tokeniser.
    """
    program = program_of(rules)
    from tokenizers import Tokenizer

    try:
        made = Tokenizer.from_str(learnt)
    except Exception as broken:  # it raises nothing narrower
        raise ModelError(
            f"The model's learnt pieces of words cannot be read ({broken}): train it again"
        ) from None
    without = left_out(rules.stop_words, rules.drop_words)

    def words(texts: Sequence[str]) -> list[str]:
        return [
            " ".join(
                piece
                for piece in coded.tokens
                if piece != UNKNOWN and normalise(piece.lstrip("▁")) not in without
            )
            for coded in made.encode_batch(list(texts), add_special_tokens=False)
        ]

    identity = {"program": program, "dictionary": "learnt", **settings(rules)}
    return Tokeniser(json.dumps(identity, ensure_ascii=False), words)


@contextmanager
def _in_one_thread() -> Iterator[None]:
    """Let `tokenizers` count in one thread."""
    with _TRAINING:
        before = os.environ.get(PARALLEL)
        os.environ[PARALLEL] = "false"
        try:
            yield
        finally:
            if before is None:
                del os.environ[PARALLEL]
            else:
                os.environ[PARALLEL] = before
