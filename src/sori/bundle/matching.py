"""Whether a dataset holds what a model takes."""

from __future__ import annotations

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


def check_fit(bundle: Bundle, dataset: Dataset) -> None:
    """Raise BundleError, with the differences, unless the dataset matches the model's input and classes."""
    differences = input_differences(bundle, dataset)
    if dataset.classes != bundle.classes:
        more = [name for name in dataset.classes if name not in bundle.classes]
        less = [name for name in bundle.classes if name not in dataset.classes]
        differences.append(
            "classes: "
            + "; ".join(
                [f"unknown to the model: {', '.join(more)}"] * bool(more)
                + [f"missing: {', '.join(less)}"] * bool(less)
                + ["in another order"] * (not more and not less)
            )
        )
    if differences:
        raise BundleError(f"{dataset.path} does not fit {bundle.path}: {'; '.join(differences)}")
