"""`sori evaluate`: score a trained classifier on a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sori.bundle.matching import check_fit
from sori.datasets import Dataset
from sori.errors import DatasetError
from sori.evaluation import score_classes
from sori.inference import Classifier


def evaluate(run: str | Path, data: str | Path, *, include_training: bool = False) -> dict[str, Any]:
    """Score a trained model on a dataset, leaving out the recordings used to train or validate it.

    Returns
    -------
    As :meth:`sori.evaluation.ClassScores.to_dict`, with ``split``, ``leaky`` and ``left_out`` (recordings).

    Raises
    ------
    BundleError, DatasetError
        If either is missing or damaged, they do not match, or no recording is left that was not in training.
    """
    classifier = Classifier(run)
    bundle, dataset = classifier.bundle, Dataset.open(data)
    check_fit(bundle, dataset)
    segments, digests = dataset.load(), dataset.digests()
    parts = bundle.parts()
    used = {*parts["train"], *parts["valid"]}
    known = np.array([digests[recording] in used for recording in segments.recording])
    left_out = len(set(segments.recording[known]))
    leaky = bool(include_training and known.any())
    if include_training:
        known[:] = False
    elif known.all():
        raise DatasetError(
            f"{data}: {run} was trained on every recording in it, so a score would mean nothing; give recordings "
            "that were not in training (or `include_training=True`, for a leaky score)"
        )
    chosen = np.flatnonzero(~known)
    scores = score_classes(
        classifier.predict_features(segments.x[chosen]),
        segments.label[chosen],
        recordings=segments.recording[chosen],
        groups=segments.group[chosen],
        classes=dataset.classes,
    )
    if leaky:
        described = f"LEAKY: {left_out} of the recordings were in training or validation"
    elif not dataset.has_recordings or not bundle.dataset.get("source"):
        described = "imported features: it is not known whether some were used in training"
    elif left_out:
        described = f"recordings not used in training ({left_out} others left out)"
    else:
        described = "no recording was used in training"
    return {"split": described, "leaky": leaky, "left_out": 0 if leaky else left_out, **scores.to_dict()}
