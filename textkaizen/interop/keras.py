"""Keras models through our loop, and ours as Keras models: the names to import.

    from textkaizen.interop.keras import fit

    history = fit(model, X, y, epochs=100, validation_split=0.1)   # instead of model.fit(X, y, ...)

The guide is docs/keras.md. Keras itself is imported when a function needs it.
"""

from textkaizen.interop.keras_data import LastRowsWarning
from textkaizen.interop.keras_fit import fit, predict
from textkaizen.interop.keras_layers import to_keras
from textkaizen.interop.keras_recipes import recipe_from_keras

__all__ = ["LastRowsWarning", "fit", "predict", "recipe_from_keras", "to_keras"]
