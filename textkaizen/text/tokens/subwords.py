"""Pieces of words learnt from texts: byte pairs merged (BPE), or a unigram model.

`tokenizers` cuts, and learns byte pairs; `sentencepiece` learns unigrams, in one thread, since
those that `tokenizers` learns differ from run to run where pieces are equally good. A trained
tokeniser is JSON: loading it executes nothing. Blanks part words before pieces are learnt, and a
piece at the beginning of a word carries "▁", so that "in" alone and "in" within a word stay apart.
What no training text had is no word.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from textkaizen.errors import ModelError
from textkaizen.recipe.text import Tokenising
from textkaizen.text.normalise import normalise
from textkaizen.text.tokens.analysis import installed, readable, stretches
from textkaizen.text.tokens.stop_words import left_out
from textkaizen.text.tokens.tokenisers import Tokeniser, settings

UNKNOWN, START = "<unk>", "▁"
LONGEST_PIECE = 16  # characters
LETTERS_SHARE = 0.5  # at most so many pieces are single characters: the most common ones


def program_of(rules: Tokenising) -> str:
    """The package that cuts, with its version.

    Raises:
        MissingExtraError: it is not installed.
    """
    return installed(rules.tokens, ["tokenizers"], "subwords")[0]


def learn_subwords(texts: Sequence[str], rules: Tokenising) -> str:
    """Learn pieces of words from written texts; the same texts in any order give the same pieces.

    Args:
        texts: any number.
        rules: "bpe" or "unigram", and how many `subwords` at most.

    Returns:
        The trained tokeniser, as the JSON of `tokenizers`.

    Raises:
        MissingExtraError: `tokenizers` or `sentencepiece` is not installed.
    """
    installed(rules.tokens, ["tokenizers", "sentencepiece"], "subwords")
    from tokenizers import Tokenizer

    whole = [piece for text in texts for piece in stretches(readable(text)) if piece]
    known = _with_common_letters(whole, int(rules.subwords * LETTERS_SHARE))
    learn = _byte_pairs if rules.tokens == "bpe" else _unigrams
    made = Tokenizer(learn(sorted(known), rules.subwords))
    made.pre_tokenizer = _words()
    return made.to_str()


def _require_plain(learnt: str, rules: Tokenising) -> None:
    """Refuse what `learn_subwords` does not write: steps that a forged file might run.

    Raises:
        ValueError: there is one.
    """
    found = json.loads(learnt)
    model = found["model"]
    steps = ("truncation", "padding", "normalizer", "post_processor", "decoder")
    strange = [name for name in steps if found.get(name) is not None]
    if strange or found["pre_tokenizer"].get("type") != "Metaspace":
        raise ValueError(f"it has steps that are not learnt: {', '.join(strange) or 'cutting'}")
    kind = {"bpe": "BPE", "unigram": "Unigram"}[rules.tokens]
    known = model.get("unk_token") == UNKNOWN if kind == "BPE" else model.get("unk_id") == 0
    if model.get("type") != kind or not known:
        raise ValueError(f"its model is not one of {kind}")


def _words() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.Metaspace(replacement=START, prepend_scheme="always")


def _byte_pairs(texts: list[str], most: int) -> Any:
    """A model of merged pairs; ties go by the pair, whatever the order or the threads."""
    from tokenizers import Tokenizer, models, trainers

    made = Tokenizer(models.BPE(unk_token=UNKNOWN))
    made.pre_tokenizer = _words()
    trainer = trainers.BpeTrainer(
        vocab_size=most,
        max_token_length=LONGEST_PIECE,
        special_tokens=[UNKNOWN],
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made.model


def _unigrams(texts: list[str], most: int) -> Any:
    """A model of pieces with their log probabilities.

    Source: Kudo 2018, Subword regularization, section 3.2.
    """
    import sentencepiece
    from tokenizers import models

    if not texts:
        return models.Unigram([(UNKNOWN, 0.0)], unk_id=0)
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=trained,
        model_type="unigram",
        vocab_size=most,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        max_sentencepiece_length=LONGEST_PIECE,
        max_sentence_length=2**20,
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    made = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    pieces = [(made.id_to_piece(i), made.get_score(i)) for i in range(made.get_piece_size())]
    return models.Unigram(pieces, unk_id=0)


def _with_common_letters(texts: list[str], most: int) -> list[str]:
    """Put blanks for all but the `most` common characters, of equal ones the first in Unicode.

    What learns pieces would choose among equals by chance, or refuse so many.
    """
    counts = Counter(char for text in texts for char in text)
    if len(counts) <= most:
        return texts
    ranked = sorted(counts, key=lambda char: (-counts[char], char))
    rare = dict.fromkeys(map(ord, ranked[most:]), " ")
    return [text.translate(rare) for text in texts]


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
        _require_plain(learnt, rules)
        made = Tokenizer.from_str(learnt)
        made.encode_batch(["a\u3042"], add_special_tokens=False)
    except Exception as broken:  # it raises nothing narrower
        raise ModelError(
            f"The model's learnt pieces of words cannot be read ({broken}): train it again"
        ) from None
    without = left_out(rules.stop_words, rules.drop_words)
    nothing = made.token_to_id(UNKNOWN)

    def words(texts: Sequence[str]) -> list[str]:
        coded = made.encode_batch(list(texts), add_special_tokens=False)
        return [
            " ".join(
                piece
                for piece, number in zip(own.tokens, own.ids, strict=True)
                if number != nothing
                and (word := piece.removeprefix(START))
                and normalise(word) not in without
            )
            for own in coded
        ]

    identity = {"program": program, "dictionary": "learnt", **settings(rules)}
    return Tokeniser(json.dumps(identity, ensure_ascii=False), words)
