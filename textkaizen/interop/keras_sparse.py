"""The first Dense layer of a Keras model reads sparse rows: a batch is never made dense.

While a program is traced, the layer's product of inputs and kernel is replaced by a sum over the
non-zeros (`nets.mlp.bag_sums`, the same as in our own networks; its gradient is a scatter-add into
the kernel). Everything else stays Keras' own: bias, activation, regularisers, constraints, LoRA.
The dense input that Keras is shown exists in the traced program only; it is full of NaN, so that
a read of it could not go unnoticed, and the compiler drops it because nothing reads it.

Rejected: Keras' sparse inputs (`jax.experimental.sparse.BCOO`: a model built without
`Input(sparse=True)` makes them dense); a model rebuilt behind the first layer (its variables would
stand in another order than the optimiser's).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax.numpy as jnp
from jax import Array
from scipy.sparse import csr_matrix

from textkaizen.errors import UsageError
from textkaizen.interop.keras_models import has_own_call, has_own_steps, require_keras
from textkaizen.nets.mlp import Bags, bag_sums


def sparse_reader(model: Any) -> Any | None:
    """Return the Dense layer that alone reads the model's one input; None if there is no such.

    A model whose class has its own `call`, `train_step`, `compute_loss` or the like may look at
    the input itself, so it has none; nor has one whose input is an output, too.
    """
    keras = require_keras()
    if has_own_steps(model) or has_own_call(model):
        return None
    if isinstance(model, keras.Sequential):
        layers = model.layers
        first = layers[0] if layers else None
        alone = sum(layer is first for layer in layers) == 1
    else:
        first, alone = _first_of_graph(model), True
    if first is None or not alone or type(first) is not keras.layers.Dense:
        return None
    return first if getattr(first, "quantization_mode", None) is None else None


def require_sparse_reader(model: Any) -> Any:
    """Return the layer that reads sparse rows.

    Raises:
        UsageError: the first layer is none that could.
    """
    reader = sparse_reader(model)
    if reader is None:
        kinds = [type(layer).__name__ for layer in getattr(model, "layers", [])]
        raise UsageError(
            "A sparse matrix can be read by a Sequential or functional model, without a call or "
            "step of its own, whose one input goes into a Dense layer and nowhere else; "
            f"{model.name} begins with {', '.join(kinds[:2]) or 'nothing that is known'}. Put a "
            "Dense layer first, or hand in a dense array."
        )
    return reader


def require_columns(model: Any, x: csr_matrix, where: str) -> None:
    """Require as many columns as the layer that reads them has; a program does not look.

    Args:
        model: built, with a layer that reads sparse rows.
        x: sparse rows.
        where: what they are for, for the message.

    Raises:
        UsageError: there are more or fewer.
    """
    features = require_sparse_reader(model).kernel.shape[0]
    if x.shape[1] != features:
        raise UsageError(
            f"X must have a column for each feature of the model; the first layer of {model.name} "
            f"has {features}, and X of {where} has {x.shape[1]} columns. Make every X with the "
            "same vocabulary."
        )


@contextmanager
def bags_read(reader: Any, bags: Bags, texts: int) -> Iterator[None]:
    """Let the layer read bags instead of its input, as long as a program is traced in this `with`.

    Args:
        reader: a Dense layer.
        bags: a batch, flat.
        texts: how many texts the batch has.
    """
    keras = require_keras()

    def call(inputs: Any, training: Any = None) -> Any:
        x = bag_sums(keras.ops.convert_to_tensor(reader.kernel), bags, texts)
        if reader.bias is not None:
            x = keras.ops.add(x, reader.bias)
        return x if reader.activation is None else reader.activation(x)

    reader.call = call
    try:
        yield
    finally:
        del reader.call


def unread_input(texts: int, features: int) -> Array:
    """Return what stands where the input would: NaN, [texts, features]; for traced code only."""
    return jnp.full((texts, features), jnp.nan, jnp.float32)


def _first_of_graph(model: Any) -> Any | None:
    """Return the layer that reads a functional model's only input, if it is one and used once."""
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1 or not hasattr(model, "_nodes_by_depth"):
        return None
    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    readers = [
        node.operation for node in nodes if any(one is inputs[0] for one in node.input_tensors)
    ]
    is_output = any(one is inputs[0] for one in model.outputs)
    if len(readers) != 1 or is_output:
        return None
    uses = sum(node.operation is readers[0] for node in nodes)
    return readers[0] if uses == 1 else None
