"""Fit the head of embeddings: logistic regression, whose penalty is chosen by cross-validation over groups."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sori.errors import DatasetError, require
from sori.models.embedding import pooled
from sori.reporter import SILENT, Reporter
from sori.training.fit import History

if TYPE_CHECKING:
    import keras

# Inverse weights of the penalty on squared weights, from strong to weak; most folds of the cross-validation.
_PENALTIES, _FOLDS = (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2), 5
STEP = "penalty"  # what a row of the history is
_NEVER = -30.0  # the logit of a class without examples


def fit_head(
    network: keras.Model,
    x: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.object_],
    *,
    weights: npt.NDArray[np.float64] | None = None,
    seed: int = 0,
    reporter: Reporter = SILENT,
    stage: str = "Training",
) -> tuple[History, npt.NDArray[np.float64]]:
    """Give the dense layer of ``network`` the weights of a logistic regression, fitted to all of ``x``.

    Parameters
    ----------
    network
        As :func:`sori.models.embedding.embedding` makes it.
    x, labels
        Normalised embeddings ``(n, windows, numbers)`` and class ids ``(n,)``.
    groups
        Group of each segment; a group is in one fold of the cross-validation.
    weights
        Of each class in the loss, ``(classes,)``; None: 1.

    Returns
    -------
    history
        A row for each penalty, the strongest first: loss and accuracy in training, and in cross-validation.
    logits
        ``(n, classes)``, of each segment from the head that was fitted without its fold, by the penalty that was
        chosen; NaN where there was no such head.

    Raises
    ------
    DatasetError
        If the segments are of one class.
    """
    given = pooled(x).astype(np.float64)
    if len(np.unique(labels)) < 2:
        raise DatasetError("only one class is left to train on: give the others more recordings, or test on fewer")
    # The penalty does not change if the space is rotated, so the space that the segments span is enough.
    _, _, axes = np.linalg.svd(given, full_matrices=False)
    reduced, classes = given @ axes.T, int(network.output_shape[-1])
    divided = _folds(labels, groups, seed)
    each = np.ones(len(labels)) if weights is None else weights[labels]
    rows, fitted, held_out = [], [], []
    for i, inverse in enumerate(_PENALTIES):
        fitted.append(_fit(reduced, labels, each, inverse, classes))
        logits = np.full((len(labels), classes), np.nan)
        for train, valid in divided:
            kernel, bias = _fit(reduced[train], labels[train], each[train], inverse, classes)
            logits[valid] = reduced[valid] @ kernel + bias
        held_out.append(logits)
        loss, accuracy = _score(reduced @ fitted[-1][0] + fitted[-1][1], labels, each)
        known = ~np.isnan(logits[:, 0])
        valid_loss, valid_accuracy = (
            _score(logits[known], labels[known], each[known]) if known.any() else (loss, accuracy)
        )
        rows.append({"loss": loss, "accuracy": accuracy, "val_loss": valid_loss, "val_accuracy": valid_accuracy})
        reporter.progress(stage, i + 1, len(_PENALTIES), {"accuracy": rows[-1]["val_accuracy"]})
    best = int(np.argmin([row["val_loss"] for row in rows]))
    kernel, bias = fitted[best]
    network.get_layer("head").set_weights([(axes.T @ kernel).astype(np.float32), bias.astype(np.float32)])
    return History(tuple(rows), best + 1, step=STEP), held_out[best]


def _folds(
    labels: npt.NDArray[np.int64], groups: npt.NDArray[np.object_], seed: int
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Divide segments into folds of whole groups with all classes in each, as far as possible; none if there is one."""
    selection = require("sklearn.model_selection")
    count = min(_FOLDS, len(np.unique(groups.astype(str))), int(np.bincount(labels).max()))
    if count < 2:
        return []
    divide = selection.StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class has fewer groups than there are folds
        folds = list(divide.split(labels, labels, groups.astype(str)))
    return [(train, valid) for train, valid in folds if len(train) and len(valid) and len(np.unique(labels[train])) > 1]


def _fit(
    x: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    each: npt.NDArray[np.float64],
    inverse: float,
    classes: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return kernel ``(numbers, classes)`` and bias ``(classes,)``; a class without examples is never likely."""
    linear, limits = require("sklearn.linear_model"), require("threadpoolctl")
    known = np.unique(labels)
    # The products are so small that threads would spend their time waiting for each other.
    with warnings.catch_warnings(), limits.threadpool_limits(1):
        warnings.simplefilter("ignore")  # that a weak penalty has not converged
        model = linear.LogisticRegression(C=inverse, max_iter=200, tol=1e-3).fit(x, labels, each)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(known) == 2:  # scikit-learn gives the second class's logit alone
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    kernel, bias = np.zeros((x.shape[1], classes)), np.full(classes, _NEVER)
    kernel[:, known], bias[known] = coefficients.T, intercepts
    return kernel, bias


def _score(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], each: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Return cross-entropy, in which each segment has a weight, and accuracy."""
    logits = logits - logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]
    loss = float(np.average(np.log(np.exp(logits).sum(axis=1)) - own, weights=each))
    return loss, float((logits.argmax(axis=1) == labels).mean())
