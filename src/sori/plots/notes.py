"""Piano rolls: notes over time and keys, and an estimate against the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from sori.music import Note
from sori.plots.figure import BAD, GRID, INK, TRAIN, VALID, tidy
from sori.units import note_name

_SOFT_TO_HARD = LinearSegmentedColormap.from_list("touch", ["#b9d2ec", TRAIN, "#143b63"])
# A row of a long roll, and how much room it takes.
_ROW_S, _SECONDS_PER_INCH, _INCHES_PER_KEY = 20.0, 1.7, 0.045
_BESIDE_KEYBOARD = 14  # points between an axis and its labels, where the keyboard is
_BLACK = (1, 3, 6, 8, 10)


def piano_roll(notes: Sequence[Note], *, duration_s: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw notes as bars over time, low keys below; the darker, the harder they are struck. Long rolls have rows.

    Parameters
    ----------
    duration_s
        Where the picture ends; None: with the last note.
    """
    colours = [_SOFT_TO_HARD(note.velocity / 127) for note in notes]
    return _bars(notes, colours, duration_s, ax)


def roll_comparison(
    truth: Sequence[Note],
    estimate: Sequence[Note],
    *,
    matched: Sequence[tuple[int, int]],
    duration_s: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an estimate against the truth: notes hit, missed, and extra.

    Parameters
    ----------
    matched
        Pairs of indices into ``truth`` and ``estimate`` that are one note.
    """
    hit_truth, hit_estimate = {i for i, _ in matched}, {j for _, j in matched}
    hit = [truth[i] for i in sorted(hit_truth)]
    missed = [note for i, note in enumerate(truth) if i not in hit_truth]
    extra = [note for j, note in enumerate(estimate) if j not in hit_estimate]
    notes = [*hit, *missed, *extra]
    colours = [to_rgba(c) for c, of in ((TRAIN, hit), (VALID, missed), (BAD, extra)) for _ in of]
    ax = _bars(notes, colours, duration_s, ax)
    for colour, name, of in ((TRAIN, "hit", hit), (VALID, "missed", missed), (BAD, "extra", extra)):
        ax.plot([], [], color=colour, linewidth=5, label=f"{name}: {len(of)}")
    ax.legend(frameon=False, loc="upper right", ncols=3, bbox_to_anchor=(1, 1.14))
    return ax


def _bars(
    notes: Sequence[Note],
    colours: Sequence[tuple[float, float, float, float]],
    duration_s: float | None,
    ax: Axes | None,
) -> Axes:
    """Draw notes as bars into ``ax``, or in rows of 20 s of a new figure; return the first row."""
    end_s = max([note.offset_s for note in notes], default=1.0) if duration_s is None else duration_s
    pitches = [note.pitch for note in notes] or [60]
    low, high = max(0, min(pitches) - 2), min(127, max(pitches) + 2)
    if ax is not None:
        _row(ax, notes, colours, (0.0, end_s), (low, high))
        ax.set_xlabel("time in seconds")
        return ax
    count = max(1, int(np.ceil(end_s / _ROW_S - 1e-9)))
    length_s = end_s if count == 1 else _ROW_S
    width = float(np.clip(length_s / _SECONDS_PER_INCH, 6, 12))
    height = float(np.clip((high - low) * _INCHES_PER_KEY, 1.5, 5))
    figure = Figure(figsize=(width, height * count + 0.5), layout="constrained")
    rows: list[Axes] = list(figure.subplots(count, squeeze=False)[:, 0])
    for i, row in enumerate(rows):
        _row(row, notes, colours, (i * length_s, (i + 1) * length_s), (low, high))
    rows[-1].set_xlabel("time in seconds")
    return rows[0]


def _row(
    ax: Axes,
    notes: Sequence[Note],
    colours: Sequence[tuple[float, float, float, float]],
    span_s: tuple[float, float],
    keys: tuple[int, int],
) -> None:
    """Draw the notes of a stretch, over stripes for the black keys, with a line every second and a keyboard beside."""
    tidy(ax)
    (begin_s, end_s), (low, high) = span_s, keys
    inside = [i for i, note in enumerate(notes) if note.offset_s > begin_s and note.onset_s < end_s]
    corners: list[npt.NDArray[np.float64]] = [
        np.array([(x, notes[i].pitch + y) for x, y in zip((on, off, off, on), (-0.4, -0.4, 0.4, 0.4), strict=True)])
        for i in inside
        for on, off in [(notes[i].onset_s, notes[i].offset_s)]
    ]
    ax.add_collection(PolyCollection(corners, facecolors=[colours[i] for i in inside], edgecolors="none", zorder=3))
    octaves = [pitch for pitch in range(0, 128, 12) if low <= pitch <= high]
    ax.set(xlim=span_s, ylim=(low - 0.5, high + 0.5), yticks=octaves)
    ax.set_yticklabels([note_name(pitch) for pitch in octaves])
    ax.xaxis.set_major_locator(MultipleLocator(5 if end_s - begin_s > _ROW_S / 2 else 1))
    ax.xaxis.set_minor_locator(MultipleLocator(1))
    ax.grid(axis="x", which="minor", color=GRID, linewidth=0.4)
    ax.grid(axis="y", visible=False)
    keyboard = ax.inset_axes((-0.018, 0, 0.018, 1))
    for pitch in range(low, high + 1):
        is_black = pitch % 12 in _BLACK
        if is_black:
            ax.axhspan(pitch - 0.5, pitch + 0.5, color=GRID, alpha=0.35, linewidth=0, zorder=0)
        keyboard.barh(pitch, 1, height=0.9, color=INK if is_black else "white", edgecolor=GRID, linewidth=0.4)
    keyboard.set(xlim=(0, 1), ylim=ax.get_ylim(), xticks=[], yticks=[])
    keyboard.spines[:].set_visible(False)
    ax.tick_params(axis="y", pad=_BESIDE_KEYBOARD)
