"""Start a network with the weights of an earlier run, which may have had other classes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sori import models
from sori.bundle import Bundle
from sori.bundle.matching import input_differences
from sori.datasets import Dataset
from sori.errors import BundleError, reason
from sori.training.normalise import Normalisation

if TYPE_CHECKING:
    import keras

# The best weights of a run's network alone.
WEIGHTS = "best.weights.h5"


def carry_over(network: keras.Model, run: Path, dataset: Dataset, *, model: str) -> tuple[Normalisation, list[str]]:
    """Give a network the weights of a run wherever their layers agree.

    Returns
    -------
    The normalisation that the weights were learned with, and lines that tell what was done.

    Raises
    ------
    BundleError
        If the run is of another architecture or front end, or has no weights to go on from.
    """
    bundle = Bundle.open(run)
    known = str(bundle.architecture.get("name"))
    if known in models.ARCHITECTURES and models.ARCHITECTURES[known].solved:
        raise BundleError(f"{run}: is of {known}, which is fitted anew in seconds; there is nothing to go on from")
    if bundle.task != "classifier" or known != model:
        raise BundleError(f"{run}: is of the model {known}; {model} cannot begin with its weights (`model='{known}'`)")
    found = input_differences(bundle, dataset)
    if found:
        raise BundleError(f"{run}: was trained on other features ({'; '.join(found)}); build the dataset as for it")
    path = run / WEIGHTS
    before = models.build(
        model, input_shape=dataset.shape, n_classes=len(bundle.classes), **bundle.architecture.get("options", {})
    )
    try:
        before.load_weights(path)
    except Exception as error:  # of h5py and Keras
        raise BundleError(f"{path}: missing or of a network with other options ({reason(error)})") from error
    shapes = [[[tuple(w.shape) for w in layer.weights] for layer in one.layers] for one in (before, network)]
    exchanged = [i for i, (old, new) in enumerate(zip(*shapes, strict=False)) if old != new]
    if len(before.layers) != len(network.layers) or len(exchanged) > 1:
        raise BundleError(f"{run}: its network has other options (width, depth); train with the same")
    for i, (old, new) in enumerate(zip(before.layers, network.layers, strict=True)):
        if i not in exchanged:
            new.set_weights(old.get_weights())
    lines = [f"begins with the weights of {run}"]
    if exchanged:
        lines.append(f"its classes were {', '.join(bundle.classes)}: the last layer is new")
    elif bundle.classes != dataset.classes:
        lines.append(f"its classes were {', '.join(bundle.classes)}: they are learned anew, in the same places")
    mean, std = (np.asarray(bundle.normalisation[name], dtype=np.float32) for name in ("mean", "std"))
    return Normalisation(mean, std), lines


def weights_digest(run: Path) -> str:
    """Return a hash of the weights of a run, empty if it has none to go on from."""
    path = Bundle.open(run).path / WEIGHTS
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest() if path.is_file() else ""


def known_recordings(run: Path) -> set[str]:
    """Return the hashes of the recordings that a run was trained or validated on."""
    parts = Bundle.open(run).parts()
    return {*parts["train"], *parts["valid"]}
