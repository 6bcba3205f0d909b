"""Pictures of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sori.plots.figure import BAD, GRID, INK, TRAIN, VALID, own_axes, tidy


def learning_curve(
    train: Sequence[float],
    valid: Sequence[float],
    *,
    name: str,
    best_epoch: int | None = None,
    step: str = "epoch",
    ax: Axes | None = None,
) -> Axes:
    """Draw a quantity over the epochs, in training and in validation.

    Parameters
    ----------
    train, valid
        A value per epoch; none if it was not measured.
    name
        What they are, for the vertical axis.
    best_epoch
        The epoch, from 1, whose weights were kept.
    step
        What each value is of, if not an epoch.
    """
    ax = tidy(own_axes() if ax is None else ax)
    for values, color, label in ((train, TRAIN, "training"), (valid, VALID, "validation")):
        if len(values):
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, color=color, label=label, marker="o" if len(values) == 1 else None)
    if best_epoch is not None:
        ax.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":", label=f"kept: {step} {best_epoch}")
    ax.set(xlabel=step if step == "epoch" else f"{step}, from strong to weak", ylabel=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)
    return ax


def learning_curves(
    curves: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]], *, name: str, columns: int = 3
) -> Axes:
    """Draw several trainings side by side on the same axes, each in a small picture; return the first one's axes.

    Parameters
    ----------
    curves
        For each title, a pair of training and validation values per epoch for each network.
    name
        What they are, for the vertical axes.
    """
    columns = min(columns, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.5 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    everything = [value for pairs in curves.values() for pair in pairs for line in pair for value in line]
    for ax, (title, pairs) in zip(grid.flat, curves.items(), strict=False):
        tidy(ax)
        for i, (train, valid) in enumerate(pairs):
            epochs = np.arange(1, len(train) + 1)
            ax.plot(epochs, train, color=TRAIN, linewidth=1, label=None if i else "training")
            ax.plot(epochs, valid, color=VALID, linewidth=1, label=None if i else "validation")
        ax.set_title(title, fontsize=10)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if everything and name == "loss":  # a single outburst must not press everything else flat
        grid[0, 0].set_ylim(0, min(max(everything), 2 * float(np.percentile(everything, 95))))
    for ax in grid.flat[len(curves) :]:
        ax.set_visible(False)
    for ax in grid[:, 0]:
        ax.set_ylabel(name)
    for ax in grid[-1]:
        ax.set_xlabel("epoch")
    first: Axes = grid[0, 0]
    first.legend(frameon=False, fontsize=9)
    return first


def detection_curve(curves: Mapping[str, Sequence[tuple[float, float, float]]], *, ax: Axes | None = None) -> Axes:
    """Draw how many events are found against how many false alarms an hour that costs, threshold by threshold.

    Parameters
    ----------
    curves
        By name: (false alarms per hour, part of the events found, threshold) of each point.
    """
    ax = tidy(own_axes(width=7.0, height=4.2) if ax is None else ax)
    for (name, points), colour in zip(curves.items(), (TRAIN, VALID, BAD, INK), strict=False):
        alarms, found, thresholds = zip(*points, strict=True)
        ax.plot(alarms, found, color=colour, marker="o", markersize=3.5, label=name)
        for i in sorted({0, len(points) // 2, len(points) - 1}):
            ax.annotate(f"{thresholds[i]:g}", (alarms[i], found[i]), (4, -9), textcoords="offset points", fontsize=8)
    ax.set(xlabel="false alarms per hour", ylabel="events found", ylim=(None, 1.02))
    ax.set_xscale("symlog", linthresh=1)
    most = max(alarms for points in curves.values() for alarms, _, _ in points)
    ax.set_xlim(0, max(10.0, 1.5 * most))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(frameon=False, loc="lower right")
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


def reliability_diagram(bins: Sequence[tuple[int, float, float]], *, ax: Axes | None = None) -> Axes:
    """Draw how often answers are right by how sure they are; on the diagonal they are what they say.

    Parameters
    ----------
    bins
        Number of answers, their mean probability and the part of them that is right.
    """
    ax = tidy(own_axes(width=4.6, height=4.2) if ax is None else ax)
    counts, sure, right = (np.asarray(column, dtype=np.float64) for column in zip(*bins, strict=True))
    ax.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="right as often as sure")
    ax.plot(sure, right, color=TRAIN, linewidth=1)
    ax.scatter(sure, right, s=20 + 200 * counts / counts.max(), color=TRAIN, label="answers (area: how many)", zorder=3)
    ax.set(xlabel="probability of the answer", ylabel="right", xlim=(0, 1.04), ylim=(-0.02, 1.06))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(frameon=False, loc="upper left", fontsize=9)
    return ax


def examples_curve(
    curves: Mapping[str, Sequence[tuple[int, float, tuple[float, float]]]], *, ax: Axes | None = None
) -> Axes:
    """Draw how accuracy grows with the number of examples.

    Parameters
    ----------
    curves
        By name: examples a class, accuracy and its interval, of each point.
    """
    ax = tidy(own_axes(width=7.0, height=4.2) if ax is None else ax)
    for (name, points), colour in zip(curves.items(), (TRAIN, VALID, BAD, INK), strict=False):
        counts, means, intervals = zip(*points, strict=True)
        low, high = np.abs(np.asarray(intervals) - np.asarray(means)[:, np.newaxis]).T
        ax.errorbar(counts, means, yerr=[low, high], color=colour, marker="o", markersize=4, capsize=3, label=name)
    every = sorted({count for points in curves.values() for count, _, _ in points})
    ax.set_xscale("log")
    ax.set_xticks(every, [str(count) for count in every])
    ax.minorticks_off()
    ax.set(xlabel="examples of each class", ylabel="test recordings right")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(frameon=False, loc="lower right")
    return ax


def accuracy_bars(
    bars: Mapping[str, Sequence[tuple[str, float, float]]], *, chances: Mapping[str, float], columns: int = 2
) -> Axes:
    """Draw accuracies side by side, a small picture for each title; return the first one's axes.

    Parameters
    ----------
    bars
        For each title, a label, an accuracy and its standard deviation for each bar.
    chances
        For each title, the accuracy of guessing.
    """
    columns = min(columns, len(bars))
    rows = -(-len(bars) // columns)
    figure = Figure(figsize=(4.8 * columns, 2.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for ax, (title, of) in zip(grid.flat, bars.items(), strict=False):
        tidy(ax)
        labels, means, spreads = zip(*of, strict=True)
        ax.bar(range(len(of)), means, yerr=spreads, color=TRAIN, ecolor=INK, capsize=3, width=0.7)
        ax.axhline(chances[title], color=BAD, linewidth=1)
        ax.set_xticks(range(len(of)), labels, fontsize=8)
        ax.set(title=title, ylim=(0, 1.05))
        ax.title.set_fontsize(10)
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    first: Axes = grid.flat[0]
    return first


def search_curve(trials: Sequence[tuple[float, bool]], *, ax: Axes | None = None) -> Axes:
    """Draw the loss of every trial of a search, and the lowest of the finished ones so far.

    Parameters
    ----------
    trials
        Validation loss, and whether the trial was stopped early, in the order of the search.
    """
    ax = tidy(own_axes() if ax is None else ax)
    for wanted, color, label in ((False, TRAIN, "finished"), (True, GRID, "stopped early")):
        some = [(i, loss) for i, (loss, stopped) in enumerate(trials, 1) if stopped is wanted]
        if some:
            ax.scatter(*zip(*some, strict=True), color=color, label=label, zorder=2)
    finished = [np.inf if stopped else loss for loss, stopped in trials]
    lowest = np.minimum.accumulate(finished)
    ax.step(np.arange(1, len(trials) + 1), lowest, where="post", color=VALID, label="lowest so far")
    ax.set(xlabel="trial", ylabel="validation loss")
    top = np.array([loss for loss, _ in trials])
    ax.set_ylim(0, min(float(top.max()), 3 * float(np.median(top))) * 1.05)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)
    return ax
