"""Keras is the reference that numbers are compared with; it computes with JAX, as we do.

What tests compile is kept while they run, for the processes that some of them start and those that
share the work, and not in the folder of whoever runs them. No example has to be fast: the machine
may be slow or busy.
"""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

os.environ["KERAS_BACKEND"] = "jax"
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["TEXTKAIZEN_CACHE"] = tempfile.mkdtemp(prefix="textkaizen-tests-")
    atexit.register(shutil.rmtree, os.environ["TEXTKAIZEN_CACHE"], ignore_errors=True)
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
