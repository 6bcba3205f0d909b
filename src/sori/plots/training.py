"""Pictures of a training run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sori.plots.figure import GRID, INK, TRAIN, VALID, own_axes, tidy


def learning_curve(
    train: Sequence[float], valid: Sequence[float], *, name: str, best_epoch: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a quantity over the epochs, in training and in validation.

    Parameters
    ----------
    train, valid
        A value per epoch.
    name
        What they are, for the vertical axis.
    best_epoch
        The epoch, from 1, whose weights were kept.
    """
    ax = tidy(own_axes() if ax is None else ax)
    epochs = np.arange(1, len(train) + 1)
    ax.plot(epochs, train, color=TRAIN, label="training", marker="o" if len(train) == 1 else None)
    ax.plot(epochs, valid, color=VALID, label="validation", marker="o" if len(train) == 1 else None)
    if best_epoch is not None:
        ax.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":", label=f"kept: epoch {best_epoch}")
    ax.set(xlabel="epoch", ylabel=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)
    return ax


def confusion_matrix(confusion: Sequence[Sequence[int]], classes: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw how often each true class (row) was taken for each class (column); a row's shades sum to one.

    Parameters
    ----------
    confusion
        Counts, shape ``(classes, classes)``.
    classes
        Their names.
    """
    counts = np.asarray(confusion)
    n = len(classes)
    size = 2.0 + 0.45 * n
    ax = own_axes(width=size + 0.6, height=size) if ax is None else ax
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ax.set(xlabel="predicted", ylabel="true")
    # A class may be called "$x$", which is not a formula here.
    ax.set_xticks(range(n), classes, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    ax.set_yticks(range(n), classes, parse_math=False)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=GRID, linewidth=0.6)
    ax.tick_params(which="both", length=0)
    for i, j in zip(*np.nonzero(counts), strict=True):
        ax.text(
            j, i, str(counts[i, j]), ha="center", va="center", color="white" if shares[i, j] > 0.55 else INK, fontsize=9
        )
    return ax
