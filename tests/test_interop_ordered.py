"""Networks that read in order become Keras models that predict the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ordered_models import TEXTS, drawn

from textkaizen.errors import UsageError
from textkaizen.interop.keras_layers import to_keras
from textkaizen.interop.keras_ordered import word_numbers


@pytest.mark.parametrize(
    "shape",
    [
        {"encoder": "embedding", "pooling": "mean"},
        {"encoder": "embedding", "pooling": "last"},
        {"encoder": "embedding", "pooling": "attention"},
        {"encoder": "cnn", "encoder_norm": True, "encoder_layers": 2, "windows": (2, 3)},
        {"encoder": "cnn", "dilation": 2, "pooling": "mean"},
        {"encoder": "lstm", "encoder_layers": 2},
        {"encoder": "lstm", "pooling": "last"},
        {"encoder": "gru", "pooling": "max", "directions": 1},
        {"encoder": "gru", "pooling": "last"},
    ],
    ids=lambda shape: "-".join(map(str, shape.values())),
)
def test_the_keras_model_predicts_the_same(shape: dict) -> None:
    model = drawn(**shape)
    theirs = np.asarray(to_keras(model)(word_numbers(model, TEXTS)))
    np.testing.assert_allclose(theirs, model.probabilities(TEXTS), atol=1e-5)


def test_a_transformer_is_refused_with_a_reason() -> None:
    model = drawn(encoder="transformer", embedding=4, heads=2)
    network = model.network
    assert network is not None
    with pytest.raises(UsageError, match="none is equal to this transformer"):
        to_keras(replace(model, network=network))
