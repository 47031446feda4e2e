"""What is trained -> the network that predicts, in NumPy; viewed, or copied to outlive it."""

from __future__ import annotations

import jax
import numpy as np

from textkaizen.nets.encoders.arrays import EMBEDDING, statistics
from textkaizen.nets.encoders.plain import Encoder
from textkaizen.nets.plain import Network
from textkaizen.recipe import Knobs
from textkaizen.train.lazy import parts
from textkaizen.train.state import Spec, State


def network_of(state: State, knobs: Knobs, spec: Spec, features: int, copy: bool) -> Network:
    """Return the network of a state.

    Args:
        state: its table up to date.
        knobs, spec: of the lane.
        features: rows of the table that there are features (or words) for.
        copy: whether it must outlive the state.
    """
    take = np.array if copy else np.asarray
    held = jax.tree.map(np.asarray, state.table)
    own = (parts(held)[0], state.layers, state.encoder[0] if state.encoder else {})
    table, layers, arrays = state.average or own
    first, encoder = np.asarray(table)[:features], None
    if spec.encoder is not None:
        named = {name: take(value) for name, value in arrays.items()}
        kept = [each for own in state.moving[len(layers) - 1 :] for each in own]
        named |= dict(zip(statistics(spec.encoder), map(take, kept), strict=True))
        encoder = Encoder(spec.encoder, {EMBEDDING: take(first), **named})
        first = np.asarray(layers[0].kernel)
    elif layers[0].kernel.size:
        first = np.concatenate([first, layers[0].kernel])
    kernels = (take(first), *(take(layer.kernel) for layer in layers[1:]))
    norms = tuple(
        np.stack([take(layer.scale), take(layer.shift), take(mean), take(variance)])
        for layer, (mean, variance) in zip(layers[:-1], state.moving, strict=False)
    )
    biases = tuple(take(layer.bias) for layer in layers)
    how = knobs.activation, knobs.batch_norm, knobs.slope
    return Network(kernels, biases, norms, *how, encoder)
