"""Load Keras when it is needed, without its log lines."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from types import ModuleType

from sori.errors import require


def keras() -> ModuleType:
    """Import Keras, with the back end of ``KERAS_BACKEND`` or, if it is not set, TensorFlow.

    Raises
    ------
    MissingDependencyError
        If Keras, or the back end, is not installed.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow logs to the process's standard error before any of its settings can stop it.
    sys.stderr.flush()
    with tempfile.TemporaryFile() as swallowed:
        saved = os.dup(2)
        os.dup2(swallowed.fileno(), 2)
        try:
            module = require("keras")
            require(backend)
            logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns about the new network of each fold
        finally:
            os.dup2(saved, 2)
            os.close(saved)
    return module
