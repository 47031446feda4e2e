"""Keras is the reference that numbers are compared with; it computes with JAX, as we do."""

import os

os.environ["KERAS_BACKEND"] = "jax"
