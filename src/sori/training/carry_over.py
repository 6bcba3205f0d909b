"""Start a network with the weights of an earlier run, which may have had other classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sori import models
from sori.bundle import Bundle
from sori.datasets import Dataset
from sori.errors import BundleError, reason
from sori.features.registry import differences
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
    if bundle.front_end is not None and dataset.front_end is not None:
        found = differences(dataset.front_end, bundle.front_end)
        if found:
            raise BundleError(f"{run}: was trained on other features ({'; '.join(found)}); build the dataset as for it")
    if dataset.shape != bundle.input_shape:
        raise BundleError(f"{run}: takes segments of {bundle.input_shape} (frames, bins), not {dataset.shape}")
    path = run / WEIGHTS
    before = models.build(
        model, input_shape=dataset.shape, n_classes=len(bundle.classes), **bundle.architecture.get("options", {})
    )
    try:
        before.load_weights(path)
    except Exception as error:  # of h5py and Keras
        raise BundleError(f"{path}: missing or of a network with other options ({reason(error)})") from error
    if len(before.layers) != len(network.layers):
        raise BundleError(f"{run}: its network has other options (width, depth); train with the same")
    exchanged = []
    for old, new in zip(before.layers, network.layers, strict=True):
        shapes = [[tuple(w.shape) for w in layer.weights] for layer in (old, new)]
        if shapes[0] == shapes[1]:
            new.set_weights(old.get_weights())
        else:
            exchanged.append(new.name)
    if len(exchanged) > 1:
        raise BundleError(f"{run}: its network has other options (width, depth); train with the same")
    lines = [f"begins with the weights of {run}"]
    if exchanged:
        lines.append(f"its classes were {', '.join(bundle.classes)}: the last layer is new")
    elif bundle.classes != dataset.classes:
        lines.append(f"its classes were {', '.join(bundle.classes)}: they are learned anew, in the same places")
    mean, std = (np.asarray(bundle.normalisation[name], dtype=np.float32) for name in ("mean", "std"))
    return Normalisation(mean, std), lines


def known_recordings(run: Path) -> set[str]:
    """Return the hashes of the recordings that a run was trained or validated on."""
    parts = Bundle.open(run).parts()
    return {*parts["train"], *parts["valid"]}
