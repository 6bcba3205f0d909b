"""The kinds of sound in a recording, over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from sori.errors import ParameterError, check_count
from sori.plots.figure import own_axes, tidy


def tags(
    scores: npt.NDArray[np.floating],
    times_s: npt.NDArray[np.floating],
    classes: Sequence[str],
    *,
    count: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw the classes with the highest scores, a row each, darker where the score is higher.

    Parameters
    ----------
    scores
        Scores of 0 to 1, shape ``(windows, classes)``.
    times_s
        Time of each window in seconds.
    count
        Number of classes to show.
    """
    check_count("count", count)
    if not len(scores) or scores.shape != (len(times_s), len(classes)):
        raise ParameterError(f"scores must be (windows, {len(classes)}). Received {scores.shape}.")
    shown = np.argsort(-scores.max(axis=0), kind="stable")[:count]
    first = np.array([int(scores[:, i].argmax()) for i in shown])
    shown = shown[np.argsort(first, kind="stable")]
    ax = tidy(own_axes(width=8.0, height=0.7 + 0.28 * len(shown)) if ax is None else ax)
    step_s = float(times_s[1] - times_s[0]) if len(times_s) > 1 else 1.0
    edges = [float(times_s[0]) - step_s / 2, float(times_s[-1]) + step_s / 2]
    ax.imshow(
        scores[:, shown].T,
        aspect="auto",
        cmap="Blues",
        vmin=0,
        vmax=1,
        extent=(max(0.0, edges[0]), edges[1], len(shown) - 0.5, -0.5),
        interpolation="nearest",
    )
    ax.set_yticks(range(len(shown)), [classes[i] for i in shown])
    ax.set_xlabel("seconds")
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    return ax
