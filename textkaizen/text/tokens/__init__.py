"""Texts to words, in any language.

    tokenisers   `tokeniser`: an analyser, which forms and parts of speech, which words are left out
    identities   `require_same`: a model is used with the analyser it was trained with
    subwords     `learn_subwords`, `subword_tokeniser`: pieces of words learnt from texts
    known        the analysers by name; boundaries, japanese, asian, scripts: each
    analysis     what an analyser says of a text; parts: tags; stop_words: lists
    cutting      analysing here, or apart: in processes

An analyser's package is imported when the first text comes.
"""

from textkaizen.text.tokens.identities import require_same
from textkaizen.text.tokens.subwords import learn_subwords, subword_tokeniser
from textkaizen.text.tokens.tokenisers import Tokeniser, TokenStore, tokeniser

__all__ = [
    "TokenStore",
    "Tokeniser",
    "learn_subwords",
    "require_same",
    "subword_tokeniser",
    "tokeniser",
]
