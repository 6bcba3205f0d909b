"""Sori: from recordings to working audio models, with every step open."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sori import audio, augment, datasets, evaluation, features, models, music, nn, segment, tasks, training
    from sori.audio import info, load, resample
    from sori.bundle import pretrained
    from sori.errors import SoriError
    from sori.features import FrontEnd
    from sori.inference import Classifier
    from sori.transcriber import Transcriber, Transcription, transcribe

__version__ = "0.1.0"

_MODULES = (
    "audio",
    "augment",
    "datasets",
    "evaluation",
    "features",
    "models",
    "music",
    "nn",
    "segment",
    "tasks",
    "training",
)

__all__ = [
    "Classifier",
    "FrontEnd",
    "SoriError",
    "Transcriber",
    "Transcription",
    "__version__",
    "audio",
    "augment",
    "datasets",
    "evaluation",
    "features",
    "info",
    "load",
    "models",
    "music",
    "nn",
    "pretrained",
    "resample",
    "segment",
    "tasks",
    "training",
    "transcribe",
]

# Where each public name lives; imported when first asked for, so that `import sori` costs nothing.
_HOME = {
    "Classifier": "sori.inference",
    "FrontEnd": "sori.features",
    "SoriError": "sori.errors",
    "Transcriber": "sori.transcriber",
    "Transcription": "sori.transcriber",
    "info": "sori.audio",
    "load": "sori.audio",
    "pretrained": "sori.bundle",
    "resample": "sori.audio",
    "transcribe": "sori.transcriber",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"sori.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'sori' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
