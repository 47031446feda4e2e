"""Which Keras callbacks can be served: those that live between epochs.

An epoch is one compiled call, so there is no moment after a batch in which Python could look. A
callback that wants one is refused instead of being silently never called.
"""

from __future__ import annotations

from typing import Any

from textkaizen.errors import UsageError, listed
from textkaizen.interop.keras_models import require_keras

BATCH_HOOKS = tuple(
    f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")
)
# Keras' own that look at batches only when told to: name -> the argument, what makes it look at
# epochs only.
BY_SETTING = {
    "BackupAndRestore": ("save_freq", "epoch"),
    "ModelCheckpoint": ("save_freq", "epoch"),
    "OrbaxCheckpoint": ("save_freq", "epoch"),
    "TensorBoard": ("update_freq", "epoch"),
}
NEVER = ("ProgbarLogger",)  # what it shows after each batch it shows at an epoch's end


def callback_list(callbacks: Any, model: Any, **parameters: Any) -> Any:
    """Return Keras' `CallbackList` with a `History` in it.

    Args:
        callbacks: one, a list of them, or None.
        model: they are told about it.
        parameters: verbose, epochs, steps: as Keras' `fit` tells its callbacks.

    Raises:
        UsageError: one is no Keras callback, or needs each batch.
    """
    keras = require_keras()
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    if callbacks is not None and not isinstance(callbacks, (list, tuple)):
        callbacks = [callbacks]
    own = [one for one in callbacks or [] if not isinstance(one, keras.callbacks.Callback)]
    if own:
        raise UsageError(
            "Callbacks must be keras.callbacks.Callback; found "
            f"{listed(type(one).__name__ for one in own)}. A function can be wrapped: "
            "keras.callbacks.LambdaCallback(on_epoch_end=...)."
        )
    wanting = [one for one in callbacks or [] if needs_batches(one)]
    if wanting:
        told = listed(f"{type(one).__name__} ({', '.join(needs_batches(one))})" for one in wanting)
        raise UsageError(
            "An epoch is one compiled call here, so callbacks are called between epochs; these "
            f"want to be called at each batch: {told}. Use on_epoch_begin or on_epoch_end (of "
            'Keras\' own: save_freq="epoch", update_freq="epoch"), or train with the model\'s own '
            "fit."
        )
    return keras.callbacks.CallbackList(
        list(callbacks or []),
        add_history=True,
        add_progbar=parameters["verbose"] != 0,
        model=model,
        **parameters,
    )


def needs_batches(callback: Any) -> list[str]:
    """Return the hooks for which a callback needs each batch; none where it needs no batch."""
    kinds, content = type(callback).__mro__, _content(callback)
    return [
        hook
        for hook in BATCH_HOOKS
        if hook in vars(callback)
        or next(kind for kind in kinds if hook in vars(kind)) not in content
    ]


def _content(callback: Any) -> set[Any]:
    """Return the classes of Keras whose own hooks can do without this callback's batches."""
    known = require_keras().callbacks
    found = {known.Callback, *(getattr(known, name) for name in NEVER)}
    for name, (setting, value) in BY_SETTING.items():
        kind = getattr(known, name, None)
        if kind and isinstance(callback, kind) and getattr(callback, setting) == value:
            found.add(kind)
    return found
