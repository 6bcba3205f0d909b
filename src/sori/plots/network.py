"""Pictures of small neural networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from sori.plots.figure import BAD, GRID, INK, TRAIN, own_axes, tidy

Array = npt.NDArray[np.float64]


def network_diagram(
    activations: Sequence[Array],
    *,
    weights: Sequence[Array | None],
    deltas: Sequence[Array],
    derivatives: Sequence[Array],
    decimals: int = 3,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network with its numbers: forward in blue, backward in red.

    Parameters
    ----------
    activations
        Of every layer from the inputs on, each ``(units,)``: written in the units.
    weights, derivatives
        Between layers, each ``(units, next units)``: written on the edges, a weight above its derivative. A weight that
        is None is not written.
    deltas
        Of every layer but the inputs, each ``(units,)``: written under the units.
    """
    tallest = max(len(a) for a in activations)
    if ax is None:
        ax = own_axes(width=3.4 * len(activations), height=1.2 + 1.5 * tallest)
    ax.set_axis_off()
    places = [
        [(float(layer), (len(a) - 1) / 2 - unit) for unit in range(len(a))] for layer, a in enumerate(activations)
    ]
    for layer, derivative in enumerate(derivatives):
        w = weights[layer]
        for i, start in enumerate(places[layer]):
            for j, end in enumerate(places[layer + 1]):
                ax.plot(*zip(start, end, strict=True), color=GRID, zorder=1)
                # Numbers sit at different shares of the way, so that those of crossing edges do not meet.
                share = (0.25, 0.7, 0.42)[j % 3]
                x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
                middle: dict[str, Any] = {"ha": "center", "va": "center", "bbox": box, "fontsize": 8}
                if w is not None:
                    ax.text(x, y + 0.07, f"{w[i, j]:.{decimals}f}", color=TRAIN, **middle)
                ax.text(x, y - 0.07, f"{derivative[i, j]:.{decimals + 1}f}", color=BAD, **middle)
    for layer, values in enumerate(activations):
        for unit, (x, y) in enumerate(places[layer]):
            ax.scatter(x, y, s=1500, facecolor="white", edgecolor=INK, zorder=2)
            ax.text(x, y, f"{values[unit]:.{decimals}f}", color=TRAIN, ha="center", va="center", zorder=3)
            if layer:
                delta = f"delta {deltas[layer - 1][unit]:.{decimals + 1}f}"
                ax.text(x, y - 0.34, delta, color=BAD, ha="center", va="center", fontsize=9, zorder=3)
        name = "inputs" if not layer else "outputs" if layer == len(activations) - 1 else f"hidden {layer}"
        ax.text(layer, tallest / 2 + 0.15, name, color=INK, ha="center", va="bottom")
    ax.text(0, -tallest / 2 - 0.2, "forward: activations, weights", color=TRAIN, ha="left", fontsize=9)
    ax.text(0, -tallest / 2 - 0.4, "backward: deltas, derivatives", color=BAD, ha="left", fontsize=9)
    ax.set_xlim(-0.35, len(activations) - 0.65)
    ax.set_ylim(-tallest / 2 - 0.5, tallest / 2 + 0.4)
    return ax


def error_curve(losses: Sequence[float], *, ax: Axes | None = None) -> Axes:
    """Draw the mean squared error of each epoch, on a logarithmic scale."""
    ax = tidy(own_axes() if ax is None else ax)
    ax.semilogy(np.arange(1, len(losses) + 1), losses, color=TRAIN, marker="o" if len(losses) == 1 else None)
    ax.set(xlabel="epoch", ylabel="mean squared error")
    return ax


def surfaces(x1: Array, x2: Array, learned: Array, truth: Array, *, ax: Axes | None = None) -> Axes:
    """Draw a learned function of two inputs beside the true one.

    Parameters
    ----------
    x1, x2
        Axes of the grid, ``(n,)`` and ``(m,)``.
    learned, truth
        Values on the grid, ``(m, n)``.
    ax
        Three-dimensional axes.
    """
    if ax is None:
        ax = Figure(figsize=(6, 4.5), layout="constrained").add_subplot(projection="3d")
    solid = cast(Axes3D, ax)
    grid = np.meshgrid(x1, x2)
    solid.plot_surface(*grid, learned, color=TRAIN, alpha=0.8)
    solid.plot_wireframe(*grid, truth, color=INK, linewidth=0.7, rstride=2, cstride=2)
    solid.set(xlabel="x1", ylabel="x2", title="learned (blue) and x1 + x2 (wire)")
    return ax
