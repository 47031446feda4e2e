"""LSTM and GRU: a state that goes from word to word; gates and order of their numbers as in Keras.

What a layer needs of its inputs is one matrix product for all words; only what is read again goes
step by step. Where a text has ended the state stays as it is, so that the last one is that of its
last word; read backwards, it begins at that word.

Source: Hochreiter & Schmidhuber 1997, with forget gates of Gers et al. 2000, section 3 (LSTM); Cho
et al. 2014, section 2.3 (GRU), its reset gate after the product, as in Keras; Gal & Ghahramani
2016, A theoretically grounded application of dropout, section 4 (one mask for all words).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from textkaizen.nets.encoders.operations import Operations, over_words, sigmoid

GATES = {"lstm": 4, "gru": 3}


def lstm_cell(ops: Operations, gates, c):
    """Return a new state and cell.

    Args:
        gates: [texts, 4 * units], what input and state say to the input gate, the forget gate, the
            candidate and the output gate.
        c: the cell, [texts, units].
    """
    units = c.shape[1]
    i, f, candidate, o = (gates[:, n * units : (n + 1) * units] for n in range(4))
    c = sigmoid(ops, f) * c + sigmoid(ops, i) * ops.np.tanh(candidate)
    return sigmoid(ops, o) * ops.np.tanh(c), c


def gru_cell(ops: Operations, given, again, h):
    """Return a new state.

    Args:
        given, again: [texts, 3 * units], what input and state say to the update gate, the reset
            gate and the candidate.
        h: the state, [texts, units].
    """
    units = h.shape[1]
    parts = lambda x: (x[:, n * units : (n + 1) * units] for n in range(3))
    (z_in, r_in, h_in), (z_again, r_again, h_again) = parts(given), parts(again)
    z, r = sigmoid(ops, z_in + z_again), sigmoid(ops, r_in + r_again)
    return z * h + (1 - z) * ops.np.tanh(h_in + r * h_again)


def recur(
    ops: Operations, x, mask, arrays: dict[str, Any], how: tuple[str, int, str], draws: tuple = ()
):
    """Run a layer over the words; return the states at all words, and the last one.

    Args:
        x: [texts, words, inputs].
        mask: bool [texts, words].
        arrays: `<name>.<direction>.kernel` [inputs, gates * units], `.recurrent`, `.bias`, of a GRU
            `.recurrent_bias`.
        how: "lstm" or "gru", the directions, and the name of the layer.
        draws: of each direction what the state is multiplied by before it is read again, or none.

    Returns:
        [texts, words, directions * units] and [texts, directions * units].
    """
    cell, directions, name = how
    states, lasts = [], []
    for direction in range(directions):
        own = f"{name}.{direction}"
        given = over_words(ops, x, arrays[f"{own}.kernel"]) + arrays[f"{own}.bias"]
        again = arrays[f"{own}.recurrent"], arrays.get(f"{own}.recurrent_bias")
        draw = draws[direction] if draws else None
        all_states, last = ops.recurrence(cell, given, mask, again, draw, direction == 1)
        states.append(all_states)
        lasts.append(last)
    return ops.np.concatenate(states, -1), ops.np.concatenate(lasts, -1)


def run(
    ops: Operations, cell: str, given, mask, again: tuple[Any, Any], draw, backwards: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Run a cell over the words in NumPy.

    Args:
        cell: "lstm" or "gru".
        given: [texts, words, gates * units], what the inputs say.
        mask: bool [texts, words].
        again: the recurrent kernel [units, gates * units], and a GRU's recurrent bias.
        draw: [texts, units], what the state is multiplied by before it is read again; None is 1.
        backwards: from the last word to the first.

    Returns:
        The states, [texts, words, units], zero beyond each text's end, and the last [texts, units].
    """
    kernel, bias = again
    texts, words = mask.shape
    h = np.zeros((texts, kernel.shape[0]), given.dtype)
    c, states = h, np.zeros((texts, words, kernel.shape[0]), given.dtype)
    for word in range(words - 1, -1, -1) if backwards else range(words):
        alive = mask[:, word, None]
        said = (h if draw is None else h * draw) @ kernel
        if cell == "lstm":
            new, new_c = lstm_cell(ops, given[:, word] + said, c)
            c = np.where(alive, new_c, c)
        else:
            new = gru_cell(ops, given[:, word], said + bias, h)
        h = np.where(alive, new, h)
        states[:, word] = np.where(alive, new, 0)
    return states, h
