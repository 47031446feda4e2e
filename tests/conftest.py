"""Keras is the reference that numbers are compared with; it computes with JAX, as we do.

What tests compile is kept while they run, for the processes that some of them start, and not in the
folder of whoever runs them.
"""

import atexit
import os
import shutil
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ["TEXTKAIZEN_CACHE"] = tempfile.mkdtemp(prefix="textkaizen-tests-")
atexit.register(shutil.rmtree, os.environ["TEXTKAIZEN_CACHE"], ignore_errors=True)
