"""Models that read in order with drawn weights, for the tests of several parts."""

from __future__ import annotations

import numpy as np

from textkaizen.model import Model
from textkaizen.nets.encoders.arrays import EMBEDDING, pooled_units, shapes, statistics
from textkaizen.nets.encoders.plain import Encoder
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe
from textkaizen.text.vectorise import Vocabulary

WORDS = tuple(sorted(["am", "bin", "du", "er", "es", "ist", "nicht", "sie", "wer", "wir"]))


def drawn(**shape) -> Model:
    """A model whose weights are all drawn, hidden layer and batch norm too."""
    own = {"hidden": (6,), "embedding": 5, "encoder_units": 4, **shape}
    recipe = Recipe().changed({"order": "words"}, own, {"dropout": 0.5, "batch_norm": "before"})
    generator = np.random.default_rng(0)
    draw = lambda size: generator.uniform(0.2, 1, size).astype("f") - np.float32(0.5)
    sizes = {**shapes(recipe.shape), EMBEDDING: (len(WORDS) + 1, recipe.shape.embedding)}
    arrays = {name: draw(size) for name, size in sizes.items()}
    arrays |= {name: draw(size) + 1 for name, size in statistics(recipe.shape).items()}
    pooled = pooled_units(recipe.shape)
    kernels, biases = (draw((pooled, 6)), draw((6, 3))), (draw(6), draw(3))
    network = Network(
        kernels, biases, (draw((4, 6)) + 1,), "relu", "before", 0.3, Encoder(recipe.shape, arrays)
    )
    ones, nothing = np.ones(len(WORDS) + 1, "f"), np.zeros(0, "f")
    vocabulary = Vocabulary(recipe.text, WORDS, len(WORDS), ones, nothing, "", 8)
    return Model("network", recipe, ("a", "b", "c"), vocabulary, network)


TEXTS = ["wer bin du", "es", "", "wir am ist nicht sie er du bin wer", "neu ist es"]
