"""Improvements that read words in their order, and what such networks alone can have."""

from __future__ import annotations

from typing import Any

from textkaizen.errors import RecipeError
from textkaizen.recipe import Recipe
from textkaizen.study.catalogue.entry import Change, Improvement

RECURRENT = ("lstm", "gru")


def encoder(order: str = "words", knobs: dict[str, Any] | None = None, **shape: Any) -> Change:
    """Return the change to a network that reads in order, its classes right behind the encoder.

    Args:
        order: "words" or "characters".
        knobs: that its authors train it with.
        shape: of the encoder.
    """

    def change(recipe: Recipe) -> Recipe:
        off = {"handmade": (), "select": "none", "reduce": "none", "hashed": 0, "vectors": "none"}
        words = {"words": (1, 1)} if recipe.text.words == (0, 0) and order == "words" else {}
        bare = recipe.as_bag().with_shape(hidden=())
        with_knobs = {"recurrent_dropout": 0.0, "pooled_dropout": 0.5, **(knobs or {})}
        return bare.changed({**off, **words, "order": order}, shape, with_knobs)

    return change


def reading(
    shape: dict[str, Any] | None = None, only: tuple[str, ...] = (), **knobs: float
) -> Change:
    """Return a change of a network that reads in order; nothing of a bag.

    Args:
        shape: changes of it.
        only: encoders that it makes sense for; () is all.
        knobs: changes of them.
    """

    def change(recipe: Recipe) -> Recipe:
        own = recipe.shape.encoder
        if own == "bag" or (only and own not in only):
            return recipe
        if "embedding" in (shape or {}) and recipe.shape.word_vectors != "none":
            return recipe  # the file decides
        try:
            return recipe.changed({}, shape or {}, knobs)
        except RecipeError:
            return recipe

    return change


def beginning(word_vectors: str) -> Change:
    """Return the change to embeddings that begin with vectors of a file; a bag becomes their mean.

    Args:
        word_vectors: "tuned" or "frozen".
    """

    def change(recipe: Recipe) -> Recipe:
        if recipe.text.order == "characters" or recipe.shape.encoder == "transformer":
            return recipe  # vectors' numbers need not part among heads
        if not recipe.shape.reads_in_order:
            return encoder(encoder="embedding", pooling="mean", word_vectors=word_vectors)(recipe)
        return recipe.with_shape(word_vectors=word_vectors)

    return change


def _made(name: str, change: Change, claim: str, source: str) -> Improvement:
    return Improvement(name, "network", change, claim, source)


_KIM = "Kim 2014, Convolutional neural networks for sentence classification, section 3.1"
_GAL = "Gal & Ghahramani 2016, A theoretically grounded application of dropout, section 4"

ENCODERS = (
    _made(
        "embeddings, mean",
        encoder(encoder="embedding", pooling="mean", embedding=128),
        "Words as learnt vectors, averaged: words of like meaning help each other.",
        "Joulin et al. 2017, Bag of tricks for efficient text classification, section 2",
    ),
    _made(
        "CNN",
        encoder(encoder="cnn", embedding=128, encoder_units=100, windows=(2, 3, 4)),
        "Filters that look for short runs of words, wherever they stand.",
        _KIM,
    ),
    _made(
        "attention pooling",
        encoder(encoder="embedding", pooling="attention", embedding=128),
        "A mean of word vectors whose weights are learnt: some words matter more.",
        "Yang et al. 2016, Hierarchical attention networks, section 2.2",
    ),
    _made(
        "LSTM, both ways",
        encoder(encoder="lstm", embedding=128, encoder_units=64, pooling="max"),
        "A memory that reads word after word, from both ends.",
        "Conneau et al. 2017, Supervised learning of universal sentence representations, sec. 3.2",
    ),
    _made(
        "GRU, both ways",
        encoder(encoder="gru", embedding=128, encoder_units=64, pooling="max"),
        "The LSTM's simpler sibling: fewer gates, often as good.",
        "Chung et al. 2014, Empirical evaluation of gated recurrent neural networks, section 5",
    ),
    _made(
        "CNN over characters",
        encoder("characters", encoder="cnn", embedding=64, encoder_units=100, windows=(3, 4, 5)),
        "Filters over characters need no words: for writing without blanks, and for typing errors.",
        "Zhang et al. 2015, Character-level convolutional networks, section 2",
    ),
    _made(
        "transformer",
        encoder(encoder="transformer", embedding=64, pooling="mean", knobs={"warmup": 0.1}),
        "Every word looks at every other one; small and untrained, a yardstick.",
        "Vaswani et al. 2017, Attention is all you need, section 3",
    ),
)

