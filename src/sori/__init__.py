"""Sori: from recordings to working audio models, with every step open.

The names below are all that a project needs; each is imported on first use, so ``import sori`` is fast.

>>> import sori
>>> sori.open("piano").bundle.task
'transcriber'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sori import (
        analysis,
        audio,
        augment,
        bundle,
        datasets,
        evaluation,
        experiments,
        features,
        inference,
        models,
        music,
        nn,
        plots,
        reports,
        separation,
        synth,
        tasks,
        training,
    )
    from sori.analysis import inspect
    from sori.audio import info, load, resample
    from sori.bundle import pretrained
    from sori.datasets import Dataset
    from sori.errors import SoriError
    from sori.experiments.search import search
    from sori.features import FrontEnd, Preprocessor, Segmenting
    from sori.inference import (
        Classifier,
        Embedder,
        Spotter,
        SpotterSettings,
        Tagger,
        Transcriber,
        Transcription,
        transcribe,
    )
    from sori.inference import open_model as open
    from sori.reporter import Reporter
    from sori.tasks.build import build
    from sori.tasks.evaluate import evaluate
    from sori.tasks.predict import predict
    from sori.tasks.score import score_midi as score
    from sori.tasks.train import train
    from sori.training import TrainingOptions

__version__ = "0.2.0"

_MODULES = (
    "analysis",
    "audio",
    "augment",
    "bundle",
    "datasets",
    "evaluation",
    "experiments",
    "features",
    "inference",
    "models",
    "music",
    "nn",
    "plots",
    "reports",
    "separation",
    "synth",
    "tasks",
    "training",
)

# The module of each public name, and its name in that module.
_HOME = {
    "Classifier": "sori.inference",
    "Dataset": "sori.datasets",
    "Embedder": "sori.inference",
    "FrontEnd": "sori.features",
    "Preprocessor": "sori.features",
    "Reporter": "sori.reporter",
    "Segmenting": "sori.features",
    "SoriError": "sori.errors",
    "Spotter": "sori.inference",
    "SpotterSettings": "sori.inference",
    "Tagger": "sori.inference",
    "TrainingOptions": "sori.training",
    "Transcriber": "sori.inference",
    "Transcription": "sori.inference",
    "build": "sori.tasks.build",
    "evaluate": "sori.tasks.evaluate",
    "info": "sori.audio",
    "inspect": "sori.analysis",
    "load": "sori.audio",
    "open": "sori.inference:open_model",
    "predict": "sori.tasks.predict",
    "pretrained": "sori.bundle",
    "resample": "sori.audio",
    "score": "sori.tasks.score:score_midi",
    "search": "sori.experiments.search",
    "train": "sori.tasks.train",
    "transcribe": "sori.inference",
}

__all__ = [
    "Classifier",
    "Dataset",
    "Embedder",
    "FrontEnd",
    "Preprocessor",
    "Reporter",
    "Segmenting",
    "SoriError",
    "Spotter",
    "SpotterSettings",
    "Tagger",
    "TrainingOptions",
    "Transcriber",
    "Transcription",
    "__version__",
    "analysis",
    "audio",
    "augment",
    "build",
    "bundle",
    "datasets",
    "evaluate",
    "evaluation",
    "experiments",
    "features",
    "inference",
    "info",
    "inspect",
    "load",
    "models",
    "music",
    "nn",
    "open",
    "plots",
    "predict",
    "pretrained",
    "reports",
    "resample",
    "score",
    "search",
    "separation",
    "synth",
    "tasks",
    "train",
    "training",
    "transcribe",
]


def __getattr__(name: str) -> Any:
    module, _, there = _HOME.get(name, f"sori.{name}" if name in _MODULES else "").partition(":")
    if not module:
        raise AttributeError(f"module 'sori' has no attribute {name!r}")
    try:
        home = importlib.import_module(module)
    except ModuleNotFoundError as error:
        from sori.errors import missing

        raise missing(error.name or module) from error
    return getattr(home, there or name) if name in _HOME else home


def __dir__() -> list[str]:
    return __all__
