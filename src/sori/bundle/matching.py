"""Whether a dataset holds what a model takes."""

from __future__ import annotations

from sori.bundle.bundle import Bundle
from sori.datasets import Dataset
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
