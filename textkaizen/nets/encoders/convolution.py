"""Convolutions of several widths, side by side: a window around each word, as wide as the text is.

Each word is the middle of a window (of an even width the left of both), what lies beyond the text
is zero: a text of n words has n windows however short it is. As Keras' Conv1D with padding "same".

Source: Kim 2014, Convolutional neural networks for sentence classification, section 2; Yu & Koltun
2016, Multi-scale context aggregation by dilated convolutions, section 2 (dilation).
"""

from __future__ import annotations

from typing import Any

from textkaizen.nets.encoders.operations import Operations, over_words


def windows_of(ops: Operations, x, width: int, dilation: int):
    """Return for each word what its window sees: [texts, words, width * inputs].

    Args:
        x: [texts, words, inputs], zero beyond each text's end.
        width, dilation: words in a window, and the distance between them.
    """
    words = x.shape[1]
    reach = (width - 1) * dilation
    before = reach // 2
    padded = ops.np.pad(x, ((0, 0), (before, reach - before), (0, 0)))
    seen = [padded[:, place * dilation : place * dilation + words] for place in range(width)]
    return ops.np.concatenate(seen, -1)


def convolve(ops: Operations, x, arrays: dict[str, Any], how: tuple[tuple[int, ...], int], name):
    """Return the filters' answers before their activation, [texts, words, filters of all widths].

    Args:
        x: [texts, words, inputs], zero beyond each text's end.
        arrays: `<name>.<n>.kernel` [width * inputs, filters] and `.bias` [filters] of each width.
        how: the widths, and the dilation.
        name: of the layer.
    """
    widths, dilation = how
    found = []
    for number, width in enumerate(widths):
        own = f"{name}.{number}"
        seen = windows_of(ops, x, width, dilation) if width > 1 else x
        found.append(over_words(ops, seen, arrays[f"{own}.kernel"]) + arrays[f"{own}.bias"])
    return ops.np.concatenate(found, -1)
