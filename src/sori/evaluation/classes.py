"""Scores of a classifier: scikit-learn's metrics, by segment and by recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, require


@dataclass(frozen=True)
class ClassScores:
    """Scores over recordings; ``segment_accuracy`` is over single segments.

    ``per_class`` gives precision, recall, F1 and the number of recordings of each class; ``confusion`` counts
    recordings, a row per true class and a column per predicted one. ``accuracy_interval`` is Wilson's, at 95 %, for
    recordings that are independent of each other.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    balanced_accuracy: float
    macro_f1: float
    segment_accuracy: float
    recordings: int
    segments: int
    per_class: dict[str, dict[str, float]]
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
    from scipy import stats  # slow to import, and only scoring needs it

    metrics = require("sklearn.metrics")
    _, means, first = by_recording(probabilities, recordings)
    truth, guess = labels[first], means.argmax(axis=1)
    ids = np.arange(len(classes))
    confusion = metrics.confusion_matrix(truth, guess, labels=ids)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, guess, labels=ids, zero_division=0.0
    )
    tested = support > 0
    right = int((truth == guess).sum())
    interval = stats.binomtest(right, len(truth)).proportion_ci(confidence_level=0.95, method="wilson")
    return ClassScores(
        accuracy=right / len(truth),
        accuracy_interval=(float(interval.low), float(interval.high)),
        balanced_accuracy=float(recall[tested].mean()),
        macro_f1=float(f1[tested].mean()),
        segment_accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        recordings=len(truth),
        segments=len(labels),
        per_class={
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "recordings": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        confusion=confusion.tolist(),
    )