VECTORS = (
    _made(
        "word vectors, tuned",
        beginning("tuned"),
        "Word vectors learnt from far more texts (--word-vectors), trained on with the network.",
        "Kim 2014, Convolutional neural networks for sentence classification, section 3.1",
    ),
    _made(
        "word vectors, frozen",
        beginning("frozen"),
        "The same, kept as they are: few texts cannot spoil them.",
        "Kim 2014, Convolutional neural networks for sentence classification, section 3.1",
    ),
)

READING = (
    _made(
        "embedding dropout 0.2",
        reading(embedding_dropout=0.2),
        "A fifth of an embedding's numbers missing, the same for all words of a text.",
        "Tompson et al. 2015, Efficient object localization using convolutional networks, sec. 3.2",
    ),
    _made(
        "recurrent dropout 0.2",
        reading(only=RECURRENT, recurrent_dropout=0.2),
        "A fifth of the memory missing, the same at all words of a text.",
        _GAL,
    ),
    _made(
        "no pooled dropout",
        reading(pooled_dropout=0.0),
        "Half of what an encoder hands on is dropped by default; small ones may need all of it.",
        _KIM,
    ),
    _made(
        "batch norm of convolutions",
        reading({"encoder_norm": True}, ("cnn",)),
        "What filters answer is normalised over all words of a batch before its activation.",
        "Ioffe & Szegedy 2015, Batch normalization, section 3.2",
    ),
    _made(
        "wider windows",
        reading({"windows": (3, 4, 5)}, ("cnn",)),
        "Filters that see one word more, the widths of the paper.",
        _KIM,
    ),
    _made(
        "dilated windows",
        reading({"dilation": 2}, ("cnn",)),
        "Filters that see every other word reach further with as many weights.",
        "Yu & Koltun 2016, Multi-scale context aggregation by dilated convolutions, section 2",
    ),
    _made(
        "twice the filters",
        reading({"encoder_units": 200}, ("cnn", "lstm", "gru")),
        "More filters, or a larger memory, for finer distinctions.",
        _KIM,
    ),
    _made(
        "embedding 256",
        reading({"embedding": 256}),
        "Longer word vectors hold finer differences.",
        "Mikolov et al. 2013, Efficient estimation of word representations, section 4.2",
    ),
    _made(
        "two layers",
        reading({"encoder_layers": 2}, ("cnn", "lstm", "gru", "transformer")),
        "A second layer reads what the first has made of each word.",
        "Graves et al. 2013, Speech recognition with deep recurrent neural networks, section 2",
    ),
    _made(
        "one way",
        reading({"directions": 1}, RECURRENT),
        "Forwards only: half the work.",
        "Schuster & Paliwal 1997, Bidirectional recurrent neural networks, section 2",
    ),
    _made(
        "mean instead of max",
        reading({"pooling": "mean"}),
        "All words count alike, not only where a filter or a unit is largest.",
        "Conneau et al. 2017, Supervised learning of universal sentence representations, sec. 3.2",
    ),
    _made(
        "attention instead of max",
        reading({"pooling": "attention"}),
        "How much each word counts is learnt.",
        "Yang et al. 2016, Hierarchical attention networks, section 2.2",
    ),
)
