"""Whether a dataset holds what a model takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.bundle.bundle import Bundle
from sori.datasets import Dataset
from sori.errors import BundleError
from sori.features.registry import differences


def input_differences(bundle: Bundle, dataset: Dataset) -> list[str]:
    """List how the segments of a dataset differ from those that a model takes: none if they fit."""
    found = []
    if (bundle.front_end is None) != (dataset.front_end is None):
        lacking = dataset.path if dataset.front_end is None else bundle.path
        found.append(f"the front end is not stated in {lacking}")
    elif bundle.front_end is not None and dataset.front_end is not None:
        found += differences(dataset.front_end, bundle.front_end)
    if not found and dataset.shape != bundle.input_shape:
        found.append(f"segments of {dataset.shape} (frames, bins), not {bundle.input_shape}")
    return found


def ids_of_model(bundle: Bundle, dataset: Dataset) -> npt.NDArray[np.int64]:
    """Return, for each class of a dataset, its place among the classes of a model, which may have more.

    Raises
    ------
    BundleError
        If the dataset does not hold what the model takes, or has a class that the model does not know; it names all
        differences.
    """
    found = input_differences(bundle, dataset)
    unknown = [name for name in dataset.classes if name not in bundle.classes]
    if unknown:
        found.append(f"classes unknown to the model: {', '.join(unknown)}; it knows {', '.join(bundle.classes)}")
    if found:
        raise BundleError(f"{dataset.path} does not fit {bundle.path}: {'; '.join(found)}")
    return np.array([bundle.classes.index(name) for name in dataset.classes])
