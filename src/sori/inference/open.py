"""Open any trained model by its task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sori.bundle import Bundle
from sori.inference.classifier import Classifier
from sori.inference.embedder import Embedder
from sori.inference.spotter import Spotter, SpotterSettings
from sori.inference.tagger import Tagger, TaggerSettings
from sori.inference.transcriber import Cleaner, Transcriber

Model = Classifier | Spotter | Transcriber | Cleaner | Embedder | Tagger

_CLASSES: dict[str, type[Model]] = {
    "classifier": Classifier,
    "spotter": Spotter,
    "transcriber": Transcriber,
    "cleaner": Cleaner,
    "embedder": Embedder,
    "tagger": Tagger,
}


def open_model(path_or_name: str | Path) -> Model:
    """Open a trained model of any task.

    Parameters
    ----------
    path_or_name
        Its folder, or the name of one that ships with Sori: see :data:`sori.bundle.PRETRAINED`.

    Raises
    ------
    BundleError
        If there is none, or it is damaged.

    >>> open_model("piano").bundle.task
    'transcriber'
    """
    bundle = Bundle.open(path_or_name)
    return _CLASSES[bundle.task](bundle.path)


def open_spotter(run: str | Path, **changes: Any) -> Spotter | Tagger:
    """Open a model that spots words, or a tagger.

    Parameters
    ----------
    changes
        Fields of :class:`SpotterSettings`, or of :class:`TaggerSettings`, that are not to have their defaults.
    """
    if Bundle.open(run).task == "tagger":
        return Tagger(run, TaggerSettings(**changes))
    return Spotter(run, SpotterSettings(**changes))
