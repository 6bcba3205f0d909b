"""Load Keras when it is needed, without its log lines."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sori.errors import require


def backend_name() -> str:
    """Return the back end that Keras is, or will be, loaded with."""
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def keras() -> ModuleType:
    """Import Keras, with the back end of ``KERAS_BACKEND`` or, if it is not set, TensorFlow.

    Raises
    ------
    MissingDependencyError
        If Keras, or the back end, is not installed.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    backend = os.environ["KERAS_BACKEND"] = backend_name()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silenced():  # TensorFlow logs before any of its settings can stop it
        module = require("keras")
        require(backend)
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns about the new network of each fold
    return module


@contextmanager
def silenced() -> Iterator[None]:
    """Discard what is written to the process's standard error, also by libraries that are not Python's."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as swallowed:
        saved = os.dup(2)
        os.dup2(swallowed.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
