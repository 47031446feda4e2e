"""Word vectors of a file as the first embeddings of a network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from textkaizen.data.word_vectors import WordVectors
from textkaizen.errors import RecipeError
from textkaizen.recipe import LEARNT_TOKENS, Recipe
from textkaizen.text.vectorise import Vocabulary


def with_dimensions(recipe: Recipe, vectors: WordVectors | None) -> Recipe:
    """Return a recipe whose embeddings are as long as the vectors it begins with.

    Raises:
        RecipeError: it begins with vectors, and there are none.
    """
    if recipe.shape.word_vectors == "none":
        return recipe
    if vectors is None:
        raise RecipeError(
            f"A recipe that begins with word vectors (shape.word_vectors: "
            f"{recipe.shape.word_vectors}) needs a file of them; found none. Name one by "
            "--word-vectors, which train, study and improve take, or say none."
        )
    return recipe.with_shape(embedding=vectors.dimensions)


def first_rows(vocabulary: Vocabulary, vectors: WordVectors | None) -> np.ndarray | None:
    """Return what embeddings begin with, float32 [words and the unknown one, dimensions].

    NaN where a word has no vector; None where there are no vectors, or words are not read in order.
    """
    if vectors is None or vocabulary.rules.order != "words":
        return None
    found = np.full((len(vocabulary), vectors.dimensions), np.nan, np.float32)
    for place, word in enumerate(vocabulary.terms):
        row = vectors.row(word)
        if row is not None:
            found[place] = row
    return found


def words_of(texts: tuple[str, ...], recipes: Iterable[Recipe]) -> set[str]:
    """Return all words of texts, as networks of these recipes would read them in order.

    Raises:
        MissingExtraError: a recipe names a tokeniser whose package is not installed.
    """
    from textkaizen.text.streams import Streams, streams

    found: set[str] = set()
    rules = [recipe.as_bag().text for recipe in recipes]
    for each in {(one.writing, one.tokenising): one for one in rules}.values():
        own = Streams(each, None) if each.tokens in LEARNT_TOKENS else streams(each)
        found.update(word for text in texts for word in own.words(own.write(text)))
    return found
