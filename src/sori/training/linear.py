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
    seed: int = 0,
    reporter: Reporter = SILENT,
    stage: str = "Training",
) -> History:
    """Give the dense layer of ``network`` the weights of a logistic regression, fitted to all of ``x``.

    Parameters
    ----------
    network
        As :func:`sori.models.embedding.embedding` makes it.
    x, labels
        Normalised embeddings ``(n, windows, numbers)`` and class ids ``(n,)``.
    groups
        Group of each segment; a group is in one fold of the cross-validation.

    Returns
    -------
    A row for each penalty, the strongest first: loss and accuracy in training, and in cross-validation.

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
    rows, fitted = [], []
    for i, inverse in enumerate(_PENALTIES):
        fitted.append(_fit(reduced, labels, inverse, classes))
        loss, accuracy = _score(fitted[-1], reduced, labels)
        tested = [
            (*_score(_fit(reduced[train], labels[train], inverse, classes), reduced[valid], labels[valid]), len(valid))
            for train, valid in divided
        ]
        losses, accuracies, counts = np.array(tested or [(loss, accuracy, 1)]).T
        rows.append(
            {
                "loss": loss,
                "accuracy": accuracy,
                "val_loss": float(np.average(losses, weights=counts)),
                "val_accuracy": float(np.average(accuracies, weights=counts)),
            }
        )
        reporter.progress(stage, i + 1, len(_PENALTIES), {"accuracy": rows[-1]["val_accuracy"]})
    best = int(np.argmin([row["val_loss"] for row in rows]))
    kernel, bias = fitted[best]
    network.get_layer("head").set_weights([(axes.T @ kernel).astype(np.float32), bias.astype(np.float32)])
    return History(tuple(rows), best + 1, step=STEP)


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
    x: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], inverse: float, classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return kernel ``(numbers, classes)`` and bias ``(classes,)``; a class without examples is never likely."""
    linear, limits = require("sklearn.linear_model"), require("threadpoolctl")
    known = np.unique(labels)
    # The products are so small that threads would spend their time waiting for each other.
    with warnings.catch_warnings(), limits.threadpool_limits(1):
        warnings.simplefilter("ignore")  # that a weak penalty has not converged
        model = linear.LogisticRegression(C=inverse, max_iter=200, tol=1e-3).fit(x, labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(known) == 2:  # scikit-learn gives the second class's logit alone
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    kernel, bias = np.zeros((x.shape[1], classes)), np.full(classes, _NEVER)
    kernel[:, known], bias[known] = coefficients.T, intercepts
    return kernel, bias


def _score(
    head: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    x: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
) -> tuple[float, float]:
    """Return cross-entropy and accuracy."""
    kernel, bias = head
    logits = x @ kernel + bias
    logits -= logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]
    loss = float(np.mean(np.log(np.exp(logits).sum(axis=1)) - own))
    return loss, float((logits.argmax(axis=1) == labels).mean())
