"""Scores of a classifier: scikit-learn's metrics, by segment and by recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, require
from sori.evaluation.intervals import mean_interval


@dataclass(frozen=True)
class ClassScores:
    """Scores over recordings; ``segment_accuracy`` is over single segments, ``group_accuracy`` the mean over groups.

    ``per_class`` gives precision, recall with its interval, F1 and the number of recordings of each class;
    ``confusion`` counts recordings, a row per true class and a column per predicted one. Intervals are at 95 %, for
    groups that are independent of each other: see :func:`sori.evaluation.intervals.mean_interval`.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    group_accuracy: float
    groups: int
    balanced_accuracy: float
    macro_f1: float
    segment_accuracy: float
    recordings: int
    segments: int
    per_class: dict[str, dict[str, Any]]
    confusion: list[list[int]]

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain values, for JSON."""
        return asdict(self)


def by_recording(
    probabilities: npt.NDArray[np.floating], recordings: npt.NDArray[np.object_]
) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Average the segments' probabilities over each recording.

    Returns
    -------
    names, mean probabilities ``(recordings, classes)``, and the index of the first segment of each.
    """
    names, first, which = np.unique(recordings.astype(str), return_index=True, return_inverse=True)
    sums = np.zeros((len(names), probabilities.shape[1]))
    np.add.at(sums, which, probabilities)
    return [str(name) for name in names], sums / np.bincount(which)[:, np.newaxis], first


def score_classes(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    recordings: npt.NDArray[np.object_],
    classes: Sequence[str],
    groups: npt.NDArray[np.object_] | None = None,
) -> ClassScores:
    """Score segment probabilities against class ids.

    Parameters
    ----------
    probabilities
        Shape ``(n, classes)``.
    labels
        Class id of each segment, shape ``(n,)``.
    recordings
        Recording of each segment; the prediction for a recording is the mean over its segments.
    classes
        Class names in the order of their ids.
    groups
        Group of each segment, such as its speaker; None: each recording is independent of the others.

    Raises
    ------
    ParameterError
        If there is nothing to score, or the shapes do not fit.
    """
    if not len(labels) or probabilities.shape != (len(labels), len(classes)) or len(recordings) != len(labels):
        raise ParameterError(
            f"scores need probabilities (n, {len(classes)}) with n labels and recordings, n at least 1. Received "
            f"{probabilities.shape}, {len(labels)} and {len(recordings)}."
        )
    metrics = require("sklearn.metrics")
    names, means, first = by_recording(probabilities, recordings)
    truth, guess = labels[first], means.argmax(axis=1)
    right = (truth == guess).astype(np.float64)
    of = np.array(names) if groups is None else groups[first].astype(str)
    _, which, sizes = np.unique(of, return_inverse=True, return_counts=True)
    ids = np.arange(len(classes))
    confusion = metrics.confusion_matrix(truth, guess, labels=ids)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, guess, labels=ids, zero_division=0.0
    )
    tested = support > 0
    return ClassScores(
        accuracy=float(right.mean()),
        accuracy_interval=mean_interval(right, of),
        group_accuracy=float((np.bincount(which, weights=right) / sizes).mean()),
        groups=len(sizes),
        balanced_accuracy=float(recall[tested].mean()),
        macro_f1=float(f1[tested].mean()),
        segment_accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        recordings=len(truth),
        segments=len(labels),
        per_class={
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "recall_interval": mean_interval(right[truth == i], of[truth == i]) if support[i] else None,
                "f1": float(f1[i]),
                "recordings": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        confusion=confusion.tolist(),
    )
